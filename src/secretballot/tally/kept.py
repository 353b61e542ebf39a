"""Pieces of bytes of one size, to be read again: in memory, and from some number on in an unnamed temporary file.

A forked process has its parent's file, and both would write at the same places: there this raises, instead of giving
back what was not kept.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import weakref
from collections.abc import Iterator
from io import RawIOBase
from typing import cast

from ..errors import StoreError

#: Bytes held in memory.
IN_MEMORY = 16 * 2**20


class Kept:
    """The pieces kept so far, each under its number from 0."""

    def __init__(self) -> None:
        self._memory: list[bytes] = []
        self._in_file = 0
        self._file: RawIOBase | None = None
        self._process = 0

    def add(self, piece: bytes) -> int:
        """Keeps a piece, of the size of all others, and gives its number. Raises StoreError where the temporary file
        cannot be written, or is another process's."""
        number = len(self._memory) + self._in_file
        if self._file is None and (number + 1) * len(piece) <= IN_MEMORY:
            self._memory.append(piece)
            return number
        with self._opened(self._in_file * len(piece)) as file:
            if file.write(piece) != len(piece):
                raise StoreError("the temporary file of ballots is full")
        self._in_file += 1
        return number

    def make_room(self, size: int) -> None:
        """Sees to it that a further piece of that size can be added, whatever else fills the disk; raises StoreError
        as :meth:`add`."""
        number = len(self._memory) + self._in_file
        if self._file is None and (number + 1) * size <= IN_MEMORY:
            return
        with self._opened(self._in_file * size) as file:
            if file.write(bytes(size)) != size:
                raise StoreError("the temporary file of ballots is full")

    def get(self, number: int, size: int) -> bytes:
        """The piece of that number, and of the size of all; raises StoreError as :meth:`add`."""
        if number < len(self._memory):
            return self._memory[number]
        with self._opened((number - len(self._memory)) * size) as file:
            piece = file.read(size)
        if piece is None or len(piece) != size:
            raise StoreError("the temporary file of ballots is cut")
        return piece

    @contextlib.contextmanager
    def _opened(self, at: int) -> Iterator[RawIOBase]:
        """The file, at that place; it is made when it is needed for the first time."""
        try:
            if self._file is None:
                file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - lives as long as what it holds
                weakref.finalize(self, file.close)
                self._file, self._process = cast(RawIOBase, file), os.getpid()
            if os.getpid() != self._process:
                raise StoreError(
                    "a log of so many ballots is of no use after a fork: replay it in each process"
                )
            self._file.seek(at)
            yield self._file
        except OSError as error:
            raise StoreError(f"the temporary file of ballots: {error.strerror}") from None
