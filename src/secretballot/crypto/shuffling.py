"""The secret side of a shuffle: draws the permutation, re-encrypts, and proves (:mod:`.shuffle`).

The order of memory accesses depends on the permutation, as in every software mixer: a mixer runs on a machine of its
own.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from ..errors import CryptoError
from .elgamal import EncryptionKey
from .generators import generators
from .group import Element, Group, Scalar
from .shuffle import Shuffle, Transcript, decode_challenges
from .transcript import Buffer


class ShuffleSecret:
    """Which input each output is, and the randomness that was added to each ciphertext of the outputs."""

    __slots__ = ("permutation", "randomness")

    def __init__(self, permutation: Sequence[int], randomness: Sequence[Sequence[Scalar]]) -> None:
        self.permutation = permutation
        self.randomness = randomness

    def __repr__(self) -> str:
        return "<ShuffleSecret redacted>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a ShuffleSecret is secret and is never pickled")


def shuffle_rows(key: EncryptionKey, width: int, inputs: Buffer) -> tuple[Shuffle, ShuffleSecret]:
    """The inputs re-encrypted in a random order. Raises InvalidInstanceError for lengths that are none, and
    InvalidElementError for an input that does not decode."""
    group = key.group
    rows = Shuffle(group, key.element, width, inputs, inputs).rows
    permutation = list(range(rows))
    secrets.SystemRandom().shuffle(permutation)
    randomness = [[group.random_scalar() for _ in range(width)] for _ in range(rows)]
    elements = group.decode_elements(bytes(inputs))
    per_row = 2 * width
    outputs = []
    for source, drawn in zip(permutation, randomness, strict=True):
        for place, r in enumerate(drawn):
            at = per_row * source + 2 * place
            outputs.append(elements[at] + group.multiply_generator(r))
            outputs.append(elements[at + 1] + key.table.multiply(r))
    shuffle = Shuffle(group, key.element, width, inputs, group.encode_elements(outputs))
    return shuffle, ShuffleSecret(permutation, randomness)


def prove(session_id: bytes, key: EncryptionKey, shuffle: Shuffle, secret: ShuffleSecret) -> bytes:
    """A proof of the shuffle, :func:`~.shuffle.proof_size` bytes. That ``secret`` is the shuffle's is the caller's to
    know. Raises CryptoError where it has other lengths, or the key is another."""
    if key.element != shuffle.key:
        raise CryptoError("the key is not the shuffle's")
    widths = [len(drawn) for drawn in secret.randomness]
    if len(secret.permutation) != shuffle.rows or widths != [shuffle.width] * shuffle.rows:
        raise CryptoError("the secret is of another shuffle")
    return _Prover(session_id, key, shuffle, secret).prove()


class _Link(NamedTuple):
    """ĉ in a row, as multiples of the generator and of the blinding generator: no base is new, and tables serve."""

    generator: Scalar
    blinding: Scalar


class _Prover:
    def __init__(
        self, session_id: bytes, key: EncryptionKey, shuffle: Shuffle, secret: ShuffleSecret
    ) -> None:
        self.group: Group = shuffle.group
        self.key = key
        self.shuffle = shuffle
        self.secret = secret
        self.transcript = Transcript(session_id, shuffle)
        self.generators = generators(self.group)

    def prove(self) -> bytes:
        group, rows, width = self.group, self.shuffle.rows, self.shuffle.width
        opening = self._draw(rows)
        first = self._commit(opening)
        numbers = decode_challenges(group, self.transcript.commit(first), 0, rows)
        u = [group.scalar(number) for number in numbers]
        permuted = [u[source] for source in self.secret.permutation]

        drawn = self._draw(rows)
        nonces = self._draw(3)
        row_nonces = self._draw(width)
        drawn_nonces = self._draw(rows)
        permuted_nonces = self._draw(rows)
        chain = self._chain(drawn, permuted)
        second = group.encode_elements(
            [
                *(self._on_bases(*link) for link in chain[1:]),
                *self._chain_commitments(chain, drawn_nonces, permuted_nonces),
                *self._single_commitments(nonces, row_nonces, permuted_nonces),
            ]
        )

        x = group.scalar(self.transcript.challenge(second))
        per_row = zip(*self.secret.randomness, strict=True)
        values = [
            _sum(group, opening),
            chain[-1].generator,
            _products(group, opening, u),
            *(_products(group, column, permuted) for column in per_row),
            *drawn,
            *permuted,
        ]
        every = [*nonces, *row_nonces, *drawn_nonces, *permuted_nonces]
        third = b"".join((nonce + x * value).encode() for nonce, value in zip(every, values, strict=True))
        return first + second + third

    def _draw(self, count: int) -> list[Scalar]:
        return [self.group.random_scalar() for _ in range(count)]

    def _commit(self, opening: Sequence[Scalar]) -> bytes:
        """c: in the row that an output came from, the output's generator, blinded."""
        group = self.group
        out: list[Element] = [group.identity] * self.shuffle.rows
        for source, generator in zip(
            self.secret.permutation, self.generators.first(self.shuffle.rows), strict=True
        ):
            out[source] = group.multiply_generator(opening[source]) + generator
        return group.encode_elements(out)

    def _chain(self, drawn: Sequence[Scalar], permuted: Sequence[Scalar]) -> list[_Link]:
        """ĉ from row 0, the blinding generator itself, on: ĉ_i is r̂_i G + u′_i ĉ_{i-1}."""
        chain = [_Link(self.group.scalar(0), self.group.scalar(1))]
        for r, u in zip(drawn, permuted, strict=True):
            chain.append(_Link(r + u * chain[-1].generator, u * chain[-1].blinding))
        return chain

    def _on_bases(self, generator: Scalar, blinding: Scalar) -> Element:
        return self.group.multiply_generator(generator) + self.generators.blinding_table.multiply(blinding)

    def _chain_commitments(
        self, chain: Sequence[_Link], drawn: Sequence[Scalar], permuted: Sequence[Scalar]
    ) -> list[Element]:
        """t̂."""
        return [
            self._on_bases(r + u * before.generator, u * before.blinding)
            for before, r, u in zip(chain[:-1], drawn, permuted, strict=True)
        ]

    def _single_commitments(
        self, nonces: Sequence[Scalar], row_nonces: Sequence[Scalar], permuted: Sequence[Scalar]
    ) -> list[Element]:
        """t₁ to t₄."""
        group, shuffle = self.group, self.shuffle
        first, second, third = (group.multiply_generator(nonce) for nonce in nonces)
        third = third + group.sum_of_secret_products(permuted, self.generators.first(shuffle.rows))
        outputs = group.decode_elements(bytes(shuffle.outputs))
        out = [first, second, third]
        for place, nonce in enumerate(row_nonces):
            pads, data = (outputs[2 * place + part :: 2 * shuffle.width] for part in (0, 1))
            out.append(group.sum_of_secret_products(permuted, pads) - group.multiply_generator(nonce))
            out.append(group.sum_of_secret_products(permuted, data) - self.key.table.multiply(nonce))
        return out


def _sum(group: Group, scalars: Sequence[Scalar]) -> Scalar:
    total = group.scalar(0)
    for scalar in scalars:
        total = total + scalar
    return total


def _products(group: Group, left: Sequence[Scalar], right: Sequence[Scalar]) -> Scalar:
    total = group.scalar(0)
    for one, other in zip(left, right, strict=True):
        total = total + one * other
    return total
