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
from .group import Group
from .group.system import WEIGHT_SIZE, Answered, Branch
from .relation import LinearRelation
from .sigma import expand_challenge, reduce_challenge, split_batchable
from .transcript import DuplexSponge, derive_session_id

_BATCH_SESSION = derive_session_id(b"irtf-cfrg-sigma-protocols/batch-verify")


class ParsedProof(NamedTuple):
    """A proof whose form is right and whose equations wait for the batch.

    ``item`` names it in errors. ``binding`` fixes it: the challenge as it was squeezed, which session, statement and
    commitments went into, and the proof's scalars.
    """

    item: str
    binding: bytes
    answered: Answered


def parse(item: str, session_id: bytes, relation: LinearRelation, proof: bytes) -> ParsedProof:
    """A batchable proof made ready; raises as :func:`~secretballot.crypto.sigma.parse_batchable` does."""
    shape, group = relation.shape, relation.shape.group
    encoded, scalars = split_batchable(relation, proof)
    commitments = group.decode_elements(encoded)
    expanded = expand_challenge(group, session_id, relation.serialize(), encoded)
    system = group.system(shape.num_elements, [[Branch(shape.num_scalars, shape.equations)]])
    bound = system.bind(reduce_challenge(group, expanded), scalars)
    return ParsedProof(item, expanded + scalars, Answered(bound, relation.elements, commitments, 1))


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
    for proof in proofs:
        sponge.absorb(proof.binding)
    answered = [proof.answered for proof in proofs]
    weights = sponge.squeeze(WEIGHT_SIZE * sum(len(proof.commitments) for proof in answered))
    return group.sum_of_systems(answered, weights).is_identity()
