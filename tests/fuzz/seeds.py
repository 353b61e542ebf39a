"""What inputs are made of: elections to their end, and what of theirs is read by itself."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from secretballot.crypto import equality
from secretballot.crypto.cosignature import CosignatureSigner, add_cosignatures
from secretballot.crypto.equality import Equality
from secretballot.crypto.group import Element, ristretto255
from secretballot.crypto.note import parse_note
from secretballot.crypto.signing import SigningKey
from secretballot.manifest.contests import RankingContest, WriteInContest
from secretballot.records import parse_entry

from ..attack.accomplices import Held, hold
from ..support import elections, shuffles
from ..support.shuffles import Made

RANKING = RankingContest(
    id="order",
    labels={"en": "Order"},
    options=elections.options("an", "binh", "chi"),
    methods=("borda", "irv", "schulze"),
    maximum=3,
    minimum=1,
    seats=1,
    allow_blank=True,
)
TEXT = WriteInContest(id="name", labels={"en": "Name"}, max_bytes=20, allow_blank=True)


@cache
def held() -> Held:
    """An election whose sums are decrypted, and every secret of it."""
    return hold()


@cache
def mixed() -> elections.Finished:
    """An election whose lines are mixed."""
    simulation = elections.voting([RANKING, TEXT], 2, roll_size=2)
    simulation.vote([{"order": ["an", "chi"], "name": "Bà Én"}, {"order": ["binh"], "name": None}])
    simulation.tally()
    return elections.Finished(simulation, list(simulation.store.entries()), [])


@cache
def entries() -> list[bytes]:
    """An entry of every kind, and of some several."""
    found = {parse_entry(raw).kind: raw for raw in [*held().entries, *mixed().entries]}
    return [*found.values(), held().entries[0], mixed().entries[-1]]


def bodies(kind: str) -> list[bytes]:
    """The bodies of a kind."""
    return [signed.body for signed in map(parse_entry, entries()) if signed.kind == kind]


@cache
def cosigner() -> CosignatureSigner:
    """An outsider who signs checkpoints."""
    return CosignatureSigner("witness.example.org/w1", SigningKey.generate())


@cache
def cosigned() -> bytes:
    """The checkpoint with the outsider's line."""
    note = held().checkpoint.decode()
    text, _ = parse_note(note)
    return add_cosignatures(note, [cosigner().cosign(text, 1_800_000_000)]).encode()


@cache
def shuffle() -> Made:
    """A shuffle of three rows, with its proof."""
    return shuffles.make(ristretto255, [[1], [2], [3]])


class Share(NamedTuple):
    """A trustee's share of three lines, proven."""

    key: Element
    pads: bytes
    shares: bytes
    proof: bytes


@cache
def share() -> Share:
    """Such a share, with the secret of nobody."""
    secret = ristretto255.random_scalar()
    key = ristretto255.multiply_generator(secret)
    pads = ristretto255.encode_elements(
        [ristretto255.multiply_generator(ristretto255.random_scalar()) for _ in range(3)]
    )
    shares = bytes(equality.multiply(ristretto255, pads, secret))
    statement = Equality(ristretto255, key, pads, shares)
    return Share(key, pads, shares, equality.prove(shuffles.SESSION, statement, secret))
