"""The vectors of draft-irtf-cfrg-sigma-protocols for sigma-proofs_Shake128_P256, on a group that tests alone use."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from secretballot.crypto import batch, sigma
from secretballot.crypto.relation import LinearRelation
from secretballot.crypto.transcript import derive_session_id
from secretballot.errors import (
    InvalidElementError,
    InvalidInstanceError,
    InvalidProofError,
    InvalidScalarError,
    SecretBallotError,
)

from ..support.instances import SeededScalars, parse_relation
from ..support.p256 import p256

SUITE = "sigma-proofs_Shake128_P256"
PREFIX = "sigma-protocols/p256/"
MARKERS = {"batchable": sigma.BATCHABLE, "compact": sigma.COMPACT}
RELATIONS = [
    "discrete_logarithm",
    "dleq",
    "pedersen_commitment",
    "pedersen_commitment_dleq",
    "bbs_blind_commitment_computation",
    "elgamal_decryption",
    "dleq_derived_element",
]
VALID = [f"{relation}/{flavor}" for relation in RELATIONS for flavor in MARKERS]

# What refuses each vector here, and with which words. The draft allows any of several points for some (E3, E4).
_BAD = "does not verify"
REFUSALS: dict[str, tuple[type[SecretBallotError], str]] = {
    "batchable/A1": (InvalidElementError, "element 0: not the canonical"),
    "batchable/A2": (InvalidElementError, "element 0: not the canonical"),
    "batchable/A2b": (InvalidElementError, "element 0: not the canonical"),
    "batchable/A3": (InvalidElementError, "element 0: not the canonical"),
    "batchable/A4": (InvalidElementError, "element 0: not the canonical"),
    "batchable/A6": (InvalidElementError, "element 0: not the canonical"),
    "batchable/B1": (InvalidScalarError, "scalar 0: not below"),
    "compact/B2": (InvalidScalarError, "scalar 0: not below"),
    "batchable/C1": (InvalidProofError, "wrong length"),
    "batchable/C2": (InvalidProofError, "wrong length"),
    "compact/C1": (InvalidProofError, "wrong length"),
    "compact/C2": (InvalidProofError, "wrong length"),
    "compact/D1": (InvalidProofError, "holds the identity"),
    "batchable/E1": (InvalidInstanceError, "^6:"),
    "batchable/E1b": (InvalidInstanceError, "^6:"),
    "batchable/E2": (InvalidInstanceError, "^9:"),
    "batchable/E3": (InvalidElementError, "element 0: not the canonical"),
    "batchable/E4": (InvalidInstanceError, "^4:"),
    "batchable/F1b": (InvalidProofError, _BAD),
    "compact/F1b": (InvalidProofError, _BAD),
    "batchable/F2b": (InvalidProofError, _BAD),
    "compact/F2b": (InvalidProofError, _BAD),
    "batchable/F3": (InvalidProofError, _BAD),
    "compact/F3": (InvalidProofError, _BAD),
    "compact/F4": (InvalidProofError, _BAD),
    "batchable/F4b": (InvalidProofError, _BAD),
    "batchable/H1": (InvalidProofError, _BAD),
    "batchable/H2": (InvalidProofError, _BAD),
    "compact/H3": (InvalidProofError, _BAD),
}
ACCEPTED = ["batchable/F1", "compact/F1", "batchable/F2", "compact/F2"]

Record = dict[str, Any]


def load(vectors: Path, name: str) -> dict[str, Record]:
    records = json.loads((vectors / "cfrg" / name).read_text())
    return {record["Id"].removeprefix(PREFIX): record for record in records}


@pytest.fixture(scope="module")
def valid(vectors: Path) -> dict[str, Record]:
    return load(vectors, f"{SUITE}.json")


@pytest.fixture(scope="module")
def others(vectors: Path) -> dict[str, Record]:
    records = load(vectors, "sigma-proofs-invalid_Shake128_P256.json")
    return {name.removeprefix("discrete_logarithm/"): record for name, record in records.items()}


def session_of(record: Record) -> bytes:
    return derive_session_id(record["Tag"].encode("ascii"))


def relation_of(record: Record) -> LinearRelation:
    return parse_relation(p256, bytes.fromhex(record["Instance"]))


def proof_of(record: Record) -> bytes:
    return bytes.fromhex(record["NargString"])


def verify(record: Record) -> None:
    check = sigma.verify_batchable if record["Flavor"] == "batchable" else sigma.verify_compact
    check(session_of(record), relation_of(record), proof_of(record))


def parse(record: Record) -> batch.ParsedProof:
    return batch.parse(record["Id"], session_of(record), relation_of(record), proof_of(record))


def test_no_vector_is_left_out(valid: dict[str, Record], others: dict[str, Record]) -> None:
    assert list(valid) == VALID
    assert set(others) == REFUSALS.keys() | set(ACCEPTED)
    for record in [*valid.values(), *others.values()]:
        assert record["Function"] == "SigmaProof"
        assert record["Ciphersuite"] == p256.suite == SUITE
    assert {name for name, record in others.items() if record["Expected"] == "accept"} == set(ACCEPTED)
    assert {record["Expected"] for record in valid.values()} == {"accept"}
    for name in REFUSALS:
        assert others[name]["Expected"] == "reject"
        assert others[name]["BaseId"].removeprefix(PREFIX) in VALID


@pytest.mark.parametrize("name", VALID)
def test_a_valid_proof_is_accepted(valid: dict[str, Record], name: str) -> None:
    record = valid[name]
    assert session_of(record).hex() == record["SessionId"]
    assert relation_of(record).serialize().hex() == record["Instance"]
    verify(record)


@pytest.mark.parametrize("name", VALID)
def test_a_valid_proof_is_made_again(
    valid: dict[str, Record], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = valid[name]
    relation = relation_of(record)
    witness = [p256.scalar(one) for one in p256.decode_integers(bytes.fromhex(record["Witness"]))]
    assert sigma.simulate_commitment(relation.shape, relation.elements, witness, None) == relation.image()
    seeded = SeededScalars(
        p256, f"TestDRNG-SIGMA-PROOFS-{MARKERS[record['Flavor']]}-{SUITE}-{record['Relation']}"
    )
    drawn = [p256.scalar(seeded.next()) for _ in witness]
    monkeypatch.setattr(sigma, "_nonces", lambda _: drawn)
    prove = sigma.prove_batchable if record["Flavor"] == "batchable" else sigma.prove_compact
    assert prove(session_of(record), relation, witness).hex() == record["NargString"]


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_baseline_of_a_refused_proof_is_accepted(others: dict[str, Record], name: str) -> None:
    verify(others[name])


@pytest.mark.parametrize("name", REFUSALS)
def test_an_invalid_proof_is_refused(others: dict[str, Record], name: str) -> None:
    error, message = REFUSALS[name]
    with pytest.raises(error, match=message):
        verify(others[name])


@pytest.mark.parametrize("name", VALID)
def test_a_proof_is_of_one_flavor(valid: dict[str, Record], name: str) -> None:
    record = valid[name]
    relation, session_id, proof = relation_of(record), session_of(record), proof_of(record)
    other = sigma.verify_compact if record["Flavor"] == "batchable" else sigma.verify_batchable
    with pytest.raises(SecretBallotError):
        other(session_id, relation, proof)


# Batches.


@pytest.fixture(scope="module")
def parsed(valid: dict[str, Record]) -> list[batch.ParsedProof]:
    return [parse(record) for record in valid.values() if record["Flavor"] == "batchable"]


def test_valid_proofs_verify_as_batches(parsed: list[batch.ParsedProof]) -> None:
    assert len(parsed) == 7
    batch.verify_batch(p256, [])
    for size in (1, 2, 7):
        for chosen in combinations(parsed, size):
            batch.verify_batch(p256, chosen)
    batch.verify_batch(p256, parsed + parsed)


def test_a_batch_with_an_invalid_proof_is_refused_and_the_proof_named(
    parsed: list[batch.ParsedProof], others: dict[str, Record]
) -> None:
    in_batch = set()
    for name, (error, message) in REFUSALS.items():
        record = others[name]
        if record["Flavor"] != "batchable":
            continue
        if message != _BAD:
            with pytest.raises(error, match=message):
                parse(record)
            continue
        bad = parse(record)
        in_batch.add(name)
        for place in (0, 3, 7):
            proofs = [*parsed[:place], bad, *parsed[place:]]
            with pytest.raises(InvalidProofError, match=_BAD) as caught:
                batch.verify_batch(p256, proofs)
            assert caught.value.item == record["Id"]
            assert batch.find_invalid(p256, proofs) == [place]
    assert in_batch == {f"batchable/{name}" for name in ("F1b", "F2b", "F3", "F4b", "H1", "H2")}
