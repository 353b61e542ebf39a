"""Connections, bounded: how many there are, how long one may be silent, and how long an answer may lie unread.

uvicorn bounds what a request's head has in bytes and how long a connection is kept between requests. The rest is here:
a client that says nothing, drips a head, or asks for much and reads nothing, is cut off. A body without a length is
refused: in chunks of a byte, few connections would keep a service from everything else.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .rates import network_of
from .settings import Settings

#: Files that a service has open beside its connections: stores, logs, libraries.
_OTHER_FILES = 128
#: Bytes of a request's head.
MAX_HEAD = 2**14


class _Connection(h11.Connection):
    """Refuses chunks with the head, before any of them is looked at. A request with a length too could be read in two
    ways (RFC 9112, section 6.1)."""

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request) and any(name == b"transfer-encoding" for name, _ in event.headers):
            raise h11.RemoteProtocolError("a body comes with its length")
        return event


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 on a connection. Made by :func:`bounded`."""

    settings: Settings
    #: The connections of each address, of all servers of this class.
    addresses: Counter[str]

    _counted: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.conn = _Connection(h11.SERVER, MAX_HEAD)
        self._silence = _Timer(self.loop, self.settings.head_seconds, self._cut_off)
        self._unread = _Timer(self.loop, self.settings.unread_seconds, self._reset)
        self._counted = network_of(self.client[0]) if self.client else ""
        self.addresses[self._counted] += 1
        most, most_of_address = self.settings.connections, self.settings.connections_of_address
        if len(self.connections) > most or self.addresses[self._counted] > most_of_address:
            self._reset()
        else:
            self._silence.start()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._silence.stop()
        self._unread.stop()
        if self._counted is not None:
            self.addresses[self._counted] -= 1
            if not self.addresses[self._counted]:
                del self.addresses[self._counted]
            self._counted = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Whoever owes a request's head, or sends the rest of a body that was refused, has so long from its first byte
        # on, not from its last.
        if self._is_served():
            self._silence.stop()
        else:
            self._silence.start()

    def send_400_response(self, msg: str) -> None:
        # The text of it has no place in an answer to HEAD, and h11 breaks off there.
        with suppress(h11.LocalProtocolError):
            super().send_400_response(msg)
        self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            # Closed, it would be waited for until the answer is read.
            self._reset()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread.stop()

    def _is_served(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _cut_off(self) -> None:
        if not self._is_served():
            self._reset()

    def _reset(self) -> None:
        """Ends the connection; what the system holds for a client that does not read is dropped too."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class _Timer:
    """Does something so many seconds after it is first started, unless it is stopped before."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, act: Callable[[], object]) -> None:
        self._loop = loop
        self._seconds = seconds
        self._act = act
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self._handle is None:
            self._handle = self._loop.call_later(self._seconds, self._end)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _end(self) -> None:
        self._handle = None
        self._act()


def bounded(settings: Settings) -> type[BoundedProtocol]:
    """The class of a server's connections."""
    members: dict[str, Any] = {"settings": settings, "addresses": Counter()}
    return type("BoundedProtocol", (BoundedProtocol,), members)


def room_for(connections: int) -> int:
    """How many connections the process may open files for, up to so many; its limit is raised as far as it may be.
    Beyond it, connections could not even be refused."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return connections
    wanted = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY != soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return max(1, min(connections, soft - _OTHER_FILES))
    return connections
