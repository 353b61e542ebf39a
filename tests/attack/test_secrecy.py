"""No secret shows by accident: in repr, str, format, errors, tracebacks, pickle, JSON, copies or logging, of any
object that holds one; and none is in the public record."""

from __future__ import annotations

import base64
import copy
import io
import json
import logging
import pickle
import pprint
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import secretballot
from secretballot.ballot.voter import SealedBallot, VoterDevice
from secretballot.board.cosigner import CosignerKeys
from secretballot.credential.holder import Holder
from secretballot.crypto import blind_rsa
from secretballot.crypto.disjunction import Knowledge
from secretballot.crypto.group import ristretto255
from secretballot.crypto.note import NoteSigner
from secretballot.crypto.secret import Secret
from secretballot.crypto.sharing import Polynomial
from secretballot.crypto.signing import SigningKey
from secretballot.errors import SecretBallotError
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation

from ..support import elections
from .accomplices import CONTESTS, selection

#: The library's own code, wherever the checkout is.
PACKAGE = Path(secretballot.__file__).parent


class Scene(NamedTuple):
    """Every object that holds a secret, by name, and every secret as bytes, by name."""

    simulation: Simulation
    objects: dict[str, Any]
    secrets: dict[str, bytes]
    #: Everything that was published.
    public: bytes
    logged: str


def scene() -> Scene:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        return play(stream)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def unused(state: Any) -> Any:
    """A state of the key generation, as it was before a round takes what it holds."""
    return type(state)(state.index, state._held[0])


def play(stream: io.StringIO) -> Scene:
    """An election in which every state of every role is kept."""
    simulation = elections.simulate(CONTESTS, roll_size=4)
    election, log, board = simulation.election, simulation.log, simulation.board
    objects: dict[str, Any] = {}
    secrets: dict[str, bytes] = {}
    keys = simulation.trustees[0]
    objects["TrusteeKeys"] = keys
    secrets["static key"] = keys._static.to_secret().reveal()
    joined = [one.join(election) for one in simulation.trustees]
    for _, entry in joined:
        board.submit(entry)
    drawn = unused(joined[0][0]._secret)
    objects["Committed"], objects["Round1Secret"] = joined[0][0], drawn
    revealed = [state.reveal(log.commitments) for state, _ in joined]
    for _, entry in revealed:
        board.submit(entry)
    objects["Revealed"] = revealed[0][0]
    confirmed = [state.confirm(log.messages) for state, _ in revealed]
    for _, entry in confirmed:
        board.submit(entry)
    pending = unused(confirmed[0][0]._pending)
    objects["Confirmed"], objects["Round2Secret"] = confirmed[0][0], pending
    simulation.key_holders = [state.finish(log.confirmations) for state, _ in confirmed]
    # What the rounds used up is put back, so that there is something to hide.
    joined[0][0]._secret = revealed[0][0]._secret = drawn
    confirmed[0][0]._pending = pending
    holder = simulation.key_holders[0]
    objects["KeyHolder"], objects["KeyShare"] = holder, holder.share
    secrets["share of the key"] = holder.share.share.encode()
    board.submit(simulation.authority.enter(election, "issuance"))
    voter = Holder(election)
    objects["Holder"] = voter
    objects["BlindingState"] = voter._states["registrar-1"]
    opening = voter._states["registrar-1"]._opening.reveal()
    secrets["blinding factor's inverse"] = opening.inverse.to_bytes(384, "big")
    registrar = simulation.registrars[0]
    signature, entry = registrar.issue("voter-1", voter.request("registrar-1"))
    board.submit(entry)
    voter.accept("registrar-1", signature)
    issuing = simulation.registrar_keys[0]._issuing
    objects |= {"Registrar": registrar, "RegistrarKeys": simulation.registrar_keys[0], "PrivateKey": issuing}
    numbers = issuing._numbers.reveal()
    secrets |= {
        "p": numbers.p.to_bytes(192, "big"),
        "q": numbers.q.to_bytes(192, "big"),
        "d mod p - 1": numbers.d_p.to_bytes(192, "big"),
        "d": issuing._key.reveal().private_numbers().d.to_bytes(384, "big"),
    }
    board.submit(simulation.authority.enter(election, "voting"))
    device = VoterDevice(log.context, voter.credential(), voter.signing_key)
    sealed = device.seal(selection("low", "high", "hoa"))
    objects |= {"VoterDevice": device, "SealedBallot": sealed}
    assert sealed._openings is not None
    for own in sealed._openings.reveal():
        for at in range(0, len(own.randomness), 32):
            secrets[f"randomness {own.id} {at}"] = own.randomness[at : at + 32]
    board.submit(device.seal(selection("high", "high")).cast())
    used = device.seal(selection("high", "high"))
    used.challenge()
    objects["SealedBallot, challenged"] = used
    simulation.close_voting()
    trustee = DecryptingTrustee(holder)
    board.submit(trustee.decrypt(log.tally))
    cosigner = CosignerKeys.generate("witness.example/w1")
    secrets["key of a cosigner's memory"] = cosigner.memory_key().reveal()
    objects["DecryptingTrustee"] = trustee
    objects |= {
        "AuthorityKeys": simulation.authority,
        "BoardKeys": simulation.board_keys,
        "Board": board,
        "SigningKey": voter.signing_key,
        "NoteSigner": NoteSigner("name.example", voter.signing_key),
        "CosignerKeys": cosigner,
        "CosignatureSigner": cosigner.signer,
        "StaticKey": keys._static,
        "Scalar": holder.share.share,
        "Secret": Secret(secrets["p"]),
        "Polynomial": Polynomial(ristretto255, 2),
        "Knowledge": Knowledge(0, [holder.share.share], {2: ((0, holder.share.share),)}),
    }
    for name, key in {
        "ballot key": voter.signing_key,
        "authority's key": simulation.authority._key,
        "board's key": simulation.board_keys._key,
        "cosigner's key": cosigner._key,
        "registrar's key": simulation.registrar_keys[0]._signing,
        "trustee's key": keys._signing,
    }.items():
        secrets[name] = key.seed().reveal()
    public = b"\n".join([*simulation.store.entries(), board.checkpoint().encode()])
    return Scene(simulation, objects, secrets, public, stream.getvalue())


@pytest.fixture(scope="module")
def scened() -> Scene:
    return scene()


#: The names are needed before the scene is played.
OBJECTS = [
    "TrusteeKeys",
    "Committed",
    "Round1Secret",
    "Revealed",
    "Confirmed",
    "Round2Secret",
    "KeyHolder",
    "KeyShare",
    "Holder",
    "BlindingState",
    "Registrar",
    "RegistrarKeys",
    "PrivateKey",
    "VoterDevice",
    "SealedBallot",
    "SealedBallot, challenged",
    "DecryptingTrustee",
    "AuthorityKeys",
    "BoardKeys",
    "Board",
    "SigningKey",
    "NoteSigner",
    "CosignerKeys",
    "CosignatureSigner",
    "StaticKey",
    "Scalar",
    "Secret",
    "Polynomial",
    "Knowledge",
]

every_object = pytest.mark.parametrize("name", OBJECTS)


def forms(secret: bytes) -> Iterator[bytes]:
    """How a secret may be written: as bytes in either order, in hexadecimal, base64 and decimal, and by Python."""
    for data in (secret, secret[::-1]):
        yield data
        yield data.hex().encode()
        yield data.hex().upper().encode()
        yield str(int.from_bytes(data, "big")).encode()
        yield repr(data)[2:-1].encode()
        # Base64 of the middle, wherever it begins within the groups of three bytes.
        for skip in range(3):
            middle = data[skip : skip + 3 * ((len(data) - skip) // 3)]
            yield base64.b64encode(middle)
            yield base64.urlsafe_b64encode(middle)


def check_hidden(scene: Scene, what: str | bytes) -> None:
    data = what.encode("utf-8", "surrogateescape") if isinstance(what, str) else what
    for name, secret in scene.secrets.items():
        for form in forms(secret):
            assert form not in data, name


def test_the_scene_is_whole(scened: Scene) -> None:
    assert set(scened.objects) == set(OBJECTS)
    assert len({bytes(secret) for secret in scened.secrets.values()}) == len(scened.secrets)
    assert all(len(secret) >= 32 for secret in scened.secrets.values())


def test_a_secret_would_be_seen(scened: Scene) -> None:
    """In each of its forms."""
    for secret in list(scened.secrets.values())[:3]:
        for shown in (
            secret.hex(),
            repr(secret),
            str(int.from_bytes(secret, "little")),
            json.dumps(list(forms(secret))[5].decode("latin-1")),
        ):
            with pytest.raises(AssertionError):
                check_hidden(scened, shown)


@every_object
def test_nothing_shows_it(scened: Scene, name: str) -> None:
    held = scened.objects[name]
    texts = [
        repr(held),
        str(held),
        f"{held}",
        f"{held!r}",
        f"{[held]}",
        f"{held} {held!r}",
        pprint.pformat(held),
    ]
    texts += [repr({"key": (held,)}), json.dumps({"key": held}, default=str), ascii(held)]
    for text in texts:
        check_hidden(scened, text)
        assert "redacted" in text or name == "Board"


@every_object
def test_attributes_show_no_more(scened: Scene, name: str) -> None:
    """What a debugger or an error reporter prints of an object's members, two levels deep."""
    held = scened.objects[name]
    members = dict(vars(held)) if hasattr(held, "__dict__") else {}
    members |= {
        slot: getattr(held, slot) for slot in getattr(type(held), "__slots__", ()) if hasattr(held, slot)
    }
    if isinstance(held, tuple):
        members |= {str(place): item for place, item in enumerate(held)}
    if name == "Scalar":
        # A scalar is the number, below its type: nothing but its own methods reads it.
        members.pop("_value", None)
    if name == "Secret":
        members.pop("_value")
    for member in members.values():
        check_hidden(scened, repr(member))
        for inner in vars(member).values() if hasattr(member, "__dict__") else ():
            check_hidden(scened, repr(inner))


@every_object
def test_nothing_pickles_it(scened: Scene, name: str) -> None:
    held = scened.objects[name]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises((TypeError, pickle.PicklingError, AttributeError)) as error:
            pickle.dumps(held, protocol=protocol)
        check_hidden(scened, str(error.value))


@every_object
def test_nothing_makes_json_of_it(scened: Scene, name: str) -> None:
    held = scened.objects[name]
    with pytest.raises(TypeError) as error:
        json.dumps(held)
    check_hidden(scened, str(error.value))
    with pytest.raises((TypeError, ValueError)):
        json.dumps(held, default=vars)
    if is_dataclass(held) and not isinstance(held, type):
        check_hidden(scened, repr(asdict(held)))
    with pytest.raises((TypeError, ValueError)):
        bytes(held)


def test_a_sealed_ballot_is_not_copied(scened: Scene) -> None:
    """One could be cast, and the other opened."""
    sealed = scened.objects["SealedBallot"]
    for way in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            way(sealed)


@pytest.mark.parametrize(
    "name",
    ["Secret", "Scalar", "SigningKey", "PrivateKey", "KeyShare", "StaticKey", "BlindingState", "Polynomial"],
)
def test_secrets_themselves_are_not_copied(scened: Scene, name: str) -> None:
    for way in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            way(scened.objects[name])


def test_a_secret_says_nothing_by_its_answers() -> None:
    secret = Secret(b"x" * 32)
    for question in (
        lambda: secret == secret,
        lambda: bool(secret),
        lambda: hash(secret),
        lambda: len(secret),  # type: ignore[arg-type]
        lambda: iter(secret),  # type: ignore[call-overload]
        lambda: secret[0],  # type: ignore[index]
        lambda: b"x" in secret,  # type: ignore[operator]
        lambda: secret < secret,  # type: ignore[operator]
        lambda: bytes(secret),  # type: ignore[call-overload]
    ):
        with pytest.raises(TypeError):
            question()
    assert f"{secret:>200}" == "<Secret redacted>"


def test_nothing_was_logged(scened: Scene) -> None:
    check_hidden(scened, scened.logged)


def test_nothing_is_in_the_record(scened: Scene) -> None:
    """Nor in the store, the receipts or the directory."""
    check_hidden(scened, scened.public)


def used_up(state: Any, simulation: Simulation) -> None:
    """A trustee confirms twice."""
    drawn = unused(state._secret)
    try:
        state.confirm(simulation.log.messages)
        state.confirm(simulation.log.messages)
    finally:
        state._secret = drawn


def failures(scene: Scene) -> Mapping[str, Callable[[], object]]:
    """A call of each role that fails."""
    simulation, objects = scene.simulation, scene.objects
    device: VoterDevice = objects["VoterDevice"]
    choices = selection("low", "high", "hoa")
    registrar = simulation.registrars[0]
    request = objects["Holder"].request("registrar-1")
    trustee: DecryptingTrustee = objects["DecryptingTrustee"]
    bad = simulation.log.tally._replace(root=bytes(32))

    def challenge_twice() -> None:
        sealed = device.seal(choices)
        sealed.challenge()
        sealed.challenge()

    def challenge_then_cast() -> None:
        sealed = device.seal(choices)
        sealed.challenge()
        sealed.cast()

    return {
        "challenge twice": challenge_twice,
        "challenge then cast": challenge_then_cast,
        "another key": lambda: VoterDevice(
            simulation.log.context, objects["Holder"].credential(), SigningKey.generate()
        ),
        "another request": lambda: registrar.issue("voter-1", bytes([*request[:-1], request[-1] ^ 1])),
        "not on the roll": lambda: registrar.issue("voter-9", request),
        "a request that cannot be signed": lambda: registrar.issue("voter-2", b"\xff" * 384),
        "a reply that is wrong": lambda: objects["Holder"].accept("registrar-1", bytes(384)),
        "another tally": lambda: trustee.decrypt(bad),
        "a state used before": lambda: used_up(objects["Revealed"], simulation),
        "a key that is none": lambda: SigningKey(Secret(scene.secrets["p"])),
        "a private key that is none": lambda: blind_rsa.PrivateKey.from_secret_der(
            Secret(scene.objects["PrivateKey"].to_secret_der().reveal()[:-1])
        ),
    }


@pytest.mark.parametrize(
    "name",
    [
        "challenge twice",
        "challenge then cast",
        "another key",
        "another request",
        "not on the roll",
        "a request that cannot be signed",
        "a reply that is wrong",
        "another tally",
        "a state used before",
        "a key that is none",
        "a private key that is none",
    ],
)
def test_no_error_tells_it(scened: Scene, name: str) -> None:
    """Neither its text nor its traceback, with the locals of the library's frames."""
    with pytest.raises(SecretBallotError) as error:
        failures(scened)[name]()
    check_hidden(scened, str(error.value))
    check_hidden(scened, repr(error.value))
    check_hidden(scened, "".join(traceback.format_exception(error.value)))
    for frame, _ in traceback.walk_tb(error.value.__traceback__):
        # An object that is not made yet has no repr.
        if Path(frame.f_code.co_filename).is_relative_to(PACKAGE) and name != "a key that is none":
            check_hidden(scened, repr(frame.f_locals))


SECRET_CHOICES = [
    selection("low", "undecided-xyzzy"),
    {**selection("low", "high"), "committee": {"hoa", "xyzzy"}},
    {**selection("low", "high"), "committee": ["giang", "hoa"]},
    {**selection("low", "high"), "committee": ["hoa", "hoa"]},
    {**selection("low", "high"), "committee": "xyzzy"},
    {**selection("low", "high"), "committee": [["xyzzy"]]},
    {**selection("low", "high"), "committee": 17},
    {**selection("low", "high"), "officials": ["xyzzy"]},
    {**selection("low", "high"), "officials": {"an": None, "binh": "xyzzy"}},
    {**selection("low", "high"), "officials": {"an": "low", "binh": ["xyzzy"]}},
]


@pytest.mark.parametrize("choices", SECRET_CHOICES)
def test_an_error_does_not_tell_the_choice(scened: Scene, choices: dict[str, Any]) -> None:
    """Only which contest and line it is about."""
    device: VoterDevice = scened.objects["VoterDevice"]
    with pytest.raises(SecretBallotError) as error:
        device.seal(choices)
    shown = str(error.value) + repr(error.value)
    # The error lists what the manifest has: the same, whatever was chosen.
    shown = re.sub(r"there are (low|high|confidence|an|binh|hoa|giang|khoa)(, \w+)*", "", shown)
    for word in ("xyzzy", "hoa", "giang", "low", "high"):
        assert word not in shown.replace("allowed", "")


def test_a_cast_ballot_has_forgotten_its_randomness(scened: Scene) -> None:
    device: VoterDevice = scened.objects["VoterDevice"]
    sealed: SealedBallot = device.seal(selection("low", "high", "hoa"))
    sealed.cast()
    assert sealed._openings is None
    challenged = device.seal(selection("low", "high", "hoa"))
    challenged.challenge()
    assert challenged._openings is None


def test_two_ballots_share_nothing(scened: Scene) -> None:
    """The same choice twice: no ciphertext, commitment or response is the same, so that nobody sees that it is."""
    device: VoterDevice = scened.objects["VoterDevice"]
    blocks: set[bytes] = set()
    count = 0
    for _ in range(3):
        sealed = device.seal(selection("low", "high", "hoa"))
        body = json.loads(sealed._body)
        for contest in body["contests"]:
            for member in ("ciphertexts", "proof"):
                data = base64.urlsafe_b64decode(contest[member] + "==")
                parts = [data[i : i + 32] for i in range(0, len(data), 32)]
                blocks |= set(parts)
                count += len(parts)
    assert len(blocks) == count


def test_ballots_are_of_one_length_whatever_they_say(scened: Scene) -> None:
    device: VoterDevice = scened.objects["VoterDevice"]
    lengths = {
        len(device.seal(choices).cast())
        for choices in (
            selection("low", "high", "hoa"),
            selection("high", "high"),
            selection("low", "low", "giang"),
        )
    }
    assert len(lengths) == 1


def test_the_directory_holds_nothing_secret(scened: Scene, tmp_path: Path) -> None:
    record = scened.simulation.export(str(tmp_path / "record"))
    assert sorted(path.name for path in record.path.iterdir()) == ["checkpoint", "entries.jsonl"]
    for path in record.path.iterdir():
        check_hidden(scened, path.read_bytes())
