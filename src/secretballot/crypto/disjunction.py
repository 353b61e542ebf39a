"""One-of-k proofs over linear relations, and conjunctions of them.

Source: Cramer, Damgård, Schoenmakers, "Proofs of Partial Knowledge" (CRYPTO 1994), over the relations of
draft-irtf-cfrg-sigma-protocols. A :class:`Clause` holds k shapes over the same elements, and states that the prover
knows a witness for one of them. A proof covers one or more clauses under one challenge c; within a clause the
branches' challenges add up to c modulo the order.

Layout of a proof: the commitments of every branch of every clause (clause by clause, branch by branch, equation by
equation); then for each clause the challenges of all branches but the last, and the responses of all branches. The
statement that is absorbed: the number of clauses; for each clause the number of its branches, each shape's header and
the elements 1 and following. Counts are 4 bytes little-endian.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..errors import CryptoError, InvalidProofError
from .batch import ParsedProof, Transcript
from .group import Element, FixedBase, Group, Scalar
from .relation import LinearRelation, Shape
from .sigma import Opening, derive_challenge, simulate_commitment


class Clause:
    """k shapes over one list of elements. Raises InvalidInstanceError for a branch that no proof may be made for."""

    __slots__ = ("branches", "elements")

    def __init__(self, shapes: Sequence[Shape], elements: Sequence[Element]) -> None:
        if not shapes:
            raise CryptoError("a clause has at least one branch")
        self.elements = tuple(elements)
        first = LinearRelation(shapes[0], self.elements)
        self.branches = (first, *(first.with_shape(shape) for shape in shapes[1:]))

    def serialize(self) -> bytes:
        """Number of branches, headers, elements."""
        headers = b"".join(branch.shape.header for branch in self.branches)
        return len(self.branches).to_bytes(4, "little") + headers + self.branches[0].serialize_elements()


class Knowledge(NamedTuple):
    """What the prover of a clause knows: which branch holds, its witness, and the openings of elements it made."""

    branch: int
    witness: Sequence[Scalar]
    openings: Mapping[int, Opening]

    def __repr__(self) -> str:
        return "<Knowledge redacted>"


def serialize_statement(clauses: Sequence[Clause]) -> bytes:
    """The statement as it is absorbed."""
    return len(clauses).to_bytes(4, "little") + b"".join(clause.serialize() for clause in clauses)


def proof_size(group: Group, shapes: Sequence[Sequence[Shape]]) -> int:
    """The proof's length in bytes, for the clauses' shapes."""
    size = 0
    for clause in shapes:
        size += sum(group.element_size * len(shape.equations) for shape in clause)
        size += group.scalar_size * (len(clause) - 1 + sum(shape.num_scalars for shape in clause))
    return size


def prove(
    session_id: bytes,
    clauses: Sequence[Clause],
    knowledge: Sequence[Knowledge],
    tables: Mapping[int, FixedBase] | None = None,
) -> bytes:
    """A proof for all clauses. ``tables`` are tables of multiples, by element index, that hold in every clause.

    Every branch's commitment is computed by the simulator, the true one's too: for a true branch it does not depend
    on the challenge, so that all branches take the same path.
    """
    if not clauses or len(clauses) != len(knowledge):
        raise CryptoError("each clause needs its own knowledge, and there is at least one")
    group = clauses[0].branches[0].shape.group
    commitments = []
    drawn: list[list[tuple[list[Scalar], Scalar]]] = []
    for clause, known in zip(clauses, knowledge, strict=True):
        if not 0 <= known.branch < len(clause.branches):
            raise CryptoError("there is no such branch")
        nonces = []
        for branch in clause.branches:
            if len(known.witness) != branch.shape.num_scalars:
                raise CryptoError("the witness has not as many scalars as the relation")
            nonce = [group.random_scalar() for _ in known.witness]
            challenge = group.random_scalar()
            nonces.append((nonce, challenge))
            response = [n + challenge * w for n, w in zip(nonce, known.witness, strict=True)]
            commitments += simulate_commitment(branch, response, challenge, known.openings, tables)
        drawn.append(nonces)
    encoded = group.encode_elements(commitments)
    total = group.scalar(derive_challenge(group, session_id, serialize_statement(clauses), encoded))
    out = [encoded]
    for known, nonces in zip(knowledge, drawn, strict=True):
        challenges = [challenge for _, challenge in nonces]
        rest = total
        for place, challenge in enumerate(challenges):
            if place != known.branch:
                rest = rest - challenge
        challenges[known.branch] = rest
        out += [challenge.encode() for challenge in challenges[:-1]]
        for (nonce, _), challenge in zip(nonces, challenges, strict=True):
            out += [(n + challenge * w).encode() for n, w in zip(nonce, known.witness, strict=True)]
    return b"".join(out)


def parse(item: str, session_id: bytes, clauses: Sequence[Clause], proof: bytes) -> ParsedProof:
    """A proof made ready for :func:`~secretballot.crypto.batch.verify_batch`.

    Raises InvalidProofError for a wrong length, InvalidElementError or InvalidScalarError for a part that does not
    decode.
    """
    if not clauses:
        raise CryptoError("a proof has at least one clause")
    group = clauses[0].branches[0].shape.group
    if len(proof) != proof_size(group, [[b.shape for b in clause.branches] for clause in clauses]):
        raise InvalidProofError("the proof has the wrong length")
    equations = sum(len(branch.shape.equations) for clause in clauses for branch in clause.branches)
    split = group.element_size * equations
    commitments = iter(group.decode_elements(proof[:split]))
    scalars = iter(group.decode_integers(proof[split:]))
    statement = serialize_statement(clauses)
    total = derive_challenge(group, session_id, statement, proof[:split])
    transcripts = []
    for clause in clauses:
        challenges = [next(scalars) for _ in clause.branches[:-1]]
        challenges.append((total - sum(challenges)) % group.order)
        for branch, challenge in zip(clause.branches, challenges, strict=True):
            commitment = [next(commitments) for _ in branch.shape.equations]
            response = [next(scalars) for _ in range(branch.shape.num_scalars)]
            transcripts.append(Transcript(branch, commitment, challenge, response))
    return ParsedProof(item, session_id + statement + proof, transcripts)
