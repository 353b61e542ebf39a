"""What the store of files adds to the contract: what a crash leaves at each place, damage, and directories that are no
stores."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secretballot.board.board import Board
from secretballot.board.store import ConflictError, FilesStore, layout
from secretballot.board.store.layout import ACKNOWLEDGED, ENTRIES, INDEX, Line, Mark
from secretballot.crypto.merkle import leaf_hash
from secretballot.errors import DuplicateError, StoreError
from secretballot.tally import ElectionLog
from secretballot.verify import Verdict, verify_record

from ..support import elections
from ..support.stores import run
from .test_store import fill, root_of, snapshot


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


def copies(folder: Path) -> Iterator[Path]:
    """Copies of a directory, one after the other."""
    for number in range(1_000_000):
        copy = folder.with_name(f"{folder.name} {number}")
        yield Path(shutil.copytree(folder, copy))
        shutil.rmtree(copy)


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


# What a crash leaves.

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


def without(folder: Path, entries: int) -> None:
    """Sets back what is acknowledged, as a power cut may."""
    lines = (folder / INDEX).read_bytes().splitlines(keepends=True)[:entries]
    last = [Line.parse(line) for line in lines][-1]
    assert last is not None
    mark = Mark(entries, sum(map(len, lines)), last.start + last.length + 1)
    (folder / ACKNOWLEDGED).write_bytes(mark.encode() * 2)


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


# Damage.


def refused(folder: Path, match: str, item: str | None = None) -> None:
    with pytest.raises(StoreError, match=match) as caught:
        FilesStore(folder)
    assert caught.value.item == (item or f"store {folder.name}")
    assert "\n" not in str(caught.value)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_every_byte_of_the_index(filled: tuple[Path, list[bytes]]) -> None:
    path, _ = filled
    data = (path / INDEX).read_bytes()
    for place in range(len(data)):
        (path / INDEX).write_bytes(flipped(data, place))
        with pytest.raises(StoreError, match="the store is corrupt") as caught:
            FilesStore(path)
        assert caught.value.item == f"entry {data[:place].count(10)}"
    (path / INDEX).write_bytes(data)
    FilesStore(path).close()


def test_every_byte_of_what_is_acknowledged(filled: tuple[Path, list[bytes]]) -> None:
    """One of the two lines is enough, also the older one; without either, nobody knows what was acknowledged."""
    path, entries = filled
    data = (path / ACKNOWLEDGED).read_bytes()
    size = layout.MARK_SIZE
    assert len(data) == 2 * size
    for place in range(size):
        for at in (place, place + size):
            (path / ACKNOWLEDGED).write_bytes(flipped(data, at))
            with FilesStore(path) as store:
                assert list(store.entries()) == entries
        (path / ACKNOWLEDGED).write_bytes(flipped(flipped(data, place), place + size))
        refused(path, "its file 'acknowledged' cannot be read")
    for other in (b"", b"\n", data[: size - 1], data[1:size], layout._with_check("1 2").ljust(size)):
        (path / ACKNOWLEDGED).write_bytes(other)
        refused(path, "its file 'acknowledged' cannot be read")


def test_every_byte_of_the_entries(filled: tuple[Path, list[bytes]]) -> None:
    """It is seen when the entry is read; the others are as they were."""
    path, entries = filled
    data = (path / ENTRIES).read_bytes()
    with FilesStore(path) as store:
        ends = [sum(len(entry) + 1 for entry in entries[: index + 1]) for index in range(5)]
        for place in range(len(data)):
            (path / ENTRIES).write_bytes(flipped(data, place))
            wrong = next(index for index, end in enumerate(ends) if place < end)
            for index, entry in enumerate(entries):
                if index != wrong:
                    assert store.get(index) == entry
                    continue
                with pytest.raises(StoreError, match="holds another entry") as caught:
                    store.get(index)
                assert caught.value.item == f"entry {index}"


@pytest.mark.parametrize("name", [INDEX, ENTRIES])
def test_files_that_were_cut(filled: tuple[Path, list[bytes]], name: str) -> None:
    path, _ = filled
    data = (path / name).read_bytes()
    for length in range(len(data)):
        (path / name).write_bytes(data[:length])
        refused(path, "its files end before the entries that are acknowledged")


@pytest.mark.parametrize("name", [INDEX, ENTRIES, ACKNOWLEDGED])
def test_files_that_are_missing(filled: tuple[Path, list[bytes]], name: str) -> None:
    path, _ = filled
    (path / name).unlink()
    refused(path, "No such file")


def test_a_line_has_one_form() -> None:
    line = Line(10, 20, 3, bytes(31) + b"\xab", (b"\xcd", b"key"))
    data = line.encode()
    assert Line.parse(data) == line
    text = data[:-18].decode()
    assert layout._with_check(text) == data
    for other in (
        text.replace("ab", "AB"),
        text.replace("cd", "CD"),
        text.replace("10", "010"),
        text.replace("10", "+10"),
        text.replace(" 3 ", " 3  "),
        text.replace("ab ", "abab "),
        text.replace("00", "", 1),
        text.replace(",", ",,"),
        text.rpartition(" ")[0],
        text + " ",
        text + ",",
        "",
    ):
        assert Line.parse(layout._with_check(other)) is None
    for raw in (b"", b"\n", data[:-1], data + b"\n", data.replace(b" ", b"\xc2\xa0")):
        assert Line.parse(raw) is None


def test_lines_that_changed_places(filled: tuple[Path, list[bytes]]) -> None:
    path, _ = filled
    lines = (path / INDEX).read_bytes().splitlines(keepends=True)
    (path / INDEX).write_bytes(b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    refused(path, "its line in the index is damaged", "entry 1")


def test_a_damaged_line_that_others_follow_is_no_half_written_one(filled: tuple[Path, list[bytes]]) -> None:
    """They were acknowledged after it, so it was too."""
    path, _ = filled
    without(path, 2)
    data = (path / INDEX).read_bytes()
    third = sum(map(len, data.splitlines(keepends=True)[:2]))
    (path / INDEX).write_bytes(flipped(data, third))
    before = content(path)
    refused(path, "its line in the index is damaged", "entry 2")
    assert content(path) == before


@pytest.mark.parametrize("place", [-1, -3])
def test_a_whole_line_without_its_entry(filled: tuple[Path, list[bytes]], place: int) -> None:
    """The entry was synced before: it is no crash that took it."""
    path, _ = filled
    without(path, 4)
    data = (path / ENTRIES).read_bytes()
    for entries in (flipped(data, len(data) + place), data[:place]):
        (path / ENTRIES).write_bytes(entries)
        refused(path, "holds another entry", "entry 4")


def test_a_key_that_stands_twice(filled: tuple[Path, list[bytes]]) -> None:
    path, _ = filled
    with (path / INDEX).open("ab") as index, (path / ENTRIES).open("ab") as entries:
        line = Line(5, entries.tell(), 3, leaf_hash(b"new"), (b"new", b"key 2")).encode()
        index.write(line)
        entries.write(b"new\n")
        mark = Mark(6, index.tell(), entries.tell())
    (path / ACKNOWLEDGED).write_bytes(mark.encode())
    refused(path, "the index has a key twice", "entry 5")


def test_entries_that_are_lost_while_it_is_open(filled: tuple[Path, list[bytes]]) -> None:
    path, entries = filled
    with FilesStore(path) as store:
        with FilesStore(path) as other:
            other.append(b"next", [], 5)
        assert store.size() == 6
        without(path, 5)
        for look in (store.size, store.frontier, lambda: store.find(b"key 0")):
            with pytest.raises(StoreError, match="lost entries") as caught:
                look()
            assert caught.value.item == "entry 5"
    with FilesStore(path) as store:
        assert list(store.entries()) == [*entries, b"next"]


@pytest.mark.parametrize("name", [layout.CHECKPOINT, layout.CHECKPOINT_SIZE])
def test_a_checkpoint_that_was_changed(filled: tuple[Path, list[bytes]], name: str) -> None:
    path, _ = filled
    data = (path / name).read_bytes()
    with FilesStore(path) as store:
        for wrong in (b"", data[:-2], b"x" + data[1:], b"\xff" + data[1:], None):
            (path / name).unlink() if wrong is None else (path / name).write_bytes(wrong)
            for use in (store.checkpoint, lambda: store.put_checkpoint(b"new", 9)):
                with pytest.raises(StoreError, match="the store is corrupt") as caught:
                    use()
                assert caught.value.item == "checkpoint"
        (path / name).write_bytes(data)
        assert store.checkpoint() == b"note"


# A disk that fails.


class Interrupted(BaseException):
    pass


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
