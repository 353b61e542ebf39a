"""Trustees, mixers and the authority, killed at each step of each command, or lost for good."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from secretballot.board.cosigner import CosignerKeys
from secretballot.board.cosigner_memory import CosignerMemory
from secretballot.board.keys import BoardKeys
from secretballot.ceremony.trustee import TrusteeKeys
from secretballot.cli.cosigner import MEMORY
from secretballot.cli.home import Home
from secretballot.cli.terminal import ExitCode
from secretballot.tally.mixer import MixerKeys

from ..support.key_files import PASSPHRASE
from .disk import mounted
from .nursery import Nursery
from .parties import (
    CEREMONY,
    CLOSE,
    COMMANDS,
    DECRYPTION,
    MIXERS,
    MIXING,
    OPEN,
    PUBLISH,
    TRUSTEES,
    Command,
    Parties,
    Ran,
    run,
)
from .plan import LONG

KEYS: dict[str, Any] = {
    "board": BoardKeys,
    "cosigner": CosignerKeys,
    "mixer": MixerKeys,
    "trustee": TrusteeKeys,
}

#: One of each kind.
KILLED = [CEREMONY[0], CEREMONY[3], CEREMONY[6], OPEN, CLOSE, MIXING[0], MIXING[1], DECRYPTION[0], PUBLISH]
#: Steps of which a part is enough, unless the long run is asked for: most are of files that are the same each time.
OF_FILES = ("mkdir", "mkstemp", "replace")
PART = 0.3


class History(NamedTuple):
    """An election in which nobody was killed: the parties before each command and after it, and the steps it made."""

    before: dict[Command, Parties]
    after: dict[Command, Parties]
    steps: dict[Command, list[str]]


@pytest.fixture(scope="session")
def history(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("history")
    parties = Parties.begin(nursery, folder / "parties")
    found = History({}, {}, {})
    for number, command in enumerate(COMMANDS):
        found.before[command] = parties.copy(folder / f"before {number}")
        with parties.served() as url:
            code, found.steps[command] = parties.run(command, url)
        assert code == 0, parties.output
        found.after[command] = parties.copy(folder / f"after {number}")
        if command is OPEN:
            parties.vote()
    parties.check_finished()
    return found


@contextmanager
def again(parties: Parties, folder: Path) -> Iterator[tuple[Parties, str]]:
    """A copy of what the parties had, with a board that runs while the block lasts."""
    copy = parties.copy(folder)
    with copy.served() as url:
        yield copy, url


# Killed, and started again.


@pytest.mark.parametrize("command", KILLED, ids=lambda command: command.name)
def test_killed_at_each_step(history: History, command: Command, rng: random.Random, tmp_path: Path) -> None:
    """The same command, given again, completes: the log has what it has where nobody was killed, and so do the
    memories."""
    plain = history.after[command]
    expected, memories = plain.posted(), plain.memories()
    for number, name in enumerate(history.steps[command]):
        if name in OF_FILES and not LONG and rng.random() > PART:
            continue
        with again(history.before[command], tmp_path / str(number)) as (parties, url):
            assert parties.run(command, url, dies_at=number).code == -9
            parties.complete(command, url)
        where = f"killed before step {number}, {name}"
        assert parties.posted() == expected, where
        assert parties.memories() == memories, where
        parties.check()
        parties.check_ceremony()
    # Once more, when all is done.
    with parties.served() as url:
        parties.complete(command, url)
    assert parties.posted() == expected
    assert parties.memories() == memories


def test_an_election_of_killed_commands(
    nursery: Nursery, history: History, rng: random.Random, tmp_path: Path
) -> None:
    """Every command is killed twice on its way, and then completes; the record verifies, and the result is right."""
    parties = Parties.begin(nursery, tmp_path / "parties")
    killed = 0
    for command in COMMANDS:
        with parties.served() as url:
            for _ in range(2):
                number = rng.randrange(len(history.steps[command]))
                code, _ = parties.run(command, url, dies_at=number)
                # What was done before is not done again: there may be fewer steps.
                assert code in (0, -9), parties.output
                killed += code == -9
            parties.complete(command, url)
        if command is OPEN:
            parties.vote()
    assert killed > len(COMMANDS)
    parties.check_finished()
    assert parties.posted() == history.after[PUBLISH].posted()


@pytest.mark.parametrize("role", ["board", "cosigner", "mixer", "trustee"])
def test_killed_while_keys_are_made(nursery: Nursery, role: str, tmp_path: Path) -> None:
    """Given again, the command goes on with what it left, and the public file is that of the key; or all was done."""
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    option = {"board": "--origin", "cosigner": "--name"}.get(role, "--id")
    output = tmp_path / "output"

    def new(home: Path, dies_at: int | None = None, name: str = "example-1") -> Ran:
        arguments = [role, "new", home, option, name, "--passphrase-file", tmp_path / "passphrase"]
        return run(nursery, arguments, output, dies_at=dies_at)

    plain = new(tmp_path / "plain")
    assert plain.code == 0
    for number, step in enumerate(plain.steps):
        home = tmp_path / str(number)
        assert new(home, dies_at=number).code == -9
        assert new(home).code in (0, 1), step
        assert new(home).code == 1
        assert output.read_text().endswith(f"there is a {role} already\n"), output.read_text()
        keys = KEYS[role].load(home / "role.key", passphrase=PASSPHRASE)
        if role == "cosigner":
            assert Home(home, role).get("vkey") == keys.vkey()
            assert CosignerMemory(home / MEMORY, keys.vkey(), keys.memory_key()).read() == {}
            continue
        public = home / "public.json"
        assert public.read_bytes() == keys.public().to_body()
        # Under another name they are not gone on with.
        public.unlink()
        assert new(home, name="example-2").code == 1
        assert output.read_text().endswith(f"there is another {role} already\n")
        assert not public.exists()


# Lost.


def lose(parties: Parties, party: str) -> None:
    shutil.rmtree(parties.folder / party)


def test_a_mixer_that_is_lost_is_replaced(history: History, tmp_path: Path) -> None:
    """It dies when its shuffle is on the board, and the entry that names it is not."""
    third = Command(MIXERS[2], ("mixer", "run"))
    number = history.steps[MIXING[0]].index("send /v1/entries")
    with again(history.before[MIXING[0]], tmp_path / "parties") as (parties, url):
        ran = parties.run(MIXING[0], url, dies_at=number)
        assert (ran.code, ran.steps[-1]) == (-9, "answered /v1/attachments")
        for command in (MIXING[1], third, *DECRYPTION, PUBLISH):
            parties.complete(command, url)
        # Found again, it is told that all is done.
        parties.complete(MIXING[0], url)
        assert "mixer mixer-1 is not needed" in parties.output
    parties.check_finished()
    assert [party for kind, party in parties.posted() if kind == "mix-round"] == list(MIXERS[1:])


def test_one_trustee_of_three_is_lost(history: History, tmp_path: Path) -> None:
    """It dies when it remembers what it decrypts, and has sent nothing."""
    command = DECRYPTION[0]
    number = history.steps[command].index("send /v1/entries")
    with again(history.before[command], tmp_path / "parties") as (parties, url):
        assert parties.run(command, url, dies_at=number).code == -9
        assert parties.memories()[TRUSTEES[0]]
        lose(parties, TRUSTEES[0])
        for party in TRUSTEES[1:]:
            parties.complete(Command(party, command.words), url)
        parties.complete(PUBLISH, url)
    parties.check_finished()
    shares = [party for kind, party in parties.posted() if kind == "decryption-share"]
    assert shares == list(TRUSTEES[1:])


def test_two_trustees_of_three_are_lost(history: History, tmp_path: Path) -> None:
    """There is no result, and nothing is posted; with one of them found again there is."""
    with again(history.before[DECRYPTION[0]], tmp_path / "parties") as (parties, url):
        found_again = (parties.folder / TRUSTEES[1]).rename(tmp_path / "kept")
        lose(parties, TRUSTEES[2])
        parties.complete(DECRYPTION[0], url)
        ran = parties.run(PUBLISH, url)
        assert ran.code == ExitCode.INCOMPLETE
        assert "send /v1/entries" not in ran.steps
        assert "error: 1 of 2 trustees have decrypted" in parties.output
        found_again.rename(parties.folder / TRUSTEES[1])
        parties.complete(DECRYPTION[1], url)
        parties.complete(PUBLISH, url)
    parties.check_finished()


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        (CEREMONY[2], "has not joined yet"),
        (CEREMONY[5], "has not dealt yet"),
        (CEREMONY[8], "confirmation"),
    ],
    ids=("join", "deal", "confirm"),
)
def test_a_trustee_that_is_lost_in_the_ceremony(
    history: History, lost: Command, message: str, tmp_path: Path
) -> None:
    """Without its part there is no key: who goes on is told whose part is missing, and nothing is posted."""
    following = COMMANDS[COMMANDS.index(lost) + 1]
    with again(history.before[lost], tmp_path / "parties") as (parties, url):
        lose(parties, lost.party)
        for command in (following, OPEN):
            ran = parties.run(command, url)
            assert ran.code == ExitCode.INCOMPLETE
            assert "send /v1/entries" not in ran.steps
            assert "trustee-3" in parties.output.splitlines()[-1]
        assert message in parties.output
    assert parties.posted() == history.before[lost].posted()


def test_a_trustee_whose_disk_is_full(history: History, tmp_path: Path) -> None:
    """It is told so; with room, the same command completes."""
    for command in (CEREMONY[0], CEREMONY[3], DECRYPTION[0]):
        with (
            mounted(512) as disk,
            again(history.before[command], tmp_path / command.words[1]) as (parties, url),
        ):
            home = parties.folder / command.party
            shutil.move(home, disk.path / "home")
            home.symlink_to(disk.path / "home")
            disk.fill()
            ran = parties.run(command, url)
            assert ran.code == 1
            assert "No space left on device" in parties.output
            assert "answered /v1/entries" not in ran.steps
            disk.empty()
            parties.complete(command, url)
            assert parties.posted() == history.after[command].posted()
            assert parties.memories() == history.after[command].memories()
