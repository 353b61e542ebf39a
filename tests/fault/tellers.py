"""Voters' connections to a board's service, several at once, and what comes of each."""

from __future__ import annotations

import http.client
import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Lock
from urllib.parse import urlsplit

from secretballot.crypto.encoding import b64decode
from secretballot.crypto.note import Checkpoint

from .ledger import Ledger
from .nursery import PATIENCE

#: Every so many ballots, one that was acknowledged is sent again, and the checkpoint is asked for.
SOMETIMES = 3


class Connection:
    """One connection. What it raises is :data:`GONE` where the board is."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body."""
        self._http.request(method, path, body)
        response = self._http.getresponse()
        return response.status, response.read()

    def get(self, path: str) -> bytes:
        status, body = self.ask("GET", path)
        assert status == 200, body
        return body

    def close(self) -> None:
        self._http.close()


class RefusedError(Exception):
    """The board's store takes nothing more."""


GONE = (OSError, http.client.HTTPException, RefusedError)


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    connection = Connection(url)
    try:
        yield connection
    finally:
        connection.close()


def read_log(connection: Connection) -> tuple[list[bytes], str]:
    """All entries, and the checkpoint over them."""
    note = connection.get("/v1/checkpoint").decode()
    size = Checkpoint.parse(note.partition("\n\n")[0] + "\n").size
    entries = []
    while len(entries) < size:
        entries += connection.get(f"/v1/entries?start={len(entries)}&stop={size}").split(b"\n")[:-1]
    return entries, note


def consistency(connection: Connection, old_size: int, new_size: int) -> list[bytes]:
    answer = json.loads(connection.get(f"/v1/consistency?old={old_size}&new={new_size}"))
    return [b64decode(one, 32) for one in answer["proof"]]


class Tellers:
    """Several connections that cast what is waiting, one ballot after another, until nothing is or the board is gone.
    ``urls`` are boards of one log: where one is gone, its ballots are sent to the next."""

    def __init__(self, ledger: Ledger, waiting: deque[bytes], urls: Sequence[str], count: int) -> None:
        self._ledger = ledger
        self._waiting = waiting
        #: Set when the last of them has ended.
        self.ended = Event()
        self._pool = ThreadPoolExecutor(count)
        self._left, self._lock = count, Lock()
        self._done = [
            self._pool.submit(self._cast, [*urls[n % len(urls) :], *urls[: n % len(urls)]])
            for n in range(count)
        ]
        for one in self._done:
            one.add_done_callback(self._count)

    def join(self) -> int:
        """Waits for their end; gives how many ballots were lost on the way."""
        lost = sum(one.result(PATIENCE) for one in self._done)
        self._pool.shutdown()
        return lost

    def _count(self, _: Future[int]) -> None:
        with self._lock:
            self._left -= 1
            if self._left:
                return
        self.ended.set()
        self._ledger.wake()

    def _cast(self, urls: Sequence[str]) -> int:
        lost = 0
        # Not to the first one again: it does not come back.
        for url in urls:
            with connected(url) as connection:
                try:
                    self._cast_at(connection)
                    return lost
                except GONE:
                    lost += 1
        return lost

    def _cast_at(self, connection: Connection) -> None:
        number = 0
        while True:
            try:
                entry = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._send(connection, entry)
                number += 1
                if number % SOMETIMES == 0:
                    self._send(connection, entry)
                    self._ledger.seen(connection.get("/v1/checkpoint").decode())
            except GONE:
                if entry not in self._ledger.acknowledged:
                    self._waiting.appendleft(entry)
                raise

    def _send(self, connection: Connection, entry: bytes) -> None:
        self._ledger.sent(entry)
        try:
            status, body = connection.ask("POST", "/v1/entries", entry)
        except GONE:
            self._ledger.lost(entry)
            raise
        if status == 503:
            self._ledger.lost(entry)
            raise RefusedError(json.loads(body)["message"])
        if status != 201:
            self._ledger.refused(entry)
            raise AssertionError(body)
        self._ledger.answered(entry, body.decode())
