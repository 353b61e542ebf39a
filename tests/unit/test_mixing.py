"""Rounds of mixing and shares of mixed lines: what a log takes, whose fault the rest is, and what a verifier says."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from secretballot.board.attachments import HeldAttachments, Posting
from secretballot.board.board import Board
from secretballot.board.records import Seal
from secretballot.crypto import shuffling
from secretballot.crypto.elgamal import EncryptionKey
from secretballot.crypto.group import ristretto255
from secretballot.errors import (
    BoardError,
    DuplicateError,
    EncodingError,
    ManifestError,
    PhaseError,
    SecretBallotError,
    StoreError,
    TallyError,
)
from secretballot.records import parse_entry, sign_record
from secretballot.tally import ElectionLog, MixRound
from secretballot.tally.mixer import Mixer, MixerKeys
from secretballot.tally.mixing import Mixing
from secretballot.tally.records import BatchFile, LineShare, Result, digest_file
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation
from secretballot.verify import Report, Status, Verdict

from ..support import elections

CONTESTS = (
    elections.rating(rules=elections.RULES).model_copy(update={"tally": "both"}),
    elections.choice().model_copy(update={"tally": "mixnet"}),
    elections.approval(),
)
BALLOTS: list[dict[str, Any]] = [
    {"officials": {"an": "high", "binh": "low"}, "chair": "chi", "committee": ["giang"]},
    {"officials": {"an": "low", "binh": None}, "chair": None, "committee": []},
    {"officials": {"an": "low", "binh": "confidence"}, "chair": "em", "committee": ["giang", "khoa"]},
]
#: The rules of mixing; the faults below break each.
RULES = ("X1", "X2", "X3", "T5")


def closed(**rest: Any) -> Simulation:
    """An election whose voting is over; of three mixers two are to mix. One voter has voted twice."""
    simulation = elections.voting(CONTESTS, 3, mixers=3, mixing_rounds=2, **rest)
    simulation.vote(BALLOTS[::-1])
    simulation.board.submit(simulation.seal(0, BALLOTS[0]).cast())
    simulation.board.submit(simulation.seal(1, BALLOTS[1]).cast())
    simulation.board.submit(simulation.seal(2, BALLOTS[2]).cast())
    simulation.close_voting()
    return simulation


@pytest.fixture(scope="module")
def voted() -> Simulation:
    return closed()


@pytest.fixture
def simulation(voted: Simulation) -> Simulation:
    """Another board's log of the same election, which a test may go on with."""
    entries = list(voted.store.entries())
    copy = object.__new__(Simulation)
    vars(copy).update(vars(voted))
    copy.store = elections.store_of(entries)
    copy.log = ElectionLog()
    copy.board = Board(copy.store, copy.board_keys, copy.log)
    return copy


def mixers(simulation: Simulation) -> list[Mixer]:
    return [keys.join(simulation.election) for keys in simulation.mixer_keys]


def trustees(simulation: Simulation) -> list[DecryptingTrustee]:
    return [DecryptingTrustee(holder) for holder in simulation.key_holders]


def finish(simulation: Simulation, absent: Sequence[int] = ()) -> Result:
    simulation.mix()
    for place, trustee in enumerate(trustees(simulation)):
        if place not in absent:
            simulation.board.submit(trustee.decrypt(simulation.log.tally))
            simulation.send(trustee.decrypt_lines(simulation.log.mixing))
    result = simulation.log.compute_result()
    simulation.board.submit(simulation.authority.publish(result))
    return result


def refused(simulation: Simulation, message: Posting) -> SecretBallotError:
    """What the board says to it; its log is as before."""
    before = simulation.log.size
    with pytest.raises(SecretBallotError) as caught:
        simulation.send(message)
    assert simulation.log.size == before
    return caught.value


def resigned(mixed: Posting, keys: MixerKeys, **changes: Any) -> Posting:
    """A round with something changed, signed by a mixer."""
    record = MixRound.from_body(parse_entry(mixed.entry).body).model_copy(update=changes)
    return Posting(mixed.attachments, sign_record(record, keys._signing))


def with_attachments(mixed: Posting, keys: MixerKeys, attachments: Sequence[bytes]) -> Posting:
    """A round over other attachments."""
    record = MixRound.from_body(parse_entry(mixed.entry).body)
    files = tuple(
        digest_file(file.contest, file.line, data)
        for file, data in zip(record.batches, attachments, strict=True)
    )
    return Posting(
        tuple(attachments), sign_record(record.model_copy(update={"batches": files}), keys._signing)
    )


# What goes well.


def test_mixed_and_added_up_give_the_votes(simulation: Simulation) -> None:
    result = finish(simulation, absent=[1])
    assert elections.counts_of(result) == elections.plain_count(CONTESTS, BALLOTS)
    assert [file.line for file in simulation.log.mixing.rounds[0].batches] == ["an", "binh", "chair"]
    assert [one.mixer for one in simulation.log.mixing.rounds] == ["mixer-1", "mixer-2"]


def test_any_two_mixers_and_trustees(simulation: Simulation) -> None:
    for place in (2, 0):
        simulation.send(mixers(simulation)[place].mix(simulation.log.mixing))
    assert simulation.log.mixing.is_complete
    for place in (2, 1):
        trustee = trustees(simulation)[place]
        simulation.board.submit(trustee.decrypt(simulation.log.tally))
        simulation.send(trustee.decrypt_lines(simulation.log.mixing))
    assert elections.counts_of(simulation.log.compute_result()) == elections.plain_count(CONTESTS, BALLOTS)


def test_nothing_is_lost_when_a_mixer_is_replaced(simulation: Simulation) -> None:
    """The second cheats and is named; the third mixes what the first has mixed."""
    first, second, third = mixers(simulation)
    simulation.send(first.mix(simulation.log.mixing))
    rows = [bytes(simulation.log.mixing.rows(place)) for place in range(3)]
    bad = second.mix(simulation.log.mixing)
    data = bytearray(bad.attachments[1])
    data[-1] ^= 1
    wrong = with_attachments(
        bad, simulation.mixer_keys[1], [bad.attachments[0], bytes(data), bad.attachments[2]]
    )
    error = refused(simulation, wrong)
    assert isinstance(error, TallyError)
    assert error.culprit == "mixer mixer-2"
    assert "contest officials, line binh: the shuffle is refused" in error.message
    assert [bytes(simulation.log.mixing.rows(place)) for place in range(3)] == rows
    simulation.send(third.mix(simulation.log.mixing))
    assert simulation.log.mixing.is_complete
    assert elections.counts_of(finish(simulation)) == elections.plain_count(CONTESTS, BALLOTS)


def test_a_message_sent_twice(simulation: Simulation) -> None:
    mixer = mixers(simulation)[0]
    mixed = mixer.mix(simulation.log.mixing)
    simulation.send(mixed)
    size = simulation.log.size
    assert simulation.board.submit(mixed.entry)
    assert simulation.log.size == size


def test_a_mixer_that_is_asked_again_gives_the_same(simulation: Simulation) -> None:
    mixer = mixers(simulation)[0]
    mixing = simulation.log.mixing
    before = mixer.mix(mixing)
    assert mixer.mix(mixing) is before
    # Another one was faster: it mixes what that one made.
    simulation.send(mixers(simulation)[1].mix(mixing))
    assert isinstance(refused(simulation, Posting((), before.entry)), PhaseError)
    simulation.send(mixer.mix(mixing))
    assert [one.mixer for one in mixing.rounds] == ["mixer-2", "mixer-1"]


def test_a_board_that_is_opened_again(simulation: Simulation) -> None:
    simulation.mix()
    log = ElectionLog()
    Board(simulation.store, simulation.board_keys, log)
    assert [one.mixer for one in log.mixing.rounds] == ["mixer-1", "mixer-2"]
    assert [bytes(log.mixing.rows(place)) for place in range(3)] == [
        bytes(simulation.log.mixing.rows(place)) for place in range(3)
    ]


# What a log refuses.


def test_one_mixer_twice(simulation: Simulation) -> None:
    first = mixers(simulation)[0]
    simulation.send(first.mix(simulation.log.mixing))
    # It is never asked to by its own program, whatever a board says; not even once it was started again.
    for asked in (first, simulation.mixer_keys[0].join(simulation.election)):
        with pytest.raises(PhaseError, match="mixer mixer-1 has mixed: its round is in the log"):
            asked.mix(simulation.log.mixing)
    second = mixers(simulation)[1].mix(simulation.log.mixing)
    error = refused(simulation, resigned(second, simulation.mixer_keys[0], mixer="mixer-1"))
    assert error.culprit == "mixer mixer-1"
    assert "one mixer mixes once" in str(error)


def test_rounds_out_of_order(simulation: Simulation) -> None:
    first, second, third = mixers(simulation)
    one = first.mix(simulation.log.mixing)
    for number in (2, 3):
        error = refused(simulation, resigned(one, simulation.mixer_keys[0], round=number))
        assert isinstance(error, PhaseError)
        assert error.message == f"round 1 is mixed now, not {number}"
    largest = resigned(one, simulation.mixer_keys[0], round=2**53 - 1)
    assert isinstance(refused(simulation, largest), PhaseError)
    above = resigned(one, simulation.mixer_keys[0], round=2**53)
    assert isinstance(refused(simulation, above), EncodingError)
    late = second.mix(simulation.log.mixing)
    simulation.send(one)
    assert refused(simulation, late).message == "round 2 is mixed now, not 1"
    simulation.send(second.mix(simulation.log.mixing))
    with pytest.raises(PhaseError, match="no round is to be mixed"):
        third.mix(simulation.log.mixing)
    surplus = resigned(one, simulation.mixer_keys[2], round=3, mixer="mixer-3")
    with pytest.raises(PhaseError, match="all 2 rounds have been mixed"):
        simulation.board.submit(surplus.entry)


def test_a_proof_from_elsewhere(simulation: Simulation) -> None:
    """A round's proofs are of its election, contest, line, round and mixer."""
    first, second, _ = mixers(simulation)
    one = first.mix(simulation.log.mixing)
    stolen = resigned(one, simulation.mixer_keys[1], mixer="mixer-2")
    assert refused(simulation, stolen).culprit == "mixer mixer-2"
    an, binh, chair = one.attachments
    swapped = with_attachments(one, simulation.mixer_keys[0], [binh, an, chair])
    assert "line an: the shuffle is refused" in refused(simulation, swapped).message
    simulation.send(one)
    replayed = resigned(one, simulation.mixer_keys[1], mixer="mixer-2", round=2)
    assert isinstance(refused(simulation, replayed), PhaseError)
    moved = resigned(replayed, simulation.mixer_keys[1], basis=simulation.log.mixing.basis)
    assert refused(simulation, moved).culprit == "mixer mixer-2"
    assert second.mix(simulation.log.mixing)


def test_lines_that_are_dropped_doubled_or_replaced(simulation: Simulation) -> None:
    first = mixers(simulation)[0]
    mixing = simulation.log.mixing
    one = first.mix(mixing)
    size = mixing.outputs_size(mixing.batches[2])
    rows = [one.attachments[2][at : at + 64] for at in range(0, size, 64)]
    proof = one.attachments[2][size:]
    key = EncryptionKey(ristretto255, mixing.key)
    fresh = key.encrypt(ristretto255.scalar(0), ristretto255.random_scalar()).encode(ristretto255)
    for wrong in ([rows[0], rows[0], rows[2]], [rows[1], rows[0], rows[2]], [fresh, *rows[1:]]):
        bad = with_attachments(one, simulation.mixer_keys[0], [*one.attachments[:2], b"".join(wrong) + proof])
        assert "contest chair: the shuffle is refused" in refused(simulation, bad).message
    for wrong in (rows[:2], [*rows, rows[0]]):
        bad = with_attachments(one, simulation.mixer_keys[0], [*one.attachments[:2], b"".join(wrong) + proof])
        error = refused(simulation, bad)
        assert isinstance(error, TallyError)
        with pytest.raises(TallyError, match=r"contest chair: .* bytes are expected"):
            simulation.board.submit(bad.entry)


def test_batches_that_are_not_the_elections(simulation: Simulation) -> None:
    first = mixers(simulation)[0]
    one = first.mix(simulation.log.mixing)
    files = MixRound.from_body(parse_entry(one.entry).body).batches
    for wrong in (files[:2], (*files, files[0]), (files[1], files[0], files[2])):
        error = refused(simulation, resigned(one, simulation.mixer_keys[0], batches=wrong))
        assert error.culprit == "mixer mixer-1"
        assert "the batches are not the election's, in its order" in str(error)


def test_an_attachment_that_was_never_sent(simulation: Simulation) -> None:
    one = mixers(simulation)[0].mix(simulation.log.mixing)
    with pytest.raises(BoardError, match=r"attachment .*: is missing"):
        simulation.board.submit(one.entry)
    simulation.send(one)


def test_mixers_that_are_none(simulation: Simulation) -> None:
    stranger = MixerKeys.generate("mixer-1", {"en": "Mixer 1"})
    with pytest.raises(ManifestError, match="mixer mixer-1 has another key in the manifest"):
        stranger.join(simulation.election)
    with pytest.raises(ManifestError, match="there is no mixer 'nobody'"):
        MixerKeys.generate("nobody", {"en": "Nobody"}).join(simulation.election)
    one = mixers(simulation)[0].mix(simulation.log.mixing)
    for changed in (
        resigned(one, stranger),
        resigned(one, simulation.mixer_keys[0], mixer="nobody"),
        resigned(one, simulation.mixer_keys[1]),
    ):
        assert refused(simulation, changed)


def test_the_phase(voted: Simulation) -> None:
    open_still = elections.voting(CONTESTS, 1)
    with pytest.raises(PhaseError, match="voting is not closed"):
        open_still.log.mixing  # noqa: B018 - it is what is asked for
    sent = mixers(voted)[0].mix(voted.log.mixing)
    early = resigned(sent, open_still.mixer_keys[0], election=open_still.election.id)
    with pytest.raises(PhaseError, match="a mix-round is not taken in the phase voting"):
        open_still.board.attach(early.entry, early.attachments[0])
    with pytest.raises(TallyError, match="another election's"):
        mixers(open_still)[0].mix(voted.log.mixing)
    with pytest.raises(TallyError, match="another election's"):
        trustees(open_still)[0].decrypt_lines(voted.log.mixing)


# Shares of lines.


def test_it_is_not_decrypted_before_all_have_mixed(simulation: Simulation) -> None:
    trustee = trustees(simulation)[0]
    with pytest.raises(PhaseError, match="0 of 2 rounds have been mixed: it is too early"):
        trustee.decrypt_lines(simulation.log.mixing)
    simulation.send(mixers(simulation)[0].mix(simulation.log.mixing))
    with pytest.raises(PhaseError, match="1 of 2 rounds have been mixed: it is too early"):
        trustee.decrypt_lines(simulation.log.mixing)
    # And where a trustee does: the board does not take it.
    mixing = simulation.log.mixing
    files = mixing.rounds[0].batches
    share = LineShare(election=simulation.election.id, trustee="trustee-1", basis=mixing.basis, batches=files)
    with pytest.raises(PhaseError, match="1 of 2 rounds have been mixed: it is too early to decrypt"):
        simulation.board.submit(sign_record(share, simulation.key_holders[0].signing))


def test_a_trustee_decrypts_one_mixing(simulation: Simulation, voted: Simulation) -> None:
    trustee = trustees(simulation)[0]
    simulation.mix()
    first = trustee.decrypt_lines(simulation.log.mixing)
    assert trustee.decrypt_lines(simulation.log.mixing).entry != first.entry  # Proven anew.
    other = Board(elections.store_of(list(voted.store.entries())), voted.board_keys, ElectionLog())
    log = other.state
    assert isinstance(log, ElectionLog)
    for keys in simulation.mixer_keys[1:]:
        mixed = keys.join(simulation.election).mix(log.mixing)
        for data in mixed.attachments:
            other.attach(mixed.entry, data)
        other.submit(mixed.entry)
    with pytest.raises(TallyError, match="other ballots were decrypted before"):
        trustee.decrypt_lines(log.mixing)


def test_a_trustee_decrypts_the_lines_of_the_ballots_that_it_added_up() -> None:
    """Shown a log without the last ballot for the lines, it would tell that voter's ballot by the difference."""
    simulation = elections.voting(CONTESTS, 3, minimum_group=2)
    simulation.vote(BALLOTS)
    entries = list(simulation.store.entries())
    logs = []
    for shown in (entries, entries[:-1]):
        board = Board(elections.store_of(shown), simulation.board_keys, ElectionLog())
        board.submit(simulation.authority.enter(simulation.election, "tally"))
        log = board.state
        assert isinstance(log, ElectionLog)
        # The authority is in it too: by itself the board gets no second seal.
        seal = Seal(election=simulation.election.id, basis=log.closing_root)
        board.submit(sign_record(seal, simulation.authority._key))
        for keys in simulation.mixer_keys:
            mixed = keys.join(simulation.election).mix(log.mixing)
            for data in mixed.attachments:
                board.attach(mixed.entry, data)
            board.submit(mixed.entry)
        logs.append(log)
    whole, less = logs
    for first, other in ((whole, less), (less, whole)):
        trustee = DecryptingTrustee(simulation.key_holders[0])
        trustee.decrypt(first.tally)
        with pytest.raises(TallyError, match="other ballots were decrypted before"):
            trustee.decrypt_lines(other.mixing)
        assert trustee.decrypt_lines(first.mixing)
        trustee = DecryptingTrustee(simulation.key_holders[0])
        trustee.decrypt_lines(first.mixing)
        with pytest.raises(TallyError, match="another tally was decrypted before"):
            trustee.decrypt(other.tally)
        assert trustee.decrypt(first.tally)


def test_a_party_that_was_shown_another_log_is_not_blamed(simulation: Simulation, voted: Simulation) -> None:
    """The board shows the second mixer, and then a trustee, another first round than it publishes."""
    entries = list(voted.store.entries())
    other = Board(elections.store_of(entries), voted.board_keys, ElectionLog())
    shown = other.state
    assert isinstance(shown, ElectionLog)
    first, second, third = mixers(simulation)
    messages = []
    for mixer in (first, second):
        messages.append(mixer.mix(shown.mixing))
        for data in messages[-1].attachments:
            other.attach(messages[-1].entry, data)
        other.submit(messages[-1].entry)
    simulation.send(third.mix(simulation.log.mixing))
    error = refused(simulation, messages[1])
    assert isinstance(error, PhaseError)
    assert error.culprit is None
    simulation.send(first.mix(simulation.log.mixing))
    error = refused(simulation, trustees(simulation)[0].decrypt_lines(shown.mixing))
    assert isinstance(error, PhaseError)
    assert error.culprit is None


def test_a_disk_that_fails_while_a_share_is_taken_in(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was in the log before is in the state after: nothing is taken in by half."""
    simulation.mix()
    share = trustees(simulation)[0].decrypt_lines(simulation.log.mixing)
    for data in share.attachments:
        simulation.board.attach(share.entry, data)
    attachment = type(simulation.store).attachment
    for reads in range(40):
        left = reads

        def failing(store: Any, digest: bytes) -> bytes | None:
            nonlocal left
            left -= 1
            if left < 0:
                raise StoreError("the disk fails")
            return attachment(store, digest)

        with monkeypatch.context() as patch:
            patch.setattr(type(simulation.store), "attachment", failing)
            try:
                simulation.board.submit(share.entry)
            except StoreError:
                continue
            break
    assert simulation.board.submit(share.entry)
    assert list(simulation.log.line_shares) == [1]
    assert simulation.log.size == simulation.store.size()
    Board(simulation.store, simulation.board_keys, ElectionLog())


def test_shares_that_are_refused(simulation: Simulation) -> None:
    simulation.mix()
    one, two, _ = (trustee.decrypt_lines(simulation.log.mixing) for trustee in trustees(simulation))
    record = LineShare.from_body(parse_entry(one.entry).body)

    def share(holder: int, attachments: Sequence[bytes], **changes: Any) -> Posting:
        files = tuple(
            digest_file(file.contest, file.line, data)
            for file, data in zip(record.batches, attachments, strict=True)
        )
        made = record.model_copy(update={"batches": files, **changes})
        return Posting(tuple(attachments), sign_record(made, simulation.key_holders[holder].signing))

    an, binh, chair = one.attachments
    changed = bytes(chair[32:64] + chair[:32] + chair[64:])
    for wrong in (
        share(0, [binh, an, chair]),
        share(0, [an, binh, changed]),
        share(0, [*two.attachments]),
        share(0, [an, binh, chair[:-32] + bytes(32)]),
        share(1, [an, binh, chair], trustee="trustee-2"),
    ):
        error = refused(simulation, wrong)
        assert isinstance(error, TallyError)
        assert error.culprit == f"trustee {record_trustee(wrong)}"
        assert "the decryption share is refused" in error.message
    simulation.send(one)
    again = trustees(simulation)[0].decrypt_lines(simulation.log.mixing)
    error = refused(simulation, again)
    assert isinstance(error, DuplicateError)
    assert error.culprit is None


def record_trustee(message: Posting) -> str:
    return LineShare.from_body(parse_entry(message.entry).body).trustee


def test_fewer_than_a_quorum(simulation: Simulation) -> None:
    simulation.mix()
    for trustee in trustees(simulation)[:2]:
        simulation.board.submit(trustee.decrypt(simulation.log.tally))
    simulation.send(trustees(simulation)[0].decrypt_lines(simulation.log.mixing))
    with pytest.raises(TallyError, match="2 shares of the mixed lines are needed, there are 1"):
        simulation.log.compute_result()


def test_a_group_that_is_too_small() -> None:
    simulation = elections.voting(CONTESTS, 1, minimum_group=2)
    simulation.vote(BALLOTS[:1])
    simulation.close_voting()
    simulation.mix()
    trustee = trustees(simulation)[0]
    with pytest.raises(TallyError, match="1 ballots are fewer than the minimum group of 2"):
        trustee.decrypt_lines(simulation.log.mixing)
    assert trustee.decrypt_lines(simulation.log.mixing, accept_small_group=True)


def test_nobody_voted() -> None:
    simulation = elections.voting(CONTESTS, 0)
    simulation.tally()
    assert simulation.log.mixing.needed == 0
    with pytest.raises(TallyError, match="there is nothing to decrypt"):
        trustees(simulation)[0].decrypt_lines(simulation.log.mixing, accept_small_group=True)
    with pytest.raises(PhaseError, match="no round is to be mixed"):
        mixers(simulation)[0].mix(simulation.log.mixing)
    report = elections.verify(simulation, list(simulation.store.entries()))
    assert report.verdict is Verdict.VERIFIED
    assert {rule: report.rule(rule).status.value for rule in RULES} == {
        **dict.fromkeys(("X1", "X2", "X3"), "not applicable"),
        "T5": "not applicable",
    }


# What a verifier says.


class Done:
    """A finished election, its entries, and its attachments to be changed."""

    def __init__(self, simulation: Simulation) -> None:
        finish(simulation)
        self.simulation = simulation
        self.entries = list(simulation.store.entries())
        self.attachments = HeldAttachments()
        for digest, size in simulation.log.attached():
            self.attachments.add(bytes(simulation.log.attachments.read(digest, size)))

    def place(self, kind: str, number: int = 0) -> int:
        return [i for i, raw in enumerate(self.entries) if parse_entry(raw).kind == kind][number]

    def verify(self, entries: Sequence[bytes]) -> Report:
        return elections.verify(self.simulation, entries, attachments=self.attachments)


@pytest.fixture(scope="module")
def done() -> Done:
    return Done(closed())


def test_a_good_record_is_verified(done: Done) -> None:
    report = done.verify(done.entries)
    assert report.verdict is Verdict.VERIFIED
    warning = "any 2 of the 3 mixers can tell whose a mixed line is, where the board lets in no others"
    assert warning in report.warnings
    checked = {rule: (report.rule(rule).status, report.rule(rule).checked) for rule in RULES}
    # Two rounds of three batches; three trustees' shares of each; two lines that are tallied twice.
    assert checked == {
        "X1": (Status.PASSED, 2),
        "X2": (Status.PASSED, 6),
        "X3": (Status.PASSED, 9),
        "T5": (Status.PASSED, 2),
    }


def test_a_record_on_disk(done: Done, tmp_path: Any) -> None:
    record = done.simulation.export(str(tmp_path / "record"))
    names = sorted(path.name for path in (tmp_path / "record" / "attachments").iterdir())
    assert names == sorted({digest.hex() for digest, _ in done.simulation.log.attached()})
    report = elections.verify(done.simulation, list(record.entries()), attachments=record.attachments)
    assert report.verdict is Verdict.VERIFIED
    for name in names:
        path = tmp_path / "record" / "attachments" / name
        data = path.read_bytes()
        for changed in (None, b"", data[:-1], data + b"\0", data[:-1] + bytes([data[-1] ^ 1])):
            path.unlink(missing_ok=True)
            if changed is not None:
                path.write_bytes(changed)
            report = elections.verify(done.simulation, list(record.entries()), attachments=record.attachments)
            assert report.verdict is Verdict.FAILED
            assert {rule.rule for rule in report.rules if rule.failed} <= {"X2", "X3", "T2", "T3", "T4", "T5"}
        path.write_bytes(data)


def _round(done: Done, number: int) -> tuple[MixRound, MixerKeys]:
    record = MixRound.from_body(parse_entry(done.entries[done.place("mix-round", number)]).body)
    return record, done.simulation.mixer_keys[number]


def _drop_round(done: Done, entries: list[bytes]) -> None:
    del entries[done.place("mix-round", 1)]


def _mix_twice(done: Done, entries: list[bytes]) -> None:
    """Honest shuffles, but both by one mixer."""
    record, _ = _round(done, 1)
    entries[done.place("mix-round", 1)] = sign_record(
        record.model_copy(update={"mixer": "mixer-1"}), done.simulation.mixer_keys[0]._signing
    )


def _swap_batches(done: Done, entries: list[bytes]) -> None:
    record, keys = _round(done, 0)
    one, two, three = record.batches
    files = (
        BatchFile(contest=one.contest, line=one.line, digest=two.digest, size=two.size),
        BatchFile(contest=two.contest, line=two.line, digest=one.digest, size=one.size),
        three,
    )
    entries[done.place("mix-round", 0)] = sign_record(
        record.model_copy(update={"batches": files}), keys._signing
    )


def _replace_share(done: Done, entries: list[bytes]) -> None:
    """One trustee's shares under another's name."""
    record = LineShare.from_body(parse_entry(entries[done.place("line-share", 1)]).body)
    entries[done.place("line-share", 0)] = sign_record(
        record.model_copy(update={"trustee": "trustee-1"}), done.simulation.key_holders[0].signing
    )


def _early_share(done: Done, entries: list[bytes]) -> None:
    entries.insert(done.place("mix-round", 1), entries.pop(done.place("line-share", 0)))


FAULTS: dict[str, tuple[Callable[[Done, list[bytes]], None], str]] = {
    "a round left out": (_drop_round, "X3"),
    "one mixer twice": (_mix_twice, "X1"),
    "batches swapped": (_swap_batches, "X2"),
    "another's share": (_replace_share, "X3"),
    "a share too early": (_early_share, "X3"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(done: Done, fault: str) -> None:
    change, rule = FAULTS[fault]
    entries = list(done.entries)
    change(done, entries)
    report = done.verify(entries)
    assert report.verdict is Verdict.FAILED
    assert report.rule(rule).status is Status.FAILED
    assert report.entries == len(entries)


def test_the_two_tallies_check_each_other(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a shuffle's proof proved nothing, a mixer could replace lines; the sums would still tell."""
    simulation = closed()
    honest = shuffling.shuffle_rows
    monkeypatch.setattr(shuffling, "prove", lambda *args: bytes(0))

    def replaced(key: EncryptionKey, width: int, inputs: Any) -> Any:
        shuffle, secret = honest(key, width, inputs)
        data = b"".join(
            key.encrypt(ristretto255.scalar(0), ristretto255.random_scalar()).encode(ristretto255)
            for _ in range(len(inputs) // 64)
        )
        return type(shuffle)(shuffle.group, key.element, width, inputs, data), secret

    monkeypatch.setattr(shuffling, "shuffle_rows", replaced)
    monkeypatch.setattr(Mixing, "round_size", Mixing.outputs_size)
    monkeypatch.setattr(Mixing, "check_shuffle", lambda self, record, place: None)
    simulation.mix()
    for trustee in trustees(simulation):
        simulation.board.submit(trustee.decrypt(simulation.log.tally))
        simulation.send(trustee.decrypt_lines(simulation.log.mixing))
    result = simulation.log.compute_result()
    with pytest.raises(
        TallyError, match="contest officials: the sums and the mixed lines give different counts"
    ):
        simulation.board.submit(simulation.authority.publish(result))
    monkeypatch.undo()
    assert done.verify(done.entries).rule("T5").status is Status.PASSED


def test_mixers_keep_their_secrets(voted: Simulation, tmp_path: Any) -> None:
    keys = voted.mixer_keys[0]
    mixer = keys.join(voted.election)
    assert (repr(keys), repr(mixer)) == ("<MixerKeys of mixer-1, redacted>", "<Mixer mixer-1, redacted>")
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(mixer)
    keys.save(tmp_path / "mixer.key", passphrase="a long passphrase")
    loaded = MixerKeys.load(tmp_path / "mixer.key", passphrase="a long passphrase")
    assert loaded.public() == keys.public()
    assert loaded.join(voted.election).id == "mixer-1"
