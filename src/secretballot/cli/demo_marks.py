"""The part of ``secretballot demo`` that shows votes by rankings and by texts."""

from __future__ import annotations

from typing import NamedTuple

from rich.padding import Padding
from rich.text import Text

from ..board import ElectionRecord
from ..data.marks import RankedVote, TextVote
from ..manifest import Manifest
from ..report import result_view
from ..tally import RankingResult, Result, WriteInResult
from ..tally.records import SchulzeResult
from ..verify import Report
from .terminal import Terminal


class Outcome(NamedTuple):
    """What a demonstration ends with."""

    record: ElectionRecord
    manifest: Manifest
    election: str
    report: Report


def show_marks(
    terminal: Terminal, vote: RankedVote | TextVote, voters: int, expected: str | None, outcome: Outcome
) -> bool:
    """Prints what came of it; returns whether the winner is ``expected``, where all ballots were cast."""
    words, result = terminal.words, outcome.report.result
    terminal.show(*(Text(title, style="bold") for title in words.titles(vote.title, vote.id)))
    terminal.show(Text(f"{voters} ballots, mixed by {outcome.manifest.mixing_rounds} mixers."), "")
    if result is None:
        terminal.show(Text("There is no result.", style="bold red"))
        return False
    terminal.show(result_view(result, outcome.manifest, words), "")
    same = _winner(result) == expected and result.collected == voters
    if expected is None:
        same = result.collected == voters
        terminal.show(Text("Not all ballots were cast: there is no winner to compare with.", style="dim"))
    elif same:
        terminal.show(Text("The winner is the one that is on record.", style="green"))
    else:
        terminal.show(Text("The winner is NOT the one that is on record.", style="bold red"))
    terminal.show("", Text("About this vote", style="bold"))
    for text in (*vote.notes, *(f"Source: {source}" for source in vote.sources)):
        terminal.show(Padding(Text(words.clean(text)), (0, 0, 0, 2)))
    return same


def _winner(result: Result) -> str | None:
    """By Schulze's method, or the most frequent text."""
    for contest in result.contests:
        if isinstance(contest, WriteInResult):
            return contest.texts[0].text if contest.texts else None
        if isinstance(contest, RankingResult):
            for method in contest.methods:
                if isinstance(method, SchulzeResult):
                    return method.order[0][0] if len(method.order[0]) == 1 else None
    return None
