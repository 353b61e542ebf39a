"""One-of-k proofs over linear relations, and conjunctions of them.

Source: Cramer, Damgård, Schoenmakers, "Proofs of Partial Knowledge" (CRYPTO 1994), over the relations of
draft-irtf-cfrg-sigma-protocols. A :class:`Clause` holds k shapes over the same elements, and states that the prover
knows a witness for one of them. A proof covers one or more clauses under one challenge c; within a clause the
branches' challenges add up to c modulo the order.

Many proofs have the same clauses over other elements (all ballots of a contest): a :class:`Form` is what they share,
checked, encoded and compiled once, and a form with its elements is a :class:`Statement`.

Layout of a proof: the commitments of every branch of every clause (clause by clause, branch by branch, equation by
equation); then for each clause the challenges of all branches but the last, and the responses of all branches. The
statement that is absorbed: the number of clauses; for each clause the number of its branches, each shape's header and
the clause's elements 1 and following. Counts are 4 bytes little-endian.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..errors import CryptoError, InvalidElementError, InvalidInstanceError, InvalidProofError
from .batch import ParsedProof
from .group import Element, FixedBase, Group, Scalar
from .group.system import Answered, Branch
from .relation import Equation, LinearRelation, Shape
from .sigma import Opening, expand_challenge, reduce_challenge, simulate_commitment


class Clause(NamedTuple):
    """k shapes, and for each of their elements its place among the statement's elements; the first is the generator, at
    place 0."""

    shapes: Sequence[Shape]
    places: Sequence[int]


class Form:
    """The clauses of many statements, over ``num_elements`` elements of which the first ``shared`` are the same in all
    of them, such as generator and key.

    Raises CryptoError where there is no clause, or one without shapes, and InvalidInstanceError where a clause has not
    as many places as its shapes have elements.
    """

    __slots__ = (
        "_checked",
        "_images",
        "_pieces",
        "clauses",
        "group",
        "num_elements",
        "num_equations",
        "proof_size",
        "shared",
        "system",
    )

    def __init__(self, group: Group, num_elements: int, clauses: Sequence[Clause], shared: int = 1) -> None:
        if not clauses or not all(clause.shapes for clause in clauses):
            raise CryptoError("there is at least one clause, and each has at least one branch")
        for shapes, places in clauses:
            if places[0] != 0 or any(shape.num_elements != len(places) for shape in shapes):
                raise InvalidInstanceError(
                    "7: element 0 is not the generator, or the number of elements is wrong"
                )
        self.group = group
        self.num_elements = num_elements
        self.clauses = tuple(clauses)
        self.shared = shared
        branches = [(shape, places) for shapes, places in clauses for shape in shapes]
        self.num_equations = sum(len(shape.equations) for shape, _ in branches)
        scalars = sum(shape.num_scalars for shape, _ in branches) + len(branches) - len(clauses)
        #: A proof's length in bytes.
        self.proof_size = group.element_size * self.num_equations + group.scalar_size * scalars
        self.system = group.system(
            num_elements, [[_branch(shape, places) for shape in shapes] for shapes, places in clauses]
        )
        self._pieces = [piece for clause in clauses for piece in _pieces(group, clause)]
        self._images = _Images(group, branches)
        #: Branches of which not all columns are plainly no identity: check 10 is made for each statement.
        self._checked = [(shape, places) for shape, places in branches if not shape.nontrivial]

    def check(self, elements: Sequence[Element], encoded: bytes) -> None:
        """Checks 7 to 10 of "Instance validation", for the elements and the encodings of all but the first."""
        if len(elements) != self.num_elements or elements[0] != self.group.generator:
            raise InvalidInstanceError(
                "7: element 0 is not the generator, or the number of elements is wrong"
            )
        self._images.check(elements, encoded)
        for shape, places in self._checked:
            LinearRelation(shape, [elements[place] for place in places])

    def serialize(self, encoded: bytes) -> bytes:
        """The statement as it is absorbed, from the encodings of all elements but the first."""
        parts = [len(self.clauses).to_bytes(4, "little")]
        for header, start, end in self._pieces:
            parts += (header, encoded[start:end])
        return b"".join(parts)


class _Images:
    """Check 9 for many branches at once: the image of no equation is the identity.

    An image is a sum over elements, and a multiple w of the generator. The branches of a clause have the same sums with
    other multiples: the sum is compared with -w times the generator for all of them.
    """

    __slots__ = ("_group", "_single", "_sums")

    def __init__(self, group: Group, branches: Sequence[tuple[Shape, Sequence[int]]]) -> None:
        self._group = group
        forbidden: dict[tuple[tuple[int, int], ...], set[int]] = {}
        for shape, places in branches:
            for image, _ in shape.equations:
                others = tuple((places[e], c) for e, c in image if e != 0)
                weight = sum(c for e, c in image if e == 0)
                forbidden.setdefault(others, set()).add(-weight % group.order)
        #: Element by element: the encodings that it must not have. No element has the identity's, which is none.
        self._single: list[tuple[int, frozenset[bytes]]] = []
        self._sums: list[tuple[tuple[tuple[int, int], ...], list[Element]]] = []
        known: dict[frozenset[int], frozenset[bytes]] = {}
        for others, weights in forbidden.items():
            if len(others) == 1 and others[0][1] == 1:
                values = frozenset(weights - {0})
                if values not in known:
                    known[values] = frozenset(self._multiple(value).encode() for value in values)
                if values:
                    self._single.append((group.element_size * (others[0][0] - 1), known[values]))
            else:
                self._sums.append((others, [self._multiple(weight) for weight in sorted(weights)]))

    def _multiple(self, weight: int) -> Element:
        return self._group.sum_of_products([weight], [self._group.generator])

    def check(self, elements: Sequence[Element], encoded: bytes) -> None:
        size = self._group.element_size
        broken = any(encoded[start : start + size] in values for start, values in self._single)
        for others, values in self._sums:
            total = self._group.sum_of_products([c for _, c in others], [elements[e] for e, _ in others])
            broken = broken or any(total == value for value in values)
        if broken:
            raise InvalidInstanceError("9: the image of an equation is the identity")


def _branch(shape: Shape, places: Sequence[int]) -> Branch:
    """The shape's equations over the statement's elements."""
    equations = [
        Equation(
            tuple((places[e], c) for e, c in image),
            tuple((s, places[e], c) for s, e, c in terms),
        )
        for image, terms in shape.equations
    ]
    return Branch(shape.num_scalars, equations)


def _pieces(group: Group, clause: Clause) -> list[tuple[bytes, int, int]]:
    """A clause's part of the statement: bytes that are always the same, each followed by a range of the encodings."""
    shapes, places = clause
    header = len(shapes).to_bytes(4, "little") + b"".join(shape.header for shape in shapes)
    ranges: list[tuple[int, int]] = []
    for place in places[1:]:
        start = group.element_size * (place - 1)
        if ranges and ranges[-1][1] == start:
            start = ranges.pop()[0]
        ranges.append((start, group.element_size * place))
    return [(b"" if i else header, start, end) for i, (start, end) in enumerate(ranges)]


class Statement:
    """A form with its elements. Raises InvalidInstanceError for what no proof may be made for (checks 7 to 10)."""

    __slots__ = ("elements", "form", "serialized")

    def __init__(self, form: Form, elements: Sequence[Element], encoded: bytes | None = None) -> None:
        """``encoded`` are the encodings of all elements but the first, where they are known: what was just decoded."""
        self.form = form
        elements = self.elements = tuple(elements)
        if encoded is None:
            try:
                encoded = form.group.encode_elements(elements[1:])
            except InvalidElementError:
                raise InvalidInstanceError("8: an element is the identity") from None
        form.check(elements, encoded)
        #: What is absorbed.
        self.serialized = form.serialize(encoded)


class Knowledge(NamedTuple):
    """What the prover of a clause knows: which branch holds, its witness, and the openings of elements it made, by
    their index in the clause."""

    branch: int
    witness: Sequence[Scalar]
    openings: Mapping[int, Opening]

    def __repr__(self) -> str:
        return "<Knowledge redacted>"


def prove(
    session_id: bytes,
    statement: Statement,
    knowledge: Sequence[Knowledge],
    tables: Mapping[int, FixedBase] | None = None,
) -> bytes:
    """A proof for all clauses. ``tables`` are tables of multiples, by an element's index in every clause.

    Every branch's commitment is computed by the simulator, the true one's too: for a true branch it does not depend
    on the challenge, so that all branches take the same path.
    """
    form = statement.form
    if len(form.clauses) != len(knowledge):
        raise CryptoError("each clause needs its own knowledge")
    group = form.group
    commitments = []
    drawn: list[list[tuple[list[Scalar], Scalar]]] = []
    for (shapes, places), known in zip(form.clauses, knowledge, strict=True):
        if not 0 <= known.branch < len(shapes):
            raise CryptoError("there is no such branch")
        elements = [statement.elements[place] for place in places]
        nonces = []
        for shape in shapes:
            if len(known.witness) != shape.num_scalars:
                raise CryptoError("the witness has not as many scalars as the relation")
            nonce = [group.random_scalar() for _ in known.witness]
            challenge = group.random_scalar()
            nonces.append((nonce, challenge))
            response = [n + challenge * w for n, w in zip(nonce, known.witness, strict=True)]
            commitments += simulate_commitment(shape, elements, response, challenge, known.openings, tables)
        drawn.append(nonces)
    encoded = group.encode_elements(commitments)
    total = group.scalar(
        reduce_challenge(group, expand_challenge(group, session_id, statement.serialized, encoded))
    )
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


def parse(item: str, session_id: bytes, statement: Statement, proof: bytes) -> ParsedProof:
    """A proof made ready for :func:`~secretballot.crypto.batch.verify_batch`.

    Raises InvalidProofError for a wrong length, InvalidElementError or InvalidScalarError for a part that does not
    decode.
    """
    form = statement.form
    group = form.group
    if len(proof) != form.proof_size:
        raise InvalidProofError("the proof has the wrong length")
    split = group.element_size * form.num_equations
    commitments = group.decode_elements(proof[:split])
    expanded = expand_challenge(group, session_id, statement.serialized, proof[:split])
    bound = form.system.bind(reduce_challenge(group, expanded), proof[split:])
    answered = Answered(bound, statement.elements, commitments, form.shared)
    return ParsedProof(item, expanded + proof[split:], answered)
