"""A result as tables, and the outcome rules that its lines fall under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..manifest import LineContest, Manifest
from ..manifest.contests import ApprovalContest, ChoiceContest, OutcomeRule, RatingContest
from ..tally import ContestResult, LineResult, Result
from .marks import marks_view
from .words import Words, percent

#: Counts a line that fit side by side on 80 columns; longer lines are listed downwards.
MAX_COLUMNS = 4
#: More columns than any table needs.
UNLIMITED = 10_000
#: Cells that a heading may have a line.
MAX_HEADING = 10

#: Published counts by line, in the order of the contest's counts.
Published = Mapping[str, Sequence[int]]


def result_view(
    result: Result,
    manifest: Manifest | None,
    words: Words,
    *,
    notes: Mapping[str, str] | None = None,
    published: Published | None = None,
    heading: str = "published",
) -> Group:
    """Every contest's counts, with percentages of its base.

    ``notes`` are shown beneath the lines' names, by line id. With ``published`` a column of that ``heading`` has those
    counts, and a last one ticks where they are the same. Without a ``manifest`` lines are named by their ids.
    """
    titles = words.names(manifest.contests if manifest else (), both=True)
    parts: list[RenderableType] = []
    for contest_result in result.contests:
        if parts:
            parts.append("")
        if not isinstance(contest_result, ContestResult):
            parts += marks_view(contest_result, manifest, words, titles)
            continue
        contest = _contest(manifest, contest_result.id)
        parts += _contest_heading(contest, titles, contest_result, result, words)
        wide = max((len(line.counts) for line in contest_result.lines), default=0)
        listing = _listing(contest, contest_result, result, words)
        if isinstance(contest, ChoiceContest) or wide > MAX_COLUMNS:
            parts.append(listing)
            continue
        matrix = _Matrix(contest, contest_result, result, words, notes, published, heading).table()
        parts.append(matrix if published is not None else _Fitting(matrix, listing))
    return Group(*parts)


class _Fitting:
    """A table, or where it is too wide another one in its place."""

    def __init__(self, table: Table, otherwise: Table) -> None:
        self._table = table
        self._otherwise = otherwise

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        needed = console.measure(self._table, options=options.update_width(UNLIMITED)).minimum
        yield self._table if needed <= options.max_width else self._otherwise


def _contest(manifest: Manifest | None, contest_id: str) -> LineContest | None:
    contests = manifest.contests if manifest else ()
    found = (one for one in contests if one.id == contest_id and isinstance(one, LineContest))
    return next(found, None)


def _base(contest: LineContest | None, result: Result) -> int:
    return result.roll if contest is not None and contest.base == "roll" else result.collected


def _contest_heading(
    contest: LineContest | None,
    titles: Mapping[str, str],
    contest_result: ContestResult,
    result: Result,
    words: Words,
) -> list[RenderableType]:
    if contest is None:
        return [Text(f"Contest {contest_result.id}", style="bold")]
    of = (
        f"the whole roll, {result.roll}"
        if contest.base == "roll"
        else f"the ballots collected, {result.collected}"
    )
    parts: list[RenderableType] = [Text(titles[contest.id], style="bold")]
    if isinstance(contest, RatingContest):
        parts.append(
            Text("Levels: " + ", ".join(words.both(level.labels, level.id) for level in contest.levels))
        )
    parts.append(Text(f"Percentages are of {of}."))
    return parts


def _count_names(contest: LineContest | None, line: LineResult, words: Words) -> list[str]:
    """The labels of a line's counts. A published line may have another number of them: then they are numbered."""
    if contest is None or len(contest.count_names()) != len(line.counts):
        return [f"count {place}" for place in range(1, len(line.counts) + 1)]
    if isinstance(contest, ApprovalContest):
        return list(contest.count_names())
    options = contest.levels if isinstance(contest, RatingContest) else contest.options
    return [*words.names(options).values()]


def _shows_blank(contest: LineContest | None, contest_result: ContestResult) -> bool:
    """Not beneath approvals, whose blanks only repeat who did not approve, and not where none is allowed."""
    if isinstance(contest, ApprovalContest):
        return False
    return contest is None or contest.allow_blank or any(line.blank for line in contest_result.lines)


def _line_names(contest: LineContest | None, words: Words) -> dict[str, str]:
    options = () if contest is None or isinstance(contest, ChoiceContest) else contest.options
    return words.names(options)


class _Matrix:
    """A row a line, a column a count."""

    def __init__(
        self,
        contest: LineContest | None,
        contest_result: ContestResult,
        result: Result,
        words: Words,
        notes: Mapping[str, str] | None,
        published: Published | None,
        heading: str,
    ) -> None:
        self._contest = contest
        self._lines = contest_result.lines
        self._base = _base(contest, result)
        self._words = words
        counts = [count for line in self._lines for count in (*line.counts, line.blank)]
        self._share_width = max((len(percent(count, self._base)) for count in counts), default=0)
        self._notes = notes
        self._published = published
        self._heading = heading
        self._blank = _shows_blank(contest, contest_result)

    def table(self) -> Table:
        names = _line_names(self._contest, self._words)
        rows = [self._row(line, names.get(line.id, line.id)) for line in self._lines]
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
        table.add_column("", overflow="fold", min_width=16)
        for place, heading in enumerate(self._headings(), 1):
            # Only the names give way where space is short: a figure is never broken.
            figures = [part for row in rows for part in row[place].plain.split("\n")]
            width = max(map(cell_len, [*figures, *heading.split()]), default=0)
            table.add_column(heading, justify="right", width=max(width, _heading_width(heading)))
        for row in rows:
            table.add_row(*row)
        return table

    def _headings(self) -> list[str]:
        headings = _count_names(self._contest, self._lines[0], self._words) if self._lines else []
        if self._blank:
            headings.append("blank")
        if self._published is not None:
            headings += [self._heading, ""]
        return headings

    def _row(self, line: LineResult, name: str) -> list[Text]:
        counts = (*line.counts, line.blank) if self._blank else line.counts
        row = [self._name(line, name), *(self._cell(count) for count in counts)]
        if self._published is not None:
            expected = self._published.get(line.id, ())
            row.append(Text("/".join(map(str, expected))))
            if tuple(expected) == line.counts:
                row.append(Text(self._words.tick, style="green"))
            else:
                row.append(Text(self._words.cross, style="bold red"))
        return row

    def _name(self, line: LineResult, name: str) -> Text:
        text = Text(name)
        note = (self._notes or {}).get(line.id)
        if note:
            text.append(f"\n{self._words.clean(note)}", style="dim")
        return text

    def _cell(self, count: int) -> Text:
        """The count and its percentage: beneath it where there is more to show on the line."""
        share = percent(count, self._base)
        text = Text(str(count))
        narrow = bool(self._notes) or self._published is not None
        text.append(f"\n{share}" if narrow else f" {share:>{self._share_width}}", style="dim")
        return text


def _heading_width(heading: str) -> int:
    """The width in which a heading stands on one line if it is short, or else on two if they are."""
    if cell_len(heading) <= MAX_HEADING:
        return cell_len(heading)
    words = heading.split()
    halves = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return min([MAX_HEADING, *(max(map(cell_len, pair)) for pair in halves)])


def _listing(
    contest: LineContest | None, contest_result: ContestResult, result: Result, words: Words
) -> Table:
    """A row a count, beneath its line's name where there are several lines."""
    base = _base(contest, result)
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    table.add_column(justify="right", style="dim")
    names = _line_names(contest, words)
    several = len(contest_result.lines) > 1
    for line in contest_result.lines:
        if several:
            table.add_row(Text(names.get(line.id, line.id), style="bold"))
        indent = "  " if several else ""
        counts = [*zip(_count_names(contest, line, words), line.counts, strict=True)]
        if _shows_blank(contest, contest_result):
            counts.append(("blank", line.blank))
        for name, count in counts:
            table.add_row(indent + name, str(count), percent(count, base))
    return table


def outcomes_view(result: Result, manifest: Manifest, words: Words) -> Group:
    """Each outcome rule, from the most severe on, and the lines that fall under it: under a milder one those too whose
    outcome is a more severe one, since its condition holds for them."""
    parts: list[RenderableType] = []
    for contest_result in result.contests:
        contest = _contest(manifest, contest_result.id)
        if contest is None or not isinstance(contest_result, ContestResult):
            continue
        names = _line_names(contest, words) or {contest.id: words.label(contest.labels, contest.id)}
        for rule in contest.rules:
            parts.append(Text(words.both(rule.labels, rule.id)))
            fallen = [line for line in contest_result.lines if rule.id in line.outcomes]
            under = ", ".join(names.get(line.id, line.id) + _standing(contest, rule, line) for line in fallen)
            condition = _condition(contest, rule, result, words)
            who = Text(f"{condition}: ").append(under or "nobody", style="bold" if fallen else "")
            parts.append(Padding(who, (0, 0, 0, 2)))
    return Group(*parts)


def _condition(contest: LineContest, rule: OutcomeRule, result: Result, words: Words) -> str:
    levels = contest.levels if isinstance(contest, RatingContest) else contest.options
    labels = words.names(levels)
    base = (
        f"the whole roll, {result.roll}"
        if rule.base == "roll"
        else f"the {result.collected} ballots collected"
    )
    threshold = f"{rule.threshold.numerator}/{rule.threshold.denominator}"
    return f"{labels.get(rule.count_of, rule.count_of)} {words.relation(rule.relation)} {threshold} of {base}"


def _standing(contest: LineContest, rule: OutcomeRule, line: LineResult) -> str:
    counts = dict(zip(contest.count_names(), line.counts, strict=False))
    return f" ({counts[rule.count_of]})" if rule.count_of in counts else ""
