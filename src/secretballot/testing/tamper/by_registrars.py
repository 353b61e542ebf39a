"""What registrars, and voters without a credential of their own, may try."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha512
from itertools import count

from nacl.bindings import crypto_core_ed25519_add, crypto_scalarmult_ed25519_base_noclamp

from ...ballot.records import Ballot
from ...credential.checks import credential_message
from ...credential.records import Credential, Issuance
from ...crypto import blind_rsa
from ...crypto.signing import SigningKey, VerifyKey
from ...records import sign_record
from ...verify import Verdict
from .accomplices import Accomplices, Shown
from .attacks import Attacks
from .elections import LAST, Elections, officials
from .sources import BLIND_RSA, SMALL_ORDER, STUFFING

ATTACKS = Attacks()
by = ATTACKS.by


def _line(sums: Accomplices, serial: int) -> bytes:
    """A line of the register, for a credential that nobody asked for."""
    place = sums.place("issuance")
    record = Issuance(
        election=sums.election.id,
        registrar=sums.record(place).registrar,
        serial=serial,
        request=serial.to_bytes(32, "big"),
    )
    return sign_record(record, sums.key(place))


# The register.


@by("C1", "A registrar issues more credentials than there are voters on the roll.", STUFFING)
def credentials_above_the_roll(elections: Elections) -> Shown:
    sums = elections.sums
    last = sums.place("issuance", -1)
    return sums.shown(last, sums.entries[last], _line(sums, 4), _line(sums, 5))


@by("C1", "A registrar counts a credential twice under one number.")
def serial_again(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("issuance", 1)
    return sums.shown(place, sums.updated(place, serial=1))


@by("C1", "A registrar leaves a number out.")
def serial_left_out(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("issuance", 1)
    return sums.shown(place, sums.updated(place, serial=3))


@by("C1", "A registrar signs one voter's request twice, for two lines of the register.")
def request_again(elections: Elections) -> Shown:
    sums = elections.sums
    first, place = sums.place("issuance"), sums.place("issuance", 1)
    return sums.shown(place, sums.updated(place, request=sums.record(first).request))


@by("C3", "A registrar signs a credential that it does not enter into the register.", STUFFING)
def credential_outside_the_register(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.shown(sums.place("issuance", -1))


@by("L4", "Somebody enters a credential into the register in the registrar's name.")
def register_by_another(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("issuance", 1)
    return sums.shown(place, sign_record(sums.record(place), SigningKey.generate()))


@by("L4", "The register has a line of a registrar whom the manifest does not name.")
def registrar_unknown(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("issuance", 1)
    return sums.shown(place, sums.updated(place, registrar="registrar-9"))


# Credentials.


def _with(sums: Accomplices, change: Callable[[Credential], Credential]) -> Shown:
    """The last voter's ballot with another credential."""
    place = sums.place("ballot", -2)
    return sums.shown(place, sums.updated(place, credential=change(sums.record(place).credential)))


def _signed(sums: Accomplices, change: Callable[[int, int], int]) -> Shown:
    """The credential's signature as a number, changed; the modulus is given too."""
    n = sums.election.issuing_keys[0].n

    def changed(credential: Credential) -> Credential:
        (blob,) = credential.signatures
        value = change(int.from_bytes(blob[32:], "big"), n)
        return credential.model_copy(update={"signatures": (blob[:32] + value.to_bytes(384, "big"),)})

    return _with(sums, changed)


@by("C2", "The modulus is added to a credential's signature: the same number to a lax reader.", BLIND_RSA)
def credential_not_reduced(elections: Elections) -> Shown:
    sums = elections.sums
    issuing, n = sums.simulation.registrar_keys[0]._issuing, sums.election.issuing_keys[0].n

    def changed(one: Credential) -> Credential:
        # The sum has as many bytes as the modulus where the signature is small: every second or so is.
        while True:
            (blob,) = _issue(sums, issuing, one.key).signatures
            raised = int.from_bytes(blob[32:], "big") + n
            if raised < 1 << n.bit_length():
                return one.model_copy(update={"signatures": (blob[:32] + raised.to_bytes(384, "big"),)})

    return _with(sums, changed)


@by("C2", "A credential's signature is subtracted from the modulus.", BLIND_RSA)
def credential_negated(elections: Elections) -> Shown:
    return _signed(elections.sums, lambda value, n: n - value)


@by("C2", "A credential's signature is zero, whose power is zero.", BLIND_RSA)
def credential_of_zero(elections: Elections) -> Shown:
    return _signed(elections.sums, lambda value, n: 0)


@by("L1", "A ballot has no registrar's signature.")
def credential_unsigned(elections: Elections) -> Shown:
    return _with(elections.sums, lambda one: one.model_copy(update={"signatures": ()}))


@by("C2", "A ballot has one registrar's signature twice.")
def credential_signed_twice(elections: Elections) -> Shown:
    return _with(elections.sums, lambda one: one.model_copy(update={"signatures": one.signatures * 2}))


@by("C2", "A ballot has the registrar's signature on another voter's ballot key.")
def credential_of_another(elections: Elections) -> Shown:
    sums = elections.sums
    other = sums.record(sums.place("ballot")).credential
    return _with(sums, lambda one: one.model_copy(update={"signatures": other.signatures}))


@by("C2", "A ballot has a credential of another election.")
def credential_of_another_election(elections: Elections) -> Shown:
    foreign = elections.foreign.record(elections.foreign.place("ballot", -2)).credential
    return _with(elections.sums, lambda one: one.model_copy(update={"signatures": foreign.signatures}))


def _issue(sums: Accomplices, issuing: blind_rsa.PrivateKey, key: bytes) -> Credential:
    """A credential for a ballot key, past the register."""
    blinded, state = blind_rsa.blind(issuing.public_key, credential_message(sums.election.id, key))
    signature = blind_rsa.finalize(state, issuing.blind_sign(blinded))
    return Credential(key=key, signatures=(signature.prefix + signature.signature,))


@by(
    "C2",
    "A credential is signed with a shorter salt, which a reader that takes any length does not see.",
    BLIND_RSA,
)
def credential_with_another_salt(elections: Elections) -> Shown:
    sums = elections.sums
    issuing, n = sums.simulation.registrar_keys[0]._issuing, sums.election.issuing_keys[0].n

    def changed(one: Credential) -> Credential:
        prefix = bytes(32)
        message = prefix + credential_message(sums.election.id, one.key)
        padded = blind_rsa._emsa_pss_encode(message, n.bit_length() - 1, bytes(32))
        return one.model_copy(update={"signatures": (prefix + issuing.blind_sign(padded),)})

    return _with(sums, changed)


@by("C2", "A credential is signed by a key that the manifest does not pin, so that its voter can be told.")
def credential_by_another_key(elections: Elections) -> Shown:
    sums = elections.sums
    own = blind_rsa.PrivateKey.generate()
    return _with(sums, lambda one: _issue(sums, own, one.key))


@by("C3", "A registrar gives itself a credential past the register, and votes with it.", STUFFING)
def ballot_stuffed(elections: Elections) -> Shown:
    sums = elections.sums
    key = SigningKey.generate()
    credential = _issue(sums, sums.simulation.registrar_keys[0]._issuing, key.verify_key.data)
    device = type(sums.device(LAST))(sums.log(sums.opening("voting")).context, credential, key)
    place = sums.place("ballot", -1)
    return sums.shown(place, sums.entries[place], device.seal(officials("low", "low")).cast())


@by("C2", "Somebody without a credential casts a ballot under a key of their own.", STUFFING)
def ballot_without_a_credential(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ballot", -2)
    ballot: Ballot = sums.record(place)
    stranger = SigningKey.generate()
    credential = ballot.credential.model_copy(update={"key": stranger.verify_key.data})
    return sums.shown(place, sign_record(ballot.model_copy(update={"credential": credential}), stranger))


# Ballot keys that no honest voter has, and signatures that no honest signer makes.


class _OddKey(SigningKey):
    """A ballot key whose public half is any 32 bytes, and which signs by a number r of its own choice."""

    __slots__ = ("choose", "secret")

    def __init__(self, public: bytes, secret: int, choose: Callable[[Callable[[int], int]], int]) -> None:
        self.verify_key = VerifyKey(public)
        self.secret = secret
        #: Of the challenge that each r gives, the r to sign by.
        self.choose = choose

    def sign(self, message: bytes) -> bytes:
        def challenge(r: int) -> int:
            hashed = sha512(_base(r) + self.verify_key.data + message).digest()
            return int.from_bytes(hashed, "little") % ED25519_ORDER

        r = self.choose(challenge)
        s = (r + challenge(r) * self.secret) % ED25519_ORDER
        return _base(r) + s.to_bytes(32, "little")


ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
#: The points (0, 1) and (0, -1), of the orders 1 and 2.
_IDENTITY, _OF_ORDER_2 = (1).to_bytes(32, "little"), (2**255 - 20).to_bytes(32, "little")


def _base(scalar: int) -> bytes:
    return crypto_scalarmult_ed25519_base_noclamp(scalar.to_bytes(32, "little")) if scalar else _IDENTITY


def _cast_by(sums: Accomplices, key: SigningKey) -> Shown:
    """The ballot of the last voter, whose ballot key is this one."""
    credential = _issue(sums, sums.simulation.registrar_keys[0]._issuing, key.verify_key.data)
    device = type(sums.device(LAST))(sums.log(sums.opening("voting") + 1).context, credential, key)
    return sums.shown(sums.place("ballot", -2), device.seal(officials("low", "low", "hoa")).cast())


@by(
    "L4",
    "A ballot key of small order, under which anybody can sign: the voter can deny the ballot.",
    SMALL_ORDER,
)
def ballot_key_of_small_order(elections: Elections) -> Shown:
    return _cast_by(elections.sums, _OddKey(_IDENTITY, 0, lambda _: 11))


@by("L4", "The first half of a signature is of small order.", SMALL_ORDER)
def signature_of_small_order(elections: Elections) -> Shown:
    return _cast_by(elections.sums, _OddKey(_base(7), 7, lambda _: 0))


@by(
    "L4",
    "A signature by a key of mixed order, whose equation holds only where it is taken times eight.",
    SMALL_ORDER,
)
def signature_that_holds_times_eight(elections: Elections) -> Shown:
    public = crypto_core_ed25519_add(_base(7), _OF_ORDER_2)
    odd = _OddKey(public, 7, lambda challenge: next(r for r in count(11) if challenge(r) % 2))
    return _cast_by(elections.sums, odd)


@by(
    "",
    "A signature by a key of mixed order, whose equation holds as it is.",
    SMALL_ORDER,
    verdict=Verdict.VERIFIED,
)
def signature_by_a_key_of_mixed_order(elections: Elections) -> Shown:
    public = crypto_core_ed25519_add(_base(7), _OF_ORDER_2)
    even = _OddKey(public, 7, lambda challenge: next(r for r in count(11) if challenge(r) % 2 == 0))
    return _cast_by(elections.sums, even)
