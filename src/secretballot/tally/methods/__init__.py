"""How rankings are counted: one file a method, each with its source. Whole numbers alone, so that every counter gets
the same.

A :data:`Profile` is how often each ranking was given: places of options, the most preferred first; those that are left
out come after all that are there, and none of them before another. Where options tie and one has to be chosen, the
round before decides in which they did not, and at last the lot (:func:`lots`), which is drawn from the log as it was at
the end of voting: nobody could know it while they voted, and everybody can draw it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...crypto.encoding import Tag, tagged_hash

Ranking = tuple[int, ...]
Profile = Mapping[Ranking, int]


def lots(election_id: bytes, root: bytes, contest: str, options: Sequence[str]) -> tuple[int, ...]:
    """For each option its lot: the options' places in the order of their hashes. Of those that tie, the one with the
    lowest lot is the first to be elected, and the last to be excluded."""
    drawn = [tagged_hash(Tag.LOT, election_id, root, contest, option) for option in options]
    order = sorted(range(len(options)), key=lambda place: drawn[place])
    out = [0] * len(options)
    for lot, place in enumerate(order):
        out[place] = lot
    return tuple(out)


class TieBreak:
    """Of options that tie, the highest or lowest: by the latest earlier round that tells them apart, then by lot."""

    def __init__(self, drawn: Sequence[int]) -> None:
        self._lots = drawn
        #: The counts of each round so far, the latest last.
        self.rounds: list[Sequence[int]] = []

    def highest(self, tied: Iterable[int]) -> tuple[int, bool]:
        """The option, and whether the lot decided."""
        return self._choose(tied, 1)

    def lowest(self, tied: Iterable[int]) -> tuple[int, bool]:
        """The option, and whether the lot decided."""
        return self._choose(tied, -1)

    def _choose(self, tied: Iterable[int], sign: int) -> tuple[int, bool]:
        left = list(tied)
        for counts in reversed(self.rounds):
            best = max(sign * counts[place] for place in left)
            left = [place for place in left if sign * counts[place] == best]
        if len(left) == 1:
            return left[0], False
        return min(left, key=lambda place: sign * self._lots[place]), True
