"""What voters and registrars may try with credentials. What they may try against the blind signature itself is in
``test_blind_rsa``."""

from __future__ import annotations

import pytest

from secretballot.ballot.records import Ballot
from secretballot.credential.checks import check_credential, credential_message
from secretballot.credential.holder import Holder
from secretballot.credential.records import Credential, Issuance
from secretballot.credential.registrar import Registrar, RegistrarKeys
from secretballot.crypto import blind_rsa
from secretballot.crypto.encoding import b64encode
from secretballot.errors import (
    CredentialError,
    InvalidSignatureError,
    ManifestError,
    PhaseError,
    SecretBallotError,
)
from secretballot.manifest import Election
from secretballot.records import parse_entry, sign_body, sign_record
from secretballot.testing import Simulation
from secretballot.verify import Verdict

from ..support import elections
from .accomplices import CONTESTS, TALLY, Held, failed, findings, named, selection

#: The ballot of voter 2, and the register's lines.
PLACE, REGISTER = 18, (11, 12, 13)

pytestmark = pytest.mark.usefixtures("remembered")


def credential_of(held: Held) -> Credential:
    ballot = held.record(PLACE)
    assert isinstance(ballot, Ballot)
    return ballot.credential


def check_refused(held: Held, credential: Credential) -> None:
    with pytest.raises(CredentialError):
        check_credential(held.simulation.election, credential)
    raw = held.updated(PLACE, credential=credential)
    with pytest.raises(SecretBallotError):
        held.board_at(PLACE).submit(raw)
    report = held.shown(PLACE, raw)
    assert report.verdict is Verdict.FAILED
    assert "C2" in failed(report), findings(report)
    assert named(report, PLACE)


def test_signatures_changed(held: Held) -> None:
    good = credential_of(held)
    (blob,) = good.signatures
    n = held.simulation.election.issuing_keys[0].n
    prefix, value = blob[:32], int.from_bytes(blob[32:], "big")
    for name, signatures in {
        "none": (),
        "empty": (b"",),
        "twice": (blob, blob),
        "one byte less": (blob[:-1],),
        "one byte more": (blob + b"\0",),
        "a leading zero": (prefix + b"\0" + blob[32:],),
        "another prefix": (bytes(32) + blob[32:],),
        "no prefix": (blob[32:],),
        "s + n": (prefix + (value + n).to_bytes(385, "big"),),
        "s + n in as many bytes": (prefix + ((value + n) % 2**3072).to_bytes(384, "big"),),
        "n - s": (prefix + (n - value).to_bytes(384, "big"),),
        "zero": (prefix + bytes(384),),
        "one": (prefix + (1).to_bytes(384, "big"),),
        "n - 1": (prefix + (n - 1).to_bytes(384, "big"),),
        "n": (prefix + n.to_bytes(384, "big"),),
        "s squared": (prefix + pow(value, 2, n).to_bytes(384, "big"),),
    }.items():
        changed = good.model_copy(update={"signatures": signatures})
        with pytest.raises(CredentialError):
            check_credential(held.simulation.election, changed)
        if name in {"s + n", "one byte more", "n - s", "twice"}:
            check_refused(held, changed)


def test_signatures_of_something_else(held: Held, foreign: Held) -> None:
    """Of another ballot key, of another election, and by another registrar's key."""
    good = credential_of(held)
    other = held.record(17)
    assert isinstance(other, Ballot)
    check_refused(held, good.model_copy(update={"signatures": other.credential.signatures}))
    check_refused(held, foreign.simulation.holders[2].credential())
    check_refused(
        held, good.model_copy(update={"signatures": foreign.simulation.holders[2].credential().signatures})
    )
    # The registrar has another key than the one pinned, and signs the right message with it.
    swapped = blind_rsa.PrivateKey.generate()
    message = credential_message(held.simulation.election.id, good.key)
    blinded, state = blind_rsa.blind(swapped.public_key, message)
    signature = blind_rsa.finalize(state, swapped.blind_sign(blinded))
    check_refused(held, good.model_copy(update={"signatures": (signature.prefix + signature.signature,)}))


def test_an_issuing_key_exchanged(held: Held) -> None:
    """Per voter, so as to know each by the key: the registrar's keys are pinned, and every holder checks with them."""
    simulation = held.simulation
    other = RegistrarKeys.generate("registrar-1", {"en": "Registrar 1"})
    with pytest.raises(CredentialError, match="pins other keys"):
        Registrar(other, simulation.election, simulation.roll)
    (registrar,) = simulation.manifest.registrars
    swapped = simulation.manifest.model_copy(
        update={"registrars": (registrar.model_copy(update={"key": other.public().key}),)}
    )
    election = Election.from_manifest(swapped)
    assert election.id != simulation.election.id
    report = held.verify(
        held.replaced(0, election.to_entry(simulation.authority._key)), simulation.election.id
    )
    assert {"M3", "L2", "C2"} <= failed(report)


@pytest.mark.parametrize(
    "key",
    [
        b"\x01" + bytes(31),
        bytes(32),
        bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        b"\xff" * 32,
        b"\x02" + bytes(31),
    ],
    ids=[
        "identity",
        "order 4",
        "order 2",
        "order 8",
        "identity not canonical",
        "no point",
        "not on the curve",
    ],
)
def test_a_ballot_key_that_anybody_could_sign_for(held: Held, key: bytes) -> None:
    """The registrar signs without seeing. A key of small order has signatures that verify for every message, under
    verifiers that do not look; then whoever likes could cast with this credential, and the voter deny it."""
    simulation = held.simulation
    issuing = simulation.registrar_keys[0]._issuing
    blinded, state = blind_rsa.blind(issuing.public_key, credential_message(simulation.election.id, key))
    signature = blind_rsa.finalize(state, issuing.blind_sign(blinded))
    credential = Credential(key=key, signatures=(signature.prefix + signature.signature,))
    check_credential(simulation.election, credential)
    ballot = held.record(PLACE)
    assert isinstance(ballot, Ballot)
    body = ballot.model_copy(update={"credential": credential}).to_body()
    for point in (b"\x01" + bytes(31), key):
        forged = b64encode(point + bytes(32)).encode()
        raw = b'{"body":' + body + b',"signature":"' + forged + b'"}'
        with pytest.raises(InvalidSignatureError):
            held.board_at(PLACE).submit(raw)
        report = held.shown(PLACE, raw)
        assert "L4" in failed(report)
        assert named(report, PLACE)


# The register.


def test_more_ballots_than_credentials(held: Held) -> None:
    """The registrar signs one request more than it logs: the register's last line is not there."""
    entries = [raw for place, raw in enumerate(held.entries[:TALLY]) if place != REGISTER[-1]]
    report = held.verify(held.collude(entries))
    assert failed(report) == {"C3"}
    assert named(report, PLACE - 1)
    board = held.board_at(REGISTER[-1])
    for raw in entries[REGISTER[-1] : PLACE - 1]:
        board.submit(raw)
    with pytest.raises(CredentialError, match="more credentials vote than were issued"):
        board.submit(entries[PLACE - 1])
    # Voting again needs no credential more.
    board.submit(entries[PLACE])


def test_more_credentials_than_the_roll(held: Held) -> None:
    """The roll has four. The registrar logs a fourth, and a fifth."""
    simulation = held.simulation

    def line(serial: int) -> bytes:
        record = Issuance(
            election=simulation.election.id,
            registrar="registrar-1",
            serial=serial,
            request=serial.to_bytes(32, "big"),
        )
        return sign_record(record, held.key(REGISTER[0]))

    board = held.board_at(14)
    stop = REGISTER[-1] + 1
    report = held.verify(held.collude([*held.entries[:stop], line(4), *held.entries[stop:TALLY]]))
    assert report.verdict is Verdict.VERIFIED
    report = held.verify(held.collude([*held.entries[:stop], line(4), line(5), *held.entries[stop:TALLY]]))
    assert failed(report) == {"C1"}
    assert named(report, stop + 1)
    board.submit(line(4))
    with pytest.raises(CredentialError, match="more credentials than voters"):
        board.submit(line(5))


@pytest.mark.parametrize("serial", [0, 1, 3, 4, 2**53 - 1])
def test_serials_that_do_not_count(held: Held, serial: int) -> None:
    raw = held.updated(REGISTER[1], serial=serial)
    with pytest.raises((CredentialError, PhaseError)):
        held.board_at(REGISTER[1]).submit(raw)
    report = held.shown(REGISTER[1], raw)
    assert failed(report) == {"C1"}
    assert named(report, REGISTER[1])


@pytest.mark.parametrize("serial", [b"-1", b"9007199254740992", b"2.0", b"2e0", b"02", b'"2"', b"9" * 5000])
def test_serials_that_are_no_numbers(held: Held, serial: bytes) -> None:
    body = parse_entry(held.entries[REGISTER[1]]).body.replace(b'"serial":2', b'"serial":' + serial)
    raw = sign_body(body, held.key(REGISTER[1]))
    with pytest.raises(SecretBallotError):
        held.board_at(REGISTER[1]).submit(raw)
    assert "L1" in failed(held.shown(REGISTER[1], raw))


def test_a_registrar_that_is_none(held: Held) -> None:
    """Credentials in the name of a registrar that the manifest does not list."""
    raw = held.updated(REGISTER[1], registrar="registrar-2")
    with pytest.raises(ManifestError, match="no registrar"):
        held.board_at(REGISTER[1]).submit(raw)
    assert "L4" in failed(held.shown(REGISTER[1], raw))


def test_credentials_issued_while_voting(held: Held) -> None:
    """They could be tied to ballots by the order of things."""
    record = held.record(REGISTER[-1]).model_copy(update={"serial": 4, "request": bytes(32)})
    raw = sign_record(record, held.key(REGISTER[-1]))
    with pytest.raises(SecretBallotError, match="not taken in the phase voting"):
        held.board_at(PLACE).submit(raw)
    report = held.verify(held.collude([*held.entries[:PLACE], raw, *held.entries[PLACE:TALLY]]))
    assert failed(report) == {"L3"}


@pytest.fixture(scope="module")
def two() -> Simulation:
    """An election with two registrars."""
    return elections.voting(CONTESTS, 1, roll_size=2, registrars=2)


def test_every_registrar_signs_for_itself(two: Simulation) -> None:
    good = two.holders[0].credential()
    first, second = good.signatures
    for name, signatures in {
        "exchanged": (second, first),
        "the first one twice": (first, first),
        "one missing": (first,),
        "one more": (first, second, first),
    }.items():
        with pytest.raises(CredentialError):
            check_credential(two.election, good.model_copy(update={"signatures": signatures}))
        sealed = parse_entry(two.seal(0, selection("high", "low")).cast()).body
        ballot = Ballot.from_body(sealed)
        changed = ballot.model_copy(update={"credential": good.model_copy(update={"signatures": signatures})})
        with pytest.raises(SecretBallotError):
            two.board.submit(sign_record(changed, two.holders[0].signing_key))
        assert name
    # The register of the second one lacks the line.
    entries = [
        raw
        for raw in two.store.entries()
        if not (b'/issuance"' in raw and b'"registrar":"registrar-2"' in raw)
    ]
    report = elections.verify(two, [*entries, two.seal(0, selection("high", "low")).cast()])
    assert failed(report) == {"C3"}
    assert all("registrar-2" in f.message and f.culprit is None for f in report.rule("C3").findings)


def test_two_voters_with_one_request() -> None:
    """An accomplice asks with a voter's request: signed again, it would get a line that the board refuses, and with it
    every later line of the register."""
    simulation = elections.simulate(CONTESTS, roll_size=4)
    simulation.hold_ceremony()
    registrar, holders = simulation.registrars[0], [Holder(simulation.election) for _ in range(3)]
    requests = [holder.request("registrar-1") for holder in holders]
    simulation.board.submit(registrar.issue("voter-1", requests[0])[1])
    with pytest.raises(CredentialError, match="signed for another voter"):
        registrar.issue("voter-2", requests[0])
    for voter, request in (("voter-3", requests[1]), ("voter-2", requests[2])):
        simulation.board.submit(registrar.issue(voter, request)[1])
    assert simulation.log.issued == {"registrar-1": 3}


def test_one_voter_asks_twice(two: Simulation) -> None:
    """For another key, under another spelling, and without being on the roll."""
    registrar = two.registrars[0]
    request = two.holders[0].request("registrar-1")
    registrar.issue("voter-1", request)
    other = bytes([*request[:-1], request[-1] ^ 1])
    for voter in ("voter-1", "voter-1 ", "Voter-1", "voter-\u0661", "voter-1\u200b", "voter-3", ""):
        with pytest.raises(CredentialError):
            registrar.issue(voter, other)
    assert registrar.issued == 1
