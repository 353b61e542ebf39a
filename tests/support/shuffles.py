"""Shuffles for tests: honest ones, the verifier's equations one by one, and a mixer that cheats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from secretballot.crypto import shuffling
from secretballot.crypto.elgamal import EncryptionKey
from secretballot.crypto.group import Element, Group
from secretballot.crypto.shuffle import Layout, Shuffle, Transcript, decode_challenges, verify
from secretballot.errors import SecretBallotError
from secretballot.testing.tamper import forgery
from secretballot.testing.tamper.forgery import Bases

SESSION = bytes(range(32))


class Made(NamedTuple):
    """An honest shuffle with its proof, and who can decrypt it."""

    group: Group
    secret: int
    key: EncryptionKey
    shuffle: Shuffle
    proof: bytes


def new_key(group: Group) -> tuple[int, EncryptionKey]:
    """A key whose secret is known."""
    secret = int.from_bytes(group.random_scalar().encode(), "little") % group.order
    return secret, EncryptionKey(group, group.sum_of_products([secret], [group.generator]))


def encrypt(key: EncryptionKey, messages: Sequence[Sequence[int]]) -> bytes:
    """Rows of small integers, encrypted."""
    group = key.group
    return b"".join(
        key.encrypt(group.scalar(m), group.random_scalar()).encode(group) for row in messages for m in row
    )


def make(group: Group, messages: Sequence[Sequence[int]], session: bytes = SESSION) -> Made:
    secret, key = new_key(group)
    shuffle, hidden = shuffling.shuffle_rows(key, len(messages[0]), encrypt(key, messages))
    return Made(group, secret, key, shuffle, shuffling.prove(session, key, shuffle, hidden))


def decrypt(made: Made, rows: bytes | memoryview) -> list[tuple[Element, ...]]:
    """Each row's messages, as multiples of the generator."""
    group = made.group
    elements = group.decode_elements(bytes(rows))
    plain = [
        group.sum_of_products([1, -made.secret % group.order], [data, pad])
        for pad, data in zip(elements[::2], elements[1::2], strict=True)
    ]
    width = made.shuffle.width
    return [tuple(plain[at : at + width]) for at in range(0, len(plain), width)]


def small(group: Group, *row: int) -> tuple[Element, ...]:
    return tuple(group.sum_of_products([m % group.order], [group.generator]) for m in row)


def holds(session: bytes, shuffle: Shuffle, proof: bytes) -> bool:
    """The library's verdict."""
    try:
        verify(session, shuffle, proof)
    except SecretBallotError:
        return False
    return True


def equations(
    session: bytes, shuffle: Shuffle, proof: bytes, chain: int | None = None, bases: Bases | None = None
) -> list[bool]:
    """Each equation of the paper by itself, none weighted: t₁, t₂, t₃, t₄ (two a ciphertext), t̂ in each row.

    ``chain`` is how many of t̂ are looked at: a verifier that only looks at those it is given can be cheated; and so can
    one that takes its generators, ``bases``, from the prover.
    """
    group, rows, width = shuffle.group, shuffle.rows, shuffle.width
    layout = Layout(group, rows, width)
    transcript = Transcript(session, shuffle)
    u = decode_challenges(group, transcript.commit(proof[layout.first]), 0, rows)
    x = transcript.challenge(proof[layout.second])
    points = group.decode_elements(proof[: layout.second.stop])
    c, chained, chain_t, t = (
        points[:rows],
        points[rows : 2 * rows],
        points[2 * rows : 3 * rows],
        points[3 * rows :],
    )
    scalars = group.decode_integers(proof[layout.third])
    s1, s2, s3, *s = scalars
    s4, drawn, permuted = s[:width], s[width : width + rows], s[width + rows :]
    bases = bases or Bases.honest(group, rows)
    h, hs = bases.blinding, bases.rows
    inputs, outputs = (group.decode_elements(bytes(data)) for data in (shuffle.inputs, shuffle.outputs))

    def total(*terms: tuple[int, Element]) -> Element:
        return group.sum_of_products([n % group.order for n, _ in terms], [e for _, e in terms])

    product = 1
    for one in u:
        product = product * one % group.order
    out = [
        t[0] == total((s1, group.generator), *((-x, one) for one in c), *((x, one) for one in hs)),
        t[1] == total((s2, group.generator), (-x, chained[-1]), (x * product, h)),
        t[2]
        == total(
            (s3, group.generator),
            *zip(permuted, hs, strict=True),
            *((-x * n, one) for n, one in zip(u, c, strict=True)),
        ),
    ]
    for place in range(2 * width):
        base = shuffle.key if place % 2 else group.generator
        out.append(
            t[3 + place]
            == total(
                (-s4[place // 2], base),
                *zip(permuted, outputs[place :: 2 * width], strict=True),
                *((-x * n, one) for n, one in zip(u, inputs[place :: 2 * width], strict=True)),
            )
        )
    for row in range(rows if chain is None else chain):
        before = chained[row - 1] if row else h
        out.append(
            chain_t[row] == total((drawn[row], group.generator), (permuted[row], before), (-x, chained[row]))
        )
    return out


def forge(group: Group, bases: Bases | None = None) -> Made:
    """5 and 9 become 2.5 and 11.5, by a matrix that is no permutation. All equations hold but for the last row's of t̂,
    whose ĉ is made to fit t₂; over generators whose logarithms the mixer knows, that one holds too."""
    secret, key = new_key(group)
    shuffle, proof = forgery.forge(key, SESSION, 1, encrypt(key, [[5], [9]]), bases)
    return Made(group, secret, key, shuffle, proof)
