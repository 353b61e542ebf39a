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
from ..client import BoardAccess, LocalBoard
from ..client.wire import TooManyError, UnreachableError
from ..credential.codes import check_code
from ..credential.register import IssuanceRegister
from ..credential.register.base import is_name
from ..credential.registrar import Registrar
from ..errors import BoardError, CredentialError, StoreError
from ..tally import ElectionLog
from .app import create_app
from .board_routes import board_routes
from .issuance import Authenticator, IssuanceDesk, Publisher
from .issuance_routes import issuance_routes
from .rates import Rates
from .settings import Settings


def board_app(
    board: LocalBoard, settings: Settings | None = None, clock: Callable[[], float] = time.monotonic
) -> FastAPI:
    """The service of a board."""
    settings = settings or Settings()
    return create_app("board", board_routes(board, settings, clock), board.board.catch_up, settings, clock)


def issuance_app(
    registrar: Registrar,
    register: IssuanceRegister,
    board: BoardAccess,
    settings: Settings | None = None,
    clock: Callable[[], float] = time.monotonic,
    authenticate: Authenticator | None = None,
) -> tuple[FastAPI, Publisher]:
    """The service of a registrar, and what posts its register's lines to the board: start it, and stop it after.

    ``authenticate`` decides whether whoever asks is the voter: by default, the access code in the register does.
    """
    settings = settings or Settings()

    def by_code(voter: str, code: str) -> None:
        # One question, whoever it is: time would tell who is on the roll.
        try:
            kept = register.access_code(voter) if is_name(voter) else None
        except CredentialError:
            kept = None
        check_code(registrar.election.id, voter, code, kept)

    publisher = Publisher(board, register.entries, lambda: posted_lines(board, registrar, register))
    codes = Rates(settings.codes, settings.remembered, clock)
    desk = IssuanceDesk(registrar, authenticate or by_code, codes, publisher)
    app = create_app("issuance", issuance_routes(desk, settings), register.count, settings, clock)
    return app, publisher


def posted_lines(board: BoardAccess, registrar: Registrar, register: IssuanceRegister) -> int:
    """How many of the register's lines the board has: they come in order, so the first that it has not is looked for
    by halves."""
    low, high = 0, register.count()
    while low < high:
        middle = (low + high + 1) // 2
        try:
            board.receipt(register.entry(middle))
        except (StoreError, UnreachableError, TooManyError):
            raise
        except BoardError:
            high = middle - 1
        else:
            low = middle
    return low


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
