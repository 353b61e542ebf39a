"""One file a kind of contest; :func:`plan_contest` turns a contest into its plan of lines."""

from __future__ import annotations

from ...manifest import ApprovalContest, ChoiceContest, Contest, Election, RatingContest
from . import approval, choice, rating
from .plan import ContestPlan, Line, Selection

__all__ = ["ContestPlan", "Line", "Selection", "plan_contest", "plan_election"]


def plan_contest(contest: Contest, capacity: int) -> ContestPlan:
    """How the contest is encrypted, proven and counted, with at most ``capacity`` ballots."""
    match contest:
        case RatingContest():
            return rating.RatingPlan(contest, capacity)
        case ChoiceContest():
            return choice.ChoicePlan(contest, capacity)
        case ApprovalContest():
            return approval.ApprovalPlan(contest, capacity)


def plan_election(election: Election) -> tuple[ContestPlan, ...]:
    """The plans of all contests, in the manifest's order."""
    return tuple(plan_contest(contest, election.manifest.capacity) for contest in election.manifest.contests)
