"""Credentials: one a voter, signed blindly by every registrar, for one election."""

from __future__ import annotations

import copy
import threading

import pytest

from secretballot.credential import Credential, Issuance
from secretballot.credential.checks import (
    blinded_in,
    check_credential,
    credential_message,
    request_digest,
    request_for,
)
from secretballot.credential.holder import Holder
from secretballot.credential.registrar import Registrar, RegistrarKeys
from secretballot.crypto import blind_rsa
from secretballot.errors import CredentialError, EncodingError, ManifestError, PhaseError
from secretballot.manifest import Election
from secretballot.records import parse_entry, sign_record
from secretballot.testing import Simulation

from ..support import elections

ROLL = ["an", "binh", "chi"]


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    """Two registrars and a roll of three; no ceremony. Tests make registrars of their own from its keys."""
    return elections.simulate([elections.choice()], roll_size=3, registrars=2)


@pytest.fixture
def registrar(simulation: Simulation) -> Registrar:
    return Registrar(simulation.registrar_keys[0], simulation.election, ROLL)


def issued(entry: bytes) -> Issuance:
    return Issuance.from_body(parse_entry(entry).body)


def signed(simulation: Simulation, holder: Holder) -> Credential:
    for keys in simulation.registrar_keys:
        registrar = Registrar(keys, simulation.election, ROLL)
        holder.accept(registrar.id, registrar.issue("an", holder.request(registrar.id))[0])
    return holder.credential()


# The registrar.


def test_one_credential_a_voter(simulation: Simulation, registrar: Registrar) -> None:
    holders = [Holder(simulation.election) for _ in range(3)]
    entries = []
    for number, (voter, holder) in enumerate(zip(ROLL, holders, strict=True), 1):
        signature, entry = registrar.issue(voter, holder.request("registrar-1"))
        holder.accept("registrar-1", signature)
        record = issued(entry)
        assert (record.registrar, record.serial) == ("registrar-1", number)
        blinded = blinded_in(holder.request("registrar-1"), simulation.election.id, "registrar-1")
        assert record.request == request_digest(simulation.election.id, blinded)
        parse_entry(entry).verify(simulation.manifest.registrars[0].signing_key)
        entries.append(entry)
        assert registrar.issued == number
    assert len({issued(entry).request for entry in entries}) == 3
    # The register names no voter.
    assert set(Issuance.model_fields) == {"record", "election", "registrar", "serial", "request"}


def test_the_same_request_gets_the_same_answer_and_another_none(
    simulation: Simulation, registrar: Registrar
) -> None:
    holder, other = Holder(simulation.election), Holder(simulation.election)
    answer = registrar.issue("an", holder.request("registrar-1"))
    registrar.issue("binh", other.request("registrar-1"))
    assert registrar.issue("an", holder.request("registrar-1")) == answer
    assert registrar.issued == 2
    with pytest.raises(CredentialError, match="has a credential already, for another request"):
        registrar.issue("an", Holder(simulation.election).request("registrar-1"))
    assert registrar.issued == 2


def test_a_request_of_another_voter_is_not_signed_again(simulation: Simulation, registrar: Registrar) -> None:
    """The board would refuse the line, and with it every later one of the register."""
    request = Holder(simulation.election).request("registrar-1")
    first = registrar.issue("an", request)
    with pytest.raises(CredentialError, match=r"^this request was signed for another voter$") as caught:
        registrar.issue("binh", request)
    assert caught.value.culprit is None
    # No serial is used up, and the voter may ask with a request of its own.
    _, entry = registrar.issue("binh", Holder(simulation.election).request("registrar-1"))
    assert issued(entry).serial == registrar.issued == 2
    assert registrar.issue("an", request) == first


def test_a_registrar_that_is_closed_answers_retries_alone(
    simulation: Simulation, registrar: Registrar
) -> None:
    request = Holder(simulation.election).request("registrar-1")
    answer = registrar.issue("an", request)
    registrar.close()
    registrar.close()
    assert registrar.issue("an", request) == answer
    with pytest.raises(CredentialError, match=r"^issuing is closed$"):
        registrar.issue("binh", Holder(simulation.election).request("registrar-1"))
    assert registrar.issued == 1


def test_whoever_is_not_on_the_roll_gets_none(simulation: Simulation, registrar: Registrar) -> None:
    for stranger in ("dung", "", "An"):
        with pytest.raises(CredentialError, match="not on the roll"):
            registrar.issue(stranger, Holder(simulation.election).request("registrar-1"))
    assert registrar.issued == 0


def test_the_embedder_authenticates(simulation: Simulation) -> None:
    asked = []

    def authenticate(voter: str) -> None:
        asked.append(voter)
        if len(asked) == 1:
            raise CredentialError("the card is not this voter's")

    registrar = Registrar(simulation.registrar_keys[0], simulation.election, ROLL, authenticate)
    request = Holder(simulation.election).request("registrar-1")
    with pytest.raises(CredentialError, match="the card"):
        registrar.issue("an", request)
    assert registrar.issued == 0
    registrar.issue("an", request)
    # Also for the answer that was given before, which is not anybody's to have.
    registrar.issue("an", request)
    assert asked == ["an"] * 3
    with pytest.raises(CredentialError, match="not on the roll"):
        registrar.issue("nobody", request)
    assert len(asked) == 3


@pytest.mark.parametrize("length", [0, 1, 383, 385])
def test_a_request_that_cannot_be_signed_uses_nothing_up(
    simulation: Simulation, registrar: Registrar, length: int
) -> None:
    for blinded in (bytes(length), b"\xff" * 384):
        with pytest.raises(EncodingError):
            registrar.issue("an", blinded)
        with pytest.raises(EncodingError):
            registrar.issue("an", request_for(simulation.election.id, "registrar-1", blinded))
    assert registrar.issued == 0
    _, entry = registrar.issue("an", Holder(simulation.election).request("registrar-1"))
    assert issued(entry).serial == 1


def test_a_request_is_for_one_registrar_of_one_election(simulation: Simulation, registrar: Registrar) -> None:
    """Signed by another one, it would be used up there for nothing, and the voter could not vote."""
    holder = Holder(simulation.election)
    with pytest.raises(CredentialError, match="the request is for another registrar"):
        registrar.issue("an", holder.request("registrar-2"))
    other = Election.from_manifest(simulation.manifest.model_copy(update={"nonce": bytes(16)}))
    with pytest.raises(CredentialError, match="the request is of another election"):
        registrar.issue("an", Holder(other).request("registrar-1"))
    request = holder.request("registrar-1")
    for wrong in (
        request[:-1],
        request + b"\0",
        request[8:],
        b"\0" + request,
        request.replace(b"/request", b"/REQUEST"),
    ):
        with pytest.raises(EncodingError):
            registrar.issue("an", wrong)
    assert registrar.issued == 0
    holder.accept("registrar-1", registrar.issue("an", request)[0])


def test_issuing_keys_serve_one_election(simulation: Simulation) -> None:
    """Else a voter of one has a ballot key of the other signed, where no line of the register stands for it."""
    keys = RegistrarKeys.generate("registrar-1", {"en": "Registrar 1"})
    registrars = (keys.public(), simulation.manifest.registrars[1])
    one, other = (
        Election.from_manifest(
            simulation.manifest.model_copy(update={"registrars": registrars, "nonce": bytes([n] * 16)})
        )
        for n in range(2)
    )
    Registrar(keys, one, ROLL)
    Registrar(keys, one, ROLL)
    with pytest.raises(CredentialError, match="served another election"):
        Registrar(keys, other, ROLL)


def test_a_registrar_is_not_copied(registrar: Registrar) -> None:
    """A copy would sign after the other was closed."""
    for way in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            way(registrar)


def test_a_roll_that_does_not_fit_the_manifest(simulation: Simulation) -> None:
    keys = simulation.registrar_keys[0]
    assert Registrar(keys, simulation.election, ROLL[:2]).issued == 0
    with pytest.raises(CredentialError, match=r"^a name is given twice, or is on the roll already$"):
        Registrar(keys, simulation.election, ["an", "an"])
    with pytest.raises(CredentialError, match=r"^the roll has 4 names, the manifest's has 3$"):
        Registrar(keys, simulation.election, [*ROLL, "dung"])


def test_keys_that_the_manifest_does_not_pin(simulation: Simulation) -> None:
    first, second = simulation.registrar_keys
    with elections.shared_rsa_keys():
        other = RegistrarKeys.generate("registrar-1", {"en": "Registrar 1"})
    with pytest.raises(CredentialError, match="the manifest pins other keys") as caught:
        Registrar(other, simulation.election, ROLL)
    assert caught.value.culprit == "registrar registrar-1"
    swapped = RegistrarKeys("registrar-1", first.labels, second._issuing, first._signing)
    with pytest.raises(CredentialError, match="the manifest pins other keys"):
        Registrar(swapped, simulation.election, ROLL)
    stranger = RegistrarKeys("registrar-3", first.labels, first._issuing, first._signing)
    with pytest.raises(ManifestError, match="no registrar 'registrar-3'"):
        Registrar(stranger, simulation.election, ROLL)


def test_serials_from_many_threads_are_those_of_one_register(simulation: Simulation) -> None:
    registrar = Registrar(simulation.registrar_keys[0], simulation.election, ROLL)
    requests = {voter: Holder(simulation.election).request("registrar-1") for voter in ROLL}
    answers: list[tuple[str, tuple[bytes, bytes]]] = []

    def ask(voter: str) -> None:
        answers.append((voter, registrar.issue(voter, requests[voter])))

    threads = [threading.Thread(target=ask, args=(voter,)) for voter in ROLL * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 9
    assert registrar.issued == 3
    by_voter = dict(answers)
    assert all(by_voter[voter] == answer for voter, answer in answers)
    assert sorted(issued(entry).serial for _, entry in by_voter.values()) == [1, 2, 3]


# The holder.


def test_every_registrar_must_sign(simulation: Simulation, registrar: Registrar) -> None:
    holder = Holder(simulation.election)
    with pytest.raises(CredentialError, match="registrar registrar-1 has not signed yet"):
        holder.credential()
    holder.accept("registrar-1", registrar.issue("an", holder.request("registrar-1"))[0])
    with pytest.raises(CredentialError, match="registrar registrar-2 has not signed yet"):
        holder.credential()
    credential = signed(simulation, Holder(simulation.election))
    check_credential(simulation.election, credential)
    with pytest.raises(CredentialError, match="2 signatures are needed, there are 1"):
        check_credential(
            simulation.election, credential.model_copy(update={"signatures": credential.signatures[:1]})
        )
    with pytest.raises(CredentialError, match="2 signatures are needed, there are 3"):
        check_credential(
            simulation.election,
            credential.model_copy(update={"signatures": (*credential.signatures, b"")}),
        )
    swapped = credential.model_copy(update={"signatures": credential.signatures[::-1]})
    with pytest.raises(CredentialError, match="registrar registrar-1 did not sign this ballot key"):
        check_credential(simulation.election, swapped)


def test_a_request_stays_the_same_and_is_made_for_registrars_that_are_there(simulation: Simulation) -> None:
    holder = Holder(simulation.election)
    assert holder.request("registrar-1") == holder.request("registrar-1") != holder.request("registrar-2")
    assert len(blinded_in(holder.request("registrar-1"), simulation.election.id, "registrar-1")) == 384
    with pytest.raises(CredentialError, match="no registrar 'registrar-3'"):
        holder.request("registrar-3")
    with pytest.raises(CredentialError, match="no registrar 'registrar-3'"):
        holder.accept("registrar-3", b"")


def test_a_wrong_blind_signature_names_its_registrar(simulation: Simulation, registrar: Registrar) -> None:
    holder, other = Holder(simulation.election), Holder(simulation.election)
    good, _ = registrar.issue("an", holder.request("registrar-1"))
    of_other, _ = registrar.issue("binh", other.request("registrar-1"))
    flipped = bytes([good[0], good[1] ^ 1]) + good[2:]
    for wrong in (of_other, flipped, good[:-1], good + b"\0", b"", bytes(384), b"\xff" * 384):
        with pytest.raises(CredentialError) as caught:
            holder.accept("registrar-1", wrong)
        assert caught.value.culprit == "registrar registrar-1"
    with pytest.raises(CredentialError) as caught:
        holder.accept("registrar-2", good)
    assert caught.value.culprit == "registrar registrar-2"
    holder.accept("registrar-1", good)
    with pytest.raises(CredentialError, match="registrar-2 has not signed"):
        holder.credential()


def test_the_registrar_does_not_see_the_ballot_key(simulation: Simulation) -> None:
    holder = Holder(simulation.election)
    credential = signed(simulation, holder)
    assert credential.key == holder.signing_key.verify_key.data
    assert credential.key not in holder.request("registrar-1")
    # Two requests of one ballot key have nothing in common: the blinding is fresh.
    message = credential_message(simulation.election.id, credential.key)
    key = simulation.election.issuing_keys[0]
    assert blind_rsa.blind(key, message)[0] != blind_rsa.blind(key, message)[0]


# Checks.


def test_a_credential_is_of_one_election_and_one_key(simulation: Simulation) -> None:
    credential = signed(simulation, Holder(simulation.election))
    # The very same issuing keys, in another election.
    other = Election.from_manifest(simulation.manifest.model_copy(update={"nonce": bytes(16)}))
    with pytest.raises(CredentialError, match="registrar registrar-1 did not sign this ballot key"):
        check_credential(other, credential)
    key = Holder(simulation.election).signing_key.verify_key.data
    with pytest.raises(CredentialError, match="registrar registrar-1 did not sign this ballot key"):
        check_credential(simulation.election, credential.model_copy(update={"key": key}))


@pytest.mark.parametrize("place", [0, 1])
def test_every_byte_of_a_signature_counts(simulation: Simulation, place: int) -> None:
    credential = signed(simulation, Holder(simulation.election))
    signatures = credential.signatures

    def check(blob: bytes) -> None:
        changed = (*signatures[:place], blob, *signatures[place + 1 :])
        check_credential(simulation.election, credential.model_copy(update={"signatures": changed}))

    check(signatures[place])
    name = f"registrar registrar-{place + 1}"
    for wrong in (b"", signatures[place][:-1], signatures[place] + b"\0"):
        with pytest.raises(CredentialError, match=f"{name} has the wrong length"):
            check(wrong)
    size = blind_rsa.PREFIX_SIZE
    for at in (0, size - 1, size, size + 200, len(signatures[place]) - 1):
        wrong = bytearray(signatures[place])
        wrong[at] ^= 1
        with pytest.raises(CredentialError, match=f"{name} did not sign this ballot key"):
            check(bytes(wrong))
    # s + n is the same signature to a verifier that forgets to look.
    n = simulation.election.issuing_keys[place].n
    larger = int.from_bytes(signatures[place][size:], "big") + n
    if larger < 2**3072:
        with pytest.raises(CredentialError, match="did not sign"):
            check(signatures[place][:size] + larger.to_bytes(384, "big"))


# The register in the log.


@pytest.fixture(scope="module")
def issuance() -> Simulation:
    simulation = elections.simulate([elections.choice()], roll_size=2, trustees=1, quorum=1, registrars=2)
    simulation.hold_ceremony()
    return simulation


def test_the_register_counts_from_one_to_the_roll(issuance: Simulation) -> None:
    def entry(serial: int, request: bytes, place: int = 0) -> bytes:
        record = Issuance(
            election=issuance.election.id,
            registrar=f"registrar-{place + 1}",
            serial=serial,
            request=request.ljust(32, b"\0"),
        )
        return sign_record(record, issuance.registrar_keys[place]._signing)

    submit = issuance.board.submit
    with pytest.raises(CredentialError, match="registrar registrar-1 has another line 0") as caught:
        submit(entry(0, b"one"))
    assert caught.value.culprit is None
    # Too early is not too late: it is taken after the lines before it.
    with pytest.raises(PhaseError, match="line 1 of registrar registrar-1 comes before line 2") as early:
        submit(entry(2, b"two"))
    assert early.value.culprit is None
    submit(entry(1, b"one"))
    submit(entry(1, b"one", 1))
    with pytest.raises(
        CredentialError, match="the request was signed before by registrar registrar-1"
    ) as caught:
        submit(entry(2, b"one"))
    assert caught.value.culprit is None
    with pytest.raises(CredentialError, match="registrar registrar-1 has another line 1"):
        submit(entry(1, b"two"))
    submit(entry(2, b"two"))
    assert issuance.log.issued == {"registrar-1": 2, "registrar-2": 1}
    with pytest.raises(CredentialError, match="more credentials than voters on the roll") as caught:
        submit(entry(3, b"three"))
    assert caught.value.culprit == "registrar registrar-1"
    # Sent again byte for byte it is the same line of the register.
    submit(entry(2, b"two"))
    assert issuance.log.issued == {"registrar-1": 2, "registrar-2": 1}
