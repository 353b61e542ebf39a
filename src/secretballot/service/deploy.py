"""A service made of a role's directory."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI

from ..board.board import Board, BoardKeys
from ..board.store import BoardStore
from ..client import LocalBoard
from ..tally import ElectionLog
from .app import create_app
from .board_routes import board_routes
from .settings import Settings


def board_app(
    board: LocalBoard, settings: Settings | None = None, clock: Callable[[], float] = time.monotonic
) -> FastAPI:
    """The service of a board."""
    settings = settings or Settings()
    return create_app("board", board_routes(board, settings), board.board.catch_up, settings, clock)


class RoleHome(Protocol):
    """A role's directory, as the command line has them."""

    @property
    def key(self) -> Path: ...

    def get(self, name: str) -> str | None: ...


@contextmanager
def opened_board(
    home: RoleHome, passphrase: str, open_store: Callable[[Any], BoardStore]
) -> Iterator[FastAPI]:
    """The service of the board in a directory, while the block lasts."""
    keys = BoardKeys.load(home.key, passphrase=passphrase)
    with open_store(home) as store:
        board = Board(store, keys, ElectionLog())
        yield board_app(LocalBoard(board, json.loads(home.get("cosigners") or "[]"), keys.origin))
