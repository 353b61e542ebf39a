"""Each rule with its status, its count and its reference."""

from __future__ import annotations

from itertools import groupby

from ...verify import RuleResult, Status
from .blocks import paragraph, section, table
from .elements import Content, Markup, code, element
from .figures import mark
from .subject import Subject

_SIGNS = {
    Status.PASSED: "tick",
    Status.FAILED: "cross",
    Status.NOT_RUN: "open",
    Status.NOT_APPLICABLE: "dash",
}


def rules(subject: Subject) -> Markup:
    """A table a step."""
    language = subject.language
    parts: list[Content] = [paragraph(language.say("rules why"))]
    headings = [language.say(key) for key in ("rule id", "asks", "status", "checked", "reference")]
    for step, results in groupby(subject.report.rules, key=lambda rule: rule.step):
        name = language.step(step)
        parts.append(element("h3", name))
        rows = [_row(subject, rule) for rule in results]
        parts.append(
            table(language.say("rules table", step=name), headings, rows, numbers=[3], style="rules")
        )
    return section("rules", language.say("rules"), parts)


def _row(subject: Subject, rule: RuleResult) -> list[Content]:
    language = subject.language
    asks: list[Content] = [language.title(rule)]
    if rule.reason:
        asks.append(element("small", language.verifiers(rule.reason)))
    # Nothing is said to be checked where nothing was: a dash, and no zero that looks like a pass.
    checked: Content = "–"
    if rule.checked:
        checked = language.counted(rule.checked, rule.unit)
    if rule.failed:
        checked = language.say("failed of", failed=language.number(rule.failed), checked=checked)
    status = element(
        "span",
        mark(_SIGNS[rule.status]),
        language.say(f"status {rule.status.value}"),
        class_=f"status {_SIGNS[rule.status]}",
    )
    anchor = element("span", rule.rule, id=f"rule-{rule.rule}", class_="rule-id")
    return [anchor, asks, status, checked, code(rule.reference)]
