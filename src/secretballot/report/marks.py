"""Rankings and texts as tables: what each method makes of the rankings, and which texts were written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..manifest import Manifest
from ..manifest.contests import RankingContest
from ..tally.methods.stv import UNIT
from ..tally.records import (
    BordaResult,
    MethodResult,
    RankingResult,
    RunoffResult,
    SchulzeResult,
    TransferResult,
    WriteInResult,
)
from .words import Words

#: Texts, and invalid lines, that are shown.
MAX_SHOWN = 20

_METHODS = {
    "borda": "Borda",
    "irv": "instant runoff",
    "stv": "single transferable vote",
    "schulze": "Schulze",
}


def method_name(method: str) -> str:
    """A method's name in words."""
    return _METHODS.get(method, method)


def marks_view(
    result: RankingResult | WriteInResult, manifest: Manifest | None, words: Words, titles: Mapping[str, str]
) -> list[RenderableType]:
    """A contest of marks, under its title of ``titles``: how many were valid, and what they come to. Without a
    ``manifest`` options have their ids."""
    contests = manifest.contests if manifest else ()
    contest = next((one for one in contests if one.id == result.id), None)
    title = titles.get(result.id, f"Contest {result.id}")
    parts: list[RenderableType] = [
        Text(title, style="bold"),
        Text(f"{result.valid} valid, {result.blank} blank, {result.invalid} invalid"),
    ]
    for line in result.invalid_lines[:MAX_SHOWN]:
        parts.append(_beneath(Text(words.clean(f"mixed line {line.line}: {line.reason}"), style="dim")))
    if result.invalid > MAX_SHOWN:
        parts.append(_beneath(Text(f"and {result.invalid - MAX_SHOWN} more", style="dim")))
    if isinstance(result, WriteInResult):
        return [*parts, _texts(result, words)]
    names: dict[str, str] = {}
    if isinstance(contest, RankingContest):
        names = words.names(contest.options)
    for method in result.methods:
        parts += ["", Text(method_name(method.method).capitalize(), style="bold")]
        parts += _method(method, names)
    return parts


def _beneath(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2))


def _texts(result: WriteInResult, words: Words) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    for one in result.texts[:MAX_SHOWN]:
        table.add_row(words.clean(one.text), str(one.count))
    rest = sum(one.count for one in result.texts[MAX_SHOWN:]) + result.others
    if rest:
        table.add_row(Text("other texts", style="dim"), str(rest))
    return table


def _method(method: MethodResult, names: dict[str, str]) -> Iterator[RenderableType]:
    ids = list(names)
    match method:
        case BordaResult():
            points = dict(zip(_options(ids, len(method.half_points)), method.half_points, strict=True))
            rows = sorted(points.items(), key=lambda row: -row[1])
            yield _columns(
                [(names.get(option, option), _number(Fraction(twice, 2))) for option, twice in rows]
            )
        case RunoffResult():
            yield _rounds(ids, names, [one.votes for one in method.rounds], 1)
            for number, one in enumerate(method.rounds, 1):
                if one.excluded is not None:
                    yield _beneath(
                        Text(f"round {number}: {_who(names, [one.excluded])} excluded{_lot(one.by_lot)}")
                    )
            yield Text(f"Elected: {_who(names, [method.winner] if method.winner else [])}", style="bold")
        case TransferResult():
            yield Text(f"Quota {_number(Fraction(method.quota, UNIT))}")
            if method.stages:
                yield _rounds(ids, names, [one.votes for one in method.stages], UNIT)
            for number, stage in enumerate(method.stages, 1):
                if stage.elected:
                    yield _beneath(Text(f"stage {number}: {_who(names, stage.elected)} elected"))
                if stage.passed_on is not None:
                    what = "excluded" if stage.excluded else "surplus passed on"
                    yield _beneath(
                        Text(f"stage {number}: {_who(names, [stage.passed_on])} {what}{_lot(stage.by_lot)}")
                    )
            yield Text(f"Elected: {_who(names, method.elected)}", style="bold")
        case SchulzeResult():
            for place, group in enumerate(method.order, 1):
                yield _beneath(Text(f"{place}. {_who(names, group)}"))
            if method.condorcet_winner is not None:
                winner = _who(names, [method.condorcet_winner])
                yield Text(f"{winner} wins against each other option (Condorcet winner).")
            else:
                yield Text("No option wins against each other one (no Condorcet winner).")


def _options(ids: Sequence[str], count: int) -> list[str]:
    """The options' ids; numbers where the manifest does not give them."""
    return list(ids) if len(ids) == count else [f"option {place}" for place in range(1, count + 1)]


def _who(names: dict[str, str], options: Sequence[str]) -> str:
    return ", ".join(names.get(option, option) for option in options) or "nobody"


def _lot(by_lot: bool) -> str:
    return ", by lot" if by_lot else ""


def _number(value: Fraction) -> str:
    text = f"{float(value):.5f}".rstrip("0").rstrip(".")
    return text or "0"


def _columns(rows: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    for name, figure in rows:
        table.add_row(f"  {name}", figure)
    return table


def _rounds(ids: Sequence[str], names: dict[str, str], votes: Sequence[Sequence[int]], unit: int) -> Table:
    """An option a row, a round a column."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    table.add_column("", overflow="fold", min_width=16)
    for number in range(1, len(votes) + 1):
        table.add_column(str(number), justify="right")
    options = _options(ids, max(map(len, votes), default=0))
    for place, option in enumerate(options):
        figures = [_number(Fraction(one[place], unit)) if place < len(one) else "" for one in votes]
        table.add_row(names.get(option, option), *figures)
    return table
