"""Long answers: sent in pieces, so that little of them is in memory while a client reads, and not for ever."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ..client.wire import TooManyError
from .bodies import TooSlowError, seconds_for
from .settings import Settings

#: Bytes of a piece, where it is no longer entry.
PIECE = 2**16


class Pace:
    """How fast an answer is read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._started = time.monotonic()

    def check(self, sent: int) -> None:
        """Raises TooSlowError where so many bytes should have been read before now."""
        if time.monotonic() > self._started + seconds_for(sent, self._settings):
            raise TooSlowError(f"an answer is read too slowly, after {sent} bytes")


def lines(
    entries: Callable[[int, int], Iterator[bytes]], start: int, stop: int, settings: Settings
) -> Iterator[bytes]:
    """Entries, each with a line feed, up to so many bytes; one at least, where there is one. Between two pieces nothing
    of the store is held."""
    sent, pace = 0, Pace(settings)
    while start < stop and sent < settings.max_range:
        piece = bytearray()
        for raw in entries(start, stop):
            piece += raw + b"\n"
            start += 1
            if len(piece) >= min(PIECE, settings.max_range - sent):
                break
        sent += len(piece)
        yield bytes(piece)
        pace.check(sent)


class Whole(StreamingResponse):
    """Bytes that are in memory. ``place`` is left when they are sent, or are not read to the end."""

    def __init__(self, data: bytes, settings: Settings, place: AbstractContextManager[object]) -> None:
        async def pieces() -> AsyncIterator[memoryview]:
            view, pace = memoryview(data), Pace(settings)
            for start in range(0, len(view), PIECE):
                pace.check(start)
                yield view[start : start + PIECE]

        headers = {"Content-Length": str(len(data))}
        super().__init__(pieces(), media_type="application/octet-stream", headers=headers)
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)


class Places:
    """So many at once; more are told to come again. Of one thread."""

    def __init__(self, most: int, busy: str) -> None:
        self._left = most
        self._busy = busy

    @contextmanager
    def taken(self) -> Iterator[ExitStack]:
        """A place while the block lasts, or the stack that is taken over from it (``pop_all``). Raises TooManyError
        where there is none."""
        if not self._left:
            raise TooManyError(self._busy)
        self._left -= 1
        with ExitStack() as place:
            place.callback(self._leave)
            yield place

    def _leave(self) -> None:
        self._left += 1
