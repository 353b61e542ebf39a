"""One-of-k statements whose clauses bring their own elements, so that a test can change any part of any clause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from secretballot.crypto import disjunction
from secretballot.crypto.batch import ParsedProof
from secretballot.crypto.disjunction import Form, Knowledge, Statement
from secretballot.crypto.group import Element, FixedBase, Group
from secretballot.crypto.group.system import Answered
from secretballot.crypto.relation import LinearRelation, Shape
from secretballot.crypto.sigma import derive_challenge


class Clause(NamedTuple):
    """k shapes over one list of elements, of which the first is the generator."""

    shapes: Sequence[Shape]
    elements: Sequence[Element]

    @property
    def branches(self) -> list[LinearRelation]:
        """Each branch by itself."""
        return [LinearRelation(shape, self.elements) for shape in self.shapes]


def clauses_of(statement: Statement) -> list[Clause]:
    """A statement's clauses, each with its elements."""
    elements = statement.elements
    return [
        Clause(tuple(shapes), tuple(elements[p] for p in places)) for shapes, places in statement.form.clauses
    ]


def form_of(group: Group, clauses: Sequence[Clause]) -> Form:
    """The form of clauses that share the generator alone."""
    made = []
    at = 1
    for shapes, elements in clauses:
        made.append(disjunction.Clause(shapes, (0, *range(at, at + len(elements) - 1))))
        at += len(elements) - 1
    return Form(group, at, made)


def statement_of(clauses: Sequence[Clause]) -> Statement:
    """The statement of the clauses."""
    group = clauses[0].shapes[0].group
    elements = [element for clause in clauses for element in clause.elements[1:]]
    return Statement(form_of(group, clauses), [clauses[0].elements[0], *elements])


def prove(
    session_id: bytes,
    clauses: Sequence[Clause],
    knowledge: Sequence[Knowledge],
    tables: Mapping[int, FixedBase] | None = None,
) -> bytes:
    return disjunction.prove(session_id, statement_of(clauses), knowledge, tables)


def parse(item: str, session_id: bytes, clauses: Sequence[Clause], proof: bytes) -> ParsedProof:
    return disjunction.parse(item, session_id, statement_of(clauses), proof)


def answers(session_id: bytes, clauses: Sequence[Clause], proof: bytes) -> list[tuple[int, list[int]]]:
    """Each branch's challenge and responses, as the layout of a proof has them."""
    statement = statement_of(clauses)
    group = statement.form.group
    split = group.element_size * statement.form.num_equations
    total = derive_challenge(group, session_id, statement.serialized, proof[:split])
    numbers = iter(group.decode_integers(proof[split:]))
    out = []
    for shapes, _ in clauses:
        challenges = [next(numbers) for _ in shapes[:-1]]
        challenges.append((total - sum(challenges)) % group.order)
        for shape, challenge in zip(shapes, challenges, strict=True):
            out.append((challenge, [next(numbers) for _ in range(shape.num_scalars)]))
    return out


def bound(
    clauses: Sequence[Clause], challenge: int, commitments: Sequence[Element], scalars: bytes
) -> ParsedProof:
    """What would be a proof under a challenge that no hash gave."""
    statement = statement_of(clauses)
    system = statement.form.system.bind(challenge, scalars)
    return ParsedProof("it", b"", Answered(system, statement.elements, commitments, 1))
