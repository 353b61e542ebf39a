"""What a board signed last is kept apart from its store; and a store that was replaced under it is not written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from secretballot.board.attachments import digest_of
from secretballot.board.board import Board
from secretballot.board.floor import EVERY, Floor
from secretballot.board.store import BoardStore, FilesStore, MemoryStore, SQLiteStore
from secretballot.client import LocalBoard
from secretballot.credential.register import SQLiteRegister
from secretballot.errors import StoreError
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation

from ..support import elections


@pytest.fixture(scope="module")
def finished() -> elections.Finished:
    return elections.finish()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def board_of(simulation: Simulation, store: BoardStore) -> Board:
    return Board(store, simulation.board_keys, ElectionLog())


def test_a_floor_rises_with_the_log(finished: elections.Finished, tmp_path: Path) -> None:
    clock = Clock()
    floor = Floor(tmp_path / "signed", clock)
    board = board_of(finished.simulation, MemoryStore())
    local = LocalBoard(board, close=lambda: None, floor=floor)
    assert not (tmp_path / "signed").exists()

    def size() -> int:
        return int((tmp_path / "signed").read_text(encoding="utf-8").split("\n")[1])

    clock.now = EVERY
    local.submit(finished.entries[0])
    assert size() == 1
    # Not for each entry, but soon, and at the end.
    local.submit(finished.entries[1])
    assert size() == 1
    clock.now = 2 * EVERY
    local.submit(finished.entries[2])
    assert size() == 3
    local.submit(finished.entries[3])
    local.close()
    assert size() == 4
    local.close()


def test_a_board_begins_no_lower(finished: elections.Finished, tmp_path: Path) -> None:
    simulation, path = finished.simulation, tmp_path / "signed"
    Floor(path).rise(board_of(simulation, elections.store_of(finished.entries[:9])))
    for entries in (finished.entries[:9], finished.entries[:10], finished.entries):
        LocalBoard(board_of(simulation, elections.store_of(entries)), floor=Floor(path))
        Floor(path).rise(board_of(simulation, elections.store_of(finished.entries[:9])))
    for entries in (finished.entries[:8], [], finished.entries[:1]):
        board = board_of(simulation, elections.store_of(entries))
        with pytest.raises(StoreError, match="an older copy, or another one: the store has lost entries"):
            LocalBoard(board, floor=Floor(path))
    before = path.read_bytes()
    path.write_bytes(before.replace(b"\n9\n", b"\n8\n"))
    with pytest.raises(StoreError, match="it is no checkpoint of this board"):
        Floor(path).check(board_of(simulation, elections.store_of(finished.entries)))
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="it is no checkpoint of this board"):
        Floor(path).check(board_of(simulation, elections.store_of(finished.entries)))


# Stores that are replaced.


def make(kind: type[SQLiteStore] | type[FilesStore], path: Path) -> SQLiteStore | FilesStore:
    store = kind(path)
    store.append(b"one", [b"1"], 0)
    return store


@pytest.mark.parametrize("kind", [SQLiteStore, FilesStore])
def test_nothing_is_written_to_a_store_that_lost_its_name(
    kind: type[SQLiteStore] | type[FilesStore], tmp_path: Path
) -> None:
    path = tmp_path / "store"
    with make(kind, path) as store:

        def refused() -> None:
            for write in (
                lambda: store.append(b"two", [b"2"], 1),
                lambda: store.put_checkpoint(b"note", 1),
                lambda: store.put_attachment(bytes(32), b"data"),
            ):
                with pytest.raises(StoreError):
                    write()

        path.rename(tmp_path / "elsewhere")
        refused()
        # Under its name again, it goes on.
        (tmp_path / "elsewhere").rename(path)
        assert store.append(b"two", [b"2"], 1) == 1
        path.rename(tmp_path / "elsewhere")
        make(kind, path).close()
        refused()
        with kind(path) as other:
            assert list(other.entries()) == [b"one"]


@pytest.mark.parametrize("name", ["lock", "entries.jsonl", "index", "acknowledged"])
def test_each_file_is_looked_at(name: str, tmp_path: Path) -> None:
    with make(FilesStore, tmp_path / "store") as store:
        file = tmp_path / "store" / name
        data = file.read_bytes()
        file.unlink()
        for replaced in (False, True):
            if replaced:
                file.write_bytes(data)
            with pytest.raises(StoreError, match="was replaced or removed while it was open") as refused:
                store.append(b"two", [b"2"], 1)
            assert name in str(refused.value)
        assert store.size() == 1


def test_a_register_that_lost_its_name(tmp_path: Path) -> None:
    with SQLiteRegister(tmp_path / "register") as register:
        (tmp_path / "register").rename(tmp_path / "elsewhere")
        with pytest.raises(StoreError, match="was replaced or removed while it was open"):
            register.add_voters(["an"])


def test_a_damaged_attachment_is_put_right(tmp_path: Path) -> None:
    """By whoever sends it again; what is whole stays as it is."""
    with FilesStore(tmp_path / "store") as store:
        digest = digest_of(b"data")
        store.put_attachment(digest, b"data")
        file = tmp_path / "store" / "attachments" / digest.hex()
        number = file.stat().st_ino
        store.put_attachment(digest, b"data")
        assert file.stat().st_ino == number
        file.write_bytes(b"dat")
        store.put_attachment(digest, b"other")
        assert store.attachment(digest) == b"dat"
        store.put_attachment(digest, b"data")
        assert store.attachment(digest) == b"data"
