"""What a result tells of single voters, to be thought of before it is published."""

from __future__ import annotations

from ..manifest import Manifest
from ..tally import ContestResult, Result


def warnings_of(result: Result, manifest: Manifest) -> list[str]:
    """Reasons not to publish a result, in words."""
    found = []
    if result.below_minimum_group and result.collected:
        found.append(
            f"{result.collected} ballots count, fewer than the minimum of {manifest.minimum_group}: "
            "the counts may tell how a voter voted"
        )
    for contest in result.contests:
        if not isinstance(contest, ContestResult) or result.collected == 0:
            continue
        for line in contest.lines:
            most = max([*line.counts, line.blank])
            where = contest.id if line.id == contest.id else f"{contest.id}, {line.id}"
            if most == result.collected:
                found.append(f"all voted alike in {where}: the counts tell how everybody voted")
            elif most == result.collected - 1 and result.collected > 1:
                found.append(
                    f"all but one voted alike in {where}: who did not knows how all the others voted"
                )
    return found
