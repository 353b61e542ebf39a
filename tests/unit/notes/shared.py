"""Signers, and a text that they sign."""

from __future__ import annotations

import hashlib

from secretballot.crypto.note import (
    NoteSigner,
)
from secretballot.crypto.secret import Secret
from secretballot.crypto.signing import SigningKey

ORIGIN = "board.example/election"
DASH = "\u2014"


def make_signer(name: str, number: int) -> NoteSigner:
    return NoteSigner(name, SigningKey(Secret(hashlib.sha256(bytes([number])).digest())))


BOARD = make_signer(ORIGIN, 1)
WITNESS = make_signer("witness.example/w1", 2)
TEXT = "first line\n\nthird line\n"
ENTRIES = [f"entry {index}".encode() for index in range(11)]
