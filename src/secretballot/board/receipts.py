"""Checking a receipt: by itself against the manifest, and against a record.

A receipt (C2SP tlog-proof) is what the board answered to an entry: a promise, under its key, that the entry stands at
one place of its log. A record that does not keep the promise is not the log that the voter saw.
"""

from __future__ import annotations

from typing import NamedTuple

from ..crypto.merkle import Frontier, leaf_hash, verify_inclusion
from ..crypto.note import Checkpoint, NoteVerifier, open_checkpoint
from ..crypto.receipt import parse_receipt, verify_receipt
from ..errors import BoardError, RecordError, SecretBallotError, check_type
from ..manifest import Election
from .record import ElectionRecord


class Promised(NamedTuple):
    """What a receipt promises, and its record keeps: an entry, and its place in the log."""

    place: int
    entry: bytes


def check_receipt(election: Election, receipt: str | bytes, entry: bytes) -> Checkpoint:
    """The checkpoint, signed by the election's board, under which the entry stands in the log.

    Raises NoteError or InvalidSignatureError for a receipt that is none or not of this board, and MerkleError for an
    entry that it is not of. That others see the same log, the checkpoint alone does not tell.
    """
    check_type(election, Election, "an election")
    check_type(entry, bytes, "an entry as bytes")
    return verify_receipt(receipt, entry, *_board(election))


def find_promised(record: ElectionRecord, receipt: str | bytes) -> Promised:
    """The entry that a receipt is of, in a record whose log continues the one that the receipt promises.

    Raises NoteError or InvalidSignatureError for a receipt that is none or not of this board, MerkleError for one that
    contradicts itself, BoardError for a record that breaks the promise, and RecordError for one that cannot be read so
    far.
    """
    check_type(record, ElectionRecord, "a record")
    entries = record.entries()
    first = next(entries, None)
    if first is None:
        raise RecordError("the record has no entries")
    try:
        board = _board(Election.from_entry(first))
    except SecretBallotError as error:
        # Who promised anything, is not known: that speaks against this copy, and against no board.
        raise RecordError(f"has no readable manifest: {error.message}", item="entry 0") from None
    parsed = parse_receipt(receipt)
    checkpoint = open_checkpoint(parsed.checkpoint_note, *board)
    log, promised = Frontier(), first
    while log.size < checkpoint.size:
        entry = first if log.size == 0 else next(entries, None)
        if entry is None:
            raise BoardError(
                f"the receipt is of a log of {checkpoint.size} entries, the record has {log.size}"
            )
        if log.size == parsed.index:
            promised = entry
        log.append(leaf_hash(entry))
    if log.root() != checkpoint.root:
        raise BoardError(
            f"the record's first {checkpoint.size} entries are not those that the board signed for"
        )
    verify_inclusion(
        leaf_hash(promised), parsed.index, checkpoint.size, checkpoint.root, parsed.inclusion_proof
    )
    return Promised(parsed.index, promised)


def _board(election: Election) -> tuple[NoteVerifier, str]:
    board = election.manifest.board
    return board.verifier(), board.origin
