"""A store in one schema of a PostgreSQL database (:mod:`secretballot.storage.postgres` says what that promises).

psycopg is imported when a store is opened: it is the extra ``postgres``.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from ...crypto.merkle import HASH_SIZE, Frontier, leaf_hash
from ...errors import StoreError
from ...storage import DEFAULT_TIMEOUT
from ...storage.postgres import PostgresSchema, append_only
from .base import (
    MAX_SIZE,
    BoardStore,
    ConflictError,
    check_attachment,
    check_checkpoint,
    check_index,
    check_node,
    duplicate,
    own_entry,
)

APPLICATION = "board"
SCHEMA_VERSION = 1

_APPEND = """
WITH entry AS (INSERT INTO {schema}.entries VALUES (%(index)s, %(entry)b, %(attempt)b)),
     key AS (INSERT INTO {schema}.keys SELECT key, %(index)s FROM unnest(%(keys)s::bytea[]) AS given (key))
INSERT INTO {schema}.nodes
SELECT level, %(index)s::bigint >> level, hash
FROM unnest(%(levels)s::integer[], %(hashes)s::bytea[]) AS completed (level, hash)
"""


class PostgresStore(PostgresSchema, BoardStore):
    """The contract of :class:`BoardStore` in a schema of its own, which is made unless ``create`` is false.

    ``conninfo`` is libpq's connection string, such as ``postgresql://board@db.example.org/votes``; ``schema`` is a name
    for the log, of a to z, 0 to 9 and _. ``timeout``, in seconds, is for another writer and for a lost
    connection. Raises StoreError where psycopg is not installed, where the server cannot be reached, and for a schema
    that holds something else (it is left as it was) or has another version. Threads share one connection under a
    lock; a forked process opens its own store.
    """

    application = APPLICATION
    schema_version = SCHEMA_VERSION
    tables = (
        # The attempt tells whoever made it, and lost the connection, that it was this one that succeeded.
        "CREATE TABLE {schema}.entries (position bigint PRIMARY KEY, data bytea NOT NULL, attempt bytea NOT NULL)",
        "CREATE TABLE {schema}.keys (key bytea PRIMARY KEY, position bigint NOT NULL)",
        "CREATE TABLE {schema}.nodes (level integer, position bigint, hash bytea NOT NULL, "
        "PRIMARY KEY (level, position))",
        "CREATE TABLE {schema}.checkpoint (id integer PRIMARY KEY CHECK (id = 0), note bytea NOT NULL, "
        "size bigint NOT NULL)",
        "CREATE TABLE {schema}.attachments (digest bytea PRIMARY KEY, data bytea NOT NULL)",
        *append_only("entries", "keys", "nodes", "attachments"),
    )

    def __init__(
        self,
        conninfo: str,
        *,
        schema: str = "secretballot",
        create: bool = True,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        super().__init__(conninfo, schema=schema, create=create, timeout=timeout)

    def append(self, entry: bytes, keys: Sequence[bytes], expected_size: int) -> int:
        entry, keys = own_entry(entry, keys, expected_size)
        attempt = secrets.token_bytes(16)

        def work(again: bool) -> int:
            with self._writing():
                if again and self._is_appended(expected_size, attempt):
                    return expected_size
                statement = "SELECT key, position FROM {schema}.keys WHERE key = ANY(%s::bytea[])"
                found = {bytes(key): int(index) for key, index in self._rows(statement, [keys])}
                for key in keys:
                    if key in found:
                        raise duplicate(found[key])
                index = self._count()
                if index != expected_size:
                    raise ConflictError(index, expected_size)
                completed = self._frontier(index).append(leaf_hash(entry))
                values = {"index": index, "entry": entry, "attempt": attempt, "keys": keys}
                self._insert(
                    _APPEND, {**values, "levels": list(range(len(completed))), "hashes": list(completed)}
                )
                return index

        return self._run(work, writes=True)

    def size(self) -> int:
        return self._run(lambda again: self._count())

    def get(self, index: int) -> bytes:
        def work(again: bool) -> bytes:
            statement = "SELECT data FROM {schema}.entries WHERE position = %s"
            for (data,) in self._rows(statement, [index]) if 0 <= index <= MAX_SIZE else ():
                return bytes(data)
            check_index(index, self._count())
            raise _missing(f"entry {index}")

        return self._run(work)

    def find(self, key: bytes) -> int | None:
        def work(again: bool) -> int | None:
            for (index,) in self._rows("SELECT position FROM {schema}.keys WHERE key = %b", [bytes(key)]):
                return int(index)
            return None

        return self._run(work)

    def node(self, level: int, index: int) -> bytes:
        def work(again: bool) -> bytes:
            statement = "SELECT hash FROM {schema}.nodes WHERE level = %s AND position = %s"
            within = 0 <= level < MAX_SIZE.bit_length() and 0 <= index <= MAX_SIZE
            for (value,) in self._rows(statement, [level, index]) if within else ():
                return _hash(value, level, index)
            check_node(level, index, self._count())
            return _hash(None, level, index)

        return self._run(work)

    def frontier(self) -> Frontier:
        # Other processes may append between the size and the nodes; those of this size stay as they are.
        return self._run(lambda again: self._frontier(self._count()))

    def put_checkpoint(self, note: bytes, size: int) -> None:
        check_checkpoint(note, size)

        def work(again: bool) -> None:
            with self._writing():
                self._insert(
                    "INSERT INTO {schema}.checkpoint AS kept VALUES (0, %b, %s) ON CONFLICT (id) DO UPDATE "
                    "SET note = excluded.note, size = excluded.size WHERE excluded.size >= kept.size",
                    [bytes(note), size],
                )

        self._run(work, writes=True)

    def checkpoint(self) -> bytes | None:
        def work(again: bool) -> bytes | None:
            for (note,) in self._rows("SELECT note FROM {schema}.checkpoint"):
                return bytes(note)
            return None

        return self._run(work)

    def put_attachment(self, digest: bytes, data: bytes) -> None:
        check_attachment(digest, data)

        def work(again: bool) -> None:
            # It is long, and nobody has to wait for it.
            with self._writing(alone=False):
                self._insert(
                    "INSERT INTO {schema}.attachments VALUES (%b, %b) ON CONFLICT DO NOTHING", [digest, data]
                )

        self._run(work, writes=True)

    def attachment(self, digest: bytes) -> bytes | None:
        def work(again: bool) -> bytes | None:
            statement = "SELECT data FROM {schema}.attachments WHERE digest = %b"
            for (data,) in self._rows(statement, [bytes(digest)]):
                return bytes(data)
            return None

        return self._run(work)

    # On the connection.

    def _count(self) -> int:
        ((size,),) = self._rows("SELECT COALESCE(MAX(position) + 1, 0) FROM {schema}.entries")
        return int(size)

    def _is_appended(self, index: int, attempt: bytes) -> bool:
        statement = "SELECT FROM {schema}.entries WHERE position = %s AND attempt = %b"
        return bool(self._rows(statement, [index, attempt]))

    def _frontier(self, size: int) -> Frontier:
        """The frontier of that size, in one question."""
        # The roots of the complete subtrees: of each 1-bit of the size, what stands before it is to its left.
        levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
        places = [(size >> level) - 1 for level in levels]
        rows = self._rows(
            "SELECT level, hash FROM {schema}.nodes JOIN unnest(%s::integer[], %s::bigint[]) "
            "AS asked (level, position) USING (level, position)",
            [levels, places],
        )
        found = {int(level): bytes(value) for level, value in rows}
        return Frontier.from_state(
            size,
            [_hash(found.get(level), level, place) for level, place in zip(levels, places, strict=True)],
        )


def _hash(value: bytes | None, level: int, index: int) -> bytes:
    item = f"node {index} of level {level}"
    if value is None:
        raise _missing(item)
    if len(value) != HASH_SIZE:
        raise StoreError("the store is corrupt: a hash of another length", item=item)
    return bytes(value)


def _missing(item: str) -> StoreError:
    return StoreError("the store is corrupt: bytes that should be there are not", item=item)
