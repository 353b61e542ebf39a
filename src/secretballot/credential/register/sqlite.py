"""A register in one SQLite file (:mod:`secretballot.storage.sqlite` says what that promises)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from ...storage import DEFAULT_TIMEOUT
from ...storage.sqlite import SQLiteFile, append_only
from .tables import TABLES, Result, TableRegister, Values

#: "SReg" (PRAGMA application_id).
APPLICATION_ID = 0x53526567
SCHEMA_VERSION = 1
#: What SQLite calls the file that was opened.
_MAIN = "main"


class SQLiteRegister(SQLiteFile, TableRegister):
    """The contract of :class:`~secretballot.credential.register.IssuanceRegister` in the file ``path``, which is made,
    readable for its owner alone, unless ``create`` is false.

    ``timeout``, in seconds, is for another process's transaction. Raises StoreError for a file that cannot be opened,
    is no SQLite database, belongs to another application (it is left as it was) or has another schema version.
    Threads share one connection under a lock; a forked process opens its own register.
    """

    application_id = APPLICATION_ID
    schema_version = SCHEMA_VERSION
    schema = (
        *(statement.format(schema=_MAIN, bytes="BLOB") for statement in TABLES),
        *append_only("issued"),
    )
    mode = 0o600

    def __init__(
        self, path: str | os.PathLike[str], *, create: bool = True, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        super().__init__(path, create=create, timeout=timeout)

    def _read(self, work: Callable[[], Result]) -> Result:
        # In one transaction, so that the statements see one moment.
        with self._session(), self._transaction("DEFERRED"):
            return work()

    def _write(self, work: Callable[[bool], Result]) -> Result:
        with self._session(), self._transaction("IMMEDIATE"):
            return work(False)

    def _select(self, statement: str, values: Values) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement.format(schema=_MAIN), values).fetchall()

    def _change(self, statement: str, values: Sequence[Values]) -> None:
        self._connection.executemany(statement.format(schema=_MAIN), values)
