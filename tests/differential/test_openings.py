"""A prover's commitments are the same whether elements are multiplied, opened into their bases, or read from tables."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from secretballot.crypto import sigma
from secretballot.crypto.group import Element, FixedBase, Scalar, reference, ristretto255
from secretballot.crypto.relation import Equation, LinearRelation, Shape
from secretballot.crypto.sigma import Opening, simulate_commitment
from secretballot.errors import InvalidInstanceError

GROUP = ristretto255
ORDER = GROUP.order
G = GROUP.generator

values = st.one_of(st.integers(0, 3), st.sampled_from([ORDER - 1, ORDER - 2]), st.integers(0, ORDER - 1))
coefficients = st.one_of(st.just(1), values)

#: Elements 1 and 2 are bases; 3 to 5 are made of them and of the generator.
BASES, MADE = 3, 3


def scalars(numbers: list[int]) -> list[Scalar]:
    return [GROUP.scalar(number) for number in numbers]


@given(st.data())
@settings(max_examples=30)
def test_openings_and_tables_change_nothing(data: st.DataObject) -> None:
    draw = data.draw
    bases = [G, *(GROUP.hash_to_element(bytes([place]), b"tests") for place in range(1, BASES))]
    openings: dict[int, Opening] = {}
    elements: list[Element] = list(bases)
    for index in range(BASES, BASES + MADE):
        # The same base twice, a zero multiple, no base at all but one: anything goes.
        parts = draw(st.lists(st.tuples(st.integers(0, BASES - 1), values), min_size=1, max_size=3))
        openings[index] = [(base, GROUP.scalar(value)) for base, value in parts]
        elements.append(
            GROUP.sum_of_products([value for _, value in parts], [bases[base] for base, _ in parts])
        )
    places = st.integers(0, len(elements) - 1)
    equations = [
        Equation(
            tuple(draw(st.lists(st.tuples(places, coefficients), min_size=1, max_size=3))),
            tuple(draw(st.lists(st.tuples(st.integers(0, 1), places, coefficients), min_size=1, max_size=4))),
        )
        for _ in range(draw(st.integers(1, 2)))
    ]
    every = tuple((place, 1) for place in range(len(elements)))
    equations.append(Equation(((1, 1), (0, draw(coefficients))), (*((0, *one) for one in every), (1, 0, 1))))
    try:
        relation = LinearRelation(Shape(GROUP, len(elements), equations), elements)
    except InvalidInstanceError:
        reject()
    numbers = draw(st.lists(values, min_size=2, max_size=2))
    challenge = draw(st.one_of(st.none(), values))
    response = scalars(numbers)
    secret = None if challenge is None else GROUP.scalar(challenge)
    expected = simulate_commitment(relation.shape, relation.elements, response, secret)
    # The verifier's simulator, over public integers, is a third opinion.
    assert sigma._simulate_public(relation, numbers, challenge or 0) == expected
    tables: dict[int, FixedBase] = {index: GROUP.fixed_base(bases[index]) for index in range(1, BASES)}
    some = {index: openings[index] for index in draw(st.sets(st.sampled_from(sorted(openings))))}
    few = {index: tables[index] for index in draw(st.sets(st.sampled_from(sorted(tables))))}
    for known in (None, {}, openings, some):
        for table in (None, {}, tables, few):
            assert (
                simulate_commitment(relation.shape, relation.elements, response, secret, known, table)
                == expected
            )


def test_a_wrong_opening_is_seen() -> None:
    """Openings are used: otherwise the comparison above would say nothing."""
    h = GROUP.hash_to_element(b"h", b"tests")
    r = GROUP.scalar(5)
    shape = Shape(GROUP, 3, [Equation(((2, 1),), ((0, 1, 1),))])
    relation = LinearRelation(shape, [G, h, h * r])
    challenge, response = GROUP.scalar(3), scalars([4])

    def simulated(*known: Any) -> list[Element]:
        return simulate_commitment(relation.shape, relation.elements, response, challenge, *known)

    expected = simulated()
    assert expected == [h * GROUP.scalar(4 - 3 * 5)]
    assert simulated({2: [(1, r)]}) == expected
    assert (
        simulate_commitment(
            relation.shape, relation.elements, response, challenge, {2: [(1, GROUP.scalar(6))]}
        )
        != expected
    )
    assert simulated({2: [(0, r)]}) != expected
    assert (
        simulate_commitment(
            relation.shape, relation.elements, response, challenge, None, {1: GROUP.fixed_base(G)}
        )
        != expected
    )


def test_an_opened_element_is_not_multiplied(monkeypatch: pytest.MonkeyPatch) -> None:
    # On the reference backend, whose methods can be replaced.
    group = reference.ristretto255
    generator = group.generator
    h = group.hash_to_element(b"h", b"tests")
    r, m = group.scalar(5), group.scalar(2)
    shape = Shape(
        group, 4, [Equation(((2, 1),), ((0, 0, 1),)), Equation(((3, 1), (0, ORDER - 1)), ((0, 1, 1),))]
    )
    relation = LinearRelation(shape, [generator, h, generator * r, generator * m + h * r])
    openings: dict[int, Opening] = {2: [(0, r)], 3: [(0, m), (1, r)]}
    tables = {1: group.fixed_base(h)}
    response, challenge = [group.scalar(4)], group.scalar(3)
    expected = simulate_commitment(relation.shape, relation.elements, response, challenge)

    def never(self: Element, scalar: Scalar) -> Element:
        raise AssertionError("a multiplication without a table")

    monkeypatch.setattr(type(generator), "__mul__", never)
    assert (
        simulate_commitment(relation.shape, relation.elements, response, challenge, openings, tables)
        == expected
    )
    with pytest.raises(AssertionError):
        simulate_commitment(relation.shape, relation.elements, response, challenge, openings)
    with pytest.raises(AssertionError):
        simulate_commitment(relation.shape, relation.elements, response, challenge, None, tables)
