"""A register in the tables of a database: the statements, and what they mean, for SQLite and PostgreSQL alike.

``{schema}`` stands for the schema's name, ``{bytes}`` for the type of byte strings; a value is marked by a colon.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ...errors import StoreError, check_type
from .base import (
    IssuanceRegister,
    IssuedLine,
    another,
    answer,
    check_code,
    check_issuing,
    check_room,
    is_name,
    no_line,
    own_voters,
    stranger,
    twice,
)

Result = TypeVar("Result")
Values = Mapping[str, object]

#: The roll, what was issued, and the one row of what the register as a whole is.
TABLES = (
    "CREATE TABLE {schema}.roll (voter TEXT PRIMARY KEY, access_code {bytes})",
    "CREATE TABLE {schema}.issued (serial INTEGER PRIMARY KEY, voter TEXT NOT NULL UNIQUE, "
    "request {bytes} NOT NULL UNIQUE, signature {bytes} NOT NULL, entry {bytes} NOT NULL)",
    "CREATE TABLE {schema}.register (id INTEGER PRIMARY KEY CHECK (id = 0), election {bytes}, registrar TEXT, "
    "closed INTEGER NOT NULL)",
    "INSERT INTO {schema}.register VALUES (0, NULL, NULL, 0)",
)

_LINE = "SELECT serial, voter, request, signature, entry FROM {schema}.issued WHERE "


class TableRegister(IssuanceRegister):
    """The contract of :class:`IssuanceRegister` on a database's transactions, which a derived class gives."""

    @abstractmethod
    def _read(self, work: Callable[[], Result]) -> Result:
        """Does work that changes nothing, for this thread alone."""

    @abstractmethod
    def _write(self, work: Callable[[bool], Result]) -> Result:
        """Does work in a transaction, as the only one of all threads and processes. It is durable at the end, or
        nothing of it was done. It may be done again; ``work`` is then told so."""

    @abstractmethod
    def _select(self, statement: str, values: Values) -> list[tuple[Any, ...]]:
        """The rows that a statement gives, within the above."""

    @abstractmethod
    def _change(self, statement: str, values: Sequence[Values]) -> None:
        """Does a statement once for each of the values, within the above."""

    def bind(self, election: bytes, registrar: str) -> None:
        check_type(election, bytes, "an election's id")
        check_type(registrar, str, "a registrar's id")

        def work(again: bool) -> None:
            ((lines,),) = self._select("SELECT COUNT(*) FROM {schema}.issued", {})
            if lines != self._count():
                raise _corrupt("register")
            owner = self._register()[:2]
            if owner == (None, None):
                self._change(
                    "UPDATE {schema}.register SET election = :election, registrar = :registrar",
                    [{"election": election, "registrar": registrar}],
                )
            elif owner != (election, registrar):
                raise another()

        self._write(work)

    def add_voters(
        self, voters: Iterable[str] | Mapping[str, bytes | None], *, most: int | None = None
    ) -> None:
        given = own_voters(voters)

        def work(again: bool) -> None:
            if again and all(self._codes(voter) == [code] for voter, code in given.items()):
                return  # It was done, and only its answer was lost.
            before = self._roll_size()
            self._change(
                "INSERT INTO {schema}.roll VALUES (:voter, :code) ON CONFLICT DO NOTHING",
                [{"voter": voter, "code": code} for voter, code in given.items()],
            )
            if self._roll_size() != before + len(given):
                raise twice()
            # What was inserted goes with the transaction.
            check_room(before + len(given), most)

        self._write(work)

    def is_on_roll(self, voter: str) -> bool:
        return is_name(voter) and self._read(lambda: bool(self._codes(voter)))

    def roll_size(self) -> int:
        return self._read(self._roll_size)

    def access_code(self, voter: str) -> bytes | None:
        codes = self._read(lambda: self._codes(voter)) if is_name(voter) else []
        if not codes:
            raise stranger()
        return codes[0]

    def set_access_code(self, voter: str, code: bytes | None) -> None:
        check_code(code)
        if not is_name(voter):
            raise stranger()

        def work(again: bool) -> None:
            if not self._codes(voter):
                raise stranger()
            statement = "UPDATE {schema}.roll SET access_code = :code WHERE voter = :voter"
            self._change(statement, [{"voter": voter, "code": code}])

        self._write(work)

    def find(self, voter: str, request: bytes) -> IssuedLine | None:
        check_type(request, bytes, "a blinded message as bytes")
        if not is_name(voter):
            raise stranger()
        return self._read(lambda: self._find(voter, request))

    def issue(self, voter: str, request: bytes, signature: bytes, line: Callable[[int], bytes]) -> IssuedLine:
        check_issuing(voter, request, signature, line)
        if not is_name(voter):
            raise stranger()

        def work(again: bool) -> IssuedLine:
            earlier = self._find(voter, request)
            if earlier is not None:
                return earlier
            serial = self._count() + 1
            issued = IssuedLine(serial, voter, request, signature, line(serial))
            statement = "INSERT INTO {schema}.issued VALUES (:serial, :voter, :request, :signature, :entry)"
            self._change(statement, [vars(issued)])
            return issued

        return self._write(work)

    def count(self) -> int:
        return self._read(self._count)

    def entry(self, serial: int) -> bytes:
        check_type(serial, int, "a serial")

        def work() -> bytes:
            count = self._count()
            if not 0 < serial <= count:
                raise no_line(serial, count)
            found = self._line("serial = :serial", {"serial": serial})
            if found is None:
                raise _corrupt(f"line {serial}")
            return found.entry

        return self._read(work)

    def close_issuing(self) -> None:
        self._write(lambda again: self._change("UPDATE {schema}.register SET closed = 1", [{}]))

    def issuing_closed(self) -> bool:
        return self._read(lambda: self._register()[2])

    # On the connection.

    def _register(self) -> tuple[bytes | None, str | None, bool]:
        for election, registrar, closed in self._select(
            "SELECT election, registrar, closed FROM {schema}.register", {}
        ):
            return election, registrar, closed != 0
        raise _corrupt("register")

    def _codes(self, voter: str) -> list[bytes | None]:
        """A voter's code, in a list that is empty for who is not on the roll."""
        rows = self._select("SELECT access_code FROM {schema}.roll WHERE voter = :voter", {"voter": voter})
        return [code for (code,) in rows]

    def _roll_size(self) -> int:
        ((size,),) = self._select("SELECT COUNT(*) FROM {schema}.roll", {})
        return int(size)

    def _count(self) -> int:
        """The last serial: there is no gap, as :meth:`bind` has seen, and nothing is deleted."""
        ((last,),) = self._select("SELECT COALESCE(MAX(serial), 0) FROM {schema}.issued", {})
        return int(last)

    def _find(self, voter: str, request: bytes) -> IssuedLine | None:
        if not self._codes(voter):
            raise stranger()
        return answer(
            request,
            self._line("voter = :voter", {"voter": voter}),
            closed=self._register()[2],
            taken=self._line("request = :request", {"request": request}) is not None,
        )

    def _line(self, where: str, values: Values) -> IssuedLine | None:
        for row in self._select(_LINE + where, values):
            if tuple(map(type, row)) != (int, str, bytes, bytes, bytes):
                raise _corrupt("register")
            return IssuedLine(*row)
        return None


def _corrupt(item: str) -> StoreError:
    return StoreError("the register is corrupt: what should be there is not", item=item)
