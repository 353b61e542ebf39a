"""What the voter's device publishes."""

from __future__ import annotations

import base64
from typing import Annotated, Literal

from pydantic import Field

from ..credential import Credential
from ..crypto.encoding import Tag, tagged_hash
from ..errors import ArgumentError, BallotError, check_type
from ..records import Blob, Count, Digest, Identifier, Record, parse_entry

#: 160 bits: no two ballots can be made to share a code (a clash costs 2**80), and short enough to be read aloud.
CODE_SIZE = 20


class BallotContest(Record):
    """One contest: the lines' ciphertexts in order (64 bytes each), and one proof for all of them."""

    id: Identifier
    ciphertexts: Blob
    proof: Blob


class Ballot(Record):
    """An encrypted ballot. Its entry is signed by the credential's ballot key: that signature casts it."""

    record: Literal["secretballot/1/ballot"] = "secretballot/1/ballot"
    election: Digest
    credential: Credential
    contests: Annotated[tuple[BallotContest, ...], Field(fail_fast=True, min_length=1)]


class ContestOpening(Record):
    """A contest opened: for each line the place of its choice, and each ciphertext's randomness (32 bytes)."""

    id: Identifier
    choices: Annotated[tuple[Count, ...], Field(fail_fast=True)]
    randomness: Blob


class ChallengedBallot(Record):
    """A ballot that the voter had opened instead of cast. It never counts.

    ``ballot`` is the ballot's body; without the ballot key's signature over it nobody can cast it. The entry is signed
    by the ballot key.
    """

    record: Literal["secretballot/1/challenged-ballot"] = "secretballot/1/challenged-ballot"
    election: Digest
    ballot: str
    openings: Annotated[tuple[ContestOpening, ...], Field(fail_fast=True, min_length=1)]


def code_of(body: bytes) -> bytes:
    """The 20-byte confirmation code of a ballot's body."""
    return tagged_hash(Tag.CONFIRMATION_CODE, body)[:CODE_SIZE]


def confirmation_code(entry: bytes) -> bytes:
    """The 20-byte confirmation code of a ballot's entry, or of the entry that opens one. Nothing is verified.

    Raises BallotError for an entry of another kind, and EncodingError for bytes that are none.
    """
    check_type(entry, bytes, "an entry as bytes")
    signed = parse_entry(entry)
    match signed.kind:
        case "ballot":
            Ballot.from_body(signed.body)
            return code_of(signed.body)
        case "challenged-ballot":
            return code_of(ChallengedBallot.from_body(signed.body).ballot.encode("utf-8"))
        case _:
            raise BallotError(
                f"only a ballot has a confirmation code, and this entry is of the kind {signed.kind}"
            )


def format_code(code: bytes) -> str:
    """A confirmation code as the voter reads it: base32 (RFC 4648) in eight groups of four. Raises ArgumentError for
    bytes that are no code."""
    check_type(code, bytes, "a confirmation code as bytes")
    if len(code) != CODE_SIZE:
        raise ArgumentError(f"a confirmation code has {CODE_SIZE} bytes, not {len(code)}")
    text = base64.b32encode(code).decode("ascii")
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def parse_code(text: str) -> bytes:
    """The confirmation code that a voter typed; case, spaces and hyphens do not matter. Raises BallotError."""
    check_type(text, str, "a confirmation code as text")
    compact = text.replace("-", "").replace(" ", "")
    try:
        # ASCII before it is put in upper case: a dotless i would become an I.
        code = base64.b32decode(compact.encode("ascii").upper())
    except ValueError:
        code = b""
    if len(code) != CODE_SIZE:
        raise BallotError("a confirmation code has 32 letters and digits (A to Z, 2 to 7)")
    return code
