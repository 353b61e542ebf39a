"""What a crash leaves of a store of files, at each place; and a disk that fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secretballot.board.store import FilesStore, layout
from secretballot.board.store.layout import ACKNOWLEDGED, ENTRIES, INDEX
from secretballot.errors import DuplicateError, StoreError

from ..support.stores import run
from .test_files_store import Interrupted, content, filled, path, without
from .test_store import fill, root_of, snapshot

__all__ = ["filled", "path"]  # Fixtures.


def copies(folder: Path) -> Iterator[Path]:
    """Copies of a directory, one after the other."""
    for number in range(1_000_000):
        copy = folder.with_name(f"{folder.name} {number}")
        yield Path(shutil.copytree(folder, copy))
        shutil.rmtree(copy)


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from secretballot.board.store import FilesStore

folder = Path(sys.argv[1])
with FilesStore(folder / "base") as store:
    for index in range(3):
        store.append(b"entry %d" % index, [b"key %d" % index], index)
    store.put_checkpoint(b"old note", 3)

def whole_line_left():
    # An append that died before it was acknowledged.
    with FilesStore(folder / "base") as store:
        mark = (folder / "base" / "acknowledged").read_bytes()
        store.append(b"new", [b"new 0", b"new 1"], 3)
        (folder / "base" / "acknowledged").write_bytes(mark)

OPERATIONS = {
    "make": lambda path: FilesStore(path.with_name(path.name + "-made")),
    "append": lambda path: FilesStore(path, create=False).append(b"new", [b"new 0", b"new 1"], 3),
    "checkpoint": lambda path: FilesStore(path, create=False).put_checkpoint(b"new note", 3),
    "attachment": lambda path: FilesStore(path, create=False).put_attachment(bytes(32), b"attached"),
    "open": lambda path: FilesStore(path, create=False),
}

def child(operation, path, step, half):
    left = [step]

    def watched(name):
        do = getattr(os, name)
        def call(*arguments):
            left[0] -= 1
            if left[0] < 0:
                if half and name == "pwrite":
                    do(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2 or 1], arguments[2])
                os.kill(os.getpid(), signal.SIGKILL)
            return do(*arguments)
        setattr(os, name, call)

    for name in ("pwrite", "fsync", "ftruncate", "replace", "mkdir"):
        watched(name)
    OPERATIONS[operation](path)
    os._exit(0)

for operation in OPERATIONS:
    if operation == "open":
        whole_line_left()
    for half in (False, True):
        step = 0
        while True:
            path = folder / f"{operation}-{step}-{half}"
            shutil.copytree(folder / "base", path)
            process = os.fork()
            if not process:
                child(operation, path, step, half)
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            if code == 0:
                break
            assert code == -signal.SIGKILL, code
            step += 1
        print(operation, step)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directories, each left by a process that was killed before one call of the system, or in the midst of it."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    folder = tmp_path_factory.mktemp("killed")
    done = run(KILLED, folder)
    assert done.returncode == 0, done.stderr
    steps = dict(line.split() for line in done.stdout.splitlines())
    # Pieces, syncs and names: what each of them does at the least.
    assert {name: int(count) >= 3 for name, count in steps.items()} == dict.fromkeys(steps, True)
    assert int(steps["append"]) == 5
    return folder


def left_by(folder: Path, operation: str) -> list[Path]:
    return sorted(folder.glob(f"{operation}-[0-9]*e"))


def test_killed_while_it_appends(killed: Path) -> None:
    """All of the entry or nothing, and the log goes on."""
    seen = set()
    for folder in left_by(killed, "append"):
        with FilesStore(folder, create=False) as store, FilesStore(folder, create=False) as other:
            size = store.size()
            seen.add((folder.name, size))
            entries = [b"entry 0", b"entry 1", b"entry 2", b"new"][:size]
            keys = [b"key 2", b"new 0", b"new 1"]
            assert list(store.entries()) == list(other.entries()) == entries
            assert [store.find(key) for key in keys] == [2, None, None] if size == 3 else [2, 3, 3]
            assert store.frontier().root() == root_of(entries)
            # As somebody who had no answer, and sends it again.
            if size == 3:
                assert store.append(b"new", [b"new 0", b"new 1"], 3) == 3
            with pytest.raises(DuplicateError, match="entry 3"):
                other.append(b"new", [b"new 1"], 4)
            assert other.append(b"next", [], 4) == 4
            assert (folder / ENTRIES).read_bytes() == b"entry 0\nentry 1\nentry 2\nnew\nnext\n"
    # Before the line of the index was whole, nothing is there; after it, the entry.
    assert {name: size for name, size in seen if name.endswith("False")} == {
        f"append-{step}-False": size for step, size in enumerate([3, 3, 3, 4, 4, 4])
    }
    assert {("append-2-True", 3), ("append-3-True", 4)} <= seen


def test_killed_while_it_makes_a_store(killed: Path) -> None:
    for folder in left_by(killed, "make"):
        with FilesStore(folder.with_name(folder.name + "-made")) as store:
            fill(store, 2)
        assert (folder.with_name(folder.name + "-made") / layout.ABOUT).read_text() == layout.TEXT


def test_killed_while_it_keeps_a_checkpoint(killed: Path) -> None:
    notes = []
    for folder in left_by(killed, "checkpoint"):
        with FilesStore(folder, create=False) as store:
            note = store.checkpoint()
            assert note == (folder / layout.CHECKPOINT).read_bytes() == store.checkpoint()
            if folder.name.endswith("False"):
                notes.append(note)
            store.put_checkpoint(b"of 2", 2)
            assert store.checkpoint() == note
            store.put_checkpoint(b"newest", 3)
            assert store.checkpoint() == b"newest"
    assert set(notes) == {b"old note", b"new note"}


def test_killed_while_it_keeps_an_attachment(killed: Path) -> None:
    for folder in left_by(killed, "attachment"):
        with FilesStore(folder, create=False) as store:
            assert store.attachment(bytes(32)) in (None, b"attached")
            store.put_attachment(bytes(32), b"attached")
            assert store.attachment(bytes(32)) == b"attached"


def test_killed_while_it_mends(killed: Path) -> None:
    """What was whole stays whole, however often somebody is killed who mends it."""
    folders = left_by(killed, "open")
    assert len(folders) > 6
    for folder in folders:
        with FilesStore(folder, create=False) as store:
            assert list(store.entries()) == [b"entry 0", b"entry 1", b"entry 2", b"new"]
            assert [store.find(b"new 0"), store.find(b"new 1")] == [3, 3]


def test_the_power_fails(filled: tuple[Path, list[bytes]]) -> None:
    """What is acknowledged is synced; how much that is, not: an older number may be found."""
    path, entries = filled
    copy = copies(path)
    for known in range(1, 6):
        folder = next(copy)
        without(folder, known)
        with FilesStore(folder) as store:
            assert list(store.entries()) == entries
            assert store.find(b"key 4") == 4
        assert (folder / ACKNOWLEDGED).read_text("ascii").startswith("5 ")
        assert {**content(folder), ACKNOWLEDGED: b""} == {**content(path), ACKNOWLEDGED: b""}


def test_a_line_of_the_index_that_was_not_written_to_its_end(filled: tuple[Path, list[bytes]]) -> None:
    path, entries = filled
    index = (path / INDEX).read_bytes()
    last = index.splitlines(keepends=True)[-1]
    before = content(path)
    for length in range(len(last)):
        rests = (b"", b"\0" * (len(last) - length), b"\0" * 10 + b"\n", b"\r\n\n")
        for rest in rests if length % 20 == 0 else rests[:1]:
            without(path, 4)
            (path / INDEX).write_bytes(index[: -len(last)] + last[:length] + rest)
            with FilesStore(path) as store:
                assert list(store.entries()) == entries[:4]
                assert (store.find(b"key 4"), store.find(b"\x04")) == (None, None)
                assert store.append(entries[4], [b"key 4", b"\x04"], 4) == 4
            assert content(path) == before


@pytest.mark.parametrize("tail", [b"x", b"\n", b"\0" * 5000, b'{"half": '])
def test_an_entry_of_which_no_line_tells(filled: tuple[Path, list[bytes]], tail: bytes) -> None:
    path, entries = filled
    before = content(path)
    with FilesStore(path) as open_all_the_time:
        with (path / ENTRIES).open("ab") as file:
            file.write(tail)
        assert list(open_all_the_time.entries()) == entries
        with FilesStore(path) as store:
            assert store.size() == 5
        assert content(path) == before
        with (path / ENTRIES).open("ab") as file:
            file.write(tail)
        open_all_the_time.append(b"next", [], 5)
    assert (path / ENTRIES).read_bytes() == before[ENTRIES] + b"next\n"


# A disk that fails.


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Interrupted()])
@pytest.mark.parametrize(("call", "nth"), [("pwrite", 0), ("fsync", 0), ("pwrite", 1), ("fsync", 1)])
def test_a_failure_leaves_nothing(
    filled: tuple[Path, list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    call: str,
    nth: int,
) -> None:
    path, _ = filled
    files = content(path)
    real, left = getattr(os, call), [nth]

    def failing(*arguments: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            if call == "pwrite":
                file, data, offset = arguments
                real(file, bytes(data)[:5], offset)  # type: ignore[call-overload]
            raise error
        return real(*arguments)

    with FilesStore(path) as store:
        before = snapshot(store)
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            with pytest.raises(StoreError if isinstance(error, OSError) else Interrupted) as caught:
                store.append(b"another", [b"new"], 5)
        if isinstance(error, OSError):
            assert str(caught.value) == "store board: No space left on device"
        assert content(path) == files
        assert snapshot(store) == before
        assert store.find(b"new") is None
        assert store.append(b"another", [b"new"], 5) == 5


def test_what_could_not_be_cut_off_is_written_again_before_it_counts(
    filled: tuple[Path, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a sync that failed, another one says nothing of the bytes before it."""
    path, _ = filled
    calls: list[tuple[str, int]] = []
    real = {name: getattr(os, name) for name in ("pwrite", "fsync")}

    def fails(*arguments: object) -> object:
        raise OSError(5, "Input/output error")

    def seen(name: str) -> Callable[..., object]:
        def call(file: int, *arguments: object) -> object:
            calls.append((name, file))
            return real[name](file, *arguments)

        return call

    with FilesStore(path) as store:
        with monkeypatch.context() as patch:
            patch.setattr(os, "ftruncate", fails)
            synced: list[int] = []

            def sync(file: int) -> None:
                synced.append(file)
                if len(synced) == 2:
                    raise OSError(5, "Input/output error")

            patch.setattr(os, "fsync", sync)
            with pytest.raises(StoreError, match="Input/output error"):
                store.append(b"another", [b"new"], 5)
        assert store.size() == 5
        for name in real:
            monkeypatch.setattr(os, name, seen(name))
        with pytest.raises(DuplicateError, match="entry 5"):
            store.append(b"another", [b"new"], 5)
        files = (store._entries, store._index)
        assert calls == [(name, file) for file in files for name in ("pwrite", "fsync")] + [
            ("pwrite", store._acknowledged)
        ]
        assert store.get(5) == b"another"


def test_what_is_written_is_synced_with_its_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file before it gets its name, and the folder of the name afterwards."""
    seen: list[str] = []
    names: dict[int, str] = {}
    do = {name: getattr(os, name) for name in ("open", "fsync", "replace")}

    def opening(file: Path, *arguments: int) -> int:
        descriptor: int = do["open"](file, *arguments)
        names[descriptor] = Path(file).name
        return descriptor

    def sync(file: int) -> None:
        seen.append(names[file])
        do["fsync"](file)

    def replace(old: Path, new: Path) -> None:
        seen.append(f"{Path(old).name} > {Path(new).name}")
        do["replace"](old, new)

    for name, call in (("open", opening), ("fsync", sync), ("replace", replace)):
        monkeypatch.setattr(os, name, call)

    def put(name: str, folder: str = "board") -> list[str]:
        return [f".{name}", f".{name} > {name}", folder]

    with FilesStore(path) as store:
        assert seen == [ENTRIES, INDEX, ACKNOWLEDGED, *put("about"), path.parent.name]
        seen.clear()
        store.append(b"entry", [], 0)
        assert seen == [ENTRIES, INDEX]
        seen.clear()
        store.put_checkpoint(b"note", 1)
        renamed = ["checkpoint.new > checkpoint", "board"]
        assert seen == [*put("checkpoint.new"), *put("checkpoint.size"), *renamed]
        seen.clear()
        store.put_attachment(bytes(32), b"attached")
        assert seen == put("00" * 32, "attachments")
        seen.clear()
        # Who put it there before may have died before the folder was synced.
        store.put_attachment(bytes(32), b"attached")
        assert seen == ["attachments"]


def test_a_system_that_writes_a_little_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, read = os.pwrite, os.pread
    monkeypatch.setattr(os, "pwrite", lambda file, data, offset: write(file, bytes(data)[:7], offset))
    monkeypatch.setattr(os, "pread", lambda file, size, offset: read(file, min(size, 5), offset))
    with FilesStore(path) as store:
        entries = fill(store, 3)
        store.put_attachment(bytes(32), bytes(range(100)))
        assert (list(store.entries()), store.attachment(bytes(32))) == (entries, bytes(range(100)))
