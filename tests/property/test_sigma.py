"""Laws of proofs of linear relations on ristretto255: what is honest verifies, whatever is changed does not."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from secretballot.crypto import batch, sigma
from secretballot.crypto.encoding import Tag
from secretballot.crypto.group import Element, Scalar, ristretto255
from secretballot.crypto.relation import Equation, LinearRelation, Shape
from secretballot.crypto.transcript import EXTRA, DuplexSponge, decode_uint, derive_session_id
from secretballot.errors import (
    CryptoError,
    InvalidInstanceError,
    InvalidProofError,
    InvalidScalarError,
    SecretBallotError,
)

GROUP = ristretto255
ORDER = GROUP.order
G = GROUP.generator
SESSION = sigma.session(GROUP, Tag.BALLOT_PROOF, b"election", "contest", 7)
ONE_OF_FORMS = pytest.mark.parametrize("form", ["batchable", "compact"])
PROVE = {"batchable": sigma.prove_batchable, "compact": sigma.prove_compact}
VERIFY = {"batchable": sigma.verify_batchable, "compact": sigma.verify_compact}

coefficients = st.one_of(
    st.integers(0, 3), st.sampled_from([ORDER - 1, ORDER - 2]), st.integers(0, ORDER - 1)
)
secrets = st.one_of(st.integers(0, 2), st.integers(0, ORDER - 1))


class Statement(NamedTuple):
    """A relation and a witness of it."""

    relation: LinearRelation
    witness: list[Scalar]


def multiple(value: int) -> Element:
    return GROUP.multiply_generator(GROUP.scalar(value))


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    """Equations ``X_i + w * G = sum(c * x * E)``, over bases whose logarithms are known here alone."""
    num_scalars = draw(st.integers(1, 3))
    logs = [1, *draw(st.lists(st.integers(1, ORDER - 1), max_size=2))]
    num_equations = draw(st.integers(1, 3))
    witness = draw(st.lists(secrets, min_size=num_scalars, max_size=num_scalars))
    terms: list[list[tuple[int, int, int]]] = [[] for _ in range(num_equations)]
    for place, own in enumerate(terms):
        own += draw(
            st.lists(
                st.tuples(st.integers(0, num_scalars - 1), st.integers(0, len(logs) - 1), coefficients),
                min_size=1,
                max_size=3,
            )
        )
        if place == num_equations - 1:
            # Every base and every scalar is used, and no column cancels but by a rare accident.
            own += [(s, 0, draw(st.integers(1, ORDER - 1))) for s in range(num_scalars)]
            own += [(0, e, 1) for e in range(len(logs))]
    equations = []
    elements = [multiple(log) for log in logs]
    for own in terms:
        constant = draw(coefficients)
        value = sum(c * witness[s] * logs[e] for s, e, c in own) - constant
        if value % ORDER == 0 or (value + constant) % ORDER == 0:
            # Element and image are not the identity: some generator more on both sides.
            own.append((0, 0, 1))
            constant = ORDER - 1 - draw(st.integers(1, ORDER - 2))
            value = sum(c * witness[s] * logs[e] for s, e, c in own) - constant
        image = [(len(elements), 1)]
        if constant:
            image.insert(draw(st.integers(0, 1)), (0, constant))
        equations.append(Equation(tuple(image), tuple(own)))
        elements.append(multiple(value))
    try:
        relation = LinearRelation(Shape(GROUP, len(elements), equations), elements)
    except InvalidInstanceError:
        reject()
    return Statement(relation, [GROUP.scalar(one) for one in witness])


def pedersen_equality() -> Statement:
    """C = m G + r H, D = m G + s H."""
    h = GROUP.hash_to_element(b"h", b"tests")
    m, r, s = (GROUP.random_scalar() for _ in range(3))
    shape = Shape(
        GROUP,
        4,
        [Equation(((2, 1),), ((0, 0, 1), (1, 1, 1))), Equation(((3, 1),), ((0, 0, 1), (2, 1, 1)))],
    )
    base = GROUP.multiply_generator(m)
    return Statement(LinearRelation(shape, [G, h, base + h * r, base + h * s]), [m, r, s])


@pytest.fixture(scope="module")
def statement() -> Statement:
    return pedersen_equality()


@pytest.fixture(scope="module")
def proofs(statement: Statement) -> dict[str, bytes]:
    return {form: prove(SESSION, *statement) for form, prove in PROVE.items()}


@given(statements())
@settings(max_examples=25)
def test_random_relations_are_proven_in_both_forms(statement: Statement) -> None:
    relation, witness = statement
    proof = sigma.prove_batchable(SESSION, relation, witness)
    assert len(proof) == 32 * (len(relation.shape.equations) + relation.shape.num_scalars)
    sigma.verify_batchable(SESSION, relation, proof)
    batch.verify_batch(GROUP, [batch.parse("it", SESSION, relation, proof)])
    proof = sigma.prove_compact(SESSION, relation, witness)
    assert len(proof) == 32 * (1 + relation.shape.num_scalars)
    sigma.verify_compact(SESSION, relation, proof)


@given(statements(), st.data())
@settings(max_examples=15)
def test_a_random_change_is_refused(statement: Statement, data: st.DataObject) -> None:
    relation, witness = statement
    for form, prove in PROVE.items():
        proof = bytearray(prove(SESSION, relation, witness))
        proof[data.draw(st.integers(0, len(proof) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        with pytest.raises(CryptoError):
            VERIFY[form](SESSION, relation, bytes(proof))


@ONE_OF_FORMS
def test_every_changed_byte_is_refused(statement: Statement, proofs: dict[str, bytes], form: str) -> None:
    proof = proofs[form]
    VERIFY[form](SESSION, statement.relation, proof)
    for place in range(len(proof)):
        for mask in (1, 128):
            changed = proof[:place] + bytes([proof[place] ^ mask]) + proof[place + 1 :]
            with pytest.raises(CryptoError):
                VERIFY[form](SESSION, statement.relation, changed)


@ONE_OF_FORMS
def test_every_other_length_is_refused(statement: Statement, proofs: dict[str, bytes], form: str) -> None:
    proof = proofs[form]
    others = [b"", proof[:-1], proof[1:], proof + b"\0", b"\0" + proof, proof[:-32], proof[32:]]
    others += [proof + bytes(32), bytes(32) + proof, proof + proof]
    for other in others:
        with pytest.raises(InvalidProofError, match="wrong length"):
            VERIFY[form](SESSION, statement.relation, other)


@ONE_OF_FORMS
def test_scalars_that_are_not_reduced_are_refused(
    statement: Statement, proofs: dict[str, bytes], form: str
) -> None:
    # The same residue, written with the order added: a second proof would be accepted for the same statement.
    proof = proofs[form]
    count = len(proof) // 32
    for place in range(0 if form == "compact" else 2, count):
        value = int.from_bytes(proof[32 * place : 32 * place + 32], "little") + ORDER
        changed = proof[: 32 * place] + value.to_bytes(32, "little") + proof[32 * place + 32 :]
        with pytest.raises(InvalidScalarError):
            VERIFY[form](SESSION, statement.relation, changed)


@given(st.binary(max_size=200))
@settings(max_examples=30)
def test_garbage_gives_a_typed_error(data: bytes) -> None:
    relation = LinearRelation(Shape(GROUP, 2, [Equation(((1, 1),), ((0, 0, 1),))]), [G, multiple(5)])
    for form in PROVE:
        for size in (len(data), 64):
            with pytest.raises(SecretBallotError):
                VERIFY[form](SESSION, relation, data[:size].ljust(size, b"\1"))


# What a proof is bound to.


@ONE_OF_FORMS
def test_another_session_is_refused(statement: Statement, proofs: dict[str, bytes], form: str) -> None:
    fields: tuple[bytes | str | int, ...] = (b"election", "contest", 7)
    assert sigma.session(GROUP, Tag.BALLOT_PROOF, *fields) == SESSION
    sessions = [
        sigma.session(GROUP, Tag.DECRYPTION_PROOF, *fields),
        sigma.session(GROUP, Tag.BALLOT_PROOF, *fields, flavor=sigma.COMPACT),
        sigma.session(GROUP, Tag.BALLOT_PROOF, *fields[:-1]),
        sigma.session(GROUP, Tag.BALLOT_PROOF, *fields, b""),
        sigma.session(GROUP, Tag.BALLOT_PROOF, b"electio", "ncontest", 7),
        sigma.session(GROUP, Tag.BALLOT_PROOF, b"election", "contest", 8),
        bytes([SESSION[0] ^ 1]) + SESSION[1:],
    ]
    assert len({SESSION, *sessions}) == 8
    for session in sessions:
        with pytest.raises(InvalidProofError):
            VERIFY[form](session, statement.relation, proofs[form])


def test_the_tag_of_a_session_names_purpose_flavor_and_suite() -> None:
    def part(data: bytes) -> bytes:
        return len(data).to_bytes(8, "big") + data

    for flavor in (b"DSFS", b"CMPT"):
        tag = part(b"secretballot/1/ballot-proof") + part(flavor + b"-with-" + GROUP.suite.encode())
        tag += part(b"x") + part((3).to_bytes(8, "big"))
        made = sigma.session(GROUP, Tag.BALLOT_PROOF, b"x", 3, flavor=flavor.decode())
        assert made == derive_session_id(tag)


@ONE_OF_FORMS
def test_another_statement_is_refused(statement: Statement, proofs: dict[str, bytes], form: str) -> None:
    relation = statement.relation
    shape, elements = relation.shape, relation.elements
    first, second = shape.equations
    others = [
        LinearRelation(shape, [*elements[:place], elements[place] + G, *elements[place + 1 :]])
        for place in range(1, len(elements))
    ]
    others.append(LinearRelation(shape, [*elements[:2], elements[3], elements[2]]))
    for equations in (
        (second, first),
        (Equation(((2, 2),), first.terms), second),
        (Equation(((2, 1), (0, 1)), first.terms), second),
        # The same equations, and the same truth, written in another way.
        (Equation(((2, 1), (0, 0)), first.terms), second),
        (Equation(first.image, first.terms[::-1]), second),
    ):
        others.append(LinearRelation(Shape(GROUP, 4, equations), elements))
    for other in others:
        with pytest.raises(InvalidProofError):
            VERIFY[form](SESSION, other, proofs[form])


@ONE_OF_FORMS
def test_a_wrong_witness_gives_no_proof(statement: Statement, form: str) -> None:
    one = GROUP.scalar(1)
    for place in range(3):
        witness = list(statement.witness)
        witness[place] = witness[place] + one
        with pytest.raises(InvalidProofError):
            VERIFY[form](SESSION, statement.relation, PROVE[form](SESSION, statement.relation, witness))
    for witness in (statement.witness[:2], [*statement.witness, one]):
        with pytest.raises(CryptoError, match="not as many scalars"):
            PROVE[form](SESSION, statement.relation, witness)


def test_a_statement_chosen_after_the_challenge_is_refused() -> None:
    """Weak Fiat-Shamir: with the element X left out of the hash, X is solved for once the challenge is known."""
    shape = Shape(GROUP, 2, [Equation(((1, 1),), ((0, 0, 1),))])
    commitment, response = multiple(11), 12
    for hashed in (b"", shape.header, LinearRelation(shape, [G, multiple(3)]).serialize()):
        challenge = sigma.derive_challenge(GROUP, SESSION, hashed, commitment.encode())
        forged = (multiple(response) - commitment) * GROUP.scalar(challenge).invert()
        relation = LinearRelation(shape, [G, forged])
        # It is a forgery for whoever derives this challenge.
        assert sigma._simulate_public(relation, [response], challenge) == [commitment]
        with pytest.raises(InvalidProofError):
            sigma.verify_batchable(SESSION, relation, commitment.encode() + GROUP.encode_integers([response]))
        with pytest.raises(InvalidProofError):
            sigma.verify_compact(SESSION, relation, GROUP.encode_integers([challenge, response]))


def test_a_commitment_chosen_after_the_challenge_is_refused(statement: Statement) -> None:
    relation = statement.relation
    response = [1, 2, 3]
    for hashed in (b"", G.encode() * 2):
        challenge = sigma.derive_challenge(GROUP, SESSION, relation.serialize(), hashed)
        commitment = sigma._simulate_public(relation, response, challenge)
        proof = GROUP.encode_elements(commitment) + GROUP.encode_integers(response)
        with pytest.raises(InvalidProofError):
            sigma.verify_batchable(SESSION, relation, proof)
        with pytest.raises(InvalidProofError):
            sigma.verify_compact(SESSION, relation, GROUP.encode_integers([challenge, *response]))


def test_the_challenge_is_the_drafts(statement: Statement, proofs: dict[str, bytes]) -> None:
    relation, proof = statement.relation, proofs["batchable"]
    sponge = DuplexSponge(SESSION)
    sponge.absorb(relation.serialize() + proof[:64])
    expected = decode_uint(sponge.squeeze(32 + EXTRA), ORDER)
    assert sigma.parse_batchable(SESSION, relation, proof)[1] == expected
    assert expected > 2**200


# Nonces.


def test_nonces_are_fresh_and_independent(statement: Statement) -> None:
    seen: set[bytes] = set()
    for _ in range(5):
        nonces = sigma._nonces(statement.relation)
        assert len(nonces) == 3
        seen |= {one.encode() for one in nonces}
    assert len(seen) == 15
    made = {sigma.prove_batchable(SESSION, *statement) for _ in range(4)}
    parts = {proof[at : at + 32] for proof in made for at in range(0, 160, 32)}
    assert len(parts) == 4 * 5
    made = {sigma.prove_compact(SESSION, *statement) for _ in range(4)}
    assert len({proof[at : at + 32] for proof in made for at in range(0, 128, 32)}) == 4 * 4


# Batches.


def schnorr(value: int) -> Statement:
    shape = Shape(GROUP, 2, [Equation(((1, 1),), ((0, 0, 1),))])
    return Statement(LinearRelation(shape, [G, multiple(value)]), [GROUP.scalar(value)])


def shift(proof: bytes, by: int) -> bytes:
    """The proof with its last response moved by ``by``."""
    value = (int.from_bytes(proof[-32:], "little") + by) % ORDER
    return proof[:-32] + value.to_bytes(32, "little")


@pytest.fixture(scope="module")
def many() -> list[tuple[LinearRelation, bytes]]:
    out = []
    for value in range(1, 22):
        relation, witness = schnorr(value)
        out.append((relation, sigma.prove_batchable(SESSION, relation, witness)))
    return out


@given(st.sets(st.integers(0, 20)))
@settings(max_examples=15)
def test_a_batch_names_exactly_the_proofs_that_are_bad(
    many: list[tuple[LinearRelation, bytes]], bad: set[int]
) -> None:
    parsed = [
        batch.parse(f"proof {place}", SESSION, relation, shift(proof, place + 1) if place in bad else proof)
        for place, (relation, proof) in enumerate(many)
    ]
    assert batch.find_invalid(GROUP, parsed) == sorted(bad)
    if not bad:
        batch.verify_batch(GROUP, parsed)
        return
    with pytest.raises(InvalidProofError) as caught:
        batch.verify_batch(GROUP, parsed)
    assert caught.value.item == ", ".join(f"proof {place}" for place in sorted(bad))


def test_bad_proofs_whose_errors_cancel_are_refused(many: list[tuple[LinearRelation, bytes]]) -> None:
    # Without weights, or with the same for all, the two errors would add up to the identity.
    parsed = [
        batch.parse(f"proof {place}", SESSION, many[place][0], shift(many[place][1], by))
        for place, by in ((0, 5), (1, ORDER - 5))
    ]
    assert batch.find_invalid(GROUP, parsed) == [0, 1]
    # Also within one proof: two equations with opposite errors.
    relation, witness = pedersen_equality()
    proof = sigma.prove_batchable(SESSION, relation, witness)
    commitment, _, _ = sigma.parse_batchable(SESSION, relation, proof)
    wrong = [commitment[0] + G, commitment[1] - G]
    assert len(commitment) == 2
    parsed = [batch.parse("it", SESSION, relation, proof)]
    assert batch.find_invalid(GROUP, parsed) == []
    answered = parsed[0].answered._replace(commitments=wrong)
    assert batch.find_invalid(GROUP, [parsed[0]._replace(answered=answered)]) == [0]


def test_the_weights_follow_from_every_session_statement_and_proof(
    many: list[tuple[LinearRelation, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[bytes | int] = []

    class Recorder(DuplexSponge):
        def __init__(self, session_id: bytes) -> None:
            events.append(session_id)
            super().__init__(session_id)

        def absorb(self, data: bytes) -> None:
            events.append(data)
            super().absorb(data)

        def squeeze(self, size: int) -> bytes:
            events.append(size)
            return super().squeeze(size)

    relation, witness = pedersen_equality()
    proof = sigma.prove_batchable(SESSION, relation, witness)
    parsed = [batch.parse("a", SESSION, *many[0]), batch.parse("b", SESSION, relation, proof)]
    monkeypatch.setattr(batch, "DuplexSponge", Recorder)
    batch.verify_batch(GROUP, parsed)
    assert events[0] == derive_session_id(b"irtf-cfrg-sigma-protocols/batch-verify")
    assert events[-1] == 16 * 3
    absorbed = b"".join(one for one in events[1:-1] if isinstance(one, bytes))
    assert len(events[1:-1]) == sum(isinstance(one, bytes) for one in events[1:-1])
    # Session, statement and commitments by the challenge that they give; the responses by themselves.
    first = sigma.expand_challenge(GROUP, SESSION, many[0][0].serialize(), many[0][1][:32]) + many[0][1][32:]
    second = sigma.expand_challenge(GROUP, SESSION, relation.serialize(), proof[:64]) + proof[64:]
    assert absorbed == first + second


def test_errors_fitted_to_weights_that_leave_the_responses_out_are_refused(
    many: list[tuple[LinearRelation, bytes]],
) -> None:
    """The phantom challenge: were the weights known before the responses, errors could be fitted to cancel."""
    sponge = DuplexSponge(derive_session_id(b"irtf-cfrg-sigma-protocols/batch-verify"))
    for relation, proof in many[:2]:
        sponge.absorb(sigma.expand_challenge(GROUP, SESSION, relation.serialize(), proof[:32]))
    first, second = (int.from_bytes(sponge.squeeze(16), "little") for _ in range(2))
    other = -first * pow(second, -1, ORDER) % ORDER
    parsed = [
        batch.parse("it", SESSION, relation, shift(proof, by))
        for (relation, proof), by in zip(many[:2], (1, other), strict=True)
    ]
    assert batch.find_invalid(GROUP, parsed) == [0, 1]


def test_a_batch_checks_every_length() -> None:
    """A proof with fewer commitments than equations would leave an equation unchecked."""
    shape = Shape(ristretto255, 2, [Equation(((1, 1),), ((0, 0, 1),))] * 2)
    secret = ristretto255.random_scalar()
    relation = LinearRelation(shape, [ristretto255.generator, ristretto255.multiply_generator(secret)])
    session_id = bytes(32)
    proof = batch.parse("it", session_id, relation, sigma.prove_batchable(session_id, relation, [secret]))
    batch.verify_batch(ristretto255, [proof])
    given = proof.answered.commitments
    for commitments in (given[:-1], [*given, ristretto255.generator]):
        answered = proof.answered._replace(commitments=commitments)
        with pytest.raises(ValueError, match="as many weights as equations"):
            batch.verify_batch(ristretto255, [proof._replace(answered=answered)])
