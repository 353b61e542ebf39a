"""Ways to have a verifier say more than it knows: stop it early, break it, leave rules out, hide a fault behind
another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from secretballot.ballot.records import Ballot
from secretballot.board.entry import Entry
from secretballot.board.examiner import Check, Examiner
from secretballot.crypto.batch import ParsedProof
from secretballot.errors import SecretBallotError
from secretballot.records import Record
from secretballot.tally import ElectionLog
from secretballot.verify import RULES, Status, Verdict, verify_entries

from .accomplices import BALLOTS, CHALLENGE, TALLY, Held, failed, findings, named

pytestmark = pytest.mark.usefixtures("remembered")

#: The rules that an entry's checks carry.
CHECKED = [
    "M2",
    "L2",
    "L3",
    "L4",
    "K1",
    "K2",
    "K3",
    "K4",
    "C1",
    "C2",
    "C3",
    "B1",
    "B3",
    "H1",
    "H2",
    "T1",
    "T2",
    "T3",
    "T4",
]


#: What gives the checks: the log those of single entries, and of many those that need it; the examiner the others.
GIVES_CHECKS = ((ElectionLog, "checks"), (ElectionLog, "fact_checks"), (Examiner, "checks"))


def change_checks(patch: pytest.MonkeyPatch, change: Callable[[Check], list[Check]]) -> None:
    """Has each check replaced by what ``change`` makes of it."""

    def changed(original: Callable[..., Sequence[Check]]) -> Any:
        return lambda *arguments: [one for check in original(*arguments) for one in change(check)]

    for where, name in GIVES_CHECKS:
        patch.setattr(where, name, changed(getattr(where, name)))


@pytest.mark.parametrize("rule", CHECKED)
def test_a_rule_that_is_not_run_is_not_passed(held: Held, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it "not applicable", and the record is not verified without it."""
    change_checks(monkeypatch, lambda check: [] if check[0] == rule else [check])
    report = held.verify(held.entries)
    assert report.rule(rule).status is Status.NOT_RUN
    assert report.rule(rule).checked == 0
    assert report.verdict is Verdict.INCOMPLETE


def test_proofs_that_are_not_given_are_not_passed(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: Examiner, entry: Entry) -> list[ParsedProof]:
        return []

    monkeypatch.setattr(Examiner, "proofs", none)
    report = held.verify(held.entries)
    assert report.rule("B2").status is Status.NOT_RUN
    assert report.verdict is Verdict.INCOMPLETE


def test_every_rule_is_run_in_a_good_record(held: Held) -> None:
    """Each is passed, but for that there are no complaints, and no id to compare with unless it is given."""
    report = held.verify(held.entries, held.simulation.election.id)
    assert {r.rule for r in report.rules if r.status is not Status.PASSED} == {
        *("L6", "L7", "K5", "X1", "X2", "X3", "T5")
    }
    assert {r.rule for r in report.rules} == set(RULES)
    assert all(r.checked for r in report.rules if r.status is Status.PASSED)
    assert report.verdict is Verdict.VERIFIED
    assert held.verify(held.entries).rule("M3").status is Status.NOT_APPLICABLE


@pytest.mark.parametrize("rule", CHECKED)
@pytest.mark.parametrize("error", [KeyError, RecursionError, AssertionError, MemoryError, UnicodeDecodeError])
def test_a_check_that_breaks_down_hides_no_other(
    held: Held, rule: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One check breaks down at every entry, and the last entry is wrong: both are said."""

    def broken() -> None:
        raise error(*(("utf-8", b"", 0, 1, "") if error is UnicodeDecodeError else ("secret",)))

    change_checks(monkeypatch, lambda check: [(rule, broken)] if check[0] == rule else [check])
    place = len(held.entries) - 1
    other = "T4" if rule == "T3" else "T3"
    entries = held.replaced(place, wrong_result(held, place))
    report = held.verify(entries)
    assert report.verdict is Verdict.FAILED
    assert {rule, other} <= failed(report)
    assert not any("secret" in line for line in findings(report))


def wrong_result(held: Held, place: int) -> bytes:
    """Wrong in its count and in its outcomes."""
    contests: Any = held.record(place).contests  # type: ignore[attr-defined]
    line = contests[0].lines[0].model_copy(update={"outcomes": ("dismissal",), "blank": 1})
    officials = contests[0].model_copy(update={"lines": (line, *contests[0].lines[1:])})
    return held.updated(place, contests=(officials, *contests[1:]))


@pytest.mark.parametrize(
    ("where", "name"), [(Examiner, "read"), (Examiner, "proofs"), (Examiner, "add_up"), (ElectionLog, "take")]
)
def test_the_verifier_goes_on_after_an_entry_that_breaks_it(
    held: Held, where: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks down at one ballot, the others are still checked, and it is not left out in silence."""
    original = getattr(where, name)

    def breaking(self: Any, what: Any, *rest: Any) -> Any:
        if (what if isinstance(what, int) else what.index) == BALLOTS[0]:
            raise KeyError("whatever")
        return original(self, what, *rest)

    monkeypatch.setattr(where, name, breaking)
    bad = held.updated(BALLOTS[2], contests=held.record(BALLOTS[1]).contests)  # type: ignore[attr-defined]
    report = held.verify(held.replaced(BALLOTS[2], bad))
    assert report.verdict is Verdict.FAILED
    assert named(report, BALLOTS[2])
    assert report.entries == len(held.entries)
    assert "L5" not in failed(report)
    assert named(report, BALLOTS[0])


def test_faults_are_not_hidden_by_an_earlier_one(held: Held) -> None:
    """A fault in every kind of entry at once: the first does not stop the rest."""
    entries = list(held.entries)
    for place in (1, 5, 8, 12, 15, CHALLENGE, 18, TALLY, len(entries) - 1):
        raw = entries[place]
        entries[place] = raw[:-10] + bytes([raw[-10] ^ 1 if raw[-10] not in b"_-" else ord("A")]) + raw[-9:]
    report = held.verify(entries)
    for place in (1, 5, 8, 12, 15, CHALLENGE, 18, TALLY, len(entries) - 1):
        assert named(report, place), place


def test_one_bad_proof_among_many(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever batches end."""
    bad = held.updated(17, contests=held.record(18).contests)  # type: ignore[attr-defined]
    entries = held.collude(held.replaced(17, bad)[:TALLY])
    for size in (1, 5000, 17000, 2**20):
        monkeypatch.setattr("secretballot.verify.engine.SHARD_SIZE", size)
        report = held.verify(entries)
        assert failed(report) == {"B2"}
        items = {finding.item for finding in report.rule("B2").findings}
        assert items == {"entry 17, contest officials", "entry 17, contest committee"}


def test_entries_that_never_end_well(held: Held) -> None:
    """A reader that breaks down is the caller's to know of: nothing is reported over half a record."""

    def half() -> Any:
        yield from held.entries[:5]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        verify_entries(half(), held.checkpoint)


def test_a_manifest_in_the_middle(held: Held, foreign: Held) -> None:
    """A second election in one log, and one log behind another."""
    for entries in (
        [held.entries[0], foreign.entries[0], *held.entries[1:]],
        [*held.entries, *foreign.entries],
        [*foreign.entries, *held.entries],
        [held.entries[0], *foreign.entries[1:]],
        [foreign.entries[0], *held.entries[1:]],
    ):
        report = held.verify(entries)
        assert report.verdict is Verdict.FAILED
    assert {"L2", "L4"} <= failed(held.verify([held.entries[0], *foreign.entries[1:]]))


def test_a_good_record_of_another_election(held: Held, foreign: Held) -> None:
    """Everything in it is right, but it is not the election that was announced."""
    report = foreign.verify(foreign.entries, held.simulation.election.id)
    assert report.verdict is Verdict.FAILED
    assert failed(report) == {"M3"}


@pytest.mark.parametrize("place", range(1, 24))
def test_an_entry_from_the_other_election(held: Held, foreign: Held, place: int) -> None:
    """As it is, and with the id and the signature put right."""
    report = held.verify(held.replaced(place, foreign.entries[place]))
    assert "L2" in failed(report)
    assert named(report, place)


def test_a_ballot_that_fails_does_not_count_for_another(held: Held) -> None:
    """What was checked of one ballot is never taken for another: after a ballot that is refused, an attacker sends
    other ciphertexts under the proof of the first."""
    good = held.record(18)
    other = held.record(17)
    assert isinstance(good, Ballot)
    assert isinstance(other, Ballot)
    broken = good.contests[0].proof[:-32] + b"\x01" + bytes(31)
    first = good.contests[0].model_copy(update={"proof": broken})
    second = good.contests[0].model_copy(update={"ciphertexts": other.contests[0].ciphertexts})
    board = held.board_at(18)
    for contest in (first, second):
        raw = held.updated(18, contests=(contest, good.contests[1]))
        with pytest.raises(SecretBallotError, match="does not verify"):
            board.submit(raw)
        assert "B2" in failed(held.shown(18, raw))
    # And the next voter is served.
    board.submit(held.entries[18])
    board.submit(held.entries[19])


def test_a_share_that_was_not_stored_is_not_taken_for_another(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store fails after the first trustee's share was checked; the second sends none of its own."""
    board = held.board_at(TALLY)

    def failing(*_: object) -> int:
        raise SecretBallotError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(board._store, "append", failing)
        with pytest.raises(SecretBallotError, match="disk"):
            board.submit(held.entries[TALLY])
    with pytest.raises(SecretBallotError, match="refused"):
        board.submit(held.updated(TALLY + 1, shares=held.record(TALLY).shares))  # type: ignore[attr-defined]
    board.submit(held.entries[TALLY + 1])


@pytest.mark.parametrize(
    "kind", ["mix", "manifest", "phase ", "Ballot", "ballot-", "x" * 41, "", "bal\u0131ot"]
)
def test_kinds_that_are_none(held: Held, kind: str) -> None:
    """A record that the verifier does not know is never passed over."""
    body = held.body(18)
    body["record"] = f"secretballot/1/{kind}"
    raw = held.rewritten(18, lambda old: old.update(body))
    report = held.shown(18, raw)
    assert "L1" in failed(report)
    assert named(report, 18)


def test_every_kind_of_record_is_known(held: Held) -> None:
    known: dict[str, tuple[type[Record], str]] = dict(ElectionLog.records)  # type: ignore[arg-type]
    for kind, (record, phase) in known.items():
        assert record.model_fields["record"].default == f"secretballot/1/{kind}"
        assert list(record.model_fields)[:2] == ["record", "election"]
        assert phase in {"setup", "issuance", "voting", "tally"}
