"""Each rule with its status, its count and its reference."""

from __future__ import annotations

from itertools import groupby

from ...verify import RuleResult, Status
from .blocks import grouped_table, paragraph, section
from .elements import Content, Markup, element
from .figures import mark
from .subject import Subject

_SIGNS = {
    Status.PASSED: "tick",
    Status.FAILED: "cross",
    Status.NOT_RUN: "open",
    Status.NOT_APPLICABLE: "dash",
}


def rules(subject: Subject) -> Markup:
    """One table, a group of rows a step."""
    language = subject.language
    headings = [language.say(key) for key in ("rule id", "asks", "status", "checked")]
    groups = []
    for step, results in groupby(subject.report.rules, key=lambda rule: rule.step):
        groups.append((language.step(step), [_row(subject, rule) for rule in results]))
    return section(
        "rules",
        language.say("rules"),
        paragraph(language.say("rules why")),
        grouped_table(language.say("rules table"), headings, groups, numbers=[3], style="rules"),
    )


def _row(subject: Subject, rule: RuleResult) -> list[Content]:
    language = subject.language
    asks: list[Content] = [language.title(rule)]
    if rule.reason:
        asks.append(element("small", language.verifiers(rule.reason)))
    page, hash_, place = rule.reference.partition("#")
    asks.append(element("small", element("code", page, element("wbr"), hash_, place, dir="ltr")))
    # Nothing is said to be checked where nothing was: a dash, and no zero that looks like a pass.
    checked: Content = "–"
    if rule.checked:
        checked = language.counted(rule.checked, rule.unit)
    if rule.failed:
        checked = language.say("failed of", failed=language.number(rule.failed), checked=checked)
    sign = _SIGNS[rule.status]
    status = element("span", mark(sign), language.say(f"status {rule.status.value}"), class_=f"status {sign}")
    anchor = element("span", rule.rule, id=f"rule-{rule.rule}", class_="rule-id")
    return [anchor, asks, status, checked]
