"""What verification says: for each rule a status, how many items were checked, and each that failed.

Three states are never mixed up: passed, failed, not run. A fourth, not applicable, is for a rule that this election
cannot have anything for. A rule that checked nothing has not passed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from ..errors import ArgumentError, check_type
from ..records import Count, Record
from ..tally.records import Result

#: Failed items listed a rule; all of them are counted.
MAX_FINDINGS = 100


class Status(StrEnum):
    """A rule's status."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"
    NOT_APPLICABLE = "not applicable"


class Verdict(StrEnum):
    """The whole record's: verified only where nothing failed and nothing that applies was left unrun."""

    VERIFIED = "verified"
    FAILED = "failed"
    INCOMPLETE = "incomplete"


class Finding(Record):
    """One item that breaks a rule: what it is, what is wrong, and whose fault it is where that is known."""

    item: str
    message: str
    culprit: str | None


class RuleResult(Record):
    """A rule's result. ``reason`` says why it was not run or does not apply; empty otherwise."""

    rule: str
    step: str
    title: str
    reference: str
    status: Status
    unit: str
    checked: Count
    failed: Count
    reason: str
    findings: Annotated[tuple[Finding, ...], Field(fail_fast=True, max_length=MAX_FINDINGS)]


class Report(Record):
    """The report on a record: verdict, rules in order, what was read, and the result that the record publishes.

    ``result`` is what the record says, right or wrong: it holds where the verdict is verified.
    """

    report: Literal["secretballot/1/report"] = "secretballot/1/report"
    verdict: Verdict
    #: The election's id in hexadecimal; empty where there is no readable manifest.
    election: str
    entries: Count
    ballots_cast: Count
    ballots_counted: Count
    ballots_challenged: Count
    rules: Annotated[tuple[RuleResult, ...], Field(fail_fast=True)]
    warnings: Annotated[tuple[str, ...], Field(fail_fast=True)]
    result: Result | None

    def rule(self, rule_id: str) -> RuleResult:
        """A rule's result by its id, such as ``M1``; raises ArgumentError where the report has none of that id."""
        check_type(rule_id, str, "a rule's id as text")
        for result in self.rules:
            if result.rule == rule_id:
                return result
        raise ArgumentError(f"there is no rule {rule_id!r}")
