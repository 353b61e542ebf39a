"""Connections that are silent, too many, or unread; places that nobody holds without a right; a credential's casts."""

from __future__ import annotations

import resource
import select
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest
from fastapi import FastAPI

from secretballot.board.attachments import digest_of
from secretballot.client import LocalBoard
from secretballot.client.wire import TooManyError
from secretballot.errors import StoreError
from secretballot.service import sending
from secretballot.service.bodies import TooSlowError
from secretballot.service.connections import bounded, room_for
from secretballot.service.deploy import board_app
from secretballot.service.sending import PIECE, Places, lines
from secretballot.service.serve import config_of
from secretballot.service.settings import Rate, Settings
from secretballot.testing import Simulation

from ..support import stages
from ..support.services import running

#: Of a test that waits for a connection to be cut off.
BRIEF = Settings(head_seconds=0.3, unread_seconds=0.3, idle_seconds=1)


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return stages.voting()


@pytest.fixture(scope="module")
def url(simulation: Simulation) -> Iterator[str]:
    with running(board_app(LocalBoard(simulation.board), BRIEF), settings=BRIEF) as url:
        yield url


def connect(url: str, *, receive_buffer: int | None = None) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(30)
    try:
        connection.connect((host, int(port)))
    except OSError:
        connection.close()
        raise
    return connection


def is_turned_away(url: str) -> bool:
    """Whether the service ends a new connection, be it before the client knows that there is one."""
    try:
        connection = connect(url)
    except ConnectionResetError:
        return True
    with connection:
        return is_cut_off(connection)


def is_cut_off(connection: socket.socket) -> bool:
    """Whether the service ends it, whatever comes before."""
    try:
        while connection.recv(2**20):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /health HTTP/1.1\r\nHost: x\r\n",
        # Answered without the body, which then does not come.
        b"POST /v1/entries HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET",
    ],
)
def test_who_says_nothing_is_cut_off(url: str, said: bytes) -> None:
    with connect(url) as connection:
        connection.sendall(said)
        assert is_cut_off(connection)


def test_who_drips_a_head_is_cut_off(url: str) -> None:
    """The time is from the first byte on, not from the last."""
    with connect(url) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nX: ")
        for _ in range(600):
            if is_reset(connection, milliseconds=50):
                return
            with suppress(OSError):  # Reset just now.
                connection.sendall(b"x")
    raise AssertionError("a head that drips is waited for")


@pytest.mark.parametrize(
    "head",
    [
        b"Transfer-Encoding: chunked",
        b"transfer-encoding: Chunked\r\nContent-Length: 5",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
    ],
)
def test_a_body_without_a_length_is_refused_with_its_head(url: str, head: bytes) -> None:
    """In chunks of a byte it would be work without end, that nothing counts."""
    with connect(url) as connection:
        connection.sendall(b"POST /v1/entries HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")
        assert is_cut_off(connection)


def test_a_head_is_refused_without_a_body_and_without_a_traceback(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(url) as connection:
        connection.sendall(b"HEAD /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
        assert is_cut_off(connection)
    assert [one.exc_info for one in caplog.records if one.exc_info] == []
    # The neighbour has nothing that is refused.
    assert httpx.head(f"{url}/health").status_code == 405


def test_a_service_that_ends_in_the_midst_of_a_body_says_so(
    simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    with running(board_app(LocalBoard(simulation.board)), settings=BRIEF) as url:
        connection = connect(url)
        connection.sendall(
            b"POST /v1/entries HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
        )
        # It waits for the body.
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
    with connection:
        answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"retry-after: 1" in answer
    assert [one.exc_info for one in caplog.records if one.exc_info] == []


def test_who_is_served_may_be_silent_between_requests(url: str) -> None:
    with httpx.Client(base_url=url) as client:
        for _ in range(3):
            assert client.get("/health").status_code == 200


class _Long(LocalBoard):
    """A board with a long log."""

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        for place in range(start, stop):
            yield bytes([97 + place % 26]) * 2**20


def test_who_reads_no_answer_is_cut_off(simulation: Simulation) -> None:
    settings = BRIEF._replace(max_range=2**30)
    app = board_app(_Long(simulation.board), settings)
    with running(app, settings=settings) as url, connect(url, receive_buffer=4096) as connection:
        connection.sendall(b"GET /v1/entries HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1) == b"H"
        with httpx.Client(base_url=url) as client:  # Others are answered.
            assert len(client.get("/v1/entries").content) == simulation.log.size * (2**20 + 1)
        assert is_reset(connection)


def test_who_reads_an_answer_drop_by_drop_is_given_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fast enough for the buffers to move, and too slow for the whole."""
    now = [0.0]
    monkeypatch.setattr(sending.time, "monotonic", lambda: now[0])
    settings = Settings(body_seconds=10, body_rate=PIECE, max_range=100 * PIECE)
    pieces = lines(lambda start, stop: iter([bytes(PIECE - 1)] * (stop - start)), 0, 100, settings)
    for sent in range(1, 50):
        assert len(next(pieces)) == PIECE
        now[0] = 10 + sent  # Just in time.
    assert len(next(pieces)) == PIECE
    now[0] = 60.5
    with pytest.raises(TooSlowError, match="after 3276800 bytes"):
        next(pieces)


def is_reset(connection: socket.socket, milliseconds: int = 30_000) -> bool:
    """Whether the service lets go of a connection that nobody reads, within that time."""
    poll = select.poll()
    poll.register(connection, select.POLLERR | select.POLLHUP)
    return bool(poll.poll(milliseconds))


@pytest.mark.parametrize("settings", [Settings(connections=3), Settings(connections_of_address=3)])
def test_more_connections_than_there_is_room_for(simulation: Simulation, settings: Settings) -> None:
    with running(board_app(LocalBoard(simulation.board)), settings=settings) as url, ExitStack() as stack:
        silent = [stack.enter_context(connect(url)) for _ in range(3)]
        assert is_turned_away(url)
        # Those that were there are served, and one that ends makes room.
        for connection in silent:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
            assert is_cut_off(connection)
        with httpx.Client(base_url=url) as client:
            assert client.get("/health").status_code == 200


def test_a_proxy_is_many_clients() -> None:
    settings = Settings(connections=50, connections_of_address=5)
    for behind_proxy, most in ((False, 5), (True, 50)):
        config = config_of(FastAPI(), behind_proxy=behind_proxy, settings=settings)
        assert config.http.settings.connections_of_address == most  # type: ignore[union-attr]
        assert config.proxy_headers is behind_proxy


def test_nothing_is_kept_of_an_address_without_connections(simulation: Simulation) -> None:
    protocol = bounded(Settings())
    assert protocol.addresses == Counter()
    assert protocol.addresses is not bounded(Settings()).addresses


@pytest.mark.parametrize(
    ("limits", "wanted", "room", "raised"),
    [
        ((1024, 4096), 100, 100, None),
        ((1024, 8192), 4000, 4000, (4128, 8192)),
        ((1024, 2048), 4000, 1920, (2048, 2048)),
        ((64, 64), 4000, 1, (64, 64)),
        ((1024, -1), 4000, 4000, (4128, -1)),
        ((-1, -1), 4000, 4000, None),
    ],
)
def test_room_for_connections(
    monkeypatch: pytest.MonkeyPatch,
    limits: tuple[int, int],
    wanted: int,
    room: int,
    raised: tuple[int, int] | None,
) -> None:
    """Files that a process may open: too few would let it refuse nobody."""
    now = [limits]
    monkeypatch.setattr(resource, "getrlimit", lambda kind: now[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limit: now.append(limit))
    assert room_for(wanted) == room
    assert now[1:] == ([raised] if raised else [])


# Attachments.


def post(url: str, body: bytes, length: int) -> socket.socket:
    """A body that begins, and goes on as long as nobody says stop."""
    connection = connect(url)
    head = f"POST /v1/attachments HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def test_nobody_holds_a_place_without_an_entry_of_their_own() -> None:
    stage = stages.mixing()
    app = board_app(LocalBoard(stage.simulation.board), Settings(attachments_sent_at_once=1))
    (data,) = stage.second.attachments
    with running(app) as url, httpx.Client(base_url=url) as client, ExitStack() as stack:
        # No entry, an entry that comes slowly, one that was posted, and bytes behind it that nobody named.
        for body in (b"", b'{"body"', stage.first.entry + b"\n", stage.first.entry + b"\nxyz"):
            stack.enter_context(post(url, body, 2**20))
        answer = client.post("/v1/attachments", content=stage.second.entry + b"\n" + data)
        assert (answer.status_code, answer.text) == (201, digest_of(data).hex())
        # Whoever may, holds it; unless the other request was faster.
        whole = stage.second.entry + b"\n" + data
        for _ in range(1000):
            holding = stack.enter_context(post(url, stage.second.entry + b"\n", 2**20))
            if client.post("/v1/attachments", content=whole).status_code == 429:
                break
            holding.close()
        else:
            raise AssertionError("nobody holds the place")
        holding.close()
        for _ in range(1000):
            if client.post("/v1/attachments", content=whole).status_code == 201:
                return
        raise AssertionError("the place is not left")


def test_no_more_than_the_entry_names_is_read() -> None:
    stage = stages.mixing()
    (data,) = stage.second.attachments
    app = board_app(LocalBoard(stage.simulation.board))
    with running(app) as url, httpx.Client(base_url=url) as client:
        entry = stage.second.entry + b"\n"
        assert client.post("/v1/attachments", content=entry + data + b"x").status_code == 413
        assert client.post("/v1/attachments", content=entry + data[:-1]).status_code == 422
        assert client.post("/v1/attachments", content=entry + data).status_code == 201
        # Of an entry that is there, what it names is answered for again, and nothing else.
        (first,) = stage.first.attachments
        entry = stage.first.entry + b"\n"
        assert client.post("/v1/attachments", content=entry + first).text == digest_of(first).hex()
        for other in (b"", first[:-1], first + b"x", data):
            answer = client.post("/v1/attachments", content=entry + other)
            assert (answer.status_code, answer.json()["error"]) == (422, "RefusedError")


def test_an_attachment_that_is_asked_for_leaves_its_place() -> None:
    stage = stages.mixing()
    (first,) = stage.first.attachments
    app = board_app(LocalBoard(stage.simulation.board), Settings(attachments_asked_at_once=1))
    path = f"/v1/attachments/{digest_of(first).hex()}"
    with running(app) as url, httpx.Client(base_url=url) as client:
        for _ in range(3):
            assert client.get(path, params={"size": len(first)}).content == first
            assert client.get(path, params={"size": len(first) + 1}).status_code == 404


def test_places() -> None:
    places = Places(1, "busy")
    with places.taken(), pytest.raises(TooManyError, match="busy"), places.taken():
        pass
    with places.taken() as place:
        kept = place.pop_all()
    with pytest.raises(TooManyError), places.taken():
        pass
    kept.close()
    with pytest.raises(ZeroDivisionError), places.taken():
        raise ZeroDivisionError
    with places.taken():
        pass


def test_long_logs_come_in_pieces(simulation: Simulation) -> None:
    """Of at most a piece, or an entry; and no answer is longer than it should be by more than that."""
    settings = Settings(max_range=3 * PIECE)
    entries = [bytes([97]) * size for size in (1, PIECE, 5, 2 * PIECE, PIECE // 2, PIECE // 2, PIECE)]
    asked = []

    def give(start: int, stop: int) -> Iterator[bytes]:
        for place in range(start, stop):
            asked.append(place)
            yield entries[place]

    pieces = list(lines(give, 0, len(entries), settings))
    assert b"".join(pieces) == b"".join(entry + b"\n" for entry in entries[:4])
    assert asked == [0, 1, 2, 3]
    assert [piece.count(b"\n") for piece in pieces] == [2, 2]
    assert list(lines(give, 7, 7, settings)) == []


# What one credential may cast.


def test_a_credential_that_casts_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> int:
        raise StoreError("No space left on device")

    simulation = stages.voting()
    clock = [0.0]
    settings = Settings(casts=Rate(burst=2, per_second=0.1))
    app = board_app(LocalBoard(simulation.board), settings, lambda: clock[0])
    with running(app) as url, httpx.Client(base_url=url) as client:

        def cast(voter: int) -> tuple[int, bytes]:
            entry = simulation.seal(voter, {"chair": "em"}).cast()
            return client.post("/v1/entries", content=entry).status_code, entry

        (status, first), (again, _) = cast(0), cast(0)
        assert (status, again) == (201, 201)
        size = simulation.log.size
        answer = client.post("/v1/entries", content=simulation.seal(0, {"chair": "em"}).challenge())
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
        assert simulation.log.size == size
        # What is there is answered for; others, and whoever waits, go on. What is refused is not counted.
        assert client.post("/v1/entries", content=first).status_code == 201
        other = simulation.seal(1, {"chair": "em"}).cast()
        assert client.post("/v1/entries", content=other[:-6] + b'AAAA"}').status_code == 422
        assert [cast(1)[0] for _ in range(3)] == [201, 201, 429]
        # Nor is what the store does not take.
        clock[0] = 10.0
        with monkeypatch.context() as patch:
            patch.setattr(simulation.store, "append", full)
            assert [cast(0)[0] for _ in range(3)] == [503, 503, 503]
        assert [cast(0)[0] for _ in range(2)] == [201, 429]
