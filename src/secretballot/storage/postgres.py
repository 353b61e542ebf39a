"""One schema of a PostgreSQL database, by psycopg 3 (the extra ``postgres``).

Durability is the server's: a transaction is on its disk when it commits, as each one that writes sets
``synchronous_commit = on`` for itself, and a server that runs with ``fsync = off`` is refused. Writers of any number of
threads, processes and machines take one lock of the schema, so that each sees what those before it wrote.

A connection that is lost is made anew, and what was being done is done again. Whether a transaction was committed,
when the connection was lost meanwhile, nobody can tell from the outside: whoever does it again finds out under the
lock, which the lost transaction has given up by then.
"""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from ..errors import StoreError, check_type
from . import check_timeout

if TYPE_CHECKING:
    import psycopg

Result = TypeVar("Result")
Row = tuple[Any, ...]
Values = Mapping[str, object] | Sequence[object]

#: Names that need no care in SQL but their quotes. Names that begin with pg_ are the server's.
_SCHEMA_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
#: How often something is done where the connection is lost each time.
_ATTEMPTS = 3
#: Seconds between two attempts to connect again.
_PAUSES = (0.05, 1.0)
#: Milliseconds that a client may do nothing within a transaction: then the server gives its lock to others.
_MAX_IDLE = 10_000
#: Of libpq, unless the connection string says otherwise. A server that is gone without a word is missed in half a
#: minute, and not in the two hours of the system.
_DEFAULTS = {
    "application_name": "secretballot",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
#: The key of the advisory lock that is held while tables are made: "SBal".
_MAKING = 0x5342616C

_IDENTITY = """
SELECT current_setting('fsync'), to_regnamespace(%(schema)s) IS NOT NULL, to_regclass(%(marker)s) IS NOT NULL,
       EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace(%(schema)s))
"""


class PostgresSchema:
    """A schema of one kind, which is made unless ``create`` is false; what its tables hold, a derived class says.

    ``conninfo`` is libpq's connection string. ``timeout``, in seconds, is for another writer, and for a lost
    connection. Raises StoreError where psycopg is not installed, where the server cannot be reached, and for a
    schema that holds something else (it is left as it was) or has another version. Threads share one
    connection under a lock; a forked process opens its own. No error shows the connection's password.
    """

    #: Marks the schema as one of this kind.
    application: ClassVar[str]
    #: Goes up with every change of the tables.
    schema_version: ClassVar[int]
    #: The statements that make the tables; ``{schema}`` in them stands for the schema's quoted name.
    tables: ClassVar[Sequence[str]]

    def __init__(self, conninfo: str, *, schema: str, create: bool, timeout: float) -> None:
        check_type(conninfo, str, "a connection string")
        check_type(schema, str, "a schema's name")
        check_timeout(timeout)
        if not _SCHEMA_NAME.fullmatch(schema):
            raise StoreError(
                "a schema's name has 1 to 63 of a to z, 0 to 9 and _, and begins with none of 0 to 9 or pg_"
            )
        self._psycopg = _import_psycopg()
        self._schema = schema
        self._timeout = timeout
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._closed = False
        self._statements: dict[str, bytes] = {}
        self._parameters = self._parse(conninfo)
        failure: StoreError
        try:
            self._connection = self._connect()
            try:
                self._prepare(create)
            except BaseException:
                self._connection.close()
                raise
            return
        except self._psycopg.Error as error:
            failure = self._failure(error)
        # Not raised above: the error that is being handled there may hold the password.
        raise failure

    def close(self) -> None:
        """Ends the connection; closing twice does no harm."""
        # A forked process that closed what it inherited would end its parent's connection.
        if os.getpid() == self._process:
            with self._lock:
                self._closed = True
                self._connection.close()

    # Statements. All but _run are for within it.

    def _run(self, work: Callable[[bool], Result], *, writes: bool = False) -> Result:
        """Does some work on the connection, for this thread alone; and again on a new one where it was lost.

        ``work`` is told whether it was begun before. Raises StoreError for what the server refuses, and where the
        connection stays lost: what was to be written may then be there or not.
        """
        if os.getpid() != self._process:
            raise StoreError("the store was opened before a fork; open it in this process", item=self._item)
        with self._lock:
            if self._closed:
                raise StoreError("the store is closed")
            begun = False
            for _ in range(_ATTEMPTS):
                connected = False
                try:
                    self._make_usable()
                    connected = True
                    again, begun = begun, True
                    return work(again)
                except self._psycopg.Error as error:
                    failure = self._failure(error, unknown=writes and begun)
                    if not connected or not self._connection.closed:
                        break
        raise failure

    @contextmanager
    def _writing(self, *, alone: bool = True) -> Iterator[None]:
        """A transaction that is on the server's disk at the end of its block, or rolled back where that fails; with
        ``alone``, no other one is in such a block."""
        begin = (
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
            "SET LOCAL synchronous_commit = on;"
            f"SET LOCAL lock_timeout = {max(1, int(self._timeout * 1000))};"
            f"SET LOCAL idle_in_transaction_session_timeout = {_MAX_IDLE};"
        )
        # The table is never changed, so that nobody else, not even the server's own cleaning, wants a lock of it.
        lock = "LOCK TABLE {schema}.secretballot IN EXCLUSIVE MODE;" if alone else ""
        with self._transaction(begin + lock):
            yield

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """A transaction whose statements see one moment."""
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        try:
            self._execute(begin)
            yield
            self._execute("COMMIT")
        finally:
            # In the midst of a statement, where an exception from outside came, the connection is of no more use.
            if self._connection.info.transaction_status.name in ("INTRANS", "INERROR"):
                self._execute("ROLLBACK")

    def _execute(self, statements: str) -> None:
        """Statements without values."""
        self._connection.execute(self._named(statements), prepare=False)

    def _insert(self, statement: str, values: Values) -> None:
        self._connection.execute(self._named(statement), values)

    def _insert_all(self, statement: str, values: Sequence[Values]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(self._named(statement), values)

    def _rows(self, statement: str, values: Values = ()) -> list[Row]:
        return self._connection.execute(self._named(statement), values, binary=True).fetchall()

    def _named(self, statement: str) -> bytes:
        """The statement with the schema's name, which was checked, in it."""
        if statement not in self._statements:
            self._statements[statement] = statement.replace("{schema}", f'"{self._schema}"').encode()
        return self._statements[statement]

    # The connection.

    def _parse(self, conninfo: str) -> dict[str, Any]:
        try:
            given = self._psycopg.conninfo.conninfo_to_dict(conninfo)
        except self._psycopg.Error:
            given = None
        if given is None:
            # libpq's message quotes what it does not understand, which may be a part of the password.
            raise StoreError("the connection string cannot be read: give one as libpq's")
        timeout = {"connect_timeout": max(2, math.ceil(self._timeout))}
        return {**_DEFAULTS, **timeout, **given}

    def _connect(self) -> psycopg.Connection[Row]:
        parameters = {**self._parameters, "autocommit": True, "client_encoding": "UTF8"}
        return cast("psycopg.Connection[Row]", self._psycopg.connect(**parameters))

    def _make_usable(self) -> None:
        """Connects again where the connection was lost, or an exception from outside, a signal's, left it in the midst
        of something."""
        if self._connection.info.transaction_status.name == "IDLE":
            return
        self._connection.close()
        deadline = time.monotonic() + self._timeout
        pause, longest = _PAUSES
        while True:
            try:
                self._connection = self._connect()
                break
            except self._psycopg.OperationalError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, longest)
        try:
            self._prepare(create=False)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, create: bool) -> None:
        if not self._is_new():
            return
        if not create:
            raise StoreError("there is no such schema, or nothing in it", item=self._item)
        with self._writing(alone=False):
            self._execute(f"SELECT pg_advisory_xact_lock({_MAKING})")
            if self._is_new():
                # Where it is there, its owner may not be allowed to make others.
                if not self._rows("SELECT to_regnamespace(%s) IS NOT NULL", [self._quoted])[0][0]:
                    self._execute("CREATE SCHEMA {schema}")
                self._execute("CREATE TABLE {schema}.secretballot (application text, version integer)")
                for statement in self.tables:
                    self._execute(statement)
                self._insert(
                    "INSERT INTO {schema}.secretballot VALUES (%s, %s)",
                    [self.application, self.schema_version],
                )

    def _is_new(self) -> bool:
        """Whether there is nothing in the schema; otherwise it is of this kind and version, or StoreError is raised."""
        names = {"schema": self._quoted, "marker": f"{self._quoted}.secretballot"}
        ((fsync, _, marked, filled),) = self._rows(_IDENTITY, names)
        if fsync != "on":
            raise StoreError("the server runs with fsync = off: what it commits may be lost", item=self._item)
        if not filled:
            return True
        marks = self._rows("SELECT application, version FROM {schema}.secretballot") if marked else []
        if [application for application, _ in marks] != [self.application]:
            raise StoreError("the schema holds something else", item=self._item)
        if marks[0][1] != self.schema_version:
            raise StoreError(
                f"the store has schema version {marks[0][1]}, not {self.schema_version}", item=self._item
            )
        return False

    @property
    def _quoted(self) -> str:
        return f'"{self._schema}"'

    @property
    def _item(self) -> str:
        return f"schema {self._schema}"

    def _failure(self, error: psycopg.Error, *, unknown: bool = False) -> StoreError:
        """What the server or libpq says, on one line and without the password."""
        message = " ".join((error.diag.message_primary or str(error)).split())
        password = self._parameters.get("password")
        if password:
            message = message.replace(str(password), "***")
        if unknown and self._connection.closed:
            message = f"the connection was lost, and what was to be written may be there or not: {message}"
        return StoreError(message, item=self._item)


def append_only(*tables: str) -> tuple[str, ...]:
    """Statements for triggers against mistakes by hand or by later code; the tables' owner can also drop these."""
    function = (
        "CREATE FUNCTION {schema}.append_only() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RAISE EXCEPTION 'the table % is append-only', TG_TABLE_NAME; END $$"
    )
    return (
        function,
        *(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {{schema}}.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION {schema}.append_only()"
            for table in tables
        ),
    )


def _import_psycopg() -> ModuleType:
    try:
        import psycopg
        import psycopg.conninfo
    except ImportError:
        raise StoreError(
            "PostgreSQL needs psycopg: install the extra, as in pip install '.[postgres]'"
        ) from None
    return psycopg
