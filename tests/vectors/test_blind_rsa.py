"""The vectors of RFC 9474 appendix A: four variants, 4096 bits, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from secretballot.crypto import blind_rsa, rsa_keys
from secretballot.crypto.blind_rsa import BlindSignature, PrivateKey, PublicKey
from secretballot.crypto.secret import Secret
from secretballot.errors import CryptoError, InvalidSignatureError

VARIANTS = {
    variant.name: variant
    for variant in (
        blind_rsa.PSS_RANDOMIZED,
        blind_rsa.PSSZERO_RANDOMIZED,
        blind_rsa.PSS_DETERMINISTIC,
        blind_rsa.PSSZERO_DETERMINISTIC,
    )
}


@pytest.fixture(scope="module")
def cases(vectors: Path) -> dict[str, dict[str, str]]:
    return {case["name"]: case for case in json.loads((vectors / "rfc9474.json").read_text("utf-8"))}


@pytest.fixture(params=sorted(VARIANTS))
def case(request: pytest.FixtureRequest, cases: dict[str, dict[str, str]]) -> dict[str, str]:
    return cases[request.param]


@pytest.fixture(scope="module")
def key(cases: dict[str, dict[str, str]]) -> PrivateKey:
    """All four vectors are of one key."""
    assert len({(case["p"], case["q"], case["d"]) for case in cases.values()}) == 1
    numbers = next(iter(cases.values()))
    p, q, d, n, e = (int(numbers[name], 16) for name in ("p", "q", "d", "n", "e"))
    private = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, n)
    )
    return PrivateKey(Secret(private.private_key()))


def start(case: dict[str, str], key: PublicKey) -> blind_rsa.BlindingState:
    inverse = int(case["inv"], 16)
    fields = (bytes.fromhex(case[name]) for name in ("msg", "msg_prefix", "salt"))
    opening = blind_rsa._Opening(*fields, inverse)
    return blind_rsa._blind(key, opening, pow(inverse, -1, key.n), VARIANTS[case["name"]])


def test_all_four_variants_are_there(cases: dict[str, dict[str, str]]) -> None:
    assert sorted(cases) == sorted(VARIANTS)


def test_parameters_of_the_variant(case: dict[str, str]) -> None:
    variant = VARIANTS[case["name"]]
    assert variant.salt_size == int(case["sLen"], 16) == len(case["salt"]) // 2
    assert variant.prefix_size == 32 * int(case["is_randomized"], 16) == len(case["msg_prefix"]) // 2
    assert case["input_msg"] == case["msg_prefix"] + case["msg"]


def test_encoded_message(case: dict[str, str], key: PrivateKey) -> None:
    message, salt = bytes.fromhex(case["input_msg"]), bytes.fromhex(case["salt"])
    encoded = blind_rsa._emsa_pss_encode(message, key.public_key.n.bit_length() - 1, salt)
    if "encoded_msg" in case:  # one of the four is without
        assert encoded.hex() == case["encoded_msg"]
    m = pow(int(case["sig"], 16), 65537, key.public_key.n)
    assert encoded == m.to_bytes(512, "big")


@pytest.mark.parametrize("backend", ["gmpy2", "int"])
def test_blind_sign_finalize(
    case: dict[str, str], key: PrivateKey, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "int":
        monkeypatch.setattr(rsa_keys, "gmpy2", None)
    else:
        pytest.importorskip("gmpy2")
    state = start(case, key.public_key)
    assert state.blinded_message.hex() == case["blinded_msg"]
    blind_signature = key.blind_sign(state.blinded_message)
    assert blind_signature.hex() == case["blind_sig"]
    signature = blind_rsa.finalize(state, blind_signature)
    assert signature.signature.hex() == case["sig"]
    assert signature.prefix.hex() == case["msg_prefix"]


def test_another_salt_prefix_or_blind_gives_another_blinded_message(
    case: dict[str, str], key: PrivateKey
) -> None:
    for name in ("salt", "msg_prefix", "msg"):
        changed: dict[str, Any] = dict(case)
        changed[name] = (bytes([1]) + bytes.fromhex(case[name])).hex()
        assert start(changed, key.public_key).blinded_message.hex() != case["blinded_msg"]
    changed = dict(case)
    changed["inv"] = hex(int(case["inv"], 16) + 1)
    assert start(changed, key.public_key).blinded_message.hex() != case["blinded_msg"]


def test_public_verify_takes_the_default_variant_alone(
    cases: dict[str, dict[str, str]], key: PrivateKey
) -> None:
    for name, case in cases.items():
        message, prefix, signature = (bytes.fromhex(case[part]) for part in ("msg", "msg_prefix", "sig"))
        claim = BlindSignature(prefix, signature)
        if name == "RSABSSA-SHA384-PSS-Randomized":
            blind_rsa.verify(key.public_key, message, claim)
        else:
            with pytest.raises(InvalidSignatureError):
                blind_rsa.verify(key.public_key, message, claim)


def test_the_em_bits_of_the_rfc_text_do_not_give_the_vectors(
    cases: dict[str, dict[str, str]], key: PrivateKey
) -> None:
    def encodings(em_bits: int) -> list[bytes]:
        return [
            blind_rsa._emsa_pss_encode(bytes.fromhex(case["input_msg"]), em_bits, bytes.fromhex(case["salt"]))
            for case in cases.values()
        ]

    n = key.public_key.n
    assert encodings(n.bit_length()) != encodings(n.bit_length() - 1)
    assert any(int.from_bytes(encoded, "big") >= 2**4095 for encoded in encodings(n.bit_length()))
    assert all(int.from_bytes(encoded, "big") < 2**4095 for encoded in encodings(n.bit_length() - 1))


def test_why_a_key_is_of_one_variant(cases: dict[str, dict[str, str]], key: PrivateKey) -> None:
    # RFC 9474 section 6.2. A prefix is not marked as one: a deterministic signature passes for a randomized.
    for name, accepted in (
        ("RSABSSA-SHA384-PSS-Deterministic", True),
        ("RSABSSA-SHA384-PSSZERO-Deterministic", False),
    ):
        message = bytes.fromhex(cases[name]["msg"])
        claim = BlindSignature(message[:32], bytes.fromhex(cases[name]["sig"]))
        if accepted:
            blind_rsa.verify(key.public_key, message[32:], claim)
        else:
            with pytest.raises(InvalidSignatureError):
                blind_rsa.verify(key.public_key, message[32:], claim)


def test_encoding_of_a_modulus_that_is_too_short() -> None:
    assert len(blind_rsa._emsa_pss_encode(b"", 8 * 98, bytes(48))) == 98
    with pytest.raises(CryptoError, match="encoding error"):
        blind_rsa._emsa_pss_encode(b"", 8 * 97, bytes(48))
