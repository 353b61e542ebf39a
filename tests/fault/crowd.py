"""Many connections that send at one instant: all are there before the first sends anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from .nursery import PATIENCE

_HEAD = "POST /v1/entries HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Answer(NamedTuple):
    """What an entry was answered with."""

    status: int
    body: bytes


def send_at_once(entries: Sequence[bytes], urls: Sequence[str]) -> list[Answer]:
    """The answer to each entry, over a connection of its own, to the boards in turn."""
    return asyncio.run(_send_all(entries, [urls[n % len(urls)] for n in range(len(entries))]))


async def _send_all(entries: Sequence[bytes], urls: Sequence[str]) -> list[Answer]:
    async with asyncio.timeout(PATIENCE):
        streams = await asyncio.gather(*map(_connect, urls))
        try:
            for entry, url, (_, writer) in zip(entries, urls, streams, strict=True):
                head = _HEAD.format(host=urlsplit(url).netloc, length=len(entry))
                writer.write(head.encode("ascii") + entry)
            return await asyncio.gather(*map(_read, streams))
        finally:
            for _, writer in streams:
                writer.close()


async def _connect(url: str) -> _Stream:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def _read(stream: _Stream) -> Answer:
    head, _, body = (await stream[0].read()).partition(b"\r\n\r\n")
    return Answer(int(head.split(b" ", 2)[1]), body)
