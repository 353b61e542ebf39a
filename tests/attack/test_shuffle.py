"""A mixer that cheats: with a list of commitments that is cut, with generators of its choice, with another's proof."""

from __future__ import annotations

import threading

import pytest

from secretballot.crypto import generators as generators_module
from secretballot.crypto.generators import MAX_GENERATORS, Generators, generators
from secretballot.crypto.group import Element, Group
from secretballot.crypto.shuffle import Shuffle, verify
from secretballot.errors import CryptoError, InvalidProofError
from secretballot.testing.tamper.forgery import Bases
from tests.support.backends import BACKENDS, name_of
from tests.support.shuffles import SESSION, decrypt, equations, forge, make, small

GROUPS = pytest.mark.parametrize("group", BACKENDS, ids=name_of)


@GROUPS
def test_a_list_of_commitments_that_is_cut(group: Group) -> None:
    """5 and 9 become 2.5 and 11.5, and a verifier who looks at the commitments that there are is content."""
    forged = forge(group)
    half = pow(2, -1, group.order)
    assert decrypt(forged, forged.shuffle.inputs) == [small(group, 5), small(group, 9)]
    assert decrypt(forged, forged.shuffle.outputs) == [small(group, 5 * half), small(group, 9 + 5 * half)]
    assert all(equations(SESSION, forged.shuffle, forged.proof, chain=1))
    assert equations(SESSION, forged.shuffle, forged.proof) == [True] * 6 + [False]
    with pytest.raises(InvalidProofError, match="does not verify"):
        verify(SESSION, forged.shuffle, forged.proof)
    for start, size in ((5 * 32, 32), (9 * 32, 0)):  # Its t̂ left out, and nothing.
        cut = forged.proof[:start] + forged.proof[start + size :]
        with pytest.raises(
            InvalidProofError, match="a shuffle of 2 rows has a proof of" if size else "not verify"
        ):
            verify(SESSION, forged.shuffle, cut)


@GROUPS
def test_generators_of_the_mixers_choice(group: Group) -> None:
    """Every equation holds over the generators whose logarithms the mixer knows, and not over those that are hashed."""
    bases = Bases.chosen(group, 2)
    forged = forge(group, bases)
    half = pow(2, -1, group.order)
    assert decrypt(forged, forged.shuffle.outputs) == [small(group, 5 * half), small(group, 9 + 5 * half)]
    assert all(equations(SESSION, forged.shuffle, forged.proof, bases=bases))
    assert not all(equations(SESSION, forged.shuffle, forged.proof))
    with pytest.raises(InvalidProofError, match="does not verify"):
        verify(SESSION, forged.shuffle, forged.proof)


@GROUPS
def test_a_proof_of_fewer_rows(group: Group) -> None:
    """The proof of an honest shuffle of some of the rows, for all of them."""
    made = make(group, [[1], [2], [3]])
    fewer = make(group, [[1], [2]])
    with pytest.raises(InvalidProofError, match="a shuffle of 3 rows has a proof of"):
        verify(SESSION, made.shuffle, fewer.proof)
    some = Shuffle(group, made.key.element, 1, made.shuffle.inputs[:128], made.shuffle.outputs[:128])
    with pytest.raises(InvalidProofError, match="a shuffle of 2 rows has a proof of"):
        verify(SESSION, some, made.proof)


@GROUPS
def test_generators_are_hashed_and_apart(group: Group) -> None:
    made = generators(group)
    assert generators(group) is made
    first = list(made.first(5))
    assert list(made.first(3)) == first[:3]
    assert len({made.blinding, group.generator, group.identity, *first}) == 8
    domain = f"secretballot/1/shuffle-generator/{group.suite}".encode()
    for number, element in enumerate([made.blinding, *first]):
        assert element == group.hash_to_element(number.to_bytes(8, "big"), domain)
    assert made.blinding_table.element == made.blinding


def test_the_backends_have_the_same_generators() -> None:
    encoded = {group.encode_elements(generators(group).first(4)) for group in BACKENDS}
    assert len(encoded) == 1


@GROUPS
@pytest.mark.parametrize("fault", ["equal", "identity", "generator", "blinding"])
def test_generators_that_are_not_apart(group: Group, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take a broken hash function; the proof would then say nothing."""
    honest = type(group).hash_to_elements

    def hashed(self: Group, messages: list[bytes], domain: bytes) -> list[Element]:
        out = honest(self, messages, domain)
        if len(out) > 1:
            out[1] = {
                "equal": out[0],
                "identity": group.identity,
                "generator": group.generator,
                "blinding": made.blinding,
            }[fault]
        return out

    made = Generators(group)
    monkeypatch.setattr(type(group), "hash_to_elements", hashed)
    with pytest.raises(CryptoError, match="two generators are equal, or one is the identity"):
        made.first(3)
    monkeypatch.undo()
    assert len(set(made.first(3))) == 3


@GROUPS
def test_the_number_of_generators(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Generators(group)
    assert list(made.first(0)) == []
    for count in (-1, MAX_GENERATORS + 1):
        with pytest.raises(CryptoError, match=f"at most {MAX_GENERATORS} rows, not {count}"):
            made.first(count)
    monkeypatch.setattr(generators_module, "MAX_GENERATORS", 3)
    assert len(made.first(3)) == 3
    with pytest.raises(CryptoError, match="at most 3 rows, not 4"):
        made.first(4)


def test_threads_that_make_generators_together() -> None:
    made = Generators(BACKENDS[-1])
    expected = list(Generators(BACKENDS[-1]).first(400))
    got: list[list[Element]] = []
    threads = [
        threading.Thread(target=lambda size=size: got.append(list(made.first(size))))
        for size in (100, 400, 200, 400)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    assert all(one == expected[: len(one)] for one in got)
