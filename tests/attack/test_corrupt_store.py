"""A store that contradicts itself, or what the board signed: no board goes on over it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secretballot.board.board import Board
from secretballot.board.keys import BoardKeys
from secretballot.board.store import MemoryStore, SQLiteStore
from secretballot.errors import ArgumentError, RecordError, SecretBallotError, StoreError
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation

from ..support import elections


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Simulation, Path]:
    """Two of three have voted and one has challenged, under a checkpoint; nobody writes to the file itself."""
    path = tmp_path_factory.mktemp("store") / "board.sqlite"
    simulation = elections.voting(
        [elections.choice()], 3, trustees=1, quorum=1, store=SQLiteStore(path), revoting="last"
    )
    simulation.vote([{"chair": "chi"}, {"chair": "em"}], challenge_every=2)
    simulation.board.checkpoint()
    simulation.store.close()
    return simulation, path


@pytest.fixture
def copy(saved: tuple[Simulation, Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(saved[1], tmp_path / "copy.sqlite"))


def alter(path: Path, *statements: str, **values: object) -> None:
    """Changes the file as somebody does who may write it."""
    connection = sqlite3.connect(path)
    for table in ("entries", "keys", "nodes"):
        for verb in ("UPDATE", "DELETE"):
            connection.execute(f"DROP TRIGGER {table}_{verb}")
    for statement in statements:
        connection.execute(statement, values)
    connection.commit()
    connection.close()


def reopen(path: Path, keys: BoardKeys) -> Iterator[Board]:
    with SQLiteStore(path) as store:
        yield Board(store, keys, ElectionLog())


def refused(path: Path, keys: BoardKeys, kind: type[SecretBallotError], match: str, item: str) -> None:
    with pytest.raises(kind, match=match) as caught:
        next(reopen(path, keys))
    assert caught.value.item == item


def test_what_was_saved_is_opened(saved: tuple[Simulation, Path], copy: Path) -> None:
    simulation, _ = saved
    alter(copy)
    for board in reopen(copy, simulation.board_keys):
        assert board.state.size == simulation.log.size
        assert board.state.frontier.root() == simulation.log.frontier.root()


def flip_signature(raw: bytes) -> bytes:
    return raw[:-20] + (b"A" if raw[-20:-19] != b"A" else b"B") + raw[-19:]


def test_an_entry_whose_signature_was_changed(saved: tuple[Simulation, Path], copy: Path) -> None:
    simulation, _ = saved
    last = simulation.log.size - 1
    with SQLiteStore(copy) as store:
        entries = list(store.entries())
    for place in (0, 3, last):
        path = Path(shutil.copy(copy, copy.with_name(f"{place}.sqlite")))
        alter(
            path,
            "UPDATE entries SET data = :data WHERE position = :place",
            data=flip_signature(entries[place]),
            place=place,
        )
        refused(path, simulation.board_keys, RecordError, "signature does not verify", f"entry {place}")


def test_an_entry_that_was_exchanged_for_a_good_one(saved: tuple[Simulation, Path], copy: Path) -> None:
    """Its signature holds and its form is right; its hash is not the one that was acknowledged."""
    simulation, _ = saved
    last = simulation.log.size - 1
    other = simulation.seal(1, {"chair": "dung"}).cast()
    change = "UPDATE entries SET data = :data WHERE position = :last"
    alter(copy, change, data=other, last=last)
    refused(copy, simulation.board_keys, StoreError, "does not find the entry", f"entry {last}")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM keys",
        "DELETE FROM keys WHERE position = :place",
        "DELETE FROM keys WHERE length(key) = 20 AND position = :place",
        "UPDATE keys SET position = 1 WHERE position = :place",
        "UPDATE keys SET position = 9000000000 WHERE position = :place",
    ],
)
@pytest.mark.parametrize("back", [1, 3])
def test_keys_that_were_lost(saved: tuple[Simulation, Path], copy: Path, statement: str, back: int) -> None:
    """The last ballot's, and the challenged one's."""
    simulation, _ = saved
    place = simulation.log.size - back
    alter(copy, statement, place=place)
    item = "entry 0" if statement == "DELETE FROM keys" else f"entry {place}"
    refused(copy, simulation.board_keys, StoreError, "does not find the entry", item)


def test_every_node_of_the_tree(saved: tuple[Simulation, Path], copy: Path) -> None:
    simulation, _ = saved
    connection = sqlite3.connect(copy)
    nodes = connection.execute("SELECT level, position FROM nodes").fetchall()
    connection.close()
    assert len(nodes) > simulation.log.size
    for level, position in nodes:
        path = Path(shutil.copy(copy, copy.with_name(f"{level}-{position}.sqlite")))
        change = "UPDATE nodes SET hash = zeroblob(32) WHERE level = :level AND position = :position"
        alter(path, change, level=level, position=position)
        completed = (position + 1 << level) - 1
        refused(path, simulation.board_keys, StoreError, "Merkle tree is another", f"entry {completed}")


#: The last entry, with all that the store keeps of it.
FORGET = (
    "DELETE FROM entries WHERE position = :last",
    "DELETE FROM keys WHERE position = :last",
    "DELETE FROM nodes WHERE ((position + 1) << level) > :last",
)


def test_an_acknowledged_ballot_that_was_deleted(saved: tuple[Simulation, Path], copy: Path) -> None:
    """The rest is whole, but the board signed more: to go on would be to fork the log."""
    simulation, _ = saved
    last = simulation.log.size - 1
    alter(copy, *FORGET, last=last)
    refused(copy, simulation.board_keys, StoreError, f"signed a log of {last + 1}", f"entry {last}")
    # Without the checkpoint, nothing in the store is left that says so.
    shutil.copy(copy, other := copy.with_name("other.sqlite"))
    with SQLiteStore(other) as store:
        store._connection.execute("DELETE FROM checkpoint")
    for board in reopen(other, simulation.board_keys):
        assert board.state.size == last


def test_another_history_under_the_kept_checkpoint(saved: tuple[Simulation, Path], copy: Path) -> None:
    simulation, _ = saved
    last = simulation.log.size - 1
    with SQLiteStore(copy) as store:
        note = store.checkpoint()
        entries = list(store.entries())
    assert note is not None
    store = elections.store_of([*entries[:last], simulation.seal(1, {"chair": "dung"}).cast()])
    store.put_checkpoint(note, len(entries))
    with pytest.raises(StoreError, match=f"signed another log of {last + 1} entries"):
        Board(store, simulation.board_keys, ElectionLog())
    # Neighbours: the same history, also continued.
    for more in ([], [simulation.seal(2, {"chair": "dung"}).cast()]):
        store = elections.store_of([*entries, *more])
        store.put_checkpoint(note, len(entries))
        assert Board(store, simulation.board_keys, ElectionLog()).state.size == last + 1 + len(more)


@pytest.mark.parametrize("change", [lambda note: b"", lambda note: note[:-30] + b"A" * 29 + note[-1:]])
def test_a_checkpoint_that_is_not_the_boards(
    saved: tuple[Simulation, Path], copy: Path, change: Callable[[bytes], bytes]
) -> None:
    simulation, _ = saved
    with SQLiteStore(copy) as store:
        note = store.checkpoint()
        assert note is not None
        store.put_checkpoint(change(note), simulation.log.size)
    refused(copy, simulation.board_keys, StoreError, "it is not this board's", "checkpoint")


class Lying(MemoryStore):
    """A store that goes wrong while the board runs."""

    wrong_node = False
    wrong_place: int | None = None

    def node(self, level: int, index: int) -> bytes:
        return bytes(32) if self.wrong_node else super().node(level, index)

    def find(self, key: bytes) -> int | None:
        return super().find(key) if self.wrong_place is None else self.wrong_place


def test_no_receipt_is_handed_out_that_does_not_verify() -> None:
    store = Lying()
    simulation = elections.voting([elections.choice()], 2, trustees=1, quorum=1, store=store)
    first, second = (simulation.seal(voter, {"chair": "chi"}).cast() for voter in range(2))
    simulation.board.submit(first)
    place = store.size() - 1
    for wrong in (0, place + 1, -1):
        store.wrong_place = wrong
        for ask in (simulation.board.receipt, simulation.board.submit):
            with pytest.raises(StoreError, match="the store is corrupt") as caught:
                ask(first)
            assert caught.value.item == f"entry {wrong}"
    store.wrong_place = None
    store.wrong_node = True
    for raw, at in ((first, place), (second, place + 1)):
        with pytest.raises(StoreError, match="the store is corrupt") as caught:
            simulation.board.submit(raw)
        assert caught.value.item == f"entry {at}"
    store.wrong_node = False
    simulation.board.receipt(second)


def test_a_log_that_has_entries_already() -> None:
    """It could be another log than the store's."""
    simulation = elections.voting([elections.choice()], 2, trustees=1, quorum=1)
    entries = list(simulation.store.entries())
    with pytest.raises(ArgumentError, match="a new ElectionLog is needed"):
        Board(elections.store_of(entries), simulation.board_keys, elections.replay(entries))
