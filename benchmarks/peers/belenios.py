"""Belenios, by its command line ``belenios-tool`` (a package of Debian): a whole election, in a directory.

A ballot is made in a process of its own, which is how the tool does it: its start is in the figure, and measured by
itself. The final ``election verify`` checks ballots, tally and decryption at once, as our verification does.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from ..processes import say
from ..shapes import Shape
from . import Measured

TOOL = "belenios-tool"
#: Finite fields of 2048 bits, and the curve that later versions offer.
GROUPS = ("BELENIOS-2048", "Ed25519")
TRUSTEES = 3
#: Its cost a ballot is flat by then, and making each takes a sixth of a second.
MOST_BALLOTS = 500
#: The tool gives up its start's cost in so many empty runs.
STARTS = 5


class BeleniosError(Exception):
    """The tool refused; the text is its last line."""


def measure(shape: Shape, repeats: int) -> list[Measured]:
    """A row for each group that the installed version knows, and one that names those it does not know."""
    if shutil.which(TOOL) is None:
        return [Measured("belenios-tool", "", note="not installed: apt-get install belenios-tool")]
    rows = []
    shape = shape.with_voters(min(shape.voters, MOST_BALLOTS))
    for group in GROUPS:
        say(f"belenios-tool, group {group}")
        try:
            rows.append(_election(shape, group, repeats))
        except BeleniosError as error:
            rows.append(Measured("belenios-tool", group, note=str(error)))
    return rows


def _election(shape: Shape, group: str, repeats: int) -> Measured:
    with tempfile.TemporaryDirectory(prefix="secretballot-belenios-") as name:
        folder = Path(name)
        credentials = _set_up(shape, group, folder)
        start = median(_timed(folder, "--version")[0] for _ in range(STARTS))
        seconds, ballots = [], []
        for credential in credentials:
            (folder / "credential").write_text(credential, encoding="utf-8")
            (folder / "choices").write_text(_choices(shape), encoding="utf-8")
            spent, ballot = _timed(
                folder, "election", "generate-ballot", "--privcred", "credential", "--ballot", "choices"
            )
            seconds.append(spent)
            ballots.append(ballot)
        for ballot in ballots:
            _add(folder, "Ballot", ballot)
        _tally(folder)
        verify = median(_timed(folder, "election", "verify")[0] for _ in range(repeats))
        return Measured(
            "belenios-tool",
            group,
            shape.voters,
            make=median(seconds),
            verify=verify / shape.voters,
            ballot_bytes=sum(map(len, ballots)) / len(ballots),
            note=f"{_version(folder)}; one process a ballot, {1e3 * start:.0f} ms to start",
        )


def _set_up(shape: Shape, group: str, folder: Path) -> list[str]:
    """Makes the election; returns the voters' private credentials."""
    uuid = _run(folder, "setup", "generate-token").decode().strip()
    named = ("--uuid", uuid, "--group", group)
    _run(folder, "setup", "generate-credentials", *named, "--count", str(shape.voters))
    _only(folder, "*.pubcreds").rename(folder / "public_creds.json")
    lines = _only(folder, "*.privcreds").read_text(encoding="utf-8").splitlines()
    for _ in range(TRUSTEES):
        _run(folder, "setup", "generate-trustee-key", "--group", group)
    keys = b"".join(file.read_bytes() for file in sorted(folder.glob("*.pubkey")))
    (folder / "public_keys.jsons").write_bytes(keys)
    _run(folder, "setup", "make-trustees")
    (folder / "template.json").write_text(_template(shape), encoding="utf-8")
    _run(folder, "setup", "make-election", *named, "--template", "template.json")
    _run(folder, "archive", "init")
    for made in ("election.json", "trustees.json", "public_creds.json"):
        (folder / made).unlink()
    return [line.split()[-1] for line in lines]


def _tally(folder: Path) -> None:
    _add(folder, "EndBallots", b"")
    _add(folder, "EncryptedTally", _run(folder, "election", "compute-encrypted-tally"))
    # The trustees' order is that of their public keys in public_keys.jsons.
    for number, key in enumerate(sorted(folder.glob("*.privkey")), 1):
        share = _run(folder, "election", "decrypt", "--privkey", key.name, "--trustee-id", str(number))
        _add(folder, "PartialDecryption", share)
    _add(folder, "Result", _run(folder, "election", "compute-result"))


def _template(shape: Shape) -> str:
    """As many questions as officials, each with as many answers as levels, of which exactly one is chosen."""
    answers = [f"Level {i}" for i in range(1, shape.levels + 1)]
    question = {"answers": answers, "min": 1, "max": 1} | ({"blank": True} if shape.blank else {})
    return json.dumps(
        {
            "description": "A measurement",
            "name": "A measurement",
            "administrator": "nobody",
            "credential_authority": "nobody",
            "questions": [{**question, "question": f"Official {i}"} for i in range(1, shape.officials + 1)],
        }
    )


def _choices(shape: Shape) -> str:
    """A voter's answers: for each question a 1 among zeros, the first of which is a blank where there is one."""
    places = shape.levels + shape.blank
    answers = []
    for _ in range(shape.officials):
        chosen = secrets.randbelow(places)
        answers.append([int(place == chosen) for place in range(places)])
    return json.dumps(answers)


def _add(folder: Path, kind: str, data: bytes) -> None:
    _run(folder, "archive", "add-event", "--type", kind, data=data)


def _timed(folder: Path, *arguments: str) -> tuple[float, bytes]:
    start = time.perf_counter()
    output = _run(folder, *arguments)
    return time.perf_counter() - start, output


def _run(folder: Path, *arguments: str, data: bytes = b"") -> bytes:
    # Without the variable it waits for the kernel's random device.
    environment = {**os.environ, "BELENIOS_USE_URANDOM": "1"}
    done = subprocess.run([TOOL, *arguments], input=data, capture_output=True, cwd=folder, env=environment)
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it failed"]
        raise BeleniosError(words[-1].removeprefix(f"{TOOL}: "))
    return done.stdout


def _version(folder: Path) -> str:
    return _run(folder, "--version").decode().split()[0]


def _only(folder: Path, pattern: str) -> Path:
    files = list(folder.glob(pattern))
    if len(files) != 1:
        raise BeleniosError(f"it made {len(files)} files {pattern}")
    return files[0]
