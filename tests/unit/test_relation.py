"""The ten checks of an instance, each beside a neighbour that passes it, and the serialization of a statement."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto.group import Element, Group, ristretto255
from secretballot.crypto.relation import Equation, LinearRelation, Shape
from secretballot.errors import InvalidElementError, InvalidInstanceError, InvalidScalarError

from ..support.p256 import p256

GROUP = ristretto255
ORDER = GROUP.order
G = GROUP.generator
IDENTITY = GROUP.identity
SCHNORR = Equation(((1, 1),), ((0, 0, 1),))


def multiple(value: int, group: Group = GROUP) -> Element:
    return group.multiply_generator(group.scalar(value))


def relation(equations: Sequence[Equation], *logs: int) -> LinearRelation:
    """Over the generator and its multiples by ``logs``."""
    elements = [G, *(multiple(log) for log in logs)]
    return LinearRelation(Shape(GROUP, len(elements), equations), elements)


def refused(number: int) -> pytest.RaisesExc[InvalidInstanceError]:
    return pytest.raises(InvalidInstanceError, match=f"^{number}:")


class Huge(tuple[tuple[int, int], ...]):
    """A tuple that says it is very long, for no real one can be."""

    size = 2**32

    def __len__(self) -> int:
        return self.size


class Almost(Huge):
    size = 2**32 - 1


def test_check_1_there_is_an_equation() -> None:
    relation([SCHNORR], 5)
    for num_elements in (0, 1, 2):
        with refused(1):
            Shape(GROUP, num_elements, [])


def test_check_2_images_and_terms_are_there() -> None:
    other = Equation(((1, 1),), ((0, 1, 1),))
    relation([SCHNORR, other], 5)
    for wrong in (Equation((), SCHNORR.terms), Equation(SCHNORR.image, ()), Equation((), ())):
        for equations in ([wrong], [wrong, other], [other, wrong]):
            with refused(2):
                relation(equations, 5)


def test_check_3_indices_and_counts_are_in_32_bits() -> None:
    for wrong in (-1, 2**32, 2**40):
        for equation in (
            Equation(((wrong, 1),), ((0, 0, 1),)),
            Equation(((1, 1), (wrong, 1)), ((0, 0, 1),)),
            Equation(((1, 1),), ((0, wrong, 1),)),
            Equation(((1, 1),), ((wrong, 0, 1),)),
            Equation(((1, 1),), ((0, 0, 1), (wrong, 0, 1))),
        ):
            with refused(3):
                relation([SCHNORR, equation], 5)
            with refused(3):
                Shape(GROUP, 2**41, [equation])
    # The last that are allowed go on to the next checks.
    last = 2**32 - 1
    with refused(4):
        relation([Equation(((last, 1),), ((0, 0, 1),))], 5)
    with refused(4):
        relation([Equation(((1, 1),), ((0, last, 1),))], 5)
    with refused(6):
        relation([Equation(((1, 1),), ((last, 0, 1),))], 5)


def test_check_3_counts() -> None:
    for equation in (Equation(Huge(((1, 1),)), SCHNORR.terms), Equation(SCHNORR.image, Huge(((0, 0, 1),)))):  # type: ignore[arg-type]
        with refused(3):
            Shape(GROUP, 2, [equation])
    Shape(GROUP, 2, [Equation(SCHNORR.image, ((0, 0, 1),))])
    # What comes after is reached with one less: the count is written in 4 bytes.
    header = Shape(GROUP, 2, [Equation(Almost(((1, 1),)), SCHNORR.terms)]).header
    assert header[4:8] == b"\xff" * 4


def test_check_4_every_index_names_an_element() -> None:
    for wrong in (
        Equation(((2, 1),), ((0, 0, 1),)),
        Equation(((1, 1),), ((0, 2, 1),)),
        Equation(((1, 1), (2, 0)), ((0, 0, 1),)),
    ):
        relation([wrong, SCHNORR], 5, 6)
        with refused(4):
            relation([wrong, SCHNORR], 5)
    with refused(4):
        Shape(GROUP, 0, [Equation(((0, 1),), ((0, 0, 1),))])
    Shape(GROUP, 1, [Equation(((0, 1),), ((0, 0, 1),))])


def test_check_5_every_element_is_in_an_equation() -> None:
    with refused(5):
        relation([SCHNORR], 5, 6)
    with refused(5):
        relation([Equation(((2, 1),), ((0, 0, 1),))], 5, 6)
    # In an image or in terms, in any equation, with the coefficient 0 too.
    relation([Equation(((1, 1), (2, 0)), ((0, 0, 1),))], 5, 6)
    relation([Equation(((1, 1),), ((0, 0, 1), (0, 2, 0)))], 5, 6)
    relation([SCHNORR, Equation(((2, 1),), ((0, 0, 1),))], 5, 6)
    # The generator need not be.
    relation([Equation(((1, 1),), ((0, 2, 1),))], 5, 6)


def test_check_6_every_scalar_is_in_an_equation() -> None:
    scalars: tuple[int, ...]
    for scalars in ((1,), (0, 2), (1, 2), (5,)):
        with refused(6):
            relation([Equation(((1, 1),), tuple((s, 0, 1) for s in scalars))], 5)
    for scalars in ((0,), (0, 1), (1, 0), (2, 1, 0), (0, 0)):
        made = relation([Equation(((1, 1),), tuple((s, 0, 1) for s in scalars))], 5)
        assert made.shape.num_scalars == max(scalars) + 1
    # Spread over equations.
    relation([SCHNORR, Equation(((1, 1),), ((1, 0, 1),))], 5)


def test_check_7_element_0_is_the_generator() -> None:
    shape = Shape(GROUP, 2, [SCHNORR])
    x = multiple(5)
    LinearRelation(shape, [G, x])
    for wrong in ([], [G], [x], [G, x, x], [x, G], [x, x], [-G, x], [IDENTITY, x]):
        with refused(7):
            LinearRelation(shape, wrong)


def test_check_8_no_element_is_the_identity() -> None:
    shape = Shape(GROUP, 3, [Equation(((1, 1),), ((0, 2, 1),))])
    x = multiple(5)
    LinearRelation(shape, [G, x, x])
    for wrong in ([G, IDENTITY, x], [G, x, IDENTITY], [G, x - x, x]):
        with refused(8):
            LinearRelation(shape, wrong)


@pytest.mark.parametrize(
    ("image", "logs", "neighbours"),
    [
        # E - E, and E - F with F = E.
        (((1, 1), (1, ORDER - 1)), (5, 5), ((1, 1), (1, ORDER - 2))),
        (((1, 1), (2, ORDER - 1)), (5, 5), ((1, 1), (2, 1))),
        # Nothing at all.
        (((1, 0),), (5, 5), ((1, 1),)),
        (((0, 0),), (5, 5), ((0, 1),)),
        # Multiples of the generator.
        (((0, 7), (0, ORDER - 7)), (5, 5), ((0, 7), (0, ORDER - 6))),
        # The plain form, E + w * G.
        (((1, 1), (0, ORDER - 5)), (5, 5), ((1, 1), (0, ORDER - 4))),
        (((0, ORDER - 5), (1, 1)), (5, 5), ((0, ORDER - 5), (2, 2))),
        (((1, 1), (0, ORDER - 3), (0, ORDER - 2)), (5, 5), ((1, 1), (0, ORDER - 3), (0, ORDER - 3))),
        (((1, 1), (2, 0), (0, ORDER - 5)), (5, 5), ((1, 1), (2, 1), (0, ORDER - 5))),
        # The same with other coefficients of E.
        (((1, 2), (0, ORDER - 10)), (5, 5), ((1, 2), (0, ORDER - 5))),
        (((1, ORDER - 1), (0, 5)), (5, 5), ((1, ORDER - 1), (0, 4))),
        (((1, 1), (1, 1), (0, ORDER - 10)), (5, 5), ((1, 1), (1, 1), (0, ORDER - 5))),
        (((1, 1), (2, 1), (0, ORDER - 10)), (5, 5), ((1, 1), (2, 1), (0, ORDER - 5))),
    ],
)
def test_check_9_no_image_is_the_identity(
    image: tuple[tuple[int, int], ...], logs: tuple[int, ...], neighbours: tuple[tuple[int, int], ...]
) -> None:
    terms = ((0, 0, 1), (0, 1, 1), (0, 2, 1))
    fine = Equation(((0, 1),), terms)
    relation([Equation(neighbours, terms)], *logs)
    for equations in (
        [Equation(image, terms)],
        [fine, Equation(image, terms)],
        [Equation(image, terms), fine],
    ):
        with refused(9):
            relation(equations, *logs)


def test_check_10_no_column_is_the_identity() -> None:
    image = ((1, 1), (2, 1))
    cancel = ((1, 1, 1), (1, 1, ORDER - 1))
    own = (0, 0, 1)
    for terms in (
        (own, *cancel),
        (*cancel, own),
        (own, (1, 1, 0)),
        (own, (1, 1, 1), (1, 2, ORDER - 1)),
        (own, (1, 1, 2), (1, 0, ORDER - 10)),
    ):
        with refused(10):
            relation([Equation(image, terms)], 5, 5)
        with refused(10):
            relation([Equation(image, terms), Equation(image, (own, *cancel))], 5, 5)
        # One equation in which it stays is enough.
        for more in ((1, 1, 1), (1, 0, ORDER - 1)):
            relation([Equation(image, terms), Equation(image, (more,))], 5, 5)
            relation([Equation(image, (more,)), Equation(image, terms)], 5, 5)
        relation([Equation(image, (*terms, (1, 0, 3)))], 5, 5)
    relation([Equation(image, (own, (1, 1, 1), (1, 2, ORDER - 1)))], 5, 6)


@pytest.mark.parametrize("coefficient", [-1, ORDER, ORDER + 1, 2**256])
def test_a_coefficient_is_below_the_order(coefficient: int) -> None:
    with pytest.raises(InvalidScalarError):
        relation([Equation(((1, coefficient),), ((0, 0, 1),))], 5)
    with pytest.raises(InvalidScalarError):
        relation([Equation(((1, 1),), ((0, 0, coefficient),))], 5)
    relation([Equation(((1, ORDER - 1),), ((0, 0, ORDER - 1),))], 5)


# The shortcuts agree with the definition, computed on logarithms.

small = st.one_of(st.integers(-4, 4), st.integers(-20, 20)).map(lambda value: value % ORDER)


@given(
    st.lists(st.tuples(st.integers(0, 2), small), min_size=1, max_size=4),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
@settings(max_examples=200)
def test_an_image_is_refused_just_where_it_is_the_identity(
    image: list[tuple[int, int]], logs: tuple[int, int]
) -> None:
    equation = Equation(tuple(image), ((0, 0, 1), (0, 1, 1), (0, 2, 1)))
    value = sum(c * (1, *logs)[e] for e, c in image) % ORDER
    if value == 0:
        with refused(9):
            relation([equation], *logs)
        return
    made = relation([equation], *logs)
    assert made.image() == [multiple(value)]


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), small), min_size=1, max_size=4),
        min_size=1,
        max_size=2,
    ),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
@settings(max_examples=200)
def test_a_column_is_refused_just_where_it_is_the_identity(
    rows: list[list[tuple[int, int, int]]], logs: tuple[int, int]
) -> None:
    image = ((0, 1), (1, 1), (2, 1))
    rows[0] = [(0, 0, 0), (1, 0, 0), *rows[0]]
    equations = [Equation(image, tuple(row)) for row in rows]
    columns = [
        [sum(c * (1, *logs)[e] for s, e, c in row if s == scalar) % ORDER for row in rows]
        for scalar in (0, 1)
    ]
    if all(any(column) for column in columns):
        relation(equations, *logs)
        return
    with refused(10):
        relation(equations, *logs)


# Serialization.


@pytest.mark.parametrize("group", [ristretto255, p256], ids=["ristretto255", "P-256"])
def test_the_drafts_worked_example(group: Group) -> None:
    """Section "Serialization": ChaumPedersen(H, X, Y) with X = x * G and Y = x * H."""

    def integer(value: int) -> bytes:
        return value.to_bytes(4, "little")

    one = (1).to_bytes(32, "big" if group is p256 else "little")
    h, x, y = (multiple(log, group) for log in (3, 7, 21))
    equations = [Equation(((2, 1),), ((0, 0, 1),)), Equation(((3, 1),), ((0, 1, 1),))]
    expected = integer(2)
    expected += integer(1) + integer(2) + one
    expected += integer(1) + integer(0) + integer(0) + one
    expected += integer(1) + integer(3) + one
    expected += integer(1) + integer(0) + integer(1) + one
    shape = Shape(group, 4, equations)
    made = LinearRelation(shape, [group.generator, h, x, y])
    assert shape.header == expected
    assert made.serialize() == expected + h.encode() + x.encode() + y.encode()
    assert made.serialize_elements() == h.encode() + x.encode() + y.encode()
    assert made.image() == [x, y]
    assert shape.num_scalars == 1
    assert made.elements == (group.generator, h, x, y)


def test_the_serialization_tells_relations_apart() -> None:
    base = [Equation(((1, 1),), ((0, 0, 1), (1, 2, 1))), Equation(((2, 1),), ((1, 0, 1),))]
    others = [
        base[::-1],
        base[:1] + base,
        [Equation(((1, 2),), base[0].terms), base[1]],
        [Equation(((1, 1), (2, 1)), base[0].terms), base[1]],
        [Equation(((2, 1), (1, 1)), base[0].terms), base[1]],
        [Equation(((1, 1), (0, 0)), base[0].terms), base[1]],
        [Equation(((1, 1),), base[0].terms[::-1]), base[1]],
        [Equation(((1, 1),), ((0, 0, 1), (0, 2, 1))), base[1]],
        [Equation(((1, 1),), ((0, 0, 1), (1, 2, 3))), base[1]],
        [Equation(((1, 1),), ((0, 0, 1), (1, 1, 1))), base[1]],
    ]
    written = {relation(equations, 5, 6).serialize() for equations in [base, *others]}
    written |= {relation(base, 6, 5).serialize(), relation(base, 5, 7).serialize()}
    assert len(written) == len(others) + 3


def test_the_identity_is_not_written() -> None:
    made = relation([SCHNORR], 5)
    made.elements = (G, IDENTITY)
    with pytest.raises(InvalidElementError):
        made.serialize()
