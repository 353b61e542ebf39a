"""Laws of one-of-k proofs: any branch may be the true one, none of them shows, and nothing can be changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto import batch, sigma
from secretballot.crypto.disjunction import Knowledge
from secretballot.crypto.elgamal import Ciphertext, EncryptionKey
from secretballot.crypto.encoding import Tag
from secretballot.crypto.group import Element, ristretto255
from secretballot.crypto.relation import Equation, LinearRelation, Shape
from secretballot.errors import (
    CryptoError,
    InvalidElementError,
    InvalidInstanceError,
    InvalidProofError,
    SecretBallotError,
)
from tests.support import statements
from tests.support.statements import Clause, form_of, statement_of

GROUP = ristretto255
ORDER = GROUP.order
G = GROUP.generator
SESSION = sigma.session(GROUP, Tag.BALLOT_PROOF, b"election")
KEY = EncryptionKey(GROUP, GROUP.multiply_generator(GROUP.random_scalar()))
TABLES = {1: KEY.table}


def branch(value: int) -> Shape:
    """``A = r G`` and ``B - value G = r K``, over the elements G, K, A, B."""
    image = ((3, 1), (0, -value % ORDER))
    return Shape(GROUP, 4, [Equation(((2, 1),), ((0, 0, 1),)), Equation(image, ((0, 1, 1),))])


BRANCHES = tuple(branch(value) for value in range(5))


class Known(NamedTuple):
    """A clause, and what its prover knows."""

    clause: Clause
    knowledge: Knowledge


def encryption(value: int, k: int, claim: int | None = None, openings: bool = True) -> Known:
    """That an encryption of ``value`` is one of 0 to k - 1; proven as if it were one of ``claim``."""
    r = GROUP.random_scalar()
    m = GROUP.scalar(value)
    ciphertext: Ciphertext = KEY.encrypt(m, r)
    clause = Clause(BRANCHES[:k], [G, KEY.element, *ciphertext])
    known = {2: [(0, r)], 3: [(0, m), (1, r)]} if openings else {}
    return Known(clause, Knowledge(value if claim is None else claim, [r], known))


def prove(known: Sequence[Known], session: bytes = SESSION) -> bytes:
    return statements.prove(session, [one.clause for one in known], [one.knowledge for one in known], TABLES)


def clauses_of(known: Sequence[Known]) -> list[Clause]:
    return [one.clause for one in known]


def verify(clauses: Sequence[Clause], proof: bytes, session: bytes = SESSION) -> None:
    batch.verify_batch(GROUP, [statements.parse("it", session, clauses, proof)])


def refused(clauses: Sequence[Clause], proof: bytes, session: bytes = SESSION) -> None:
    with pytest.raises(CryptoError):
        verify(clauses, proof, session)


@pytest.fixture(scope="module")
def pair() -> list[Known]:
    return [encryption(1, 3), encryption(0, 2)]


@pytest.fixture(scope="module")
def proof(pair: list[Known]) -> bytes:
    return prove(pair)


# What is accepted.


@pytest.mark.parametrize("k", range(1, 6))
def test_any_branch_may_be_the_true_one(k: int) -> None:
    for value in range(k):
        for openings in (True, False):
            known = [encryption(value, k, openings=openings)]
            proof = prove(known)
            assert len(proof) == form_of(GROUP, clauses_of(known)).proof_size == 32 * (2 * k + k - 1 + k)
            verify(clauses_of(known), proof)


@given(
    st.lists(st.integers(1, 5).flatmap(lambda k: st.tuples(st.integers(0, k - 1), st.just(k))), max_size=4)
)
@settings(max_examples=12)
def test_conjunctions_of_clauses(choices: list[tuple[int, int]]) -> None:
    known = [encryption(value, k) for value, k in [(0, 2), *choices]]
    clauses = clauses_of(known)
    proof = prove(known)
    assert len(proof) == form_of(GROUP, clauses).proof_size
    verify(clauses, proof)
    verify(clauses, prove([one._replace(knowledge=one.knowledge._replace(openings={})) for one in known]))


def test_branches_of_other_widths_and_several_scalars() -> None:
    """``C + D - 5 G = x G + y H``, or ``C = x G`` and ``D = y (G + H)`` twice over: shapes that share little."""
    h = GROUP.hash_to_element(b"h", b"tests")
    left = Shape(GROUP, 4, [Equation(((2, 1), (3, 1), (0, ORDER - 5)), ((0, 0, 1), (1, 1, 1)))])
    right = Shape(
        GROUP,
        4,
        [
            Equation(((2, 1),), ((0, 0, 1),)),
            Equation(((3, 1),), ((1, 0, 1), (1, 1, 1))),
            Equation(((3, 2),), ((1, 0, 2), (1, 1, 2))),
        ],
    )
    x, y = GROUP.random_scalar(), GROUP.random_scalar()
    five = GROUP.scalar(5)
    cases = [
        (0, [G, h, G * x + h * y, G * five]),
        (1, [G, h, G * x, (G + h) * y]),
    ]
    for place, elements in cases:
        clause = Clause([left, right], elements)
        made = statements.prove(SESSION, [clause], [Knowledge(place, [x, y], {})])
        assert len(made) == form_of(GROUP, [clause]).proof_size == 32 * (1 + 3 + 1 + 2 + 2)
        verify([clause], made)
        refused([clause], statements.prove(SESSION, [clause], [Knowledge(1 - place, [x, y], {})]))


# Who lies.


@pytest.mark.parametrize("k", range(1, 6))
def test_an_encryption_of_another_value_is_refused(k: int) -> None:
    for value in (k, ORDER - 1, 100):
        for claim in range(k):
            known = [encryption(value, k, claim)]
            refused(clauses_of(known), prove(known))


def test_a_wrong_branch_or_witness_is_refused() -> None:
    for value in range(3):
        known = encryption(value, 3)
        verify([known.clause], prove([known]))
        for claim in {0, 1, 2} - {value}:
            refused([known.clause], prove([known._replace(knowledge=known.knowledge._replace(branch=claim))]))
        wrong = [known.knowledge.witness[0] + GROUP.scalar(1)]
        refused([known.clause], prove([known._replace(knowledge=known.knowledge._replace(witness=wrong))]))


def test_one_false_clause_spoils_a_conjunction() -> None:
    for place in range(3):
        known = [encryption(1, 2) for _ in range(3)]
        known[place] = encryption(2, 2, 1)
        refused(clauses_of(known), prove(known))


def test_challenges_that_are_all_chosen_do_not_add_up() -> None:
    """Without a witness every branch can be simulated; then the sum of the challenges is not the one derived."""
    known = encryption(7, 2, 0)
    clause = known.clause
    challenges, responses = [3, 4], [5, 6]
    commitments: list[Element] = []
    for one, challenge, response in zip(clause.branches, challenges, responses, strict=True):
        commitments += sigma._simulate_public(one, [response], challenge)
    encoded = GROUP.encode_elements(commitments)
    statement = statement_of([clause]).serialized
    derived = sigma.derive_challenge(GROUP, SESSION, statement, encoded)
    # It would be a proof if the sum were 7.
    scalars = GROUP.encode_integers([challenges[0], *responses])
    batch.verify_batch(GROUP, [statements.bound([clause], sum(challenges), commitments, scalars)])
    for other in (sum(challenges) + 1, derived):
        assert batch.find_invalid(GROUP, [statements.bound([clause], other, commitments, scalars)]) == [0]
    for first in (challenges[0], (derived - challenges[1]) % ORDER):
        refused([clause], encoded + GROUP.encode_integers([first, *responses]))


def test_the_challenges_of_a_clause_add_up_to_the_one_derived(pair: list[Known], proof: bytes) -> None:
    clauses = clauses_of(pair)
    statement = statement_of(clauses).serialized
    expanded = sigma.expand_challenge(GROUP, SESSION, statement, proof[: 32 * 10])
    derived = sigma.reduce_challenge(GROUP, expanded)
    assert statements.parse("it", SESSION, clauses, proof).binding == expanded + proof[32 * 10 :]
    # Stored are all but each clause's last: 10 elements, 2 challenges and 3 responses, 1 and 2.
    assert len(proof) == 32 * (10 + 2 + 3 + 1 + 2)
    commitments = GROUP.decode_elements(proof[:320])
    branches = [branch for clause in clauses for branch in clause.branches]
    answers = statements.answers(SESSION, clauses, proof)
    assert sum(c for c, _ in answers[:3]) % ORDER == sum(c for c, _ in answers[3:]) % ORDER == derived
    for i, (one, (challenge, response)) in enumerate(zip(branches, answers, strict=True)):
        assert sigma._simulate_public(one, response, challenge) == commitments[2 * i : 2 * i + 2]


def test_a_statement_chosen_after_the_challenge_is_refused() -> None:
    """Weak Fiat-Shamir: if the elements were not hashed, A and B could be solved for."""
    value = Clause(BRANCHES[:1], [G, KEY.element, G, G])
    for statement in (
        b"",
        (1).to_bytes(4, "little") * 2 + BRANCHES[0].header,
        statement_of([value]).serialized,
    ):
        commitments = [GROUP.multiply_generator(GROUP.scalar(one)) for one in (3, 4)]
        encoded = GROUP.encode_elements(commitments)
        challenge = sigma.derive_challenge(GROUP, SESSION, statement, encoded)
        inverse = GROUP.scalar(challenge).invert()
        response = GROUP.scalar(9)
        pad = (G * response - commitments[0]) * inverse
        data = (KEY.element * response - commitments[1]) * inverse
        clause = Clause(BRANCHES[:1], [G, KEY.element, pad, data])
        batch.verify_batch(GROUP, [statements.bound([clause], challenge, commitments, response.encode())])
        refused([clause], encoded + response.encode())


# What is changed.


def test_every_changed_byte_is_refused() -> None:
    known = [encryption(1, 2)]
    proof = prove(known)
    clauses = clauses_of(known)
    for place in range(len(proof)):
        changed = proof[:place] + bytes([proof[place] ^ 1 << place % 8]) + proof[place + 1 :]
        refused(clauses, changed)


@given(st.data())
@settings(max_examples=30)
def test_changed_bytes_of_a_conjunction_are_refused(
    pair: list[Known], proof: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(proof) - 1))
    mask = data.draw(st.integers(1, 255))
    refused(clauses_of(pair), proof[:place] + bytes([proof[place] ^ mask]) + proof[place + 1 :])


def test_every_other_length_is_refused(pair: list[Known], proof: bytes) -> None:
    clauses = clauses_of(pair)
    others = [b"", proof[:-1], proof[1:], proof + b"\0", b"\0" + proof, proof[:-32], proof + bytes(32)]
    for other in [*others, proof[32:], proof[:320], proof * 2]:
        with pytest.raises(InvalidProofError, match="wrong length"):
            statements.parse("it", SESSION, clauses, other)


@given(st.binary(max_size=64))
@settings(max_examples=20)
def test_garbage_gives_a_typed_error(pair: list[Known], proof: bytes, data: bytes) -> None:
    for garbage in (data, data.ljust(len(proof), b"\1"), proof[: len(proof) - len(data)] + data + b"\0"):
        with pytest.raises(SecretBallotError):
            verify(clauses_of(pair), garbage)


def test_another_session_is_refused(pair: list[Known], proof: bytes) -> None:
    clauses = clauses_of(pair)
    verify(clauses, proof)
    for session in (
        sigma.session(GROUP, Tag.BALLOT_PROOF, b"other"),
        sigma.session(GROUP, Tag.DECRYPTION_PROOF, b"election"),
        sigma.session(GROUP, Tag.BALLOT_PROOF, b"election", flavor=sigma.COMPACT),
    ):
        refused(clauses, proof, session)


def test_every_element_of_the_statement_is_bound(pair: list[Known], proof: bytes) -> None:
    clauses = clauses_of(pair)
    for which, clause in enumerate(clauses):
        shapes = clause.shapes
        for place in range(1, 4):
            elements = list(clause.elements)
            elements[place] = elements[place] + G
            refused([*clauses[:which], Clause(shapes, elements), *clauses[which + 1 :]], proof)
        # The same value under the same key, encrypted again.
        again = GROUP.random_scalar()
        elements = [
            *clause.elements[:2],
            clause.elements[2] + G * again,
            clause.elements[3] + KEY.element * again,
        ]
        refused([*clauses[:which], Clause(shapes, elements), *clauses[which + 1 :]], proof)


def test_branches_and_clauses_cannot_change_places() -> None:
    known = [encryption(1, 2), encryption(0, 2)]
    clauses = clauses_of(known)
    proof = prove(known)
    verify(clauses, proof)
    # The statement's branches, then its clauses; then fewer or more of either.
    for shapes in ((BRANCHES[1], BRANCHES[0]), BRANCHES[1:3], BRANCHES[:3], BRANCHES[:1]):
        for which in range(2):
            refused(
                [
                    Clause(shapes, one.elements) if place == which else one
                    for place, one in enumerate(clauses)
                ],
                proof,
            )
    for others in (clauses[::-1], clauses[:1], clauses[1:], [*clauses, clauses[0]], [clauses[0], clauses[0]]):
        refused(others, proof)
    # The proof's: commitments of 4 branches, 2 elements each; then challenge and two responses for each clause.
    parts = [proof[at : at + 64] for at in range(0, 256, 64)]
    numbers = [proof[at : at + 32] for at in range(256, len(proof), 32)]
    assert len(numbers) == 6
    for commitments in ([1, 0, 2, 3], [2, 3, 0, 1], [0, 1, 3, 2]):
        for rest in ([0, 1, 2, 3, 4, 5], [0, 2, 1, 3, 4, 5], [3, 4, 5, 0, 1, 2]):
            refused(clauses, b"".join([parts[i] for i in commitments] + [numbers[i] for i in rest]))
    for rest in ([0, 2, 1, 3, 4, 5], [3, 4, 5, 0, 1, 2], [1, 0, 2, 3, 4, 5]):
        refused(clauses, b"".join(parts + [numbers[i] for i in rest]))


def test_proofs_of_parts_do_not_make_a_proof_of_the_whole() -> None:
    # The challenge is one for all clauses: proofs of single clauses are nothing in a conjunction.
    known = [encryption(1, 2), encryption(0, 2)]
    first, second = (prove([one]) for one in known)
    refused(clauses_of(known), first[:128] + second[:128] + first[128:] + second[128:])
    # And a proof of one clause is none for a plain relation, though it has one branch.
    one = encryption(0, 1)
    relation = one.clause.branches[0]
    made = prove([one])
    verify([one.clause], made)
    with pytest.raises(InvalidProofError):
        sigma.verify_batchable(SESSION, relation, made)
    refused([one.clause], sigma.prove_batchable(SESSION, relation, one.knowledge.witness))


def test_the_identity_as_a_commitment_is_refused() -> None:
    known = [encryption(1, 2)]
    proof = prove(known)
    for place in range(4):
        with pytest.raises(InvalidElementError, match=f"element {place}"):
            statements.parse(
                "it",
                SESSION,
                clauses_of(known),
                proof[: 32 * place] + bytes(32) + proof[32 * place + 32 :],
            )


# The statement.


def test_the_statement_is_written_out_in_full(pair: list[Known]) -> None:
    def integer(value: int) -> bytes:
        return value.to_bytes(4, "little")

    expected = integer(2)
    for known in pair:
        branches = known.clause.branches
        expected += integer(len(branches))
        for one in branches:
            whole = one.serialize()
            expected += whole[: len(whole) - 96]
        expected += b"".join(element.encode() for element in known.clause.elements[1:])
    assert statement_of(clauses_of(pair)).serialized == expected
    assert len({one.shape.header for one in pair[0].clause.branches}) == 3


def test_clauses_that_no_proof_may_be_made_for() -> None:
    elements = list(encryption(1, 2).clause.elements)
    statement_of([Clause(BRANCHES, elements)])
    for none in ([], [Clause([], elements)], [Clause(BRANCHES, elements), Clause([], elements)]):
        with pytest.raises(CryptoError, match="at least one clause, and each has at least one branch"):
            form_of(GROUP, none)
    identity = GROUP.identity
    for wrong in (
        elements[:-1],
        [*elements, G],
        [elements[1], *elements[1:]],
        [*elements[:3], identity],
        # B = 3 G: with r = 0 anyone has a witness of the branch for 3.
        [*elements[:3], GROUP.multiply_generator(GROUP.scalar(3))],
    ):
        with pytest.raises(InvalidInstanceError):
            statement_of([Clause(BRANCHES, wrong)])


def test_knowledge_must_fit_the_clauses(pair: list[Known]) -> None:
    clauses = clauses_of(pair)
    knowledge = [one.knowledge for one in pair]
    for own, known in ((clauses, []), (clauses, knowledge[:1]), (clauses[:1], knowledge)):
        with pytest.raises(CryptoError, match="each clause needs its own knowledge"):
            statements.prove(SESSION, own, known)
    r = knowledge[0].witness[0]
    for witness in ([], [r, r]):
        with pytest.raises(CryptoError, match="not as many scalars"):
            statements.prove(SESSION, clauses, [knowledge[0]._replace(witness=witness), knowledge[1]])
    for place in (-1, 3, 100):
        with pytest.raises(CryptoError, match="no such branch"):
            statements.prove(SESSION, clauses, [knowledge[0]._replace(branch=place), knowledge[1]])
    assert repr(knowledge[0]) == "<Knowledge redacted>"


# Batches.


def test_a_batch_names_exactly_the_bad_among_many() -> None:
    good = []
    for _ in range(4):
        known = [encryption(1, 2)]
        good.append((clauses_of(known), prove(known)))
    lie = [encryption(2, 2, 1)]
    bad = (clauses_of(lie), prove(lie))
    schnorr = LinearRelation(Shape(GROUP, 2, [Equation(((1, 1),), ((0, 0, 1),))]), [G, KEY.element])
    for places in (set(), {0}, {16}, {5}, {0, 1}, {3, 8, 15}, set(range(17))):
        parsed = [
            statements.parse(f"ballot {i}", SESSION, *(bad if i in places else good[i % 4]))
            for i in range(17)
        ]
        assert batch.find_invalid(GROUP, parsed) == sorted(places)
        if places:
            with pytest.raises(InvalidProofError) as caught:
                batch.verify_batch(GROUP, parsed)
            assert caught.value.item == ", ".join(f"ballot {i}" for i in sorted(places))
        else:
            batch.verify_batch(GROUP, parsed)
    # Plain proofs and disjunctions stand in one batch.
    wrong = sigma.prove_batchable(SESSION, schnorr, [GROUP.scalar(1)])
    mixed = [*parsed[:1], batch.parse("plain", SESSION, schnorr, wrong)]
    mixed[0] = statements.parse("ballot", SESSION, *good[0])
    assert batch.find_invalid(GROUP, mixed) == [1]


# What a proof shows.


@pytest.mark.parametrize("value", range(3))
def test_no_part_of_a_proof_tells_the_true_branch(value: int) -> None:
    """A check of distribution, coarse: every number is new each time, and spread over the whole field."""
    rounds = 30
    columns: list[list[int]] = [[] for _ in range(6)]
    parts: set[bytes] = set()
    known = encryption(value, 3)
    for _ in range(rounds):
        proof = prove([known])
        parts |= {proof[at : at + 32] for at in range(0, len(proof), 32)}
        for place, (challenge, (response,)) in enumerate(statements.answers(SESSION, [known.clause], proof)):
            columns[place].append(challenge)
            columns[3 + place].append(response)
    # 6 commitments, 2 challenges, 3 responses: nothing twice within a proof, nor in another of the same.
    assert len(parts) == rounds * 11
    for column in columns:
        assert len(set(column)) == rounds
        # Fewer than 2 or more than 28 of 30 in the upper half: once in 2**24 runs of a uniform column.
        assert 2 <= sum(number > ORDER // 2 for number in column) <= 28
        assert math.log2(max(column)) > 248


def test_true_and_false_branches_answer_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every drawn scalar the same, only the challenges and responses differ between two true branches' proofs
    by what the derived challenge makes of them; a false branch's are the drawn ones."""
    drawn = iter(range(1001, 1100))
    monkeypatch.setattr(type(GROUP), "random_scalar", lambda self: self.scalar(next(drawn)))
    known = encryption(1, 3)
    witness = int.from_bytes(known.knowledge.witness[0].encode(), "little")
    assert witness == 1001
    proof = prove([known])
    monkeypatch.undo()
    verify([known.clause], proof)
    nonces, challenges = (1002, 1004, 1006), (1003, 1005, 1007)
    for place, (challenge, response) in enumerate(statements.answers(SESSION, [known.clause], proof)):
        if place != 1:
            assert challenge == challenges[place]
        assert response == [(nonces[place] + challenge * witness) % ORDER]
    assert GROUP.decode_elements(proof[64:128]) == [G * GROUP.scalar(1004), KEY.element * GROUP.scalar(1004)]
