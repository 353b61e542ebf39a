"""Sigma protocols for linear relations, made non-interactive: draft-irtf-cfrg-sigma-protocols.

A *batchable* proof is ``commitment || response`` (elements, then scalars), a *compact* one ``challenge || response``.
Both are bound to a session identifier, which the application derives from all of its context (:func:`session`).
The generic code runs over any :class:`~secretballot.crypto.group.Group`; ours over ristretto255 is a private
ciphersuite, for the draft defines none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import CryptoError, InvalidProofError
from .encoding import Tag, frame
from .group import Element, FixedBase, Group, Scalar
from .relation import LinearRelation, Shape
from .transcript import EXTRA, DuplexSponge, decode_uint, derive_session_id

BATCHABLE = "DSFS"
COMPACT = "CMPT"

#: For an element of a statement: what the prover knows it to be, as pairs (index of a base, secret multiple).
Opening = Sequence[tuple[int, Scalar]]


def session_tag(group: Group, tag: Tag, *fields: bytes | str | int, flavor: str = BATCHABLE) -> bytes:
    """What a session identifier is derived from: application, version and purpose, flavor, ciphersuite and context.

    Source: "Tag and session identifier", which asks for flavor and suite verbatim.
    """
    return frame(tag.label, f"{flavor}-with-{group.suite}", *fields)


def session(group: Group, tag: Tag, *fields: bytes | str | int, flavor: str = BATCHABLE) -> bytes:
    """The 32-byte session identifier of a proof."""
    return derive_session_id(session_tag(group, tag, *fields, flavor=flavor))


def expand_challenge(group: Group, session_id: bytes, statement: bytes, commitment: bytes) -> bytes:
    """What DeriveChallenge squeezes: bytes that fix session, statement and serialised commitment."""
    sponge = DuplexSponge(session_id)
    sponge.absorb(statement)
    sponge.absorb(commitment)
    return sponge.squeeze(group.scalar_size + EXTRA)


def reduce_challenge(group: Group, expanded: bytes) -> int:
    """The full-field challenge of the bytes squeezed for it."""
    return decode_uint(expanded, group.order)


def derive_challenge(group: Group, session_id: bytes, statement: bytes, commitment: bytes) -> int:
    """DeriveChallenge: the full-field challenge from session, statement and serialised commitment."""
    return reduce_challenge(group, expand_challenge(group, session_id, statement, commitment))


def simulate_commitment(
    shape: Shape,
    elements: Sequence[Element],
    response: Sequence[Scalar],
    challenge: Scalar | None,
    openings: Mapping[int, Opening] | None = None,
    tables: Mapping[int, FixedBase] | None = None,
) -> list[Element]:
    """SimulateCommitment: ``map(response) - challenge * image`` of a shape with its elements, over secret scalars
    (``map(response)`` for None).

    An element with an opening is replaced by its bases, so that a prover who made the statement's elements works with
    fixed bases alone. ``tables`` holds tables of multiples for elements that have one; the generator needs none.
    """
    group = shape.group
    openings = openings or {}
    tables = tables or {}
    out = []
    for equation in shape.equations:
        multiples: dict[int, Scalar] = {}

        def add(element: int, scalar: Scalar, into: dict[int, Scalar] = multiples) -> None:
            for base, known in openings.get(element, ((element, None),)):
                part = scalar if known is None else scalar * known
                into[base] = into[base] + part if base in into else part

        for scalar, element, coefficient in equation.terms:
            add(element, _times(group, coefficient, response[scalar]))
        if challenge is not None:
            for element, coefficient in equation.image:
                if coefficient:
                    add(element, -_times(group, coefficient, challenge))
        terms = [_multiply(group, elements, base, scalar, tables) for base, scalar in multiples.items()]
        out.append(group.sum(terms))
    return out


def _times(group: Group, coefficient: int, scalar: Scalar) -> Scalar:
    return scalar if coefficient == 1 else scalar * group.scalar(coefficient)


def _multiply(
    group: Group, elements: Sequence[Element], base: int, scalar: Scalar, tables: Mapping[int, FixedBase]
) -> Element:
    if base == 0:
        return group.multiply_generator(scalar)
    if base in tables:
        return tables[base].multiply(scalar)
    return elements[base] * scalar


def _prove(
    session_id: bytes, relation: LinearRelation, witness: Sequence[Scalar], nonces: Sequence[Scalar]
) -> tuple[bytes, int, bytes]:
    """Commitment, challenge and response of one proof; ``nonces`` are for this proof alone."""
    group = relation.shape.group
    if not len(witness) == len(nonces) == relation.shape.num_scalars:
        raise CryptoError("the witness has not as many scalars as the relation")
    commitment = group.encode_elements(simulate_commitment(relation.shape, relation.elements, nonces, None))
    challenge = derive_challenge(group, session_id, relation.serialize(), commitment)
    secret = group.scalar(challenge)
    response = b"".join(
        (nonce + secret * value).encode() for nonce, value in zip(nonces, witness, strict=True)
    )
    return commitment, challenge, response


def _nonces(relation: LinearRelation) -> list[Scalar]:
    return [relation.shape.group.random_scalar() for _ in range(relation.shape.num_scalars)]


def prove_batchable(session_id: bytes, relation: LinearRelation, witness: Sequence[Scalar]) -> bytes:
    """ProveBatchable: ``num_equations`` elements and ``num_scalars`` scalars. The relation has been validated when it
    was made; that it holds for ``witness`` is the caller's to know."""
    commitment, _, response = _prove(session_id, relation, witness, _nonces(relation))
    return commitment + response


def prove_compact(session_id: bytes, relation: LinearRelation, witness: Sequence[Scalar]) -> bytes:
    """ProveCompact: ``1 + num_scalars`` scalars."""
    _, challenge, response = _prove(session_id, relation, witness, _nonces(relation))
    return relation.shape.group.encode_integers([challenge]) + response


def split_batchable(relation: LinearRelation, proof: bytes) -> tuple[bytes, bytes]:
    """The encoded commitment and the encoded response of a proof; raises InvalidProofError for a wrong length."""
    group = relation.shape.group
    split = group.element_size * len(relation.shape.equations)
    if len(proof) != split + group.scalar_size * relation.shape.num_scalars:
        raise InvalidProofError("the proof has the wrong length")
    return proof[:split], proof[split:]


def parse_batchable(
    session_id: bytes, relation: LinearRelation, proof: bytes
) -> tuple[list[Element], int, list[int]]:
    """Steps 1 and 2 of VerifyBatchable: commitment, challenge and response.

    Raises InvalidProofError for a wrong length, InvalidElementError or InvalidScalarError for its parts.
    """
    group = relation.shape.group
    encoded, scalars = split_batchable(relation, proof)
    commitment = group.decode_elements(encoded)
    response = group.decode_integers(scalars)
    return commitment, derive_challenge(group, session_id, relation.serialize(), encoded), response


def verify_batchable(session_id: bytes, relation: LinearRelation, proof: bytes) -> None:
    """VerifyBatchable. Raises InvalidProofError, or the error of the part that does not decode."""
    commitment, challenge, response = parse_batchable(session_id, relation, proof)
    if _simulate_public(relation, response, challenge) != commitment:
        raise InvalidProofError("the proof does not verify")


def verify_compact(session_id: bytes, relation: LinearRelation, proof: bytes) -> None:
    """VerifyCompact. Raises InvalidProofError, or InvalidScalarError for a part that does not decode."""
    group = relation.shape.group
    if len(proof) != group.scalar_size * (1 + relation.shape.num_scalars):
        raise InvalidProofError("the proof has the wrong length")
    challenge, *response = group.decode_integers(proof)
    commitment = _simulate_public(relation, response, challenge)
    if any(element.is_identity() for element in commitment):
        raise InvalidProofError("the recovered commitment holds the identity")
    encoded = group.encode_elements(commitment)
    if derive_challenge(group, session_id, relation.serialize(), encoded) != challenge:
        raise InvalidProofError("the proof does not verify")


def _simulate_public(relation: LinearRelation, response: Sequence[int], challenge: int) -> list[Element]:
    """SimulateCommitment over public integers, in variable time."""
    group = relation.shape.group
    order = group.order
    out = []
    for equation in relation.shape.equations:
        coefficients = [c * response[s] % order for s, _, c in equation.terms]
        coefficients += [-c * challenge % order for _, c in equation.image]
        indices = [e for _, e, _ in equation.terms] + [e for e, _ in equation.image]
        out.append(group.sum_of_products(coefficients, [relation.elements[e] for e in indices]))
    return out
