"""The result of an election, put together from its contests'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..ballot.contest_kinds import LinePlan, MarkPlan
from ..crypto.group import Element
from ..errors import TallyError
from ..manifest import Election, is_summed
from .counting import count_sums
from .encrypted import EncryptedTally
from .lines import count_lines
from .marks import count_marks
from .mixing import Mixing
from .records import ContestResult, LineShare, RankingResult, Result, WriteInResult


def count(
    election: Election,
    plans: Sequence[LinePlan | MarkPlan],
    tally: EncryptedTally,
    shares: Mapping[int, Sequence[Element]],
    mixing: Mixing | None = None,
    line_shares: Mapping[int, LineShare] = MappingProxyType({}),
) -> Result:
    """The result, from at least a quorum of verified shares, by trustee index, of the sums and of the mixed lines;
    ``mixing`` is None where no contest is mixed.

    Of a contest that is tallied twice it has the counts of the sums. Raises TallyError where fewer than a quorum are
    given, and where the ballots' proofs cannot all have held.
    """
    manifest = election.manifest
    sums = count_sums(election, plans, tally, shares)
    if mixing is not None and mixing.needed and len(line_shares) < manifest.quorum:
        raise TallyError(
            f"{manifest.quorum} shares of the mixed lines are needed, there are {len(line_shares)}"
        )
    only_mixed = [plan.id for plan in plans if not is_summed(plan.contest)]
    every: dict[str, ContestResult | RankingResult | WriteInResult] = {}
    if mixing is not None and only_mixed:
        every |= count_lines(mixing, line_shares)
        every |= count_marks(mixing, line_shares)
    every |= sums
    return Result(
        election=election.id,
        collected=tally.ballots,
        roll=manifest.roll_size,
        below_minimum_group=tally.ballots < manifest.minimum_group,
        contests=tuple(every[plan.id] for plan in plans),
    )
