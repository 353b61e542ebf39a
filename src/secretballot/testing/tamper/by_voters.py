"""What voters, their devices, and whoever has seen a ballot may try."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from ...ballot.contest_kinds import ContestPlan, LinePlan, plan_contest
from ...ballot.contest_kinds.plan import _branch
from ...ballot.context import BallotContext
from ...ballot.records import Ballot, BallotContest, ChallengedBallot
from ...crypto import disjunction
from ...crypto.disjunction import Statement
from ...crypto.encoding import Tag
from ...crypto.group import Element, ristretto255
from ...crypto.sharing import lagrange_at_zero
from ...crypto.sigma import session_tag
from ...records import sign_record
from .accomplices import Accomplices, Shown
from .attacks import Attacks
from .elections import COMMITTEE, LAST, Elections, officials
from .sources import CANONICAL, COPIES, PARTIAL, RELATED, WEAK

ATTACKS = Attacks()
by = ATTACKS.by


ORDER = ristretto255.order
#: Bytes of commitments in the proof of the rating: two equations in each of two branches of two lines.
_COMMITMENTS = 8 * 32


def _place(sums: Accomplices) -> int:
    """Where the ballot of the last voter stands, who votes once."""
    return sums.place("ballot", -2)


def _contests(sums: Accomplices) -> list[BallotContest]:
    ballot: Ballot = sums.record(_place(sums))
    return list(ballot.contests)


def _cast(sums: Accomplices, contests: Sequence[BallotContest]) -> Shown:
    """The last voter's ballot with other contests, well signed."""
    place = _place(sums)
    return sums.shown(place, sums.updated(place, contests=tuple(contests)))


def _first(sums: Accomplices, **members: bytes) -> Shown:
    """The same with the rating changed."""
    rating, committee = _contests(sums)
    return _cast(sums, [rating.model_copy(update=members), committee])


# Ballots of another form than the election's.


@by("B1", "A ballot lacks a contest.")
def contest_missing(elections: Elections) -> Shown:
    return _cast(elections.sums, _contests(elections.sums)[:1])


@by("B1", "A ballot has its contests in another order.")
def contests_in_another_order(elections: Elections) -> Shown:
    return _cast(elections.sums, _contests(elections.sums)[::-1])


@by("B1", "A ballot has one contest twice, so that it counts twice.")
def contest_twice(elections: Elections) -> Shown:
    rating, committee = _contests(elections.sums)
    return _cast(elections.sums, [rating, rating, committee])


@by("B1", "A ballot has a contest more than the election, behind the others.")
def contest_behind(elections: Elections) -> Shown:
    rating, committee = _contests(elections.sums)
    return _cast(elections.sums, [rating, committee, committee])


@by("B1", "A ballot calls a contest by another name, under a proof for that.")
def contest_under_another_name(elections: Elections) -> Shown:
    sums, name = elections.sums, "others"
    context = copy.copy(sums.log(sums.opening("voting") + 1).context)
    plan = copy.copy(context.plans[0])
    plan.id = name
    context.plans = (plan, *context.plans[1:])
    tag = session_tag(ristretto255, Tag.BALLOT_PROOF, sums.election.id, context.encoded_key, name)
    context._tags = {**context._tags, name: tag}
    choices = {name: {"an": "high", "binh": "low"}, "committee": {"hoa"}}
    return sums.shown(_place(sums), sums.device(LAST, context).seal(choices).cast())


@by("B1 B2", "A ballot has a ciphertext too few.")
def ciphertext_missing(elections: Elections) -> Shown:
    return _first(elections.sums, ciphertexts=_contests(elections.sums)[0].ciphertexts[:64])


@by("B1 B2", "A ciphertext begins with the identity, which encrypts nothing.")
def ciphertext_of_the_identity(elections: Elections) -> Shown:
    return _first(elections.sums, ciphertexts=bytes(32) + _contests(elections.sums)[0].ciphertexts[32:])


@by("B1 B2", "A ciphertext begins with an encoding that is not canonical.", CANONICAL)
def ciphertext_not_canonical(elections: Elections) -> Shown:
    data = _contests(elections.sums)[0].ciphertexts
    return _first(elections.sums, ciphertexts=data[:31] + bytes([data[31] | 0x80]) + data[32:])


@by("B1 B2", "A ciphertext begins with a negative field element, which stands for no element.", CANONICAL)
def ciphertext_negative(elections: Elections) -> Shown:
    data = _contests(elections.sums)[0].ciphertexts
    return _first(elections.sums, ciphertexts=b"\x01" + bytes(31) + data[32:])


# Copies.


@by(
    "B2", "A voter copies another's ballot under the own credential, to vote the same or to learn it.", COPIES
)
def ballot_copied(elections: Elections) -> Shown:
    sums = elections.sums
    return _cast(sums, sums.record(sums.place("ballot", 1)).contests)


@by("B2", "A voter copies one contest of another's ballot.", COPIES)
def contest_copied(elections: Elections) -> Shown:
    sums = elections.sums
    rating = sums.record(sums.place("ballot", 1)).contests[0]
    return _cast(sums, [rating, _contests(sums)[1]])


@by("B2", "A voter copies a ballot that another had opened, as it was encrypted.", COPIES)
def challenged_ballot_copied(elections: Elections) -> Shown:
    sums = elections.sums
    challenged: ChallengedBallot = sums.record(sums.place("challenged-ballot"))
    return _cast(sums, Ballot.from_body(challenged.ballot.encode()).contests)


@by("B2", "A voter copies another's ciphertexts and keeps the own proof.", COPIES)
def ciphertexts_copied(elections: Elections) -> Shown:
    sums = elections.sums
    return _first(sums, ciphertexts=sums.record(sums.place("ballot", 1)).contests[0].ciphertexts)


@by("B2", "Another's ballot is re-encrypted under its old proof, so that the copy cannot be seen.", COPIES)
def ballot_reencrypted(elections: Elections) -> Shown:
    sums = elections.sums
    key = sums.log(sums.opening("voting") + 1).context.key.element
    points = ristretto255.decode_elements(_contests(sums)[0].ciphertexts)
    r = ristretto255.random_scalar()
    fresh = [points[0] + ristretto255.generator * r, points[1] + key * r, *points[2:]]
    return _first(sums, ciphertexts=ristretto255.encode_elements(fresh))


@by("B2", "A ballot is cast with the credential of another voter, who signs it.", COPIES)
def credential_exchanged(elections: Elections) -> Shown:
    sums = elections.sums
    place, other = _place(sums), sums.place("ballot", 1)
    ballot = sums.record(place).model_copy(update={"credential": sums.record(other).credential})
    return sums.shown(place, sign_record(ballot, sums.key(other)))


@by("B2", "Two lines of a contest are exchanged with their ciphertexts.", COPIES)
def lines_exchanged(elections: Elections) -> Shown:
    data = _contests(elections.sums)[0].ciphertexts
    return _first(elections.sums, ciphertexts=data[64:] + data[:64])


@by("B2", "A ballot's line is repeated in the place of another.", COPIES)
def line_repeated(elections: Elections) -> Shown:
    return _first(elections.sums, ciphertexts=_contests(elections.sums)[0].ciphertexts[:64] * 2)


@by(
    "B2",
    "A mixed ballot is copied under another credential: what is mixed twice shows a voter's mark.",
    RELATED,
)
def mixed_ballot_copied(elections: Elections) -> Shown:
    twice = elections.twice
    place = twice.place("ballot", -2)
    copied = twice.record(twice.place("ballot", 1)).contests
    return twice.shown(place, twice.updated(place, contests=copied))


@by("B2", "A ballot is encrypted under the key of another election.")
def ballot_to_another_key(elections: Elections) -> Shown:
    foreign = elections.foreign
    return _sealed(elections.sums, foreign.log(foreign.opening("voting") + 1).context.key.element)


@by("B2", "A ballot is encrypted under a key of the attacker's own.")
def ballot_to_an_own_key(elections: Elections) -> Shown:
    return _sealed(elections.sums, ristretto255.multiply_generator(ristretto255.random_scalar()))


def _sealed(sums: Accomplices, key: Element) -> Shown:
    device = sums.device(LAST, BallotContext(sums.election, key))
    return sums.shown(_place(sums), device.seal(officials("high", "low", "hoa")).cast())


# Ballots that say what no ballot may.


def _cheating(plan: LinePlan, weigh: Callable[[int], int], *, own_statement: bool) -> LinePlan:
    """A plan whose choices weigh something else. With ``own_statement`` the proof is a good one of a statement that
    nobody asked for; without, it is over the right statement, which is false."""
    changed = copy.copy(plan)
    lines = []
    for line in plan.lines:
        mine = tuple(tuple(weigh(w) % ORDER for w in choice) for choice in line.weights)
        shapes = tuple(map(_branch, mine)) if own_statement else line.shapes
        lines.append(line._replace(weights=mine, shapes=shapes))
    changed.lines = tuple(lines)
    return changed


def _sealed_by(sums: Accomplices, number: int, plan: Any, choices: dict[str, Any]) -> Shown:
    context = copy.copy(sums.log(sums.opening("voting") + 1).context)
    context.plans = (*context.plans[:number], plan, *context.plans[number + 1 :])
    return sums.shown(_place(sums), sums.device(LAST, context).seal(choices).cast())


def _weighed(sums: Accomplices, weigh: Callable[[int], int], *, own_statement: bool) -> Shown:
    plan = sums.log(sums.opening("voting") + 1).context.plans[0]
    if not isinstance(plan, LinePlan):
        raise TypeError("the first contest is one of lines")
    cheating = _cheating(plan, weigh, own_statement=own_statement)
    return _sealed_by(sums, 0, cheating, officials("high", "low", "hoa"))


@by("B2", "A mark weighs minus one, and takes a vote from an official.")
def mark_negative(elections: Elections) -> Shown:
    return _weighed(elections.sums, lambda w: -w, own_statement=False)


@by("B2", "A mark weighs two votes, under a false proof of the right statement.")
def mark_double(elections: Elections) -> Shown:
    return _weighed(elections.sums, lambda w: 2 * w, own_statement=False)


@by("B2", "A mark weighs two votes, under a right proof of a statement that nobody asked for.", WEAK)
def mark_double_by_another_statement(elections: Elections) -> Shown:
    return _weighed(elections.sums, lambda w: 2 * w, own_statement=True)


@by("B2", "A mark weighs as much as one in the next digit of the packed sum.")
def mark_in_the_next_digit(elections: Elections) -> Shown:
    return _weighed(elections.sums, lambda w: 5 * w, own_statement=False)


def _approving(sums: Accomplices, minimum: int, maximum: int) -> ContestPlan:
    other = COMMITTEE.model_copy(update={"minimum": minimum, "maximum": maximum})
    return plan_contest(other, sums.simulation.manifest.capacity)


@by("B2", "More are approved than may be, under a right proof of another limit.", WEAK)
def approved_too_many(elections: Elections) -> Shown:
    plan = _approving(elections.sums, 1, 2)
    return _sealed_by(elections.sums, 1, plan, officials("high", "low", "giang", "hoa"))


@by("B2", "More are approved than may be, and the proof leaves the limit out.", WEAK)
def limit_left_out(elections: Elections) -> Shown:
    wide = _approving(elections.sums, 0, 2)

    class Silent(type(wide)):  # type: ignore[misc]
        """A plan whose proof says nothing of the sum."""

        def sum_shapes(self) -> tuple[object, ...]:
            return ()

    silent = copy.copy(wide)
    silent.__class__ = Silent
    return _sealed_by(elections.sums, 1, silent, officials("high", "low", "giang", "hoa"))


@by(
    "B2",
    "A quorum lends a voter the election's secret, and a ciphertext shows a mark as the element that it is.",
)
def mark_that_shows(elections: Elections) -> Shown:
    # B = w G + r K for the weight w = 0, and r = 1/k: B is G, which stands for the other weight, 1.
    sums = elections.sums
    device, context = sums.device(LAST), sums.log(sums.opening("voting") + 1).context
    plan = context.plans[0]
    if not isinstance(plan, LinePlan):
        raise TypeError("the first contest is one of lines")
    one, two = (
        ristretto255.scalar(lagrange_at_zero(index, [1, 2], ORDER)) * holder.share.share
        for index, holder in enumerate(sums.simulation.key_holders[:2], 1)
    )
    randomness = [(one + two).invert(), ristretto255.random_scalar()]
    choices = plan.choices({"an": "high", "binh": "low"})
    ciphertexts, knowledge = device._encrypt_lines(plan, choices, randomness)
    elements = [element for ciphertext in ciphertexts for element in ciphertext]
    form = copy.copy(plan.form)
    form._images = _Unseen()
    statement = Statement(form, [ristretto255.generator, context.key.element, *elements])
    ballot_key = sums.record(_place(sums)).credential.key
    proof = disjunction.prove(context.proof_session(plan.id, ballot_key), statement, knowledge)
    return _first(sums, ciphertexts=ristretto255.encode_elements(elements), proof=proof)


class _Unseen(disjunction._Images):
    """A prover who does not look whether an image is the identity."""

    def __init__(self) -> None:
        super().__init__(ristretto255, [])


# Proofs.


def _numbers(sums: Accomplices) -> list[int]:
    return ristretto255.decode_integers(_contests(sums)[0].proof[_COMMITMENTS:])


@by(
    "B2",
    "A ciphertext is solved for once the challenge is known, as where the statement is not hashed.",
    WEAK,
)
def ciphertext_after_the_challenge(elections: Elections) -> Shown:
    # z G - c A = T, the first equation of the first branch of two, solved for A. The challenges of all branches but
    # the last stand before the responses.
    rating = _contests(elections.sums)[0]
    challenge, response = _numbers(elections.sums)[:2]
    (commitment,) = ristretto255.decode_elements(rating.proof[:32])
    moved = ristretto255.sum_of_products([response, -1 % ORDER], [ristretto255.generator, commitment])
    pad = ristretto255.sum_of_products([pow(challenge, -1, ORDER)], [moved + ristretto255.generator])
    return _first(elections.sums, ciphertexts=pad.encode() + rating.ciphertexts[32:])


@by("B2", "A challenge is moved from one branch to the next.", PARTIAL)
def challenge_moved(elections: Elections) -> Shown:
    numbers = _numbers(elections.sums)
    return _numbered(elections.sums, [(numbers[0] + 1) % ORDER, *numbers[1:]])


@by("B2", "The group's order is added to a response: the same number in other bytes.")
def response_not_reduced(elections: Elections) -> Shown:
    numbers = _numbers(elections.sums)
    return _numbered(elections.sums, [*numbers[:-1], numbers[-1] + ORDER])


def _numbered(sums: Accomplices, numbers: Sequence[int]) -> Shown:
    proof = _contests(sums)[0].proof[:_COMMITMENTS]
    return _first(sums, proof=proof + b"".join(number.to_bytes(32, "little") for number in numbers))


@by("B2", "A proof commits to the identity.")
def proof_of_the_identity(elections: Elections) -> Shown:
    return _first(elections.sums, proof=bytes(32) + _contests(elections.sums)[0].proof[32:])


@by("B2", "A proof is empty.")
def proof_empty(elections: Elections) -> Shown:
    return _first(elections.sums, proof=b"")


@by("L1", "A ballot is more than twice as long as one of this election: its proof has much data behind it.")
def ballot_too_long(elections: Elections) -> Shown:
    sums = elections.sums
    most = 2 * len(sums.entries[_place(sums)])
    return _first(sums, proof=_contests(sums)[0].proof + bytes(most))


@by("B2", "A proof has data behind it.")
def proof_with_data_behind(elections: Elections) -> Shown:
    return _first(elections.sums, proof=_contests(elections.sums)[0].proof + bytes(32))


@by("B2", "Ciphertexts and commitments are replaced by their inverses: a ballot that takes a vote away.")
def ballot_negated(elections: Elections) -> Shown:
    rating = _contests(elections.sums)[0]
    proof = _negated(rating.proof[:_COMMITMENTS]) + rating.proof[_COMMITMENTS:]
    return _first(elections.sums, ciphertexts=_negated(rating.ciphertexts), proof=proof)


def _negated(data: bytes) -> bytes:
    return ristretto255.encode_elements([-element for element in ristretto255.decode_elements(data)])
