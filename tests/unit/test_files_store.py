"""What the store of files adds to the contract: a directory for people, several at once, directories that are no
stores. What crashes and damage leave is in files of their own."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from secretballot.board.board import Board
from secretballot.board.store import ConflictError, FilesStore, layout
from secretballot.board.store.layout import ACKNOWLEDGED, ENTRIES, INDEX, Line, Mark
from secretballot.crypto.merkle import leaf_hash
from secretballot.errors import StoreError
from secretballot.tally import ElectionLog
from secretballot.verify import Verdict, verify_record

from ..support import elections
from .test_store import fill


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "board"


@pytest.fixture
def filled(path: Path) -> tuple[Path, list[bytes]]:
    """Five entries, one of them with a line feed in it and one without any bytes."""
    entries = [b'{"one": 1}', b"", b"two\nlines\n", b"\x00\xff" * 50, b"the last"]
    with FilesStore(path) as store:
        for index, entry in enumerate(entries):
            store.append(entry, [b"key %d" % index, bytes([index])], index)
        store.put_checkpoint(b"note", 5)
    return path, entries


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def without(folder: Path, entries: int) -> None:
    """Sets back what is acknowledged, as a power cut may."""
    lines = (folder / INDEX).read_bytes().splitlines(keepends=True)[:entries]
    last = [Line.parse(line) for line in lines][-1]
    assert last is not None
    mark = Mark(entries, sum(map(len, lines)), last.start + last.length + 1)
    (folder / ACKNOWLEDGED).write_bytes(mark.encode() * 2)


def refused(folder: Path, match: str, item: str | None = None) -> None:
    with pytest.raises(StoreError, match=match) as caught:
        FilesStore(folder)
    assert caught.value.item == (item or f"store {folder.name}")
    assert "\n" not in str(caught.value)


class Interrupted(BaseException):
    pass


# What a person finds.


def test_the_directory_is_an_election_record(path: Path) -> None:
    with FilesStore(path) as store:
        simulation = elections.voting([elections.choice()], 1, trustees=1, quorum=1, store=store)
        simulation.vote([{"chair": "chi"}])
        simulation.tally()
        simulation.board.checkpoint()
        assert verify_record(path).verdict is Verdict.VERIFIED
        record = simulation.export(str(path.with_name("record")))
        for name in ("entries.jsonl", "checkpoint"):
            assert (path / name).read_bytes() == (record.path / name).read_bytes()
        shutil.copytree(path, path.with_name("copy"))
    with FilesStore(path.with_name("copy"), create=False) as store:
        assert Board(store, simulation.board_keys, ElectionLog()).state.phase == "closed"


@pytest.mark.skipif(shutil.which("flock") is None, reason="there is no program flock")
def test_a_copy_while_it_is_in_use(filled: tuple[Path, list[bytes]]) -> None:
    """As ``about`` says how: the copy waits for who writes, and is a store."""
    path, entries = filled
    command = layout.TEXT.partition("while it is in use: ")[2].strip()
    copy = path.with_name("copy")
    with FilesStore(path) as store:
        with store._alone():
            waiting = subprocess.run(command.replace("flock", "flock -n").split(), cwd=path, check=False)
            assert waiting.returncode == 1
        subprocess.run(command.replace("ELSEWHERE", str(copy)).split(), cwd=path, check=True)
        store.append(b"next", [], 5)
    with FilesStore(copy, create=False) as store:
        assert list(store.entries()) == entries
        assert store.append(b"another", [], 5) == 5


def test_the_files_are_those_that_about_tells_of(filled: tuple[Path, list[bytes]]) -> None:
    path, entries = filled
    told = [line.split()[0] for line in layout.TEXT.splitlines()[2:] if line[0] != " "]
    assert sorted(file.name for file in path.iterdir()) == sorted(["about", "checkpoint.size", *told])
    assert (path / ENTRIES).read_bytes() == b"".join(entry + b"\n" for entry in entries)
    lines = (path / INDEX).read_text("ascii").splitlines()
    for index, line in enumerate(lines):
        number, start, length, _, keys, _ = line.split()
        assert int(number) == index
        assert (path / ENTRIES).read_bytes()[int(start) :][: int(length)] == entries[index]
        assert keys == f"{(b'key %d' % index).hex()},{index:02x}"
    marks = (path / ACKNOWLEDGED).read_text("ascii").splitlines()
    assert sorted(int(mark.split()[0]) for mark in marks) == [4, 5]


# Others at the same time.


def test_a_writer_keeps_writers_out_and_readers_in(filled: tuple[Path, list[bytes]]) -> None:
    path, entries = filled
    with FilesStore(path, timeout=0) as store, FilesStore(path, timeout=0) as holder:
        with holder._alone():
            for call in (
                lambda: store.append(b"", [], 5),
                lambda: store.put_checkpoint(b"", 5),
                lambda: store.put_attachment(bytes(32), b""),
                lambda: FilesStore(path, timeout=0),
            ):
                with pytest.raises(StoreError, match="the store is locked: another process is writing"):
                    call()
            assert list(store.entries()) == entries
            assert (store.size(), store.find(b"key 4"), store.frontier().size) == (5, 4, 5)
        assert store.append(b"", [], 5) == 5


def test_a_writer_waits_for_another(path: Path) -> None:
    with FilesStore(path) as store, FilesStore(path) as other:
        # It holds the lock until the other one has been refused it.
        held, tried = layout.fcntl.flock, []

        def flock(file: int, operation: int) -> None:
            if file == other._flock and operation & fcntl.LOCK_NB:
                tried.append(operation)
                if len(tried) == 3:
                    held(store._flock, fcntl.LOCK_UN)
            held(file, operation)

        with pytest.MonkeyPatch.context() as patch:
            held(store._flock, fcntl.LOCK_EX)
            patch.setattr(fcntl, "flock", flock)
            assert other.append(b"entry", [], 0) == 0
        assert len(tried) == 3


def test_a_mark_that_is_just_being_written(
    filled: tuple[Path, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it is nothing, and what was seen before stays, also where somebody mends."""
    path, _ = filled
    write, seen = os.pwrite, []
    with FilesStore(path) as store, FilesStore(path) as reader:

        def pwrite(file: int, data: bytes, offset: int) -> int:
            if file != store._acknowledged:
                return write(file, data, offset)
            for length in range(len(data)):
                write(file, bytes(data)[:length], offset)
                seen.append(reader.size())
            return write(file, data, offset)

        monkeypatch.setattr(os, "pwrite", pwrite)
        for size in (5, 6):
            store.append(b"next", [], size)
            # To its last byte, which is the line feed that stood there before.
            assert seen == [size] * (layout.MARK_SIZE - 1) + [size + 1]
            seen.clear()
        # Two lines are left by somebody, and taken at once.
        lines = [Line(7, store._mark.entries_end + at, 1, leaf_hash(b"x"), ()) for at in (0, 2)]
        with (path / INDEX).open("ab") as index, (path / ENTRIES).open("ab") as entries:
            index.write(lines[0].encode() + lines[1]._replace(number=8).encode())
            entries.write(b"x\nx\n")
        with pytest.raises(ConflictError):
            store.append(b"", [], 7)
        assert seen == [7] * (layout.MARK_SIZE - 1) + [9]
        assert reader.size() == 9


def test_others_see_an_entry_once_it_is_on_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FilesStore(path) as store, FilesStore(path) as reader:
        fill(store, 2)
        sync, seen = os.fsync, []

        def fsync(file: int) -> None:
            seen.append((reader.size(), reader.find(b"new")))
            sync(file)
            seen.append((reader.size(), reader.find(b"new")))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            store.append(b"new", [b"new"], 2)
        assert seen == [(2, None)] * 4
        assert (reader.size(), reader.find(b"new")) == (3, 2)


def test_a_signal_while_lines_are_taken_in(
    filled: tuple[Path, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, entries = filled
    with FilesStore(path) as store, FilesStore(path) as other:
        other.append(b"next", [b"next"], 5)
        other.append(b"last", [b"last"], 6)
        parse = Line.parse

        def interrupted(data: bytes) -> Line | None:
            if data.startswith(b"6"):
                raise Interrupted
            return parse(data)

        with monkeypatch.context() as patch:
            patch.setattr(layout.Line, "parse", interrupted)
            with pytest.raises(Interrupted):
                store.size()
        assert list(store.entries()) == [*entries, b"next", b"last"]
        assert store.frontier().state() == other.frontier().state()
        with pytest.raises(ConflictError):
            store.append(b"", [], 6)


# Directories that are no stores.


def test_foreign_directories_are_left_alone(tmp_path: Path) -> None:
    for name, data in (
        ("about", b"a diary\n"),
        ("about", b""),
        ("letter", b"x"),
        (".hidden", b""),
        (INDEX + "x", b""),
    ):
        folder = tmp_path / f"{name} {len(data)}"
        folder.mkdir()
        (folder / name).write_bytes(data)
        with pytest.raises(StoreError, match="the directory is no store: "):
            FilesStore(folder)
        assert content(folder) == {name: data}


def test_another_version(filled: tuple[Path, list[bytes]]) -> None:
    path, _ = filled
    (path / layout.ABOUT).write_text(layout.TEXT.replace("store 1", "store 2", 1))
    with pytest.raises(StoreError, match="version '2' of its files, not '1'"):
        FilesStore(path)


def test_entries_without_their_about(filled: tuple[Path, list[bytes]]) -> None:
    """It is not made anew over entries."""
    path, _ = filled
    for file in path.iterdir():
        if file.name not in (ENTRIES, INDEX):
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    before = content(path)
    refused(path, "its file 'about' is missing")
    (path / INDEX).write_bytes(b"")
    refused(path, "its file 'about' is missing")
    assert content(path) == {**before, INDEX: b""}


def test_places_where_no_directory_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place, match in (
        (tmp_path / "no folder" / "board", "No such file or directory"),
        (tmp_path / "file", "Not a directory"),
        (tmp_path / "a\0b", "null character"),
        (tmp_path / "a\ud800b", "lone surrogate"),
    ):
        with pytest.raises(StoreError, match=match):
            FilesStore(place)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_system_without_locks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "fcntl", None)
    with pytest.raises(StoreError, match="no flock"):
        FilesStore(path)
    assert not path.exists()


def test_no_file_stays_open(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("this system does not list open files")
    before = len(os.listdir("/proc/self/fd"))
    store = FilesStore(tmp_path / "board")
    store.close()
    store.close()
    (tmp_path / "board" / INDEX).unlink()
    with pytest.raises(StoreError):
        FilesStore(tmp_path / "board")
    assert len(os.listdir("/proc/self/fd")) == before
