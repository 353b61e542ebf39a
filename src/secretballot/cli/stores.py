"""Where a board keeps its log, and a registrar its register: in the role's directory, or a PostgreSQL database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..board.board import Board
from ..board.floor import Floor
from ..board.keys import BoardKeys
from ..board.store import BoardStore, FilesStore, SQLiteStore
from ..client import LocalBoard
from ..credential.register import IssuanceRegister, SQLiteRegister
from ..errors import ArgumentError, BackendError, RefusedError, StoreError
from ..tally import ElectionLog

if TYPE_CHECKING:
    from .home import Home

_Command = TypeVar("_Command", bound=Callable[..., Any])
#: The newest checkpoint that a board signed.
SIGNED = "signed"
_POSTGRES = ("postgresql://", "postgres://")


def store_options(*kinds: str) -> Callable[[_Command], _Command]:
    """Adds where it is kept: one of the kinds, of which the first is the default, or a database."""

    def check(context: click.Context, parameter: click.Parameter, value: str) -> str:
        if value not in kinds and not value.startswith(_POSTGRES):
            raise click.UsageError(f"a store is {', '.join(kinds)}, or a postgresql:// address")
        return value

    store = click.option(
        "--store",
        default=kinds[0],
        show_default=True,
        callback=check,
        metavar="|".join([*kinds, "postgresql://…"]),
        help="Where it is kept. A database's password is in ~/.pgpass or PGPASSWORD, never in the address.",
    )
    schema = click.option("--schema", metavar="NAME", help="The database's schema, one for each election.")
    return lambda command: store(schema(command))


def store_settings(store: str, schema: str | None) -> dict[str, str]:
    """What a directory remembers of it. Raises RefusedError for an address with a password, which would be kept in a
    file that is not sealed, and ArgumentError for a schema where there is no database."""
    if not store.startswith(_POSTGRES):
        if schema is not None:
            raise ArgumentError("only a postgresql:// store has a schema")
        return {"store": store}
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:  # pragma: no cover - the extra is installed where tests run
        raise BackendError("psycopg is not installed: install the extra `postgres`") from None
    try:
        members = conninfo_to_dict(store)
    except ProgrammingError:
        raise ArgumentError("the store's address cannot be read") from None
    if {"password", "sslpassword"} & members.keys():
        raise RefusedError("a password has no place in the store's address: put it into ~/.pgpass")
    return {"store": store, **({} if schema is None else {"schema": schema})}


def open_store(home: Home, *, create: bool = False) -> BoardStore:
    """The store of a board's directory. It is made once, with the board: an empty one in its place would be another
    log. Raises StoreError where it is not there."""
    where = home.get("store") or "sqlite"
    if where.startswith(_POSTGRES):
        from ..board.store.postgres import PostgresStore

        return PostgresStore(where, schema=home.get("schema") or "secretballot", create=create)
    if where == "files":
        return FilesStore(_place(home, "store", create), create=create)
    return SQLiteStore(_place(home, "board.sqlite", create), create=create)


def open_register(home: Home, *, create: bool = False) -> IssuanceRegister:
    """The register of a registrar's directory, likewise."""
    where = home.get("store") or "sqlite"
    if where.startswith(_POSTGRES):
        from ..credential.register.postgres import PostgresRegister

        return PostgresRegister(where, schema=home.get("schema") or "secretballot_register", create=create)
    return SQLiteRegister(_place(home, "register.sqlite", create), create=create)


def _place(home: Home, name: str, create: bool) -> Path:
    place = home.file(name)
    if not create and not place.exists():
        raise StoreError(f"is missing, and no {home.role} goes on without it", item=str(place))
    return place


def open_board(home: Home, passphrase: str) -> LocalBoard:
    """The board in a directory: its log, held against what it signed last. Closing it closes the store."""
    keys = BoardKeys.load(home.key, passphrase=passphrase)
    store = open_store(home)
    try:
        board = Board(store, keys, ElectionLog())
        cosigners = json.loads(home.get("cosigners") or "[]")
        return LocalBoard(board, cosigners, str(home.path), store.close, Floor(home.file(SIGNED)))
    except BaseException:
        store.close()
        raise
