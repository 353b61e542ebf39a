"""Elections of rankings and texts, and the same counts in another way."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from secretballot.crypto.embedding import embed
from secretballot.crypto.group import Element, ristretto255
from secretballot.manifest import Contest, LineContest
from secretballot.manifest.contests import RankingContest, WriteInContest
from secretballot.tally import Result
from secretballot.tally.methods import lots
from secretballot.tally.methods.borda import borda
from secretballot.tally.methods.irv import instant_runoff
from secretballot.tally.methods.schulze import condorcet_winner, pairwise, schulze
from secretballot.tally.methods.stv import single_transferable_vote
from secretballot.tally.records import (
    BordaResult,
    ContestResult,
    RankingResult,
    RunoffResult,
    SchulzeResult,
    TransferResult,
    WriteInResult,
)
from secretballot.testing import Simulation

from ...support import elections

PEOPLE = ("an", "binh", "chi", "dung")
BOARD = RankingContest(
    id="board",
    labels={"en": "Board"},
    options=elections.options(*PEOPLE),
    minimum=1,
    maximum=3,
    allow_blank=True,
    methods=("stv", "borda", "irv", "schulze"),
    seats=2,
)
MOTTO = WriteInContest(id="motto", labels={"en": "Motto"}, max_bytes=40, allow_blank=True)


def tallied(contest: Contest, how: str) -> Contest:
    return contest.model_copy(update={"tally": how})


CONTESTS: tuple[Contest, ...] = (
    BOARD,
    tallied(elections.rating(rules=elections.RULES), "mixnet"),
    tallied(elections.choice(), "mixnet"),
    elections.choice("added", ("x", "y")),
    tallied(elections.approval(), "both"),
    MOTTO,
    tallied(elections.rating("twice", ("em",)), "both"),
    tallied(elections.approval("some", ("giang", "hoa"), minimum=0), "mixnet"),
)

TEXTS = ["Đoàn kết", "ĐOÀN  KẾT", "đoàn kết", "Đoàn kết", "Tự do", "", None, "Tư do"]
ORDERS: list[list[str] | None] = [
    ["an", "binh"],
    ["chi"],
    ["an", "chi", "dung"],
    [],
    ["dung", "binh", "an"],
    ["an", "binh"],
    None,
    ["binh"],
]


def ballot(number: int, draw: random.Random) -> Mapping[str, Any]:
    """What a voter chooses; marks by their number, lines at random."""
    levels = ["high", "confidence", "low", None]
    return {
        "board": ORDERS[number],
        "officials": {"an": draw.choice(levels), "binh": draw.choice(levels)},
        "chair": draw.choice(["chi", "dung", "em", None]),
        "added": draw.choice(["x", "y", None]),
        "committee": draw.choice([[], ["giang"], ["hoa", "khoa"], {"giang", "khoa"}]),
        "motto": TEXTS[number],
        "twice": {"em": draw.choice(levels)},
        "some": draw.choice([[], ["giang"], ["giang", "hoa"]]),
    }


def ranking_of(result: Result, contest: str = "board") -> RankingResult:
    (found,) = [one for one in result.contests if one.id == contest]
    assert isinstance(found, RankingResult)
    return found


def texts_of(result: Result, contest: str = "motto") -> WriteInResult:
    (found,) = [one for one in result.contests if one.id == contest]
    assert isinstance(found, WriteInResult)
    return found


def verified(simulation: Simulation) -> bool:
    """The record as an auditor gets it, with its attachments."""
    entries = list(simulation.store.entries())
    report = elections.verify(simulation, entries, attachments=simulation.log.attachments)
    return report.verdict == "verified"


def check_lines(contests: Sequence[Contest], ballots: Sequence[Mapping[str, Any]], result: Result) -> None:
    """The contests of lines are what a teller counts who sees the ballots."""
    lines = [contest for contest in contests if isinstance(contest, LineContest)]
    found = {
        one.id: {line.id: (line.counts, line.blank) for line in one.lines}
        for one in result.contests
        if isinstance(one, ContestResult)
    }
    assert found == elections.plain_count(lines, ballots)


def check_methods(simulation: Simulation, chosen: Sequence[list[str] | None], result: RankingResult) -> None:
    """Each method over the rankings that were chosen, and the lots drawn from the log's end of voting."""
    profile = Counter(tuple(PEOPLE.index(one) for one in order) for order in chosen if order)
    drawn = lots(simulation.election.id, simulation.log.tally.root, "board", PEOPLE)
    stv, points, runoff, order = result.methods
    assert isinstance(stv, TransferResult)
    assert isinstance(points, BordaResult)
    assert isinstance(runoff, RunoffResult)
    assert isinstance(order, SchulzeResult)

    stages, quota, elected = single_transferable_vote(profile, 4, 2, drawn)
    assert stv.quota == quota
    assert stv.elected == tuple(PEOPLE[place] for place in elected)
    assert [
        (one.votes, one.lost, one.elected, one.passed_on, one.excluded, one.by_lot) for one in stv.stages
    ] == [
        (one.votes, one.lost, named(one.elected), name(one.passed_on), one.excluded, one.by_lot)
        for one in stages
    ]

    assert points.half_points == tuple(borda(profile, 4))

    rounds, winner = instant_runoff(profile, 4, drawn)
    assert runoff.winner == name(winner)
    assert [(one.votes, one.exhausted, one.excluded, one.by_lot) for one in runoff.rounds] == [
        (one.votes, one.exhausted, name(one.excluded), one.by_lot) for one in rounds
    ]

    above = pairwise(profile, 4)
    assert order.above == tuple(map(tuple, above))
    assert order.order == tuple(map(named, schulze(above)))
    assert order.condorcet_winner == name(condorcet_winner(above))


def name(place: int | None) -> str | None:
    return None if place is None else PEOPLE[place]


def named(places: Sequence[int]) -> tuple[str, ...]:
    return tuple(PEOPLE[place] for place in places)


# Blank ballots, few ballots, none.

BLANK: Mapping[str, Any] = {"board": None, "chair": None, "motto": ""}
FEW: tuple[Contest, ...] = (BOARD, tallied(elections.choice(), "mixnet"), MOTTO)


def embedded(contest: str, mark: bytes) -> list[Element]:
    """A mark, whatever it says."""
    return embed(ristretto255, mark, 1 if contest == "board" else 2)
