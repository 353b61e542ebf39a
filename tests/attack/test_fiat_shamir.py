"""Weak Fiat-Shamir: whatever the challenge does not cover, a prover can choose after it.

Bernhard, Pereira, Warinschi, "How not to Prove Yourself" (ASIACRYPT 2012), forged ballots and decryptions of Helios
like this. Here every part of every statement moves the challenge, and the forgeries fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from secretballot.ballot.context import BallotContext
from secretballot.ballot.records import Ballot
from secretballot.crypto.batch import ParsedProof, find_invalid, verify_batch
from secretballot.crypto.encoding import Tag
from secretballot.crypto.group import Element, ristretto255
from secretballot.crypto.relation import Equation, LinearRelation, Shape
from secretballot.crypto.sigma import (
    derive_challenge,
    prove_compact,
    reduce_challenge,
    session,
    verify_batchable,
    verify_compact,
)
from secretballot.errors import CryptoError, InvalidProofError, TallyError
from secretballot.records import sign_record
from secretballot.tally.checks import check_share, share_relation, share_session
from secretballot.tally.records import DecryptionShare

from ..support import statements
from ..support.statements import Clause, clauses_of
from .accomplices import TALLY, Held, failed, named

ORDER = ristretto255.order
G = ristretto255.generator

pytestmark = pytest.mark.usefixtures("remembered")


def multiple(element: Element, factor: int) -> Element:
    return ristretto255.sum_of_products([factor % ORDER], [element])


def challenge_of(parsed: ParsedProof) -> int:
    """The challenge, which stands first in what binds the proof."""
    return reduce_challenge(ristretto255, parsed.binding[:48])


def statement(held: Held, contest: int) -> tuple[BallotContext, Ballot, list[Clause], bytes]:
    log = held.log(18)
    ballot = held.record(18)
    assert isinstance(ballot, Ballot)
    entry = log.read(held.entries[18])
    plan = log.context.plans[contest]
    whole = plan.statement(log.context.key.element, log.examiner.elements(entry)[contest])
    return log.context, ballot, clauses_of(whole), ballot.contests[contest].proof


@pytest.mark.parametrize("contest", [0, 1])
def test_every_part_of_a_ballots_statement_moves_the_challenge(held: Held, contest: int) -> None:
    context, ballot, clauses, proof = statement(held, contest)
    plan = context.plans[contest]
    session_id = context.proof_session(plan.id, ballot.credential.key)

    def challenge(changed: Sequence[Clause], sid: bytes = session_id, data: bytes = proof) -> int:
        return challenge_of(statements.parse("", sid, changed, data))

    good = challenge(clauses)
    verify_batch(ristretto255, [statements.parse("ballot", session_id, clauses, proof)])
    seen = {good}

    def check(value: int) -> None:
        assert value not in seen
        seen.add(value)

    for place, clause in enumerate(clauses):
        shapes = clause.shapes
        for index in range(1, len(clause.elements)):
            elements = [*clause.elements]
            elements[index] = elements[index] + G
            check(challenge([*clauses[:place], Clause(shapes, elements), *clauses[place + 1 :]]))
        for number, shape in enumerate(shapes):
            for changed in variants(shape):
                own = [*shapes[:number], changed, *shapes[number + 1 :]]
                check(challenge([*clauses[:place], Clause(own, clause.elements), *clauses[place + 1 :]]))
        turned = Clause(shapes[::-1], clause.elements)
        check(challenge([*clauses[:place], turned, *clauses[place + 1 :]]))
    check(challenge([clauses[1], clauses[0], *clauses[2:]]))
    for at in range(0, 32 * sum(len(b.shape.equations) for c in clauses for b in c.branches), 32):
        check(challenge(clauses, data=proof[:at] + G.encode() + proof[at + 32 :]))


def variants(shape: Shape) -> list[Shape]:
    """The shape with each of its coefficients another."""
    out = []
    for place, equation in enumerate(shape.equations):
        changed = [
            Equation(((e, (c + 1) % ORDER), *equation.image[1:]), equation.terms)
            for e, c in equation.image[:1]
        ]
        changed += [Equation(equation.image, ((s, e, (c + 1) % ORDER),)) for s, e, c in equation.terms[:1]]
        if len(equation.image) > 1:
            *first, (e, c) = equation.image
            changed.append(Equation((*first, (e, (c + 1) % ORDER)), equation.terms))
        for one in changed:
            equations = [*shape.equations[:place], one, *shape.equations[place + 1 :]]
            out.append(Shape(ristretto255, shape.num_elements, equations))
    return out


def test_every_part_of_the_context_moves_the_session(held: Held, foreign: Held) -> None:
    context, ballot, _, _ = statement(held, 0)
    key = ballot.credential.key
    other_key = held.simulation.holders[0].signing_key.verify_key.data
    sessions = {
        context.proof_session("officials", key),
        context.proof_session("committee", key),
        context.proof_session("officials", other_key),
        foreign.log(18).context.proof_session("officials", key),
        BallotContext(held.simulation.election, G).proof_session("officials", key),
        BallotContext(foreign.simulation.election, context.key.element).proof_session("officials", key),
    }
    tally, election = held.log(TALLY).tally, held.simulation.election
    sessions |= {
        share_session(election, "trustee-1", tally),
        share_session(election, "trustee-2", tally),
        share_session(foreign.simulation.election, "trustee-1", tally),
        share_session(election, "trustee-1", tally._replace(root=bytes(32))),
    }
    # Fields cannot run into one another, purposes and flavors are apart.
    sessions |= {
        session(ristretto255, Tag.BALLOT_PROOF, b"a", b"bc"),
        session(ristretto255, Tag.BALLOT_PROOF, b"ab", b"c"),
        session(ristretto255, Tag.BALLOT_PROOF, b"abc"),
        session(ristretto255, Tag.DECRYPTION_PROOF, b"abc"),
        session(ristretto255, Tag.BALLOT_PROOF, b"abc", flavor="CMPT"),
    }
    assert len(sessions) == 6 + 4 + 5


def test_every_part_of_a_shares_statement_moves_the_challenge(held: Held) -> None:
    tally = held.log(TALLY).tally
    record = held.record(TALLY)
    assert isinstance(record, DecryptionShare)
    public = held.log(TALLY).group_public
    assert public is not None
    shares = ristretto255.decode_elements(record.shares)
    relation = share_relation(public.verification_keys[0], tally, shares)
    session_id = share_session(held.simulation.election, "trustee-1", tally)
    commitment = record.proof[: 32 * len(relation.shape.equations)]
    seen = {derive_challenge(ristretto255, session_id, relation.serialize(), commitment)}
    for index in range(1, len(relation.elements)):
        elements = [*relation.elements]
        elements[index] = elements[index] + G
        changed = LinearRelation(relation.shape, elements)
        seen.add(derive_challenge(ristretto255, session_id, changed.serialize(), commitment))
        with pytest.raises(InvalidProofError):
            verify_batchable(session_id, changed, record.proof)
    assert len(seen) == len(relation.elements)


def test_a_false_share_chosen_after_the_challenge(held: Held) -> None:
    """Trustee 1 wants another count. It commits first, learns the challenge, and then solves for a false share of the
    first sum: where the shares were not hashed, the proof would hold."""
    log = held.log(TALLY)
    tally, election = log.tally, held.simulation.election
    public = log.group_public
    assert public is not None
    secret = int.from_bytes(held.simulation.key_holders[0].share.share.encode(), "little")
    pads = [ciphertext.pad for ciphertext in tally.ciphertexts]
    honest = [multiple(pad, secret) for pad in pads]
    nonce = int.from_bytes(ristretto255.random_scalar().encode(), "little")
    commitments = [multiple(G, nonce), *(multiple(pad, nonce) for pad in pads)]
    commitments[1] = commitments[1] + G
    relation = share_relation(public.verification_keys[0], tally, honest)
    session_id = share_session(election, "trustee-1", tally)
    encoded = ristretto255.encode_elements(commitments)
    c = derive_challenge(ristretto255, session_id, relation.serialize(), encoded)
    response = (nonce + c * secret) % ORDER
    # z A - c D = T for the first pad alone, solved for D.
    false = multiple(multiple(pads[0], response) - commitments[1], pow(c, -1, ORDER))
    assert false != honest[0]
    proof = encoded + ristretto255.encode_integers([response])
    changed = share_relation(public.verification_keys[0], tally, [false, *honest[1:]])
    # With the challenge of the other statement every equation holds: only the hash stands in the way.
    for equation, commitment in zip(changed.shape.equations, commitments, strict=True):
        left = ristretto255.sum(multiple(changed.elements[e], co * response) for _, e, co in equation.terms)
        assert left - multiple(changed.elements[equation.image[0][0]], c) == commitment
    record = DecryptionShare(
        election=election.id,
        trustee="trustee-1",
        basis=tally.root,
        shares=ristretto255.encode_elements([false, *honest[1:]]),
        proof=proof,
    )
    with pytest.raises(TallyError, match="does not verify"):
        check_share(election, public.verification_keys[0], tally, record)
    report = held.verify(held.replaced(TALLY, sign_record(record, held.key(TALLY))))
    assert "T1" in failed(report)
    assert named(report, TALLY)


def test_a_ciphertext_chosen_after_the_challenge(held: Held) -> None:
    """A voter commits over one ciphertext and then solves for another, as above, in both branches of a clause."""
    context, ballot, clauses, proof = statement(held, 0)
    clause = clauses[0]
    parsed = statements.parse("", context.proof_session("officials", ballot.credential.key), clauses, proof)
    elements = [*clause.elements]
    branches = len(clause.shapes)
    (commitment,) = ristretto255.decode_elements(proof[:32])
    numbers = ristretto255.decode_integers(parsed.binding[48:])
    response = numbers[branches - 1]
    # The first branch's first equation, z G - c A = T, solved for A under the challenge that is known now.
    elements[2] = multiple(multiple(G, response) - commitment - G, pow(numbers[0], -1, ORDER))
    changed = [Clause(clause.shapes, elements), *clauses[1:]]
    session_id = context.proof_session("officials", ballot.credential.key)
    again = statements.parse("", session_id, changed, proof)
    assert challenge_of(again) != challenge_of(parsed)
    assert find_invalid(ristretto255, [again]) == [0]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_errors_of_two_proofs_do_not_cancel_in_a_batch(held: Held, size: int) -> None:
    """Two proofs whose responses are off by the same amount in opposite directions; their plain sum would hold."""
    context, ballot, clauses, proof = statement(held, 0)
    session_id = context.proof_session("officials", ballot.credential.key)
    good = statements.parse("good", session_id, clauses, proof)
    at = len(proof) - 32

    def shifted(by: int) -> ParsedProof:
        value = (int.from_bytes(proof[at:], "little") + by) % ORDER
        return statements.parse(f"{by:+}", session_id, clauses, proof[:at] + value.to_bytes(32, "little"))

    batch = [shifted(1), *[good] * size, shifted(-1)]
    assert find_invalid(ristretto255, batch) == [0, size + 1]
    with pytest.raises(InvalidProofError) as error:
        verify_batch(ristretto255, batch)
    assert error.value.item == "+1, -1"


def relation_of(count: int) -> tuple[LinearRelation, list[Element]]:
    elements = [multiple(G, number + 2) for number in range(count)]
    shape = Shape(ristretto255, 1 + count, [Equation(((i + 1, 1),), ((i, 0, 1),)) for i in range(count)])
    return LinearRelation(shape, [G, *elements]), elements


@pytest.mark.parametrize(
    "change",
    [
        lambda proof: (
            proof[:32] + (int.from_bytes(proof[32:64], "little") + ORDER).to_bytes(32, "little") + proof[64:]
        ),
        lambda proof: (int.from_bytes(proof[:32], "little") + ORDER).to_bytes(32, "little") + proof[32:],
        lambda proof: proof[:32] + proof[64:] + proof[32:64],
        lambda proof: proof + b"\0",
        lambda proof: proof[:-1],
        lambda proof: bytes(len(proof)),
        lambda proof: b"",
    ],
    ids=["s + order", "c + order", "responses exchanged", "longer", "shorter", "zeros", "empty"],
)
def test_a_compact_proof_changed(change: Callable[[bytes], bytes]) -> None:
    relation, _ = relation_of(2)
    session_id = session(ristretto255, Tag.BALLOT_PROOF, flavor="CMPT")
    proof = prove_compact(session_id, relation, [ristretto255.scalar(2), ristretto255.scalar(3)])
    verify_compact(session_id, relation, proof)
    with pytest.raises(CryptoError):
        verify_compact(session_id, relation, change(proof))
