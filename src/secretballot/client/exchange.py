"""A question to a service over HTTP, with httpx: asked again where that may help, and bounded in bytes and in time.

A request whose reply was lost is asked again: every one of them may be. What a service answers is bounded while it is
read, and is checked by whoever asked.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from ..board.store.base import MAX_CHECKPOINT_SIZE
from ..errors import ArgumentError, BackendError, EncodingError, check_type
from ..records import in_words
from .wire import TooManyError, UnreachableError, read_error

try:
    import httpx
except ImportError:  # pragma: no cover - the extra is installed where tests run
    httpx = None  # type: ignore[assignment]

#: How often a request is made before it is given up, and the seconds waited before the second of them; twice as long
#: before each further one.
ATTEMPTS = 6
FIRST_PAUSE = 0.2
#: Seconds that a service has for the head of its answer, and for the body, beside what both weigh.
TIMEOUT = 60.0
#: Bytes a second that a request and an answer travel with at least.
RATE = 2**14
#: Seconds that a service may ask to wait.
MAX_PAUSE = 60
#: Bytes of what is no entry and no attachment.
MAX_ANSWER = 2 * MAX_CHECKPOINT_SIZE
#: Statuses after which asking again may help: too often, and what a proxy or a full disk says.
_PASSING = frozenset({429, 500, 502, 503, 504})


def is_here(url: str) -> bool:
    """Whether a URL is of this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Service:
    """An HTTP service at a URL. ``timeout`` is in seconds; ``notify`` is given what went wrong, and ``pause`` the
    seconds to wait, before it is asked again. Safe from several threads. Raises ArgumentError for what is no such
    URL."""

    def __init__(
        self,
        url: str,
        *,
        transport: Any = None,
        attempts: int = ATTEMPTS,
        timeout: float = TIMEOUT,
        pause: Callable[[float], object] = time.sleep,
        notify: Callable[[Exception], object] = lambda failure: None,
    ) -> None:
        check_type(url, str, "a service's URL")
        if not url.startswith(("https://", "http://")):
            raise ArgumentError("a service's URL begins with https:// or http://")
        if httpx is None:  # pragma: no cover - as above
            raise BackendError("httpx is not installed: install the extra `client`")
        self.url = url.rstrip("/")
        self._transport = transport
        self._attempts = attempts
        self._timeout = timeout
        self._pause = pause
        self._notify = notify
        self._is_closed = False
        try:
            #: One for each question at a time: to end one that goes on for too long is to close its client.
            self._free = [self._connect()]
        except httpx.InvalidURL:
            raise ArgumentError("a service's URL cannot be read") from None

    def _connect(self) -> Any:
        return httpx.Client(
            base_url=self.url,
            transport=self._transport,
            timeout=self._timeout,
            follow_redirects=False,
            # Through a proxy of the environment's, what is for this machine would leave it, in clear.
            trust_env=not (self.url.startswith("http://") and is_here(self.url)),
            # A few bytes could be packed from gigabytes.
            headers={"Accept-Encoding": "identity"},
        )

    def ask(self, method: str, path: str, *, limit: int = MAX_ANSWER, **request: Any) -> bytes:
        """The body of the answer, of at most ``limit`` bytes. Raises the error that the service answers with,
        UnreachableError where it does not answer in time, and EncodingError for an answer that is too long."""
        for attempt in range(1, self._attempts + 1):
            failure: Exception
            try:
                status, body, wait = self._exchange(method, path, limit, request)
            except UnreachableError as error:
                failure, wait = error, 0
            else:
                if 200 <= status < 300:
                    return body
                failure = _refusal(status, body, wait)
                if status not in _PASSING:
                    raise failure
            if attempt == self._attempts:
                break
            self._notify(failure)
            self._pause(max(min(wait, MAX_PAUSE), FIRST_PAUSE * 2 ** (attempt - 1)))
        raise failure

    def _exchange(
        self, method: str, path: str, limit: int, members: dict[str, Any]
    ) -> tuple[int, bytes, int]:
        """Status, body, and the seconds that the service asks to wait."""
        if self._is_closed:
            raise UnreachableError("was closed", item=self.url)
        try:
            client = self._free.pop()
        except IndexError:
            client = self._connect()
        deadline = _Deadline(client.close)
        try:
            with deadline:
                return self._ask_once(client, client.build_request(method, path, **members), limit, deadline)
        finally:
            if self._is_closed:
                client.close()
            elif not deadline.is_past:
                self._free.append(client)

    def _ask_once(self, client: Any, request: Any, limit: int, deadline: _Deadline) -> tuple[int, bytes, int]:
        deadline.begin(self._timeout + len(request.content) / RATE)
        try:
            response = client.send(request, stream=True)
            try:
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise UnreachableError("packs its answer, which nobody asked for", item=self.url)
                body = self._read(response, limit, deadline)
                seconds = response.headers.get("retry-after", "")
            finally:
                response.close()
        except (UnreachableError, EncodingError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever an answer breaks in there is the service's fault
            why = "does not answer in time" if deadline.is_past else f"does not answer: {in_words(error)}"
            raise UnreachableError(why, item=self.url) from None
        wait = int(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 4 else 1
        return response.status_code, body, wait

    def _read(self, response: Any, limit: int, deadline: _Deadline) -> bytes:
        parts, size = [], 0
        deadline.begin(self._timeout)
        for part in response.iter_bytes():
            size += len(part)
            if not response.is_success and size > MAX_ANSWER:
                return b""  # No error of ours.
            if response.is_success and size > limit:
                raise EncodingError(f"the service's answer has more than {limit} bytes")
            parts.append(part)
            deadline.extend(self._timeout + size / RATE)
        return b"".join(parts)

    def close(self) -> None:
        """Closes the connections."""
        self._is_closed = True
        while self._free:
            self._free.pop().close()


class _Deadline:
    """Ends what goes on in its block, by ``end``, when the time is over. A timeout of httpx is for each piece that is
    read, and a head may come in pieces without end."""

    def __init__(self, end: Callable[[], object]) -> None:
        self._end = end
        self._begun, self._until = time.monotonic(), math.inf
        self._moved = threading.Condition()
        self._is_over = False
        self.is_past = False
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def begin(self, seconds: float) -> None:
        """So many seconds from now on."""
        self._begun = time.monotonic()
        self.extend(seconds)

    def extend(self, seconds: float) -> None:
        """So many seconds from the beginning on."""
        with self._moved:
            self._until = self._begun + seconds
            self._moved.notify()

    def _watch(self) -> None:
        with self._moved:
            while not self._is_over:
                left = self._until - time.monotonic()
                if left <= 0:
                    self.is_past = True
                    break
                self._moved.wait(min(left, threading.TIMEOUT_MAX))
            else:
                return
        self._end()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._moved:
            self._is_over = True
            self._moved.notify()
        self._thread.join()


def _refusal(status: int, body: bytes, seconds: int) -> Exception:
    if status == 429:
        return TooManyError("the service is asked too often: try again later", seconds)
    return read_error(body, status)
