"""The page's beginning: the verdict in words, what was verified, warnings, what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...verify import Finding, RuleResult, Status, Verdict
from ..words import shortened
from .blocks import facts, paragraph, section, table
from .elements import Content, Markup, code, element, escaped, filled, foreign
from .figures import mark
from .subject import Subject

#: Findings of a rule that are shown at once; the others of the report are folded.
SHOWN = 10
#: Cosigners that are named.
MAX_NAMED = 10
#: Of a verdict, the sign beside it.
SIGNS = {Verdict.VERIFIED: "tick", Verdict.FAILED: "cross", Verdict.INCOMPLETE: "open"}


def masthead(subject: Subject) -> Markup:
    """The election's name, and the verdict."""
    report, language = subject.report, subject.language
    manifest = subject.manifest
    title: Content = language.say("no title")
    if manifest is not None:
        title = language.both(manifest.labels, report.election)
    return element(
        "header",
        paragraph(language.say("document"), style="kind"),
        element("h1", title),
        _verdict(subject),
    )


def _verdict(subject: Subject) -> Markup:
    report, language = subject.report, subject.language
    verdict = report.verdict.value
    parts: list[Content] = [
        element("h2", mark(SIGNS[report.verdict]), language.say(verdict), id="verdict-title"),
    ]
    concerned = Status.FAILED if report.verdict is Verdict.FAILED else Status.NOT_RUN
    rules = language.counted(sum(rule.status is concerned for rule in report.rules), "rules")
    parts.append(paragraph(language.say(f"{verdict} means", rules=rules), style="meaning"))
    if subject.is_verified:
        parts.append(paragraph(language.say("verified leaves")))
    numbers = {status: sum(rule.status is status for rule in report.rules) for status in Status}
    tally = language.say(
        "tally of rules",
        passed=language.counted(numbers[Status.PASSED], "rules"),
        failed=numbers[Status.FAILED],
        open=numbers[Status.NOT_RUN],
        void=numbers[Status.NOT_APPLICABLE],
    )
    parts.append(paragraph(tally, style="aside"))
    return element(
        "section", parts, id="verdict", class_=f"verdict {verdict}", aria_labelledby="verdict-title"
    )


def what_was_verified(subject: Subject) -> Markup:
    """Election, record, ballots; who verified, when, and against what."""
    language = subject.language
    return section("subject", language.say("subject"), facts(_facts(subject)))


def _facts(subject: Subject) -> Iterator[tuple[Content, Content]]:
    report, language, manifest = subject.report, subject.language, subject.manifest
    if manifest is not None:
        yield language.say("election"), language.label(manifest.labels, report.election)
        yield language.say("authority"), language.label(manifest.authority.labels, manifest.authority.id)
    # In one piece, to be searched for; the fingerprints have it in groups.
    yield language.say("id"), code(report.election) if report.election else language.say("no id")
    yield language.say("record"), language.counted(report.entries, "entries")
    yield (
        language.say("ballots"),
        language.say(
            "ballots are",
            cast=language.number(report.ballots_cast),
            counted=language.number(report.ballots_counted),
            challenged=language.number(report.ballots_challenged),
        ),
    )
    if manifest is not None:
        roll = language.say(
            "roll is",
            roll=language.counted(manifest.roll_size, "voters"),
            minimum=language.counted(manifest.minimum_group, "ballots"),
        )
        yield language.say("roll"), roll
        yield language.say("revoting"), language.say(f"{manifest.revoting} counts")
    if subject.made is not None:
        yield language.say("made"), element("time", f"{subject.made:%Y-%m-%d %H:%M} UTC")
    yield language.say("verifier"), verifier_name(subject)
    yield language.say("pins"), _pins(subject)


def verifier_name(subject: Subject) -> Markup:
    """Version and backend."""
    version, backend = subject.verifier
    return subject.language.say("verifier is", version=foreign(version), backend=foreign(backend))


def _pins(subject: Subject) -> Content:
    language, pins = subject.language, subject.pins
    held: list[Content] = []
    if subject.announced is not None:
        held.append(language.say("pinned id", id=code(subject.announced.hex())))
    if pins is not None and pins.checkpoint is not None:
        entries = language.counted(pins.checkpoint.size, "entries")
        held.append(language.say("pinned checkpoint", entries=entries))
    if pins is not None and pins.cosigners:
        names = shortened(", ".join(one.name for one in pins.cosigners[:MAX_NAMED]))
        if len(pins.cosigners) > MAX_NAMED:
            names += ", …"
        held.append(language.say("pinned cosigners", needed=pins.needed, names=foreign(names)))
    if not held:
        return language.say("no pins")
    return element("ul", [element("li", one) for one in held], class_="plain")


def warnings(subject: Subject) -> Markup:
    """What the verifier warns of."""
    report, language = subject.report, subject.language
    body: Content = paragraph(language.say("no warnings"))
    if report.warnings:
        body = element("ul", [element("li", language.verifiers(one)) for one in report.warnings])
    return section("warnings", language.say("warnings"), body)


def findings(subject: Subject) -> Markup | None:
    """What is wrong, rule by rule; None where nothing is."""
    language = subject.language
    failed = [rule for rule in subject.report.rules if rule.failed]
    if not failed:
        return None
    parts: list[Content] = []
    causes = [rule for rule in failed if rule.step == failed[0].step]
    if len(causes) < len(failed):
        links = _joined([element("a", rule.rule, href=f"#rule-{rule.rule}") for rule in causes])
        parts.append(paragraph(language.say("consequences", rules=links), style="notice"))
    for rule in failed:
        parts.append(element("h3", element("span", rule.rule, class_="rule-id"), " ", language.title(rule)))
        parts.append(_of_rule(subject, rule))
    return section("findings", language.say("findings"), parts, style="findings")


def _of_rule(subject: Subject, rule: RuleResult) -> Content:
    language = subject.language
    shown, folded = rule.findings[:SHOWN], rule.findings[SHOWN:]
    parts: list[Content] = [_listing(subject, rule, shown)]
    if folded:
        summary = element("summary", language.say("further findings", number=len(folded)))
        parts.append(element("details", summary, _listing(subject, rule, folded)))
    unlisted = rule.failed - len(rule.findings)
    if unlisted > 0:
        parts.append(
            paragraph(language.say("more findings", number=language.number(unlisted)), style="aside")
        )
    return parts


def _listing(subject: Subject, rule: RuleResult, listed: Sequence[Finding]) -> Markup:
    language = subject.language
    english = None if language.tag == "en" else "en"
    rows = [
        (
            foreign(one.item, lang=english),
            foreign(one.message, lang=english),
            foreign(one.culprit) if one.culprit else language.say("nobody"),
        )
        for one in listed
    ]
    headings = [language.say("item"), language.say("message"), language.say("culprit")]
    return table(language.say("findings of", rule=rule.rule), headings, rows, style="wide")


def _joined(parts: Sequence[Markup]) -> Markup:
    return escaped([part if place == 0 else filled(", {one}", one=part) for place, part in enumerate(parts)])
