"""From mixed lines and their verified shares to results: every line is decrypted, read and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..ballot.contest_kinds import LinePlan
from ..crypto.group import Element, ristretto255
from ..crypto.sharing import lagrange_at_zero
from ..errors import TallyError
from .batches import Batch
from .counting import line_result
from .mixing import Mixing
from .records import ContestResult, LineResult, LineShare


def decrypt_rows(mixing: Mixing, place: int, shares: Mapping[int, LineShare]) -> list[tuple[Element, ...]]:
    """The messages of a batch, row by row, from the shares of a quorum by trustee index."""
    group = ristretto255
    batch = mixing.batches[place]
    data = group.decode_elements(mixing.data(place))
    indices = sorted(shares)
    pieces = [mixing.shares(place, shares[index]) for index in indices]
    coefficients = [1, *(-lagrange_at_zero(index, indices, group.order) for index in indices)]
    messages = [group.sum_of_products(coefficients, column) for column in zip(data, *pieces, strict=True)]
    return [tuple(messages[at : at + batch.width]) for at in range(0, len(messages), batch.width)]


def count_lines(mixing: Mixing, shares: Mapping[int, LineShare]) -> dict[str, ContestResult]:
    """The results of the mixed contests of lines, by id.

    Raises TallyError where a line is none of the contest's choices: then the ballots' proofs cannot all have held.
    """
    contests: dict[str, list[LineResult]] = {}
    for place, batch in enumerate(mixing.batches):
        plan = batch.plan
        if isinstance(plan, LinePlan):
            rows = decrypt_rows(mixing, place, shares) if mixing.ballots else []
            counts = _count_batch(batch, plan, rows)
            line = line_result(mixing.election, plan, batch.line, counts, mixing.ballots)
            contests.setdefault(batch.contest, []).append(line)
    return {contest: ContestResult(id=contest, lines=tuple(lines)) for contest, lines in contests.items()}


def _count_batch(batch: Batch, plan: LinePlan, rows: Sequence[tuple[Element, ...]]) -> Counter[str | None]:
    group = ristretto255
    line = next(line for line in plan.lines if line.id == batch.line)
    choices = {}
    for name, weights in zip(line.names, line.weights, strict=True):
        elements = [group.sum_of_products([weight], [group.generator]) for weight in weights]
        choices[tuple(group.lookup_keys(elements))] = name
    keys = group.lookup_keys([element for row in rows for element in row])
    counts: Counter[str | None] = Counter()
    for at in range(0, len(keys), batch.width):
        row = tuple(keys[at : at + batch.width])
        if row not in choices:
            raise TallyError("a mixed line is none of the contest's choices", item=batch.name)
        counts[choices[row]] += 1
    return counts
