"""Both verifiers take the same JSON, the same lines of a file, and the same keys and signatures."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from hashlib import sha512
from itertools import count
from pathlib import Path

import pytest
from nacl.bindings import crypto_core_ed25519_add, crypto_scalarmult_ed25519_base_noclamp

from secretballot.crypto.encoding import Tag, b64encode, frame
from secretballot.crypto.signing import SigningKey
from secretballot.errors import RecordError
from secretballot.records import parse_entry, sign_body
from secretballot.testing import Simulation
from secretballot.verify import verify_record

from ..support import elections
from ..support.second import SecondVerifier, agreed
from ..vectors.test_ristretto255 import BAD_ENCODINGS, MULTIPLES
from .test_second_verifier_manifests import changed, of_party


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return elections.simulate([elections.choice()])


# JSON.

#: What takes the place of the reason of a complaint, and whether that can be read.
REASONS: dict[str, tuple[bytes, bool]] = {
    "as it is": (b'"reason":"x"', True),
    "escapes": (rb'"reason":"\"\\\b\t\n\f\r\u0000\u001f"', True),
    "an upper-case escape": (rb'"reason":"\u001F"', False),
    "a long escape": (rb'"reason":"\u0009"', False),
    "an escaped letter": (rb'"reason":"\u0078"', False),
    "an escaped slash": (rb'"reason":"\/"', False),
    "a tab": (b'"reason":"\t"', False),
    "all as themselves": ('"reason":"/\u007f\u0080\u2028\ufeff\U0001f5f3é"'.encode(), True),
    "an escaped surrogate": (rb'"reason":"\ud800"', False),
    "an escaped pair": (rb'"reason":"\ud83d\uddf3"', False),
    "a surrogate in UTF-8": (b'"reason":"\xed\xa0\x80"', False),
    "an overlong form": (b'"reason":"\xc1\xb8"', False),
    "no UTF-8": (b'"reason":"\xff"', False),
    "white space before": (b' "reason":"x"', False),
    "white space behind": (b'"reason":"x" ', False),
    "a member twice": (b'"reason":"x","reason":"x"', False),
    "a member twice, the first another": (b'"reason":"y","reason":"x"', False),
    "a member more": (b'"reason":"x","more":1', False),
    "a member of an object": (b'"reason":"x","__proto__":{}', False),
    "a comma": (b'"reason":"x",', False),
    "nothing": (b'"reason":""', False),
    "null": (b'"reason":null', False),
    "a number": (b'"reason":1', False),
    "a list": (b'"reason":["x"]', False),
    "1000 code points": (b'"reason":"' + "\U0001f5f3".encode() * 1000 + b'"', True),
    "1001 code points": (b'"reason":"' + b"x" * 1001 + b'"', False),
    "a deep list": (b'"reason":' + b"[" * 100_000 + b"]" * 100_000, False),
}

#: What takes the place of the serial of a line of the register.
SERIALS: dict[str, tuple[bytes, bool]] = {
    "1": (b"1", True),
    "0": (b"0", True),
    "the largest": (b"9007199254740991", True),
    "above": (b"9007199254740992", False),
    "far above": (b"9007199254740993", False),
    "with a point": (b"1.0", False),
    "with an exponent": (b"1e0", False),
    "below": (b"-1", False),
    "less than nothing": (b"-0", False),
    "a leading zero": (b"01", False),
    "a text": (b'"1"', False),
    "true": (b"true", False),
    "not a number": (b"NaN", False),
}


def test_canonical_json(second: SecondVerifier, simulation: Simulation, tmp_path: Path) -> None:
    (manifest,) = simulation.store.entries()
    trustee = simulation.trustees[0]
    registrar = simulation.registrar_keys[0]
    election = b64encode(simulation.election.id).encode()
    head = b'{"record":"secretballot/1/%s","election":"%s",'
    complaint = head + b'"trustee":"trustee-1","accused":"trustee-2",%s}'
    issuance = head + b'"registrar":"registrar-1","serial":%s,"request":"%s"}'
    bodies: dict[str, tuple[bytes, SigningKey, bool]] = {
        name: (complaint % (b"ceremony-complaint", election, reason), trustee._signing, can)
        for name, (reason, can) in REASONS.items()
    }
    for name, (serial, can) in SERIALS.items():
        body = issuance % (b"issuance", election, serial, b64encode(bytes(32)).encode())
        bodies[f"serial {name}"] = (body, registrar._signing, can)
    records, expected = {}, {}
    for name, (body, key, can) in bodies.items():
        raw = sign_body(body, key)
        records[name] = (manifest + b"\n" + raw + b"\n", elections.checkpoint(simulation, [manifest, raw]))
        expected[name] = can
    said = agreed(second, tmp_path, records)
    assert {name: "L1" not in judgement.failed for name, judgement in said.items()} == expected
    assert "L4" not in {rule for name in expected if expected[name] for rule in said[name].failed}


# Lines.


def test_files(second: SecondVerifier, simulation: Simulation, tmp_path: Path) -> None:
    (raw,) = simulation.store.entries()
    note = elections.checkpoint(simulation, [raw])
    twice = elections.checkpoint(simulation, [raw, b""])
    records = {
        "as it is": (raw + b"\n", note),
        "nothing": (b"", note),
        "no line feed": (raw, note),
        "a carriage return": (raw + b"\r\n", note),
        "an empty line": (raw + b"\n\n", twice),
        "a line before": (b"\n" + raw + b"\n", twice),
        "a byte-order mark": (b"\xef\xbb\xbf" + raw + b"\n", note),
        "a byte behind": (raw + b"\nx", note),
        "a line of the greatest length": (raw + b"\n" + b"x" * 2**23 + b"\n", note),
        "a line that is longer": (raw + b"\n" + b"x" * (2**23 + 1) + b"\n" + raw + b"\n", note),
        "no checkpoint": (raw + b"\n", b""),
        "a checkpoint with a carriage return": (raw + b"\n", note.replace(b"\n", b"\r\n")),
        "a checkpoint twice signed": (raw + b"\n", note + note.splitlines(keepends=True)[-1]),
        "a checkpoint with more lines": (raw + b"\n", note.replace(b"\n\n", b"\nmore\n\n")),
        "a checkpoint without an empty line": (raw + b"\n", note.replace(b"\n\n", b"\n")),
        "a checkpoint of another": (
            raw + b"\n",
            note.replace(b"secretballot.example", b"secretballot.exampl3"),
        ),
        "a checkpoint with a foreign line": (raw + b"\n", note + "— a.example AAAAAAA=\n".encode()),
        "a checkpoint with a foreign line without a signature": (
            raw + b"\n",
            note + "— a.example AAAAAA==\n".encode(),
        ),
        "a checkpoint with a name that has a space": (
            raw + b"\n",
            note + "— a\u2003example AAAAAAA=\n".encode(),
        ),
        "a checkpoint with a zero": (raw + b"\n", note.replace(b"\n1\n", b"\n01\n")),
        "a checkpoint with its end cut": (raw + b"\n", note[:-1]),
    }
    said = agreed(second, tmp_path, records)
    assert {name for name in said if "L5" not in said[name].failed and "M1" not in said[name].failed} == {
        "as it is",
        "an empty line",
        "a checkpoint with a foreign line",
    }
    assert said["as it is"].verdict == "incomplete"


def test_files_that_are_none(second: SecondVerifier, simulation: Simulation, tmp_path: Path) -> None:
    """Pipes and devices never end. A checkpoint that is too long is read no further, and refused."""
    (raw,) = simulation.store.entries()
    whole = {"entries.jsonl": raw + b"\n", "checkpoint": elections.checkpoint(simulation, [raw])}
    expected: dict[str, str | None] = {}
    for name in whole:
        for kind, verdict, make in (
            ("pipe", None, os.mkfifo),
            ("device", None, lambda path: path.symlink_to("/dev/zero")),
            ("folder", None, Path.mkdir),
            ("link", "incomplete", lambda path: path.symlink_to(path.with_name("other"))),
        ):
            folder = tmp_path / f"{name}-{kind}"
            folder.mkdir()
            for other, data in whole.items():
                (folder / ("other" if other == name else other)).write_bytes(data)
            make(folder / name)
            expected[folder.name] = verdict
    (tmp_path / "long").mkdir()
    for name, data in whole.items():
        (tmp_path / "long" / name).write_bytes(data)
    os.truncate(tmp_path / "long" / "checkpoint", 3 * 2**30)
    expected["long"] = "failed"
    _, said, _ = second(*(tmp_path / name for name in expected))
    assert {name: one.verdict for name, one in zip(expected, said, strict=True)} == expected
    for name, verdict in expected.items():
        if verdict is None:
            with pytest.raises(RecordError, match="there is no file"):
                verify_record(tmp_path / name)
        else:
            assert verify_record(tmp_path / name).verdict == verdict


# Keys and signatures.

ORDER = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19
#: The point of order 2, which is (0, -1), and the identity.
OF_ORDER_2, IDENTITY = (P - 1).to_bytes(32, "little"), (1).to_bytes(32, "little")


def scalar(value: int) -> bytes:
    return (value % ORDER).to_bytes(32, "little")


def base(value: int) -> bytes:
    return crypto_scalarmult_ed25519_base_noclamp(scalar(value))


def signed_by(simulation: Simulation, key: bytes, make: Callable[[bytes], bytes]) -> bytes:
    """The manifest of an authority with this key; ``make`` gives the signature of a message."""
    body = json.loads(parse_entry(next(iter(simulation.store.entries()))).body)
    body["authority"]["signing_key"] = b64encode(key)
    text = elections.canonical(body)
    signature = b64encode(make(frame(Tag.SIGNED_ENTRY.label, text))).encode()
    return b'{"body":' + text + b',"signature":"' + signature + b'"}'


def challenge(R: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(sha512(R + key + message).digest(), "little") % ORDER


def of_mixed_order(even: bool) -> tuple[bytes, Callable[[bytes], bytes]]:
    """A key a B + T with T of order 2, and a signature by a. The equation holds if k is even, and else times 8."""
    key = crypto_core_ed25519_add(base(7), OF_ORDER_2)

    def make(message: bytes) -> bytes:
        r = next(r for r in count(11) if (challenge(base(r), key, message) % 2 == 0) is even)
        return base(r) + scalar(r + challenge(base(r), key, message) * 7)

    return key, make


def plain(message: bytes, s: Callable[[int], bytes] = scalar, r: int = 11) -> bytes:
    """A signature by 7, with another encoding of s."""
    R = base(r) if r else IDENTITY
    return R + s(r + challenge(R, base(7), message) * 7)


SIGNATURES: dict[str, tuple[bytes, Callable[[bytes], bytes], bool]] = {
    "plain": (base(7), plain, True),
    "s that is not reduced": (
        base(7),
        lambda m: plain(m, lambda s: (s % ORDER + ORDER).to_bytes(32, "little")),
        False,
    ),
    "s with a bit above": (
        base(7),
        lambda m: plain(m, lambda s: (s % ORDER + 2**255).to_bytes(32, "little")),
        False,
    ),
    "R of small order": (base(7), lambda m: plain(m, r=0), False),
    "a key of order 1": (IDENTITY, lambda m: base(11) + scalar(11), False),
    "a key of order 1 with a sign": (IDENTITY[:31] + b"\x80", lambda m: base(11) + scalar(11), False),
    "a key of order 2": (OF_ORDER_2, lambda m: base(12) + scalar(12), False),
    "a key that is not canonical": ((P + 1).to_bytes(32, "little"), lambda m: base(11) + scalar(11), False),
    "a key that is no point": (b"\x02" + bytes(31), lambda m: base(11) + scalar(11), False),
    "a key of mixed order, k even": (*of_mixed_order(True), True),
    "a key of mixed order, k odd": (*of_mixed_order(False), False),
}


def test_signatures(second: SecondVerifier, simulation: Simulation, tmp_path: Path) -> None:
    records = {}
    for name, (key, make, _) in SIGNATURES.items():
        raw = signed_by(simulation, key, make)
        records[name] = (raw + b"\n", elections.checkpoint(simulation, [raw]))
    said = agreed(second, tmp_path, records)
    holds = {name: "M2" not in judgement.failed for name, judgement in said.items()}
    assert holds == {name: held for name, (_, _, held) in SIGNATURES.items()}


def test_encodings_of_elements(second: SecondVerifier, simulation: Simulation, tmp_path: Path) -> None:
    """The vectors of RFC 9496, as the key of a trustee."""
    encodings = {f"bad {place}": one for place, one in enumerate(BAD_ENCODINGS)}
    encodings |= {f"multiple {place}": one for place, one in enumerate(MULTIPLES)}
    records = {}
    for name, encoding in encodings.items():
        raw = changed(simulation, of_party("trustees", key=b64encode(bytes.fromhex(encoding))))
        records[name] = (raw + b"\n", elections.checkpoint(simulation, [raw]))
    said = agreed(second, tmp_path, records)
    works = {name for name in said if "M1" not in said[name].failed}
    # The first multiple is the identity.
    assert works == {f"multiple {place}" for place in range(1, len(MULTIPLES))}
