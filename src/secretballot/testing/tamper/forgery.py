"""Shuffles that are none: 5 and 9 become 2.5 and 11.5, with a proof of which all but one equation hold.

A mixer multiplies the rows by a matrix that is no permutation. Its commitment is to the matrix's transposed inverse,
whose rows add up to one, so that every equation of the proof holds but that of the last row's chain. A verifier that
looks at as many rows of the chain as it was given is content with one fewer (Haines, Lewis, Pereira, Teague, "How not
to prove your election outcome", IEEE S&P 2020, have many such gaps). A mixer that knows the discrete logarithms of the
generators makes that equation hold too: Lewis, Pereira and Teague found such trapdoors in a proof of the Swiss Post
system ("Ceci n'est pas une preuve", 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...crypto.elgamal import EncryptionKey
from ...crypto.generators import generators
from ...crypto.group import Element, Group, Scalar
from ...crypto.shuffle import Shuffle, Transcript, decode_challenges


@dataclass(frozen=True)
class Bases:
    """The generators of a proof, for so many rows; ``trapdoor`` is the discrete logarithm of the blinding one, where
    the mixer knows it."""

    blinding: Element
    rows: Sequence[Element]
    trapdoor: Scalar | None = None

    @classmethod
    def honest(cls, group: Group, rows: int) -> Bases:
        """Those that everybody derives by hashing."""
        made = generators(group)
        return cls(made.blinding, list(made.first(rows)))

    @classmethod
    def chosen(cls, group: Group, rows: int) -> Bases:
        """Those of a mixer that knows their logarithms."""
        trapdoor = group.random_scalar()
        drawn = [group.multiply_generator(group.random_scalar()) for _ in range(rows)]
        return cls(group.multiply_generator(trapdoor), drawn, trapdoor)


def matrix(order: int, rows: int) -> list[list[int]]:
    """What the outputs are of the inputs: the first two rows 2.5 and 11.5 of 5 and 9, the others as they are."""
    half = pow(2, -1, order)
    out = [[int(i == j) for j in range(rows)] for i in range(rows)]
    out[0][0] = out[1][0] = half
    return out


def _committed(order: int, rows: int) -> list[list[int]]:
    """The matrix's inverse, transposed."""
    out = [[int(i == j) for j in range(rows)] for i in range(rows)]
    out[0][:2] = [2, order - 1]
    return out


def forge(
    key: EncryptionKey, session_id: bytes, width: int, inputs: bytes, bases: Bases | None = None
) -> tuple[Shuffle, bytes]:
    """The false shuffle of two rows or more, and its proof over these generators, by default the honest ones."""
    group = key.group
    rows = Shuffle(group, key.element, width, inputs, inputs).rows
    bases = bases or Bases.honest(group, rows)
    noise = [[group.random_scalar() for _ in range(width)] for _ in range(rows)]
    outputs = _outputs(key, width, group.decode_elements(inputs), noise)
    shuffle = Shuffle(group, key.element, width, inputs, group.encode_elements(outputs))
    return shuffle, _Forger(key, session_id, shuffle, bases, noise, outputs).prove()


def _outputs(
    key: EncryptionKey, width: int, elements: Sequence[Element], noise: Sequence[Sequence[Scalar]]
) -> list[Element]:
    group, columns = key.group, 2 * width
    outputs = []
    for weights, drawn in zip(matrix(group.order, len(noise)), noise, strict=True):
        for place in range(columns):
            r = drawn[place // 2]
            own = group.multiply_generator(r) if place % 2 == 0 else key.table.multiply(r)
            outputs.append(group.sum_of_products(weights, elements[place::columns]) + own)
    return outputs


class _Forger:
    """The letters are those of :mod:`secretballot.crypto.shuffle`."""

    def __init__(
        self,
        key: EncryptionKey,
        session_id: bytes,
        shuffle: Shuffle,
        bases: Bases,
        noise: Sequence[Sequence[Scalar]],
        outputs: Sequence[Element],
    ) -> None:
        self.group = key.group
        self.key = key
        self.shuffle = shuffle
        self.bases = bases
        self.noise = noise
        self.outputs = outputs
        self.transcript = Transcript(session_id, shuffle)
        self.committed = _committed(self.group.order, shuffle.rows)

    def prove(self) -> bytes:
        group, rows, width = self.group, self.shuffle.rows, self.shuffle.width
        opening = self._draw(rows)
        first = self._commit(opening)
        numbers = decode_challenges(group, self.transcript.commit(first), 0, rows)
        u = [group.scalar(number) for number in numbers]
        permuted = [
            group.scalar(sum(w * n for w, n in zip(row, numbers, strict=True)) % group.order)
            for row in self.committed
        ]
        drawn, last = self._draw(rows), group.random_scalar()
        chain, drawn[-1] = self._chain(drawn, permuted, u, last)
        nonces, row_nonces = self._draw(3), self._draw(width)
        drawn_nonces, permuted_nonces = self._draw(rows), self._draw(rows)
        before = [self.bases.blinding, *chain]
        second = group.encode_elements(
            [
                *chain,
                *(
                    group.multiply_generator(r) + one * p
                    for r, p, one in zip(drawn_nonces, permuted_nonces, before, strict=False)
                ),
                *(group.multiply_generator(nonce) for nonce in nonces[:2]),
                self._total(permuted_nonces, self.bases.rows) + group.multiply_generator(nonces[2]),
                *self._reencryption(row_nonces, permuted_nonces),
            ]
        )
        x = group.scalar(self.transcript.challenge(second))
        values = [
            _sum(opening),
            last,
            _dot(opening, u),
            *(_dot([one[place] for one in self.noise], permuted) for place in range(width)),
            *drawn,
            *permuted,
        ]
        every = [*nonces, *row_nonces, *drawn_nonces, *permuted_nonces]
        third = b"".join((nonce + x * value).encode() for nonce, value in zip(every, values, strict=True))
        return first + second + third

    def _draw(self, count: int) -> list[Scalar]:
        return [self.group.random_scalar() for _ in range(count)]

    def _total(self, factors: Sequence[Scalar], elements: Sequence[Element]) -> Element:
        return self.group.sum(element * factor for factor, element in zip(factors, elements, strict=True))

    def _commit(self, opening: Sequence[Scalar]) -> bytes:
        group = self.group
        return group.encode_elements(
            [
                group.multiply_generator(r)
                + group.sum_of_products([row[place] for row in self.committed], self.bases.rows)
                for place, r in enumerate(opening)
            ]
        )

    def _chain(
        self, drawn: Sequence[Scalar], permuted: Sequence[Scalar], u: Sequence[Scalar], last: Scalar
    ) -> tuple[list[Element], Scalar]:
        """ĉ, whose last element is made to fit t₂; and what opens its link, where a trapdoor gives that."""
        group, blinding = self.group, self.bases.blinding
        chain: list[Element] = []
        before, generator, factor = blinding, group.scalar(0), group.scalar(1)
        for r, p in zip(drawn[:-1], permuted[:-1], strict=True):
            before = group.multiply_generator(r) + before * p
            chain.append(before)
            generator, factor = r + p * generator, p * factor
        product = _product(u)
        chain.append(group.multiply_generator(last) + blinding * product)
        if self.bases.trapdoor is None:
            return chain, drawn[-1]
        known = generator + factor * self.bases.trapdoor
        minus = group.scalar(group.order - 1)
        return chain, last + product * self.bases.trapdoor + minus * permuted[-1] * known

    def _reencryption(self, nonces: Sequence[Scalar], permuted: Sequence[Scalar]) -> list[Element]:
        """t₄."""
        out, columns = [], 2 * self.shuffle.width
        for place in range(columns):
            nonce = nonces[place // 2]
            own = self.group.multiply_generator(nonce) if place % 2 == 0 else self.key.table.multiply(nonce)
            out.append(self._total(permuted, self.outputs[place::columns]) - own)
        return out


def _sum(numbers: Sequence[Scalar]) -> Scalar:
    total = numbers[0]
    for number in numbers[1:]:
        total = total + number
    return total


def _product(numbers: Sequence[Scalar]) -> Scalar:
    total = numbers[0]
    for number in numbers[1:]:
        total = total * number
    return total


def _dot(left: Sequence[Scalar], right: Sequence[Scalar]) -> Scalar:
    return _sum([a * b for a, b in zip(left, right, strict=True)])
