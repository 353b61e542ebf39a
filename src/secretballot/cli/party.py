"""A party at work: its directory, the board, and the log that it follows there."""

from __future__ import annotations

import click

from ..client import BoardAccess, Follower
from ..errors import RefusedError
from ..tally import ElectionLog
from .home import Home
from .place import BoardOptions, board_place, open_access


class Party:
    """A party's directory and the board that it speaks to, with the log as far as it has checked it."""

    def __init__(self, home: Home, board: BoardOptions) -> None:
        self.home = home
        self.access = reach(home, board)
        announced = _announced(home, board)
        # Remembered once the board has shown the election of that id.
        self.follower = Follower(
            self.access, announced, home.path, lambda: home.set(election=announced.hex())
        )

    def log(self) -> ElectionLog:
        """The board's log, all of it checked, up to now."""
        return self.follower.catch_up()


def reach(home: Home, board: BoardOptions) -> BoardAccess:
    """The board that was said, or the one that is remembered; it is let go of when the command ends."""
    known = board.at or home.get("at")
    if known is None:
        raise click.UsageError("which board? Give --at once: a service's URL, or a board's directory")
    known = board_place(known)
    if home.role not in ("board", "registrar"):  # Their service runs while other commands do.
        home.lock()
    access = open_access(known, board.passphrase_file)
    context = click.get_current_context(silent=True)
    if context is not None:
        context.call_on_close(access.close)
    home.set(at=known)
    return access


def _announced(home: Home, board: BoardOptions) -> bytes:
    """The election that was said, or the one that is remembered; never another one."""
    known = home.get("election")
    if known is None and board.election is None:
        raise click.UsageError("which election? Give --election once: the id that was announced")
    if board.election is not None and known not in (None, board.election.hex()):
        raise RefusedError(f"this directory is of the election {known}", item=str(home.path))
    return board.election if board.election is not None else bytes.fromhex(known or "")
