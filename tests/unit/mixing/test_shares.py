"""Shares of mixed lines: what a log takes, and whose fault the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from secretballot.board.attachments import Posting
from secretballot.board.board import Board
from secretballot.board.records import Seal
from secretballot.errors import (
    DuplicateError,
    PhaseError,
    StoreError,
    TallyError,
)
from secretballot.records import parse_entry, sign_record
from secretballot.tally import ElectionLog
from secretballot.tally.records import LineShare, digest_file
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation
from secretballot.verify import Verdict

from ...support import elections
from .shared import BALLOTS, CONTESTS, RULES, mixers, refused, trustees


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
