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
    combination = _Combination(group)
    at = 0
    for proof in proofs:
        for transcript in proof.transcripts:
            end = at + WEIGHT_SIZE * len(transcript.commitment)
            combination.add(transcript, weights[at:end])
            at = end
    return combination.is_identity()


class _Combination:
    """The linear combination, as terms of one multi-scalar multiplication.

    Elements that many equations share (generator, election key, ciphertexts) are gathered. They are told apart as
    objects, which the proofs keep alive; an element that stands here as two objects only costs a second term. The
    branches of a clause hold one tuple of elements, whose coefficients are added up before they are gathered.
    """

    def __init__(self, group: Group) -> None:
        self._group = group
        self._commitments: list[Element] = []
        self._weights: list[int] = []
        self._shared: dict[int, int] = {}
        self._by_id: dict[int, Element] = {}
        self._elements: tuple[Element, ...] = ()
        self._local: list[int] = []

    def add(self, transcript: Transcript, weights: bytes) -> None:
        relation, commitment, challenge, response = transcript
        if len(commitment) != len(relation.shape.equations):
            raise InvalidProofError("there are not as many commitments as equations")
        if relation.elements is not self._elements:
            self._gather()
            self._elements = relation.elements
            self._local = [0] * len(relation.elements)
        local = self._local
        self._commitments += commitment
        at = 0
        for image, terms in relation.shape.equations:
            weight = int.from_bytes(weights[at : at + WEIGHT_SIZE], "little")
            at += WEIGHT_SIZE
            self._weights.append(weight)
            scaled = weight * challenge
            for e, c in image:
                local[e] += c * scaled
            for s, e, c in terms:
                local[e] -= c * weight * response[s]

    def _gather(self) -> None:
        shared, by_id = self._shared, self._by_id
        for element, coefficient in zip(self._elements, self._local, strict=True):
            key = id(element)
            if key in shared:
                shared[key] += coefficient
            else:
                shared[key] = coefficient
                by_id[key] = element

    def is_identity(self) -> bool:
        self._gather()
        order = self._group.order
        coefficients = self._weights + [coefficient % order for coefficient in self._shared.values()]
        return self._group.sum_of_products(
            coefficients, [*self._commitments, *self._by_id.values()]
        ).is_identity()
