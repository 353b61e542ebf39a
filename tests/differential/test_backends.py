"""Both backends of ristretto255 give the same answer, or the same error with the same index, to everything."""

from __future__ import annotations

import copy
import functools
import pickle
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretballot.crypto.group import Group
from secretballot.crypto.group.logarithm import MAX_STEPS, BabySteps
from secretballot.crypto.group.reference import ristretto255 as reference
from secretballot.errors import CryptoError, InvalidElementError, InvalidScalarError, SecretBallotError
from tests.support.backends import BACKENDS, native, needs_native

pytestmark = needs_native

ORDER = reference.order
PRIME = 2**255 - 19
EDGES = [0, 1, 2, 3, 2**64, 2**127, 2**128 - 1, 2**252, ORDER - 2, ORDER - 1]
integers = st.one_of(st.sampled_from(EDGES), st.integers(0, ORDER - 1))
#: Integers whose 32 bytes are near the edges of what is canonical, for scalars and for elements.
encodings = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.integers(-40, 40).map(lambda d: ((ORDER + d) % 2**256).to_bytes(32, "little")),
    st.integers(-40, 40).map(lambda d: ((PRIME + d) % 2**256).to_bytes(32, "little")),
    st.integers(0, 200).map(lambda n: n.to_bytes(32, "little")),
    st.integers(1, 50).map(lambda n: reference.multiply_generator(reference.scalar(n)).encode()),
)


def both(ask: Callable[[Group], object]) -> object:
    """The one answer of both backends: a value, or an error's type, words and index."""
    answers = []
    for group in (reference, native):
        assert group is not None
        try:
            answers.append(ask(group))
        except (SecretBallotError, ValueError) as error:
            answers.append((type(error), str(error), getattr(error, "index", None)))
    assert answers[0] == answers[1]
    return answers[0]


def element(group: Group, number: int):  # type: ignore[no-untyped-def]
    return group.multiply_generator(group.scalar(number))


def test_parameters() -> None:
    for name in ("name", "suite", "order", "element_size", "scalar_size"):
        both(lambda group, name=name: getattr(group, name))
    both(lambda group: group.generator.encode())
    assert native is not None
    assert native.constant_time
    assert not reference.constant_time
    assert native.identity.is_identity()


@given(st.lists(encodings, max_size=6), st.integers(-1, 1))
def test_decode_elements(parts: list[bytes], surplus: int) -> None:
    data = b"".join(parts)
    data = data[:surplus] if surplus < 0 else data + b"\0" * surplus
    both(lambda group: group.encode_elements(group.decode_elements(data)))


@given(st.lists(encodings, max_size=6), st.integers(-1, 1))
def test_decode_integers(parts: list[bytes], surplus: int) -> None:
    data = b"".join(parts)
    data = data[:surplus] if surplus < 0 else data + b"\0" * surplus
    both(lambda group: group.decode_integers(data))


@given(encodings, st.integers(-1, 1))
def test_decode_scalar(data: bytes, surplus: int) -> None:
    data = data[:surplus] if surplus < 0 else data + b"\0" * surplus
    both(lambda group: group.decode_scalar(data).encode())


@given(st.lists(st.one_of(integers, st.integers(-2, ORDER + 2)), max_size=4))
def test_encode_integers(values: list[int]) -> None:
    both(lambda group: group.encode_integers(values))


@given(integers, integers)
def test_scalars(a: int, b: int) -> None:
    for operation in ("__add__", "__sub__", "__mul__", "__eq__", "__ne__"):

        def ask(group: Group, operation: str = operation) -> object:
            out = getattr(group.scalar(a), operation)(group.scalar(b))
            return out if isinstance(out, bool) else out.encode()

        both(ask)
    both(lambda group: (-group.scalar(a)).encode())
    both(lambda group: group.scalar(a).invert().encode())
    both(lambda group: group.scalar(a).is_zero())


@given(integers, integers)
def test_elements(a: int, b: int) -> None:
    both(lambda group: (element(group, a) + element(group, b)).encode())
    both(lambda group: (element(group, a) - element(group, b)).encode())
    both(lambda group: (-element(group, a)).encode())
    both(lambda group: (element(group, a) * group.scalar(b)).encode())
    both(lambda group: group.fixed_base(element(group, a)).multiply(group.scalar(b)).encode())
    both(lambda group: (element(group, a) == element(group, b), element(group, a) != element(group, b)))
    both(lambda group: element(group, a).is_identity())
    both(lambda group: hash(element(group, a)) == hash(element(group, a) + group.identity))
    both(lambda group: repr(element(group, a)).split()[1:])
    both(lambda group: group.encode_elements([element(group, a), element(group, b)]))
    both(lambda group: group.sum([element(group, a), element(group, b), group.generator]).encode())


@given(st.lists(st.tuples(st.integers(-(2**130), 2**256), integers), max_size=12))
def test_sum_of_products(terms: list[tuple[int, int]]) -> None:
    coefficients = [c for c, _ in terms]
    both(lambda group: group.sum_of_products(coefficients, [element(group, n) for _, n in terms]).encode())


@pytest.mark.parametrize("size", [100, 5000])
def test_large_sums(size: int) -> None:
    """5,000 terms are shared among the cores."""
    assert native is not None
    numbers = [secrets.randbelow(ORDER) for _ in range(size)]
    coefficients = [secrets.randbits(128) if i % 3 else secrets.randbelow(ORDER) for i in range(size)]
    expected = sum(c * n for c, n in zip(coefficients, numbers, strict=True)) % ORDER
    elements = [element(native, number) for number in numbers]
    assert native.sum_of_products(coefficients, elements).encode() == element(reference, expected).encode()
    data = native.encode_elements(elements)
    assert native.decode_elements(data) == elements
    wrong = data[: 32 * (size - 1)] + b"\xff" * 32
    with pytest.raises(CryptoError) as caught:
        native.decode_elements(wrong)
    assert caught.value.item == f"element {size - 1}"


def test_more_than_one_piece() -> None:
    """The compiled module goes through its items in pieces of 2**16: none is lost or taken twice, and indices go on."""
    assert native is not None
    group = native
    places = (0, 2**16 - 1, 2**16, 2**16 + 2)
    size = places[-1] + 1
    numbers = [1] * size
    elements = [group.generator] * size
    for place, number in zip(places, (2, 3, 5, 7), strict=True):
        numbers[place], elements[place] = number, element(group, number)
    assert group.sum(elements) == element(group, sum(numbers))
    assert group.sum_columns([[one, group.generator] for one in elements]) == [
        element(group, sum(numbers)),
        element(group, size),
    ]
    assert group.sum_columns([elements] * 2) == [one + one for one in elements]
    total = sum(i * number for i, number in enumerate(numbers))
    assert group.sum_of_products(range(size), elements) == element(group, total)
    data = group.encode_elements(elements)
    assert data == b"".join(one.encode() for one in elements)
    assert group.decode_elements(data) == elements
    keys = group.lookup_keys(elements)
    assert len(keys) == size
    assert [keys[place] for place in places] == group.lookup_keys([elements[place] for place in places])
    integers = group.encode_integers(range(size))
    for place in places:
        for wrong in (bytes(32), b"\xff" * 32):
            with pytest.raises(InvalidElementError) as caught:
                group.decode_elements(data[: 32 * place] + wrong + data[32 * (place + 1) :])
            assert caught.value.index == place
        with pytest.raises(InvalidElementError) as caught:
            group.encode_elements([*elements[:place], group.identity, *elements[place + 1 :]])
        assert caught.value.index == place
        with pytest.raises(InvalidScalarError) as unreduced:
            group.decode_integers(integers[: 32 * place] + b"\xff" * 32 + integers[32 * (place + 1) :])
        assert unreduced.value.index == place


def test_a_random_scalar_is_never_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    assert native is not None
    drawn = iter([bytes(64), ORDER.to_bytes(64, "little"), (ORDER + 1).to_bytes(64, "little")])
    monkeypatch.setattr(secrets, "token_bytes", lambda size: next(drawn))
    assert native.random_scalar() == native.scalar(1)


def test_lengths_must_agree() -> None:
    for group in (reference, native):
        assert group is not None
        with pytest.raises(ValueError, match="coefficients"):
            group.sum_of_products([1, 2], [group.generator])


@given(st.lists(st.integers(0, 6), max_size=8))
def test_lookup_keys(numbers: list[int]) -> None:
    def pattern(group: Group) -> list[int]:
        keys = group.lookup_keys([element(group, number) for number in numbers])
        return [keys.index(key) for key in keys]

    both(pattern)


@functools.cache
def tables(count: int) -> dict[Group, BabySteps]:
    return {group: group.baby_steps(count) for group in (reference, native) if group is not None}


@given(
    st.sampled_from([1, 2, 3, 16, 257]),
    st.one_of(integers, st.integers(0, 4), st.integers(-4, 4).map(lambda d: ("square", d))),
)
def test_baby_steps(count: int, number: int | tuple[str, int]) -> None:
    value = (count**2 + number[1]) % ORDER if isinstance(number, tuple) else number
    expected = value if value < count**2 else None
    assert both(lambda group: tables(count)[group].find(element(group, value))) == expected


@pytest.mark.parametrize("kind", [bytearray, memoryview, list])
def test_what_is_not_bytes(kind: Callable[[bytes], Any]) -> None:
    data = kind(reference.generator.encode())
    for group in BACKENDS:
        for decode in (group.decode_elements, group.decode_integers, group.decode_scalar):
            with pytest.raises(TypeError):
                decode(data)


@pytest.mark.parametrize("count", [0, -1, MAX_STEPS + 1, 2**64])
def test_counts_of_no_table(count: int) -> None:
    answer = both(lambda group: group.baby_steps(count))
    assert answer == (ValueError, "a table has 1 to 1048576 baby steps", None)


@given(st.binary(max_size=40), st.binary(max_size=300))
def test_hash_to_element(data: bytes, domain: bytes) -> None:
    both(lambda group: group.hash_to_element(data, domain).encode())


# Pickles.

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def loads(data: bytes) -> Any:
    return pickle.loads(data)  # noqa: S301


@given(integers, st.sampled_from(PROTOCOLS))
def test_elements_are_pickled_and_copied(number: int, protocol: int) -> None:
    def ask(group: Group) -> object:
        own = element(group, number)
        for again in (loads(pickle.dumps(own, protocol)), copy.copy(own), copy.deepcopy(own)):
            assert type(again) is type(own)
            assert again == own
            assert hash(again) == hash(own)
            # A whole element, not only one that compares equal.
            assert again + group.generator == own + group.generator
        return [own.is_identity(), own.is_identity() or loads(pickle.dumps(own, protocol)).encode()]

    both(ask)


def test_the_identity_of_other_points_is_pickled() -> None:
    def ask(group: Group) -> object:
        hashed = group.hash_to_element(b"of four points", b"tests")
        # The same element as another point: the difference may be a point of order 2 or 4.
        zero = hashed - group.decode_elements(hashed.encode())[0]
        return loads(pickle.dumps([zero, hashed, zero])) == [group.identity, hashed, group.identity]

    assert both(ask) is True


@given(encodings, st.sampled_from(PROTOCOLS))
def test_a_changed_pickle_is_decoded_strictly(data: bytes, protocol: int) -> None:
    """The encoding within is replaced: what comes back is the element of these bytes, or InvalidElementError."""
    # Old protocols write bytes as text.
    protocol = max(protocol, 3)

    def ask(group: Group) -> object:
        pickled = pickle.dumps(group.generator, protocol)
        assert pickled.count(group.generator.encode()) == 1
        return loads(pickled.replace(group.generator.encode(), data)).encode()

    assert both(ask) == both(lambda group: group.decode_elements(data)[0].encode())


@pytest.mark.parametrize(
    "data",
    [bytes(31), bytes(33), bytes(64), b"\0", None, 0, "", "a" * 32, bytearray(), bytearray(32), []],
    ids=repr,
)
def test_what_no_element_was_pickled_as(data: object) -> None:
    def ask(group: Group) -> object:
        restore, (good,) = group.generator.__reduce__()  # type: ignore[misc]
        assert restore(good) == group.generator  # type: ignore[operator]
        assert restore(b"") == group.identity  # type: ignore[operator]
        return restore(data)  # type: ignore[operator]

    answer = both(ask)
    assert answer[0] is InvalidElementError  # type: ignore[index]
    assert "an element is pickled as 32 bytes, the identity as none" in answer[1]  # type: ignore[index]
