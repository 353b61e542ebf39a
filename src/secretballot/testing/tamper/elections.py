"""The elections that the attacks are on: as small as shows each of them.

``sums`` is added up: a rating with an outcome rule and an approval; ``twice`` is mixed, and its first contest is added
up besides. Each has three trustees with a quorum of two, one registrar, three voters on a roll of four of whom one
votes again, and one ballot that is challenged. ``foreign`` is another election like ``sums``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...ballot.contest_kinds import Selection
from ...manifest import ApprovalContest, ChoiceContest, Contest, Option, OutcomeRule, RatingContest
from ...manifest.contests import RankingContest
from ..simulator import Simulation
from .accomplices import Accomplices

#: Voters, by place from 0: the first votes again, the second challenges a ballot before, the third votes once.
FIRST, DOUBTER, LAST = 0, 1, 2


def _options(*ids: str) -> tuple[Option, ...]:
    return tuple(Option(id=one, labels={"en": one.title()}) for one in ids)


DISMISSAL = OutcomeRule(
    id="dismissal",
    labels={"en": "Dismissal"},
    count_of="low",
    relation=">",
    threshold=Fraction(1, 2),
    base="collected",
)
OFFICIALS = RatingContest(
    id="officials",
    labels={"en": "Confidence vote"},
    options=_options("an", "binh"),
    base="collected",
    rules=(DISMISSAL,),
    levels=_options("high", "low"),
    allow_blank=False,
)
COMMITTEE = ApprovalContest(
    id="committee",
    labels={"en": "Committee"},
    options=_options("giang", "hoa"),
    base="roll",
    rules=(),
    minimum=0,
    maximum=1,
    allow_blank=False,
)
CHAIR = ChoiceContest(
    id="chair",
    labels={"en": "Chair"},
    options=_options("chi", "dung"),
    base="collected",
    rules=(),
    allow_blank=True,
    tally="both",
)
ORDER = RankingContest(
    id="order",
    labels={"en": "Order"},
    options=_options("an", "binh", "chi"),
    methods=("borda",),
    maximum=3,
    minimum=1,
    seats=1,
    allow_blank=True,
)


def officials(an: str, binh: str, *committee: str) -> dict[str, Selection]:
    """What a voter of ``sums`` chooses."""
    return {"officials": {"an": an, "binh": binh}, "committee": set(committee)}


def chair(chair: str | None, *order: str) -> dict[str, Selection]:
    """What a voter of ``twice`` chooses."""
    return {"chair": chair, "order": list(order)}


@dataclass(frozen=True)
class Elections:
    """The elections that are attacked."""

    sums: Accomplices
    twice: Accomplices
    foreign: Accomplices


def hold_elections() -> Elections:
    """Holds each of the elections, with keys of its own."""
    return Elections(hold_sums(), hold_twice(), hold_sums())


def hold_sums() -> Accomplices:
    """An election that is added up, to its end."""
    ballots = [
        officials("high", "low", "giang"),
        officials("high", "low"),
        officials("low", "low", "hoa"),
        officials("high", "high", "hoa"),
    ]
    return _hold((OFFICIALS, COMMITTEE), officials("low", "low", "hoa"), ballots)


def hold_twice() -> Accomplices:
    """An election that is mixed, and partly added up besides, to its end. One mixer more than is needed is named."""
    ballots = [chair("chi", "an"), chair("dung", "binh", "an"), chair("chi", "chi"), chair(None, "chi", "an")]
    return _hold((CHAIR, ORDER), chair("dung", "an"), ballots, mixers=3, mixing_rounds=2)


def _hold(
    contests: Sequence[Contest],
    challenged: Mapping[str, Selection],
    ballots: Sequence[Mapping[str, Selection]],
    **rest: Any,
) -> Accomplices:
    simulation = Simulation(contests, roll_size=4, minimum_group=2, **rest)
    simulation.hold_ceremony()
    simulation.issue(3)
    board, seal = simulation.board, simulation.seal
    board.submit(seal(FIRST, ballots[0]).cast())
    board.submit(seal(DOUBTER, challenged).challenge())
    for voter, chosen in zip((DOUBTER, LAST, FIRST), ballots[1:], strict=True):
        board.submit(seal(voter, chosen).cast())
    simulation.tally(absent=[2])
    return Accomplices.of(simulation)
