"""What a board signed last, kept apart from its store: a board never goes on from less.

A store that was lost, that is an older copy, or that is another one looks like a good one: everything in it fits.
Whoever serves from it makes the board sign a second history, from which ballots can be left out.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ..crypto.note import MAX_NOTE_SIZE
from ..errors import CryptoError, StoreError, check_path
from ..files import write_file
from .board import Board

#: Seconds between two checkpoints that are kept while a board is served.
EVERY = 1.0


class Floor:
    """The newest checkpoint, in a file. Safe from several threads; ``clock`` gives seconds that only grow."""

    def __init__(self, path: str | os.PathLike[str], clock: Callable[[], float] = time.monotonic) -> None:
        check_path(path, "the path of a board's last checkpoint")
        self._path = Path(path)
        self._clock = clock
        self._lock = threading.Lock()
        self._next = clock()

    def check(self, board: Board) -> None:
        """Returns nothing if the board's log continues what is kept; raises StoreError otherwise. A board that never
        signed keeps nothing."""
        try:
            with self._path.open("rb") as file:
                note = file.read(MAX_NOTE_SIZE + 1)
        except FileNotFoundError:
            return
        try:
            board.check_continues(note)
        except StoreError as error:
            raise StoreError(
                f"the store is an older copy, or another one: {error.message}", item=error.item
            ) from None
        except CryptoError as error:
            raise StoreError(
                f"it is no checkpoint of this board: {error.message}", item=str(self._path)
            ) from None

    def follow(self, board: Board) -> None:
        """Keeps the newest checkpoint, unless one was kept just now."""
        if self._clock() >= self._next:
            self.rise(board)

    def rise(self, board: Board) -> None:
        """Keeps the newest checkpoint, where there is one."""
        with self._lock:
            if board.catch_up().size:
                write_file(self._path, board.checkpoint().encode("utf-8"))
            self._next = self._clock() + EVERY
