"""The proof of a shuffle: the outputs are the inputs, each re-encrypted, in another order.

Source: Terelius and Wikström, "Proofs of Restricted Shuffles" (AFRICACRYPT 2010), in the form of Haenni, Locher, Koenig
and Dubuis, "Pseudo-Code Algorithms for Verifiable Re-Encryption Mix-Nets" (Financial Cryptography workshops 2017),
algorithms 4.3 to 4.9; made non-interactive by the duplex sponge of draft-irtf-cfrg-fiat-shamir. Specification:
``docs/spec/shuffle.md``, with every equation in words.

A row is a vector of ElGamal ciphertexts, ``width`` of them, which stay together. Letters are the paper's, written
additively: c commits to the permutation, row by row; u are the challenges that it is opened at; ĉ (``chain``) commits
to the products of the permuted u; x is the challenge to the responses s.

The proof is in the *batchable* form: it holds the commitments t and not their challenge, so that all its equations are
one multi-scalar multiplication, of ``4 + 4 * width`` points a row. This file is public data alone; the prover's side is
:mod:`.shuffling`.

Layout: the elements c, ĉ and t̂ (one a row each), t₁, t₂, t₃, t₄ (a pair for each ciphertext of a row); then the scalars
s₁, s₂, s₃, s₄ (one for each ciphertext of a row), ŝ and s′ (one a row each). Inputs and outputs: row by row, A then B.
"""

from __future__ import annotations

from ..errors import (
    InvalidElementError,
    InvalidInstanceError,
    InvalidProofError,
    InvalidScalarError,
)
from .generators import MAX_GENERATORS, generators
from .group import Element, Group
from .group.system import WEIGHT_SIZE, read_weights
from .transcript import EXTRA, Buffer, DuplexSponge, decode_uint

MAX_ROWS = MAX_GENERATORS
#: The most ciphertexts of a row.
MAX_WIDTH = 2**10
#: Points that are decoded and multiplied at once: more make a multi-scalar multiplication no cheaper.
_POINTS = 2**14


class Shuffle:
    """What a proof of a shuffle states. Inputs and outputs are encoded rows.

    Raises InvalidInstanceError where there are no rows, too many, or not as many outputs as inputs, and for a key that
    is the identity. That they decode is found out by :func:`verify`.
    """

    __slots__ = ("group", "inputs", "key", "outputs", "row_size", "rows", "width")

    def __init__(self, group: Group, key: Element, width: int, inputs: Buffer, outputs: Buffer) -> None:
        if not 1 <= width <= MAX_WIDTH:
            raise InvalidInstanceError(f"a row has 1 to {MAX_WIDTH} ciphertexts, not {width}")
        if key.is_identity():
            raise InvalidInstanceError("the key is the identity")
        self.group = group
        self.key = key
        self.width = width
        self.row_size = 2 * group.element_size * width
        self.rows, rest = divmod(len(inputs), self.row_size)
        if rest or not 1 <= self.rows <= MAX_ROWS:
            raise InvalidInstanceError(
                f"there are 1 to {MAX_ROWS} rows of {self.row_size} bytes, not {len(inputs)} bytes"
            )
        if len(outputs) != len(inputs):
            raise InvalidInstanceError(f"the outputs have {len(outputs)} bytes, the inputs {len(inputs)}")
        self.inputs = memoryview(inputs)
        self.outputs = memoryview(outputs)


class Layout:
    """Where the parts of a proof stand."""

    def __init__(self, group: Group, rows: int, width: int) -> None:
        #: The first message: c. The second: ĉ, t̂ and t. The third: the responses.
        self.first = slice(0, group.element_size * rows)
        self.second = slice(self.first.stop, group.element_size * (3 * rows + 3 + 2 * width))
        self.size = self.second.stop + group.scalar_size * (2 * rows + 3 + width)
        self.third = slice(self.second.stop, self.size)


def proof_size(group: Group, rows: int, width: int) -> int:
    """A proof's length in bytes."""
    return Layout(group, rows, width).size


class Transcript:
    """The challenges of a proof, in their order: each is drawn from everything before it."""

    def __init__(self, session_id: bytes, shuffle: Shuffle) -> None:
        group = self._group = shuffle.group
        self._rows = shuffle.rows
        self._sponge = DuplexSponge(session_id)
        self._sponge.absorb(shuffle.rows.to_bytes(8, "little") + shuffle.width.to_bytes(4, "little"))
        self._sponge.absorb(shuffle.key.encode())
        self._sponge.absorb(shuffle.inputs)
        self._sponge.absorb(shuffle.outputs)
        self._size = group.scalar_size + EXTRA

    def commit(self, first: Buffer) -> bytes:
        """The challenges u to c, of all rows; :func:`decode_challenges` reads some."""
        self._sponge.absorb(first)
        return self._sponge.squeeze(self._size * self._rows)

    def challenge(self, second: Buffer) -> int:
        """The challenge x to ĉ and t."""
        self._sponge.absorb(second)
        return decode_uint(self._sponge.squeeze(self._size), self._group.order)

    def weights(self, third: Buffer, count: int) -> bytes:
        """The weights of the verifier's equations, of WEIGHT_SIZE bytes, once the responses are fixed."""
        self._sponge.absorb(third)
        return self._sponge.squeeze(WEIGHT_SIZE * count)


def decode_challenges(group: Group, challenges: bytes, start: int, end: int) -> list[int]:
    """The challenges u of the rows from ``start`` to ``end``."""
    size = group.scalar_size + EXTRA
    read, order = int.from_bytes, group.order
    return [
        read(challenges[at : at + size], "little") % order for at in range(size * start, size * end, size)
    ]


def verify(session_id: bytes, shuffle: Shuffle, proof: Buffer) -> None:
    """Returns nothing where the proof holds. ``session_id`` fixes everything else that the shuffle belongs to.

    Raises InvalidProofError where it does not hold or has the wrong length, and InvalidElementError or
    InvalidScalarError, which names part and row, for what does not decode.
    """
    group = shuffle.group
    layout = Layout(group, shuffle.rows, shuffle.width)
    if len(proof) != layout.size:
        raise InvalidProofError(
            f"a shuffle of {shuffle.rows} rows has a proof of {layout.size} bytes, not {len(proof)}"
        )
    proof = memoryview(proof)
    transcript = Transcript(session_id, shuffle)
    challenges = transcript.commit(proof[layout.first])
    x = transcript.challenge(proof[layout.second])
    weights = transcript.weights(proof[layout.third], 3 + 2 * shuffle.width + shuffle.rows)
    if not _Check(shuffle, proof, challenges, x, weights).total().is_identity():
        raise InvalidProofError("the proof of the shuffle does not verify")


class _Check:
    """The weighted sum of all equations, each brought to one side. It is the identity when all hold."""

    def __init__(
        self, shuffle: Shuffle, proof: memoryview, challenges: bytes, x: int, weights: bytes
    ) -> None:
        self.shuffle = shuffle
        self.group = group = shuffle.group
        self.proof = proof
        self.challenges = challenges
        self.x = x
        self._weights = weights
        rows, width = shuffle.rows, shuffle.width
        single = 3 + 2 * width
        self.single_weights = self._read_weights(0, single)
        point, scalar = group.element_size, group.scalar_size
        at = point * 3 * rows
        # What is not by rows: t₁, t₂, t₃, t₄ and s₁, s₂, s₃, s₄.
        self.commitments = self._elements("commitment", proof[at : at + point * single], 0)
        self.responses = self._integers(proof[at + point * single :][: scalar * (3 + width)], 0)
        #: Where ŝ and s′ begin, in the bytes of the proof and in the scalars.
        self._responses = at + point * single + scalar * (3 + width)
        self._scalars = 3 + width
        self.generators = generators(group).first(rows)

    def total(self) -> Element:
        """The sum, in pieces of some thousand points."""
        shuffle = self.shuffle
        step = max(1, _POINTS // (4 + 4 * shuffle.width))
        parts = []
        product, sum_chain = 1, 0
        for start in range(0, shuffle.rows, step):
            end = min(start + step, shuffle.rows)
            part, u, drawn = self._rows(start, end)
            parts.append(part)
            for one in u:
                product = product * one % self.group.order
            sum_chain += drawn
        parts.append(self._rest(product, sum_chain))
        return self.group.sum(parts)

    def _rows(self, start: int, end: int) -> tuple[Element, list[int], int]:
        """The rows' part of the sum; their challenges u; and their sum of weight times ŝ."""
        shuffle, group, x, proof = self.shuffle, self.group, self.x, self.proof
        rows, point = shuffle.rows, group.element_size
        _, to_sum, to_permuted, *to_rows = self.single_weights
        to_first = self.single_weights[0]
        u = decode_challenges(group, self.challenges, start, end)
        # Of t̂ in row i + 1, ĉ in row i is a base too: one row more is read, where there is one.
        further = min(end + 1, rows)
        chain_weights = self._read_weights(
            len(self.single_weights) + start, len(self.single_weights) + further
        )
        permuted = self._row_integers(rows + start, rows + further)
        drawn = self._row_integers(start, end)
        following = [w * s for w, s in zip(chain_weights[1:], permuted[1:], strict=True)]
        if further == end:
            following.append(-to_sum * x)
        own = end - start
        weights, permuted = chain_weights[:own], permuted[:own]
        first_x, permuted_x = to_first * x, to_permuted * x % group.order
        coefficients = [to_permuted * s + first_x for s in permuted]
        coefficients += [-(first_x + permuted_x * one) for one in u]
        coefficients += [after - w * x for w, after in zip(weights, following, strict=True)]
        coefficients += [-w for w in weights]
        rows_x = [w * x % group.order for w in to_rows]
        coefficients += [-w * one for one in u for w in rows_x]
        coefficients += [w * s for s in permuted for w in to_rows]
        elements = [*self.generators[start:end]]
        for part, name in enumerate(("permutation commitment", "chain", "chain commitment")):
            at = point * rows * part
            elements += self._elements(name, proof[at + point * start : at + point * end], start)
        for data, name in ((shuffle.inputs, "input"), (shuffle.outputs, "output")):
            part_of = data[shuffle.row_size * start : shuffle.row_size * end]
            elements += self._elements(name, part_of, start, 2 * shuffle.width)
        total = group.sum_of_products(coefficients, elements)
        return total, u, sum(w * s for w, s in zip(weights, drawn, strict=True))

    def _rest(self, product: int, sum_chain: int) -> Element:
        """What does not grow with the rows: generator, key, blinding generator, and the single commitments."""
        group, x = self.group, self.x
        first, to_sum, to_permuted, *to_rows = self.single_weights
        s1, s2, s3, *s4 = self.responses
        pads, data = to_rows[0::2], to_rows[1::2]
        (permuted,) = self._row_integers(self.shuffle.rows, self.shuffle.rows + 1)
        (chain_weight,) = self._read_weights(len(self.single_weights), len(self.single_weights) + 1)
        coefficients = [
            first * s1
            + to_sum * s2
            + to_permuted * s3
            + sum_chain
            - sum(w * s for w, s in zip(pads, s4, strict=True)),
            -sum(w * s for w, s in zip(data, s4, strict=True)),
            to_sum * x * product + chain_weight * permuted,
            *(-w for w in self.single_weights),
        ]
        elements = [group.generator, self.shuffle.key, generators(group).blinding, *self.commitments]
        return group.sum_of_products(coefficients, elements)

    # Reading.

    def _read_weights(self, start: int, end: int) -> list[int]:
        return read_weights(self._weights[WEIGHT_SIZE * start : WEIGHT_SIZE * end])

    def _row_integers(self, start: int, end: int) -> list[int]:
        size = self.group.scalar_size
        at = self._responses
        return self._integers(self.proof[at + size * start : at + size * end], self._scalars + start)

    def _integers(self, data: memoryview, first: int) -> list[int]:
        try:
            return self.group.decode_integers(bytes(data))
        except InvalidScalarError as error:
            raise InvalidScalarError(error.message, index=first + error.index) from None

    def _elements(self, part: str, data: memoryview, first: int, per_row: int = 1) -> list[Element]:
        try:
            return self.group.decode_elements(bytes(data))
        except InvalidElementError as error:
            row = first + error.index // per_row
            raise InvalidElementError(f"{part} {row}: {error.message}", index=error.index % per_row) from None
