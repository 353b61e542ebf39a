"""Named points in what a board or a role does, at which its process kills itself: as ``kill -9`` would at that instant.

Only for a process that was forked to be killed: what is patched stays patched.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from secretballot.board import board as board_module
from secretballot.board.board import Board
from secretballot.board.store import BoardStore, FilesStore, SQLiteStore, layout
from secretballot.board.store.postgres import PostgresStore
from secretballot.storage import postgres

#: Seconds within which a kill "in" something comes: about what the disk takes.
SOON = 0.005

#: On every store.
COMMON = (
    "before append",
    "in append",
    "after append",
    "after apply",
    "before receipt",
    "after receipt",
    "after head",
    "before put_checkpoint",
    "after put_checkpoint",
)
_COMMIT = ("before COMMIT", "in COMMIT", "after COMMIT")
#: What each store adds.
OF_STORE = {
    "sqlite": (
        *("after BEGIN", "after INSERT INTO entries", "after INSERT INTO keys", "after INSERT INTO nodes"),
        *_COMMIT,
    ),
    "files": ("before write", "half a write", "after write", "before fsync", "after fsync"),
    "postgres": ("before insert", "after insert", *_COMMIT),
}
STORES: dict[str, type[BoardStore]] = {
    "files": FilesStore,
    "sqlite": SQLiteStore,
    "postgres": PostgresStore,
}


def for_several(kind: str) -> bool:
    """Whether several boards may be on one store of that kind: SQLite had the WAL-reset bug for long."""
    version = sqlite3.sqlite_version_info
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return kind != "sqlite" or mended


class Fuse:
    """Kills this process the next time that its point is passed, after so many that it lets pass."""

    def __init__(self, point: str, passes: int, armed: bool) -> None:
        self.point = point
        self._left = passes
        self._lock = threading.Lock()
        self._armed = armed
        if not armed:
            signal.signal(signal.SIGUSR1, self._arm)

    def _arm(self, *_: object) -> None:
        self._armed = True

    def passed(self, point: str) -> None:
        if point == self.point and self._is_due():
            die()

    def passing(self, point: str) -> None:
        """As :meth:`passed`, of a point that has an extent: the kill comes somewhere in it, or just after."""
        if point == self.point and self._is_due():
            threading.Timer(random.uniform(0, SOON), die).start()

    def is_at(self, point: str) -> bool:
        """Whether to die there, for what has something to do before."""
        return point == self.point and self._is_due()

    def _is_due(self) -> bool:
        with self._lock:
            if not self._armed:
                return False
            self._left -= 1
            return self._left == -1


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def lay(kind: str, fuse: Fuse) -> None:
    """Patches all points of a board on a store of that kind."""
    _around(STORES[kind], "append", fuse)
    _around(STORES[kind], "put_checkpoint", fuse)
    _around(Board, "_apply", fuse, "apply")
    _around(board_module, "format_receipt", fuse, "receipt")
    {"sqlite": _lay_sqlite, "files": _lay_files, "postgres": _lay_postgres}[kind](fuse)


def _around(owner: Any, name: str, fuse: Fuse, called: str | None = None) -> None:
    inner, called = getattr(owner, name), called or name

    def wrapped(*arguments: Any, **options: Any) -> Any:
        fuse.passed(f"before {called}")
        fuse.passing(f"in {called}")
        given = inner(*arguments, **options)
        fuse.passed(f"after {called}")
        return given

    setattr(owner, name, wrapped)


def _lay_sqlite(fuse: Fuse) -> None:
    class Connection(sqlite3.Connection):
        writes = False

        def execute(self, statement: str, *values: Any) -> Any:
            if statement.startswith("BEGIN"):
                self.writes = statement == "BEGIN IMMEDIATE"
            with _statement(fuse, statement, self.writes):
                return super().execute(statement, *values)

        def executemany(self, statement: str, *values: Any) -> Any:
            with _statement(fuse, statement, self.writes):
                return super().executemany(statement, *values)

    sqlite3.connect = partial(sqlite3.connect, factory=Connection)  # type: ignore[assignment]


@contextmanager
def _statement(fuse: Fuse, statement: str, writes: bool) -> Iterator[None]:
    """Around a statement, told by its first words."""
    name = statement.split(" VALUES")[0].split(" IMMEDIATE")[0]
    if writes:
        fuse.passed(f"before {name}")
        fuse.passing(f"in {name}")
    yield
    if writes:
        fuse.passed(f"after {name}")


def _lay_files(fuse: Fuse) -> None:
    write_at = layout.write_at

    def write(file: int, data: bytes, offset: int) -> None:
        fuse.passed("before write")
        if fuse.is_at("half a write"):
            write_at(file, data[: random.randrange(len(data))], offset)
            die()
        write_at(file, data, offset)
        fuse.passed("after write")

    layout.write_at = write
    _around(os, "fsync", fuse)


def _lay_postgres(fuse: Fuse) -> None:
    _around(postgres.PostgresSchema, "_insert", fuse, "insert")
    execute = postgres.PostgresSchema._execute

    def executed(self: Any, statements: str) -> None:
        with _statement(fuse, statements, statements == "COMMIT"):
            execute(self, statements)

    postgres.PostgresSchema._execute = executed  # type: ignore[method-assign]


def cut_answers(app: Any, fuse: Fuse) -> Any:
    """The application, killed once it has begun to answer a ballot."""

    async def cut(scope: Any, receive: Any, send: Callable[[Any], Any]) -> None:
        async def answer(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.start" and message["status"] == 201:
                fuse.passed("after head")

        await app(scope, receive, answer)

    return cut
