"""Cosignatures: what is signed, what verifies, whose lines are looked at, and every neighbour that is refused."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import nacl.signing
import pytest

from secretballot.crypto.cosignature import (
    MAX_TIMESTAMP,
    Cosignature,
    CosignatureSigner,
    CosignatureVerifier,
    add_cosignatures,
    cosigned_message,
    known_cosigners,
    open_cosignatures,
    open_cosigned,
)
from secretballot.crypto.merkle import EMPTY_ROOT
from secretballot.crypto.note import (
    MAX_SIGNATURES,
    Checkpoint,
    NoteSignature,
    NoteSigner,
    NoteVerifier,
    open_checkpoint,
    open_note,
    sign_checkpoint,
)
from secretballot.crypto.receipt import format_receipt, verify_receipt
from secretballot.crypto.secret import Secret
from secretballot.crypto.signing import SigningKey
from secretballot.errors import ArgumentError, InvalidSignatureError, NoteError

ORIGIN = "board.example/election"
DASH = "\u2014"
TIME = 1_700_000_000


def seed(number: int) -> bytes:
    return hashlib.sha256(bytes([number])).digest()


def cosigner(number: int, name: str = "") -> CosignatureSigner:
    return CosignatureSigner(name or f"witness.example/w{number}", SigningKey(Secret(seed(number))))


BOARD = NoteSigner(ORIGIN, SigningKey(Secret(seed(1))))
ONE, TWO = cosigner(2), cosigner(3)
CHECKPOINT = Checkpoint(ORIGIN, 11, hashlib.sha256(b"root").digest())
TEXT = CHECKPOINT.to_text()
NOTE = sign_checkpoint(CHECKPOINT, BOARD)
COSIGNED = NOTE + ONE.cosign(TEXT, TIME).line() + TWO.cosign(TEXT, TIME + 1).line()


# What is signed.


@pytest.mark.parametrize("time", [1, TIME, MAX_TIMESTAMP])
def test_the_bytes_are_those_of_the_standard(time: int) -> None:
    """Built here by hand, and verified by the library below ours."""
    signature = ONE.cosign(TEXT, time)
    public = nacl.signing.SigningKey(seed(2)).verify_key
    message = b"cosignature/v1\ntime " + str(time).encode() + b"\n" + TEXT.encode()
    assert cosigned_message(TEXT, time) == message
    assert signature.signature[:8] == time.to_bytes(8, "big")
    public.verify(message, signature.signature[8:])
    assert len(signature.signature) == 72
    key_id = hashlib.sha256(b"witness.example/w2\n\x04" + bytes(public)).digest()[:4]
    assert (signature.name, signature.key_id) == ("witness.example/w2", key_id)
    encoded = base64.b64encode(key_id + signature.signature).decode()
    assert signature.line() == f"{DASH} witness.example/w2 {encoded}\n"
    assert ONE.verifier.timestamp(TEXT, signature.signature) == time


def test_extension_lines_are_signed_too() -> None:
    extended = Checkpoint(ORIGIN, 11, CHECKPOINT.root, ("one", " two"))
    signature = ONE.cosign(extended.to_text(), TIME).signature
    assert ONE.verifier.timestamp(extended.to_text(), signature) == TIME
    for other in (("one",), ("one", "two"), (" two", "one"), ()):
        with pytest.raises(InvalidSignatureError):
            ONE.verifier.verify(Checkpoint(ORIGIN, 11, CHECKPOINT.root, other).to_text(), signature)


@pytest.mark.parametrize("time", [0, -1, MAX_TIMESTAMP + 1, 2**64])
def test_times_at_which_nobody_cosigns(time: int) -> None:
    with pytest.raises(NoteError, match="the time of a cosignature"):
        ONE.cosign(TEXT, time)


@pytest.mark.parametrize("text", ["", "a\n", "a\n1\n", TEXT[:-1], TEXT + "\n", "hello\n\nworld\n"])
def test_only_checkpoints_are_cosigned(text: str) -> None:
    with pytest.raises(NoteError):
        ONE.cosign(text, TIME)
    forged = nacl.signing.SigningKey(seed(2)).sign(f"cosignature/v1\ntime {TIME}\n{text}".encode()).signature
    with pytest.raises(NoteError):
        ONE.verifier.verify(text, TIME.to_bytes(8, "big") + forged)


def test_a_time_of_zero_is_read_and_one_too_large_is_not() -> None:
    """The text forbids the second alone; nobody here makes the first."""
    key = nacl.signing.SigningKey(seed(2))
    zero = bytes(8) + key.sign(cosigned_message(TEXT, 0)).signature
    assert ONE.verifier.timestamp(TEXT, zero) == 0
    large = 2**63
    signed = large.to_bytes(8, "big") + key.sign(cosigned_message(TEXT, large)).signature
    with pytest.raises(InvalidSignatureError, match=r"below 2\*\*63") as caught:
        ONE.verifier.timestamp(TEXT, signed)
    assert caught.value.culprit == "witness.example/w2"


def test_every_bit_counts() -> None:
    signature = ONE.cosign(TEXT, TIME).signature
    for place in range(len(signature)):
        for bit in (0x01, 0x80):
            changed = bytearray(signature)
            changed[place] ^= bit
            with pytest.raises(InvalidSignatureError):
                ONE.verifier.verify(TEXT, bytes(changed))
    for wrong in (signature[:-1], signature + b"\0", signature[8:], b""):
        with pytest.raises(InvalidSignatureError, match="a cosignature has 72 bytes"):
            ONE.verifier.verify(TEXT, wrong)
    for other in (
        Checkpoint(ORIGIN, 12, CHECKPOINT.root),
        Checkpoint(ORIGIN, 11, EMPTY_ROOT),
        Checkpoint(ORIGIN + "s", 11, CHECKPOINT.root),
    ):
        with pytest.raises(InvalidSignatureError):
            ONE.verifier.verify(other.to_text(), signature)


def test_the_repr_shows_no_secret() -> None:
    assert repr(ONE) == "<CosignatureSigner of witness.example/w2, redacted>"


# Keys.


def test_vkey_round_trip() -> None:
    vkey = ONE.verifier.vkey()
    name, key_id, encoded = vkey.split("+", 2)
    assert (name, key_id) == ("witness.example/w2", ONE.verifier.key_id.hex())
    assert base64.b64decode(encoded) == b"\x04" + ONE.verifier.key.data
    assert CosignatureVerifier.from_vkey(vkey) == ONE.verifier


def test_a_key_of_another_type_is_another() -> None:
    """One secret key under one name: the types tell the lines apart, and no vkey serves for the other."""
    plain = NoteSigner(ONE.verifier.name, SigningKey(Secret(seed(2))))
    assert plain.verifier.key_id != ONE.verifier.key_id
    with pytest.raises(NoteError, match="the byte 04 and 32 bytes"):
        CosignatureVerifier.from_vkey(plain.verifier.vkey())
    with pytest.raises(NoteError, match="the byte 01 and 32 bytes"):
        NoteVerifier.from_vkey(ONE.verifier.vkey())
    note = NOTE + plain.signature_line(TEXT)
    assert open_cosignatures(note, [ONE.verifier]).cosignatures == ()
    # A plain signature in the place of a cosignature, and the other way round.
    signature = ONE.cosign(TEXT, TIME)
    relabelled = NoteSignature(signature.name, plain.verifier.key_id, signature.signature)
    with pytest.raises(InvalidSignatureError):
        open_note(NOTE + relabelled.line(), [plain.verifier])
    with pytest.raises(InvalidSignatureError):
        ONE.verifier.verify(TEXT, bytes(8) + SigningKey(Secret(seed(2))).sign(TEXT.encode()))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "\u2003"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(NoteError):
        CosignatureVerifier(name, ONE.verifier.key)
    if name:
        with pytest.raises(NoteError):
            cosigner(2, name)


def test_cosigners_that_are_looked_for() -> None:
    assert known_cosigners([]) == ()
    assert known_cosigners([ONE.verifier.vkey(), TWO.verifier]) == (ONE.verifier, TWO.verifier)
    # The name is not signed: one key under two names would count twice.
    for twice in (
        [ONE.verifier, ONE.verifier.vkey()],
        [ONE.verifier.vkey(), ONE.verifier.vkey()],
        [ONE.verifier, TWO.verifier, cosigner(2, "another.example").verifier],
    ):
        with pytest.raises(NoteError, match="two cosigners have one key"):
            known_cosigners(twice)
    with pytest.raises(NoteError):
        known_cosigners(["no vkey"])
    for wrong in (ONE.verifier.vkey(), None, [b"x"], [BOARD.verifier]):
        with pytest.raises(ArgumentError):
            known_cosigners(wrong)  # type: ignore[arg-type]


# Notes.


def test_cosigned_checkpoint() -> None:
    opened = open_cosigned(COSIGNED, BOARD.verifier, ORIGIN, [TWO.verifier, ONE.verifier])
    assert opened.checkpoint == CHECKPOINT
    assert [(one.cosigner, one.timestamp) for one in opened.cosignatures] == [
        (ONE.verifier, TIME),
        (TWO.verifier, TIME + 1),
    ]
    assert [line.name for line in opened.others] == [ORIGIN]
    assert opened.cosignatures[0] == Cosignature(ONE.verifier, TIME, ONE.cosign(TEXT, TIME))
    assert open_cosigned(COSIGNED.encode(), BOARD.verifier, ORIGIN, [ONE.verifier, TWO.verifier]) == opened
    assert len(open_note(COSIGNED, [BOARD.verifier, ONE.verifier, TWO.verifier]).verified) == 3
    # For whoever pins nobody, and for receipts, the lines say nothing.
    assert open_cosigned(COSIGNED, BOARD.verifier, ORIGIN, []).cosignatures == ()
    assert open_checkpoint(COSIGNED, BOARD.verifier, ORIGIN) == CHECKPOINT
    leaf = Checkpoint(ORIGIN, 1, hashlib.sha256(b"\0entry").digest())
    note = sign_checkpoint(leaf, BOARD) + ONE.cosign(leaf.to_text(), TIME).line()
    assert verify_receipt(format_receipt(0, [], note), b"entry", BOARD.verifier, ORIGIN) == leaf


def test_unknown_lines_are_passed_over() -> None:
    """Of a known name with another key, of a known key under another name, and of a type that is not known here."""
    line = ONE.cosign(TEXT, TIME)
    for other in (
        cosigner(4, "witness.example/w2").cosign(TEXT, TIME),
        cosigner(2, "other.example").cosign(TEXT, TIME),
        NoteSignature(line.name, b"\0\0\0\0", line.signature),
        NoteSignature(line.name, b"\6\6\6\6", bytes(2428)),
        NoteSignature("x", line.key_id, b"\0"),
    ):
        opened = open_cosigned(NOTE + other.line(), BOARD.verifier, ORIGIN, [ONE.verifier])
        assert opened.cosignatures == ()
        assert opened.others[1] == other
        both = open_cosigned(NOTE + other.line() + line.line(), BOARD.verifier, ORIGIN, [ONE.verifier])
        assert [one.timestamp for one in both.cosignatures] == [TIME]


def test_a_known_line_that_does_not_verify_spoils_the_note() -> None:
    good, bad = ONE.cosign(TEXT, TIME), ONE.cosign(TEXT.replace("11", "12"), TIME)
    cut = NoteSignature(good.name, good.key_id, good.signature[:-1])
    for wrong in (bad, cut):
        for note in (
            NOTE + wrong.line(),
            NOTE + good.line() + wrong.line(),
            NOTE + wrong.line() + good.line(),
        ):
            with pytest.raises(InvalidSignatureError) as caught:
                open_cosigned(note, BOARD.verifier, ORIGIN, [TWO.verifier, ONE.verifier])
            assert caught.value.culprit == "witness.example/w2"
            assert caught.value.item == "cosignature of witness.example/w2"
            assert open_cosigned(note, BOARD.verifier, ORIGIN, [TWO.verifier]).cosignatures == ()


def test_several_lines_of_a_cosigner_count_once() -> None:
    lines = [ONE.cosign(TEXT, time).line() for time in (TIME, TIME + 5, TIME + 3)]
    opened = open_cosigned(NOTE + "".join(lines), BOARD.verifier, ORIGIN, [ONE.verifier])
    assert [one.timestamp for one in opened.cosignatures] == [TIME + 5]
    assert len(opened.others) == 1


def test_the_log_must_have_signed() -> None:
    alone = TEXT + "\n" + ONE.cosign(TEXT, TIME).line()
    assert len(open_cosignatures(alone, [ONE.verifier]).cosignatures) == 1
    with pytest.raises(NoteError, match="not signed by a known key"):
        open_cosigned(alone, BOARD.verifier, ORIGIN, [ONE.verifier])
    with pytest.raises(NoteError, match="another log"):
        open_cosigned(COSIGNED, BOARD.verifier, "elsewhere", [ONE.verifier])
    for garbage in (b"", "x", b"\xff", "a\n\n" + ONE.cosign(TEXT, TIME).line()):
        with pytest.raises(NoteError):
            open_cosignatures(garbage, [ONE.verifier])


# Adding lines.


def test_lines_are_added_behind_the_others() -> None:
    first, second = ONE.cosign(TEXT, TIME), TWO.cosign(TEXT, TIME)
    assert add_cosignatures(NOTE, []) == NOTE
    assert add_cosignatures(NOTE, [first, second]) == NOTE + first.line() + second.line()
    assert add_cosignatures(NOTE + first.line(), [second]) == NOTE + first.line() + second.line()


def test_a_line_takes_the_place_of_its_keys_earlier_ones() -> None:
    old, new, other = ONE.cosign(TEXT, TIME), ONE.cosign(TEXT, TIME + 1), TWO.cosign(TEXT, TIME)
    note = NOTE + old.line() + other.line() + old.line()
    assert add_cosignatures(note, [new]) == NOTE + other.line() + new.line()
    assert add_cosignatures(NOTE, [old, new]) == NOTE + new.line()


CHANGES: dict[str, Callable[[NoteSignature], NoteSignature]] = {
    "cut": lambda line: NoteSignature(line.name, line.key_id, line.signature[:-1]),
    "long": lambda line: NoteSignature(line.name, line.key_id, line.signature + b"\0"),
    "without a time": lambda line: NoteSignature(line.name, line.key_id, line.signature[8:]),
    "a name with a space": lambda line: NoteSignature("a b", line.key_id, line.signature),
    "a name with a line": lambda line: NoteSignature("a\n", line.key_id, line.signature),
}


@pytest.mark.parametrize("change", CHANGES)
def test_lines_that_cannot_be_added(change: str) -> None:
    with pytest.raises(NoteError):
        add_cosignatures(NOTE, [CHANGES[change](ONE.cosign(TEXT, TIME))])


def test_notes_to_which_nothing_can_be_added() -> None:
    line = ONE.cosign(TEXT, TIME)
    full = NOTE + f"{DASH} x AAAAAAA=\n" * (MAX_SIGNATURES - 1)
    with pytest.raises(NoteError, match="at most 100 signatures"):
        add_cosignatures(full, [line])
    for wrong in ("", TEXT, NOTE[:-1]):
        with pytest.raises(NoteError):
            add_cosignatures(wrong, [line])
