"""Clients that send too much, too slowly, too often, or nonsense; and what a service writes down."""

from __future__ import annotations

import asyncio
import json
import logging
import logging.handlers
import queue
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI

from secretballot.board.board import Board
from secretballot.client import LocalBoard
from secretballot.client.remote import Service
from secretballot.client.wire import TooManyError, UnreachableError, error_body, read_error, status_of
from secretballot.crypto.merkle import leaf_hash
from secretballot.errors import ArgumentError, BoardError, EncodingError, StoreError
from secretballot.records import MAX_ENTRY_SIZE
from secretballot.service.app import create_app
from secretballot.service.board_routes import board_routes
from secretballot.service.deploy import board_app
from secretballot.service.rates import Rates, network_of
from secretballot.service.settings import Rate, Settings
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation

from ..support import elections
from ..support.services import running


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    simulation = elections.voting([elections.choice()], 2)
    simulation.vote([{"chair": "chi"}])
    return simulation


@pytest.fixture(scope="module")
def url(simulation: Simulation) -> Iterator[str]:
    settings = Settings(body_seconds=0.3, body_rate=2**30, max_range=3000)
    with running(board_app(LocalBoard(simulation.board), settings)) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        yield connection


def refused(response: httpx.Response, status: int, error: str) -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error", "message", "item", "culprit"}
    assert body["error"] == error
    assert "Traceback" not in response.text
    message = body["message"]
    assert isinstance(message, str)
    assert "\n" not in message
    return message


# Sizes.


def test_a_body_that_is_too_large(url: str, simulation: Simulation) -> None:
    before = simulation.log.size
    for path, limit in (("/v1/entries", MAX_ENTRY_SIZE), ("/v1/cosignatures", 2**16)):
        for length in (str(limit + 1), str(10**15), "9" * 4000):
            with connected(url) as connection:
                head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
                connection.sendall(head.encode())
                assert connection.recv(4096).split()[1] in (b"413", b"400")
        # Another server may let chunks through, whose length is told nowhere.
        app = board_app(LocalBoard(simulation.board))
        refused(asyncio.run(post_in_parts(app, path, limit // 2**16 + 2)), 413, "TooLargeError")
    assert simulation.log.size == before


async def post_in_parts(app: FastAPI, path: str, parts: int) -> httpx.Response:
    async def content() -> AsyncIterator[bytes]:
        for _ in range(parts):
            yield bytes(2**16)

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as inside:
        return await inside.post(path, content=content())


def test_a_body_that_comes_too_slowly(url: str) -> None:
    for beginning in (b"", b'{"body":'):
        with connected(url) as connection:
            connection.sendall(
                b"POST /v1/entries HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + beginning
            )
            assert b" 408 " in connection.recv(4096)


def test_a_body_that_ends_early(url: str, client: httpx.Client) -> None:
    with connected(url) as connection:
        connection.sendall(b"POST /v1/entries HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
    assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"body":' * 50_000,
        b'{"body":{"record":"secretballot/1/ballot"},"signature":"' + b"A" * 86 + b'"}',
        b"\n" * 1000,
        b"0" * 2**20,
    ],
)
def test_a_body_that_is_no_entry(client: httpx.Client, simulation: Simulation, body: bytes) -> None:
    before = simulation.log.size
    for kind in ("application/json", "text/html", "multipart/form-data; boundary=x", "x" * 1000):
        refused(
            client.post("/v1/entries", content=body, headers={"Content-Type": kind}), 400, "EncodingError"
        )
    assert simulation.log.size == before


# Paths and numbers.


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/",
        "/v1/entries/",
        "/v2/entries",
        "/v1/entries/0",
        "/v1/../v1/entries/x",
        "/v1/attachments/../../etc/passwd",
        "/v1/attachments/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/v1/receipts/%00",
        "/docs",
        "/redoc",
        "//v1/entries",
        "/v1/entries%00",
    ],
)
def test_paths_that_lead_nowhere(url: str, path: str) -> None:
    with connected(url) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(4096):
            answer += part
    assert answer.split()[1] in (b"404", b"400"), answer
    assert b"root:" not in answer


def test_digests_and_numbers_that_are_none(client: httpx.Client) -> None:
    for path in (
        "/v1/receipts/zz",
        f"/v1/receipts/{'A' * 64}",
        f"/v1/attachments/{'0' * 64}",
        f"/v1/attachments/{'0' * 64}?size=-1",
        f"/v1/attachments/{'0' * 64}?size=1e9",
        f"/v1/attachments/{'0' * 64}?size=999999999999999999999",
        "/v1/entries?start=-1",
        "/v1/entries?start=x",
        "/v1/entries?start=9007199254740993",
        "/v1/consistency",
        "/v1/consistency?old=1",
        "/v1/consistency?old=1&new=-1",
    ):
        refused(client.get(path), 400, "EncodingError")
    refused(client.get(f"/v1/receipts/{'0' * 64}"), 404, "NotThereError")
    refused(client.get(f"/v1/attachments/{'0' * 64}?size=1"), 404, "NotThereError")
    # A log grows: what it has not, it may have later.
    refused(client.get("/v1/entries?start=1000"), 404, "NotThereError")
    refused(client.get("/v1/consistency?old=3&new=20000"), 404, "NotThereError")
    refused(client.get("/v1/consistency?old=3&new=2"), 422, "RefusedError")


def test_methods_that_a_path_has_none_of(client: httpx.Client) -> None:
    leaf = f"/v1/receipts/{'0' * 64}"
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "BREW"):
        for path, allowed in (
            ("/v1/entries", "GET, POST"),
            ("/v1/attachments", "POST"),
            ("/health", "GET"),
            (leaf, "GET"),
        ):
            answer = client.request(method, path)
            refused(answer, 405, "RefusedError")
            assert answer.headers["allow"] == allowed


def test_ranges(client: httpx.Client, simulation: Simulation) -> None:
    """As far as an answer goes, and one entry at least."""
    entries = list(simulation.store.entries())
    found: list[bytes] = []
    while len(found) < len(entries):
        answer = client.get("/v1/entries", params={"start": len(found)})
        lines = answer.content.split(b"\n")[:-1]
        assert lines
        assert len(answer.content) <= 3000 or len(lines) == 1 or len(b"\n".join(lines[:-1])) < 3000
        found += lines
    assert found == entries
    assert client.get("/v1/entries", params={"start": 2, "stop": 4}).content.split(b"\n")[:-1] == entries[2:4]
    assert client.get("/v1/entries", params={"start": 4, "stop": 2}).content == b""
    assert client.get("/v1/entries", params={"start": len(entries)}).content == b""
    status = client.get("/v1/status").json()
    assert (status["size"], status["phase"], status["cast"]) == (len(entries), "voting", 1)
    assert status["election"] == simulation.election.id.hex()
    leaf = leaf_hash(entries[3]).hex()
    assert client.get(f"/v1/receipts/{leaf}").text.startswith("c2sp.org/tlog-proof@v1\nindex 3\n")


# How often.


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_with_time() -> None:
    clock = Clock()
    rates = Rates(Rate(burst=3, per_second=0.5), 100, clock)
    for _ in range(3):
        rates.take("a")
    for _ in range(2):
        with pytest.raises(TooManyError) as refused:
            rates.take("a")
        assert refused.value.seconds == 2
    rates.take("b")
    clock.now = 2
    rates.take("a")
    with pytest.raises(TooManyError):
        rates.take("a")
    clock.now = 1000
    for _ in range(3):
        rates.take("a")
    with pytest.raises(TooManyError):
        rates.take("a")


def test_a_table_of_rates_is_bounded_and_names_nobody() -> None:
    rates = Rates(Rate(burst=1, per_second=0.001), 3, Clock())
    for name in "abcd":
        rates.take(name)
    rates.take("a")  # It was forgotten.
    with pytest.raises(TooManyError):
        rates.take("d")
    assert not any(name == b"a" or len(name) != 16 for name in rates._left)
    other = Rates(Rate(burst=1, per_second=0.001), 3, Clock())
    other.take("d")
    assert not set(other._left) & set(rates._left)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unix", "unix"),
        ("", ""),
    ],
)
def test_whose_address_it_is(address: str, network: str) -> None:
    """Whoever has one address of IPv6 has all of its network."""
    assert network_of(address) == network


def test_an_address_that_asks_too_often(simulation: Simulation) -> None:
    clock = Clock()
    settings = Settings(posts=Rate(2, 0.1), reads=Rate(3, 0.1))
    with (
        running(board_app(LocalBoard(simulation.board), settings, clock)) as url,
        httpx.Client(base_url=url) as client,
    ):
        for _ in range(3):
            assert client.get("/health").status_code == 200
        answer = client.get("/health")
        refused(answer, 429, "TooManyError")
        assert answer.headers["retry-after"] == "10"
        for _ in range(2):
            refused(client.post("/v1/entries", content=b"x"), 400, "EncodingError")
        refused(client.post("/v1/entries", content=b"x"), 429, "TooManyError")
        clock.now = 10
        assert client.get("/health").status_code == 200
        waits: list[float] = []
        service = Service(url, attempts=2, pause=lambda seconds: waits.append(seconds))
        with pytest.raises(TooManyError):
            service.ask("GET", "/health")
        service.close()
        assert waits == [10]


# What is told and written down.


def test_every_answer_says_what_it_is(client: httpx.Client) -> None:
    for response in (client.get("/health"), client.get("/nowhere"), client.post("/v1/entries", content=b"x")):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "set-cookie" not in response.headers
        assert "server" not in response.headers


def test_a_line_a_request_and_nothing_of_the_voter(
    client: httpx.Client, simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    ballot = simulation.seal(1, {"chair": "em"}).cast()
    written: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    handler = logging.handlers.QueueHandler(written)
    logging.getLogger("secretballot").addHandler(handler)
    with caplog.at_level(logging.DEBUG, "secretballot"):
        client.post(
            "/v1/entries", content=ballot, headers={"User-Agent": "voter-7", "X-Forwarded-For": "10.9.8.7"}
        )
        client.get("/v1/entries", params={"start": 5})
        client.get(f"/v1/receipts/{leaf_hash(ballot).hex()}")
        client.get("/v1/receipts/me")
        client.request("BREW", "/secret-path")
        # A line is written when the answer has gone.
        lines = [json.loads(written.get(timeout=30).getMessage()) for _ in range(5)]
    logging.getLogger("secretballot").removeHandler(handler)
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/v1/entries", 201),
        ("GET", "/v1/entries", 200),
        ("GET", "/v1/receipts/{leaf}", 200),
        ("GET", "/v1/receipts/{leaf}", 400),
        ("other", "none", 404),
    ]
    assert {record.name for record in caplog.records if "service" in record.name} == {
        "secretballot.service.board"
    }
    for word in ("127.0.0.1", "10.9.8.7", "voter-7", "secret-path", "start", leaf_hash(ballot).hex()):
        assert not any(
            f'"{word}' in record.getMessage() or f"/{word}" in record.getMessage()
            for record in caplog.records
        )


def test_what_breaks_is_no_traceback(simulation: Simulation, capfd: pytest.CaptureFixture[str]) -> None:
    class Broken(LocalBoard):
        def checkpoint(self) -> str:
            raise ZeroDivisionError("a secret")

        def submit(self, raw: bytes, admit: object = None) -> str:
            raise StoreError("No space left on device")

        def consistency(self, old_size: int, new_size: int) -> list[bytes]:
            raise ArgumentError("the old size must be given, not str")

    with running(board_app(Broken(simulation.board))) as url, httpx.Client(base_url=url) as client:
        message = refused(client.get("/v1/checkpoint"), 500, "BoardError")
        assert message == "internal error: please report it"
        refused(client.post("/v1/entries", content=b"x"), 503, "StoreError")
        # Who asks is not to blame where the service calls its own functions wrongly.
        refused(client.get("/v1/consistency?old=0&new=0"), 500, "ArgumentError")
        assert client.get("/health").status_code == 200
    out, err = capfd.readouterr()
    assert "a secret" not in out + err
    assert "Traceback" not in out + err


def test_health_waits_for_no_store_that_hangs(simulation: Simulation) -> None:
    """A monitor is told, and others are answered meanwhile."""
    hangs = threading.Event()
    settings = Settings(health_seconds=0.2)
    app = create_app("board", board_routes(LocalBoard(simulation.board), settings), hangs.wait, settings)
    with running(app) as url, httpx.Client(base_url=url) as client:
        try:
            for _ in range(3):
                message = refused(client.get("/health"), 503, "StoreError")
                assert message == "the store does not answer within 0.2 seconds"
                assert client.get("/v1/status").status_code == 200
        finally:
            hangs.set()
        assert client.get("/health").status_code == 200


def test_a_path_of_another_service(client: httpx.Client) -> None:
    message = refused(client.post("/v1/issuance", json={}), 404, "RefusedError")
    assert message == "this is a service of secretballot for board, and has no such path"


def test_a_store_that_holds_what_this_board_did_not_accept(finished: elections.Finished) -> None:
    """It is the operator's to mend, and says nothing of the entry that is sent."""
    store = elections.store_of(finished.entries[:-1])
    board = Board(store, finished.simulation.board_keys, ElectionLog())
    store.append(b"garbage", [leaf_hash(b"garbage")], store.size())
    with running(board_app(LocalBoard(board))) as url, httpx.Client(base_url=url) as client:
        for answer in (client.get("/health"), client.post("/v1/entries", content=finished.entries[-1])):
            message = refused(answer, 503, "RecordError")
            assert "the store holds an entry that this board did not accept" in message


# What a client believes.


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        b"[]",
        b'"x"',
        b"{}",
        b'{"error":1,"message":"x"}',
        b'{"error":"PhaseError"}',
        b"[" * 10_000,
    ],
)
def test_an_answer_that_is_no_error_of_ours(data: bytes) -> None:
    error = read_error(data, 418)
    assert isinstance(error, UnreachableError)
    assert "418" in error.message


def test_errors_travel() -> None:
    for kind in (EncodingError, StoreError, BoardError):
        error = kind("what is wrong", item="entry 3", culprit="trustee t")
        again = read_error(error_body(error).model_dump_json().encode(), status_of(error))
        assert type(again) is kind
        assert (again.message, again.item, again.culprit) == (error.message, error.item, error.culprit)
    # What is no class of ours, or one that needs more than a message, is one that does not.
    assert type(read_error(b'{"error":"SystemExit","message":"x"}', 500)) is BoardError
    assert type(read_error(b'{"error":"InvalidElementError","message":"x"}', 400)).__name__ == "CryptoError"
    assert (
        read_error(b'{"error":"BoardError","message":""}', 422).message
        == "the service refused it, and says no reason"
    )
    long = read_error(json.dumps({"error": "BoardError", "message": "a\x1b[2J\n" * 10_000}).encode(), 400)
    assert len(long.message) == 2000
    assert long.message.isprintable()


def test_an_answer_without_end() -> None:
    def endless(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=_Endless())

    service = Service("http://x", transport=httpx.MockTransport(endless), attempts=1)
    with pytest.raises(EncodingError, match="has more than 1000 bytes"):
        service.ask("GET", "/", limit=1000)
    service.close()


class _Endless(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield bytes(100)


def test_a_lost_reply_is_asked_for_again(simulation: Simulation) -> None:
    """The entry is taken in once, whatever comes of the answer."""
    ballot = simulation.seal(0, {"chair": "em"}).cast()
    lost = 0

    class Losing(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal lost
            response = super().handle_request(request)
            if lost < 3:
                lost += 1
                response.read()
                response.close()
                raise httpx.ReadError("lost")
            return response

    before = simulation.log.size
    with running(board_app(LocalBoard(simulation.board))) as url:
        service = Service(url, transport=Losing(), pause=lambda seconds: None)
        receipt = service.ask("POST", "/v1/entries", content=ballot)
        service.close()
    assert simulation.log.size == before + 1
    assert f"index {before}\n".encode() in receipt
    assert lost == 3


def test_a_packed_answer_is_not_opened() -> None:
    """A few bytes could be gigabytes."""
    asked: list[str] = []

    def packed(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["accept-encoding"])
        return httpx.Response(200, headers={"Content-Encoding": "gzip, gzip"}, stream=_Endless())

    service = Service("http://x", transport=httpx.MockTransport(packed), attempts=1)
    with pytest.raises(UnreachableError, match="packs its answer"):
        service.ask("GET", "/")
    service.close()
    assert asked == ["identity"]


def test_an_answer_whose_head_breaks_the_client() -> None:
    def breaks(request: httpx.Request) -> httpx.Response:
        raise UnicodeEncodeError("idna", "x", 0, 1, "no host")

    service = Service(
        "http://x", transport=httpx.MockTransport(breaks), attempts=2, pause=lambda seconds: None
    )
    with pytest.raises(UnreachableError, match="does not answer: 'idna' codec can't"):
        service.ask("GET", "/")
    service.close()


def test_a_service_that_asks_to_wait_for_long() -> None:
    waits: list[float] = []
    answer = httpx.Response(429, headers={"Retry-After": "999"})
    service = Service(
        "http://x", transport=httpx.MockTransport(lambda _: answer), attempts=2, pause=waits.append
    )
    with pytest.raises(TooManyError):
        service.ask("GET", "/")
    service.close()
    assert waits == [60]
