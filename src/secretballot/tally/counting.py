"""From verified shares to counts, and from counts to outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ballot.contest_kinds import ContestPlan
from ..crypto.discrete_log import DiscreteLog, split_digits
from ..crypto.elgamal import Ciphertext, combine
from ..crypto.group import Element, ristretto255
from ..errors import DiscreteLogError, TallyError
from ..manifest import Election
from ..manifest.contests import Contest
from .encrypted import EncryptedTally
from .records import ContestResult, LineResult, Result


def count(
    election: Election,
    plans: Sequence[ContestPlan],
    tally: EncryptedTally,
    shares: Mapping[int, Sequence[Element]],
) -> Result:
    """The result, from at least a quorum of verified shares by trustee index.

    Raises TallyError where fewer than a quorum are given, or where the sums are not those of ``tally.ballots`` ballots:
    then the ballots' proofs cannot all have held.
    """
    manifest = election.manifest
    if tally.ballots and len(shares) < manifest.quorum:
        raise TallyError(f"{manifest.quorum} decryption shares are needed, there are {len(shares)}")
    solver = _Solver()
    at = 0
    contests = []
    for plan in plans:
        lines = []
        for line in plan.lines:
            digits: list[int] = []
            for own in plan.digits:
                if tally.ballots:
                    pieces = {index: share[at] for index, share in shares.items()}
                    digits += solver.digits(tally.ciphertexts[at], pieces, plan.base, own)
                else:
                    digits += [0] * own
                at += 1
            lines.append(_line(election, plan, line.id, line.names, digits, tally.ballots))
        contests.append(ContestResult(id=plan.id, lines=tuple(lines)))
    return Result(
        election=election.id,
        collected=tally.ballots,
        roll=manifest.roll_size,
        below_minimum_group=tally.ballots < manifest.minimum_group,
        contests=tuple(contests),
    )


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


def _line(
    election: Election,
    plan: ContestPlan,
    line_id: str,
    names: Sequence[str | None],
    digits: Sequence[int],
    ballots: int,
) -> LineResult:
    rest = ballots - sum(digits)
    if rest < 0:
        raise TallyError("a line counts more marks than ballots", item=f"contest {plan.id}, line {line_id}")
    by_name = dict(zip(names, (rest, *digits), strict=True))
    counts = tuple(by_name[name] for name in plan.contest.count_names())
    return LineResult(
        id=line_id,
        counts=counts,
        blank=by_name.get(None, 0),
        outcomes=outcomes(plan.contest, counts, ballots, election.manifest.roll_size),
    )


def outcomes(contest: Contest, counts: Sequence[int], collected: int, roll: int) -> tuple[str, ...]:
    """The ids of the contest's rules that a line with these counts falls under, in the manifest's order."""
    by_name = dict(zip(contest.count_names(), counts, strict=True))
    return tuple(rule.id for rule in contest.rules if rule.holds(by_name[rule.count_of], collected, roll))
