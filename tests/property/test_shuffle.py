"""Laws of the proof of a shuffle: what is honest verifies, whatever is changed does not."""

from __future__ import annotations

import copy
import pickle
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto import shuffle as shuffle_module
from secretballot.crypto import shuffling
from secretballot.crypto.group import Group
from secretballot.crypto.shuffle import MAX_ROWS, MAX_WIDTH, Layout, Shuffle, proof_size, verify
from secretballot.errors import (
    CryptoError,
    InvalidElementError,
    InvalidInstanceError,
    InvalidProofError,
    InvalidScalarError,
)
from tests.support.backends import BACKENDS, name_of
from tests.support.p256 import p256
from tests.support.shuffles import SESSION, Made, decrypt, encrypt, equations, holds, make, new_key, small

GROUPS = pytest.mark.parametrize("group", [*BACKENDS, p256], ids=name_of)
FAST = pytest.mark.parametrize("group", BACKENDS[-1:], ids=name_of)


@GROUPS
@pytest.mark.parametrize(("rows", "width"), [(1, 1), (1, 2), (2, 1), (5, 1), (3, 3)])
def test_honest_shuffles_verify(group: Group, rows: int, width: int) -> None:
    messages = [[(3 * row + place) % 4 for place in range(width)] for row in range(rows)]
    made = make(group, messages)
    assert len(made.proof) == proof_size(group, rows, width)
    verify(SESSION, made.shuffle, made.proof)
    assert all(equations(SESSION, made.shuffle, made.proof))
    assert Counter(decrypt(made, made.shuffle.outputs)) == Counter(small(group, *row) for row in messages)


def test_a_backend_verifies_what_another_proved() -> None:
    for prover in BACKENDS:
        made = make(prover, [[1, 2], [3, 4], [5, 6]])
        for group in BACKENDS:
            (key,) = group.decode_elements(made.key.element.encode())
            shuffle = Shuffle(group, key, 2, made.shuffle.inputs, made.shuffle.outputs)
            verify(SESSION, shuffle, made.proof)
            for place in range(0, len(made.proof), 32):
                changed = bytearray(made.proof)
                changed[place] ^= 1
                assert not holds(SESSION, shuffle, bytes(changed))


def test_nothing_of_an_input_stands_in_the_outputs() -> None:
    made = make(BACKENDS[-1], [[1], [1], [2]])
    pieces = {bytes(made.shuffle.inputs[at : at + 32]) for at in range(0, 6 * 32, 32)}
    assert not pieces & {bytes(made.shuffle.outputs[at : at + 32]) for at in range(0, 6 * 32, 32)}


def test_every_order_comes_about() -> None:
    made = make(BACKENDS[-1], [[0], [1], [2]])
    seen = set()
    for _ in range(200):
        shuffle, _ = shuffling.shuffle_rows(made.key, 1, made.shuffle.inputs)
        seen.add(tuple(decrypt(made, shuffle.outputs)))
    assert len(seen) == 6


@FAST
@given(data=st.data())
@settings(max_examples=25)
def test_changed_shuffles(group: Group, data: st.DataObject) -> None:
    """Library and plain equations agree on honest shuffles, and on those with one thing changed."""
    rows, width = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    made = make(group, [[data.draw(st.integers(0, 3)) for _ in range(width)] for _ in range(rows)])
    layout = Layout(group, rows, width)
    elements, scalars = layout.second.stop // 32, (layout.size - layout.second.stop) // 32
    place = data.draw(st.integers(0, elements + scalars - 1))
    proof = bytearray(made.proof)
    if place < elements:
        other = data.draw(st.integers(0, elements - 1))
        proof[32 * place : 32 * place + 32] = made.proof[32 * other : 32 * other + 32]
    else:
        added = data.draw(st.integers(1, group.order - 1))
        (old,) = group.decode_integers(made.proof[32 * place : 32 * place + 32])
        proof[32 * place : 32 * place + 32] = group.encode_integers([(old + added) % group.order])
    expected = bytes(proof) == made.proof
    assert holds(SESSION, made.shuffle, bytes(proof)) == expected
    assert all(equations(SESSION, made.shuffle, bytes(proof))) == expected


@FAST
def test_every_element_and_scalar_of_a_proof_counts(group: Group) -> None:
    made = make(group, [[1, 2], [3, 1], [2, 2]])
    for place in range(0, len(made.proof), 32):
        for value in (made.group.generator.encode(), (5).to_bytes(32, "little")):
            changed = made.proof[:place] + value + made.proof[place + 32 :]
            assert not holds(SESSION, made.shuffle, changed)


@FAST
def test_what_does_not_decode_is_named(group: Group) -> None:
    made = make(group, [[1, 2], [3, 1], [2, 2]])
    for place, what in (
        (1, "permutation commitment 1"),
        (5, "chain 2"),
        (6, "chain commitment 0"),
        (9, "commitment 0"),
    ):
        for bad in (bytes(32), b"\xff" * 32):
            changed = made.proof[: 32 * place] + bad + made.proof[32 * place + 32 :]
            with pytest.raises(InvalidElementError, match=f": {what}: "):
                verify(SESSION, made.shuffle, changed)
    first = Layout(group, 3, 2).second.stop // 32
    for place in (0, 4, 5, 7, 8, 10):
        at = 32 * (first + place)
        changed = made.proof[:at] + group.order.to_bytes(32, "little") + made.proof[at + 32 :]
        with pytest.raises(InvalidScalarError) as error:
            verify(SESSION, made.shuffle, changed)
        assert error.value.index == place
    for part in ("input", "output"):
        for row in range(3):
            rows = {"input": bytearray(made.shuffle.inputs), "output": bytearray(made.shuffle.outputs)}
            at = 128 * row + 96
            rows[part][at : at + 32] = bytes(32)
            shuffle = Shuffle(group, made.key.element, 2, bytes(rows["input"]), bytes(rows["output"]))
            with pytest.raises(InvalidElementError, match=f"element 3: {part} {row}: "):
                verify(SESSION, shuffle, made.proof)


@FAST
def test_lengths(group: Group) -> None:
    made = make(group, [[1], [2]])
    inputs, outputs = bytes(made.shuffle.inputs), bytes(made.shuffle.outputs)
    for proof in (
        b"",
        made.proof[:-1],
        made.proof + b"\0",
        made.proof[:-32],
        made.proof + bytes(32),
        made.proof[32:],
        made.proof[: -(5 * 32)],
    ):
        with pytest.raises(
            InvalidProofError, match=f"has a proof of {len(made.proof)} bytes, not {len(proof)}"
        ):
            verify(SESSION, made.shuffle, proof)
    for given_in, given_out, message in (
        (b"", b"", "not 0 bytes"),
        (inputs[:-1], outputs[:-1], "not 127 bytes"),
        (inputs + b"\0", outputs + b"\0", "not 129 bytes"),
        (inputs, outputs[:-64], "the outputs have 64 bytes, the inputs 128"),
        (inputs, outputs + outputs[:64], "the outputs have 192 bytes, the inputs 128"),
        (inputs[:64], outputs, "the outputs have 128 bytes, the inputs 64"),
    ):
        with pytest.raises(InvalidInstanceError, match=message):
            Shuffle(group, made.key.element, 1, given_in, given_out)
    with pytest.raises(InvalidInstanceError, match="the key is the identity"):
        Shuffle(group, group.identity, 1, inputs, outputs)
    for width in (0, -1, MAX_WIDTH + 1):
        with pytest.raises(InvalidInstanceError, match=f"not {width}"):
            Shuffle(group, made.key.element, width, inputs, outputs)


def test_more_rows_than_there_are_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(BACKENDS[-1], [[1], [2]])
    monkeypatch.setattr(shuffle_module, "MAX_ROWS", 1)
    assert MAX_ROWS == 2**20
    with pytest.raises(InvalidInstanceError, match="there are 1 to 1 rows of 64 bytes, not 128 bytes"):
        Shuffle(made.group, made.key.element, 1, made.shuffle.inputs, made.shuffle.outputs)


@FAST
def test_more_than_one_piece(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are gone through in pieces, and each piece's first row hangs on the one before."""
    made = make(group, [[row] for row in range(7)])
    for points in (1, 8, 16, 24, 48, 56, 1000):
        monkeypatch.setattr(shuffle_module, "_POINTS", points)
        verify(SESSION, made.shuffle, made.proof)
        for place in range(0, len(made.proof), 32):
            changed = made.proof[:place] + (9).to_bytes(32, "little") + made.proof[place + 32 :]
            assert not holds(SESSION, made.shuffle, changed)


# Neighbours of an honest shuffle.


@pytest.fixture(scope="module")
def made() -> Made:
    return make(BACKENDS[-1], [[1], [2], [3]])


def other_rows(made: Made) -> dict[str, tuple[bytes, bytes]]:
    """Inputs and outputs that the proof is not of."""
    inputs, outputs = bytes(made.shuffle.inputs), bytes(made.shuffle.outputs)
    rows = [outputs[at : at + 64] for at in range(0, len(outputs), 64)]
    fresh = encrypt(made.key, [[1]])
    elements = made.group.decode_elements(rows[0])
    doubled = made.group.encode_elements([element + element for element in elements])
    return {
        "swapped": (inputs, rows[1] + rows[0] + rows[2]),
        "doubled": (inputs, rows[0] + rows[0] + rows[2]),
        "replaced": (inputs, fresh + rows[1] + rows[2]),
        "related": (inputs, doubled + rows[1] + rows[2]),
        "halves swapped": (inputs, rows[0][32:] + rows[0][:32] + rows[1] + rows[2]),
        "not shuffled": (inputs, inputs),
        "backwards": (outputs, inputs),
        "another input": (fresh + inputs[64:], outputs),
        "inputs in another order": (inputs[64:] + inputs[:64], outputs),
    }


def test_other_rows(made: Made) -> None:
    verify(SESSION, made.shuffle, made.proof)
    for inputs, outputs in other_rows(made).values():
        shuffle = Shuffle(made.group, made.key.element, 1, inputs, outputs)
        with pytest.raises(InvalidProofError, match="does not verify"):
            verify(SESSION, shuffle, made.proof)


def test_another_key_session_or_width(made: Made) -> None:
    group, inputs, outputs = made.group, made.shuffle.inputs, made.shuffle.outputs
    _, other = new_key(group)
    with pytest.raises(InvalidProofError, match="does not verify"):
        verify(SESSION, Shuffle(group, other.element, 1, inputs, outputs), made.proof)
    with pytest.raises(InvalidProofError, match="does not verify"):
        verify(SESSION[1:] + b"\0", made.shuffle, made.proof)
    with pytest.raises(InvalidProofError, match="a shuffle of 1 rows has a proof"):
        verify(SESSION, Shuffle(group, made.key.element, 3, inputs, outputs), made.proof)


def test_a_proof_is_its_own_shuffles(made: Made) -> None:
    """Two honest shuffles of the same rows do not have one another's proofs."""
    shuffle, hidden = shuffling.shuffle_rows(made.key, 1, made.shuffle.inputs)
    proof = shuffling.prove(SESSION, made.key, shuffle, hidden)
    verify(SESSION, shuffle, proof)
    assert not holds(SESSION, shuffle, made.proof)
    assert not holds(SESSION, made.shuffle, proof)


def test_a_prover_with_another_secret(made: Made) -> None:
    shuffle, hidden = shuffling.shuffle_rows(made.key, 1, made.shuffle.inputs)
    _, other = shuffling.shuffle_rows(made.key, 1, made.shuffle.inputs)
    mixed = shuffling.ShuffleSecret(hidden.permutation, other.randomness)
    assert not holds(SESSION, shuffle, shuffling.prove(SESSION, made.key, shuffle, mixed))
    short = shuffling.ShuffleSecret(hidden.permutation[:2], hidden.randomness)
    cut = shuffling.ShuffleSecret(hidden.permutation, hidden.randomness[:2])
    wide = shuffling.ShuffleSecret(hidden.permutation, [[*row, row[0]] for row in hidden.randomness])
    for wrong in (short, cut, wide):
        with pytest.raises(CryptoError, match="the secret is of another shuffle"):
            shuffling.prove(SESSION, made.key, shuffle, wrong)
    with pytest.raises(CryptoError, match="the key is not the shuffle's"):
        shuffling.prove(SESSION, new_key(made.group)[1], shuffle, hidden)


def test_what_cannot_be_shuffled(made: Made) -> None:
    for inputs in (b"", bytes(made.shuffle.inputs[:-1])):
        with pytest.raises(InvalidInstanceError):
            shuffling.shuffle_rows(made.key, 1, inputs)
    with pytest.raises(InvalidElementError, match="element 1"):
        shuffling.shuffle_rows(made.key, 1, bytes(made.shuffle.inputs[:32]) + bytes(32))


def test_the_secret_shows_nothing(made: Made) -> None:
    _, hidden = shuffling.shuffle_rows(made.key, 1, made.shuffle.inputs)
    assert repr(hidden) == str(hidden) == "<ShuffleSecret redacted>"
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="is never pickled"):
            attempt(hidden)
