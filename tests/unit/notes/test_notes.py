"""Keys of notes, and signed notes."""

from __future__ import annotations

import base64
import hashlib
import pickle

import pytest

from secretballot.crypto.note import (
    MAX_NOTE_SIZE,
    MAX_SIGNATURES,
    NoteSigner,
    NoteVerifier,
    decode_base64,
    open_note,
    parse_note,
    sign_note,
)
from secretballot.errors import InvalidSignatureError, NoteError

from .shared import BOARD, DASH, ORIGIN, TEXT, WITNESS, make_signer


def line_of(signer: NoteSigner, text: str = TEXT) -> str:
    return signer.signature_line(text)


def changed_key_id(signer: NoteSigner, text: str = TEXT) -> str:
    start, name, encoded = line_of(signer, text).split(" ")
    data = bytearray(base64.b64decode(encoded))
    data[0] ^= 1
    return f"{start} {name} {base64.b64encode(data).decode()}\n"


# Keys


def test_vkey_round_trip() -> None:
    vkey = BOARD.verifier.vkey()
    name, key_id, encoded = vkey.split("+", 2)
    assert name == ORIGIN
    public = BOARD.verifier.key.data
    assert base64.b64decode(encoded) == b"\x01" + public
    assert key_id == hashlib.sha256(ORIGIN.encode() + b"\n\x01" + public).hexdigest()[:8]
    assert NoteVerifier.from_vkey(vkey) == BOARD.verifier


def test_vkey_whose_base64_has_a_plus() -> None:
    for number in range(256):
        verifier = make_signer("a", number).verifier
        if verifier.vkey().count("+") > 2:
            assert NoteVerifier.from_vkey(verifier.vkey()) == verifier
            return
    pytest.fail("no such key among 256")


@pytest.mark.parametrize(
    "name",
    [
        *("", "a b", "a+b", "a\tb", "a\nb", "a\x00", "\x1c", "\ud800", "\x85", "\xa0", "\u1680", "\u2003"),
        *("\u2028", "a\u2029b", "\u202f", "\u205f", "\u3000"),
    ],
)
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(NoteError):
        NoteVerifier(name, BOARD.verifier.key)
    with pytest.raises(NoteError):
        make_signer(name, 1)


@pytest.mark.parametrize("name", ["a", "é", "\u200b", "-", "日本", "a\x7f", "\u2014"])
def test_names_that_are_allowed(name: str) -> None:
    signer = make_signer(name, 1)
    assert NoteVerifier.from_vkey(signer.verifier.vkey()) == signer.verifier
    assert open_note(sign_note(TEXT, signer), [signer.verifier]).verified[0].name == name


def test_vkeys_that_are_none() -> None:
    name, key_id, encoded = BOARD.verifier.vkey().split("+", 2)
    data = base64.b64decode(encoded)
    other_type = b"\x04" + data[1:]
    other_id = hashlib.sha256(name.encode() + b"\n" + other_type).hexdigest()[:8]
    for vkey in (
        "",
        "+",
        "++",
        f"{name}+{key_id}",
        f"+{key_id}+{encoded}",
        f"{name}x+{key_id}+{encoded}",
        f"{name}+{key_id.upper()}+{encoded}",
        f"{name}+0{key_id}+{encoded}",
        f"{name}+{key_id[1:]}+{encoded}",
        f"{name}+{key_id}\n+{encoded}",
        f"{name}+00000000+{encoded}",
        f"{name}+{key_id}+{encoded}=",
        f"{name}+{key_id}+{encoded}\n",
        f"{name}+{key_id}+{encoded} ",
        f"{name}+{key_id}+{base64.b64encode(data[:-1]).decode()}",
        f"{name}+{key_id}+{base64.b64encode(data + b'0').decode()}",
        f"{name}+{other_id}+{base64.b64encode(other_type).decode()}",
        f"{name}+{key_id}+",
        f"{name}+{key_id}+\u00e9",
        f"{name}+{key_id}+\ud800",
        f"\ud800+{key_id}+{encoded}",
    ):
        with pytest.raises(NoteError):
            NoteVerifier.from_vkey(vkey)


def test_a_signer_shows_no_secret() -> None:
    seed = hashlib.sha256(b"\x01").digest()
    assert repr(BOARD) == f"<NoteSigner of {ORIGIN}, redacted>"
    for shown in (repr(BOARD), repr(BOARD._key), str(BOARD)):
        assert seed.hex() not in shown
        assert repr(seed)[2:-1] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(BOARD)


# Notes


def test_sign_and_open() -> None:
    signed = sign_note(TEXT, BOARD, WITNESS)
    assert signed == TEXT + "\n" + line_of(BOARD) + line_of(WITNESS)
    assert signed.startswith(f"{TEXT}\n{DASH} {ORIGIN} ")
    for data in (signed, signed.encode()):
        note = open_note(data, [WITNESS.verifier, BOARD.verifier])
        assert note.text == TEXT
        assert [signature.name for signature in note.verified] == [ORIGIN, "witness.example/w1"]
        assert note.verified[0].key_id == BOARD.verifier.key_id
        BOARD.verifier.verify(TEXT, note.verified[0].signature)
        assert note.unverified == ()
    alone = open_note(signed, [WITNESS.verifier])
    assert [signature.name for signature in alone.verified] == ["witness.example/w1"]
    assert [signature.name for signature in alone.unverified] == [ORIGIN]
    assert parse_note(signed) == (TEXT, note.verified)


@pytest.mark.parametrize(
    "text", ["\n", "\n\n", "a\n", "a\n\n", "\na\n", f"{DASH} a AAAAAAA=\n", "a\u0085b\u2028c\n"]
)
def test_texts_with_empty_lines(text: str) -> None:
    assert open_note(sign_note(text, BOARD), [BOARD.verifier]).text == text


@pytest.mark.parametrize("text", ["", "a", "a\nb", "a\r\n", "a\tb\n", "\x00\n", "\x1f\n", "\ud800\n"])
def test_texts_that_no_note_has(text: str) -> None:
    with pytest.raises(NoteError):
        sign_note(text, BOARD)
    with pytest.raises(NoteError):
        BOARD.signature_line(text)
    with pytest.raises(NoteError):
        parse_note(f"{text}\n{line_of(BOARD)}")


def test_malformed_notes() -> None:
    good = line_of(BOARD)
    start, name, encoded = good.rstrip("\n").split(" ")
    for data in (
        "",
        "\n",
        "\n\n",
        TEXT,
        TEXT + "\n",
        TEXT + good,
        TEXT + "\n" + good.rstrip("\n"),
        TEXT + "\n" + good + "\n",
        TEXT + "\n" + good + "trailing",
        TEXT + "\n" + good + "trailing\n",
        TEXT + "\n\n\n" + "x" + good,
        "\n" + good,
        TEXT + "\n" + good.replace(DASH, "-"),
        TEXT + "\n" + good.replace(DASH, "\u2013"),
        TEXT + "\n " + good,
        TEXT + "\n" + good.replace("\n", " \n"),
        TEXT + "\n" + good.replace("\n", "\r\n"),
        TEXT + f"\n{start}  {name} {encoded}\n",
        TEXT + f"\n{start} {name}  {encoded}\n",
        TEXT + f"\n{start}\u00a0{name} {encoded}\n",
        TEXT + f"\n{start} {name}\n",
        TEXT + f"\n{start} {name} \n",
        TEXT + f"\n{start}  {encoded}\n",
        TEXT + f"\n{start} a+b {encoded}\n",
        TEXT + f"\n{start} a\u3000b {encoded}\n",
        TEXT + f"\n{start} {name} {encoded}=\n",
        TEXT + f"\n{start} {name} {encoded.rstrip('=')}\n",
        TEXT + f"\n{start} {name} {encoded[:-3]}\n",
        TEXT + f"\n{start} {name} {encoded[:8]} {encoded[8:]}\n",
        TEXT + f"\n{start} {name} {encoded[:8]}-{encoded[9:]}\n",
        TEXT + f"\n{start} {name} \u00e9\n",
        # Four bytes are a key ID without a signature; an unknown key's line is malformed as any other.
        TEXT + "\n" + good + f"{start} other {base64.b64encode(b'1234').decode()}\n",
        TEXT + f"\n{start} {name} {base64.b64encode(b'1234').decode()}\n",
        TEXT + f"\n{start} {name} {base64.b64encode(b'123').decode()}\n",
        TEXT + "\n" + good + f"{start} other AAAA\n",
        TEXT + "\n\ud800" + good,
    ):
        with pytest.raises(NoteError):
            open_note(data, [BOARD.verifier])
    raw = sign_note(TEXT, BOARD).encode()
    for data in (raw + b"\xff", b"\xff" + raw, b"\xc0\x80" + raw, b"\xed\xa0\x80" + raw, raw + b"\0"):
        with pytest.raises(NoteError):
            open_note(data, [BOARD.verifier])
    assert open_note(raw, [BOARD.verifier]).text == TEXT


def test_base64_is_canonical() -> None:
    assert decode_base64("AAAAAAA=") == bytes(5)
    for text in (
        "AAAAAAB=",
        "AAAAAAA",
        "AAAAAAA==",
        "AAAA\nAAA=",
        "AAAAAA-=",
        " AAAAAAA=",
        "=",
        "A",
        "AA==AA==",
    ):
        with pytest.raises(NoteError, match="base64"):
            decode_base64(text)
    # 64 signature bytes and the key ID leave two bits of the last character unused.
    unused = sign_note(TEXT, BOARD)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = unused[-3]
    changed = alphabet[alphabet.index(last) ^ 1]
    with pytest.raises(NoteError, match="signature line 1: not canonical base64"):
        open_note(unused[:-3] + changed + unused[-2:], [BOARD.verifier])


def test_unknown_signatures_are_ignored() -> None:
    stranger = make_signer(ORIGIN, 9)  # The board's name with another key.
    other_name = (
        f"{DASH} other.example {line_of(BOARD).split(' ')[2]}"  # The board's key ID under another name.
    )
    garbage = f"{DASH} x {base64.b64encode(b'12345').decode()}\n"
    extra = (line_of(stranger), other_name, garbage, garbage, changed_key_id(BOARD))
    note = open_note(TEXT + "\n" + "".join((*extra, line_of(BOARD))), [BOARD.verifier])
    assert len(note.verified) == 1
    assert [signature.name for signature in note.unverified] == [ORIGIN, "other.example", "x", "x", ORIGIN]
    assert note.unverified[2].signature == b"5"
    with pytest.raises(NoteError, match="not signed by a known key"):
        open_note(TEXT + "\n" + "".join(extra), [BOARD.verifier])
    with pytest.raises(NoteError, match="not signed by a known key"):
        open_note(sign_note(TEXT, BOARD), [])


def test_a_known_key_that_does_not_verify() -> None:
    # The good signature of another known key does not help.
    bad = line_of(WITNESS, "another text\n")
    for lines in (bad, line_of(BOARD) + bad, bad + line_of(BOARD)):
        with pytest.raises(InvalidSignatureError) as caught:
            open_note(TEXT + "\n" + lines, [BOARD.verifier, WITNESS.verifier])
        assert caught.value.culprit == "witness.example/w1"
    # A good signature with one byte less or more.
    start, name, encoded = line_of(BOARD).split(" ")
    data = base64.b64decode(encoded)
    for changed in (data[:-1], data + b"\0", data[:5]):
        with pytest.raises(InvalidSignatureError):
            open_note(f"{TEXT}\n{start} {name} {base64.b64encode(changed).decode()}\n", [BOARD.verifier])
    with pytest.raises(InvalidSignatureError):
        open_note(sign_note(TEXT, BOARD).replace("third", "fourth"), [BOARD.verifier])


def test_a_key_signs_once() -> None:
    with pytest.raises(NoteError, match="signed the note twice") as caught:
        open_note(TEXT + "\n" + line_of(BOARD) * 2, [BOARD.verifier])
    assert caught.value.culprit == ORIGIN
    with pytest.raises(NoteError, match="once"):
        sign_note(TEXT, BOARD, WITNESS, BOARD)
    assert open_note(TEXT + "\n" + line_of(BOARD) * 2 + line_of(WITNESS), [WITNESS.verifier]).text == TEXT


def test_verifiers_that_collide(monkeypatch: pytest.MonkeyPatch) -> None:
    signed = sign_note(TEXT, BOARD)
    assert open_note(signed, [BOARD.verifier, BOARD.verifier]).text == TEXT
    monkeypatch.setattr(NoteVerifier, "key_id", BOARD.verifier.key_id)
    with pytest.raises(NoteError, match="one name and key ID"):
        open_note(signed, [BOARD.verifier, NoteVerifier(ORIGIN, WITNESS.verifier.key)])


def test_number_of_signatures() -> None:
    assert MAX_SIGNATURES >= 16
    other = f"{DASH} x AAAAAAA=\n"
    lines = other * (MAX_SIGNATURES - 1) + line_of(BOARD)
    assert len(open_note(TEXT + "\n" + lines, [BOARD.verifier]).unverified) == MAX_SIGNATURES - 1
    with pytest.raises(NoteError, match="at most 100 signatures, not 101"):
        open_note(TEXT + "\n" + other + lines, [BOARD.verifier])
    with pytest.raises(NoteError, match="between 1 and 100"):
        sign_note(TEXT)
    with pytest.raises(NoteError, match="between 1 and 100"):
        sign_note(TEXT, *[BOARD] * (MAX_SIGNATURES + 1))


def test_size_of_a_note() -> None:
    rest = len(sign_note("\n", BOARD).encode()) - 1
    # Two bytes a character: the limit is one of bytes.
    text = "é" * ((MAX_NOTE_SIZE - rest - 1) // 2) + "\n"
    text = "a" * (MAX_NOTE_SIZE - rest - len(text.encode())) + text
    signed = sign_note(text, BOARD)
    assert len(signed.encode()) == MAX_NOTE_SIZE
    assert (
        open_note(signed, [BOARD.verifier]).text == open_note(signed.encode(), [BOARD.verifier]).text == text
    )
    with pytest.raises(NoteError, match="more than 1000000 bytes"):
        sign_note("a" + text, BOARD)
    long = f"a{text}\n{line_of(BOARD, 'a' + text)}"
    for data in (long, long.encode(), "a" * (MAX_NOTE_SIZE + 1)):
        with pytest.raises(NoteError, match="more than 1000000 bytes"):
            open_note(data, [BOARD.verifier])
