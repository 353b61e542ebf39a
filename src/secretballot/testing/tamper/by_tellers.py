"""What trustees may try who decrypt sums, and the authority that publishes the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...crypto.group import Element, ristretto255
from ...crypto.sharing import lagrange_at_zero
from ...crypto.sigma import derive_challenge, prove_batchable
from ...records import sign_record
from ...tally.checks import share_relation, share_session
from ...tally.records import DecryptionShare
from ...tally.trustee import DecryptingTrustee
from .accomplices import Accomplices, Shown
from .attacks import Attacks
from .elections import Elections
from .sources import COPIES, EQUAL, WEAK

ATTACKS = Attacks()
by = ATTACKS.by


ORDER = ristretto255.order


def _multiple(element: Element, factor: int) -> Element:
    return ristretto255.sum_of_products([factor % ORDER], [element])


def _place(sums: Accomplices) -> int:
    return sums.place("decryption-share")


def _share(sums: Accomplices) -> DecryptionShare:
    record: DecryptionShare = sums.record(_place(sums))
    return record


def _shared(sums: Accomplices, **members: Any) -> Shown:
    """The first trustee's share, changed; it gives the true one afterwards."""
    return sums.shown(_place(sums), sums.updated(_place(sums), **members))


# Shares.


@by("T1 T2 T3", "A trustee moves a vote by a false share, under the proof of the true one.", EQUAL)
def share_false(elections: Elections) -> Shown:
    # The first sum is B minus each share times its coefficient: the share is lowered until the sum has one vote more.
    shares = ristretto255.decode_elements(_share(elections.sums).shares)
    coefficient = lagrange_at_zero(1, [1, 2], ORDER)
    vote = _multiple(ristretto255.generator, pow(coefficient, -1, ORDER))
    return _shared(elections.sums, shares=ristretto255.encode_elements([shares[0] - vote, *shares[1:]]))


@by(
    "T1",
    "A trustee solves for a false share once it knows the challenge, as where shares are not hashed.",
    WEAK,
)
def share_after_the_challenge(elections: Elections) -> Shown:
    sums = elections.sums
    log = sums.log(_place(sums))
    tally, public = log.tally, log.group_public
    if public is None:
        raise TypeError("the ceremony is complete")
    key = public.verification_keys[0]
    secret = int.from_bytes(sums.simulation.key_holders[0].share.share.encode(), "little")
    pads = [ciphertext.pad for ciphertext in tally.ciphertexts]
    honest = [_multiple(pad, secret) for pad in pads]
    nonce = int.from_bytes(ristretto255.random_scalar().encode(), "little")
    commitments = [_multiple(ristretto255.generator, nonce), *(_multiple(pad, nonce) for pad in pads)]
    commitments[1] = commitments[1] + ristretto255.generator
    encoded = ristretto255.encode_elements(commitments)
    statement = share_relation(key, tally, honest).serialize()
    session = share_session(sums.election, "trustee-1", tally)
    challenge = derive_challenge(ristretto255, session, statement, encoded)
    response = (nonce + challenge * secret) % ORDER
    # z A - c D = T for the first pad alone, solved for D.
    false = _multiple(_multiple(pads[0], response) - commitments[1], pow(challenge, -1, ORDER))
    return _shared(
        sums,
        shares=ristretto255.encode_elements([false, *honest[1:]]),
        proof=encoded + ristretto255.encode_integers([response]),
    )


@by("T1", "A trustee decrypts with a key of its own making, and proves it against that.", EQUAL)
def share_of_another_key(elections: Elections) -> Shown:
    sums = elections.sums
    tally = sums.log(_place(sums)).tally
    secret = ristretto255.random_scalar()
    shares = [ciphertext.pad * secret for ciphertext in tally.ciphertexts]
    relation = share_relation(ristretto255.multiply_generator(secret), tally, shares)
    proof = prove_batchable(share_session(sums.election, "trustee-1", tally), relation, [secret])
    return _shared(sums, shares=ristretto255.encode_elements(shares), proof=proof)


@by("T1", "A trustee posts another trustee's share and proof as its own.", COPIES)
def share_copied(elections: Elections) -> Shown:
    other: DecryptionShare = elections.sums.record(elections.sums.place("decryption-share", 1))
    return _shared(elections.sums, shares=other.shares, proof=other.proof)


@by("T1", "A trustee decrypts other ballots than the log has.")
def share_of_other_ballots(elections: Elections) -> Shown:
    return _shared(elections.sums, basis=bytes(32))


@by("T1", "A trustee's share is of one sum fewer.")
def share_of_fewer_sums(elections: Elections) -> Shown:
    return _shared(elections.sums, shares=_share(elections.sums).shares[:-32])


@by("T1", "A trustee's share is the identity, which decrypts nothing.")
def share_of_the_identity(elections: Elections) -> Shown:
    return _shared(elections.sums, shares=bytes(32) + _share(elections.sums).shares[32:])


@by("T1", "The group's order is added to the response of a share's proof.")
def share_not_reduced(elections: Elections) -> Shown:
    proof = _share(elections.sums).proof
    raised = int.from_bytes(proof[-32:], "little") + ORDER
    return _shared(elections.sums, proof=proof[:-32] + raised.to_bytes(32, "little"))


@by("T1", "A trustee posts its share twice, each proven anew.")
def share_again(elections: Elections) -> Shown:
    sums = elections.sums
    place = _place(sums)
    again = DecryptingTrustee(sums.simulation.key_holders[0]).decrypt(sums.log(place).tally)
    return sums.shown(place, sums.entries[place], again)


@by("L4", "A share is signed by another trustee than it names.")
def share_by_another(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.shown(_place(sums), sign_record(_share(sums), sums.trustee_key("trustee-2")))


@by("L3 T1", "A trustee decrypts while voting is open, so that it knows how things stand.")
def share_while_voting(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ballot", -2)
    return sums.shown(place, sums.entries[_place(sums)], sums.entries[place])


# The quorum.


@by("T2 T3", "The result is published after one share, though two are needed.")
def quorum_missed(elections: Elections) -> Shown:
    return elections.sums.show(elections.sums.replaced(_place(elections.sums)))


@by("T1 T2 T3", "One trustee stands in for a quorum: it posts a share in its own name twice.")
def quorum_of_one(elections: Elections) -> Shown:
    sums = elections.sums
    first, second = sums.places("decryption-share")
    return sums.show(sums.replaced(second, sums.entries[first]))


@by("T2 T3", "The result is published without any share.")
def result_without_shares(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.show(
        [raw for place, raw in enumerate(sums.entries) if place not in sums.places("decryption-share")]
    )


@by("T2 T3 T5", "Mixed lines are counted after one share, though two are needed.")
def quorum_of_lines_missed(elections: Elections) -> Shown:
    twice = elections.twice
    return twice.show(twice.replaced(twice.place("line-share")))


# The result.


def _published(election: Accomplices, change: Callable[[Any], object]) -> Shown:
    """Another result, by the authority."""
    place = election.place("result")
    return election.show(election.replaced(place, election.rewritten(place, change)))


def _line(body: Any, contest: int = 0, line: int = 0) -> Any:
    return body["contests"][contest]["lines"][line]


@by("T3", "The authority exchanges an official's counts.")
def counts_exchanged(elections: Elections) -> Shown:
    def change(body: Any) -> None:
        _line(body, 0, 0)["counts"].reverse()

    return _published(elections.sums, change)


@by("T3", "The authority moves one vote from one line to another.")
def vote_moved(elections: Elections) -> Shown:
    def change(body: Any) -> None:
        _line(body, 1, 0)["counts"][0] += 1
        _line(body, 1, 0)["blank"] -= 1

    return _published(elections.sums, change)


@by("T3", "The result lists the lines in another order, so that each official has another's counts.")
def lines_in_another_order(elections: Elections) -> Shown:
    return _published(elections.sums, lambda body: body["contests"][0]["lines"].reverse())


@by("T3 T4", "The result leaves a line out.")
def line_missing(elections: Elections) -> Shown:
    return _published(elections.sums, lambda body: body["contests"][0]["lines"].pop())


@by("T3", "The result says that more ballots count than do.")
def collected_raised(elections: Elections) -> Shown:
    return _published(elections.sums, lambda body: body.update(collected=4))


@by("T3", "The result says that the roll is smaller than it is, so that shares of it are larger.")
def roll_lowered(elections: Elections) -> Shown:
    return _published(elections.sums, lambda body: body.update(roll=3))


@by("T3", "The result says of a group that it is too small, which it is not.")
def small_group_invented(elections: Elections) -> Shown:
    return _published(elections.sums, lambda body: body.update(below_minimum_group=True))


@by("T4", "The authority leaves out an outcome that follows from the counts.")
def outcome_missing(elections: Elections) -> Shown:
    def change(body: Any) -> None:
        _line(body, 0, 1)["outcomes"].clear()

    return _published(elections.sums, change)


@by("T4", "The authority draws an outcome that does not follow from the counts.")
def outcome_invented(elections: Elections) -> Shown:
    def change(body: Any) -> None:
        _line(body, 0, 0)["outcomes"].append("dismissal")

    return _published(elections.sums, change)


@by("T4", "The authority draws an outcome by a rule that the manifest does not have.")
def outcome_without_a_rule(elections: Elections) -> Shown:
    def change(body: Any) -> None:
        _line(body, 1, 0)["outcomes"].append("elected")

    return _published(elections.sums, change)


@by("T4", "The authority draws an outcome in an election without any rule.")
def outcome_without_any_rules(elections: Elections) -> Shown:
    def change(body: Any) -> None:
        _line(body)["outcomes"].append("elected")

    return _published(elections.twice, change)


@by("T3", "A count of ranked ballots is raised.")
def ranking_points_raised(elections: Elections) -> Shown:
    def change(body: Any) -> None:
        body["contests"][1]["methods"][0]["half_points"][0] += 2

    return _published(elections.twice, change)


@by("L4", "Somebody else than the authority publishes the result.")
def result_by_another(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("result")
    return sums.show(sums.replaced(place, sign_record(sums.record(place), sums.trustee_key("trustee-1"))))
