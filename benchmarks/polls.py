"""The election that is cast in: its log until voting is open, and all ballots; and what its store costs alone."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from secretballot.board.board import Board
from secretballot.board.store import BoardStore, FilesStore, SQLiteStore
from secretballot.board.store.postgres import PostgresStore
from secretballot.crypto import key_file
from secretballot.crypto.merkle import leaf_hash
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation

from .floor import Gauge, middle
from .making import vote
from .shapes import Shape

STORES = ("sqlite", "files", "postgres")
BEGINNING, BALLOTS, KEY = "beginning.jsonl", "ballots.jsonl", "board.key"
#: Of a key that guards nothing.
PASSPHRASE = "benchmark"  # noqa: S105


class Place(NamedTuple):
    """Where a new store is: in a directory, or in a schema of a database."""

    kind: str
    where: str
    schema: str = ""

    @contextmanager
    def opened(self) -> Iterator[BoardStore]:
        """The store, while the block lasts."""
        store: BoardStore
        if self.kind == "postgres":
            store = PostgresStore(self.where, schema=self.schema)
        else:
            store = (SQLiteStore if self.kind == "sqlite" else FilesStore)(Path(self.where) / "board")
        with store:
            yield store


def prepare(task: dict[str, Any]) -> dict[str, Any]:
    """A stage: makes credentials and ballots, and writes them into a folder, with the board's key."""
    shape, folder = Shape.from_json(task["shape"]), Path(task["path"])
    simulation = Simulation([shape.contest], roll_size=shape.voters)
    simulation.hold_ceremony()
    parts, _ = vote(simulation, shape, None, 1, task["processes"])
    for part in parts:
        for entry in part.issuances:
            simulation.board.submit(entry)
    simulation.board.submit(simulation.authority.enter(simulation.election, "voting"))
    _write(folder / BEGINNING, list(simulation.store.entries()))
    ballots = [entry for part in parts for entry in part.ballots]
    _write(folder / BALLOTS, ballots)
    # The service that opens it is measured: Argon2id would be its peak of memory.
    key_file.OPERATIONS, key_file.MEMORY = key_file.ALLOWED_OPERATIONS[0], key_file.ALLOWED_MEMORY[0]
    simulation.board_keys.save(folder / KEY, passphrase=PASSPHRASE)
    return {"ballot_bytes": mean(map(len, ballots))}


def append(task: dict[str, Any]) -> dict[str, Any]:
    """A stage: the same ballots appended to a new store, one after another, by nobody who checks them. Seconds each,
    and the floor before and after."""
    folder = Path(task["path"])
    gauge = Gauge()
    floors = [gauge.measure(task["repeats"])]
    ballots = read_lines(folder / BALLOTS)
    with Place(*task["place"]).opened() as store:
        begin(store, folder)
        size = store.size()
        start = time.perf_counter()
        for place, raw in enumerate(ballots, size):
            store.append(raw, [leaf_hash(raw), hashlib.sha256(raw).digest()], place)
        seconds = time.perf_counter() - start
    floors.append(gauge.measure(task["repeats"]))
    return {"append": seconds / len(ballots), "floor": middle(floors)._asdict()}


def begin(store: BoardStore, folder: Path) -> None:
    """Has a new store hold the log until voting is open."""
    log = ElectionLog()
    for place, raw in enumerate(read_lines(folder / BEGINNING)):
        entry = log.read(raw)
        store.append(raw, log.unique_keys(entry), place)
        log.apply(entry)


def check(board: Board, folder: Path) -> None:
    """Raises RuntimeError unless the log holds its beginning and every ballot once."""
    ballots = read_lines(folder / BALLOTS)
    entries = list(board.entries(0, board.catch_up().size))
    beginning = len(entries) - len(ballots)
    if sorted(entries[beginning:]) != sorted(ballots):
        raise RuntimeError("the log does not hold every ballot once")


def read_lines(path: Path) -> list[bytes]:
    """Entries that were written to a file."""
    return path.read_bytes().splitlines()


def _write(path: Path, entries: Sequence[bytes]) -> None:
    path.write_bytes(b"".join(entry + b"\n" for entry in entries))
