"""A register in memory, for tests and simulations. It is gone with its process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from ...errors import StoreError, check_type
from .base import (
    IssuanceRegister,
    IssuedLine,
    another,
    answer,
    check_code,
    check_issuing,
    check_room,
    no_line,
    own_voters,
    stranger,
    twice,
)


class MemoryRegister(IssuanceRegister):
    """The contract of :class:`IssuanceRegister` without its durability. ``voters`` are the first on the roll."""

    def __init__(self, voters: Iterable[str] | Mapping[str, bytes | None] = ()) -> None:
        self._lock = threading.Lock()
        self._owner: tuple[bytes, str] | None = None
        self._roll: dict[str, bytes | None] = {}
        #: What counts; an exception from outside, a signal's, may end an issue at any place before it is here.
        self._lines: list[IssuedLine] = []
        self._by_voter: dict[str, int] = {}
        self._by_request: dict[bytes, int] = {}
        self._issuing_closed = False
        self._closed = False
        self.add_voters(voters)

    def bind(self, election: bytes, registrar: str) -> None:
        check_type(election, bytes, "an election's id")
        check_type(registrar, str, "a registrar's id")
        with self._session():
            if self._owner not in (None, (election, registrar)):
                raise another()
            self._owner = election, registrar

    def add_voters(
        self, voters: Iterable[str] | Mapping[str, bytes | None], *, most: int | None = None
    ) -> None:
        given = own_voters(voters)
        with self._session():
            if given.keys() & self._roll.keys():
                raise twice()
            check_room(len(self._roll) + len(given), most)
            self._roll = {**self._roll, **given}

    def is_on_roll(self, voter: str) -> bool:
        check_type(voter, str, "a voter's name")
        with self._session():
            return voter in self._roll

    def roll_size(self) -> int:
        with self._session():
            return len(self._roll)

    def access_code(self, voter: str) -> bytes | None:
        check_type(voter, str, "a voter's name")
        with self._session():
            self._check_on_roll(voter)
            return self._roll[voter]

    def set_access_code(self, voter: str, code: bytes | None) -> None:
        check_type(voter, str, "a voter's name")
        check_code(code)
        with self._session():
            self._check_on_roll(voter)
            self._roll[voter] = code

    def find(self, voter: str, request: bytes) -> IssuedLine | None:
        check_type(voter, str, "a voter's name")
        check_type(request, bytes, "a blinded message as bytes")
        with self._session():
            return self._find(voter, request)

    def issue(self, voter: str, request: bytes, signature: bytes, line: Callable[[int], bytes]) -> IssuedLine:
        check_issuing(voter, request, signature, line)
        with self._session():
            earlier = self._find(voter, request)
            if earlier is not None:
                return earlier
            place = len(self._lines)
            issued = IssuedLine(place + 1, voter, request, signature, line(place + 1))
            self._by_voter[voter] = self._by_request[request] = place
            self._lines.append(issued)
            return issued

    def count(self) -> int:
        with self._session():
            return len(self._lines)

    def entry(self, serial: int) -> bytes:
        check_type(serial, int, "a serial")
        with self._session():
            if not 0 < serial <= len(self._lines):
                raise no_line(serial, len(self._lines))
            return self._lines[serial - 1].entry

    def close_issuing(self) -> None:
        with self._session():
            self._issuing_closed = True

    def issuing_closed(self) -> bool:
        with self._session():
            return self._issuing_closed

    def close(self) -> None:
        with self._lock:
            self._closed = True

    @contextmanager
    def _session(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise StoreError("the register is closed")
            yield

    def _check_on_roll(self, voter: str) -> None:
        if voter not in self._roll:
            raise stranger()

    def _find(self, voter: str, request: bytes) -> IssuedLine | None:
        self._check_on_roll(voter)
        by_voter = self._line(self._by_voter.get(voter))
        by_request = self._line(self._by_request.get(request))
        return answer(
            request,
            by_voter if by_voter is not None and by_voter.voter == voter else None,
            closed=self._issuing_closed,
            taken=by_request is not None and by_request.request == request,
        )

    def _line(self, place: int | None) -> IssuedLine | None:
        """A line, if it came to stand there."""
        return None if place is None or place >= len(self._lines) else self._lines[place]
