"""The report as JUnit XML: a case a rule, well-formed whatever it quotes."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from secretballot.report.junit import junit_report
from secretballot.verify import RULES, Finding, Report, Status, Verdict, verify_entries

from ..support import elections

OUTCOMES = {Status.FAILED: "failure", Status.NOT_RUN: "error", Status.NOT_APPLICABLE: "skipped"}


@pytest.fixture(scope="module")
def report(finished: elections.Finished) -> Report:
    return elections.verify(finished.simulation, finished.entries)


def parsed(report: Report) -> ElementTree.Element:
    return ElementTree.fromstring(junit_report(report))  # noqa: S314 - our own


def check(report: Report) -> None:
    """Each rule is a case with the outcome of its status, and the numbers add up."""
    root = parsed(report)
    (suite,) = root
    cases = suite.findall("testcase")
    assert len(cases) == len(report.rules)
    for case, rule in zip(cases, report.rules, strict=True):
        assert case.attrib["classname"] == f"secretballot.{rule.step}"
        assert case.attrib["name"].startswith(f"{rule.rule}: {rule.title} (")
        outcome = OUTCOMES.get(rule.status)
        assert [child.tag for child in case] == ([outcome] if outcome else [])
    for holder in (root, suite):
        assert int(holder.attrib["tests"]) == len(report.rules)
        for name, status in (
            ("failures", Status.FAILED),
            ("errors", Status.NOT_RUN),
            ("skipped", Status.NOT_APPLICABLE),
        ):
            assert int(holder.attrib[name]) == sum(rule.status is status for rule in report.rules)
    told = {one.attrib["name"]: one.attrib["value"] for one in suite.iter("property")}
    assert told["verdict"] == report.verdict.value
    assert told["ballots_counted"] == str(report.ballots_counted)


def test_a_verified_record(report: Report) -> None:
    check(report)
    root = parsed(report)
    assert (root.attrib["failures"], root.attrib["errors"]) == ("0", "0")
    assert {case.attrib["name"].split(":")[0] for case in root.iter("testcase")} == set(RULES)
    assert "Warning: compare the election's id" in (root.findtext("testsuite/system-out") or "")


def test_an_open_election_is_no_success(finished: elections.Finished) -> None:
    entries = finished.entries[:-1]
    report = elections.verify(finished.simulation, entries)
    assert report.verdict is Verdict.INCOMPLETE
    check(report)
    errors = [
        case.find("error") for case in parsed(report).iter("testcase") if case.find("error") is not None
    ]
    assert errors
    assert all(one is not None and "has not ended" in one.attrib["message"] for one in errors)


def test_garbage() -> None:
    report = verify_entries([b"\x00\xff", b"{}"], b"\x00")
    assert report.verdict is Verdict.FAILED
    check(report)


def test_findings_with_anything_in_them(report: Report) -> None:
    """XML has no escape for a control character: it is written out."""
    text = ']]> <x a="1"> & \x00\x0b\x1b\x7f\x9b \ud800 \ufffe \u202e'
    finding = Finding(item=text, message="m" * 10_000, culprit=text)
    rules = tuple(
        rule.model_copy(
            update={"status": Status.FAILED, "failed": 7, "findings": (finding,) * 2, "reason": text}
        )
        for rule in report.rules
    )
    failed = report.model_copy(
        update={"rules": rules, "warnings": (text,), "verdict": Verdict.FAILED, "election": text}
    )
    check(failed)
    (failure, *_) = parsed(failed).iter("failure")
    lines = (failure.text or "").split("\n")
    assert lines[0].startswith(']]> <x a="1"> & ␀␋␛␡⟨U+009B⟩ ⟨U+D800⟩ ⟨U+FFFE⟩ ⟨U+202E⟩: mmm')
    assert len(lines[0]) < 500
    assert lines[2] == "and 5 more"
    assert failure.attrib == {"type": "failed", "message": f"7 of {rules[0].checked} manifest failed"}
