"""Batch verification of many proofs in one multi-scalar multiplication.

Source: "Batch verification" of draft-irtf-cfrg-sigma-protocols. Each proof is parsed and its challenge derived on its
own; then one random linear combination of all verification equations must be the identity. The weights are 128 bits
each, squeezed after every statement and every response has been absorbed. An invalid proof passes with probability
2**-128.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import InvalidProofError
from .group import Element, Group
from .relation import LinearRelation
from .sigma import parse_batchable
from .transcript import DuplexSponge, derive_session_id

_BATCH_SESSION = derive_session_id(b"irtf-cfrg-sigma-protocols/batch-verify")
WEIGHT_SIZE = 16


class Transcript(NamedTuple):
    """(commitment, challenge, response) for one relation: the equations that remain to be checked."""

    relation: LinearRelation
    commitment: Sequence[Element]
    challenge: int
    response: Sequence[int]


class ParsedProof(NamedTuple):
    """A proof whose form is right and whose equations wait for the batch. ``item`` names it in errors; ``binding`` is
    session identifier, statement and proof, in that order."""

    item: str
    binding: bytes
    transcripts: Sequence[Transcript]


def parse(item: str, session_id: bytes, relation: LinearRelation, proof: bytes) -> ParsedProof:
    """A batchable proof made ready; raises as :func:`~secretballot.crypto.sigma.parse_batchable` does."""
    transcript = Transcript(relation, *parse_batchable(session_id, relation, proof))
    return ParsedProof(item, session_id + relation.serialize() + proof, [transcript])


def verify_batch(group: Group, proofs: Sequence[ParsedProof]) -> None:
    """Returns nothing if every proof verifies; raises InvalidProofError that names each one which does not."""
    invalid = find_invalid(group, proofs)
    if invalid:
        names = ", ".join(proofs[i].item for i in invalid)
        raise InvalidProofError("the proof does not verify", item=names)


def find_invalid(group: Group, proofs: Sequence[ParsedProof]) -> list[int]:
    """The places of the proofs that do not verify, in order; empty when all do.

    A failing batch is halved until single proofs remain: one bad proof among n costs about 2 log n smaller batches.
    """
    if not proofs or _holds(group, proofs):
        return []
    if len(proofs) == 1:
        return [0]
    half = len(proofs) // 2
    left = find_invalid(group, proofs[:half])
    return left + [half + i for i in find_invalid(group, proofs[half:])]


def _holds(group: Group, proofs: Sequence[ParsedProof]) -> bool:
    sponge = DuplexSponge(_BATCH_SESSION)
    equations = 0
    for proof in proofs:
        sponge.absorb(proof.binding)
        equations += sum(len(t.commitment) for t in proof.transcripts)
    weights = sponge.squeeze(WEIGHT_SIZE * equations)
    # Elements that many equations share (generator, election key, ciphertexts) are gathered; they are told apart as
    # objects, which the proofs keep alive. An element that stands here as two objects only costs a second term.
    sums: dict[int, tuple[Element, int]] = {}
    elements: list[Element] = []
    coefficients: list[int] = []
    order = group.order
    at = 0
    for proof in proofs:
        for transcript in proof.transcripts:
            local = [0] * len(transcript.relation.elements)
            for equation, commitment in zip(
                transcript.relation.shape.equations, transcript.commitment, strict=True
            ):
                weight = int.from_bytes(weights[at : at + WEIGHT_SIZE], "little")
                at += WEIGHT_SIZE
                elements.append(commitment)
                coefficients.append(weight)
                scaled = weight * transcript.challenge
                for e, c in equation.image:
                    local[e] += c * scaled
                for s, e, c in equation.terms:
                    local[e] -= c * weight * transcript.response[s]
            for element, coefficient in zip(transcript.relation.elements, local, strict=True):
                held = sums.get(id(element))
                sums[id(element)] = (element, coefficient + (held[1] if held else 0))
    for element, coefficient in sums.values():
        elements.append(element)
        coefficients.append(coefficient % order)
    return group.sum_of_products(coefficients, elements).is_identity()
