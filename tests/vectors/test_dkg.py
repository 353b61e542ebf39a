"""The official vectors of C2SP COCKTAIL-DKG v0.2.1 for COCKTAIL(Ristretto255, SHA-512), byte for byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from secretballot.crypto import dkg, dkg_messages, schnorr
from secretballot.crypto.dkg import Round1Secret, Session, StaticKey
from secretballot.crypto.dkg_messages import CIPHERSUITE_ID, parse_round1
from secretballot.crypto.group import Scalar, ristretto255
from secretballot.crypto.secret import Secret
from secretballot.crypto.sharing import Polynomial, interpolate_at_zero
from secretballot.errors import KeyGenerationError

Case = dict[str, Any]
BASIC = (0, 1, 2)
PAYLOADS = 3
#: All trustees take round 2 up to this size; beyond it the first and the last.
ALL_UP_TO = 5


@pytest.fixture(scope="module")
def document(vectors: Path) -> Case:
    data: Case = json.loads((vectors / "cocktail-dkg-ristretto255-sha512.json").read_text())
    return data


@pytest.fixture(scope="module", params=BASIC, ids=["2-of-3", "3-of-5", "7-of-14"])
def case(document: Case, request: pytest.FixtureRequest) -> Case:
    data: Case = document["vectors"][request.param]
    return data


def session_of(case: Case) -> Session:
    keys = tuple(bytes.fromhex(key) for key in case["config"]["static_public_keys"])
    return Session(
        case["t"], keys, bytes.fromhex(case["session_tag"]), extension=bytes.fromhex(case["extension"])
    )


def static_keys(case: Case) -> list[StaticKey]:
    secrets = case["config"]["static_secret_keys"]
    return [StaticKey.from_secret(Secret(bytes.fromhex(secret))) for secret in secrets]


def labelled(document: Case, case: Case, label: str, tail: bytes = b"") -> bytes:
    sizes = case["t"].to_bytes(4, "little") + case["n"].to_bytes(4, "little")
    seed = bytes.fromhex(document["seed"])
    return hashlib.sha512(seed + CIPHERSUITE_ID + sizes + label.encode() + tail).digest()


def random_stream(document: Case, case: Case, index: int) -> Iterator[Scalar]:
    """Appendix B's stream of a trustee's round 1: one SHA-512 a scalar, with a 64-bit counter at its end."""
    for counter in range(case["t"] + 1):
        block = labelled(document, case, f"round1_participant_{index}", counter.to_bytes(8, "little"))
        yield ristretto255.scalar(int.from_bytes(block, "little"))


def ephemeral_secret(document: Case, case: Case, index: int) -> Scalar:
    return list(random_stream(document, case, index))[-1]


def message_of(round1: Case) -> bytes:
    shares = [bytes.fromhex(share) for share in round1["encrypted_shares"]]
    framed = b"".join(len(share).to_bytes(8, "big") + share for share in shares)
    points = bytes.fromhex("".join(round1["vss_commitment"]))
    return points + bytes.fromhex(round1["pop"]) + bytes.fromhex(round1["ephemeral_public_key"]) + framed


def signatures_of(case: Case) -> list[bytes]:
    return [bytes.fromhex(one["signature"]) for one in case["round3"]["signatures"]]


def test_the_file_is_of_this_ciphersuite(document: Case) -> None:
    assert document["ciphersuite"].encode() == CIPHERSUITE_ID
    assert [(one["t"], one["n"]) for one in document["vectors"]] == [(2, 3), (3, 5), (7, 14), (2, 3)]


@pytest.mark.parametrize("number", [*BASIC, PAYLOADS])
def test_setup(document: Case, number: int) -> None:
    case = document["vectors"][number]
    session = session_of(case)
    assert session.context.hex() == case["context"]
    keys = static_keys(case)
    assert tuple(key.public for key in keys) == session.public_keys
    for index, secret in enumerate(case["config"]["static_secret_keys"], 1):
        wide = labelled(document, case, f"static_secret_key_{index}")
        assert ristretto255.scalar(int.from_bytes(wide, "little")).encode().hex() == secret


def test_round_1_messages(document: Case, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(case)
    for key, expected in zip(static_keys(case), case["round1"], strict=True):
        stream = random_stream(document, case, expected["participant_id"])
        with monkeypatch.context() as patch:
            patch.setattr(type(ristretto255), "random_scalar", lambda group, stream=stream: next(stream))
            _, message = dkg.round1(session, expected["participant_id"], key)
        assert next(stream, None) is None
        assert message.hex() == message_of(expected).hex()


def test_proofs_of_possession_and_their_intermediate_values(document: Case, case: Case) -> None:
    session = session_of(case)
    for expected in case["round1"]:
        index = expected["participant_id"]
        secret = next(random_stream(document, case, index))
        parsed = parse_round1(session, index, message_of(expected))
        statement = dkg_messages.possession_statement(
            session, parsed.commitment_bytes, parsed.ephemeral_bytes
        )
        values = expected["pop_intermediate"]
        assert statement.hex() == values["message"]
        assert (schnorr.PREFIX_NONCE + secret.encode() + statement).hex() == values["nonce_input"]
        nonce = schnorr._nonce(secret, statement)
        assert nonce.encode().hex() == values["nonce"]
        commitment = ristretto255.multiply_generator(nonce).encode()
        assert commitment.hex() == values["nonce_commitment"]
        public = parsed.commitment[0].encode()
        hashed = schnorr.PREFIX_CHALLENGE + commitment + public + statement
        assert hashed.hex() == values["challenge_input"]
        challenge = schnorr._challenge(commitment, public, statement)
        assert ristretto255.encode_integers([challenge]).hex() == values["challenge"]
        assert schnorr.sign(secret, statement).hex() == expected["pop"]
        schnorr.verify(parsed.commitment[0], statement, parsed.proof)


def test_public_outcome_and_certificate(case: Case) -> None:
    session = session_of(case)
    public = dkg.verify_round1(session, [message_of(one) for one in case["round1"]])
    assert public.group_key.encode().hex() == case["group_public_key"]
    assert [key.encode().hex() for key in public.verification_keys] == [
        one["verification_share"] for one in case["round2"]
    ]
    assert public.commitment[0] == public.group_key
    assert len(public.commitment) == case["t"]
    assert hashlib.sha512(public.transcript).hexdigest() == case["round3"]["transcript_hash"]
    dkg.verify_certificate(session, public, signatures_of(case))


def test_rounds_2_and_3(case: Case) -> None:
    session = session_of(case)
    messages = [message_of(one) for one in case["round1"]]
    signatures = signatures_of(case)
    public = dkg.verify_round1(session, messages)
    for index, key in enumerate(static_keys(case), 1):
        expected = case["round2"][index - 1]
        if index not in (1, case["n"]) and case["n"] > ALL_UP_TO:
            assert schnorr.sign(key.reveal(), public.transcript) == signatures[index - 1]
            continue
        secret = Round1Secret.resume(session, index, key, messages[index - 1])
        pending, signature = dkg.round2(secret, messages)
        assert signature.hex() == signatures[index - 1].hex()
        share = dkg.round3(pending, signatures)
        assert share.share.encode().hex() == expected["secret_share"]
        assert share.verification_key.encode().hex() == expected["verification_share"]
        assert share.group_key.encode().hex() == case["group_public_key"]


def test_every_share_is_the_sum_of_the_polynomials(document: Case, case: Case) -> None:
    polynomials = [
        Polynomial._of(ristretto255, list(random_stream(document, case, one["participant_id"]))[:-1])
        for one in case["round1"]
    ]
    shares = {}
    for expected in case["round2"]:
        index = expected["participant_id"]
        total = ristretto255.scalar(0)
        for polynomial in polynomials:
            total = total + polynomial.evaluate(index)
        assert total.encode().hex() == expected["secret_share"]
        shares[index] = total
    some = {index: shares[index] for index in list(shares)[-case["t"] :]}
    secret = interpolate_at_zero(ristretto255, some)
    assert ristretto255.multiply_generator(secret).encode().hex() == case["group_public_key"]


def test_recovery(document: Case) -> None:
    case = document["vectors"][0]
    expected = case["recovery"]
    messages = [message_of(one) for one in case["round1"]]
    session = session_of(case)
    index = expected["participant_id"]
    for sender, (message, ciphertext) in enumerate(zip(messages, expected["ciphertexts"], strict=True), 1):
        assert parse_round1(session, sender, message).ciphertexts[index - 1].hex() == ciphertext
    key = static_keys(case)[index - 1]
    share = dkg.recover(session, index, key, messages, signatures_of(case))
    assert share.index == index
    assert share.share.encode().hex() == expected["recovered_secret_share"]
    assert share.verification_key.encode().hex() == expected["recovered_verification_share"]


def test_payload_vector(document: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Payloads are refused; with the one size changed, their vector gives the expected bytes all the same."""
    case = document["vectors"][PAYLOADS]
    session = session_of(case)
    messages = [message_of(one) for one in case["round1"]]
    with pytest.raises(KeyGenerationError, match="bytes, not") as refused:
        dkg.verify_round1(session, messages)
    assert refused.value.culprit == "trustee 1"

    payloads = [bytes.fromhex(payload) for payload in case["payloads"]]
    assert payloads == [labelled(document, case, f"payload_{index}") for index in range(1, case["n"] + 1)]
    hashed = case["n"].to_bytes(8, "little")
    hashed += b"".join(len(one).to_bytes(8, "little") + one for one in payloads)
    assert session.extension == hashlib.sha512(hashed).digest()

    monkeypatch.setattr(dkg_messages, "CIPHERTEXT_SIZE", 32 + len(payloads[0]) + 16)
    keys = static_keys(case)
    for expected, key, payload in zip(case["round1"], keys, payloads, strict=True):
        index = expected["participant_id"]
        polynomial = Polynomial._of(ristretto255, list(random_stream(document, case, index))[:-1])
        ephemeral = ephemeral_secret(document, case, index)
        with monkeypatch.context() as patch:
            seal = dkg._seal
            patch.setattr(dkg, "_seal", lambda key, text, p=payload, seal=seal: seal(key, text + p))
            message = dkg._round1_message(session, index, key, polynomial, ephemeral)
        assert message.hex() == messages[index - 1].hex()
    signatures = signatures_of(case)
    for index, key in enumerate(keys, 1):
        secret = Round1Secret.resume(session, index, key, messages[index - 1])
        pending, signature = dkg.round2(secret, messages)
        assert signature == signatures[index - 1]
        share = dkg.round3(pending, signatures)
        assert share.share.encode().hex() == case["round2"][index - 1]["secret_share"]
        assert share.verification_key.encode().hex() == case["round2"][index - 1]["verification_share"]
    public = dkg.verify_round1(session, messages)
    assert hashlib.sha512(public.transcript).hexdigest() == case["round3"]["transcript_hash"]
    assert public.group_key.encode().hex() == case["group_public_key"]
    expected = case["recovery"]
    share = dkg.recover(session, expected["participant_id"], keys[0], messages, signatures)
    assert share.share.encode().hex() == expected["recovered_secret_share"]
