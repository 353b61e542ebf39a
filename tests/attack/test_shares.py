"""What a trustee may try when it decrypts, and what a board may try with a trustee."""

from __future__ import annotations

import pytest

from secretballot.crypto.elgamal import combine
from secretballot.crypto.group import Element, ristretto255
from secretballot.crypto.sharing import lagrange_at_zero
from secretballot.crypto.sigma import prove_batchable
from secretballot.errors import CryptoError, DuplicateError, PhaseError, SecretBallotError, TallyError
from secretballot.records import parse_entry, sign_body, sign_record
from secretballot.tally.checks import check_share, share_relation, share_session
from secretballot.tally.encrypted import EncryptedTally
from secretballot.tally.records import DecryptionShare, Result
from secretballot.tally.result import count
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.verify import Verdict

from ..support import elections
from .accomplices import PLACES, SEAL, TALLY, Held, failed, findings, named, selection
from .test_ballots import BAD_POINTS, ORDER

RESULT = PLACES.index("result")

pytestmark = pytest.mark.usefixtures("remembered")


def share_of(held: Held, place: int = TALLY) -> DecryptionShare:
    record = held.record(place)
    assert isinstance(record, DecryptionShare)
    return record


def check_refused(held: Held, raw: bytes, *rules: str, place: int = TALLY) -> None:
    board = held.board_at(place)
    with pytest.raises(SecretBallotError):
        board.submit(raw)
    report = held.verify(held.replaced(place, raw))
    assert report.verdict is Verdict.FAILED
    assert failed(report) & set(rules), findings(report)
    assert named(report, place)


# Shares that are not proven, or not the trustee's.


def test_a_share_without_a_proof(held: Held) -> None:
    good = share_of(held)
    for proof in (b"", good.proof[:-1], good.proof[:-32], good.proof + b"\0", bytes(len(good.proof))):
        check_refused(held, held.updated(TALLY, proof=proof), "T1")


def test_a_share_of_another_length(held: Held) -> None:
    good = share_of(held)
    for shares in (b"", good.shares[:-1], good.shares[:-32], good.shares + good.shares[:32], good.shares * 2):
        check_refused(held, held.updated(TALLY, shares=shares), "T1")


@pytest.mark.parametrize("point", BAD_POINTS.values(), ids=BAD_POINTS.keys())
def test_points_that_are_none(held: Held, point: bytes) -> None:
    good = share_of(held)
    for data, member, end in (
        (good.shares, "shares", len(good.shares)),
        (good.proof, "proof", len(good.proof) - 32),
    ):
        for at in (0, end - 32):
            check_refused(held, held.updated(TALLY, **{member: data[:at] + point + data[at + 32 :]}), "T1")


def test_a_response_that_is_not_reduced(held: Held) -> None:
    proof = share_of(held).proof
    raised = int.from_bytes(proof[-32:], "little") + ORDER
    check_refused(held, held.updated(TALLY, proof=proof[:-32] + raised.to_bytes(32, "little")), "T1")


def test_the_shares_of_another_trustee(held: Held) -> None:
    """With its proof, or under the own proof; and a share for a trustee's name that the attacker does not have."""
    other = share_of(held, TALLY + 1)
    check_refused(held, held.updated(TALLY, shares=other.shares, proof=other.proof), "T1")
    check_refused(held, held.updated(TALLY, shares=other.shares), "T1")
    check_refused(held, held.updated(TALLY, trustee="trustee-2"), "L4")
    # The trustee who stayed away.
    check_refused(held, held.updated(TALLY, trustee="trustee-3"), "L4")


@pytest.mark.parametrize(
    "name", ["trustee-0", "trustee-4", "trustee--1", "0", "trustee-1\n", "Trustee-1", "tru\u0455tee-1", ""]
)
def test_a_trustee_that_is_none(held: Held, name: str) -> None:
    """There is no index 0 to reach: it would be the secret itself."""
    check_refused(held, held.updated(TALLY, trustee=name), "L1", "L4", "T1")


@pytest.mark.parametrize("indices", [[0, 1], [1, 1], [1, ORDER + 1], [-1, 2], [1, ORDER]])
def test_indices_that_are_none(indices: list[int]) -> None:
    with pytest.raises(CryptoError):
        lagrange_at_zero(indices[0], indices, ORDER)


def test_a_false_share_with_a_proof_over_false_statements(held: Held) -> None:
    """A good proof for another secret, for another verification key, and for one sum decrypted by another's pad."""
    log = held.log(TALLY)
    tally, election = log.tally, held.simulation.election
    public = log.group_public
    assert public is not None
    session_id = share_session(election, "trustee-1", tally)
    other = ristretto255.random_scalar()
    shares = [ciphertext.pad * other for ciphertext in tally.ciphertexts]
    mine = ristretto255.multiply_generator(other)
    proof = prove_batchable(session_id, share_relation(mine, tally, shares), [other])
    check_refused(held, held.updated(TALLY, shares=ristretto255.encode_elements(shares), proof=proof), "T1")
    secret = held.simulation.key_holders[0].share.share
    turned = tally._replace(ciphertexts=tally.ciphertexts[::-1])
    shares = [ciphertext.pad * secret for ciphertext in turned.ciphertexts]
    proof = prove_batchable(session_id, share_relation(public.verification_keys[0], turned, shares), [secret])
    check_refused(held, held.updated(TALLY, shares=ristretto255.encode_elements(shares), proof=proof), "T1")


def test_a_share_posted_twice_or_in_another_phase(held: Held) -> None:
    again = sign_record(share_of(held), held.key(TALLY))
    # Proven anew, so that the bytes differ.
    anew = held.decrypting(0).decrypt(held.log(TALLY).tally)
    assert anew != again
    with pytest.raises(DuplicateError):
        held.board_at(TALLY + 1).submit(anew)
    report = held.verify([*held.entries[: TALLY + 1], anew, *held.entries[TALLY + 1 :]])
    assert failed(report) == {"T1"}
    for stop in (SEAL - 1, RESULT + 1):
        with pytest.raises(PhaseError):
            held.board_at(stop).submit(anew)
        report = held.verify([*held.entries[:stop], anew, *held.entries[stop:]])
        assert "L3" in failed(report)


def test_a_share_of_another_election(held: Held, foreign: Held) -> None:
    """From the same trustees' other keys, and with the election's id put right."""
    check_refused(held, foreign.entries[TALLY], "L2")
    record = share_of(foreign).model_copy(update={"election": held.simulation.election.id})
    check_refused(held, sign_record(record, held.key(TALLY)), "T1")


# The board against the trustees.


def without(held: Held, place: int) -> EncryptedTally:
    """The tally of a log from which a ballot is kept, and which the authority sealed: it conspires too."""
    log = elections.replay([*held.entries[:place], *held.entries[place + 1 : SEAL]])
    log.follow(held.seal(log))
    return log.tally


@pytest.mark.parametrize("place", [15, 17, 18, 19])
def test_a_share_over_other_ballots(held: Held, place: int) -> None:
    """The board hides a ballot from one trustee, whose share is then of no use: it is bound to the log's root, even
    where the hidden ballot does not count."""
    tally = without(held, place)
    check_refused(held, held.decrypting(0).decrypt(tally), "T1")


def test_a_share_bound_to_the_root_alone(held: Held) -> None:
    """The right root over other sums, and the right sums under another root."""
    tally = held.log(TALLY).tally
    for false in (
        tally._replace(ciphertexts=without(held, 18).ciphertexts),
        tally._replace(root=without(held, 18).root),
    ):
        check_refused(held, held.decrypting(0).decrypt(false), "T1")


def test_a_trustee_decrypts_one_tally(held: Held) -> None:
    """A board that gets two tallies decrypted, with a ballot and without, has the ballot."""
    trustee = held.decrypting(0)
    tally = held.log(TALLY).tally
    first = parse_entry(trustee.decrypt(tally))
    for other in (
        without(held, 18),
        without(held, 15),
        tally._replace(root=bytes(32)),
        tally._replace(ballots=2),
    ):
        with pytest.raises(TallyError, match="another tally"):
            trustee.decrypt(other)
    assert parse_entry(trustee.decrypt(held.log(TALLY).tally)).kind == first.kind


def test_the_difference_of_two_tallies_is_a_ballot(held: Held) -> None:
    """Why it does so: with a quorum that forgets, the attack works."""
    tally, fewer = held.log(TALLY).tally, without(held, 18)
    plan = held.log(TALLY).context.plans[1]
    total = {}
    for name, one in (("all", tally), ("fewer", fewer)):
        shares = {}
        for index in (1, 2):
            record = DecryptionShare.from_body(parse_entry(held.decrypting(index - 1).decrypt(one)).body)
            shares[index] = ristretto255.decode_elements(record.shares)
        total[name] = count(held.simulation.election, held.log(TALLY).context.plans, one, shares)
    assert plan.id == "committee"
    lines = zip(total["all"].contests[1].lines, total["fewer"].contests[1].lines, strict=True)
    assert [a.counts[0] - b.counts[0] for a, b in lines] == [0, 1]  # Voter 2 approved hoa.


def test_a_tally_below_the_minimum_group(held: Held) -> None:
    simulation = elections.voting(held.simulation.manifest.contests, 3, roll_size=4, minimum_group=2)
    simulation.board.submit(simulation.seal(0, selection("high", "low")).cast())
    simulation.board.submit(simulation.seal(0, selection("low", "low")).cast())
    simulation.close_voting()
    trustees = [DecryptingTrustee(holder) for holder in simulation.key_holders]
    for trustee in trustees:
        with pytest.raises(TallyError, match="fewer than the minimum group of 2"):
            trustee.decrypt(simulation.log.tally)
    # All of them are talked into it: then everybody is told, and saying that it was enough is found.
    for trustee in trustees:
        simulation.board.submit(trustee.decrypt(simulation.log.tally, accept_small_group=True))
    result = simulation.log.compute_result()
    assert result.below_minimum_group
    quiet = simulation.authority.publish(result.model_copy(update={"below_minimum_group": False}))
    with pytest.raises(TallyError):
        simulation.board.submit(quiet)
    entries = list(simulation.store.entries())
    assert failed(elections.verify(simulation, [*entries, quiet])) == {"T3"}
    report = elections.verify(simulation, [*entries, simulation.authority.publish(result)])
    assert report.verdict is Verdict.VERIFIED
    assert any("minimum group" in warning for warning in report.warnings)


def test_a_sum_that_is_the_identity(held: Held) -> None:
    """Voters who are all of them attackers choose randomness that cancels out: nobody can decrypt, nothing breaks."""
    tally = held.log(TALLY).tally
    first = tally.ciphertexts[0]._replace(pad=ristretto255.identity)
    broken = tally._replace(ciphertexts=(first, *tally.ciphertexts[1:]))
    with pytest.raises(TallyError, match="the voters' randomness cancels out"):
        held.decrypting(0).decrypt(broken)
    public = held.log(TALLY).group_public
    assert public is not None
    with pytest.raises(TallyError):
        check_share(held.simulation.election, public.verification_keys[0], broken, share_of(held))


def test_fewer_than_a_quorum(held: Held) -> None:
    """One trustee's share: no result can be computed from it, and one that is guessed right is not verified."""
    entries = [*held.entries[: TALLY + 1], held.entries[RESULT]]
    with pytest.raises(TallyError, match="2 decryption shares are needed"):
        held.log(TALLY + 1).compute_result()
    with pytest.raises(TallyError):
        held.board_at(TALLY + 1).submit(held.entries[RESULT])
    assert failed(held.verify(entries)) == {"T2", "T3", "T4"}
    assert failed(held.verify([*held.entries[:TALLY], held.entries[RESULT]])) == {"T2", "T3", "T4"}


def test_a_share_alone_decrypts_nothing(held: Held) -> None:
    tally = held.log(TALLY).tally
    shares: list[Element] = ristretto255.decode_elements(share_of(held).shares)
    for ciphertext, share in zip(tally.ciphertexts, shares, strict=True):
        element = combine(ristretto255, ciphertext, {1: share})
        small = [ristretto255.sum_of_products([value], [ristretto255.generator]) for value in range(100)]
        assert element not in small


# Results.


def result_of(held: Held) -> Result:
    record = held.record(RESULT)
    assert isinstance(record, Result)
    return record


def test_a_result_that_is_not_what_was_decrypted(held: Held) -> None:
    result = result_of(held)
    officials, committee = result.contests
    an, binh = officials.lines
    swapped = officials.model_copy(
        update={"lines": (an.model_copy(update={"counts": an.counts[::-1]}), binh)}
    )
    moved = tuple(
        line.model_copy(update={"counts": other.counts, "blank": other.blank, "outcomes": other.outcomes})
        for line, other in ((an, binh), (binh, an))
    )
    for name, contests in {
        "contests in another order": (committee, officials),
        "a contest left out": (officials,),
        "no contests": (),
        "a contest twice": (officials, committee, committee),
        "contests under each other's name": (
            officials.model_copy(update={"id": "committee"}),
            committee.model_copy(update={"id": "officials"}),
        ),
        "lines in another order": (officials.model_copy(update={"lines": (binh, an)}), committee),
        "lines under each other's name": (officials.model_copy(update={"lines": moved}), committee),
        "levels exchanged": (swapped, committee),
        "a vote more": (
            officials,
            committee.model_copy(
                update={
                    "lines": (
                        committee.lines[0].model_copy(update={"counts": (committee.lines[0].counts[0] + 1,)}),
                        committee.lines[1],
                    )
                }
            ),
        ),
        "blanks made up": (
            officials.model_copy(update={"lines": (an.model_copy(update={"blank": 1}), binh)}),
            committee,
        ),
    }.items():
        raw = held.updated(RESULT, contests=contests)
        with pytest.raises(TallyError):
            held.board_at(RESULT).submit(raw)
        assert "T3" in failed(held.verify(held.replaced(RESULT, raw))), name
    for members in ({"collected": 4}, {"roll": 3}, {"below_minimum_group": True}, {"collected": 2**53 - 1}):
        raw = held.updated(RESULT, **members)
        assert failed(held.verify(held.replaced(RESULT, raw))) == {"T3"}, members


def test_an_outcome_that_does_not_follow(held: Held) -> None:
    result = result_of(held)
    officials, committee = result.contests
    an, binh = officials.lines
    assert (an.outcomes, binh.outcomes) == ((), ("dismissal",))
    for outcomes in ((), ("dismissal", "dismissal"), ("resignation",), ("high",)):
        lines = (an, binh.model_copy(update={"outcomes": outcomes}))
        raw = held.updated(RESULT, contests=(officials.model_copy(update={"lines": lines}), committee))
        assert failed(held.verify(held.replaced(RESULT, raw))) == {"T4"}


@pytest.mark.parametrize(
    "number", ["-1", "9007199254740992", "1e0", "1.0", "01", "0x1", "1" * 5000, "null", '"1"', "true"]
)
def test_numbers_that_are_no_counts(held: Held, number: str) -> None:
    body = parse_entry(held.entries[RESULT]).body
    changed = body.replace(b'"collected":3', b'"collected":' + number.encode())
    assert changed != body
    check_refused(held, sign_body(changed, held.key(RESULT)), "L1", place=RESULT)


def test_a_result_twice_or_too_early(held: Held) -> None:
    other = held.updated(RESULT, collected=2)
    for again in (held.entries[RESULT], other):
        report = held.verify([*held.entries, again])
        assert "L3" in failed(report)
        assert report.result == result_of(held)
    for stop in (1, 14, TALLY - 1):
        assert "L3" in failed(held.verify([*held.entries[:stop], held.entries[RESULT], *held.entries[stop:]]))
