"""The parties of an election, each with a directory of its own, who work by the command line at one board."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from secretballot.board.board import Board
from secretballot.board.store import SQLiteStore
from secretballot.ceremony.trustee import TrusteeKeys
from secretballot.cli.home import Home
from secretballot.cli.trustee import CEREMONY as CEREMONY_FILE
from secretballot.records import parse_entry
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation
from secretballot.verify import Report, Status, Verdict, verify_entries

from ..support import elections, stores
from ..support.key_files import PASSPHRASE, make_cheap
from ..support.stores import Place
from .nursery import Nursery

#: A log that both ways of counting are of: trustees decrypt sums, and lines that were mixed.
CONTESTS = (elections.choice().model_copy(update={"tally": "both"}),)
BALLOTS = ({"chair": "chi"}, {"chair": "em"}, {"chair": "chi"})

TRUSTEES = ("trustee-1", "trustee-2", "trustee-3")
MIXERS = ("mixer-1", "mixer-2", "mixer-3")
ROUNDS = 2
AUTHORITY = "authority"
BOARD = "board.sqlite"


class Command(NamedTuple):
    """Whose command it is, and its words."""

    party: str
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{' '.join(self.words)} of {self.party}"


def _each(parties: Sequence[str], *words: str) -> list[Command]:
    return [Command(party, words) for party in parties]


CEREMONY = [
    *_each(TRUSTEES, "trustee", "join"),
    *_each(TRUSTEES, "trustee", "deal"),
    *_each(TRUSTEES, "trustee", "confirm"),
]
OPEN = Command(AUTHORITY, ("election", "open", "issuance"))
CLOSE = Command(AUTHORITY, ("election", "close"))
MIXING = _each(MIXERS[:ROUNDS], "mixer", "run")
DECRYPTION = _each(TRUSTEES[:2], "trustee", "decrypt")
PUBLISH = Command(AUTHORITY, ("election", "publish"))
#: All of them, in order. Between opening and closing, the voters vote.
COMMANDS = [*CEREMONY, OPEN, CLOSE, *MIXING, *DECRYPTION, PUBLISH]


class Ran(NamedTuple):
    """What came of a command: its exit code, and the steps that it made."""

    code: int
    steps: list[str]


def run(nursery: Nursery, arguments: Sequence[object], output: Path, *, dies_at: int | None = None) -> Ran:
    """Runs the command line, to its end or to the step of that number."""
    child = nursery.command(arguments, output, dies_at=dies_at)
    steps = []
    while (told := child.hear()) is not None:
        steps.append(told["name"])
    return Ran(child.wait(), steps)


class Parties:
    """The directories of all parties, and the board's log, in one folder."""

    def __init__(self, nursery: Nursery, folder: Path, simulation: Simulation) -> None:
        self._nursery = nursery
        self.folder = folder
        self.simulation = simulation

    @classmethod
    def begin(cls, nursery: Nursery, folder: Path) -> Parties:
        """Everybody has keys, and the manifest is on the board."""
        folder.mkdir()
        with SQLiteStore(folder / BOARD) as store:
            simulation = elections.simulate(
                CONTESTS,
                roll_size=4,
                trustees=len(TRUSTEES),
                quorum=2,
                mixers=len(MIXERS),
                mixing_rounds=ROUNDS,
                store=store,
            )
        (folder / "passphrase").write_text(PASSPHRASE)
        roles = [(AUTHORITY, simulation.authority), *zip(TRUSTEES, simulation.trustees, strict=True)]
        with pytest.MonkeyPatch.context() as patch:
            make_cheap(patch)
            for party, keys in [*roles, *zip(MIXERS, simulation.mixer_keys, strict=True)]:
                home = Home.create(
                    folder / party, party.partition("-")[0], election=simulation.election.id.hex()
                )
                if party not in MIXERS:
                    home.start_memory()
                keys.save(home.key, passphrase=PASSPHRASE)
            simulation.board_keys.save(folder / "board.key", passphrase=PASSPHRASE)
        return cls(nursery, folder, simulation)

    def copy(self, folder: Path) -> Parties:
        """The same, to be gone on with apart. No board is running."""
        shutil.copytree(self.folder, folder)
        return Parties(self._nursery, folder, self.simulation)

    @property
    def place(self) -> Place:
        return Place(stores.KINDS["sqlite"], (str(self.folder / BOARD),))

    @contextmanager
    def served(self) -> Iterator[str]:
        """The URL of the board, while the block lasts."""
        board = self._nursery.board("sqlite", self.place, self.folder / "board.key")
        try:
            yield board.hear()["url"]
        finally:
            board.kill()
            board.wait()

    def run(self, command: Command, url: str, *, dies_at: int | None = None) -> Ran:
        """Runs a command at the board of that URL."""
        options: list[object] = ["--at", url, "--passphrase-file", self.folder / "passphrase"]
        if command is PUBLISH:
            options.append("--accept")
        group, verb, *phase = command.words
        arguments = [group, verb, self.folder / command.party, *phase, *options]
        return run(self._nursery, arguments, self.folder / "output", dies_at=dies_at)

    def complete(self, command: Command, url: str) -> None:
        """Runs a command that is to succeed."""
        assert self.run(command, url).code == 0, f"{command.name}: {self.output}"

    @property
    def output(self) -> str:
        """What the commands have written."""
        return (self.folder / "output").read_text()

    def vote(self) -> None:
        """Credentials and ballots, while no board is running."""
        with self.place.open(create=False) as store:
            log = ElectionLog()
            simulation = self.simulation
            simulation.store, simulation.log = store, log
            simulation.board = Board(store, simulation.board_keys, log)
            simulation.issue(len(BALLOTS))
            simulation.vote(BALLOTS)

    # What came of it.

    def entries(self) -> list[bytes]:
        with self.place.open(create=False) as store:
            return list(store.entries())

    def report(self) -> Report:
        """What a verifier says of the log."""
        with self.place.open(create=False) as store:
            board = Board(store, self.simulation.board_keys, ElectionLog())
            return verify_entries(
                list(store.entries()),
                board.checkpoint().encode(),
                election_id=self.simulation.election.id,
                attachments=board.state.attachments,
            )

    def check(self) -> None:
        """Nothing in the log is wrong, as far as it goes."""
        failed = [rule for rule in self.report().rules if rule.status is Status.FAILED]
        assert not failed, failed

    def check_finished(self) -> None:
        """The record verifies, and has the result that a plain count gives."""
        report = self.report()
        assert report.verdict is Verdict.VERIFIED, report
        assert report.result is not None
        plain = elections.plain_count(CONTESTS, BALLOTS)
        assert elections.counts_of(report.result) == plain

    def check_ceremony(self) -> None:
        """What a trustee sealed of the ceremony is what it posted: there is no second drawing."""
        entries = self.entries()
        for party in TRUSTEES:
            home = Home(self.folder / party, "trustee")
            if home.file(CEREMONY_FILE).exists():
                keys = TrusteeKeys.load(home.key, passphrase=PASSPHRASE)
                state = keys.resume(home.file(CEREMONY_FILE), self.simulation.election, passphrase=PASSPHRASE)
                assert state.entry() in entries, party

    def memories(self) -> dict[str, bytes]:
        """What each party remembers to have done once."""
        return {path.parent.name: path.read_bytes() for path in sorted(self.folder.glob("*/memory"))}

    def posted(self) -> list[tuple[str, str]]:
        """Kind and party of every entry, in order."""
        found = []
        for raw in self.entries():
            signed = parse_entry(raw)
            body = signed.body.decode()
            party = next((one for one in (*TRUSTEES, *MIXERS) if f'":"{one}"' in body), AUTHORITY)
            found.append((signed.kind, party if signed.kind != "manifest" else AUTHORITY))
        return found
