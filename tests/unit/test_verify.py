"""The verifier: each status and each verdict, a fault for every rule, findings that are all counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from secretballot.board import state
from secretballot.board.examiner import Examiner
from secretballot.board.keys import BoardKeys
from secretballot.crypto.encoding import b64decode, b64encode
from secretballot.crypto.signing import SigningKey
from secretballot.errors import ArgumentError, RecordError
from secretballot.records import kind_of, parse_entry, sign_body
from secretballot.tally import ElectionLog
from secretballot.verify import RULES, Report, Status, Verdict, engine, shard, verify_entries, verify_record
from secretballot.verify.findings import MAX_FINDINGS

from ..support import elections
from .test_log_state import sample, start_of

Finished = elections.Finished


@pytest.fixture(scope="module")
def report(finished: Finished) -> Report:
    return elections.verify(finished.simulation, finished.entries)


def statuses(report: Report) -> dict[str, Status]:
    return {result.rule: result.status for result in report.rules}


#: Rules of elections in which something is mixed.
MIXING = ("X1", "X2", "X3", "T5")
#: Rules of what is held against a record from outside: test_pins has them.
PINNED = ("L6", "L7")


# A good record.


def test_a_good_record_is_verified(finished: Finished, report: Report) -> None:
    assert report.verdict is Verdict.VERIFIED
    expected = dict.fromkeys(RULES, Status.PASSED) | dict.fromkeys(
        ("M3", "K5", *PINNED, *MIXING), Status.NOT_APPLICABLE
    )
    assert statuses(report) == expected
    assert report.election == finished.simulation.election.id.hex()
    assert report.result == finished.simulation.log.result
    assert report.entries == len(finished.entries)
    assert (report.ballots_cast, report.ballots_counted, report.ballots_challenged) == (5, 4, 2)
    assert all(result.failed == 0 and result.findings == () for result in report.rules)


def test_how_much_was_checked(finished: Finished, report: Report) -> None:
    entries = len(finished.entries)
    checked = {result.rule: result.checked for result in report.rules}
    assert checked == {
        **{"M1": 1, "M2": 1, "M3": 0},
        **{"L1": entries, "L2": entries - 1, "L3": entries - 1, "L4": entries - 1, "L5": entries, "L8": 1},
        **{"K1": 3, "K2": 3, "K3": 3, "K4": 1, "K5": 0},
        # Five ballots and two challenges have credentials; each has a proof for each of three contests.
        **{"C1": 5, "C2": 7, "C3": 5, "B1": 5, "B2": 21, "B3": 5, "H1": 2, "H2": 2},
        # Two officials, whom outcome rules are for, one chair, three for the committee.
        **{"T1": 2, "T2": 1, "T3": 6, "T4": 2},
        **dict.fromkeys((*PINNED, *MIXING), 0),
    }
    # Only what was cast is called ballots alone.
    cast = {
        rule
        for rule, count in checked.items()
        if RULES[rule].unit == "ballots" and count != report.ballots_cast
    }
    assert (cast, report.rule("C2").unit) == (set(), "ballots, cast or challenged")


def test_a_ballot_after_the_close_is_not_counted() -> None:
    """The sums were final before it: the report says no other number than the result that it verifies."""
    simulation = elections.voting([elections.choice()], 3)
    simulation.vote([{"chair": "chi"}, {"chair": "em"}])
    late = simulation.seal(2, {"chair": "em"}).cast()
    simulation.tally()
    entries = list(simulation.store.entries())
    for place in (next(i for i, raw in enumerate(entries) if kind_of(raw) == "seal"), len(entries)):
        report = elections.verify(simulation, [*entries[:place], late, *entries[place:]])
        assert [rule.rule for rule in report.rules if rule.status is Status.FAILED] == ["L3"]
        assert report.result is not None
        assert (report.ballots_cast, report.ballots_counted, report.result.collected) == (3, 2, 2)


def test_rules_are_reported_in_order_with_their_texts(report: Report) -> None:
    assert [result.rule for result in report.rules] == list(RULES)
    for result in report.rules:
        rule = RULES[result.rule]
        assert (result.step, result.title, result.reference, result.unit) == rule[1:]
        assert rule.reference.startswith("spec/")
        assert bool(result.reason) == (result.status in (Status.NOT_RUN, Status.NOT_APPLICABLE))
    assert report.rule("T3") is report.rules[list(RULES).index("T3")]
    with pytest.raises(ArgumentError, match=r"^there is no rule 'Z9'$"):
        report.rule("Z9")


def test_a_report_is_a_record(report: Report) -> None:
    assert Report.from_body(report.to_body()) == report


def test_from_a_directory_with_progress(finished: Finished, tmp_path: Path) -> None:
    record = finished.simulation.export(str(tmp_path / "record"))
    seen: list[int] = []
    report = verify_record(record, election_id=finished.simulation.election.id, progress=seen.append)
    assert report.verdict is Verdict.VERIFIED
    assert report.rule("M3").status is Status.PASSED
    assert report.warnings == ()
    assert seen == list(range(1, len(finished.entries) + 1))
    (tmp_path / "record" / "checkpoint").unlink()
    with pytest.raises(RecordError):
        verify_record(record)


# The announced id.


def test_the_announced_id(finished: Finished, report: Report) -> None:
    assert report.warnings == (f"compare the election's id with the one announced: {report.election}",)
    wrong = elections.verify(finished.simulation, finished.entries, election_id=bytes(32))
    assert wrong.verdict is Verdict.FAILED
    assert [rule for rule, status in statuses(wrong).items() if status is Status.FAILED] == ["M3"]
    (finding,) = wrong.rule("M3").findings
    assert (finding.item, finding.message) == ("entry 0", f"the record is of election {report.election}")
    assert wrong.warnings == ()


def test_a_quorum_of_one_is_warned_of() -> None:
    simulation = elections.voting([elections.choice()], 1, trustees=2, quorum=1)
    simulation.vote([{"chair": "chi"}])
    simulation.tally(absent=[0])
    report = elections.verify(simulation, list(simulation.store.entries()))
    assert report.verdict is Verdict.VERIFIED
    assert "a quorum of one: any single trustee can decrypt every ballot" in report.warnings
    assert statuses(report)["H1"] is statuses(report)["H2"] is Status.NOT_APPLICABLE


def test_nobody_voted() -> None:
    simulation = elections.voting([elections.choice()], 0)
    simulation.tally()
    report = elections.verify(simulation, list(simulation.store.entries()))
    assert report.verdict is Verdict.VERIFIED
    assert report.ballots_counted == 0
    absent = {rule for rule, status in statuses(report).items() if status is Status.NOT_APPLICABLE}
    assert absent == {
        "M3",
        "K5",
        "C1",
        "C2",
        "C3",
        "B1",
        "B2",
        "B3",
        "H1",
        "H2",
        "T1",
        "T4",
        *PINNED,
        *MIXING,
    }
    assert report.rule("T1").reason == "nobody voted"
    assert report.rule("B2").reason == "there are none"


# Not finished, or not there.


def test_an_election_that_is_open_is_incomplete(finished: Finished) -> None:
    counts = {1, 3, 5, 8, len(finished.entries) - 1}
    counts |= {start_of(finished, phase) for phase in ("issuance", "voting", "tally")}
    for count in sorted(counts):
        report = elections.verify(finished.simulation, finished.entries[:count])
        assert report.verdict is Verdict.INCOMPLETE
        assert Status.FAILED not in statuses(report).values()
        assert report.result is None
        last = report.rule("T3")
        assert last.status is Status.NOT_RUN
        assert last.reason.startswith("the election has not ended: its phase is ")


def test_a_ceremony_that_has_begun(finished: Finished) -> None:
    report = elections.verify(finished.simulation, finished.entries[:3])
    assert report.rule("K1").status is Status.NOT_RUN
    assert report.rule("K1").reason == "2 of 3 trustees so far"
    assert report.rule("K1").checked == 2
    assert report.rule("K2").reason == "the election has not ended: its phase is setup"
    assert elections.verify(finished.simulation, finished.entries[:4]).rule("K1").status is Status.PASSED


@pytest.mark.parametrize("announced", [None, bytes(32)])
def test_an_empty_record(announced: bytes | None) -> None:
    report = verify_entries([], b"", election_id=announced)
    assert report.verdict is Verdict.FAILED
    expected = dict.fromkeys(RULES, Status.NOT_RUN) | {"M1": Status.FAILED}
    expected |= dict.fromkeys(PINNED, Status.NOT_APPLICABLE)
    if announced is None:
        expected["M3"] = Status.NOT_APPLICABLE
    assert statuses(report) == expected
    assert report.rule("M1").findings[0].message == "the record has no entries"
    assert report.rule("L5").reason == "there is no manifest"
    assert (report.election, report.entries, report.warnings) == ("", 0, ())


def test_a_record_without_its_manifest(finished: Finished) -> None:
    for first in (b"garbage", finished.entries[1]):
        report = elections.verify(finished.simulation, [first, *finished.entries[1:]])
        assert report.verdict is Verdict.FAILED
        assert report.rule("M1").failed == 1
        assert report.rule("M1").findings[0].item == "entry 0"
        assert report.rule("L2").failed == len(finished.entries) - 1
        assert report.rule("L5").status is Status.NOT_RUN
        assert report.election == ""
        assert report.warnings == ()
    late = elections.verify(finished.simulation, [b"garbage", *finished.entries])
    assert late.rule("L1").failed == 1
    assert late.rule("M2").checked == 0
    assert late.verdict is Verdict.FAILED


# A fault for every rule.


def change(
    place: int, key: Callable[[Finished], SigningKey], edit: Callable[[dict[str, Any]], object]
) -> Any:
    """The entry at a place changed, and signed again as it must be."""

    def fault(finished: Finished, entries: list[bytes]) -> None:
        entries[place] = elections.rewrite(entries[place], key(finished), edit)

    return fault


def insert(place: int, make: Callable[[Finished], bytes]) -> Any:
    def fault(finished: Finished, entries: list[bytes]) -> None:
        entries.insert(place, make(finished))

    return fault


def remove(place: int) -> Any:
    return lambda finished, entries: entries.pop(place)


def first_byte(data: str) -> str:
    raw = bytearray(b64decode(data))
    raw[0] ^= 1
    return b64encode(bytes(raw))


def last_scalar(data: str) -> str:
    raw = bytearray(b64decode(data))
    raw[-32] ^= 1
    return b64encode(bytes(raw))


def authority(finished: Finished) -> SigningKey:
    return finished.simulation.authority._key


def trustee(number: int) -> Callable[[Finished], SigningKey]:
    return lambda finished: finished.simulation.trustees[number - 1]._signing


def voter(number: int) -> Callable[[Finished], SigningKey]:
    return lambda finished: finished.simulation.holders[number].signing_key


def cut_points(body: dict[str, Any]) -> None:
    body["contests"][1]["ciphertexts"] = b64encode(b64decode(body["contests"][1]["ciphertexts"])[:-32])


def other_proof(body: dict[str, Any]) -> None:
    body["contests"][2]["proof"] = last_scalar(body["contests"][2]["proof"])


def other_signature(body: dict[str, Any]) -> None:
    body["credential"]["signatures"][0] = first_byte(body["credential"]["signatures"][0])


def other_opening(body: dict[str, Any]) -> None:
    body["openings"][1]["choices"][0] ^= 1


def opened_after_it_was_cast(finished: Finished, entries: list[bytes]) -> None:
    """The challenge of entry 17 stands after the cast ballot that is put in front of it."""
    challenged = elections.record_of(entries, 17)
    body = challenged.ballot.encode()  # type: ignore[attr-defined]
    entries.insert(17, sign_body(body, voter(0)(finished)))


def complaint(finished: Finished) -> bytes:
    return elections.rewrite(
        sample(finished, "ceremony-complaint"), trustee(1)(finished), lambda b: b.update(accused="trustee-1")
    )


#: The finished record has the manifest at 0, commitments at 1, messages at 4, confirmations at 7, phases at 10, 16 and
#: 24, issuances at 11, ballots and challenges at 17, the seal at 25, shares at 26 and the result at 28.
FAULTS: dict[str, tuple[Any, str]] = {
    "M1": (change(0, authority, lambda b: b.update(quorum=4)), "entry 0"),
    "M2": (change(0, lambda f: SigningKey.generate(), lambda b: None), "entry 0"),
    "L1": (insert(12, lambda f: b"garbage"), "entry 12"),
    "L2": (change(10, authority, lambda b: b.update(election="A" * 43)), "entry 10"),
    "L3": (insert(3, lambda f: f.simulation.authority.enter(f.simulation.election, "voting")), "entry 3"),
    "L4": (change(18, lambda f: SigningKey.generate(), lambda b: None), "entry 18"),
    "L8": (change(25, authority, lambda b: b.update(basis="A" * 43)), "entry 25"),
    "K1": (change(2, trustee(1), lambda b: b.update(trustee="trustee-1")), "entry 2"),
    "K2": (change(4, trustee(1), lambda b: b.update(message=last_scalar(b["message"]))), "entry 4"),
    "K3": (change(8, trustee(2), lambda b: b.update(signature=last_scalar(b["signature"]))), "entry 8"),
    "K4": (remove(9), "entry 9"),
    "K5": (insert(6, complaint), "entry 6"),
    "C1": (change(12, lambda f: f.simulation.registrar_keys[0]._signing, lambda b: b.update(serial=3)), "entry 12"),
    "C2": (change(18, voter(0), other_signature), "entry 18"),
    "C3": (lambda f, entries: entries.__delitem__(slice(13, 16)), "entry 18"),
    "B1": (change(19, voter(1), cut_points), "entry 19, contest chair"),
    "B2": (change(19, voter(1), other_proof), "entry 19, contest committee"),
    "B3": (insert(20, lambda f: f.entries[19]), "entry 20"),
    "H1": (change(17, voter(0), other_opening), "entry 17, contest chair"),
    "H2": (opened_after_it_was_cast, "entry 18"),
    "T1": (change(26, trustee(1), lambda b: b.update(proof=last_scalar(b["proof"]))), "entry 26"),
    "T2": (remove(26), "entry 27"),
    "T3": (change(28, authority, lambda b: b["contests"][1]["lines"][0].update(blank=2)), "entry 28"),
    "T4": (change(28, authority, lambda b: b["contests"][0]["lines"][0].update(outcomes=[])), "entry 28"),
}  # fmt: skip


@pytest.mark.parametrize("rule", FAULTS)
def test_every_rule_can_fail_and_names_the_entry(finished: Finished, rule: str) -> None:
    fault, item = FAULTS[rule]
    entries = list(finished.entries)
    fault(finished, entries)
    report = elections.verify(finished.simulation, entries)
    assert report.verdict is Verdict.FAILED
    result = report.rule(rule)
    assert result.status is Status.FAILED
    assert result.failed >= 1
    assert item in [finding.item for finding in result.findings]
    # It goes on to the end.
    assert report.entries == len(entries)
    if rule not in ("M1", "L1"):
        assert report.rule("T3").checked > 0


def test_there_is_a_fault_for_every_rule() -> None:
    assert set(RULES) - set(FAULTS) == {"M3", "L5", *PINNED, *MIXING}  # Above, below, in others.


def test_the_checkpoint(finished: Finished) -> None:
    simulation, entries = finished.simulation, finished.entries
    good = elections.checkpoint(simulation, entries)
    other = BoardKeys(simulation.board_keys.origin, SigningKey.generate())
    elsewhere = BoardKeys("elsewhere.example", simulation.board_keys._key)
    log = elections.replay(entries)
    for wrong in (
        b"",
        b"\xff",
        good[:-1],
        good.replace(b"simulation", b"elsewhere."),
        elections.checkpoint(simulation, entries[:-1]),
        elections.checkpoint(simulation, [*entries[:-1], b"other"]),
        elections.checkpoint(simulation, [*entries[:-1], entries[-1], b"more"]),
        simulation.board_keys.sign(log.size + 1, log.frontier.root()).encode(),
        other.sign(log.size, log.frontier.root()).encode(),
        elsewhere.sign(log.size, log.frontier.root()).encode(),
        bytes(10**7),
    ):
        report = verify_entries(entries, wrong)
        failed = [rule for rule, status in statuses(report).items() if status is Status.FAILED]
        assert failed == ["L5"]
        assert report.verdict is Verdict.FAILED
    assert verify_entries(entries, good).verdict is Verdict.VERIFIED


def test_only_the_rule_that_is_broken_fails() -> None:
    """A board that does not look at proofs: a ballot without a good one is counted, and its rule alone says so."""
    simulation = elections.voting(elections.CONTESTS, 2)
    ballot = {"officials": {"an": "high", "binh": None}, "chair": "chi", "committee": []}
    bad = elections.rewrite(simulation.seal(1, ballot).cast(), simulation.holders[1].signing_key, other_proof)
    simulation.vote([ballot])
    with patch.object(state, "verify_batch", lambda group, proofs: None):
        simulation.board.submit(bad)
    place = simulation.log.size - 1
    simulation.tally()
    report = elections.verify(simulation, list(simulation.store.entries()))
    assert [rule for rule, status in statuses(report).items() if status is Status.FAILED] == ["B2"]
    assert (report.rule("B2").checked, report.rule("B2").failed) == (6, 1)
    (finding,) = report.rule("B2").findings
    assert (finding.item, finding.message) == (
        f"entry {place}, contest committee",
        "the proof does not verify",
    )


# Findings.


def test_findings_are_capped_and_all_are_counted(finished: Finished) -> None:
    entries = [*finished.entries, *(b"garbage %d" % number for number in range(MAX_FINDINGS + 7))]
    report = elections.verify(finished.simulation, entries)
    result = report.rule("L1")
    assert (result.failed, len(result.findings)) == (MAX_FINDINGS + 7, MAX_FINDINGS)
    assert result.checked == len(entries)
    assert [finding.item for finding in result.findings] == [
        f"entry {len(finished.entries) + number}" for number in range(MAX_FINDINGS)
    ]
    assert report.rule("L5").status is Status.PASSED
    assert Report.from_body(report.to_body()) == report


def test_a_finding_names_whose_fault_it_is_only_where_that_is_signed(finished: Finished) -> None:
    entries = list(finished.entries)
    FAULTS["T1"][0](finished, entries)
    report = elections.verify(finished.simulation, entries)
    assert report.rule("T1").findings[0].culprit == "trustee trustee-1"
    entries[25] = sign_body(parse_entry(entries[25]).body, SigningKey.generate())
    report = elections.verify(finished.simulation, entries)
    assert report.rule("T1").failed == 1
    assert report.rule("T1").findings[0].culprit is None


@pytest.mark.parametrize(
    ("where", "name", "rule"),
    [
        (ElectionLog, "_check_quorum", "T2"),
        (ElectionLog, "read", "L1"),
        (ElectionLog, "apply", "L1"),
        (ElectionLog, "take", "L1"),
        (ElectionLog, "add_sum", "B1"),
        (Examiner, "read", "L1"),
        (Examiner, "_check_form", "B1"),
        (Examiner, "add_up", "B1"),
        (Examiner, "proofs", "B2"),
        (shard, "find_invalid", "B2"),
        (state, "open_checkpoint", "L5"),
    ],
)
@pytest.mark.parametrize("error", [RuntimeError, StopIteration])
def test_a_check_that_breaks_down_has_failed(
    finished: Finished, where: Any, name: str, rule: str, error: type[Exception]
) -> None:
    def broken(*arguments: object) -> object:
        raise error("whatever it is")

    with patch.object(where, name, broken):
        report = elections.verify(finished.simulation, finished.entries)
    assert report.verdict is Verdict.FAILED
    if (where, name) == (ElectionLog, "read"):
        assert report.rule("M1").failed == 1
    finding = report.rule(rule).findings[0]
    assert report.rule(rule).status is Status.FAILED
    assert finding.message == f"the check broke down: {error.__name__}"
    assert "whatever" not in finding.message
    assert report.entries == len(finished.entries)


def test_an_entry_that_breaks_down_when_it_is_taken_in_is_counted_once(finished: Finished) -> None:
    """Whether its hash is in the tree already, or not yet."""
    take_in = ElectionLog.take
    ballot = finished.places("ballot")[0]

    def broken(log: ElectionLog, index: int, *rest: Any) -> None:
        if index in (2, ballot):
            raise RuntimeError
        take_in(log, index, *rest)
        if index in (3, ballot + 1):
            raise RuntimeError

    with patch.object(ElectionLog, "take", broken):
        report = elections.verify(finished.simulation, finished.entries)
    assert [finding.item for finding in report.rule("L1").findings] == [
        f"entry {index}" for index in (2, 3, ballot, ballot + 1)
    ]
    assert report.rule("L5").status is Status.PASSED


def test_a_rule_without_anything_that_it_could_check_has_not_passed(finished: Finished) -> None:
    report = elections.verify(finished.simulation, [*finished.entries[:26], finished.entries[28]])
    assert report.rule("T1").status is Status.NOT_RUN
    assert report.rule("T1").reason == "the record holds nothing that it could check"
    assert report.rule("T2").status is Status.FAILED


def test_an_error_that_is_none_of_ours_stops_the_verifier(finished: Finished) -> None:
    """Whoever presses control-C gets no report."""

    def stop(*arguments: object) -> object:
        raise KeyboardInterrupt

    with patch.object(ElectionLog, "_check_quorum", stop), pytest.raises(KeyboardInterrupt):
        elections.verify(finished.simulation, finished.entries)


def test_shards_may_be_of_any_size(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = list(finished.entries)
    FAULTS["B2"][0](finished, entries)
    expected = elections.verify(finished.simulation, entries)
    for size in (1, 10**4, 10**9):
        monkeypatch.setattr(engine, "SHARD_SIZE", size)
        assert elections.verify(finished.simulation, entries) == expected


def test_rules_have_steps_letters() -> None:
    assert all(re.fullmatch(r"[MLKCBHXT][1-9]", rule) for rule in RULES)
    assert [rule.id for rule in RULES.values()] == list(RULES)
