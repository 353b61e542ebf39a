"""An entry taken apart, and what the log remembers of it.

Most entries of an election are lines of the register, ballots and challenges. What the log's state needs of these is
little, and is called their :data:`Facts`: whoever examines entries elsewhere sends back no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..ballot.records import Ballot, ChallengedBallot, code_of
from ..credential import Issuance
from ..records import Record, SignedEntry

#: The kinds of entries that have facts.
MANY = ("issuance", "ballot", "challenged-ballot")


class Issued(NamedTuple):
    """Of a line of a registrar's register."""

    registrar: str
    serial: int
    request: bytes


class Cast(NamedTuple):
    """Of a ballot: its confirmation code, its ballot key, and all its ciphertexts, contest by contest; none where they
    are malformed, and the ballot cannot be counted."""

    code: bytes
    key: bytes
    ciphertexts: bytes


class Challenged(NamedTuple):
    """Of a challenged ballot: the confirmation code of the ballot within."""

    code: bytes


Facts = Issued | Cast | Challenged


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry taken apart: its place in the log, its exact bytes, its record, and the facts of one that has any."""

    index: int
    raw: bytes
    signed: SignedEntry
    record: Record
    facts: Facts | None = None

    @property
    def name(self) -> str:
        """How findings and errors call it."""
        return f"entry {self.index}"


def facts_of(signed: SignedEntry, record: Record) -> Facts | None:
    """The facts of an issuance, a ballot or a challenge; None of other records."""
    match record:
        case Issuance():
            return Issued(record.registrar, record.serial, record.request)
        case Ballot():
            ciphertexts = b"".join([contest.ciphertexts for contest in record.contests])
            return Cast(code_of(signed.body), record.credential.key, ciphertexts)
        case ChallengedBallot():
            return Challenged(code_of(record.ballot.encode("utf-8")))
        case _:
            return None
