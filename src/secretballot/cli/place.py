"""Which board a command speaks to: a service's URL, or a board's directory on this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ..client import BoardAccess
from ..report import Words
from .home import Home
from .passphrase import Passphrase
from .stores import open_board
from .terminal import ElectionId


@dataclass(frozen=True)
class BoardOptions:
    """What a command was told of the board; what it was not told is remembered, or asked for."""

    at: str | None = None
    election: bytes | None = None
    passphrase_file: Path | None = None


board_passphrase_option = click.option(
    "--board-passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For a board's directory: the file with its passphrase.",
)


def board_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--at`` and ``--election``, which are remembered, and the passphrase of a board of this machine; the
    command gets ``board``."""

    @click.option("--at", metavar="URL|DIR", help="The board: its service, or its directory. Remembered.")
    @click.option("--election", type=ElectionId(), help="The election's id, as announced. Remembered.")
    @board_passphrase_option
    @wraps(command)
    def with_board(
        *args: Any, at: str | None, election: bytes | None, board_passphrase_file: Path | None, **rest: Any
    ) -> Any:
        return command(*args, board=BoardOptions(at, election, board_passphrase_file), **rest)

    return with_board


def board_place(at: str) -> str:
    """A board's URL, or its directory from the root on."""
    if _is_url(at):
        return at
    if re.search(r"://|:\d+(/|$)", at) and not Path(at).exists():
        raise click.UsageError("a board's service is a URL with http:// or https://")
    return os.path.abspath(at)


def open_access(at: str, board_passphrase_file: Path | None) -> BoardAccess:
    """The board at a URL, or in a directory."""
    if _is_url(at):
        from ..client.remote import RemoteBoard, Service  # httpx is an extra

        return RemoteBoard(Service(at, notify=_tell_retry))
    home = Home(Path(at), "board")
    return open_board(home, Passphrase(board_passphrase_file, None, "Passphrase of the board").ask())


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _tell_retry(failure: Exception) -> None:
    """Says why a command takes longer."""
    click.echo(f"{Words().clean(str(failure))}: trying again", err=True)
