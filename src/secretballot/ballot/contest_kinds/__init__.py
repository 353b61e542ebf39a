"""One file a kind of contest; :func:`plan_contest` turns a contest into its plan."""

from __future__ import annotations

from ...manifest import Contest, Election
from ...manifest.contests import ApprovalContest, ChoiceContest, RankingContest, RatingContest, WriteInContest
from . import approval, choice, ranking, rating, write_in
from .mark import MarkPlan
from .plan import ContestPlan, Line, LinePlan, Selection

__all__ = ["ContestPlan", "Line", "LinePlan", "MarkPlan", "Selection", "plan_contest", "plan_election"]


def plan_contest(contest: Contest, capacity: int) -> LinePlan | MarkPlan:
    """How the contest is encrypted and proven, with at most ``capacity`` ballots."""
    match contest:
        case RatingContest():
            return rating.RatingPlan(contest, capacity)
        case ChoiceContest():
            return choice.ChoicePlan(contest, capacity)
        case ApprovalContest():
            return approval.ApprovalPlan(contest, capacity)
        case RankingContest():
            return ranking.RankingPlan(contest)
        case WriteInContest():
            return write_in.WriteInPlan(contest)


def plan_election(election: Election) -> tuple[LinePlan | MarkPlan, ...]:
    """The plans of all contests, in the manifest's order."""
    return tuple(plan_contest(contest, election.manifest.capacity) for contest in election.manifest.contests)
