"""A board that shows its parties different logs at the tally, and parties that make others work for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from secretballot.board.attachments import HeldAttachments
from secretballot.board.board import Board
from secretballot.board.records import Seal
from secretballot.crypto import equality, shuffle
from secretballot.errors import DuplicateError, PhaseError, TallyError
from secretballot.records import parse_entry, sign_record
from secretballot.tally import ElectionLog, LineShare, MixRound
from secretballot.tally import log as tally_log
from secretballot.tally.records import digest_file
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation
from secretballot.verify import Report, Status

from ..support import elections
from .test_starve import counted

CONTESTS = (elections.choice().model_copy(update={"tally": "both"}),)
BALLOTS: list[dict[str, Any]] = [{"chair": "chi"}, {"chair": "chi"}, {"chair": "em"}]


def closed() -> Simulation:
    simulation = elections.voting(CONTESTS, 3, minimum_group=2)
    simulation.vote(BALLOTS)
    simulation.close_voting()
    return simulation


# A small group.


def test_a_group_that_is_made_small_is_seen_through_from_the_minimum_on() -> None:
    """The authority ends voting when the others know every ballot but one: what the threat model says of it. With one
    of them fewer, trustees decrypt nothing."""
    known = {"chair": "chi"}
    for voters in (2, 1):
        simulation = elections.voting([elections.choice()], 4, minimum_group=3)
        simulation.vote([{"chair": "em"}, *[known] * voters])
        if voters == 1:
            with pytest.raises(TallyError, match="2 ballots are fewer than the minimum group of 3"):
                simulation.tally()
            assert parse_entry(list(simulation.store.entries())[-1]).kind == "seal"
            continue
        ((_, (counts, blank)),) = elections.counts_of(simulation.tally())["chair"].items()
        # Less their own two, what is left is one voter's vote.
        assert ((counts[0] - voters, *counts[1:]), blank) == ((0, 0, 1), 0)


# Two logs.


def shown(simulation: Simulation, entries: list[bytes]) -> ElectionLog:
    """The log of an honest party to whom the board shows these entries: it checks every one."""
    log = ElectionLog()
    for raw in entries:
        log.follow(raw)
    return log


def test_two_trustees_are_not_made_to_decrypt_two_logs() -> None:
    """With both, the last voter's ballot would be the difference: each trustee decrypts once, and is content with the
    log that it is shown. The authority seals one of them alone."""
    simulation = elections.voting(CONTESTS, 3, minimum_group=2)
    simulation.vote(BALLOTS)
    whole = list(simulation.store.entries())
    phase = simulation.authority.enter(simulation.election, "tally")
    first, second = shown(simulation, [*whole, phase]), shown(simulation, [*whole[:-1], phase])
    for log in (first, second):
        with pytest.raises(PhaseError, match="the authority has not sealed the ballots yet"):
            _ = log.tally
        with pytest.raises(PhaseError, match="the authority has not sealed the ballots yet"):
            _ = log.mixing
    seal = simulation.authority.seal(simulation.election, first.closing_root)
    assert simulation.authority.seal(simulation.election, first.closing_root) == seal
    with pytest.raises(PhaseError, match="another log of this election was sealed before"):
        simulation.authority.seal(simulation.election, second.closing_root)
    first.follow(seal)
    assert first.tally.ballots == 3
    with pytest.raises(PhaseError, match="it seals another log than this one") as refused:
        second.follow(seal)
    assert refused.value.culprit is None
    # Nor where it is taken in unchecked, as a verifier does.
    second.apply(second.read(seal))
    with pytest.raises(PhaseError, match="the authority has not sealed"):
        _ = second.tally


def test_a_seal_by_another_or_in_another_phase() -> None:
    simulation = elections.voting(CONTESTS, 3)
    simulation.vote(BALLOTS)
    early = simulation.authority.seal(simulation.election, simulation.log.frontier.root())
    with pytest.raises(PhaseError, match="a seal is not taken in the phase voting"):
        simulation.board.submit(early)
    simulation.board.submit(simulation.authority.enter(simulation.election, "tally"))
    with pytest.raises(PhaseError, match="it seals another log"):
        simulation.board.submit(early)
    right = Seal(election=simulation.election.id, basis=simulation.log.closing_root)
    with pytest.raises(Exception, match="the Ed25519 signature does not verify"):
        simulation.board.submit(sign_record(right, simulation.trustees[0]._signing))
    good = sign_record(right, simulation.authority._key)
    simulation.board.submit(good)
    assert simulation.board.submit(good)
    with pytest.raises(DuplicateError, match="the ballots were sealed before"):
        simulation.log.follow(good)


def test_nothing_is_done_before_the_seal() -> None:
    simulation = closed()
    entries = list(simulation.store.entries())[:-1]
    mixed = simulation.mixer_keys[0].join(simulation.election).mix(simulation.log.mixing)
    share = DecryptingTrustee(simulation.key_holders[0]).decrypt(simulation.log.tally)
    board = Board(elections.store_of(entries), simulation.board_keys, ElectionLog())
    for raw in (mixed.entry, share):
        with pytest.raises(PhaseError, match="the authority has not sealed the ballots yet"):
            board.submit(raw)
    with pytest.raises(PhaseError, match="the authority has not sealed the ballots yet"):
        board.attach(mixed.entry, mixed.attachments[0])


# Work for nothing.


class Record:
    """A record that somebody goes on with."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.entries = list(simulation.store.entries())
        self.attachments = HeldAttachments()
        for digest, size in simulation.log.attached():
            self.attachments.add(bytes(simulation.log.attachments.read(digest, size)))

    def verify(self) -> Report:
        return elections.verify(self.simulation, self.entries, attachments=self.attachments)


@pytest.fixture
def mixed() -> Simulation:
    simulation = closed()
    simulation.mix()
    return simulation


def test_a_false_share_of_lines_again_and_again(mixed: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trustee signs many small entries that name one large attachment: it is verified once."""
    sent = DecryptingTrustee(mixed.key_holders[0]).decrypt_lines(mixed.log.mixing)
    share = LineShare.from_body(parse_entry(sent.entry).body)
    false = sent.attachments[0][:-32] + bytes(32)
    record = Record(mixed)
    record.attachments.add(false)
    batch = digest_file(share.batches[0].contest, share.batches[0].line, false)
    raw = sign_record(share.model_copy(update={"batches": (batch,)}), mixed.key_holders[0].signing)
    record.entries += [raw] * 20
    with counted(monkeypatch, equality, "verify") as calls:
        report = record.verify()
    assert report.rule("X3").failed == 20
    assert calls[0] == 1
    # The board is not made to look at it again either.
    board = mixed.board
    board.attach(raw, false)
    with counted(monkeypatch, equality, "verify") as calls:
        for _ in range(5):
            with pytest.raises(TallyError, match="does not verify"):
                board.submit(raw)
    assert calls[0] == 1


def test_a_false_round_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = closed()
    keys = simulation.mixer_keys[0]
    sent = keys.join(simulation.election).mix(simulation.log.mixing)
    made = MixRound.from_body(parse_entry(sent.entry).body)
    false = sent.attachments[0][:-32] + bytes(32)
    batch = digest_file(made.batches[0].contest, made.batches[0].line, false)
    raw = sign_record(made.model_copy(update={"batches": (batch,)}), keys._signing)
    simulation.board.attach(raw, false)
    with counted(monkeypatch, shuffle, "verify") as calls:
        for _ in range(5):
            with pytest.raises(TallyError, match="does not verify"):
                simulation.board.submit(raw)
    assert calls[0] == 1
    simulation.send(sent)


def test_results_again_and_again(mixed: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines are counted once for the result's counts, and once for their agreement."""
    for holder in mixed.key_holders[:2]:
        trustee = DecryptingTrustee(holder)
        mixed.board.submit(trustee.decrypt(mixed.log.tally))
        mixed.send(trustee.decrypt_lines(mixed.log.mixing))
    mixed.board.submit(mixed.authority.publish(mixed.log.compute_result()))
    record = Record(mixed)
    record.entries += [record.entries[-1]] * 20
    with counted(monkeypatch, tally_log, "count_lines") as calls:
        report = record.verify()
    assert report.rule("T5").checked == 21
    assert calls[0] == 1


def test_a_round_by_nobody_is_no_unreadable_entry(mixed: Simulation) -> None:
    """It breaks the rules that it breaks, and is counted once."""
    record = Record(mixed)
    place = next(i for i, raw in enumerate(record.entries) if parse_entry(raw).kind == "mix-round")
    made = MixRound.from_body(parse_entry(record.entries[place]).body)
    raw = sign_record(made.model_copy(update={"mixer": "nobody"}), mixed.mixer_keys[0]._signing)
    record.entries.insert(place, raw)
    report = record.verify()
    assert report.rule("L1").status is Status.PASSED
    assert report.rule("L1").checked == len(record.entries)
    assert report.rule("X1").failed == report.rule("L4").failed == 1


def test_an_outcome_without_a_rule_and_no_outcome_without_counts() -> None:
    """No contest has rules: an outcome follows from nothing, and where nothing can be counted, none is missing."""
    simulation = elections.voting([elections.choice()], 3, minimum_group=1)
    simulation.vote([{"chair": "chi"}])
    simulation.tally()
    entries = list(simulation.store.entries())
    assert elections.verify(simulation, entries).rule("T4").status is Status.NOT_APPLICABLE

    def outcome(body: dict[str, Any]) -> None:
        body["contests"][0]["lines"][0]["outcomes"] = ["elected"]

    key = simulation.authority._key
    report = elections.verify(simulation, [*entries[:-1], elections.rewrite(entries[-1], key, outcome)])
    assert [rule.rule for rule in report.rules if rule.status is Status.FAILED] == ["T4"]
    assert (report.rule("T4").checked, report.rule("T4").failed) == (1, 1)
    unsealed = [raw for raw in entries if parse_entry(raw).kind not in ("seal", "decryption-share")]
    report = elections.verify(simulation, unsealed)
    assert [rule.rule for rule in report.rules if rule.status is Status.FAILED] == ["T2", "T3"]
    assert report.rule("L8").status is Status.NOT_RUN
