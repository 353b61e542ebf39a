"""The vectors of draft-irtf-cfrg-fiat-shamir: SHAKE128 duplex sponge, session identifiers, codecs, the example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from secretballot.crypto.transcript import (
    EXTRA,
    DuplexSponge,
    decode_uint,
    derive_session_id,
    deserialize_field,
    deserialize_string,
    deserialize_uint,
    integer_size,
    serialize_string,
    serialize_uint,
)
from secretballot.errors import EncodingError, InvalidProofError, SecretBallotError

from ..support import sumcheck
from ..support.p256 import p256

CODEC = [
    "serialize_varlen",
    "serialize_uint",
    "deserialize_field",
    "varlen_empty",
    "decode_uint_wraparound",
    "serialize_field_be",
    "deserialize_uint_reject_modulus",
    "deserialize_uint_reject_short",
    "deserialize_field_reject_second_coordinate",
    "deserialize_varlen_reject_truncated",
    "deserialize_varlen_reject_overflow",
    "sumcheck_reject_noncanonical_coefficient",
    "sumcheck_reject_round_identity",
]
SHAKE128 = [
    "init_squeeze",
    "absorb_squeeze",
    "absorb_split",
    "stream",
    "empty_absorb",
    "interleave",
    "multiblock",
    "rate_block",
    "squeeze_zero",
    "derive_sid",
    "decode_uint",
    "sumcheck",
    "sumcheck_reject_trailing_bytes",
]
MODULI = {"P-256": p256.order, "Mersenne31": sumcheck.PRIME}

Record = dict[str, Any]


def number(value: int | str) -> int:
    return value if isinstance(value, int) else int(value, 16)


def replay(record: Record) -> bytes:
    sponge = DuplexSponge(bytes.fromhex(record["SessionId"]))
    out = b""
    for operation in record["Operations"]:
        if operation["type"] == "absorb":
            sponge.absorb(bytes.fromhex(operation["data"]))
        else:
            assert operation["type"] == "squeeze"
            out += sponge.squeeze(operation["length"])
    return out


def check_sponge(record: Record) -> None:
    assert replay(record).hex() == record["Output"]


def check_session_id(record: Record) -> None:
    tag = bytes.fromhex(record["Tag"])
    assert derive_session_id(tag).hex() == record["Output"]
    assert derive_session_id(tag + b"\0").hex() != record["Output"]


def check_decode_uint(record: Record) -> None:
    modulus = number(record["Modulus"])
    if "Operations" in record:
        data = replay(record)
        assert data.hex() == record["Output"]
    else:
        data = bytes.fromhex(record["Input"])
    assert len(data) == integer_size(modulus) + EXTRA
    assert decode_uint(data, modulus) == number(record["Challenge"])
    for wrong in (data[:-1], data + b"\0", b""):
        with pytest.raises(EncodingError):
            decode_uint(wrong, modulus)


def check_serialize_string(record: Record) -> None:
    payload, out = bytes.fromhex(record["Input"]), bytes.fromhex(record["Output"])
    assert serialize_string(payload) == out
    assert deserialize_string(out) == (payload, b"")
    assert deserialize_string(out + b"rest") == (payload, b"rest")
    with pytest.raises(EncodingError):
        deserialize_string(out[:-1])


def check_deserialize_string(record: Record) -> None:
    assert record["Expected"] == "reject"
    with pytest.raises(EncodingError):
        deserialize_string(bytes.fromhex(record["Input"]))


def check_serialize_uint(record: Record) -> None:
    modulus, value, out = number(record["Modulus"]), number(record["Value"]), bytes.fromhex(record["Output"])
    assert serialize_uint(value, modulus) == out
    assert deserialize_uint(out, modulus) == (value, b"")
    assert deserialize_uint(out + b"rest", modulus) == (value, b"rest")
    for wrong in (-1, modulus, 256 ** len(out)):
        with pytest.raises(EncodingError):
            serialize_uint(wrong, modulus)
    assert serialize_uint(modulus - 1, modulus) == (modulus - 1).to_bytes(len(out), "little")


def check_deserialize_uint(record: Record) -> None:
    assert record["Expected"] == "reject"
    with pytest.raises(EncodingError):
        deserialize_uint(bytes.fromhex(record["Input"]), number(record["Modulus"]))


def check_deserialize_field(record: Record) -> None:
    data, prime = bytes.fromhex(record["Input"]), number(record["Modulus"])
    degree = record["ExtensionDegree"]
    if record.get("Expected") == "reject":
        # The first coordinate is in order: the second is what is refused.
        deserialize_field(data, prime, 1)
        with pytest.raises(EncodingError):
            deserialize_field(data, prime, degree)
        return
    expected = tuple(number(one) for one in record["Coordinates"])
    assert deserialize_field(data, prime, degree) == (expected, b"")
    assert deserialize_field(data + b"rest", prime, degree) == (expected, b"rest")
    with pytest.raises(EncodingError):
        deserialize_field(data[:-1], prime, degree)


def check_serialize_field(record: Record) -> None:
    # The big-endian codec of P-256's scalars: in the library the group writes them.
    assert record["ByteOrder"] == "big-endian"
    assert p256.encode_integers([number(record["Value"])]).hex() == record["Output"]
    assert p256.decode_integers(bytes.fromhex(record["Output"])) == [number(record["Value"])]


def check_sumcheck(record: Record) -> None:
    session_id = bytes.fromhex(record["SessionId"])
    variables, claim = record["NumVariables"], number(record["ClaimedSum"])
    proof = bytes.fromhex(record["Narg"])
    if "Tag" in record:
        assert derive_session_id(bytes.fromhex(record["Tag"])) == session_id
    if record.get("Expected") == "reject":
        expected, message = {
            "sumcheck_reject_noncanonical_coefficient": (EncodingError, "below the modulus"),
            "sumcheck_reject_round_identity": (InvalidProofError, "round 0"),
            "sumcheck_reject_trailing_bytes": (InvalidProofError, "trailing"),
        }[record["Name"]]
        with pytest.raises(expected, match=message):
            sumcheck.verify(session_id, variables, claim, proof, 0)
        return
    table = [number(one) for one in record["Witness"]]
    assert sum(table) % sumcheck.PRIME == claim
    made = sumcheck.prove(session_id, table)
    assert made.proof == proof
    assert made.evaluation == number(record["FinalEvaluation"])
    assert made.evaluation == sumcheck.evaluate(table, made.challenges)
    sumcheck.verify(session_id, variables, claim, proof, made.evaluation)
    refused: list[tuple[bytes, int, int, bytes, int]] = [
        (derive_session_id(b"another"), variables, claim, proof, made.evaluation),
        (session_id, variables, claim + 1, proof, made.evaluation),
        (session_id, variables - 1, claim, proof, made.evaluation),
        (session_id, variables, claim, proof[:-1], made.evaluation),
        (session_id, variables, claim, proof, (made.evaluation + 1) % sumcheck.PRIME),
    ]
    for place in range(len(proof)):
        changed = proof[:place] + bytes([proof[place] ^ 1]) + proof[place + 1 :]
        refused.append((session_id, variables, claim, changed, made.evaluation))
    for arguments in refused:
        with pytest.raises(SecretBallotError):
            sumcheck.verify(*arguments)


CHECKS = {
    "DuplexSponge": check_sponge,
    "DeriveSessionID": check_session_id,
    "DecodeUint": check_decode_uint,
    "SerializeVarLenString": check_serialize_string,
    "DeserializeVarLenString": check_deserialize_string,
    "SerializeUint": check_serialize_uint,
    "DeserializeUint": check_deserialize_uint,
    "DeserializeField": check_deserialize_field,
    "SerializeField": check_serialize_field,
    "Sumcheck": check_sumcheck,
}


def load(vectors: Path, name: str) -> dict[str, Record]:
    records = json.loads((vectors / "cfrg" / name).read_text())
    return {record["Name"]: record for record in records}


def check(record: Record) -> None:
    assert record.get("Hash", "SHAKE128") == "SHAKE128"
    if "Group" in record:
        assert number(record["Modulus"]) == MODULI[record["Group"]]
    CHECKS[record["Function"]](record)


@pytest.mark.parametrize("name", CODEC)
def test_codec_vector(vectors: Path, name: str) -> None:
    check(load(vectors, "fiatShamirCodecVectors.json")[name])


@pytest.mark.parametrize("name", SHAKE128)
def test_shake128_vector(vectors: Path, name: str) -> None:
    check(load(vectors, "fiatShamirShake128Vectors.json")[name])


def test_no_vector_is_left_out(vectors: Path) -> None:
    assert list(load(vectors, "fiatShamirCodecVectors.json")) == CODEC
    assert list(load(vectors, "fiatShamirShake128Vectors.json")) == SHAKE128


@pytest.mark.parametrize("size", [0, 31, 33, 168])
def test_a_session_identifier_of_another_size_is_refused(size: int) -> None:
    DuplexSponge(bytes(32))
    with pytest.raises(EncodingError, match=f"32 bytes, not {size}"):
        DuplexSponge(bytes(size))
