"""Attachments of two records, and files that cannot be read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import secretballot as sb
from secretballot.board.board import Board
from secretballot.board.record import CHECKPOINT, ENTRIES, write_record
from secretballot.errors import ArgumentError, RecordError
from secretballot.report import Relation, compare_records
from secretballot.report import comparison as module
from secretballot.report.comparison import MAX_LISTED
from secretballot.tally import ElectionLog

from ...support import elections
from .shared import Finished, Folder

# Attachments.


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> sb.ElectionRecord:
    """A record with attachments; copied, and never changed."""
    contest = elections.choice().model_copy(update={"tally": "mixnet"})
    simulation = elections.voting([contest], 2, trustees=2)
    simulation.vote([{"chair": "chi"}, {"chair": "em"}])
    simulation.tally()
    return simulation.export(str(tmp_path_factory.mktemp("mixed") / "record"))


@pytest.fixture
def copies(mixed: sb.ElectionRecord, tmp_path: Path) -> tuple[Path, Path]:
    return copied(mixed, tmp_path / "a"), copied(mixed, tmp_path / "b")


def copied(record: sb.ElectionRecord, path: Path) -> Path:
    out = write_record(path, record.entries(), record.checkpoint().decode(), attached(record))
    assert len(list((out.path / "attachments").iterdir())) == 4
    return out.path


def attached(record: sb.ElectionRecord) -> Iterator[bytes]:
    for path in sorted((record.path / "attachments").iterdir()):
        yield path.read_bytes()


def test_attachments_that_are_the_same(copies: tuple[Path, Path]) -> None:
    comparison = compare_records(*copies)
    assert comparison.agrees
    assert comparison.relation is Relation.SAME
    # What no entry names is not looked at.
    (copies[0] / "attachments" / "other").write_bytes(b"x")
    assert compare_records(*copies) == comparison


def test_attachments_that_differ(copies: tuple[Path, Path]) -> None:
    path = sorted((copies[1] / "attachments").iterdir())[0]
    data = path.read_bytes()
    changed = data[:-1] + bytes([data[-1] ^ 1])

    def says(expected: str) -> None:
        comparison = compare_records(*copies)
        assert comparison.relation is Relation.SAME
        assert not comparison.agrees
        assert comparison.differences == (f"attachment {path.name}: present in A, {expected} in B",)

    path.write_bytes(changed)
    says(f"damaged (its SHA-256 is {hashlib.sha256(changed).hexdigest()})")
    # Of what is longer nothing is read: a file can be said to be of any length, and take no room.
    for size in (len(data) - 1, len(data) + 1, 2**40):
        path.write_bytes(data)
        os.truncate(path, size)
        says(f"damaged (it has {size} bytes, not {len(data)})")
    path.unlink()
    says("missing")
    os.mkfifo(path)
    says("no file")
    path.unlink()
    path.write_bytes(data)
    assert compare_records(*copies).agrees
    # Missing in both is for the verifier to say.
    for copy in copies:
        (copy / "attachments" / path.name).unlink()
    assert compare_records(*copies).agrees


def test_an_attachment_that_cannot_be_read(
    copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open
    path = sorted((copies[1] / "attachments").iterdir())[0]

    def refuse(self: Path, *arguments: object, **options: object) -> object:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    (difference,) = compare_records(*copies).differences
    assert difference.endswith("present in A, unreadable (Permission denied) in B")


def test_many_attachments(copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secretballot.report.comparison.MAX_LISTED", 1)
    assert MAX_LISTED > 1
    for path in (copies[0] / "attachments").iterdir():
        path.unlink()
    differences = compare_records(*copies).differences
    assert len(differences) == 2
    assert "missing in A, present in B" in differences[0]
    assert differences[1] == "and 3 attachments more"


def test_attachments_after_the_fork_are_not_compared(
    mixed: sb.ElectionRecord, copies: tuple[Path, Path], finished: Finished
) -> None:
    entries = list(mixed.entries())
    place = next(i for i, raw in enumerate(entries) if b"secretballot/1/mix-round" in raw)
    for path in (copies[1] / "attachments").iterdir():
        path.unlink()
    lines = [*entries[:place], b"other", *entries[place + 1 :]]
    (copies[1] / ENTRIES).write_bytes(b"".join(line + b"\n" for line in lines))
    comparison = compare_records(*copies)
    assert comparison.relation is Relation.FORKED
    assert comparison.common == place
    assert not [one for one in comparison.differences if "attachment" in one]
    # One that is there twice names what is known already.
    (copies[0] / ENTRIES).write_bytes(
        b"".join(line + b"\n" for line in [*entries[: place + 1], entries[place]])
    )
    assert compare_records(copies[0], copies[0]).agrees
    (copies[1] / ENTRIES).write_bytes((copies[0] / ENTRIES).read_bytes())
    assert len([one for one in compare_records(*copies).differences if "attachment" in one]) == 1
    # An entry that both have and nobody can read names none.
    spoilt = entries[place].replace(b'"round":1', b'"round":01')
    assert spoilt != entries[place]
    for copy in copies:
        lines[place] = spoilt
        (copy / ENTRIES).write_bytes(b"".join(line + b"\n" for line in lines))
    assert compare_records(*copies).relation is Relation.SAME
    first = compare_records(copies[0], mixed).first_difference
    assert first is not None
    assert first.b is not None
    assert first.b.summary == "round 1 by mixer mixer-1"


# What cannot be read.


def test_what_is_no_record(finished: Finished, folder: Folder, tmp_path: Path) -> None:
    record = folder.record(finished.entries)
    for wrong in (tmp_path / "nowhere", tmp_path):
        for pair in ((record, wrong), (wrong, record)):
            with pytest.raises(RecordError, match="not an election record"):
                compare_records(*pair)
    with pytest.raises(ArgumentError):
        compare_records(record, 7)  # type: ignore[arg-type]


def test_a_file_that_fails_is_named(
    finished: Finished, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = folder.record(finished.entries), folder.record(finished.entries)
    opened = Path.open

    def refuse(self: Path, *arguments: object, **options: object) -> object:
        if self == bad.path / ENTRIES:
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(RecordError, match="Permission denied") as caught:
        compare_records(good, bad)
    assert caught.value.item == str(bad.path / ENTRIES)
    assert CHECKPOINT not in str(caught.value)


def test_one_entry_at_a_time(finished: Finished, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither record is held: an entry is let go of before the one after the next is read."""
    given: list[int] = []
    taken: list[int] = []
    entries = sb.ElectionRecord.entries

    def counted(self: sb.ElectionRecord) -> Iterator[bytes]:
        for number, raw in enumerate(entries(self)):
            given.append(number)
            assert len(given) - len(taken) <= 2
            yield raw

    monkeypatch.setattr(sb.ElectionRecord, "entries", counted)
    took = module._Side.take

    def note(self: module._Side, raw: bytes | None, sizes: set[int]) -> None:
        taken.append(0)
        took(self, raw, sizes)

    monkeypatch.setattr(module._Side, "take", note)
    assert folder.compare(finished.entries, finished.entries).agrees
    assert len(given) == len(taken) == 2 * len(finished.entries)


def test_a_board_that_exported_twice(finished: Finished, tmp_path: Path) -> None:
    """An honest board's records are always of one log."""
    board = Board(elections.store_of(finished.entries[:10]), finished.simulation.board_keys, ElectionLog())
    early = board.export(tmp_path / "early")
    for entry in finished.entries[10:]:
        board.submit(entry)
    late = board.export(tmp_path / "late")
    comparison = sb.compare_records(early, late)
    assert (comparison.relation, comparison.agrees) == (Relation.A_BEGINS_B, True)
