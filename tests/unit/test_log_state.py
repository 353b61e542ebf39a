"""The log's state machine: every kind of entry in every phase, who signs it, and what it changes."""

from __future__ import annotations

from typing import Any, cast

import pytest

from secretballot.ballot.records import Ballot
from secretballot.board import LogState
from secretballot.board.board import Board
from secretballot.board.entry import Entry
from secretballot.board.keys import BoardKeys
from secretballot.board.records import PHASES, Phase, PhaseChange
from secretballot.ceremony import CeremonyComplaint
from secretballot.crypto.encoding import b64decode, b64encode
from secretballot.crypto.merkle import Frontier, leaf_hash
from secretballot.crypto.signing import SigningKey
from secretballot.errors import (
    ArgumentError,
    BallotError,
    BoardError,
    EncodingError,
    InvalidProofError,
    InvalidSignatureError,
    ManifestError,
    NoteError,
    PhaseError,
    SecretBallotError,
    TallyError,
)
from secretballot.records import Record, parse_entry, sign_body, sign_record
from secretballot.tally import ElectionLog

from ..support import elections

#: The phase in which each kind is taken.
PLACE: dict[str, Phase] = {
    "ceremony-commitment": "setup",
    "ceremony-message": "setup",
    "ceremony-confirmation": "setup",
    "ceremony-complaint": "setup",
    "issuance": "issuance",
    "ballot": "voting",
    "challenged-ballot": "voting",
    "seal": "tally",
    "decryption-share": "tally",
    "result": "tally",
}


def start_of(finished: elections.Finished, phase: Phase) -> int:
    """How many entries a log has when it is in that phase for the first time."""
    log = ElectionLog()
    for count, raw in enumerate(finished.entries):
        if count and log.phase == phase:
            return count
        log.apply(log.read(raw))
    assert log.phase == phase == "closed"
    return len(finished.entries)


def sample(finished: elections.Finished, kind: str) -> bytes:
    """An entry of a kind that the finished log could have had."""
    if kind == "ceremony-complaint":
        record = CeremonyComplaint(
            election=finished.simulation.election.id,
            trustee="trustee-1",
            accused="trustee-2",
            reason="a bad share",
        )
        return sign_record(record, finished.simulation.trustees[0]._signing)
    return finished.entries[finished.places(kind)[0]]


def rules(log: LogState, raw: bytes) -> dict[str, SecretBallotError | None]:
    """What each check of an entry raises."""
    out: dict[str, SecretBallotError | None] = {}
    for rule, check in log.checks(log.read(raw)):
        try:
            check()
            out[rule] = None
        except SecretBallotError as error:
            out[rule] = error
    return out


def error_of(finished: elections.Finished, count: int, raw: bytes) -> dict[str, SecretBallotError]:
    """The checks that fail for an entry after the first ``count`` of the finished log."""
    return {rule: e for rule, e in rules(elections.replay(finished.entries[:count]), raw).items() if e}


def test_the_table_is_whole() -> None:
    assert {kind: phase for kind, (_, phase) in ElectionLog.records.items()} == {
        **PLACE,
        **{"mix-round": "tally", "line-share": "tally"},  # See mixing/
    }
    assert set(ElectionLog.records) - set(LogState.records) == {
        *("seal", "decryption-share", "mix-round", "line-share", "result")
    }


# Phases.


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("kind", PLACE)
def test_every_kind_is_refused_in_every_other_phase(
    finished: elections.Finished, kind: str, phase: Phase
) -> None:
    before = finished.entries[: start_of(finished, phase)]
    raw = sample(finished, kind)
    failed = error_of(finished, len(before), raw)
    if phase == PLACE[kind]:
        assert "L3" not in failed
        return
    assert isinstance(failed["L3"], PhaseError)
    assert failed["L3"].item == f"entry {len(before)}"
    if raw in before:
        return  # The board gives its receipt again.
    board = Board(elections.store_of(before), finished.simulation.board_keys, ElectionLog())
    article = "an" if kind == "issuance" else "a"
    with pytest.raises(PhaseError, match=f"entry \\d+: {article} {kind} is not taken in the phase {phase}"):
        board.submit(raw)
    assert board.state.size == len(before)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("into", ["issuance", "voting", "tally"])
def test_phases_follow_one_another(finished: elections.Finished, phase: Phase, into: str) -> None:
    count = start_of(finished, phase)
    entry = finished.simulation.authority.enter(finished.simulation.election, into)  # type: ignore[arg-type]
    failed = error_of(finished, count, entry)
    if PHASES.index(cast(Phase, into)) == PHASES.index(phase) + 1:
        assert "L3" not in failed
    else:
        assert isinstance(failed["L3"], PhaseError)
        assert f"the phase {into} cannot follow {phase}" in str(failed["L3"])


def test_a_phase_that_the_authority_cannot_open(finished: elections.Finished) -> None:
    key = finished.simulation.authority._key
    entry = finished.simulation.authority.enter(finished.simulation.election, "voting")
    for phase in ("setup", "closed", "Voting", ""):
        changed = elections.rewrite(entry, key, lambda body, phase=phase: body.update(phase=phase))
        with pytest.raises(EncodingError, match="phase"):
            elections.replay(finished.entries[:1]).read(changed)


def test_the_finished_log_goes_through_every_phase(finished: elections.Finished) -> None:
    log = ElectionLog()
    phases = []
    for raw in finished.entries:
        entry = log.read(raw)
        assert all(error is None for error in rules(log, raw).values())
        log.apply(entry)
        if log.phase not in phases:
            phases.append(log.phase)
    assert phases == list(PHASES)


# Signers.


@pytest.mark.parametrize("kind", ["manifest", "phase", *PLACE])
def test_every_entry_is_signed_by_whom_it_must_be(finished: elections.Finished, kind: str) -> None:
    raw = sample(finished, kind)
    count = finished.entries.index(raw) if raw in finished.entries else 1
    rule = "M2" if kind == "manifest" else "L4"
    body = parse_entry(raw).body
    assert rule not in error_of(finished, count, raw)
    simulation = finished.simulation
    for key in (
        SigningKey.generate(),
        simulation.board_keys._key,
        simulation.trustees[1]._signing,
        simulation.holders[4].signing_key,
    ):
        assert isinstance(error_of(finished, count, sign_body(body, key))[rule], InvalidSignatureError)


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("ceremony-commitment", "trustee"),
        ("ceremony-message", "trustee"),
        ("ceremony-confirmation", "trustee"),
        ("ceremony-complaint", "trustee"),
        ("issuance", "registrar"),
        ("decryption-share", "trustee"),
    ],
)
def test_parties_that_are_not_in_the_manifest(finished: elections.Finished, kind: str, member: str) -> None:
    """Their signer is not known; no other check breaks down, and taking the entry in changes no party's state."""
    raw = sample(finished, kind)
    count = finished.entries.index(raw) if raw in finished.entries else 4
    stranger = elections.rewrite(raw, SigningKey.generate(), lambda body: body.update({member: "stranger"}))
    failed = error_of(finished, count, stranger)
    assert isinstance(failed["L4"], ManifestError)
    assert "there is no" in str(failed["L4"])
    log = elections.replay(finished.entries[:count])
    log.apply(log.read(stranger))
    assert log.size == count + 1
    assert log.shares == elections.replay(finished.entries[:count]).shares


def test_every_entry_is_of_this_election(finished: elections.Finished) -> None:
    def other(body: dict[str, object]) -> None:
        body["election"] = "A" * 43

    for kind in ("phase", *PLACE):
        raw = sample(finished, kind)
        count = finished.entries.index(raw) if raw in finished.entries else 4
        changed = elections.rewrite(raw, SigningKey.generate(), other)
        error = error_of(finished, count, changed)["L2"]
        assert str(error) == f"entry {count}: the entry is another election's"


# Reading.


def test_what_stands_where(finished: elections.Finished) -> None:
    log = ElectionLog()
    with pytest.raises(PhaseError, match="the log has no manifest yet"):
        _ = log.election
    with pytest.raises(PhaseError, match="the log has no manifest yet"):
        _ = log.context
    with pytest.raises(PhaseError, match="voting is not closed"):
        _ = log.tally
    with pytest.raises(ManifestError, match="entry 0: the log begins with a phase"):
        log.read(finished.entries[finished.places("phase")[0]])
    with pytest.raises(EncodingError, match="entry 0: not a signed entry"):
        log.read(b"")
    log.apply(log.read(finished.entries[0]))
    with pytest.raises(EncodingError, match="entry 1: this log has an election's manifest already"):
        log.read(finished.entries[0])
    unknown = sign_body(b'{"record":"secretballot/1/unknown"}', SigningKey.generate())
    with pytest.raises(EncodingError, match="entry 1: an unknown has no place here"):
        log.read(unknown)
    # Without the tally's state the board of an election in setup knows no shares.
    early = LogState()
    early.apply(early.read(finished.entries[0]))
    with pytest.raises(EncodingError, match="a decryption-share has no place here"):
        early.read(sample(finished, "decryption-share"))


def test_a_record_that_nobody_signs(finished: elections.Finished) -> None:
    log = elections.replay(finished.entries[:1])
    good = log.read(finished.entries[1])
    odd = Entry(1, good.raw, good.signed, Record())
    with pytest.raises(BoardError, match="nobody signs"):
        log.signer(odd)
    assert log._own_checks(odd) == []
    assert log.proofs(odd) == []
    assert log.unique_keys(odd) == [leaf_hash(good.raw)]
    with pytest.raises(BallotError, match="entry 1: not a ballot"):
        log.examiner.elements(odd)
    log.apply(odd)
    assert log.size == 2


# Following.


def test_whoever_follows_has_the_boards_state(finished: elections.Finished) -> None:
    log = ElectionLog()
    for raw in finished.entries:
        log.follow(raw)
    log.check_checkpoint(elections.checkpoint(finished.simulation, finished.entries))
    assert log.election == finished.simulation.election
    assert log.result == finished.simulation.log.result
    assert log.frontier.root() == finished.simulation.log.frontier.root()


def test_whoever_follows_takes_nothing_unchecked(finished: elections.Finished) -> None:
    """Each kind of check: of form, signature, order, and proof. The log is as before."""
    ballot = finished.places("ballot")[0]
    raw = finished.entries[ballot]
    record = elections.record_of(finished.entries, ballot)
    assert isinstance(record, Ballot)
    proof = bytearray(record.contests[0].proof)
    proof[-32] ^= 1
    contests = (record.contests[0].model_copy(update={"proof": bytes(proof)}), *record.contests[1:])
    forged = record.model_copy(update={"contests": contests})
    keys = {h.signing_key.verify_key.data: h.signing_key for h in finished.simulation.holders}
    log = elections.replay(finished.entries[:ballot])
    root = log.frontier.root()
    wrong: list[tuple[Any, type[Exception]]] = [
        (raw[:-1], EncodingError),
        (raw[:-8] + b"AAAAA" + raw[-3:], InvalidSignatureError),
        (finished.entries[0], EncodingError),
        (finished.entries[finished.places("result")[0]], PhaseError),
        (sign_record(forged, keys[record.credential.key]), InvalidProofError),
        (raw.decode(), ArgumentError),
    ]
    for entry, error in wrong:
        with pytest.raises(error):
            log.follow(entry)
        assert (log.size, log.frontier.root()) == (ballot, root)
    log.follow(raw)
    with pytest.raises(ArgumentError, match="an entry that was read"):
        log.apply(raw)  # type: ignore[arg-type]


def test_a_checkpoint_of_another_log(finished: elections.Finished) -> None:
    simulation, entries = finished.simulation, finished.entries
    log = elections.replay(entries[:9])
    log.check_checkpoint(simulation.board_keys.sign(9, log.frontier.root()))
    with pytest.raises(BoardError, match="over 8 entries, there are 9"):
        log.check_checkpoint(elections.checkpoint(simulation, entries[:8]))
    with pytest.raises(BoardError, match="another Merkle root"):
        log.check_checkpoint(simulation.board_keys.sign(9, bytes(32)))
    stranger = BoardKeys(simulation.board_keys.origin, SigningKey.generate())
    with pytest.raises(NoteError):
        log.check_checkpoint(stranger.sign(9, log.frontier.root()))


# Applying.


def test_the_frontier_is_over_the_exact_bytes(finished: elections.Finished) -> None:
    log = elections.replay(finished.entries)
    plain = Frontier()
    for raw in finished.entries:
        plain.append(leaf_hash(raw))
    assert (log.size, log.frontier.root()) == (len(finished.entries), plain.root())
    log.skip(b"not an entry")
    plain.append(leaf_hash(b"not an entry"))
    assert log.frontier.root() == plain.root()


def test_the_state_after_each_step(finished: elections.Finished) -> None:
    log = elections.replay(finished.entries)
    simulation = finished.simulation
    assert set(log.commitments) == set(log.messages) == set(log.confirmations)
    assert log.issued == {"registrar-1": 5}
    assert len(log.requests) == 5
    assert len(log.cast) == 5
    assert len(log.challenged) == 2
    assert len(log.credentials) == 4
    assert sorted(log.cast.values()) == finished.places("ballot")
    assert sorted(log.challenged.values()) == finished.places("challenged-ballot")
    assert sorted(log.shares) == [1, 3]
    assert log.running is not None
    assert log.running.replaced == finished.places("ballot")[:1]
    assert log.result == simulation.log.result == log.compute_result()


def test_the_tallys_root_is_the_logs_when_voting_closed(finished: elections.Finished) -> None:
    close = finished.places("phase")[-1] + 1
    assert (
        elections.replay(finished.entries).tally.root
        == elections.replay(finished.entries[:close]).frontier.root()
    )


def test_what_was_taken_in_first_stays(finished: elections.Finished) -> None:
    """The verifier takes in entries that a board would have refused: no later one replaces an earlier one."""
    log = elections.replay(finished.entries)
    before = (dict(log.commitments), dict(log.messages), dict(log.confirmations), dict(log.cast))
    key, result, tally = log.group_public, log.result, log.tally
    shares = dict(log.shares)
    for raw in finished.entries[1:]:
        log.apply(log.read(raw))
    assert (dict(log.commitments), dict(log.messages), dict(log.confirmations), dict(log.cast)) == before
    assert (log.group_public, log.result, log.tally, log.shares) == (key, result, tally, shares)
    assert log.size == 2 * len(finished.entries) - 1


def test_a_log_whose_key_cannot_be_made(finished: elections.Finished) -> None:
    """The third message is missing in the log, or malformed: no key, and everything that needs one says so."""
    last = finished.places("ceremony-message")[-1]
    garbled = elections.rewrite(
        finished.entries[last],
        finished.simulation.trustees[2]._signing,
        lambda body: body.update(message=b64encode(b64decode(body["message"])[:-1])),
    )
    for between, reason in (
        ([], "PhaseError: the message of trustee trustee-3 is still awaited"),
        ([garbled], "CeremonyError: the trustees' messages give no key"),
    ):
        entries = [*finished.entries[:last], *between, *finished.entries[last + 1 :]]
        log = ElectionLog()
        found: dict[str, str] = {}
        for raw in entries:
            for rule, error in rules(log, raw).items():
                if error is not None:
                    found.setdefault(rule, f"{type(error).__name__}: {error.message}")
            log.apply(log.read(raw))
        assert log.group_public is None
        assert found["K3"] == found["K4"] == reason
        assert found["B1"] == found["H1"] == "PhaseError: there is no election key"
        assert found["T1"] == "TallyError: there is no election key"
        assert log.shares == {}


def test_a_ballot_that_cannot_be_added_is_left_out(finished: elections.Finished) -> None:
    place = finished.places("ballot")[2]

    def cut(body: dict[str, Any]) -> None:
        contest = body["contests"][0]
        contest["ciphertexts"] = b64encode(b64decode(contest["ciphertexts"])[:-1])

    bad = elections.rewrite(finished.entries[place], finished.simulation.holders[2].signing_key, cut)
    log = elections.replay(finished.entries[:place])
    assert log.running is not None
    before = log.running.ballots
    failed = error_of(finished, place, bad)
    assert {rule: type(error) for rule, error in failed.items()} == {"B1": BallotError}
    log.apply(log.read(bad))
    assert log.running.ballots == before


def swapped(shares: str) -> str:
    """The first two shares, each in the other's place."""
    data = b64decode(shares)
    return b64encode(data[32:64] + data[:32] + data[64:])


def test_a_share_without_its_proof_decrypts_nothing(finished: elections.Finished) -> None:
    place = finished.places("decryption-share")[0]
    bad = elections.rewrite(
        finished.entries[place],
        finished.simulation.trustees[0]._signing,
        lambda body: body.update(shares=swapped(body["shares"])),
    )
    log = elections.replay(finished.entries[:place])
    log.apply(log.read(bad))
    assert log.shares == {}
    with pytest.raises(TallyError, match="2 decryption shares are needed, there are 0"):
        log.compute_result()


def test_ceremony_and_register_are_checked_in_order(finished: elections.Finished) -> None:
    """Each entry where the one before it is missing."""
    messages = finished.places("ceremony-message")
    skipped = [finished.entries[0], *finished.entries[2:4]]
    log = elections.replay(skipped)
    found = rules(log, finished.entries[messages[0]])
    assert isinstance(found["K2"], PhaseError)
    assert found["K2"].message == "the commitment of trustee trustee-1 is still awaited"
    second = finished.places("issuance")[1]
    log = elections.replay(finished.entries[: second - 1])
    found = rules(log, finished.entries[second])
    assert isinstance(found["C1"], PhaseError)


def test_phase_changes_are_records_of_their_own(finished: elections.Finished) -> None:
    entry = finished.entries[finished.places("phase")[1]]
    change = PhaseChange.from_body(parse_entry(entry).body)
    assert change.phase == "voting"
    assert "phase" not in ElectionLog.records
