"""A service made of a role's directory."""

from __future__ import annotations

import time
from collections.abc import Callable

from fastapi import FastAPI

from ..client import BoardAccess, LocalBoard
from ..client.wire import TooManyError, UnreachableError
from ..credential.codes import check_code
from ..credential.register import IssuanceRegister
from ..credential.register.base import is_name
from ..credential.registrar import Registrar
from ..errors import BoardError, CredentialError, StoreError
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
