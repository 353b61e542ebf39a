"""A board's service over HTTP (:mod:`secretballot.service`), asked with httpx.

A request whose reply was lost is asked again: every one of them may be. What a service answers is bounded before it is
read, and is checked by whoever asked.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from ..board.store.base import MAX_CHECKPOINT_SIZE
from ..crypto.encoding import b64decode, b64encode
from ..crypto.merkle import HASH_SIZE, leaf_hash
from ..errors import ArgumentError, BackendError, EncodingError, check_type
from ..records import MAX_ENTRY_SIZE
from .access import BoardAccess
from .wire import TooManyError, UnreachableError, read_error

try:
    import httpx
except ImportError:  # pragma: no cover - the extra is installed where tests run
    httpx = None  # type: ignore[assignment]

#: How often a request is made before it is given up, and the seconds waited before the second of them; twice as long
#: before each further one.
ATTEMPTS = 6
FIRST_PAUSE = 0.2
#: Seconds that a service has for a part of its answer.
TIMEOUT = 60.0
#: Bytes a second that an answer comes with at least, beside TIMEOUT for the whole.
RATE = 2**14
#: Seconds that a service may ask to wait.
MAX_PAUSE = 60
#: Bytes of what is no entry and no attachment.
MAX_ANSWER = 2 * MAX_CHECKPOINT_SIZE
#: Statuses after which asking again may help: too often, and what a proxy or a full disk says.
_PASSING = frozenset({429, 500, 502, 503, 504})


class Service:
    """An HTTP service at a URL, asked again where that may help. ``pause`` is given the seconds to wait."""

    def __init__(
        self,
        url: str,
        *,
        transport: Any = None,
        attempts: int = ATTEMPTS,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        check_type(url, str, "a service's URL")
        if not url.startswith(("https://", "http://")):
            raise ArgumentError("a service's URL begins with https:// or http://")
        if httpx is None:  # pragma: no cover - as above
            raise BackendError("httpx is not installed: install the extra `client`")
        self.url = url.rstrip("/")
        self._attempts = attempts
        self._pause = pause
        self._client = httpx.Client(
            base_url=self.url,
            transport=transport,
            timeout=TIMEOUT,
            follow_redirects=False,
            # A few bytes could be packed from gigabytes.
            headers={"Accept-Encoding": "identity"},
        )

    def ask(self, method: str, path: str, *, limit: int = MAX_ANSWER, **request: Any) -> bytes:
        """The body of the answer, of at most ``limit`` bytes. Raises the error that the service answers with, and
        UnreachableError where it does not answer."""
        with self.open(method, path, **request) as response:
            return _read(response, limit)

    @contextmanager
    def open(self, method: str, path: str, **request: Any) -> Iterator[Any]:
        """The answer, to be read while the block lasts; only the beginning of it is asked for again."""
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                response = self._client.send(self._client.build_request(method, path, **request), stream=True)
            except Exception as error:  # noqa: BLE001 - what an answer's head breaks in there is the service's fault
                if last:
                    raise UnreachableError(
                        f"does not answer: {type(error).__name__}", item=self.url
                    ) from None
                self._pause(FIRST_PAUSE * 2 ** (attempt - 1))
                continue
            try:
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise UnreachableError("packs its answer, which nobody asked for", item=self.url)
                if response.is_success:
                    try:
                        yield response
                    except httpx.HTTPError as error:
                        raise UnreachableError(
                            f"ended its answer early: {type(error).__name__}", item=self.url
                        ) from None
                    return
                refusal = self._refusal(response)
            finally:
                response.close()
            if last or response.status_code not in _PASSING:
                raise refusal
            waited = refusal.seconds if isinstance(refusal, TooManyError) else 0
            self._pause(max(min(waited, MAX_PAUSE), FIRST_PAUSE * 2 ** (attempt - 1)))

    def _refusal(self, response: Any) -> Exception:
        try:
            data = _read(response, MAX_ANSWER)
        except (httpx.HTTPError, EncodingError):
            data = b""
        if response.status_code == 429:
            seconds = response.headers.get("retry-after", "")
            return TooManyError(
                "the service is asked too often: try again later",
                int(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 4 else 1,
            )
        return read_error(data, response.status_code)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def _read(response: Any, limit: int) -> bytes:
    parts = []
    size = 0
    for part in _parts(response):
        size += len(part)
        if size > limit:
            raise EncodingError(f"the service's answer has more than {limit} bytes")
        parts.append(part)
    return b"".join(parts)


def _parts(response: Any) -> Iterator[bytes]:
    """An answer as it comes; raises UnreachableError where it drips."""
    started, size = time.monotonic(), 0
    for part in response.iter_bytes():  # Packed answers were refused before.
        size += len(part)
        if time.monotonic() - started > TIMEOUT + size / RATE:
            raise UnreachableError(f"gave {size} bytes in {TIMEOUT:.0f} seconds and more")
        yield part


class RemoteBoard(BoardAccess):
    """The board behind a service."""

    def __init__(self, service: Service | str) -> None:
        self._service = Service(service) if isinstance(service, str) else service
        self.name = self._service.url

    def checkpoint(self) -> str:
        return _text(self._service.ask("GET", "/v1/checkpoint"))

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        with self._service.open("GET", "/v1/entries", params={"start": start, "stop": stop}) as response:
            rest = b""
            for part in _parts(response):
                *lines, rest = (rest + part).split(b"\n")
                yield from lines
                if len(rest) > MAX_ENTRY_SIZE:
                    raise EncodingError(f"the service gives an entry of more than {MAX_ENTRY_SIZE} bytes")
            if rest:
                raise EncodingError("the service's last entry does not end in a line feed")

    def submit(self, raw: bytes) -> str:
        return _text(self._service.ask("POST", "/v1/entries", content=raw))

    def attach(self, raw: bytes, data: bytes) -> None:
        self._service.ask("POST", "/v1/attachments", content=raw + b"\n" + data)

    def attachment(self, digest: bytes, size: int) -> bytes:
        path = f"/v1/attachments/{digest.hex()}"
        return self._service.ask("GET", path, params={"size": size}, limit=size)

    def receipt(self, raw: bytes) -> str:
        return _text(self._service.ask("GET", f"/v1/receipts/{leaf_hash(raw).hex()}"))

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        answer = self._service.ask("GET", "/v1/consistency", params={"old": old_size, "new": new_size})
        proof = _members(answer, "proof")["proof"]
        if not isinstance(proof, list) or not all(isinstance(one, str) for one in proof):
            raise EncodingError("the service's proof is none")
        return [b64decode(one, HASH_SIZE) for one in proof]

    def add_cosignature(self, note: str) -> str:
        return _text(self._service.ask("POST", "/v1/cosignatures", content=note.encode("utf-8")))

    def close(self) -> None:
        self._service.close()


class RemoteRegistrar:
    """The registrar behind a service."""

    def __init__(self, service: Service | str) -> None:
        self._service = Service(service) if isinstance(service, str) else service
        self.name = self._service.url

    def issue(self, voter: str, code: str, request: bytes) -> bytes:
        """The blind signature for a voter's request, whom the access code authenticates. Asked again with the same, it
        answers the same. Raises CredentialError where it is refused."""
        body = {"voter": voter, "code": code, "request": b64encode(request)}
        answer = self._service.ask("POST", "/v1/issuance", json=body)
        signature = _members(answer, "signature")["signature"]
        if not isinstance(signature, str):
            raise EncodingError("the service's signature is none")
        return b64decode(signature)

    def close(self) -> None:
        """Closes the connections."""
        self._service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise EncodingError("the service's answer is not UTF-8") from None


def _members(data: bytes, *names: str) -> dict[str, Any]:
    try:
        members = json.loads(data)
    except (ValueError, RecursionError):
        raise EncodingError("the service's answer is not JSON") from None
    if not isinstance(members, dict) or not members.keys() >= set(names):
        raise EncodingError(f"the service's answer lacks {' and '.join(names)}")
    return members
