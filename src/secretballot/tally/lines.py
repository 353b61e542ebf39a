"""From mixed lines and their verified shares to results: every line is decrypted, read and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ..ballot.contest_kinds import LinePlan
from ..crypto.group import Element, ristretto255
from ..crypto.sharing import lagrange_at_zero
from ..errors import TallyError
from .batches import Batch
from .counting import line_result
from .mixing import Mixing
from .records import ContestResult, LineShare

#: Ciphertexts that are decrypted at once.
_PIECE = 2**12


def decrypt_rows(mixing: Mixing, place: int, shares: Mapping[int, LineShare]) -> list[tuple[Element, ...]]:
    """The messages of a batch, row by row, from the shares of a quorum by trustee index."""
    group = ristretto255
    batch = mixing.batches[place]
    size = group.element_size
    rows = bytes(mixing.rows(place))
    data = group.decode_elements(
        b"".join([rows[at + size : at + 2 * size] for at in range(0, len(rows), 2 * size)])
    )
    indices = sorted(shares)
    pieces = [mixing.shares(place, shares[index]) for index in indices]
    coefficients = [1, *(-lagrange_at_zero(index, indices, group.order) for index in indices)]
    messages = [group.sum_of_products(coefficients, column) for column in zip(data, *pieces, strict=True)]
    return [tuple(messages[at : at + batch.width]) for at in range(0, len(messages), batch.width)]


def count_lines(mixing: Mixing, shares: Mapping[int, LineShare]) -> dict[str, ContestResult]:
    """The results of the mixed contests of lines, by id.

    Raises TallyError where a line is none of the contest's choices: then the ballots' proofs cannot all have held.
    """
    contests: dict[str, list[tuple[Batch, Counter[str | None]]]] = {}
    for place, batch in enumerate(mixing.batches):
        if isinstance(batch.plan, LinePlan):
            counts: Counter[str | None] = Counter()
            if mixing.ballots:
                counts = _count_batch(batch, decrypt_rows(mixing, place, shares))
            contests.setdefault(batch.contest, []).append((batch, counts))
    out = {}
    for contest, counted in contests.items():
        lines = []
        for batch, counts in counted:
            if isinstance(batch.plan, LinePlan):
                lines.append(line_result(mixing.election, batch.plan, batch.line, counts, mixing.ballots))
        out[contest] = ContestResult(id=contest, lines=tuple(lines))
    return out


def _count_batch(batch: Batch, rows: list[tuple[Element, ...]]) -> Counter[str | None]:
    group, plan = ristretto255, batch.plan
    if not isinstance(plan, LinePlan):
        raise TallyError("marks are not counted by lines", item=batch.name)
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
