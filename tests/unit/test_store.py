"""One contract for every store of a board; what each kind adds to it is in a file of its own."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from secretballot.board.store import BoardStore, ConflictError, MemoryStore
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
from secretballot.errors import ArgumentError, DuplicateError, StoreError

from ..support import stores
from ..support.stores import OPENING, Place, run


@pytest.fixture(params=stores.KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BoardStore]:
    with stores.place(request.param, tmp_path, request).open() as made:
        yield made


@pytest.fixture(params=stores.DURABLE)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where there is no store yet."""
    return stores.place(request.param, tmp_path, request)


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


def together(*work: Callable[[], object]) -> list[BaseException]:
    """Does each in a thread of its own, and gives what was raised."""
    with ThreadPoolExecutor(len(work)) as pool:
        started = [pool.submit(one) for one in work]
    return [error for done in started if (error := done.exception()) is not None]


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads change places as often as the interpreter can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("eager_threads")
def test_threads_lose_nothing(store: BoardStore) -> None:
    assert not together(*(lambda name=name: append_all(store, name, 15) for name in "abcd"))
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


# What outlives its process.


def test_reopened(place: Place) -> None:
    with place.open() as store:
        entries = fill(store, 13)
        store.put_checkpoint(b"note", 13)
        store.put_attachment(bytes(32), b"attached")
        before = snapshot(store)
    with place.open(create=False) as store:
        assert snapshot(store) == before
        assert store.attachment(bytes(32)) == b"attached"
        assert store.frontier().root() == root_of(entries)
        assert store.append(b"next", [], 13) == 13
        with pytest.raises(DuplicateError, match="entry 12"):
            store.append(b"again", [b"key 12"], 14)
        assert store.frontier().root() == root_of([*entries, b"next"])


def test_nothing_is_made_where_it_is_not_wanted(place: Place) -> None:
    for _ in range(2):
        with pytest.raises(StoreError):
            place.open(create=False)
    with place.open():
        pass
    with place.open(create=False) as store:
        assert store.size() == 0


@pytest.mark.parametrize("timeout", [-1, -0.001, 2_000_001, float("nan"), float("inf")])
def test_a_time_to_wait(place: Place, timeout: float) -> None:
    with pytest.raises(StoreError, match="a timeout has 0 to 2000000 seconds"):
        place.open(timeout=timeout)
    with pytest.raises(ArgumentError, match="a timeout in seconds must be given, not str"):
        place.open(timeout="1")


def test_two_stores_of_one_place(place: Place) -> None:
    with place.open() as first, place.open() as second:
        first.append(b"a", [b"a"], 0)
        assert second.get(0) == b"a"
        with pytest.raises(ConflictError):
            second.append(b"b", [], 0)
        with pytest.raises(DuplicateError):
            second.append(b"b", [b"a"], 1)
        second.append(b"b", [b"b"], 1)
        first.append(b"c", [], 2)
        assert second.find(b"b") == first.find(b"b") == 1
        assert list(first.entries()) == list(second.entries()) == [b"a", b"b", b"c"]
        assert first.frontier().state() == second.frontier().state()
        assert [first.node(1, 0), first.node(0, 2)] == [second.node(1, 0), second.node(0, 2)]
        first.put_checkpoint(b"of 2", 2)
        second.put_checkpoint(b"of 1", 1)
        assert first.checkpoint() == second.checkpoint() == b"of 2"
        for one, other in ((first, second), (second, first)):
            one.put_attachment(bytes(32), b"by the first")
            assert other.attachment(bytes(32)) == b"by the first"


KILLED_AFTER = (
    OPENING
    + """
store = open_store()
store.append(b"entry", [b"key"], 0)
store.put_attachment(bytes(32), b"attached")
store.put_checkpoint(b"note", 1)
os.kill(os.getpid(), signal.SIGKILL)
"""
)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_after_an_append(place: Place) -> None:
    killed = run(KILLED_AFTER, place.told())
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with place.open(create=False) as store:
        assert (list(store.entries()), store.find(b"key")) == ([b"entry"], 0)
        assert (store.attachment(bytes(32)), store.checkpoint()) == (b"attached", b"note")


APPENDING = (
    OPENING
    + """
with open_store() as store:
    for number in range(25):
        entry = f"{sys.argv[2]} {number}".encode()
        while True:
            try:
                # What all of them write, one of them does.
                store.append(entry, [entry, b"%d" % number] if number % 5 == 0 else [entry], store.size())
            except ConflictError:
                continue
            except DuplicateError:
                pass
            break
        store.put_checkpoint(b"%d" % store.size(), store.size())
"""
)


def test_processes_lose_nothing(place: Place) -> None:
    # The store is not there yet, so they also race to make it.
    outcomes: list[CompletedProcess[str]] = []
    told = place.told()
    assert not together(*(lambda name=name: outcomes.append(run(APPENDING, told, name)) for name in "abc"))
    assert [outcome.returncode for outcome in outcomes] == [0, 0, 0], [o.stderr for o in outcomes]
    with place.open(create=False) as store:
        entries = list(store.entries())
        assert store.frontier().root() == root_of(entries)
        assert all(store.find(entry) == index for index, entry in enumerate(entries))
        shared = [number for number in range(25) if number % 5 == 0]
        for number in range(25):
            written = [entry for entry in entries if entry.endswith(b" %d" % number)]
            if number in shared:
                assert [store.find(b"%d" % number)] == [store.find(entry) for entry in written]
            else:
                assert sorted(written) == [f"{name} {number}".encode() for name in "abc"]
        assert len(entries) == 3 * 20 + 5
        assert store.checkpoint() == b"65"


def test_threads_race_to_make_a_store(place: Place) -> None:
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        with place.open() as store:
            append_all(store, str(threading.get_ident()), 1)

    assert together(*[work] * 4) == []
    with place.open(create=False) as store:
        assert store.size() == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_opens_its_own(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with place.open() as store:
        fill(store, 1)
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: -1)
            with pytest.raises(StoreError, match="fork"):
                store.size()
            store.close()
        # The child's close let the parent's files and connections be.
        assert store.size() == 1
