"""ristretto255 by the backend in use: what the floor is made of, and the logarithms of the tally."""

from __future__ import annotations

import secrets
from typing import NamedTuple

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from secretballot.crypto.discrete_log import DiscreteLog
from secretballot.crypto.elgamal import EncryptionKey
from secretballot.crypto.group import Element, FixedBase, Scalar
from secretballot.crypto.group import ristretto255 as group

#: Operands of one round: figures are for all of them together.
POINTS = 1000
#: Values that a logarithm is looked for in: three digits of a hundred voters.
BOUND = 101**3


class Operands(NamedTuple):
    scalars: list[Scalar]
    elements: list[Element]
    data: bytes
    coefficients: list[int]
    table: FixedBase


@pytest.fixture(scope="module")
def operands() -> Operands:
    table = group.fixed_base(group.multiply_generator(group.random_scalar()))
    scalars = [group.random_scalar() for _ in range(POINTS)]
    elements = [table.multiply(scalar) for scalar in scalars]
    coefficients = [secrets.randbits(128) if i % 2 else secrets.randbelow(group.order) for i in range(POINTS)]
    return Operands(scalars, elements, group.encode_elements(elements), coefficients, table)


def test_decode_1000_elements(benchmark: BenchmarkFixture, operands: Operands) -> None:
    assert len(benchmark(group.decode_elements, operands.data)) == POINTS


def test_encode_1000_elements(benchmark: BenchmarkFixture, operands: Operands) -> None:
    # New elements for every round: one may remember its encoding.
    def fresh() -> tuple[tuple[list[Element]], dict[str, object]]:
        return ([element + element for element in operands.elements],), {}

    benchmark.pedantic(group.encode_elements, setup=fresh, rounds=20)


def test_sum_of_1000_products(benchmark: BenchmarkFixture, operands: Operands) -> None:
    benchmark(group.sum_of_products, operands.coefficients, operands.elements)


def test_sum_of_1000_elements(benchmark: BenchmarkFixture, operands: Operands) -> None:
    benchmark(group.sum, operands.elements)


def test_fixed_base_product(benchmark: BenchmarkFixture, operands: Operands) -> None:
    benchmark(operands.table.multiply, operands.scalars[0])


def test_generator_product(benchmark: BenchmarkFixture, operands: Operands) -> None:
    benchmark(group.multiply_generator, operands.scalars[0])


def test_variable_base_product(benchmark: BenchmarkFixture, operands: Operands) -> None:
    benchmark(lambda: operands.elements[0] * operands.scalars[0])


def test_fixed_base_table(benchmark: BenchmarkFixture, operands: Operands) -> None:
    benchmark(group.fixed_base, operands.elements[0])


def test_encrypt(benchmark: BenchmarkFixture, operands: Operands) -> None:
    key = EncryptionKey(group, operands.elements[0])
    benchmark(key.encrypt, group.scalar(101), operands.scalars[0])


def test_discrete_log_table(benchmark: BenchmarkFixture) -> None:
    benchmark(DiscreteLog, group, BOUND)


def test_discrete_log(benchmark: BenchmarkFixture) -> None:
    logarithms = DiscreteLog(group, BOUND)
    element = group.multiply_generator(group.scalar(BOUND - 1))
    assert benchmark(logarithms.solve, element) == BOUND - 1
