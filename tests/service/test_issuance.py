"""The registrar's desk over HTTP: who is answered, who is not, and what becomes of the register's lines."""

from __future__ import annotations

import json
import logging
import threading
import unicodedata
from collections.abc import Iterator

import httpx
import pytest

from secretballot.client import LocalBoard
from secretballot.client.remote import RemoteRegistrar, Service
from secretballot.client.wire import TooManyError, UnreachableError
from secretballot.credential.codes import check_code, hash_code, new_code
from secretballot.credential.holder import Holder
from secretballot.credential.registrar import Registrar
from secretballot.crypto.encoding import b64encode
from secretballot.errors import BoardError, CredentialError, EncodingError, StoreError
from secretballot.records import parse_entry
from secretballot.service.app import create_app
from secretballot.service.issuance import IssuanceDesk, Publisher
from secretballot.service.issuance_routes import issuance_routes
from secretballot.service.rates import Rates
from secretballot.service.settings import Rate, Settings
from secretballot.testing import Simulation

from ..support import elections
from ..support.services import running
from .test_hostile import Clock, refused


class Desk:
    """An election in its phase of issuing, its registrar's service, and the codes that were handed out."""

    def __init__(self, url: str, simulation: Simulation, codes: dict[str, str], clock: Clock) -> None:
        self.url = url
        self.simulation = simulation
        self.codes = codes
        self.clock = clock
        self.service = RemoteRegistrar(Service(url, attempts=1))

    def holder(self) -> tuple[Holder, bytes]:
        holder = Holder(self.simulation.election)
        return holder, holder.request("registrar-1")


@pytest.fixture
def desk() -> Iterator[Desk]:
    simulation = elections.simulate([elections.choice()], roll_size=4)
    simulation.hold_ceremony()
    registrar, election = simulation.registrars[0], simulation.election
    codes = {voter: new_code() for voter in simulation.roll}
    kept = {voter: hash_code(election.id, voter, code) for voter, code in codes.items()}
    clock = Clock()
    settings = Settings(codes=Rate(3, 0.1))

    def authenticate(voter: str, code: str) -> None:
        check_code(election.id, voter, code, kept.get(voter))

    made = IssuanceDesk(registrar, authenticate, Rates(settings.codes, 100, clock))
    app = create_app("issuance", issuance_routes(made, settings), lambda: None, settings)
    with running(app) as url:
        one = Desk(url, simulation, codes, clock)
        yield one
        one.service.close()


def test_a_voter_with_the_code_gets_a_credential(desk: Desk) -> None:
    holder, request = desk.holder()
    voter = desk.simulation.roll[0]
    signature = desk.service.issue(voter, desk.codes[voter].lower().replace("-", " "), request)
    holder.accept("registrar-1", signature)
    assert holder.credential()
    # The reply was lost: asked again, it is the same.
    assert desk.service.issue(voter, desk.codes[voter], request) == signature
    # The code served once: no second credential.
    other, another = desk.holder()
    with pytest.raises(CredentialError, match="this voter has a credential already"):
        desk.service.issue(voter, desk.codes[voter], another)
    assert other


def test_a_name_may_be_typed_in_any_composition() -> None:
    """A keyboard that puts each mark behind its letter keeps nobody from voting, and makes nobody two voters."""
    simulation = elections.simulate([elections.choice()], roll_size=2)
    registrar = Registrar(simulation.registrar_keys[0], simulation.election, ["Nguyễn Ánh", "An"])
    asked: list[str] = []
    rates = Rates(Rate(3, 0.1), 100)
    desk = IssuanceDesk(registrar, lambda voter, code: asked.append(voter), rates)
    request = Holder(simulation.election).request("registrar-1")
    typed = unicodedata.normalize("NFD", "Nguyễn Ánh")
    assert desk.issue(typed, "", request) == desk.issue("Nguyễn Ánh", "", request)
    assert (asked, registrar.issued) == (["Nguyễn Ánh"] * 2, 1)
    with pytest.raises(CredentialError, match="not on the roll"):
        desk.issue("Nguyen Anh", "", request)


def test_nobody_learns_who_is_on_the_roll(desk: Desk) -> None:
    """A wrong name and a wrong code are answered alike, to the byte, and count alike."""
    _, request = desk.holder()
    first, second = desk.simulation.roll[:2]
    answers = set()
    with httpx.Client(base_url=desk.url) as client:
        for voter, code in (
            (first, desk.codes[second]),
            (first, "no code"),
            ("nobody", desk.codes[first]),
            ("nobody", "no code"),
            ("x" * 256, "0" * 16),
        ):
            body = {"voter": voter, "code": code, "request": b64encode(request)}
            answer = client.post("/v1/issuance", json=body)
            refused(answer, 403, "CredentialError")
            answers.add(answer.content)
        assert len(answers) == 1
        for voter in (first, "nobody"):
            statuses = [
                client.post("/v1/issuance", json={"voter": voter, "code": "x", "request": "AA"}).status_code
                for _ in range(4)
            ]
            assert statuses[-1] == 429
    assert desk.simulation.registrars[0].issued == 0


def test_tries_at_a_code_are_counted(desk: Desk) -> None:
    _, request = desk.holder()
    voter = desk.simulation.roll[0]
    for _ in range(3):
        with pytest.raises(CredentialError, match="the name or the access code is wrong"):
            desk.service.issue(voter, new_code(), request)
    with pytest.raises(TooManyError) as refusal:
        desk.service.issue(voter, new_code(), request)
    assert refusal.value.seconds == 10
    # Nobody is kept out by others' guesses.
    assert desk.service.issue(voter, desk.codes[voter], request)
    desk.clock.now = 10
    with pytest.raises(CredentialError, match="the name or the access code is wrong"):
        desk.service.issue(voter, new_code(), request)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        b"[]",
        b"{}",
        b"[" * 60_000,
        b'{"voter":"a","code":"b"}',
        b'{"voter":1,"code":"b","request":"AA"}',
        b'{"voter":"","code":"b","request":"AA"}',
        b'{"voter":"a","code":"b","request":"AA","more":1}',
        json.dumps({"voter": "x" * 257, "code": "b", "request": "AA"}).encode(),
        json.dumps({"voter": "x", "code": "b" * 4097, "request": "AA"}).encode(),
    ],
)
def test_requests_that_are_none(desk: Desk, body: bytes) -> None:
    with httpx.Client(base_url=desk.url) as client:
        refused(client.post("/v1/issuance", content=body), 400, "EncodingError")
        refused(client.post("/v1/issuance", content=bytes(2**16 + 1)), 413, "TooLargeError")
        refused(client.get("/v1/issuance"), 405, "RefusedError")
        refused(client.get("/v1/entries"), 404, "RefusedError")


def test_a_refusal_repeats_nothing_that_was_sent(desk: Desk) -> None:
    """An access code may stand anywhere in a request, be it as the name of a member."""
    code = desk.codes["voter-1"]
    for body, item in (
        ({"voter": "voter-1", "request": "AA", code: "x"}, "code"),
        ({"voter": "voter-1", "code": "x", "request": "AA", code: "x"}, "the body"),
        ({"voter": "voter-1", "code": {code: code}, "request": "AA"}, "code"),
        ({"voter": "voter-1", "code": code}, "request"),
        ([code], "the body"),
    ):
        answer = httpx.post(f"{desk.url}/v1/issuance", json=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["item"] == item
        assert code not in answer.text


def test_a_request_that_cannot_be_signed(desk: Desk) -> None:
    voter = desk.simulation.roll[0]
    for request in (b"", bytes(100), desk.holder()[1][:-1]):
        with pytest.raises((EncodingError, CredentialError)):
            desk.service.issue(voter, desk.codes[voter], request)
    assert desk.simulation.registrars[0].issued == 0


def test_nothing_of_the_voter_is_written_down(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    voter, (_, request) = desk.simulation.roll[0], desk.holder()
    with caplog.at_level(logging.DEBUG):
        desk.service.issue(voter, desk.codes[voter], request)
        with pytest.raises(CredentialError):
            desk.service.issue(desk.simulation.roll[1], "0" * 16, request)
        with httpx.Client(base_url=desk.url) as client:
            client.post("/v1/issuance", json={"voter": voter, "code": desk.codes[voter], "request": 1})
    lines = [record for record in caplog.records if record.name.startswith("secretballot")]
    assert {record.name for record in lines} == {"secretballot.service.issuance"}
    text = " ".join(record.getMessage() for record in lines)
    for secret in (voter, desk.simulation.roll[1], desk.codes[voter], b64encode(request)[:40], "127.0.0.1"):
        assert secret not in text


# The register's lines.


def lines_of(simulation: Simulation, stop: int, start: int = 0) -> list[bytes]:
    made = []
    for voter in simulation.roll[start:stop]:
        holder = Holder(simulation.election)
        made.append(simulation.registrars[0].issue(voter, holder.request("registrar-1"))[1])
    return made


def publisher_of(simulation: Simulation, board: LocalBoard, lines: list[bytes]) -> Publisher:
    return Publisher(
        board, lambda serial: lines[serial - 1 :], lambda: simulation.log.issued.get("registrar-1", 0)
    )


def test_a_refusal_is_forgotten_when_the_lines_are_taken() -> None:
    """One false answer would keep everybody without a credential."""
    simulation = elections.simulate([elections.choice()], roll_size=4)
    simulation.hold_ceremony()
    taken = threading.Event()

    class Once(LocalBoard):
        refused = False

        def submit(self, raw: bytes, admit: object = None) -> str:
            if not self.refused:
                self.refused = True
                raise CredentialError("no")
            receipt = self.board.submit(raw)
            taken.set()
            return receipt

    lines = lines_of(simulation, 1)
    publisher = publisher_of(simulation, Once(simulation.board), lines)
    with pytest.raises(CredentialError):
        publisher.publish()
    publisher.is_refused = True
    assert publisher.publish() == 1
    assert not publisher.is_refused


def test_a_board_that_hangs_does_not_keep_a_registrar_from_ending() -> None:
    simulation = elections.simulate([elections.choice()], roll_size=4)
    simulation.hold_ceremony()
    asked, hangs = threading.Event(), threading.Event()

    class Hanging(LocalBoard):
        def submit(self, raw: bytes, admit: object = None) -> str:
            asked.set()
            hangs.wait(60)
            raise UnreachableError("away")

    publisher = publisher_of(simulation, Hanging(simulation.board), lines_of(simulation, 1))
    publisher.start()
    assert asked.wait(30)
    publisher.stop(timeout=0.05)
    hangs.set()


def test_lines_are_posted_in_their_order_and_once() -> None:
    simulation = elections.simulate([elections.choice()], roll_size=4)
    simulation.hold_ceremony()
    lines: list[bytes] = []
    publisher = publisher_of(simulation, LocalBoard(simulation.board), lines)
    lines += lines_of(simulation, 3)
    assert publisher.publish() == 3
    assert publisher.publish() == 0
    lines += lines_of(simulation, 4, 3)
    assert publisher.publish() == 1
    kept = [raw for raw in simulation.store.entries() if parse_entry(raw).kind == "issuance"]
    assert kept == lines


def test_a_board_that_is_away_gets_them_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    simulation = elections.simulate([elections.choice()], roll_size=4)
    simulation.hold_ceremony()
    lines = lines_of(simulation, 4)
    taken = threading.Event()

    class Away(LocalBoard):
        fails = 2

        def submit(self, raw: bytes) -> str:
            if self.fails:
                self.fails -= 1
                raise StoreError("away")
            receipt = super().submit(raw)
            if raw == lines[-1]:
                taken.set()
            return receipt

    monkeypatch.setattr("secretballot.service.issuance.AGAIN", 0.01)
    publisher = publisher_of(simulation, Away(simulation.board), lines)
    with caplog.at_level(logging.WARNING):
        publisher.start()
        assert taken.wait(30)
        publisher.stop()
    assert simulation.log.issued == {"registrar-1": 4}
    assert [record.getMessage() for record in caplog.records] == [
        "register lines wait for the board: StoreError"
    ] * 2


def test_a_board_that_refuses_is_an_error_by_hand() -> None:
    simulation = elections.simulate([elections.choice()], roll_size=4)
    simulation.hold_ceremony()
    lines = lines_of(simulation, 2)
    simulation.board.submit(simulation.authority.enter(simulation.election, "voting"))
    with pytest.raises(BoardError, match="an issuance is not taken in the phase voting"):
        publisher_of(simulation, LocalBoard(simulation.board), lines).publish()
