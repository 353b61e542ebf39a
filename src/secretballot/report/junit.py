"""The report as JUnit XML, which continuous integration reads: a test case a rule.

A failed rule is a failure. One that was not run is an error, and not a skipped test, which would not stop a pipeline:
an incomplete verification is not a verified one. A rule that does not apply is skipped.
"""

from __future__ import annotations

from xml.etree import ElementTree

from ..verify import Report, RuleResult, Status
from .words import counted, shortened, visible


def junit_report(report: Report) -> bytes:
    """The XML in UTF-8. It is well-formed whatever the findings quote: characters that XML cannot have are written
    out."""
    numbers = {status: sum(rule.status is status for rule in report.rules) for status in Status}
    counts = {
        "tests": str(len(report.rules)),
        "failures": str(numbers[Status.FAILED]),
        "errors": str(numbers[Status.NOT_RUN]),
        "skipped": str(numbers[Status.NOT_APPLICABLE]),
    }
    root = ElementTree.Element("testsuites", {"name": "secretballot verify", **counts})
    suite = ElementTree.SubElement(
        root, "testsuite", {"name": visible(f"election {report.election or 'unknown'}"), **counts}
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (
        ("verdict", report.verdict.value),
        ("election", report.election),
        ("entries", report.entries),
        ("ballots_cast", report.ballots_cast),
        ("ballots_counted", report.ballots_counted),
        ("ballots_challenged", report.ballots_challenged),
    ):
        ElementTree.SubElement(properties, "property", {"name": name, "value": visible(str(value))})
    for rule in report.rules:
        _case(suite, rule)
    if report.warnings:
        ElementTree.SubElement(suite, "system-out").text = "\n".join(
            f"Warning: {visible(one)}" for one in report.warnings
        )
    ElementTree.indent(root)
    xml: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _case(suite: ElementTree.Element, rule: RuleResult) -> None:
    name = f"{rule.rule}: {rule.title} ({counted(rule.checked, rule.unit)})"
    case = ElementTree.SubElement(
        suite, "testcase", {"classname": visible(f"secretballot.{rule.step}"), "name": visible(name)}
    )
    match rule.status:
        case Status.FAILED:
            message = f"{rule.failed} of {counted(rule.checked, rule.unit)} failed"
            failure = ElementTree.SubElement(
                case, "failure", {"type": rule.status.value, "message": visible(message)}
            )
            failure.text = "\n".join(_findings(rule))
        case Status.NOT_RUN:
            ElementTree.SubElement(
                case, "error", {"type": rule.status.value, "message": visible(rule.reason)}
            )
        case Status.NOT_APPLICABLE:
            ElementTree.SubElement(case, "skipped", {"message": visible(rule.reason)})
        case Status.PASSED:
            pass


def _findings(rule: RuleResult) -> list[str]:
    lines = []
    for one in rule.findings:
        whose = f" (fault of {one.culprit})" if one.culprit else ""
        lines.append(visible(shortened(f"{one.item}: {one.message}{whose}")))
    unlisted = rule.failed - len(rule.findings)
    return [*lines, f"and {unlisted} more"] if unlisted > 0 else lines
