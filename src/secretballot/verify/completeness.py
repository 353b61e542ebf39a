"""Whether an outcome is whole: everything that was to be examined was, and what is counted adds up.

Workers are trusted as this process is. What is caught here are accidents: a bug, another build, memory that failed.
None of them may end in a pass, nor in a report that says fewer items than there were.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ..board.entry import Cast, Challenged, Facts, Issued
from ..errors import OutcomeError
from .shard import Outcome, Task

_FACTS: dict[str, type[Facts]] = {
    "issuance": Issued,
    "ballot": Cast,
    "challenged-ballot": Challenged,
}
#: The rules that are checked in a shard.
_RULES = frozenset({"L1", "L2", "L4", "C2", "B1", "B2", "H1"})


class Ballots(NamedTuple):
    """What an election's ballots are like: the bytes of all ciphertexts of one, and its proofs, one a contest."""

    size: int
    proofs: int


def check_outcome(task: Task, kinds: list[str], ballots: Ballots, outcome: Outcome) -> None:
    """Returns nothing if the outcome is whole, for a task whose entries are of these kinds; raises OutcomeError."""
    if outcome.first != task.first or len(outcome.facts) != len(task.entries):
        raise OutcomeError("a worker's outcome is not of the entries that the worker was given")
    for place, (kind, facts) in enumerate(zip(kinds, outcome.facts, strict=True), task.first):
        if facts is not None and not isinstance(facts, _FACTS[kind]):
            raise OutcomeError(f"a worker has facts of another entry for entry {place}")
    failed = Counter(one.rule for one in outcome.failures)
    if not _RULES.issuperset(outcome.passed) or not _RULES.issuperset(failed):
        raise OutcomeError("a worker has checked what is not to be checked in a shard")
    _check_counts(Counter(type(facts) for facts in outcome.facts), Counter(outcome.passed), failed, ballots)
    _check_sums(outcome, failed["B1"], ballots)


def _check_counts(kinds: Counter[type], passed: Counter[str], failed: Counter[str], ballots: Ballots) -> None:
    """Every check that an entry has was made: it passed or failed."""
    unread = kinds[type(None)]
    read = kinds.total() - unread
    cast = kinds[Cast]
    within = cast + kinds[Challenged]
    done = passed + failed
    exact = {"L2": read, "L4": read, "C2": within, "H1": kinds[Challenged]}
    whole = (
        (passed["L1"], failed["L1"]) == (read, unread)
        and all(done[rule] == count for rule, count in exact.items())
        # A ballot that breaks down while it is added up has failed once more.
        and passed["B1"] <= cast <= done["B1"]
        # One whose proofs cannot be taken apart has failed once, and not for each of them.
        and within * ballots.proofs - failed["B2"] * (ballots.proofs - 1)
        <= done["B2"]
        <= within * ballots.proofs
    )
    if not whole:
        raise OutcomeError("a worker's counts are not those of the entries that it was given")


def _check_sums(outcome: Outcome, malformed: int, ballots: Ballots) -> None:
    """The ballots in the sums are those of the facts."""
    cast = [facts.ciphertexts for facts in outcome.facts if isinstance(facts, Cast)]
    added = sum(map(bool, cast))
    if added != outcome.summed or added + malformed < len(cast):
        raise OutcomeError(f"a worker has added up {outcome.summed} ballots, of {added}")
    if any(len(one) not in (0, ballots.size) for one in cast) or len(outcome.sums) != ballots.size * bool(
        added
    ):
        raise OutcomeError("a worker's sums are not of this election's ballots")
