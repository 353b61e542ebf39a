"""The election record: a directory of two files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secretballot.board.record import CHECKPOINT, ENTRIES, ElectionRecord, write_record
from secretballot.errors import (
    EncodingError,
    RecordError,
    StoreError,
)
from secretballot.records import CUT_OFF, MAX_ENTRY_SIZE, parse_entry

from ..support import elections


def test_a_record_holds_the_entries_and_the_checkpoint(finished: elections.Finished, tmp_path: Path) -> None:
    note = elections.checkpoint(finished.simulation, finished.entries).decode()
    record = write_record(tmp_path / "deep" / "record", finished.entries, note)
    assert list(record.entries()) == finished.entries
    assert record.checkpoint() == note.encode()
    assert sorted(path.name for path in record.path.iterdir()) == [CHECKPOINT, ENTRIES]
    assert (record.path / ENTRIES).stat().st_mode & 0o777 == 0o644
    with pytest.raises(RecordError, match="the directory is not empty"):
        write_record(record.path, finished.entries, note)


def test_a_record_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot be written"):
        write_record(tmp_path / "file", [], "")

    def broken() -> Iterator[bytes]:
        yield b"one"
        raise StoreError("gone")

    with pytest.raises(StoreError, match="gone"):
        write_record(tmp_path / "record", broken(), "")
    assert list((tmp_path / "record").iterdir()) == []


def test_a_directory_that_is_no_record(tmp_path: Path) -> None:
    for name in (ENTRIES, CHECKPOINT):
        with pytest.raises(RecordError, match=f"there is no file {name}"):
            ElectionRecord(tmp_path)
        (tmp_path / name).write_bytes(b"")
    record = ElectionRecord(tmp_path)
    assert (list(record.entries()), record.checkpoint()) == ([], b"")
    for name, read in ((ENTRIES, lambda: list(record.entries())), (CHECKPOINT, record.checkpoint)):
        (tmp_path / name).unlink()
        with pytest.raises(RecordError, match=f"{name}: cannot be read"):
            read()


def test_lines_without_an_end_or_without_a_limit(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"")

    def entries(data: bytes) -> list[bytes]:
        (tmp_path / ENTRIES).write_bytes(data)
        return list(ElectionRecord(tmp_path).entries())

    assert entries(b"a\n\nb\n") == [b"a", b"", b"b"]
    assert entries(b"a\nb") == [b"a", b"b" + CUT_OFF]
    longest = b"x" * MAX_ENTRY_SIZE
    assert entries(longest + b"\nb\n") == [longest, b"b"]
    for more in (b"x", b"xx", longest, longest * 2 + b"x"):
        cut, rest = entries(longest + more + b"\nb\n")
        assert len(cut) > MAX_ENTRY_SIZE
        assert rest == b"b"
        with pytest.raises(EncodingError):
            parse_entry(cut)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: data[:-1], "does not end in a line feed: the file was cut off"),
        (lambda data: data[:-100], "does not end in a line feed: the file was cut off"),
        (
            lambda data: data.replace(b"\n", b"\r\n"),
            "ends in a carriage return: line ends were changed in transfer",
        ),
    ],
)
def test_what_a_transfer_did_is_said(
    finished: elections.Finished, tmp_path: Path, damage: Callable[[bytes], bytes], says: str
) -> None:
    record = finished.simulation.export(str(tmp_path / "record"))
    (tmp_path / "record" / ENTRIES).write_bytes(damage(b"".join(entry + b"\n" for entry in finished.entries)))
    *_, last = record.entries()
    with pytest.raises(EncodingError, match=rf"^not a signed entry \(it {says}\)$"):
        parse_entry(last)


def test_other_damage_is_not_put_down_to_a_transfer(finished: elections.Finished) -> None:
    for entry in (b"", finished.entries[0][:-1], finished.entries[0] + b"\n", b"\r" + finished.entries[0]):
        with pytest.raises(EncodingError, match=r"^not a signed entry$"):
            parse_entry(entry)
