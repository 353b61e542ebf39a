"""What a client waits for: a service that answers without end, and of whom it tells a code."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
import pytest

from secretballot.client import exchange
from secretballot.client.remote import RemoteBoard, RemoteRegistrar, Service
from secretballot.client.wire import UnreachableError
from secretballot.errors import ArgumentError, EncodingError, RefusedError
from secretballot.records import MAX_ENTRY_SIZE


@contextmanager
def saying(head: bytes, drop: bytes) -> Iterator[str]:
    """A service that says ``head`` and then ``drop`` again and again, as long as anybody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=answer, args=[connection], daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.recv(2**16)
                connection.sendall(head)
                connection.settimeout(0.02)
                while True:
                    with suppress(TimeoutError):
                        if connection.recv(1) == b"":
                            return
                    connection.sendall(drop)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 60000\r\n\r\n", b"x"),
    ],
)
def test_an_answer_that_never_ends(head: bytes, drop: bytes) -> None:
    """Each piece of it comes in time."""
    with saying(head, drop) as url:
        service = Service(url, attempts=2, timeout=0.4, pause=lambda seconds: None)
        with pytest.raises(UnreachableError, match="does not answer in time"):
            service.ask("GET", "/v1/checkpoint")
        service.close()


def test_a_service_is_asked_again_after_one_that_did_not_end() -> None:
    """By a new connection, since the old one was ended."""
    answers = iter([_hang, lambda: httpx.Response(200, content=b"here")])

    class Once(httpx.BaseTransport):
        def __init__(self) -> None:
            self.closed = threading.Event()

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = next(answers)
            if answer is _hang:
                self.closed.wait(30)
                raise httpx.ReadError("closed")
            return answer()

        def close(self) -> None:
            self.closed.set()

    service = Service("http://x", transport=Once(), timeout=0.2, pause=lambda seconds: None)
    assert service.ask("GET", "/") == b"here"
    service.close()


def _hang() -> httpx.Response:
    raise NotImplementedError


def test_what_another_thread_waits_for_in_vain_ends_alone() -> None:
    """Two questions at once: that one is given up breaks off no other."""
    asked, is_over = threading.Event(), threading.Event()

    class Slow(httpx.BaseTransport):
        def __init__(self) -> None:
            self._is_closed = threading.Event()

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/hang":
                assert self._is_closed.wait(60)
                raise httpx.ReadError("closed")
            asked.set()
            assert is_over.wait(60)
            if self._is_closed.is_set():
                raise httpx.ReadError("closed")
            return httpx.Response(200, content=b"there")

        def close(self) -> None:
            self._is_closed.set()

    class Each(Service):
        def _connect(self) -> httpx.Client:
            return httpx.Client(base_url=self.url, transport=Slow())

    service = Each("https://x.example", attempts=1, timeout=60)
    with ThreadPoolExecutor(1) as other:
        answer = other.submit(service.ask, "GET", "/slow")
        assert asked.wait(60)
        service._timeout = 0
        with pytest.raises(UnreachableError, match="in time"):
            service.ask("GET", "/hang")
        is_over.set()
        service._timeout = 60
        assert answer.result(60) == b"there"
    service.close()
    with pytest.raises(UnreachableError, match="was closed"):
        service.ask("GET", "/slow")


def test_a_long_answer_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So much a second, beside what a short one has."""
    monkeypatch.setattr(exchange, "RATE", 1)
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n", b"x") as url:
        service = Service(url, attempts=1, timeout=0.2)
        assert service.ask("GET", "/") == b"x" * 30
        service.close()


def test_who_waits_is_told_why() -> None:
    """Before each further try, and not after the last."""
    told: list[str] = []
    transport = httpx.MockTransport(lambda request: httpx.Response(503, content=b"x"))
    service = Service(
        "http://x",
        transport=transport,
        attempts=3,
        pause=lambda seconds: None,
        notify=lambda failure: told.append(str(failure)),
    )
    with pytest.raises(UnreachableError, match="status 503"):
        service.ask("GET", "/")
    service.close()
    assert told == ["the service answered with status 503 and no error of ours"] * 2


def test_a_refusal_that_is_too_long_is_none_of_ours() -> None:
    body = b"x" * (exchange.MAX_ANSWER + 1)
    transport = httpx.MockTransport(lambda request: httpx.Response(404, content=body))
    service = Service("http://x", transport=transport, attempts=1)
    with pytest.raises(UnreachableError, match="status 404 and no error of ours"):
        service.ask("GET", "/")
    service.close()


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"a\nb", "does not end in a line feed"),
        (b"a" * (MAX_ENTRY_SIZE + 1) + b"\n", "an entry of more than"),
    ],
)
def test_entries_that_are_none(body: bytes, match: str) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=body))
    with (
        RemoteBoard(Service("http://x", transport=transport)) as board,
        pytest.raises(EncodingError, match=match),
    ):
        board.entries(0, 2)


@pytest.mark.parametrize(
    "url", ["http://registrar.example", "http://192.0.2.1", "http://[2001:db8::1]:80", "http://x"]
)
def test_a_code_is_not_sent_in_clear(url: str) -> None:
    with pytest.raises(RefusedError, match="by https:// alone"):
        RemoteRegistrar(url)


@pytest.mark.parametrize("url", ["https://x", "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"])
def test_a_code_is_sent_by_tls_or_within_the_machine(url: str) -> None:
    with RemoteRegistrar(url) as registrar:
        assert registrar.name == url


@contextmanager
def _proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What comes to the proxy that the environment names; it answers nothing."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.getsockname()[1]}")

        def hear() -> None:
            with suppress(OSError):
                while True:
                    with server.accept()[0] as connection:
                        heard.append(connection.recv(2**16))

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        yield heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join(60)


def test_what_is_for_this_machine_does_not_leave_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A code is sent in clear within the machine, and a proxy is elsewhere."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with _proxy(monkeypatch) as heard:
        for host in ("127.0.0.1", "localhost"):
            remote = RemoteRegistrar(Service(f"http://{host}:{port}", attempts=1))
            with pytest.raises(UnreachableError), remote:
                remote.issue("an", "0123", b"request")
        assert heard == []
        # Elsewhere the proxy is asked, for a tunnel.
        with (
            pytest.raises(UnreachableError),
            RemoteRegistrar(Service("https://a.example", attempts=1)) as remote,
        ):
            remote.issue("an", "0123", b"request")
        (tunnel,) = heard
        assert tunnel.startswith(b"CONNECT a.example:443 ")


@pytest.mark.parametrize("url", ["https://[::1", "https://127.0.0.1:x", "https://x\0"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ArgumentError, match="cannot be read"):
        RemoteRegistrar(url)
    with pytest.raises(RefusedError, match="https"):
        RemoteRegistrar("http://[::1")


@pytest.mark.parametrize("asked", [("\udcff", "0123"), ("an", "\ud800")])
def test_a_name_that_is_no_text_is_not_sent(asked: tuple[str, str]) -> None:
    with RemoteRegistrar("https://a.example") as remote, pytest.raises(EncodingError, match="lone surrogate"):
        remote.issue(*asked, b"request")
