"""Reading a request's body, bounded in bytes and in time."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from ..errors import RefusedError
from .settings import Settings


class TooLargeError(RefusedError):
    """A body of more bytes than is taken."""


class TooSlowError(RefusedError):
    """A body that took too long to arrive."""


async def read_body(request: Request, limit: int, settings: Settings) -> bytes:
    """A body of at most ``limit`` bytes. Raises TooLargeError, before reading where the length is told, and
    TooSlowError."""
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdecimal() and (len(told) > 18 or int(told) > limit):
        raise TooLargeError(f"a body has at most {limit} bytes here")
    parts: list[bytes] = []
    size = 0
    loop = asyncio.get_running_loop()
    started = loop.time()
    stream = request.stream().__aiter__()
    while True:
        allowed = settings.body_seconds + size / settings.body_rate
        try:
            async with asyncio.timeout_at(started + allowed):
                part = await anext(stream)
        except StopAsyncIteration:
            return b"".join(parts)
        except TimeoutError:
            raise TooSlowError(f"{size} bytes came in {allowed:.0f} seconds") from None
        except ClientDisconnect:
            raise TooSlowError("the connection was closed in the midst of the body") from None
        size += len(part)
        if size > limit:
            raise TooLargeError(f"a body has at most {limit} bytes here")
        parts.append(part)
