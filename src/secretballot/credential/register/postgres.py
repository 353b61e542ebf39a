"""A register in one schema of a PostgreSQL database (:mod:`secretballot.storage.postgres` says what that promises).

psycopg is imported when a register is opened: it is the extra ``postgres``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ...storage import DEFAULT_TIMEOUT
from ...storage.postgres import PostgresSchema, Row, append_only
from .tables import TABLES, Result, TableRegister, Values

APPLICATION = "register"
SCHEMA_VERSION = 1


class PostgresRegister(PostgresSchema, TableRegister):
    """The contract of :class:`~secretballot.credential.register.IssuanceRegister` in a schema of its own, which is made
    unless ``create`` is false.

    The arguments and errors are those of a :class:`~secretballot.board.store.postgres.PostgresStore`. Who may read the
    database reads the roll: keep it from others, and from the board's.
    """

    application = APPLICATION
    schema_version = SCHEMA_VERSION
    tables = (
        *(statement.replace("{bytes}", "bytea") for statement in TABLES),
        *append_only("issued"),
    )

    def __init__(
        self,
        conninfo: str,
        *,
        schema: str = "secretballot_register",
        create: bool = True,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        super().__init__(conninfo, schema=schema, create=create, timeout=timeout)

    def _read(self, work: Callable[[], Result]) -> Result:
        def at_once(again: bool) -> Result:
            with self._reading():
                return work()

        return self._run(at_once)

    def _write(self, work: Callable[[bool], Result]) -> Result:
        def alone(again: bool) -> Result:
            with self._writing():
                return work(again)

        return self._run(alone, writes=True)

    def _select(self, statement: str, values: Values) -> list[Row]:
        return self._rows(_marked(statement), values)

    def _change(self, statement: str, values: Sequence[Values]) -> None:
        self._insert_all(_marked(statement), values)


def _marked(statement: str) -> str:
    """The statement with values marked as psycopg has them."""
    return re.sub(r":(\w+)", r"%(\1)s", statement)
