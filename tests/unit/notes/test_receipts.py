"""Receipts: an entry, its place and the checkpoint it is under."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from secretballot.crypto import note as note_module
from secretballot.crypto.merkle import MemoryTree, leaf_hash
from secretballot.crypto.note import (
    Checkpoint,
    NoteVerifier,
    open_note,
    sign_checkpoint,
    sign_note,
)
from secretballot.crypto.receipt import (
    HEADER,
    MAX_RECEIPT_SIZE,
    Receipt,
    format_receipt,
    parse_receipt,
    verify_receipt,
)
from secretballot.crypto.signing import VerifyKey
from secretballot.errors import InvalidSignatureError, MerkleError, NoteError

from .shared import BOARD, DASH, ENTRIES, ORIGIN, TEXT, WITNESS


@pytest.mark.parametrize("index", range(11))
@pytest.mark.parametrize("extra", [None, b"\x00", b"any bytes\n\xff"])
def test_receipt_round_trip(tree: MemoryTree, checkpoint_note: str, index: int, extra: bytes | None) -> None:
    proof = tree.inclusion(index, 11)
    text = format_receipt(index, proof, checkpoint_note, extra)
    lines = [HEADER]
    lines += [] if extra is None else ["extra " + base64.b64encode(extra).decode()]
    lines += [f"index {index}", *(base64.b64encode(value).decode() for value in proof), "", checkpoint_note]
    assert text == "\n".join(lines)
    assert parse_receipt(text) == Receipt(index, tuple(proof), checkpoint_note, extra)
    assert parse_receipt(text.encode()) == parse_receipt(text)
    for data in (text, text.encode()):
        checkpoint = verify_receipt(data, ENTRIES[index], BOARD.verifier, ORIGIN)
        assert checkpoint == Checkpoint(ORIGIN, 11, tree.root())


def test_receipt_of_a_single_entry() -> None:
    signed = sign_checkpoint(Checkpoint(ORIGIN, 1, leaf_hash(b"only")), BOARD)
    text = format_receipt(0, [], signed)
    assert text == f"{HEADER}\nindex 0\n\n{signed}"
    assert verify_receipt(text, b"only", BOARD.verifier, ORIGIN).size == 1
    with pytest.raises(MerkleError):
        verify_receipt(text, b"other", BOARD.verifier, ORIGIN)


def test_receipts_that_prove_nothing(tree: MemoryTree, checkpoint_note: str) -> None:
    proof = tree.inclusion(4, 11)

    def verify(
        index: int = 4,
        hashes: list[bytes] = proof,
        note: str = checkpoint_note,
        entry: bytes = ENTRIES[4],
        verifier: NoteVerifier = BOARD.verifier,
        origin: str = ORIGIN,
    ) -> None:
        verify_receipt(format_receipt(index, hashes, note), entry, verifier, origin)

    verify()
    refused: list[tuple[type[Exception], Callable[[], None]]] = [
        (MerkleError, lambda: verify(index=5)),
        (MerkleError, lambda: verify(index=11)),
        (MerkleError, lambda: verify(index=2**64 - 1)),
        (MerkleError, lambda: verify(hashes=proof[1:])),
        (MerkleError, lambda: verify(hashes=proof[:-1])),
        (MerkleError, lambda: verify(hashes=[*proof, proof[0]])),
        (MerkleError, lambda: verify(hashes=proof[::-1])),
        (MerkleError, lambda: verify(entry=ENTRIES[5])),
        (MerkleError, lambda: verify(entry=ENTRIES[4] + b"\0")),
        (MerkleError, lambda: verify(entry=b"")),
        (NoteError, lambda: verify(verifier=WITNESS.verifier)),
        (NoteError, lambda: verify(origin="other.example")),
        (InvalidSignatureError, lambda: verify(note=checkpoint_note.replace("\n11\n", "\n12\n"))),
    ]
    for error, call in refused:
        with pytest.raises(error):
            call()


def test_malformed_receipts(tree: MemoryTree, checkpoint_note: str) -> None:
    hashes = [base64.b64encode(value).decode() for value in tree.inclusion(4, 11)]
    body = "\n".join(hashes)
    tail = "\n\n" + checkpoint_note
    short = base64.b64encode(bytes(31)).decode()
    long = base64.b64encode(bytes(33)).decode()
    for text in (
        "",
        HEADER,
        tail,
        HEADER + tail,
        checkpoint_note,
        f"\n{HEADER}\nindex 4\n{body}{tail}",
        f" {HEADER}\nindex 4\n{body}{tail}",
        f"{HEADER} \nindex 4\n{body}{tail}",
        f"{HEADER}\r\nindex 4\n{body}{tail}",
        f"{HEADER.replace('v1', 'v2')}\nindex 4\n{body}{tail}",
        f"{HEADER}\n\nindex 4\n{body}{tail}",
        f"{HEADER}\n{body}{tail}",
        f"{HEADER}\nindex\n{body}{tail}",
        f"{HEADER}\nindex \n{body}{tail}",
        f"{HEADER}\nindex  4\n{body}{tail}",
        f"{HEADER}\nindex 4 \n{body}{tail}",
        f"{HEADER}\nIndex 4\n{body}{tail}",
        f"{HEADER}\nindex 04\n{body}{tail}",
        f"{HEADER}\nindex -4\n{body}{tail}",
        f"{HEADER}\nindex +4\n{body}{tail}",
        f"{HEADER}\nindex \u0664\n{body}{tail}",
        f"{HEADER}\nindex 18446744073709551616\n{body}{tail}",
        f"{HEADER}\nindex 4\nindex 4\n{body}{tail}",
        f"{HEADER}\nindex 4\nextra AAAA\n{body}{tail}",
        f"{HEADER}\nextra\nindex 4\n{body}{tail}",
        f"{HEADER}\nextra \nindex 4\n{body}{tail}",
        f"{HEADER}\nextra A\nindex 4\n{body}{tail}",
        f"{HEADER}\nextra AAB=\nindex 4\n{body}{tail}",
        f"{HEADER}\nextra AAAA\nextra AAAA\nindex 4\n{body}{tail}",
        f"{HEADER}\nextra AAAA{tail}",
        f"{HEADER}\nindex 4\n{body}\n{short}{tail}",
        f"{HEADER}\nindex 4\n{long}\n{body}{tail}",
        f"{HEADER}\nindex 4\n {body}{tail}",
        f"{HEADER}\nindex 4\n{body.rstrip('=')}{tail}",
        f"{HEADER}\nindex 4\n{body}\n{checkpoint_note}",
        f"{HEADER}\nindex 4\n{body}\n{tail}",
        f"{HEADER}\nindex 4\n{body}{tail}\n",
        f"{HEADER}\nindex 4\n{body}{tail}x",
        f"{HEADER}\nindex 4\n{body}{tail[:-1]}",
        f"{HEADER}\nindex 4\n{body}\n\n",
        f"{HEADER}\nindex 4\n{body}\n\n{sign_note('no checkpoint' + chr(10), BOARD)}",
        f"{HEADER}\nindex 4\n" + f"{hashes[0]}\n" * 65 + tail[1:],
        f"{HEADER}\nindex 4\n{body}\ud800{tail}",
    ):
        with pytest.raises(NoteError):
            parse_receipt(text)
        with pytest.raises(NoteError):
            verify_receipt(text, ENTRIES[4], BOARD.verifier, ORIGIN)
    most = f"{HEADER}\nindex 4\n" + f"{hashes[0]}\n" * 64 + tail[1:]
    assert len(parse_receipt(most).inclusion_proof) == 64
    with pytest.raises(NoteError, match="not UTF-8"):
        parse_receipt(b"\xff")
    with pytest.raises(NoteError, match="bytes"):
        parse_receipt("a" * (MAX_RECEIPT_SIZE + 1))


def test_parts_that_no_receipt_has(tree: MemoryTree, checkpoint_note: str) -> None:
    proof = tree.inclusion(4, 11)
    for index, hashes, note, extra in (
        (-1, proof, checkpoint_note, None),
        (2**64, proof, checkpoint_note, None),
        (4, [b""], checkpoint_note, None),
        (4, [bytes(31)], checkpoint_note, None),
        (4, proof * 20, checkpoint_note, None),
        (4, proof, checkpoint_note[1:-1], None),
        (4, proof, "", None),
        (4, proof, checkpoint_note, b""),
        (4, proof, checkpoint_note, bytes(MAX_RECEIPT_SIZE)),
    ):
        with pytest.raises(NoteError):
            format_receipt(index, hashes, note, extra)


def test_white_space_is_unicode_s() -> None:
    # The 25 code points of PropList.txt; str.isspace has the separators U+001C to U+001F besides.
    spaces = {chr(point) for point in range(0x110000) if chr(point).isspace()}
    assert spaces - set("\x1c\x1d\x1e\x1f") == note_module._WHITE_SPACE
    assert len(note_module._WHITE_SPACE) == 25


def test_a_public_key_of_any_32_bytes_gives_typed_errors() -> None:
    verifier = NoteVerifier(ORIGIN, VerifyKey(bytes(32)))
    data = base64.b64encode(verifier.key_id + bytes(64)).decode()
    with pytest.raises(InvalidSignatureError):
        open_note(f"{TEXT}\n{DASH} {ORIGIN} {data}\n", [verifier])
