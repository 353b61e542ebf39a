"""What each role keeps in a key file: it comes back whole, it is read strictly, and it is of one party and election."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import secretballot as sb
from secretballot.ceremony.trustee import Committed, Revealed
from secretballot.crypto import key_file
from secretballot.crypto.encoding import frame
from secretballot.errors import (
    ArgumentError,
    CeremonyError,
    CredentialError,
    DuplicateError,
    KeyFileError,
    PhaseError,
)
from secretballot.testing import Simulation

from ..support import elections
from ..support.key_files import PASSPHRASE, survive

pytestmark = pytest.mark.usefixtures("cheap_key_files")


@pytest.fixture
def simulation() -> Simulation:
    return elections.simulate([elections.choice()], roll_size=3, registrars=2)


# Keys.

KEYS: dict[str, Callable[[Simulation], Any]] = {
    "authority": lambda simulation: simulation.authority,
    "board": lambda simulation: simulation.board_keys,
    "trustee": lambda simulation: simulation.trustees[0],
    "registrar": lambda simulation: simulation.registrar_keys[0],
}


@pytest.mark.parametrize("role", KEYS)
def test_keys_are_saved_and_loaded(simulation: Simulation, tmp_path: Path, role: str) -> None:
    keys, path = KEYS[role](simulation), tmp_path / "key"
    keys.save(path, passphrase=PASSPHRASE)
    assert path.read_text().startswith(f"secretballot/1/key-file {role} argon2id 1 8 ")
    again = type(keys).load(path, passphrase=PASSPHRASE)
    assert again.public() == keys.public()
    assert again.public().to_body() == keys.public().to_body()
    assert repr(again) == repr(keys)
    with pytest.raises(KeyFileError, match="there is such a file already"):
        keys.save(path, passphrase=PASSPHRASE)
    with pytest.raises(KeyFileError, match=r"^key file 'key': another passphrase, or a damaged file$"):
        type(keys).load(path, passphrase=PASSPHRASE + "x")
    for other, get in KEYS.items():
        if other != role:
            with pytest.raises(KeyFileError, match=f"of the kind {role}, not {other}"):
                type(get(simulation)).load(path, passphrase=PASSPHRASE)
    for wrong in (None, b"x"):
        with pytest.raises(ArgumentError):
            keys.save(tmp_path / "other", passphrase=wrong)


def test_loaded_keys_sign_as_before(simulation: Simulation, tmp_path: Path) -> None:
    election = simulation.election
    authority = survive(simulation.authority, tmp_path / "key")
    assert authority.announce(election) == simulation.authority.announce(election)
    board_keys = survive(simulation.board_keys, tmp_path / "key")
    assert board_keys.sign(1, bytes(32)) == simulation.board_keys.sign(1, bytes(32))
    clerk = survive(simulation.registrar_keys[0], tmp_path / "key")
    holder = sb.Holder(election)
    request = holder.request(clerk.id)
    answers = [
        sb.Registrar(keys, election, ["an"]).issue("an", request)
        for keys in (clerk, simulation.registrar_keys[0])
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("role", KEYS)
def test_the_payload_of_keys_is_read_strictly(simulation: Simulation, tmp_path: Path, role: str) -> None:
    """A file sealed by somebody who has the passphrase, and is no program of ours."""
    keys, path = KEYS[role](simulation), tmp_path / "key"
    keys.save(path, passphrase=PASSPHRASE)
    count = {"registrar": 3, "trustee": 3}.get(role, 2)
    with key_file.load(path, role, PASSPHRASE, count) as loaded:
        fields = [field.reveal() for field in loaded]
    wrong = [fields[:-1], [*fields, b""], [b" " + fields[0], *fields[1:]], [fields[0][:-1], *fields[1:]]]
    # Keys that are not the public ones.
    wrong.append([*fields[:-1], secrets.token_bytes(32)])
    for place in range(1, count):
        for changed in (fields[place][:-1], fields[place] + b"\0", b"", bytes(len(fields[place]) + 1)):
            wrong.append([*fields[:place], changed, *fields[place + 1 :]])
    if role == "trustee":
        wrong += [
            [fields[0], one, fields[2]] for one in (bytes(32), b"\xff" * 32, (2).to_bytes(32, "little"))
        ]
    for sealed in wrong:
        key_file.save(path, role, PASSPHRASE, *sealed, replace=True)
        with pytest.raises(KeyFileError, match="key file 'key': "):
            type(keys).load(path, passphrase=PASSPHRASE)
    key_file.save(path, role, PASSPHRASE, *fields, replace=True)
    assert type(keys).load(path, passphrase=PASSPHRASE).public() == keys.public()


# Trustees.


def committed(simulation: Simulation) -> list[Committed]:
    states = [keys.join(simulation.election) for keys in simulation.trustees]
    for _, entry in states:
        simulation.board.submit(entry)
    return [state for state, _ in states]


def revealed(simulation: Simulation) -> list[Revealed]:
    states = [state.reveal(simulation.log.commitments) for state in committed(simulation)]
    for _, entry in states:
        simulation.board.submit(entry)
    return [state for state, _ in states]


def test_a_state_is_that_of_one_trustee_in_one_election(simulation: Simulation, tmp_path: Path) -> None:
    path, (mine, theirs) = tmp_path / "key", simulation.trustees[:2]
    state, entry = mine.join(simulation.election)
    state.save(path, passphrase=PASSPHRASE)
    again = mine.resume(path, simulation.election, passphrase=PASSPHRASE)
    assert isinstance(again, Committed)
    assert again.entry() == entry
    assert repr(again) == "<Committed trustee trustee-1, redacted>"
    with pytest.raises(KeyFileError, match="another election or trustee"):
        theirs.resume(path, simulation.election, passphrase=PASSPHRASE)
    other = sb.Election.from_manifest(simulation.manifest.model_copy(update={"nonce": bytes(16)}))
    with pytest.raises(KeyFileError, match="another election or trustee"):
        mine.resume(path, other, passphrase=PASSPHRASE)
    with pytest.raises(KeyFileError, match="another passphrase"):
        mine.resume(path, simulation.election, passphrase="x")
    mine.save(tmp_path / "keys", passphrase=PASSPHRASE)
    with pytest.raises(KeyFileError, match="of the kind trustee, not trustee-ceremony"):
        mine.resume(tmp_path / "keys", simulation.election, passphrase=PASSPHRASE)
    stranger = sb.TrusteeKeys.generate("trustee-1", {"en": "Trustee 1"})
    with pytest.raises(CeremonyError, match="the manifest lists other keys"):
        stranger.resume(path, simulation.election, passphrase=PASSPHRASE)
    with pytest.raises(CeremonyError, match="the manifest lists other keys"):
        stranger.recover(simulation.election, {}, {})
    with pytest.raises(ArgumentError, match="an election must be given"):
        mine.resume(path, simulation.manifest, passphrase=PASSPHRASE)  # type: ignore[arg-type]


def test_the_payload_of_a_state_is_read_strictly(simulation: Simulation, tmp_path: Path) -> None:
    path, keys = tmp_path / "key", simulation.trustees[0]
    state = revealed(simulation)[0]
    state.save(path, passphrase=PASSPHRASE)
    with key_file.load(path, "trustee-ceremony", PASSPHRASE, 4) as loaded:
        fields = [field.reveal() for field in loaded]
    flipped = bytearray(fields[2])
    flipped[70] ^= 1
    wrong = [
        fields[:-1],
        [*fields, b""],
        [*fields[:2], fields[2][:-1], fields[3]],
        [*fields[:2], fields[2] + b"\0", fields[3]],
        [*fields[:2], bytes(flipped), fields[3]],
        [*fields[:2], b"", fields[3]],
        [*fields[:3], fields[3][:-1]],
        [*fields[:3], fields[3] + frame(bytes(32))],
    ]
    for sealed in wrong:
        key_file.save(path, "trustee-ceremony", PASSPHRASE, *sealed, replace=True)
        with pytest.raises(KeyFileError, match="key file 'key': "):
            keys.resume(path, simulation.election, passphrase=PASSPHRASE)


def test_whoever_has_revealed_takes_no_other_hashes(simulation: Simulation, tmp_path: Path) -> None:
    """A board that shows a resumed trustee another log cannot have it confirm messages chosen after seeing its own."""
    path = tmp_path / "key"
    state = revealed(simulation)[0]
    state.save(path, passphrase=PASSPHRASE)
    again = simulation.trustees[0].resume(path, simulation.election, passphrase=PASSPHRASE)
    assert isinstance(again, Revealed)
    assert again.entry() == state.entry()
    assert repr(again) == "<Revealed trustee trustee-1, redacted>"
    late, _ = simulation.trustees[1].join(simulation.election)
    with pytest.raises(CeremonyError, match="not the one committed to") as caught:
        again.confirm(simulation.log.messages | {"trustee-2": late._message})
    assert caught.value.culprit == "trustee trustee-2"
    # Refused before the state was used: with the right messages it goes on.
    again.confirm(simulation.log.messages)


def test_a_resumed_state_is_used_up_by_its_step(simulation: Simulation, tmp_path: Path) -> None:
    revealed(simulation)[0].save(tmp_path / "key", passphrase=PASSPHRASE)
    again = simulation.trustees[0].resume(tmp_path / "key", simulation.election, passphrase=PASSPHRASE)
    assert isinstance(again, Revealed)
    again.confirm(simulation.log.messages)
    with pytest.raises(CeremonyError, match="used before"):
        again.confirm(simulation.log.messages)


def test_a_resumed_trustee_complains_in_the_same_words(simulation: Simulation, tmp_path: Path) -> None:
    joined = [keys.join(simulation.election)[0] for keys in simulation.trustees]
    # The share that the second deals to the first is damaged.
    size = len(joined[1]._message) - 2 * 56 - 1
    spoilt = bytearray(joined[1]._message)
    spoilt[size] ^= 1
    joined[1]._message = bytes(spoilt)
    for state in joined:
        simulation.board.submit(state.entry())
    posted = [state.reveal(simulation.log.commitments) for state in joined]
    for _, entry in posted:
        simulation.board.submit(entry)
    posted[0][0].save(tmp_path / "key", passphrase=PASSPHRASE)
    complaints = set()
    for _ in range(2):
        again = simulation.trustees[0].resume(tmp_path / "key", simulation.election, passphrase=PASSPHRASE)
        assert isinstance(again, Revealed)
        with pytest.raises(CeremonyError, match="does not decrypt") as caught:
            again.confirm(simulation.log.messages)
        complaints.add(again.complain(caught.value))
    assert len(complaints) == 1


def test_recovery_is_the_share_that_finish_gave(simulation: Simulation) -> None:
    keys, log = simulation.trustees[0], simulation.log
    with pytest.raises(PhaseError, match="the message of trustees trustee-1, trustee-2, trustee-3 is still"):
        keys.recover(simulation.election, log.messages, log.confirmations)
    states = [state.confirm(log.messages) for state in revealed(simulation)]
    for _, entry in states[1:]:
        simulation.board.submit(entry)
    with pytest.raises(PhaseError, match="the confirmation of trustee trustee-1 is still awaited"):
        keys.recover(simulation.election, log.messages, log.confirmations)
    simulation.board.submit(states[0][1])
    recovered = keys.recover(simulation.election, log.messages, log.confirmations)
    finished = states[0][0].finish(log.confirmations)
    assert recovered.share.to_secret().reveal() == finished.share.to_secret().reveal()
    assert (recovered.id, recovered.election) == (finished.id, finished.election)
    assert repr(recovered) == "<KeyHolder trustee-1, redacted>"
    swapped = log.confirmations | {"trustee-3": log.confirmations["trustee-2"]}
    with pytest.raises(CeremonyError) as caught:
        keys.recover(simulation.election, log.messages, swapped)
    assert caught.value.culprit == "trustee trustee-3"
    late, _ = simulation.trustees[1].join(simulation.election)
    with pytest.raises(CeremonyError, match="no signature over this transcript"):
        keys.recover(simulation.election, log.messages | {"trustee-2": late._message}, log.confirmations)


def test_a_second_share_by_a_trustee_made_again(finished: elections.Finished) -> None:
    """The shares are the same, the proof is another; the board keeps the first."""
    simulation = finished.simulation
    places = finished.places("decryption-share")
    before = finished.entries[: places[-1] + 1]
    log = elections.replay(before)
    board = sb.Board(elections.store_of(before), simulation.board_keys, sb.ElectionLog())
    keys = simulation.trustees[1]  # The one who was absent.
    entries = []
    for _ in range(2):
        key_holder = keys.recover(log.election, log.messages, log.confirmations)
        entries.append(sb.DecryptingTrustee(key_holder).decrypt(log.tally))
    assert entries[0] != entries[1]
    receipt = board.submit(entries[0])
    size = board.state.size
    with pytest.raises(DuplicateError, match="this share of trustee trustee-2 was posted before"):
        board.submit(entries[1])
    assert board.state.size == size
    assert board.submit(entries[0]).split("\n")[1] == receipt.split("\n")[1]
    first, second = (elections.replay([*before, entry]) for entry in entries)
    assert first.shares == second.shares


# Holders.


def test_a_holder_is_that_of_one_election(simulation: Simulation, tmp_path: Path) -> None:
    path, holder = tmp_path / "key", sb.Holder(simulation.election)
    holder.save(path, passphrase=PASSPHRASE)
    again = sb.Holder.load(path, simulation.election, passphrase=PASSPHRASE)
    assert repr(again) == "<Holder, redacted>"
    assert again.signing_key.verify_key == holder.signing_key.verify_key
    for registrar in ("registrar-1", "registrar-2"):
        assert again.request(registrar) == holder.request(registrar)
    with pytest.raises(CredentialError, match="registrar-1 has not signed yet"):
        again.credential()
    other = sb.Election.from_manifest(simulation.manifest.model_copy(update={"nonce": bytes(16)}))
    with pytest.raises(KeyFileError, match="key file 'key': it is of another election"):
        sb.Holder.load(path, other, passphrase=PASSPHRASE)
    with pytest.raises(ArgumentError, match="an election must be given"):
        sb.Holder.load(path, None, passphrase=PASSPHRASE)  # type: ignore[arg-type]
    with pytest.raises(KeyFileError, match="of the kind holder, not board"):
        sb.BoardKeys.load(path, passphrase=PASSPHRASE)


def test_the_payload_of_a_holder_is_read_strictly(simulation: Simulation, tmp_path: Path) -> None:
    path, holder = tmp_path / "key", sb.Holder(simulation.election)
    registrar = sb.Registrar(simulation.registrar_keys[0], simulation.election, ["an"])
    answer, _ = registrar.issue("an", holder.request("registrar-1"))
    holder.accept("registrar-1", answer)
    holder.save(path, passphrase=PASSPHRASE)
    with key_file.load(path, "holder", PASSPHRASE, 4) as loaded:
        fields = [field.reveal() for field in loaded]
    states = [state.to_secret().reveal() for state in holder._states.values()]
    assert fields[1:] == [holder.signing_key.seed().reveal(), frame(*states), frame(answer, b"")]
    wrong = [
        fields[:-1],
        [*fields, b""],
        [fields[0], fields[1][:-1], *fields[2:]],
        [fields[0], fields[1] + b"\0", *fields[2:]],
        [*fields[:2], frame(*states[::-1]), fields[3]],
        [*fields[:2], frame(states[0]), fields[3]],
        [*fields[:2], frame(*states, b""), fields[3]],
        [*fields[:2], frame(states[0], b""), fields[3]],
        [*fields[:3], frame(b"", answer)],
        [*fields[:3], frame(answer[:-1], b"")],
        [*fields[:3], frame(answer)],
        [*fields[:3], frame(answer, b"", b"")],
    ]
    for sealed in wrong:
        key_file.save(path, "holder", PASSPHRASE, *sealed, replace=True)
        with pytest.raises(KeyFileError, match="key file 'key': "):
            sb.Holder.load(path, simulation.election, passphrase=PASSPHRASE)
    key_file.save(path, "holder", PASSPHRASE, *fields, replace=True)
    with pytest.raises(CredentialError, match="registrar-2 has not signed yet"):
        sb.Holder.load(path, simulation.election, passphrase=PASSPHRASE).credential()


def test_no_file_holds_a_secret_in_the_clear(simulation: Simulation, tmp_path: Path) -> None:
    secret = simulation.authority._key.seed().reveal()
    simulation.authority.save(tmp_path / "key", passphrase=PASSPHRASE)
    data = (tmp_path / "key").read_bytes()
    assert b"authority" in data  # The kind, and nothing else: not even the id or the labels.
    assert b"Assembly" not in data
    assert secret not in data
    assert PASSPHRASE.encode() not in data
