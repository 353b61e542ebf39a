"""Compiled equations, their weighted sums, and sums of columns: every backend, and plain integers, agree."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto.disjunction import Clause, Form, Statement
from secretballot.crypto.group import Element, Group
from secretballot.crypto.group.system import (
    MAX_SIZE,
    Answered,
    Branch,
    Equation,
    PlainSystem,
    sum_of_systems,
)
from secretballot.crypto.relation import LinearRelation, Shape
from secretballot.errors import InvalidInstanceError, InvalidProofError, InvalidScalarError
from tests.support.backends import BACKENDS, name_of, needs_native, reference

GROUPS = pytest.mark.parametrize("group", BACKENDS, ids=name_of)
ORDER = reference.order
ELEMENTS = 5

integers = st.one_of(st.integers(0, 3), st.integers(ORDER - 3, ORDER - 1), st.integers(0, ORDER - 1))
weights = st.one_of(st.integers(0, 2), st.just(2**128 - 1), st.integers(0, 2**128 - 1))


@st.composite
def branches(draw: st.DrawFn) -> Branch:
    scalars = draw(st.integers(1, 3))
    element, scalar = st.integers(0, ELEMENTS - 1), st.integers(0, scalars - 1)
    equations = [
        Equation(
            tuple(draw(st.lists(st.tuples(element, integers), max_size=3))),
            tuple(draw(st.lists(st.tuples(scalar, element, integers), max_size=3))),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    return Branch(scalars, equations)


systems = st.lists(st.lists(branches(), min_size=1, max_size=3), min_size=1, max_size=3)


@given(systems, st.data())
@settings(max_examples=60)
def test_coefficients_are_the_same(clauses: list[list[Branch]], data: st.DataObject) -> None:
    every = [branch for clause in clauses for branch in clause]
    count = sum(len(clause) - 1 for clause in clauses) + sum(branch.num_scalars for branch in every)
    equations = sum(len(branch.equations) for branch in every)
    challenge = data.draw(integers)
    numbers = data.draw(st.lists(integers, min_size=count, max_size=count))
    scalars = reference.encode_integers(numbers)
    chosen = data.draw(st.lists(weights, min_size=equations, max_size=equations))
    encoded = b"".join(weight.to_bytes(16, "little") for weight in chosen)
    expected = straight(clauses, challenge, numbers, chosen)
    for group in BACKENDS:
        for system in (group.system(ELEMENTS, clauses), PlainSystem(group, ELEMENTS, clauses)):
            own = system.bind(challenge, scalars).coefficients(encoded)
            assert group.decode_integers(own) == expected


def straight(clauses: list[list[Branch]], challenge: int, numbers: list[int], chosen: list[int]) -> list[int]:
    """The weighted sum from its definition: the sum of weight * (commitment + challenge * image - map)."""
    out = [0] * ELEMENTS
    rest, left = iter(numbers), iter(chosen)
    for clause in clauses:
        challenges = [next(rest) for _ in clause[:-1]]
        challenges.append(challenge - sum(challenges))
        for branch, own in zip(clause, challenges, strict=True):
            responses = [next(rest) for _ in range(branch.num_scalars)]
            for image, terms in branch.equations:
                weight = next(left)
                for e, c in image:
                    out[e] += weight * own * c
                for s, e, c in terms:
                    out[e] -= weight * c * responses[s]
    return [value % ORDER for value in out] + chosen


ONE = [[Branch(1, [Equation(((1, 1),), ((0, 0, 1),))])] * 2]


@GROUPS
def test_what_does_not_fit(group: Group) -> None:
    system = group.system(2, ONE)
    scalars = group.encode_integers([1, 2, 3])
    bound = system.bind(5, scalars)
    assert len(bound.coefficients(bytes(32))) == 32 * 4
    for wrong in (b"", bytes(31), bytes(33), bytes(16), bytes(48)):
        with pytest.raises(ValueError, match="as many weights as equations"):
            bound.coefficients(wrong)
    for other in (b"", scalars[:-1], scalars[:-32], scalars + bytes(1), scalars + bytes(32)):
        with pytest.raises(InvalidProofError, match="the proof has the wrong length"):
            system.bind(5, other)
    for challenge in (-1, ORDER, 2**256):
        for every in (scalars, b""):
            with pytest.raises(InvalidScalarError, match="not below the group's order"):
                system.bind(challenge, every)
    for place in range(3):
        for number in (ORDER, 2**256 - 1):
            data = scalars[: 32 * place] + number.to_bytes(32, "little") + scalars[32 * place + 32 :]
            with pytest.raises(InvalidScalarError) as error:
                system.bind(5, data)
            assert (error.value.index, error.value.item) == (place, f"scalar {place}")


@GROUPS
@pytest.mark.parametrize(
    ("equation", "what"),
    [
        (Equation(((2, 1),), ((0, 0, 1),)), "element"),
        (Equation(((1, 1),), ((0, 2, 1),)), "element"),
        (Equation(((1, 1),), ((1, 0, 1),)), "scalar"),
    ],
)
def test_an_index_out_of_range(group: Group, equation: Equation, what: str) -> None:
    with pytest.raises(ValueError, match=f"an equation names an? {what} that there is none of"):
        group.system(2, [[Branch(1, [equation])]])


@GROUPS
@pytest.mark.parametrize("coefficient", [-1, ORDER, 2**256])
def test_a_coefficient_out_of_range(group: Group, coefficient: int) -> None:
    for equation in (Equation(((1, coefficient),), ()), Equation((), ((0, 0, coefficient),))):
        with pytest.raises(ValueError, match="an equation's coefficient is not in the range"):
            group.system(2, [[Branch(1, [equation])]])


@GROUPS
def test_sizes_out_of_range(group: Group) -> None:
    group.system(MAX_SIZE, [[Branch(MAX_SIZE - 1, [])]])
    for elements, scalars in (
        (MAX_SIZE + 1, [1]),
        (2**64, [1]),
        (-1, [1]),
        (2, [MAX_SIZE]),
        (2, [MAX_SIZE // 2] * 2),
        (2, [2**60] * 2),
        (2, [2**64]),
        (2, [-1]),
    ):
        with pytest.raises(ValueError, match="a system has at most 16777216 elements"):
            group.system(elements, [[Branch(count, []) for count in scalars]])
    for clauses in ([[]], [*ONE, []], [[], *ONE]):
        with pytest.raises(ValueError, match="a clause has at least one branch"):
            group.system(2, clauses)


@needs_native
def test_the_compiled_system_refuses_them_too() -> None:
    native = importlib.import_module("secretballot.crypto.group._native")
    native.System(MAX_SIZE, [[(MAX_SIZE, [])]])
    for elements, clauses in (
        (MAX_SIZE + 1, []),
        (2**60, []),
        (2, [[(MAX_SIZE + 1, [])]]),
        (2, [[(2**60, []), (2**60, [])]]),
        (2, [[(MAX_SIZE, [])], [(1, [])]]),
        (2, [[]]),
    ):
        with pytest.raises(ValueError, match=r"at most|at least"):
            native.System(elements, clauses)


def multiples(group: Group, numbers: list[int]) -> list[Element]:
    return [group.sum_of_products([number], [group.generator]) for number in numbers]


@GROUPS
@given(st.lists(st.lists(integers, min_size=3, max_size=3), min_size=1, max_size=6))
@settings(max_examples=15)
def test_columns(group: Group, rows: list[list[int]]) -> None:
    sums = group.sum_columns([multiples(group, row) for row in rows])
    assert sums == multiples(group, [sum(column) % ORDER for column in zip(*rows, strict=True)])


@GROUPS
def test_columns_of_other_lengths(group: Group) -> None:
    row = multiples(group, [1, 2])
    assert group.sum_columns([]) == []
    assert group.sum_columns([[], []]) == []
    for rows in ([row, row[:1]], [row[:1], row], [row, []]):
        with pytest.raises(ValueError, match=r"length|shorter|longer"):
            group.sum_columns(rows)


@st.composite
def proofs(draw: st.DrawFn) -> list[tuple[list[list[Branch]], int, list[int], list[int], list[int]]]:
    """Of several proofs: the system, the challenge, the scalars, and the logarithms of own elements and commitments."""
    out = []
    for _ in range(draw(st.integers(0, 4))):
        clauses = draw(systems)
        every = [branch for clause in clauses for branch in clause]
        count = sum(len(clause) - 1 for clause in clauses) + sum(branch.num_scalars for branch in every)
        equations = sum(len(branch.equations) for branch in every)
        parts = [
            draw(st.lists(integers, min_size=n, max_size=n)) for n in (count, ELEMENTS - SHARED, equations)
        ]
        out.append((clauses, draw(integers), *parts))
    return out


#: Elements that all proofs of a sum have, as the same objects.
SHARED = 2


@given(proofs(), st.lists(integers, min_size=SHARED, max_size=SHARED), st.data())
@settings(max_examples=60)
def test_weighted_sums_of_proofs(given_proofs: Any, common: list[int], data: st.DataObject) -> None:
    """From the definition, by the plain sum, and by each backend. Shared elements are told apart as objects."""
    equations = sum(len(commitments) for *_, commitments in given_proofs)
    chosen = data.draw(st.lists(weights, min_size=equations, max_size=equations))
    encoded = b"".join(weight.to_bytes(16, "little") for weight in chosen)
    expected, left = 0, iter(chosen)
    for clauses, challenge, numbers, own, commitments in given_proofs:
        part = [next(left) for _ in commitments]
        logarithms = [*common, *own, *commitments]
        factors = straight(clauses, challenge, numbers, part)
        expected += sum(factor * log for factor, log in zip(factors, logarithms, strict=True))
    for group in BACKENDS:
        (total,) = multiples(group, [expected % ORDER])
        shared = multiples(group, common)
        answered = [
            Answered(
                group.system(ELEMENTS, clauses).bind(challenge, group.encode_integers(numbers)),
                [*shared, *multiples(group, own)],
                multiples(group, commitments),
                data.draw(st.sampled_from([0, 1, SHARED, ELEMENTS])),
            )
            for clauses, challenge, numbers, own, commitments in given_proofs
        ]
        assert group.sum_of_systems(answered, encoded) == total
        assert sum_of_systems(group, answered, encoded) == total


@GROUPS
def test_weighted_sums_that_do_not_fit(group: Group) -> None:
    bound = group.system(2, ONE).bind(5, group.encode_integers([1, 2, 3]))
    elements, commitments = multiples(group, [1, 7]), multiples(group, [3, 4])
    good = Answered(bound, elements, commitments, 1)
    group.sum_of_systems([good, good], bytes(64))
    assert group.sum_of_systems([], b"").is_identity()
    for answered, weighed in (
        ([good], bytes(31)),
        ([good], bytes(33)),
        ([good], bytes(16)),
        ([good], bytes(48)),
        ([good, good], bytes(32)),
        ([], bytes(16)),
        ([good._replace(commitments=commitments[:1])], bytes(16)),
        ([good._replace(commitments=[*commitments, elements[0]])], bytes(48)),
    ):
        for way in (group.sum_of_systems, lambda *these: sum_of_systems(group, *these)):
            with pytest.raises(ValueError, match="as many weights as equations are needed"):
                way(answered, weighed)
    for way in (group.sum_of_systems, lambda *these: sum_of_systems(group, *these)):
        for wrong in (elements[:1], [*elements, elements[0]]):
            for shared in (0, 1, len(wrong)):
                with pytest.raises(ValueError, match="as many coefficients as elements are needed"):
                    way([good._replace(elements=wrong, shared=shared)], bytes(32))
        for shared in (-1, 3, 2**70, -(2**70)):
            with pytest.raises(ValueError, match="so many elements cannot be shared"):
                way([good._replace(shared=shared)], bytes(32))


class MadeWhenAsked(Sequence[Element]):
    """Elements that nobody keeps: two of them may stand at one address, one after the other."""

    def __init__(self, group: Group, numbers: list[int]) -> None:
        self.group = group
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return multiples(self.group, self.numbers[place])
        return multiples(self.group, [self.numbers[place]])[0]


@GROUPS
def test_elements_that_nobody_keeps(group: Group) -> None:
    system = group.system(2, [[Branch(1, [Equation(((1, 1),), ((0, 0, 1),))])]])
    # The equation is commitment + 7 X = 5 G: with X = 4 G it holds for 5 - 28, and with G for X, for 5 - 7.
    bound = system.bind(7, group.encode_integers([5]))
    for logarithm, holds in ((5 - 28, True), (5 - 7, False)):
        (commitment,) = multiples(group, [logarithm % ORDER])
        for shared in (0, 1, 2):
            answered = [Answered(bound, MadeWhenAsked(group, [1, 4]), [commitment], shared)]
            for way in (group.sum_of_systems, lambda *these: sum_of_systems(group, *these)):
                assert way(answered, (1).to_bytes(16, "little")).is_identity() == holds


@GROUPS
def test_a_statement_keeps_its_elements(group: Group) -> None:
    form = Form(group, 2, [Clause([Shape(group, 2, [Equation(((1, 1),), ((0, 0, 1),))])], (0, 1))])
    given = multiples(group, [1, 4])
    statement = Statement(form, given)
    given[1] = given[0]
    assert list(statement.elements) == multiples(group, [1, 4])


# A form's checks of its elements are those of each of its branches by itself.


@st.composite
def shapes(draw: st.DrawFn, group: Group, count: int) -> Any:
    """Shapes over four elements, with small numbers, so that images and columns often cancel."""
    small = st.sampled_from([0, 1, 2, ORDER - 1, ORDER - 2])
    place = st.integers(0, 3)
    image = st.lists(st.tuples(place, small), min_size=1, max_size=3).map(tuple)
    terms = st.lists(st.tuples(st.just(0), place, small), min_size=1, max_size=2).map(tuple)
    every = Equation(((1, 1), (2, 1), (3, 1)), ((0, 0, 1),))
    some = st.lists(st.builds(Equation, image, terms), min_size=0, max_size=2)
    hidden = Equation(((1, 1), (2, 1), (3, 1)), ((0, 1, 1), (0, 2, 1)))
    return [Shape(group, 4, [*draw(some), draw(st.sampled_from([every, hidden]))]) for _ in range(count)]


@GROUPS
@given(data=st.data())
@settings(max_examples=100)
def test_a_form_refuses_what_its_branches_refuse(group: Group, data: st.DataObject) -> None:
    made = data.draw(shapes(group, 2))
    logs = [1, *data.draw(st.lists(st.sampled_from([0, 1, 2, ORDER - 1, ORDER - 2]), min_size=3, max_size=3))]
    elements = multiples(group, logs)
    form = Form(group, 4, [Clause(made, range(4))])

    def refused(make: Any) -> bool:
        try:
            make()
        except InvalidInstanceError:
            return True
        return False

    each = any(refused(lambda shape=shape: LinearRelation(shape, elements)) for shape in made)
    assert refused(lambda: Statement(form, elements)) == each
