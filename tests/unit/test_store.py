"""One contract for every store of a board."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secretballot.board.store import BoardStore, ConflictError, MemoryStore, SQLiteStore
from secretballot.board.store import base as base_module
from secretballot.board.store import memory as memory_module
from secretballot.crypto.merkle import (
    EMPTY_ROOT,
    MemoryTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from secretballot.errors import DuplicateError, StoreError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "board file?#%41.sqlite"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, path: Path) -> Iterator[BoardStore]:
    with MemoryStore() if request.param == "memory" else SQLiteStore(path) as made:
        yield made


def fill(store: BoardStore, count: int) -> list[bytes]:
    entries = [b"entry %d" % index for index in range(count)]
    for index, entry in enumerate(entries):
        assert store.append(entry, [b"key %d" % index], index) == index
    return entries


def root_of(entries: list[bytes]) -> bytes:
    tree = MemoryTree()
    for entry in entries:
        tree.append(leaf_hash(entry))
    return tree.root()


def snapshot(store: BoardStore) -> object:
    return list(store.entries()), store.frontier().state(), store.checkpoint(), store.find(b"key 0")


def test_empty(store: BoardStore) -> None:
    assert store.size() == 0
    assert list(store.entries()) == list(store.entries(0, 0)) == []
    assert store.find(b"key") is None
    assert store.checkpoint() is None
    assert store.frontier().state() == (0, ())
    assert store.frontier().root() == EMPTY_ROOT
    for call in (lambda: store.get(0), lambda: store.node(0, 0), lambda: store.entries(0, 1)):
        with pytest.raises(StoreError):
            call()


def test_append_and_read(store: BoardStore) -> None:
    entries = [b"", b"\x00\xff", b"a" * 100_000, b""]
    for index, entry in enumerate(entries):
        assert store.append(entry, [], index) == index
        assert store.size() == index + 1
    assert [store.get(index) for index in range(4)] == entries
    assert list(store.entries()) == entries
    assert list(store.entries(1)) == entries[1:]
    assert list(store.entries(1, 3)) == entries[1:3]
    assert list(store.entries(4)) == list(store.entries(2, 2)) == []


def test_ranges(store: BoardStore) -> None:
    fill(store, 5)
    for index in (-1, 5, 2**63, -(2**63) - 1, 2**100):
        with pytest.raises(StoreError, match="none at"):
            store.get(index)
    for start, stop in ((-1, 2), (0, 6), (3, 2), (6, None), (0, -1), (2**100, None), (0, 2**100)):
        # At the call, before anything is read.
        with pytest.raises(StoreError, match="no range"):
            store.entries(start, stop)
    for level, index in ((-1, 0), (3, 0), (0, 5), (0, -1), (1, 2), (2, 1), (2**40, 0), (0, 2**100)):
        with pytest.raises(StoreError, match="no complete subtree"):
            store.node(level, index)


def test_entries_are_those_of_the_call(store: BoardStore) -> None:
    entries = fill(store, 3)
    reader = store.entries()
    assert next(reader) == entries[0]
    store.append(b"later", [], 3)
    assert list(reader) == entries[1:]
    assert list(store.entries(2)) == [entries[2], b"later"]


def test_keys(store: BoardStore) -> None:
    longest = b"k" * base_module.MAX_KEY_SIZE
    assert store.append(b"a", [b"one", b"two", b"\x00"], 0) == 0
    assert store.append(b"b", [longest], 1) == 1
    found = [
        store.find(key) for key in (b"one", b"two", b"\x00", longest, b"three", b"", b"\x00\x00", b"ONE")
    ]
    assert found == [0, 0, 0, 1, None, None, None, None]
    for keys in ([b""], [b"new", longest + b"k"], [b"new", b"new"]):
        with pytest.raises(StoreError):
            store.append(b"c", keys, 2)
    assert (store.size(), store.find(b"new")) == (2, None)


def test_duplicates_write_nothing(store: BoardStore) -> None:
    fill(store, 5)
    before = snapshot(store)
    for keys in ([b"key 3"], [b"new", b"key 3"], [b"key 3", b"new"]):
        for expected_size in (5, 4, 6):  # No retry can mend a duplicate, so it comes before a conflict.
            with pytest.raises(DuplicateError) as caught:
                store.append(b"another", keys, expected_size)
            assert caught.value.item == "entry 3"
    assert snapshot(store) == before
    assert store.find(b"new") is None
    # The same entry under another key is for the board to judge.
    assert store.append(b"entry 3", [b"new"], 5) == 5


def test_conflicts_write_nothing(store: BoardStore) -> None:
    fill(store, 5)
    before = snapshot(store)
    for expected_size in (4, 6, 0, -1, 2**100):
        with pytest.raises(ConflictError) as caught:
            store.append(b"another", [b"new"], expected_size)
        assert (caught.value.size, caught.value.expected_size) == (5, expected_size)
        assert isinstance(caught.value, StoreError)
    assert snapshot(store) == before
    assert store.find(b"new") is None
    assert store.append(b"another", [b"new"], 5) == 5


def test_the_merkle_tree_is_kept(store: BoardStore) -> None:
    entries = fill(store, 19)
    reference = MemoryTree()
    for entry in entries:
        reference.append(leaf_hash(entry))
    assert store.frontier().state() == reference.frontier().state()
    for level in range(5):
        for index in range(19 >> level):
            assert store.node(level, index) == reference.node(level, index)
    for size in range(1, 20):
        for index in range(size):
            proof = inclusion_proof(index, size, store)
            verify_inclusion(leaf_hash(entries[index]), index, size, reference.root(size), proof)
            verify_consistency(
                index + 1,
                size,
                reference.root(index + 1),
                reference.root(size),
                consistency_proof(index + 1, size, store),
            )


def test_a_frontier_is_a_copy(store: BoardStore) -> None:
    fill(store, 3)
    frontier = store.frontier()
    frontier.append(leaf_hash(b"another"))
    assert (store.frontier().size, store.size()) == (3, 3)


def test_checkpoints(store: BoardStore) -> None:
    for note in (b"first", b"", b"\x00\xff", b"n" * base_module.MAX_CHECKPOINT_SIZE):
        store.put_checkpoint(note, 0)
        assert store.checkpoint() == note
    with pytest.raises(StoreError, match="checkpoint"):
        store.put_checkpoint(b"n" * (base_module.MAX_CHECKPOINT_SIZE + 1), 0)
    assert store.checkpoint() == note
    assert store.size() == 0


def test_the_size_of_a_checkpoint_is_a_size(store: BoardStore) -> None:
    for size in (-1, 2**63, 2**64, 2**100):
        with pytest.raises(StoreError, match="a log has 0 to"):
            store.put_checkpoint(b"note", size)
    assert store.checkpoint() is None
    store.put_checkpoint(b"note", 2**63 - 1)
    assert store.checkpoint() == b"note"


def test_an_older_checkpoint_takes_the_place_of_no_newer_one(store: BoardStore) -> None:
    for note, size, kept in (
        (b"of 3", 3, b"of 3"),
        (b"of 2", 2, b"of 3"),
        (b"of 3 again", 3, b"of 3 again"),
        (b"of 4", 4, b"of 4"),
        (b"of none", 0, b"of 4"),
    ):
        store.put_checkpoint(note, size)
        assert store.checkpoint() == kept


def test_arguments_are_copied(store: BoardStore) -> None:
    entry, key, note = bytearray(b"entry"), bytearray(b"key"), bytearray(b"note")
    store.append(entry, [key], 0)
    store.put_checkpoint(note, 0)
    for value in (entry, key, note):
        value[0] ^= 1
    assert (store.get(0), store.find(b"key"), store.checkpoint()) == (b"entry", 0, b"note")
    assert all(type(value) is bytes for value in (store.get(0), store.checkpoint()))


def test_size_of_an_entry(store: BoardStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_module, "MAX_STORED_SIZE", 10)
    store.append(b"e" * 10, [], 0)
    with pytest.raises(StoreError, match="at most 10 bytes, not 11"):
        store.append(b"e" * 11, [], 1)
    assert store.size() == 1


def test_closed(store: BoardStore) -> None:
    fill(store, 2)
    reader = store.entries()
    with store as same:
        assert same is store
    store.close()
    calls: list[Callable[[], object]] = [
        store.size,
        store.frontier,
        store.checkpoint,
        store.entries,
        lambda: store.get(0),
        lambda: store.find(b"key 0"),
        lambda: store.node(0, 0),
        lambda: store.append(b"", [], 2),
        lambda: store.put_checkpoint(b"", 2),
        lambda: next(reader),
    ]
    for call in calls:
        with pytest.raises(StoreError, match="closed"):
            call()


def append_all(store: BoardStore, name: str, count: int) -> None:
    for number in range(count):
        while True:
            try:
                store.append(f"{name} {number}".encode(), [f"{name} {number}".encode()], store.size())
                break
            except ConflictError:
                continue


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads change places as often as the interpreter can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("eager_threads")
def test_threads_lose_nothing(store: BoardStore) -> None:
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            append_all(store, name, 15)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    entries = list(store.entries())
    assert sorted(entries) == sorted(f"{name} {number}".encode() for name in "abcd" for number in range(15))
    assert store.frontier().root() == root_of(entries)
    assert all(store.find(entry) == index for index, entry in enumerate(entries))
    for name in "abcd":  # Each one's own order is kept.
        mine = [entry for entry in entries if entry.startswith(name.encode())]
        assert mine == [f"{name} {number}".encode() for number in range(15)]


def test_memory_is_locked_while_it_appends(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    held: list[bool] = []

    def observed(entry: bytes) -> bytes:
        held.append(store._lock.locked())
        return leaf_hash(entry)

    monkeypatch.setattr(memory_module, "leaf_hash", observed)
    store.append(b"entry", [], 0)
    assert held == [True]
    assert not store._lock.locked()
