"""Checkpoints: what is one, and what its cosigners sign."""

from __future__ import annotations

import base64
import dataclasses
import hashlib

import pytest

from secretballot.crypto.merkle import EMPTY_ROOT, MemoryTree
from secretballot.crypto.note import (
    Checkpoint,
    open_checkpoint,
    open_note,
    parse_note,
    sign_checkpoint,
    sign_note,
)
from secretballot.errors import InvalidSignatureError, NoteError

from .shared import BOARD, ORIGIN, WITNESS


def test_checkpoint_round_trip() -> None:
    root = hashlib.sha256(b"root").digest()
    for checkpoint, text in (
        (Checkpoint("a", 0, EMPTY_ROOT), f"a\n0\n{base64.b64encode(EMPTY_ROOT).decode()}\n"),
        (Checkpoint("a b+é", 10, root), f"a b+é\n10\n{base64.b64encode(root).decode()}\n"),
        (
            Checkpoint(ORIGIN, 2**64 - 1, root, ("one", " two")),
            f"{ORIGIN}\n18446744073709551615\n{base64.b64encode(root).decode()}\none\n two\n",
        ),
    ):
        assert checkpoint.to_text() == text
        assert Checkpoint.parse(text) == checkpoint
        signed = sign_checkpoint(checkpoint, BOARD)
        assert open_checkpoint(signed, BOARD.verifier, checkpoint.origin) == checkpoint
        assert open_checkpoint(signed.encode(), BOARD.verifier, checkpoint.origin) == checkpoint


def test_checkpoints_that_are_none() -> None:
    root = base64.b64encode(hashlib.sha256(b"root").digest()).decode()
    for text in (
        "",
        "\n",
        "a\n1\n",
        f"a\n1\n{root}",
        f"\n1\n{root}\n",
        f"a\n\n{root}\n",
        f"a\n01\n{root}\n",
        f"a\n00\n{root}\n",
        f"a\n+1\n{root}\n",
        f"a\n-1\n{root}\n",
        f"a\n 1\n{root}\n",
        f"a\n1 \n{root}\n",
        f"a\n1_0\n{root}\n",
        f"a\n1.0\n{root}\n",
        f"a\n0x1\n{root}\n",
        f"a\n\u0661\n{root}\n",
        f"a\n\u00b2\n{root}\n",
        f"a\n18446744073709551616\n{root}\n",
        f"a\n99999999999999999999\n{root}\n",
        f"a\n{'9' * 5000}\n{root}\n",
        f"a\n0\n{root}\n",
        "a\n1\n\n",
        f"a\n1\n{root}=\n",
        f"a\n1\n{root[:-1]}\n",
        f"a\n1\n {root}\n",
        f"a\n1\n{root[:-2]}{chr(ord(root[-2]) + 1)}=\n",
        f"a\n1\n{base64.b64encode(bytes(31)).decode()}\n",
        f"a\n1\n{base64.b64encode(bytes(33)).decode()}\n",
        f"a\n1\n{root}\n\n",
        f"a\n1\n{root}\nx\n\n",
        f"a\n1\n{root}\n\nx\n",
        f"a\n1\n{root}\nx\ty\n",
        f"a\r\n1\r\n{root}\r\n",
        f"\ud800\n1\n{root}\n",
    ):
        with pytest.raises(NoteError):
            Checkpoint.parse(text)
    assert Checkpoint.parse(f"a\n1\n{root}\n").size == 1


def test_values_that_no_checkpoint_has() -> None:
    good = Checkpoint("a", 1, bytes(32), ("x",))
    for changes in (
        {"origin": ""},
        {"origin": "a\nb"},
        {"origin": "a\n"},
        {"origin": "\x7f\x00"},
        {"origin": "\ud800"},
        {"size": -1},
        {"size": 2**64},
        {"size": 0},
        {"root": b""},
        {"root": bytes(31)},
        {"root": bytes(33)},
        {"extensions": ("",)},
        {"extensions": ("x", "y\nz")},
        {"extensions": ("x\r",)},
    ):
        with pytest.raises(NoteError):
            dataclasses.replace(good, **changes)  # type: ignore[arg-type]


def test_checkpoints_of_others(checkpoint_note: str) -> None:
    for origin in ("", ORIGIN + "/", ORIGIN.upper(), "other.example"):
        with pytest.raises(NoteError, match="of another log"):
            open_checkpoint(checkpoint_note, BOARD.verifier, origin)
    with pytest.raises(NoteError, match="not signed by a known key"):
        open_checkpoint(checkpoint_note, WITNESS.verifier, ORIGIN)
    with pytest.raises(InvalidSignatureError):
        open_checkpoint(checkpoint_note.replace("\n11\n", "\n12\n"), BOARD.verifier, ORIGIN)
    with pytest.raises(NoteError, match="three lines"):
        open_checkpoint(sign_note("a note\n", BOARD), BOARD.verifier, ORIGIN)


def test_cosigned_checkpoint_opens(checkpoint_note: str, tree: MemoryTree) -> None:
    text, _ = parse_note(checkpoint_note)
    cosigned = checkpoint_note + WITNESS.signature_line(text)
    assert open_checkpoint(cosigned, BOARD.verifier, ORIGIN).root == tree.root()
    assert len(open_note(cosigned, [BOARD.verifier, WITNESS.verifier]).verified) == 2
