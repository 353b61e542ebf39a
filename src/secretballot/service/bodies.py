"""Reading a request's body, bounded in bytes and in time."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from ..errors import RefusedError
from .settings import Settings


class TooLargeError(RefusedError):
    """A body of more bytes than is taken."""


class TooSlowError(RefusedError):
    """A body that took too long to arrive, or an answer that took too long to be read."""


class Body:
    """A request's body of at most ``limit`` bytes. Raises TooLargeError, before reading where the length is told, and
    from every method TooLargeError and TooSlowError."""

    def __init__(self, request: Request, limit: int, settings: Settings) -> None:
        self._limit = limit
        self._settings = settings
        told = request.headers.get("content-length", "")
        if told.isascii() and told.isdecimal() and (len(told) > 18 or int(told) > limit):
            raise self._too_large()
        self._stream = request.stream().__aiter__()
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._size = 0
        #: What came with a line, behind it.
        self._ahead = b""

    async def part(self) -> bytes:
        """The next bytes, as they come; none at the end."""
        if self._ahead:
            part, self._ahead = self._ahead, b""
            return part
        while True:
            allowed = seconds_for(self._size, self._settings)
            try:
                async with asyncio.timeout_at(self._started + allowed):
                    part = await anext(self._stream)
            except StopAsyncIteration:
                return b""
            except TimeoutError:
                raise TooSlowError(f"{self._size} bytes came in {allowed:.0f} seconds") from None
            except ClientDisconnect:
                raise TooSlowError("the connection was closed in the midst of the body") from None
            self._size += len(part)
            if self._size > self._limit:
                raise self._too_large()
            if part:
                return part

    async def rest(self) -> bytes:
        """All that is left of it."""
        parts = []
        while part := await self.part():
            parts.append(part)
        return b"".join(parts)

    async def line(self, limit: int) -> bytes:
        """Up to the first line feed, which is left out, or else to the end; at most ``limit`` bytes."""
        line = bytearray()
        while part := await self.part():
            before, feed, behind = part.partition(b"\n")
            line += before
            if len(line) > limit:
                raise TooLargeError(f"the first line has at most {limit} bytes here")
            if feed:
                self._ahead = behind
                break
        return bytes(line)

    def at_most(self, size: int) -> None:
        """Lowers the limit to so many bytes from here on."""
        self._limit = min(self._limit, self._size - len(self._ahead) + size)
        if self._size > self._limit:
            raise self._too_large()

    def _too_large(self) -> TooLargeError:
        return TooLargeError(f"a body has at most {self._limit} bytes here")


async def read_body(request: Request, limit: int, settings: Settings) -> bytes:
    """A body of at most ``limit`` bytes. Raises TooLargeError and TooSlowError."""
    return await Body(request, limit, settings).rest()


def seconds_for(size: int, settings: Settings) -> float:
    """How long so many bytes may travel."""
    return settings.body_seconds + size / settings.body_rate
