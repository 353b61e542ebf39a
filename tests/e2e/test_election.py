"""Whole elections with every role for real: the counts are those of a plain count, and no secret shows anywhere."""

from __future__ import annotations

import base64
import copy
import json
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secretballot.ballot.voter import SealedBallot
from secretballot.board.board import Board
from secretballot.board.store import SQLiteStore
from secretballot.crypto.encoding import b64decode
from secretballot.crypto.group import Scalar, ristretto255
from secretballot.crypto.signing import SigningKey
from secretballot.errors import EncodingError
from secretballot.manifest import ChoiceContest, Contest, RatingContest
from secretballot.tally import ElectionLog
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation, SimulationEvent
from secretballot.verify import Verdict, verify_record

from ..support import elections

KINDS: dict[str, tuple[Contest, ...]] = {
    "rating": (elections.rating(rules=elections.RULES),),
    "rating, no blanks": (elections.rating(allow_blank=False),),
    "choice": (elections.choice(),),
    "choice, no blanks": (elections.choice(allow_blank=False),),
    "approval": (elections.approval(),),
    "approval, none": (elections.approval(minimum=0, maximum=3, allow_blank=False),),
    "rating and choice": (elections.rating(), elections.choice()),
    "choice and approval": (elections.choice(), elections.approval()),
    "rating and approval": (elections.rating(), elections.approval()),
    "two of a kind": (elections.choice("one"), elections.choice("two", allow_blank=False)),
    "all": elections.CONTESTS,
}


def selections(contest: Contest) -> st.SearchStrategy[Any]:
    ids = [option.id for option in contest.options]
    blank: list[str | None] = [None] if contest.allow_blank else []
    match contest:
        case RatingContest():
            marks = st.sampled_from([*blank, *(level.id for level in contest.levels)])
            return st.fixed_dictionaries(dict.fromkeys(ids, marks))
        case ChoiceContest():
            return st.sampled_from([*blank, *ids])
        case _:
            some = st.sets(st.sampled_from(ids), min_size=contest.minimum, max_size=contest.maximum)
            return some | st.just([]) if contest.allow_blank else some


def ballots(contests: tuple[Contest, ...]) -> st.SearchStrategy[Mapping[str, Any]]:
    return st.fixed_dictionaries({contest.id: selections(contest) for contest in contests})


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_result_is_the_plain_count(kind: str, data: st.DataObject) -> None:
    contests = KINDS[kind]
    revoting = data.draw(st.sampled_from(["first", "last"]))
    cast = data.draw(st.lists(st.tuples(st.integers(0, 2), ballots(contests)), max_size=4))
    simulation = elections.voting(
        contests,
        3,
        revoting=revoting,
        registrars=data.draw(st.sampled_from([1, 2])),
        trustees=3,
        quorum=data.draw(st.sampled_from([1, 2, 3])),
        capacity=data.draw(st.sampled_from([5, 10_000, 200_000])),
    )
    counting: dict[int, Mapping[str, Any]] = {}
    for voter, ballot in cast:
        if data.draw(st.booleans()):
            simulation.board.submit(simulation.seal(voter, ballot).challenge())
        simulation.board.submit(simulation.seal(voter, ballot).cast())
        if revoting == "last" or voter not in counting:
            counting[voter] = ballot
    result = simulation.tally(absent=[0] if simulation.manifest.quorum < 3 else [])
    assert elections.counts_of(result) == elections.plain_count(contests, list(counting.values()))
    assert result.collected == len(counting)
    report = elections.verify(
        simulation, list(simulation.store.entries()), election_id=simulation.election.id
    )
    assert report.verdict is Verdict.VERIFIED
    assert report.ballots_counted == len(counting)
    assert report.ballots_cast == len(cast)


def test_the_stages_of_a_simulation() -> None:
    events: list[SimulationEvent] = []
    with elections.shared_rsa_keys():
        simulation = Simulation(
            [elections.choice()],
            roll_size=3,
            labels={"vi": "Bầu cử"},
            registrars=2,
            origin="votes.example/2026",
            on_event=events.append,
        )
    simulation.hold_ceremony()
    simulation.issue(2)
    simulation.vote([{"chair": "chi"}] * 2, challenge_every=2)
    simulation.tally(absent=[2])
    stages = {
        "keys": 2,
        "ceremony: commitments": 3,
        "ceremony: messages": 3,
        "ceremony: confirmations": 3,
        "credentials": 2,
        "ballots": 2,
        "decryption shares": 2,
    }
    assert events == [
        SimulationEvent(stage, done, total) for stage, total in stages.items() for done in range(1, total + 1)
    ]
    assert len(simulation.receipts) == 2
    assert simulation.manifest.labels == {"vi": "Bầu cử"}
    assert simulation.board.checkpoint().startswith("votes.example/2026\n")


# Secrets.


class Whole:
    """An election with all its roles, and each secret that it has or had, by name."""

    def __init__(self, folder: Path) -> None:
        self.secrets: dict[str, bytes] = {}
        self.roles: dict[str, object] = {}
        store = SQLiteStore(folder / "board.sqlite")
        simulation = elections.simulate(elections.CONTESTS, registrars=2, store=store)
        self.simulation = simulation
        self._parties()
        self._ceremony()
        simulation.issue(2)
        for number, holder in enumerate(simulation.holders):
            self.roles[f"holder {number}"] = holder
            self.secret(f"ballot key {number}", holder.signing_key)
            for registrar, state in holder._states.items():
                self.roles[f"blinding state {number} {registrar}"] = state
                inverse = state._opening.reveal().inverse
                self.blob(f"blinding {number} {registrar}", inverse.to_bytes(384, "big"))
        self._ballots()
        simulation.tally()
        for holder in simulation.key_holders:
            self.roles[f"key holder {holder.id}"] = holder
            self.roles[f"decrypting {holder.id}"] = DecryptingTrustee(holder)
            self.roles[f"key share {holder.id}"] = holder.share
            self.secret(f"share {holder.id}", holder.share.share)
        self.record = simulation.export(str(folder / "record"))

    def secret(self, name: str, value: SigningKey | Scalar) -> None:
        self.blob(name, value.seed().reveal() if isinstance(value, SigningKey) else value.encode())

    def blob(self, name: str, value: bytes) -> None:
        assert len(value) >= 32
        self.secrets[name] = value

    def _parties(self) -> None:
        simulation = self.simulation
        self.roles |= {
            "simulation": simulation,
            "authority": simulation.authority,
            "board keys": simulation.board_keys,
            "board": simulation.board,
        }
        self.secret("authority", simulation.authority._key)
        self.secret("board", simulation.board_keys._key)
        for trustee in simulation.trustees:
            self.roles[trustee.id] = trustee
            self.secret(f"static key {trustee.id}", trustee._static.reveal())
            self.secret(f"signing key {trustee.id}", trustee._signing)
        for keys, registrar in zip(simulation.registrar_keys, simulation.registrars, strict=True):
            self.roles[f"{keys.id} keys"] = keys
            self.roles[keys.id] = registrar
            self.secret(f"signing key {keys.id}", keys._signing)
            key = keys._issuing._key.reveal()
            assert isinstance(key, rsa.RSAPrivateKey)
            numbers = key.private_numbers()
            for part in ("p", "q", "d", "dmp1", "dmq1", "iqmp"):
                value: int = getattr(numbers, part)
                self.blob(f"RSA {part} {keys.id}", value.to_bytes((value.bit_length() + 7) // 8, "big"))

    def _ceremony(self) -> None:
        """As the simulation holds it, with every state kept."""
        simulation = self.simulation
        joined = [keys.join(simulation.election) for keys in simulation.trustees]
        for _, entry in joined:
            simulation.board.submit(entry)
        revealed = [state.reveal(simulation.log.commitments) for state, _ in joined]
        for _, entry in revealed:
            simulation.board.submit(entry)
        states: list[Any] = [*(state for state, _ in joined), *(state for state, _ in revealed)]
        confirmed = [state.confirm(simulation.log.messages) for state, _ in revealed]
        for _, entry in confirmed:
            simulation.board.submit(entry)
        states += [state for state, _ in confirmed]
        simulation.key_holders = [state.finish(simulation.log.confirmations) for state, _ in confirmed]
        simulation.board.submit(simulation.authority.enter(simulation.election, "issuance"))
        self.roles |= {f"state {number}": state for number, state in enumerate(states)}

    def _ballots(self) -> None:
        simulation = self.simulation
        selections = {"officials": {"an": "low", "binh": None}, "chair": "dung", "committee": ["hoa"]}
        for voter in range(2):
            device = simulation.device(voter)
            self.roles[f"device {voter}"] = device
            waiting, sealed = device.seal(selections), device.seal(selections)
            self.roles |= {f"waiting {voter}": waiting, f"sealed {voter}": sealed}
            for number, value in enumerate(randomness(sealed)):
                self.blob(f"randomness {voter} {number}", value)
            simulation.board.submit(sealed.cast())
            # A challenge publishes randomness: that of the ballot that never counts, and of no other.
            simulation.board.submit(device.seal(selections).challenge())


def randomness(sealed: SealedBallot) -> list[bytes]:
    openings = sealed._openings
    assert openings is not None
    return [
        one.randomness[at : at + 32] for one in openings.reveal() for at in range(0, len(one.randomness), 32)
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return Whole(tmp_path_factory.mktemp("whole"))


def spellings(secret: bytes) -> Iterator[str]:
    """The ways in which a secret's bytes could show in text."""
    yield secret.hex()
    yield secret[::-1].hex()
    yield base64.b64encode(secret).decode().rstrip("=")[:-1]
    yield base64.urlsafe_b64encode(secret).decode().rstrip("=")[:-1]
    yield str(int.from_bytes(secret, "big"))
    yield str(int.from_bytes(secret, "little"))
    yield repr(secret)[2:-1]
    yield repr(list(secret))[1:-1]


def test_the_election_is_a_good_one(whole: Whole) -> None:
    assert verify_record(whole.record).verdict is Verdict.VERIFIED
    assert len(set(whole.secrets.values())) == len(whole.secrets) > 40
    assert len(whole.roles) > 30


def test_no_role_shows_a_secret(whole: Whole) -> None:
    for name, role in whole.roles.items():
        for text in (repr(role), str(role), f"{role}", f"{[role]}", f"{(role,)!r}"):
            assert len(text) < 400, name
            for secret, value in whole.secrets.items():
                assert not any(spelling in text for spelling in spellings(value)), (name, secret)
    for name in ("board", "simulation"):
        assert "voter" not in repr(whole.roles[name])


def test_no_role_is_pickled_or_copied(whole: Whole) -> None:
    for name, role in whole.roles.items():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
                pytest.fail(f"{name} was pickled: {len(pickle.dumps(role, protocol))} bytes")
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            pytest.fail(f"{name} was copied: {copy.deepcopy(role)!r}")


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def published(raw: bytes) -> bytes:
    """Everything that an entry holds, each text also as the bytes that it may stand for, and JSON within JSON."""
    out = [raw]
    for text in texts(json.loads(raw)):
        out.append(text.encode())
        try:
            out.append(b64decode(text))
        except EncodingError:
            if text.startswith("{"):
                out.append(published(text.encode()))
    return b"\0".join(out)


def test_the_record_holds_no_secret(whole: Whole) -> None:
    files = sorted(path for path in whole.record.path.rglob("*"))
    assert [path.name for path in files] == ["checkpoint", "entries.jsonl"]
    everything = b"".join(published(raw) for raw in whole.record.entries())
    everything += b"".join(path.read_bytes() for path in files)
    for name, value in whole.secrets.items():
        assert value not in everything, name
        assert value[::-1] not in everything, name
        assert not any(spelling.encode() in everything for spelling in spellings(value)), name
    # The search does find what is there: public keys, and a challenged ballot's randomness.
    assert whole.simulation.trustees[0].public().key in everything
    opened = next(iter(whole.simulation.log.challenged.values()))
    body = json.loads(whole.simulation.store.get(opened))["body"]
    assert b64decode(body["openings"][0]["randomness"])[:32] in everything
    for voter in whole.simulation.roll:
        assert f'"{voter}"'.encode() not in everything


def test_a_randomness_is_of_one_ballot(whole: Whole) -> None:
    """No ballot that is cast shares a random number with one that was opened."""
    opened = set()
    for place in whole.simulation.log.challenged.values():
        for one in json.loads(whole.simulation.store.get(place))["body"]["openings"]:
            data = b64decode(one["randomness"])
            values = ristretto255.decode_integers(data)
            assert len(set(values)) == len(values)
            opened |= {data[at : at + 32] for at in range(0, len(data), 32)}
    assert len(opened) == 2 * 6
    assert not opened & set(whole.secrets.values())


def test_the_board_holds_nothing_but_its_key(whole: Whole) -> None:
    """A board made anew from the store alone, with its log key, is the same board."""
    again = Board(whole.simulation.store, whole.simulation.board_keys, ElectionLog())
    assert again.checkpoint() == whole.simulation.board.checkpoint()
    assert again.state.phase == "closed"
