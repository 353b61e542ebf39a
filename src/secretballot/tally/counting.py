"""From verified shares of sums to counts, and from counts to outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ballot.contest_kinds import LinePlan, MarkPlan
from ..crypto.discrete_log import DiscreteLog, split_digits
from ..crypto.elgamal import Ciphertext, combine
from ..crypto.group import Element, ristretto255
from ..errors import DiscreteLogError, TallyError
from ..manifest import Election, LineContest, is_summed
from .encrypted import EncryptedTally
from .records import ContestResult, LineResult


def count_sums(
    election: Election,
    plans: Sequence[LinePlan | MarkPlan],
    tally: EncryptedTally,
    shares: Mapping[int, Sequence[Element]],
) -> dict[str, ContestResult]:
    """The results of the contests that are added up, by id; from at least a quorum of verified shares by trustee index.

    Raises TallyError where fewer than a quorum are given, or where the sums are not those of ``tally.ballots`` ballots:
    then the ballots' proofs cannot all have held.
    """
    manifest = election.manifest
    if tally.ciphertexts and len(shares) < manifest.quorum:
        raise TallyError(f"{manifest.quorum} decryption shares are needed, there are {len(shares)}")
    solver = _Solver()
    at = 0
    contests = {}
    for plan in plans:
        if not isinstance(plan, LinePlan) or not is_summed(plan.contest):
            continue
        lines = []
        for line in plan.lines:
            digits: list[int] = []
            for own in plan.digits:
                if tally.ciphertexts:
                    pieces = {index: share[at] for index, share in shares.items()}
                    digits += solver.digits(tally.ciphertexts[at], pieces, plan.base, own)
                else:
                    digits += [0] * own
                at += 1
            rest = tally.ballots - sum(digits)
            if rest < 0:
                raise TallyError(
                    "a line counts more marks than ballots", item=f"contest {plan.id}, line {line.id}"
                )
            counts = dict(zip(line.names, (rest, *digits), strict=True))
            lines.append(line_result(election, plan, line.id, counts, tally.ballots))
        contests[plan.id] = ContestResult(id=plan.id, lines=tuple(lines))
    return contests


class _Solver:
    """One table of baby steps for each size of logarithm."""

    def __init__(self) -> None:
        self._tables: dict[int, DiscreteLog] = {}

    def digits(
        self, ciphertext: Ciphertext, shares: Mapping[int, Element], base: int, digits: int
    ) -> tuple[int, ...]:
        bound = base**digits
        if bound not in self._tables:
            self._tables[bound] = DiscreteLog(ristretto255, bound)
        try:
            value = self._tables[bound].solve(combine(ristretto255, ciphertext, shares))
        except DiscreteLogError as error:
            raise TallyError(f"a sum does not decrypt to counts: {error.message}") from None
        return split_digits(value, base, digits)


def line_result(
    election: Election, plan: LinePlan, line_id: str, counts: Mapping[str | None, int], ballots: int
) -> LineResult:
    """A line's result, from how often each of its choices was given."""
    ordered = tuple(counts.get(name, 0) for name in plan.contest.count_names())
    return LineResult(
        id=line_id,
        counts=ordered,
        blank=counts.get(None, 0),
        outcomes=outcomes(plan.contest, ordered, ballots, election.manifest.roll_size),
    )


def outcomes(contest: LineContest, counts: Sequence[int], collected: int, roll: int) -> tuple[str, ...]:
    """The ids of the contest's rules that a line with these counts falls under, in the manifest's order."""
    by_name = dict(zip(contest.count_names(), counts, strict=True))
    return tuple(rule.id for rule in contest.rules if rule.holds(by_name[rule.count_of], collected, roll))
