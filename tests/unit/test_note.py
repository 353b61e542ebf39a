"""Signed notes, checkpoints and receipts: what is written and read, and every neighbour that is refused."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import pickle
from collections.abc import Callable

import pytest

from secretballot.crypto import note as note_module
from secretballot.crypto.merkle import EMPTY_ROOT, MemoryTree, leaf_hash
from secretballot.crypto.note import (
    MAX_NOTE_SIZE,
    MAX_SIGNATURES,
    Checkpoint,
    NoteSigner,
    NoteVerifier,
    decode_base64,
    open_checkpoint,
    open_note,
    parse_note,
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
from secretballot.crypto.secret import Secret
from secretballot.crypto.signing import SigningKey, VerifyKey
from secretballot.errors import InvalidSignatureError, MerkleError, NoteError

ORIGIN = "board.example/election"
DASH = "\u2014"


def make_signer(name: str, number: int) -> NoteSigner:
    return NoteSigner(name, SigningKey(Secret(hashlib.sha256(bytes([number])).digest())))


BOARD = make_signer(ORIGIN, 1)
WITNESS = make_signer("witness.example/w1", 2)
TEXT = "first line\n\nthird line\n"
ENTRIES = [f"entry {index}".encode() for index in range(11)]


@pytest.fixture(scope="module")
def tree() -> MemoryTree:
    made = MemoryTree()
    for entry in ENTRIES:
        made.append(leaf_hash(entry))
    return made


@pytest.fixture(scope="module")
def checkpoint_note(tree: MemoryTree) -> str:
    return sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root()), BOARD)


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


# Checkpoints


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


# Receipts


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
