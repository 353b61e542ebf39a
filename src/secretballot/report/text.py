"""A verification report, and what a record holds, laid out for reading."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..manifest import Contest, Manifest
from ..manifest.contests import (
    ApprovalContest,
    ChoiceContest,
    LineContest,
    RankingContest,
    RatingContest,
    WriteInContest,
    tally_method,
)
from ..verify import Report, RuleResult, Status, Verdict
from .contents import RecordContents
from .marks import method_name
from .results import outcomes_view, result_view
from .words import Named, Words, counted, listed

_STATUS = {
    Status.PASSED: ("passed", "green"),
    Status.FAILED: ("FAILED", "bold red"),
    Status.NOT_RUN: ("not run", "yellow"),
    Status.NOT_APPLICABLE: ("n/a", "dim"),
}
_VERDICT = {Verdict.VERIFIED: "bold green", Verdict.FAILED: "bold red", Verdict.INCOMPLETE: "bold yellow"}
_MIN_TITLE, _MAX_TITLE = 20, 68
#: Findings shown a rule; one fault can break thousands of checks, and the JSON report lists more.
MAX_SHOWN = 10
#: What stands on a rule's line beside its title, with the space between: id and status; the count, if there is room.
_BESIDE_TITLE = 2 + 2 + 2 + 7
_COUNT = 2 + 18


def report_view(report: Report, manifest: Manifest | None, words: Words, width: int) -> Group:
    """The whole report: a line a rule, failed items beneath, then ballots, warnings, the result and the verdict.

    What the record says is indented, line by line: only the verifier speaks at the margin, and no name there can be
    taken for its verdict.
    """
    parts: list[RenderableType] = []
    if manifest is not None:
        titles = words.titles(manifest.labels, "election")
        parts += [_records(Text(title, style="bold")) for title in titles]
    parts.append(Text(f"Election {report.election or 'unknown: there is no readable manifest'}"))
    step = ""
    causes = _causes(report)
    for rule in report.rules:
        if rule.step != step:
            if causes and causes[0].step == step:
                ids = listed([cause.rule for cause in causes])
                parts += ["", Text(f"What follows may be consequences of {ids}.", style="yellow")]
            step = rule.step
            parts += ["", Text(step.capitalize(), style="bold")]
        parts += _rule(rule, words, width)
    parts += ["", ballots_line(report)]
    parts += [Text(f"Warning: {words.clean(warning)}", style="yellow") for warning in report.warnings]
    if report.result is not None:
        parts.append("")
        if report.verdict is not Verdict.VERIFIED:
            parts.append(Text("The result as published, NOT VERIFIED:", style="bold red"))
        parts.append(_records(result_view(report.result, manifest, words)))
        if manifest is not None:
            parts += ["", _records(outcomes_view(report.result, manifest, words))]
    parts += ["", verdict_line(report)]
    failed = causes or [rule for rule in report.rules if rule.failed]
    if failed:
        ids = " ".join(rule.rule for rule in failed)
        parts.append(Text(f"What that means, and what to do: secretballot explain {ids}"))
    return Group(*parts)


def _causes(report: Report) -> list[RuleResult]:
    """The failed rules of the first step in which any failed, where rules of later steps failed too."""
    failed = [rule for rule in report.rules if rule.failed]
    causes = [rule for rule in failed if rule.step == failed[0].step]
    return causes if len(causes) < len(failed) else []


def _rule(rule: RuleResult, words: Words, width: int) -> list[RenderableType]:
    status, style = _STATUS[rule.status]
    checked = counted(rule.checked, rule.unit) if rule.checked else ""
    if rule.failed:
        checked = f"{rule.failed} of {checked}"
    room = width - _BESIDE_TITLE
    wide = room >= _MIN_TITLE + _COUNT
    row = Table.grid(padding=(0, 2), pad_edge=False)
    row.add_column(width=2, no_wrap=True)
    row.add_column(width=max(1, min(_MAX_TITLE, room - _COUNT if wide else room)))
    row.add_column(width=7, no_wrap=True)
    cells: list[RenderableType] = [rule.rule, rule.title, Text(status, style=style)]
    if wide:
        row.add_column(width=_COUNT - 2)
        cells.append(checked)
    row.add_row(*cells)
    parts: list[RenderableType] = [row]
    if checked and not wide:
        parts.append(_beneath(Text(checked, style="dim")))
    if rule.reason:
        parts.append(_beneath(Text(words.clean(rule.reason), style="dim")))
    for finding in rule.findings[:MAX_SHOWN]:
        whose = f" (fault of {words.clean(finding.culprit)})" if finding.culprit else ""
        text = Text(f"{words.cross} ", style="red")
        text.append(f"{words.clean(finding.item)}: {words.clean(finding.message)}{whose}", style="default")
        parts.append(_beneath(text))
    unlisted = rule.failed - min(len(rule.findings), MAX_SHOWN)
    if unlisted > 0:
        parts.append(_beneath(Text(f"and {unlisted} more", style="dim")))
    return parts


def _records(words: RenderableType) -> Padding:
    """What the record says, in the verifier's report."""
    return Padding(words, (0, 0, 0, 2))


def _beneath(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 4))


def ballots_line(report: Report) -> Text:
    """How many ballots the record has, and how many counted."""
    return Text(
        f"Ballots: {report.ballots_cast} cast, {report.ballots_counted} counted, "
        f"{report.ballots_challenged} challenged; {counted(report.entries, 'entries')} in all"
    )


def verdict_line(report: Report) -> Text:
    """The verdict and the number of rules of each status."""
    numbers = {status: sum(rule.status is status for rule in report.rules) for status in Status}
    text = Text(report.verdict.value.upper(), style=_VERDICT[report.verdict])
    counts = f": {counted(numbers[Status.PASSED], 'rules')} passed, {numbers[Status.FAILED]} failed, "
    counts += f"{numbers[Status.NOT_RUN]} not run, {numbers[Status.NOT_APPLICABLE]} not applicable"
    return text.append(counts, style="default not bold")


def contents_view(contents: RecordContents, words: Words) -> Group:
    """What the record says: the election, its parties and contests, the entries by kind, the published result with
    who falls under which outcome rule."""
    parts: list[RenderableType] = []
    manifest = contents.election.manifest if contents.election else None
    if manifest is not None:
        parts += [Text(title, style="bold") for title in words.titles(manifest.labels, "election")]
        parts.append("")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    for name, value in _facts(contents, manifest, words):
        facts.add_row(name, value)
    parts.append(facts)
    for contest in manifest.contests if manifest else ():
        parts += ["", *_contest(contest, words)]
    parts += ["", *_entries(contents, words)]
    if contents.result is not None:
        parts += ["", Text("Result as published", style="bold")]
        parts.append(result_view(contents.result, manifest, words))
        if manifest is not None:
            parts += ["", outcomes_view(contents.result, manifest, words)]
    return Group(*parts)


def _facts(contents: RecordContents, manifest: Manifest | None, words: Words) -> Iterable[tuple[str, str]]:
    if contents.election is None or manifest is None:
        yield "Election", "there is no readable manifest"
    else:
        quorum, trustees = manifest.quorum, manifest.trustees
        revoting = "the first ballot" if manifest.revoting == "first" else "the last ballot"
        yield "Election", contents.election.id.hex()
        yield "Authority", words.both(manifest.authority.labels, manifest.authority.id)
        yield "Trustees", _names(trustees, words) + f"; {quorum} of {len(trustees)} are needed"
        yield "Registrars", _names(manifest.registrars, words)
        if manifest.mixers:
            yield "Mixers", _names(manifest.mixers, words) + f" ({counted(manifest.mixing_rounds, 'rounds')})"
        yield "Board", words.clean(manifest.board.origin)
        yield (
            "Roll",
            f"{manifest.roll_size}; no result over fewer than {counted(manifest.minimum_group, 'ballots')}",
        )
        yield "Revoting", f"{revoting} of a credential counts"
    yield "Phase", contents.phase
    yield "Checkpoint", _checkpoint(contents, words)


def _names(parties: Iterable[Named], words: Words) -> str:
    return ", ".join(words.both(party.labels, party.id) for party in parties)


def _checkpoint(contents: RecordContents, words: Words) -> str:
    if contents.checkpoint is None:
        return f"unreadable: {words.clean(contents.checkpoint_problem)}"
    stated = f"{words.clean(contents.checkpoint.origin)}, {counted(contents.checkpoint.size, 'entries')}"
    return (
        stated
        if contents.checkpoint.size == contents.entries
        else f"{stated}; the record has {contents.entries}"
    )


def _contest(contest: Contest, words: Words) -> Iterable[RenderableType]:
    yield Text(f"Contest {contest.id} ({_kind(contest)})", style="bold")
    yield Text(words.both(contest.labels, contest.id))
    if isinstance(contest, RatingContest):
        yield Text("Levels: " + ", ".join(words.both(level.labels, level.id) for level in contest.levels))
    options = () if isinstance(contest, WriteInContest) else contest.options
    for place, name in enumerate(words.names(options, both=True).values(), 1):
        yield Padding(Text(f"{place}. {name}"), (0, 0, 0, 2))
    if isinstance(contest, RankingContest):
        yield Text(f"Counted by {', '.join(map(method_name, contest.methods))}")
    for rule in contest.rules if isinstance(contest, LineContest) else ():
        base = "the whole roll" if rule.base == "roll" else "the ballots collected"
        relation = words.relation(rule.relation)
        condition = (
            f"{rule.count_of} {relation} {rule.threshold.numerator}/{rule.threshold.denominator} of {base}"
        )
        yield Text(f"Outcome where {condition}: {words.both(rule.labels, rule.id)}")


def _kind(contest: Contest) -> str:
    match contest:
        case ApprovalContest():
            kind = f"approve {contest.minimum} to {contest.maximum} of {len(contest.options)}"
        case ChoiceContest():
            kind = f"choose one of {len(contest.options)}"
        case RatingContest():
            kind = f"rate each of {len(contest.options)}"
        case RankingContest():
            kind = f"rank {contest.minimum} to {contest.maximum} of {len(contest.options)}"
            if contest.seats > 1:
                kind += f" for {contest.seats} seats"
        case WriteInContest():
            kind = f"write in up to {contest.max_bytes} bytes"
    blank = "blank allowed" if contest.allow_blank else "no blank"
    return f"{kind}, {blank}{_TALLY[tally_method(contest)]}"


_TALLY = {"homomorphic": "", "mixnet": ", mixed", "both": ", added up and mixed"}


def _entries(contents: RecordContents, words: Words) -> Iterable[RenderableType]:
    yield Text(f"{counted(contents.entries, 'entries').capitalize()}", style="bold")
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    for kind, number in contents.kinds.items():
        table.add_row(str(number), kind)
    if contents.unreadable:
        table.add_row(str(contents.unreadable), Text("unreadable", style="bold red"))
    yield Padding(table, (0, 0, 0, 2))
    for problem in contents.problems:
        yield _beneath(Text(words.clean(problem), style="red"))
    unlisted = contents.unreadable - len(contents.problems)
    if unlisted > 0:
        yield _beneath(Text(f"and {unlisted} more", style="dim"))
