"""Trustees, mixers and the authority, killed at each step of each command, or lost for good."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from .nursery import Nursery
from .parties import (
    AUTHORITY,
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
)

#: One of each kind.
KILLED = [CEREMONY[0], CEREMONY[3], CEREMONY[6], OPEN, CLOSE, MIXING[0], MIXING[1], DECRYPTION[0], PUBLISH]


class History(NamedTuple):
    """An election in which nobody was killed: the parties before each command, and after all of them; and how many
    steps each command made."""

    before: dict[Command, Parties]
    after: dict[Command, Parties]
    steps: dict[Command, int]


@pytest.fixture(scope="session")
def history(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("history")
    parties = Parties.begin(nursery, folder / "parties")
    found = History({}, {}, {})
    for number, command in enumerate(COMMANDS):
        found.before[command] = parties.copy(folder / f"before {number}")
        with parties.served() as url:
            code, steps = parties.run(command, url)
        assert code == 0, parties.output
        found.steps[command] = len(steps)
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
def test_killed_at_each_step(history: History, command: Command, tmp_path: Path) -> None:
    """The same command, given again, completes: the log has what it has where nobody was killed, and so do the
    memories."""
    plain = history.after[command]
    expected, memories = plain.posted(), plain.memories()
    for number in range(history.steps[command]):
        with again(history.before[command], tmp_path / str(number)) as (parties, url):
            code, steps = parties.run(command, url, dies_at=number)
            assert code == -9, f"step {number} was not made"
            parties.complete(command, url)
        where = f"killed after {steps[-1:]}, before step {number}"
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
                code, _ = parties.run(command, url, dies_at=rng.randrange(history.steps[command]))
                # What was done before is not done again: there may be fewer steps.
                assert code in (0, -9), parties.output
                killed += code == -9
            parties.complete(command, url)
        if command is OPEN:
            parties.vote()
    assert killed > len(COMMANDS)
    parties.check_finished()
    assert parties.posted() == history.after[PUBLISH].posted()


# Lost.


def lose(parties: Parties, party: str) -> None:
    shutil.rmtree(parties.folder / party)


def test_a_mixer_that_is_lost_is_replaced(history: History, tmp_path: Path) -> None:
    """It dies when its shuffle is on the board, and the entry that names it is not."""
    third = Command(MIXERS[2], ("mixer", "run"))
    with again(history.before[MIXING[0]], tmp_path / "parties") as (parties, url):
        _, steps = history.steps, ["send /v1/entries"]
        code, steps = parties.run(MIXING[0], url, dies_at=history.steps[MIXING[0]] - 2)
        assert code == -9
        assert steps[-1] == "answered /v1/attachments"
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
    with again(history.before[command], tmp_path / "parties") as (parties, url):
        number = 0
        while not (parties.folder / TRUSTEES[0] / "memory").exists():
            assert parties.run(command, url, dies_at=number)[0] == -9
            number += 1
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
        before = parties.folder / TRUSTEES[1]
        kept = tmp_path / "kept"
        before.rename(kept)
        lose(parties, TRUSTEES[2])
        parties.complete(DECRYPTION[0], url)
        code, steps = parties.run(PUBLISH, url)
        assert code == 1
        assert "send /v1/entries" not in steps
        assert "error: 1 of 2 trustees have decrypted" in parties.output
        kept.rename(before)
        parties.complete(DECRYPTION[1], url)
        parties.complete(PUBLISH, url)
    parties.check_finished()


@pytest.mark.parametrize(
    ("number", "message"),
    [(2, "trustee-3 has not joined"), (5, "trustee-3 has not dealt"), (8, "trustee-3")],
)
def test_a_trustee_that_is_lost_in_the_ceremony(
    history: History, number: int, message: str, tmp_path: Path
) -> None:
    """Without its part there is no key: who goes on is told whose part is missing, and nothing is posted."""
    lost = CEREMONY[number]
    assert lost.party == TRUSTEES[2]
    following = CEREMONY[number + 1] if number + 1 < len(CEREMONY) else OPEN
    with again(history.before[lost], tmp_path / "parties") as (parties, url):
        lose(parties, lost.party)
        code, steps = parties.run(following, url)
        assert code == 1
        assert "send /v1/entries" not in steps
        assert message in parties.output, parties.output
        code, _ = parties.run(OPEN, url)
        assert code == 1
        assert "trustee-3" in parties.output.splitlines()[-1]
    assert parties.posted() == history.before[lost].posted()
    assert AUTHORITY
