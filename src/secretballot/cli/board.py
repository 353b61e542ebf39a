"""``secretballot board``, and ``secretballot serve``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..board.keys import BoardKeys
from ..board.record import write_record
from ..client import Follower
from ..crypto.cosignature import CosignatureVerifier
from ..errors import RefusedError
from .home import Home, home_argument, json_option, say, say_made
from .passphrase import Passphrase, passphrase_options
from .place import board_passphrase_option, board_place, open_access
from .serving import ServeOptions, serve_home, serve_options
from .stores import open_store, store_options, store_settings
from .terminal import ElectionId


@click.group()
def board() -> None:
    """The board: keeps the log, checks what comes in, signs what is there.

    \b
    new     a key and an empty log
    serve   over HTTP
    export  the election record, for auditors
    """


@board.command()
@home_argument
@click.option("--origin", required=True, help="The log's name, such as example.org/votes/2026.")
@store_options("sqlite", "files")
@click.option(
    "--cosigner", "cosigners", multiple=True, metavar="VKEY", help="A cosigner whose lines are kept."
)
@passphrase_options
@json_option
def new(
    home: Path,
    origin: str,
    store: str,
    schema: str | None,
    cosigners: tuple[str, ...],
    passphrase: Passphrase,
    as_json: bool,
) -> None:
    """Make a board's key and settings in the directory DIR. The authority is given DIR/public.json."""
    for cosigner in cosigners:
        CosignatureVerifier.from_vkey(cosigner)
    kept = store_settings(store, schema)
    made = Home.create(home, "board", public=True, cosigners=json.dumps(list(cosigners)), **kept)
    # Before the key, without which there is no board yet.
    open_store(made, create=True).close()
    keys = made.make_keys(origin, passphrase, BoardKeys.load, lambda: BoardKeys.generate(origin))
    public = keys.public()
    vkey = public.verifier().vkey()
    say_made(as_json, f"board {origin}", made, origin=origin, vkey=vkey)


@board.command()
@home_argument
@serve_options
@passphrase_options
def serve(home: Path, passphrase: Passphrase, serving: ServeOptions) -> None:
    """Serve the board in the directory DIR over HTTP, until it is interrupted."""
    serve_home(Home(home, "board"), passphrase, serving)


@board.command()
@click.argument("at", metavar="URL|DIR")
@click.argument("record", type=click.Path(file_okay=False, path_type=Path))
@click.option("--election", type=ElectionId(), required=True, help="The election's id, as announced.")
@board_passphrase_option
@json_option
def export(at: str, record: Path, election: bytes, board_passphrase_file: Path | None, as_json: bool) -> None:
    """Write the election record into the new directory RECORD, from a board's service or directory.

    Every entry is checked on the way; `secretballot verify` then checks all of it.
    """
    if record.exists() and any(record.iterdir()):
        raise RefusedError("is not empty", item=str(record))
    with open_access(board_place(at), board_passphrase_file) as access:
        follower = Follower(access, election)
        entries: list[bytes] = []
        log = follower.catch_up(keep=entries.append)
        attachments = (bytes(log.attachments.read(*one)) for one in log.attached())
        write_record(record, entries, follower.checkpoint, attachments)
    say(as_json, f"{record}: {log.size} entries", entries=log.size, record=str(record))
