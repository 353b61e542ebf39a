"""What happens once a ballot is sealed: it is cast twice, opened and cast, or opened as something that it is not."""

from __future__ import annotations

from typing import Any

import nacl.bindings

from ...ballot.records import Ballot, ChallengedBallot, ContestOpening
from ...crypto.encoding import b64encode
from ...crypto.group import ristretto255
from ...crypto.signing import SigningKey
from ...records import parse_entry, sign_body, sign_record, signed_message
from ...verify import Verdict
from .accomplices import Accomplices, Shown
from .attacks import Attacks
from .elections import FIRST, Elections
from .sources import BENALOH, CLASH, COPIES

ATTACKS = Attacks()
by = ATTACKS.by


# Casting.


def resigned(key: SigningKey, body: bytes) -> bytes:
    """The entry under a second good signature of the same key: the signer chose another nonce."""
    message = signed_message(body)
    digest = bytearray(nacl.bindings.crypto_hash_sha512(key.seed().reveal()))
    digest[0] &= 248
    digest[31] &= 127
    digest[31] |= 64
    reduce = nacl.bindings.crypto_core_ed25519_scalar_reduce
    nonce = reduce(nacl.bindings.randombytes(64))
    commitment = nacl.bindings.crypto_scalarmult_ed25519_base_noclamp(nonce)
    challenge = reduce(nacl.bindings.crypto_hash_sha512(commitment + key.verify_key.data + message))
    secret = reduce(bytes(digest[:32]) + bytes(32))
    product = nacl.bindings.crypto_core_ed25519_scalar_mul(challenge, secret)
    signature = commitment + nacl.bindings.crypto_core_ed25519_scalar_add(nonce, product)
    return b'{"body":' + body + b',"signature":"' + b64encode(signature).encode() + b'"}'


@by("B3", "A voter's older ballot is played again behind the newer one.", COPIES)
def ballot_replayed(elections: Elections) -> Shown:
    sums = elections.sums
    first, last = sums.place("ballot"), sums.place("ballot", -1)
    return sums.shown(last, sums.entries[last], sums.entries[first])


@by("B3", "A voter's older ballot is played again under another good signature.", COPIES)
def ballot_replayed_under_another_signature(elections: Elections) -> Shown:
    sums = elections.sums
    first, last = sums.place("ballot"), sums.place("ballot", -1)
    again = resigned(sums.key(first), parse_entry(sums.entries[first]).body)
    return sums.shown(last, sums.entries[last], again)


@by("B3", "Two voters' devices cast one ballot, so that one confirmation code stands for two votes.", CLASH)
def ballot_of_two_voters(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ballot", -2)
    return sums.shown(place, sums.entries[place], sums.entries[place])


# Challenges.


@by("B3", "A ballot that was opened is cast.", BENALOH)
def challenged_ballot_cast(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("challenged-ballot")
    body = sums.record(place).ballot.encode()
    return sums.shown(place, sums.entries[place], sign_body(body, sums.key(place)))


@by("H2", "A ballot that was cast is opened.", BENALOH)
def cast_ballot_opened(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("challenged-ballot")
    body = sums.record(place).ballot.encode()
    return sums.shown(place, sign_body(body, sums.key(place)), sums.entries[place])


@by("H2", "A ballot is opened twice.", BENALOH)
def ballot_opened_twice(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("challenged-ballot")
    return sums.shown(place, sums.entries[place], sums.entries[place])


@by("L4", "The board casts a ballot that was challenged, with a signature that it has seen.", BENALOH)
def challenged_ballot_cast_by_the_board(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("challenged-ballot")
    body = sums.record(place).ballot.encode()
    return sums.shown(place, b'{"body":' + body + b',"signature":"' + sums.entries[place][-88:])


@by("L4", "Somebody else than its voter opens a ballot.", BENALOH)
def challenge_by_another(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("challenged-ballot")
    other = sums.simulation.holders[FIRST].signing_key
    return sums.shown(place, sign_record(sums.record(place), other))


def _opened(sums: Accomplices, **members: Any) -> Shown:
    """The challenge with the rating's opening changed."""
    place = sums.place("challenged-ballot")
    rating, committee = sums.record(place).openings
    return sums.shown(place, sums.updated(place, openings=(rating.model_copy(update=members), committee)))


def _opening(sums: Accomplices) -> ContestOpening:
    """The opening of the rating."""
    opening: ContestOpening = sums.record(sums.place("challenged-ballot")).openings[0]
    return opening


@by("H1", "A device opens a ballot as other marks than it encrypted.", BENALOH)
def challenge_that_lies(elections: Elections) -> Shown:
    return _opened(elections.sums, choices=(0, 1))


@by("H1", "A device opens a ballot with other randomness than it used.", BENALOH)
def challenge_with_other_randomness(elections: Elections) -> Shown:
    return _opened(elections.sums, randomness=bytes(64))


@by("H1", "An opening's randomness is not below the group's order.", BENALOH)
def challenge_not_reduced(elections: Elections) -> Shown:
    sums = elections.sums
    r = _opening(sums).randomness
    raised = (int.from_bytes(r[:32], "little") + ristretto255.order).to_bytes(32, "little")
    return _opened(sums, randomness=raised + r[32:])


@by("H1", "An opening leaves a contest out.", BENALOH)
def challenge_of_one_contest(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("challenged-ballot")
    return sums.shown(place, sums.updated(place, openings=sums.record(place).openings[:1]))


@by("H1 C2 B2 L4", "A device opens a ballot that says that it is of another election.")
def challenge_of_another_election(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("challenged-ballot")
    ballot = Ballot.from_body(sums.record(place).ballot.encode())
    other = ballot.model_copy(update={"election": elections.foreign.election.id})
    return sums.shown(place, sums.updated(place, ballot=other.to_body().decode()))


@by("H1", "An opening has one contest more than the ballot.")
def challenge_of_a_contest_more(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("challenged-ballot")
    rating, committee = sums.record(place).openings
    return sums.shown(place, sums.updated(place, openings=(rating, committee, committee)))


@by("H1", "An opening calls a contest by another name, so that its marks are read as those of another.")
def challenge_of_another_contest(elections: Elections) -> Shown:
    return _opened(elections.sums, id="others")


@by("H1", "An opening has one mark more than the contest has lines.")
def challenge_with_a_mark_more(elections: Elections) -> Shown:
    return _opened(elections.sums, choices=(*_opening(elections.sums).choices, 0))


@by("H1", "An opening has the randomness of one ciphertext more than there are.")
def challenge_with_randomness_behind(elections: Elections) -> Shown:
    return _opened(elections.sums, randomness=_opening(elections.sums).randomness + b"\1" + bytes(31))


@by("B2", "A device opens a ballot with a proof that does not hold.", BENALOH)
def challenge_without_a_proof(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("challenged-ballot")
    record: ChallengedBallot = sums.record(place)
    ballot = Ballot.from_body(record.ballot.encode())
    rating = ballot.contests[0].model_copy(update={"proof": ballot.contests[0].proof[:-32] + bytes(32)})
    body = ballot.model_copy(update={"contests": (rating, ballot.contests[1])}).to_body().decode()
    return sums.shown(place, sums.updated(place, ballot=body))


@by("", "A voter's newer ballot takes a contest from the own older one, as it may.", verdict=Verdict.VERIFIED)
def own_contest_again(elections: Elections) -> Shown:
    sums = elections.sums
    first, last = sums.place("ballot"), sums.place("ballot", -1)
    mixed = (sums.record(first).contests[0], sums.record(last).contests[1])
    return sums.shown(last, sums.updated(last, contests=mixed))
