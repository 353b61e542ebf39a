"""What is read from files: golden records with an edit of any file, drafts and settings of the commands.

An edited record is never verified, but where the edit is of what others wrote on the checkpoint.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from secretballot.board.record import CHECKPOINT
from secretballot.cli.election import _manifest
from secretballot.cli.home import SETTINGS, _read_settings
from secretballot.crypto.note import parse_note
from secretballot.errors import SecretBallotError
from secretballot.verify import verify_record

from ..compat.golden import records
from . import seeds
from .edits import edit, judge


@cache
def _folder() -> Path:
    """A directory of this process's own."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-files-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _copies() -> list[list[Path]]:
    """A copy of each golden record, by its files."""
    copies = []
    for golden in records():
        to = _folder() / golden.name
        shutil.copytree(golden.path / "record", to)
        copies.append(sorted(path for path in to.rglob("*") if path.is_file()))
    return copies


def directory(data: bytes) -> None:
    """The first byte says which record, the second which file; then as in :func:`.records.record`, but for three bytes
    of offset."""
    head, put = data[:6].ljust(6, b"\0"), data[6:]
    files = _copies()[head[0] % len(_copies())]
    path = files[head[1] % len(files)]
    root = next(parent for parent in path.parents if (parent / CHECKPOINT).exists())
    good = path.read_bytes()
    changed = edit(good, int.from_bytes(head[2:5]), head[5], put)
    try:
        path.write_bytes(changed)
        report = verify_record(root)
    finally:
        path.write_bytes(good)
    judge(report, changed == good or (path.name == CHECKPOINT and _same_text(changed, good)))


def _same_text(changed: bytes, good: bytes) -> bool:
    """Whether it is the same checkpoint: anybody may add a line to it, or take one away."""
    try:
        return parse_note(changed)[0] == parse_note(good)[0]
    except SecretBallotError:
        return False


def directory_seeds() -> list[bytes]:
    """An edit of each file."""
    return [
        bytes([number, place, 0, 0, 40, 1]) + b"A"
        for number, files in enumerate(_copies())
        for place in range(len(files))
    ]


# What the commands read.


@cache
def _parties() -> tuple[Path, ...]:
    """The public keys of an election's parties, each in a file."""
    simulation = seeds.held().simulation
    several = [simulation.board_keys, *simulation.trustees, *simulation.registrar_keys]
    paths = []
    for number, keys in enumerate(several):
        paths.append(_folder() / f"public-{number}.json")
        paths[-1].write_bytes(keys.public().to_body())
    return tuple(paths)


def draft(data: bytes) -> None:
    """A draft of a manifest, as it is given to ``election new``."""
    path = _folder() / "draft.json"
    path.write_bytes(data)
    try:
        _manifest(path, _parties(), seeds.held().simulation.authority.public())
    except SecretBallotError as error:
        # Without the directory, whose name is this process's own.
        item = None if error.item is None else error.item.replace(str(_folder()), "")
        raise SecretBallotError(error.message, item=item) from None


def draft_seeds() -> list[bytes]:
    """The contests and numbers of an election, and a draft that is far too deep."""
    members: Any = json.loads(seeds.bodies("manifest")[-1])
    for own in ("nonce", "authority", "board", "trustees", "registrars", "mixers", "record"):
        members.pop(own, None)
    return [json.dumps(members).encode(), b'{"a":' * 400 + b"1" + b"}" * 400]


def settings(data: bytes) -> None:
    """What a directory of a role remembers."""
    (_folder() / SETTINGS).write_bytes(data)
    try:
        _read_settings(_folder())
    except SecretBallotError as error:
        raise SecretBallotError(error.message, item=SETTINGS) from None


def settings_seeds() -> list[bytes]:
    """What a voter's directory has."""
    return [b'{"at":"https://board.example.org","election":"00"}']
