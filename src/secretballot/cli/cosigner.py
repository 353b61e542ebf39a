"""``secretballot cosigner``: an outsider who signs a board's checkpoints, as long as each continues the one before."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ..board.attachments import digest_of
from ..board.cosigner import LONGEST_PAUSE, Cosigner, CosignerKeys
from ..client import BoardAccess, Follower
from ..crypto.note import NoteVerifier
from ..errors import ConsistencyError, ForkError, RefusedError, SecretBallotError
from ..files import write_file
from .home import Home, home_argument, json_option, say
from .passphrase import Passphrase, passphrase_options
from .place import board_passphrase_option, board_place, open_access
from .terminal import ElectionId

MEMORY = "cosigner.memory"


@click.group()
def cosigner() -> None:
    """A cosigner: refuses a board that shows two histories.

    \b
    new  a key and a memory
    run  sign what the board shows, again and again
    """


@cosigner.command()
@home_argument
@click.option("--name", required=True, help="The cosigner's name, such as witness.example.org/w1.")
@passphrase_options
@json_option
def new(home: Path, name: str, passphrase: Passphrase, as_json: bool) -> None:
    """Make a cosigner's key and its memory in the directory DIR. Board and auditors are given the key that is shown."""
    made = Home.create(home, "cosigner")
    keys = CosignerKeys.generate(name)
    # Where there is no key, it is of one that was never sealed: the command was cut short.
    made.file(MEMORY).unlink(missing_ok=True)
    keys.start_memory(made.file(MEMORY))
    made.set(vkey=keys.vkey())
    keys.save(made.key, passphrase=passphrase.ask(new=True))
    say(as_json, keys.vkey(), name=name, vkey=keys.vkey())


@cosigner.command()
@home_argument
@click.option("--at", metavar="URL|DIR", help="The board: its service, or its directory. Remembered.")
@click.option(
    "--election", type=ElectionId(), help="The election whose board it is: the announced id. Remembered."
)
@click.option("--log", "vkey", metavar="VKEY", help="Or the board's key itself. Remembered.")
@click.option(
    "--every", type=click.FloatRange(min=1), default=60, show_default=True, help="Seconds between looks."
)
@click.option("--once", is_flag=True, help="Look once.")
@click.option(
    "--after-pause", is_flag=True, help="The clock is right, though the last cosignature is over 30 days old."
)
@board_passphrase_option
@passphrase_options
@json_option
def run(
    home: Path,
    at: str | None,
    election: bytes | None,
    vkey: str | None,
    every: float,
    once: bool,
    after_pause: bool,
    board_passphrase_file: Path | None,
    passphrase: Passphrase,
    as_json: bool,
) -> None:
    """Cosign the board's newest checkpoint, once or again and again.

    Where the board shows another history than was cosigned before, both notes are kept in DIR as evidence, and nothing
    is signed.
    """
    role = Home(home, "cosigner")
    keys = CosignerKeys.load(role.key, passphrase=passphrase.ask())
    where = at or role.get("at")
    if where is None:
        raise click.UsageError("which board? Give --at once")
    where = board_place(where)
    role.set(at=where)
    with open_access(where, board_passphrase_file) as access:
        verifier = _log(role, access, election, vkey)
        pause = None if after_pause else LONGEST_PAUSE
        with Cosigner(keys, role.file(MEMORY), [verifier], longest_pause=pause) as at_work:
            while True:
                try:
                    size = _cosign(role, at_work, access, verifier.name)
                except ForkError:
                    raise
                except SecretBallotError as error:
                    if once:
                        raise
                    click.echo(f"error: {error}", err=True)
                else:
                    say(as_json, f"cosigned {size} entries", size=size)
                if once:
                    return
                time.sleep(every)


def _log(role: Home, access: BoardAccess, election: bytes | None, vkey: str | None) -> NoteVerifier:
    """The board's key: as it was said, as it is remembered, or as the manifest of the announced id has it."""
    known = vkey or role.get("log")
    if known is None:
        if election is None:
            raise click.UsageError("which log? Give --election once, or --log")
        known = Follower(access, election).catch_up_to("setup").election.manifest.board.verifier().vkey()
    verifier = NoteVerifier.from_vkey(known)
    role.set(log=known)
    return verifier


def _cosign(role: Home, at_work: Cosigner, access: BoardAccess, origin: str) -> int:
    note = access.checkpoint()
    lines = note.split("\n", 2)
    try:
        size = int(lines[1])
    except (IndexError, ValueError):
        raise RefusedError("the board's checkpoint is none") from None
    old = at_work.known_size(origin)
    if size < old:
        raise RefusedError(f"the board shows {size} entries, and had {old}", culprit=f"board {origin}")
    proof = access.consistency(old, size) if 0 < old < size else []
    try:
        line = at_work.cosign(note, old, proof)
    except ConsistencyError as error:
        _keep_evidence(role, error)
        raise
    access.add_cosignature(note + line)
    return size


def _keep_evidence(role: Home, error: ConsistencyError) -> None:
    """Both notes, the board's own signature under each."""
    for note in (error.shown, error.known):
        if note is not None:
            data = note.encode("utf-8")
            # Named by what is in it: no later evidence takes the place of an earlier one.
            write_file(role.file(f"evidence-{digest_of(data).hex()[:16]}.txt"), data)
