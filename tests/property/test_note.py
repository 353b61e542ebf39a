"""Notes, checkpoints and receipts: what is written is read back, and random bytes give typed errors only."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto.merkle import EMPTY_ROOT, MemoryTree, leaf_hash
from secretballot.crypto.note import (
    Checkpoint,
    NoteSigner,
    NoteVerifier,
    open_checkpoint,
    open_note,
    parse_note,
    sign_checkpoint,
    sign_note,
)
from secretballot.crypto.receipt import format_receipt, parse_receipt, verify_receipt
from secretballot.crypto.secret import Secret
from secretballot.crypto.signing import SigningKey
from secretballot.errors import InvalidSignatureError, MerkleError, NoteError

SIGNERS = [
    NoteSigner(name, SigningKey(Secret(hashlib.sha256(name.encode()).digest())))
    for name in ("board.example", "witness.example/1", "witness.example/2")
]
BOARD = SIGNERS[0]
TREE = MemoryTree()
for _index in range(6):
    TREE.append(leaf_hash(b"%d" % _index))
CHECKPOINT = sign_checkpoint(Checkpoint("board.example", 6, TREE.root()), BOARD)
RECEIPT = format_receipt(3, TREE.inclusion(3, 6), CHECKPOINT, b"extra")

#: Text without control characters and surrogates, with many newlines.
texts = st.text(
    st.one_of(st.just("\n"), st.characters(min_codepoint=32, exclude_categories=["Cs"])), max_size=60
)
#: Pieces that reach deep into the parsers.
pieces = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [b"\n", b"\n\n", b" ", b"+", b"index ", b"extra ", b"0", b"AAAA", b"=", b"board.example\n6\n"]
    ),
    st.sampled_from([b"c2sp.org/tlog-proof@v1\n", "\u2014 board.example ".encode(), CHECKPOINT.encode()]),
    st.sampled_from([RECEIPT.encode(), BOARD.verifier.vkey().encode(), BOARD.signature_line("a\n").encode()]),
)


def try_all(data: bytes) -> None:
    """Gives ``data`` to every parser. A text that parses is written back to the same text."""
    candidates: list[bytes | str] = [data, data.decode("utf-8", "surrogateescape"), data.decode("latin-1")]
    for value in candidates:
        try:
            text, signatures = parse_note(value)
            assert text.endswith("\n")
            assert signatures
        except NoteError:
            pass
        with suppress(NoteError, InvalidSignatureError):
            open_note(value, [signer.verifier for signer in SIGNERS])
        with suppress(NoteError, InvalidSignatureError):
            assert open_checkpoint(value, BOARD.verifier, "board.example").root == TREE.root()
        try:
            receipt = parse_receipt(value)
        except NoteError:
            continue
        written = format_receipt(
            receipt.index, receipt.inclusion_proof, receipt.checkpoint_note, receipt.extra
        )
        assert written == (value if isinstance(value, str) else value.decode())
    for text in candidates[1:]:
        assert isinstance(text, str)
        with suppress(NoteError):
            assert Checkpoint.parse(text).to_text() == text
        with suppress(NoteError):
            assert NoteVerifier.from_vkey(text).vkey() == text


@given(st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    try_all(data)


@settings(max_examples=200)
@given(st.lists(pieces, max_size=12))
def test_random_pieces(parts: list[bytes]) -> None:
    try_all(b"".join(parts))


@settings(max_examples=200)
@given(st.sampled_from([CHECKPOINT, RECEIPT, BOARD.verifier.vkey()]), st.data())
def test_spliced(good: str, data: st.DataObject) -> None:
    raw = good.encode()
    start = data.draw(st.integers(0, len(raw)))
    stop = data.draw(st.integers(start, min(len(raw), start + 5)))
    try_all(raw[:start] + data.draw(pieces) + raw[stop:])


@given(texts, st.lists(st.sampled_from(SIGNERS), unique_by=id, min_size=1))
def test_what_is_signed_opens(text: str, signers: list[NoteSigner]) -> None:
    text += "\n"
    signed = sign_note(text, *signers)
    note = open_note(signed.encode(), [signer.verifier for signer in SIGNERS])
    assert note.text == text
    assert [signature.name for signature in note.verified] == [signer.verifier.name for signer in signers]
    assert parse_note(signed) == (text, note.verified)


lines = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(lines, st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32), st.lists(lines, max_size=3))
def test_checkpoint_round_trip(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root if size else EMPTY_ROOT, tuple(extensions))
    assert Checkpoint.parse(checkpoint.to_text()) == checkpoint
    assert open_checkpoint(sign_checkpoint(checkpoint, BOARD), BOARD.verifier, origin) == checkpoint


def test_every_neighbour_of_a_receipt() -> None:
    raw = RECEIPT.encode()
    extra = range(raw.index(b"extra "), raw.index(b"\n", raw.index(b"extra ")))
    accepted = 0
    for place in range(len(raw)):
        for bit in (0x01, 0x04, 0x80):
            changed = raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
            try:
                verify_receipt(changed, b"3", BOARD.verifier, "board.example")
            except (NoteError, InvalidSignatureError, MerkleError):
                continue
            # Nothing but the extra data is unauthenticated.
            assert place in extra
            accepted += 1
        with pytest.raises((NoteError, InvalidSignatureError, MerkleError)):
            verify_receipt(raw[:place], b"3", BOARD.verifier, "board.example")
    assert accepted
