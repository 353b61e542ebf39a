"""Receipts: proofs, to be checked offline, that an entry is in a log (C2SP tlog-proof, version 1).

A receipt holds the entry's index, its Merkle inclusion proof, the log's signed checkpoint and, if the
application wants it, extra data. *Nothing signs the extra data*: whoever holds a receipt can change them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import NoteError
from .merkle import HASH_SIZE, MAX_INCLUSION_PROOF, leaf_hash, verify_inclusion
from .note import (
    MAX_NOTE_SIZE,
    Checkpoint,
    NoteVerifier,
    decode_base64,
    decode_text,
    encode_base64,
    open_checkpoint,
    parse_decimal,
    parse_note,
)

#: Bytes of a whole receipt: what its note may have, and as much again for the rest.
MAX_RECEIPT_SIZE = 2 * MAX_NOTE_SIZE
#: The first line.
HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it was read, with *nothing verified*; see :func:`verify_receipt`.

    ``index`` counts from 0; ``inclusion_proof`` has hashes of 32 bytes, the leaf's sibling first;
    ``checkpoint_note`` is the note verbatim; ``extra`` are the unauthenticated extra data, ``None`` where
    absent.
    """

    index: int
    inclusion_proof: tuple[bytes, ...]
    checkpoint_note: str
    extra: bytes | None = None


def format_receipt(
    index: int, inclusion_proof: Sequence[bytes], checkpoint_note: str, extra: bytes | None = None
) -> str:
    """The receipt as text (C2SP tlog-proof, "Format").

    Raises NoteError for parts that :func:`parse_receipt` would refuse, such as extra data of no bytes.
    """
    lines = [HEADER]
    if extra is not None:
        lines.append(f"extra {encode_base64(extra)}")
    lines.append(f"index {index}")
    lines.extend(encode_base64(value) for value in inclusion_proof)
    text = "\n".join(lines) + "\n\n" + checkpoint_note
    parse_receipt(text)
    return text


def parse_receipt(text: str | bytes) -> Receipt:
    """The receipt, *not verified*. Raises NoteError for anything that is not in the one accepted form, and
    for a checkpoint that no key could have signed."""
    text = decode_text(text, MAX_RECEIPT_SIZE, "receipt")
    # The lines before the note are not empty, so the first empty line ends them.
    head, separator, note = text.partition("\n\n")
    if not separator:
        raise NoteError("a receipt has a blank line before its checkpoint")
    header, *lines = head.split("\n")
    if header != HEADER:
        raise NoteError(f"a receipt begins with the line {HEADER}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "))
        if not extra:
            raise NoteError("a line of extra data that has none")
    if not lines or not lines[0].startswith("index "):
        raise NoteError("a receipt names the index of its entry")
    index = parse_decimal(lines.pop(0).removeprefix("index "), "index")
    if len(lines) > MAX_INCLUSION_PROOF:
        raise NoteError(f"an inclusion proof has at most {MAX_INCLUSION_PROOF} hashes, not {len(lines)}")
    proof = tuple(decode_base64(line) for line in lines)
    for number, value in enumerate(proof):
        if len(value) != HASH_SIZE:
            raise NoteError(f"a hash has {HASH_SIZE} bytes, not {len(value)}", item=f"proof hash {number}")
    Checkpoint.parse(parse_note(note)[0])
    return Receipt(index, proof, note, extra)


def verify_receipt(receipt: str | bytes, entry: bytes, verifier: NoteVerifier, origin: str) -> Checkpoint:
    """The checkpoint of the log ``origin``, signed by ``verifier``, under which ``entry`` (its very bytes)
    stands at the receipt's index (C2SP tlog-proof, "Verifying a tlog proof"; no witness is asked for).

    Raises NoteError for a malformed receipt, another origin or a note that ``verifier`` did not sign,
    InvalidSignatureError for its signature that does not verify, and MerkleError for an entry that is not
    there.
    """
    parsed = parse_receipt(receipt)
    checkpoint = open_checkpoint(parsed.checkpoint_note, verifier, origin)
    verify_inclusion(leaf_hash(entry), parsed.index, checkpoint.size, checkpoint.root, parsed.inclusion_proof)
    return checkpoint
