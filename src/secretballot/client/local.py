"""A board of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..board.board import Admit, Board
from ..board.floor import Floor
from ..errors import check_type
from .access import BoardAccess


class LocalBoard(BoardAccess):
    """The board itself. ``cosigners`` are the vkeys of those whose lines it keeps; ``close`` lets go of its store.
    Where there is a ``floor``, the log is held against it, and it rises with the log; raises StoreError."""

    def __init__(
        self,
        board: Board,
        cosigners: Iterable[str] = (),
        name: str = "board",
        close: Callable[[], object] | None = None,
        floor: Floor | None = None,
    ) -> None:
        check_type(board, Board, "a board")
        self._close = close
        self._floor = floor
        if floor is not None:
            floor.check(board)
            floor.rise(board)
        self.board = board
        self.cosigners = tuple(cosigners)
        self.name = name

    def checkpoint(self) -> str:
        return self.board.checkpoint()

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        return self.board.entries(start, stop)

    def submit(self, raw: bytes, admit: Admit | None = None) -> str:
        receipt = self.board.submit(raw, admit)
        if self._floor is not None:
            self._floor.follow(self.board)
        return receipt

    def attach(self, raw: bytes, data: bytes) -> None:
        self.board.attach(raw, data)

    def attachment(self, digest: bytes, size: int) -> bytes:
        return self.board.attachment(digest, size)

    def receipt(self, raw: bytes) -> str:
        return self.board.receipt(raw)

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        return self.board.consistency(old_size, new_size)

    def add_cosignature(self, note: str) -> str:
        return self.board.add_cosignature(note, self.cosigners)

    def close(self) -> None:
        close, self._close = self._close, None
        if close is None:
            return
        try:
            if self._floor is not None:
                self._floor.rise(self.board)
        finally:
            close()
