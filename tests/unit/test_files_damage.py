"""Damage to the files of a store: it is told, and nothing is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from secretballot.board.store import FilesStore, layout
from secretballot.board.store.layout import ACKNOWLEDGED, ENTRIES, INDEX, Line, Mark
from secretballot.crypto.merkle import leaf_hash
from secretballot.errors import StoreError

from .test_files_store import content, filled, path, refused, without

__all__ = ["filled", "path"]  # Fixtures.


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
    for other in (
        b"",
        b"\n",
        data[: size - 1],
        data[1:size],
        layout._with_check("1 2".ljust(size - 18)),
        layout._with_check("1 2 x".ljust(size - 18)),
    ):
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


@pytest.mark.parametrize("change", [(1, 0, 0), (-1, 0, 0), (1, 0, 9), (0, 0, 1)])
def test_a_mark_that_is_not_of_the_index(
    filled: tuple[Path, list[bytes]], change: tuple[int, int, int]
) -> None:
    path, _ = filled
    with (path / ACKNOWLEDGED).open("rb") as file:
        found = layout.read_marks(file.fileno())
    assert found is not None
    other = Mark(*(part + more for part, more in zip(found[0], change, strict=True)))
    (path / ACKNOWLEDGED).write_bytes(other.encode() * 2)
    with (path / ENTRIES).open("ab") as entries:
        entries.write(b"x" * change[2])
    refused(path, "the index ends before the entries that are acknowledged")


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
