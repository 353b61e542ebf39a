"""Receipts: what the board promised, checked by itself and against a record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import secretballot as sb
from secretballot.board.receipts import check_receipt, find_promised
from secretballot.board.record import write_record
from secretballot.crypto.signing import SigningKey
from secretballot.errors import (
    ArgumentError,
    BoardError,
    InvalidSignatureError,
    MerkleError,
    NoteError,
    RecordError,
)

from ..support import elections


@pytest.fixture
def receipts(finished: elections.Finished) -> list[str]:
    """The receipt of each entry, given when it was appended."""
    board = sb.Board(sb.MemoryStore(), finished.simulation.board_keys, sb.ElectionLog())
    return [board.submit(entry) for entry in finished.entries]


def record_of(path: Path, finished: elections.Finished, entries: list[bytes]) -> sb.ElectionRecord:
    return write_record(path, entries, elections.checkpoint(finished.simulation, entries).decode())


def test_every_receipt_is_kept(finished: elections.Finished, receipts: list[str], tmp_path: Path) -> None:
    record = record_of(tmp_path / "record", finished, finished.entries)
    election = finished.simulation.election
    for place, (entry, receipt) in enumerate(zip(finished.entries, receipts, strict=True)):
        assert check_receipt(election, receipt, entry).size == place + 1
        assert check_receipt(election, receipt.encode(), entry).size == place + 1
        assert find_promised(record, receipt) == (place, entry)
    board = elections.store_board(finished)
    for place in (0, 5, len(receipts) - 1):
        assert find_promised(record, board.receipt(finished.entries[place])) == (
            place,
            finished.entries[place],
        )


def test_a_receipt_is_of_one_entry(finished: elections.Finished, receipts: list[str]) -> None:
    election = finished.simulation.election
    for entry in (finished.entries[5], finished.entries[6][:-1], b""):
        with pytest.raises(MerkleError):
            check_receipt(election, receipts[6], entry)
    with pytest.raises(ArgumentError):
        check_receipt(election, receipts[6], finished.entries[6].decode())  # type: ignore[arg-type]
    with pytest.raises(ArgumentError):
        check_receipt(finished.simulation.manifest, receipts[6], finished.entries[6])  # type: ignore[arg-type]


CHANGES: dict[str, tuple[Callable[[str], Any], type[Exception]]] = {
    "another index": (lambda text: text.replace("index 6", "index 5"), MerkleError),
    "an index beyond": (lambda text: text.replace("index 6", "index 7"), MerkleError),
    "a signature changed": (
        lambda text: text[:-10] + ("B" if text[-10] == "A" else "A") + text[-9:],
        InvalidSignatureError,
    ),
    "cut": (lambda text: text[:-1], NoteError),
    "nothing": (lambda text: "", NoteError),
    "no UTF-8": (lambda text: b"\xff" + text.encode(), NoteError),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_receipt(
    finished: elections.Finished, receipts: list[str], tmp_path: Path, name: str
) -> None:
    change, error = CHANGES[name]
    record = record_of(tmp_path / "record", finished, finished.entries)
    for check in (
        lambda text: check_receipt(finished.simulation.election, text, finished.entries[6]),
        lambda text: find_promised(record, text),
    ):
        with pytest.raises(error):
            check(change(receipts[6]))


def test_a_record_that_breaks_the_promise(
    finished: elections.Finished, receipts: list[str], tmp_path: Path
) -> None:
    """The entry dropped, replaced or moved, and the record cut before it; the checkpoint over that is a good one."""
    entries, place = finished.entries, finished.places("ballot")[1]
    other = [*entries[:place], *entries[place + 1 :]]
    moved = [*entries[: place - 1], entries[place], entries[place - 1], *entries[place + 1 :]]
    earlier = [*entries[: place - 2], *entries[place - 1 : place], entries[place - 2], *entries[place:]]
    for number, wrong in enumerate((other, moved, earlier)):
        record = record_of(tmp_path / str(number), finished, wrong)
        with pytest.raises(
            BoardError, match=f"first {place + 1} entries are not those that the board signed for"
        ):
            find_promised(record, receipts[place])
    record = record_of(tmp_path / "cut", finished, entries[:place])
    with pytest.raises(BoardError, match=f"of a log of {place + 1} entries, the record has {place}"):
        find_promised(record, receipts[place])
    # Neighbours: what comes after the entry may be another's, or not be there.
    for number, good in enumerate((entries[: place + 1], [*entries[: place + 1], b"whatever"])):
        record = record_of(tmp_path / f"good {number}", finished, good)
        assert find_promised(record, receipts[place]).place == place


def test_another_board(finished: elections.Finished, receipts: list[str], tmp_path: Path) -> None:
    record = record_of(tmp_path / "record", finished, finished.entries)
    mine = finished.simulation.board_keys
    stranger = sb.BoardKeys(mine.origin, SigningKey.generate())
    head = receipts[6].partition("\n\n")[0]
    for keys, error in ((stranger, NoteError), (sb.BoardKeys.generate("elsewhere"), NoteError)):
        forged = head + "\n\n" + keys.sign(7, bytes(32))
        with pytest.raises(error):
            find_promised(record, forged)
    # The board itself signed for another log: the record is not the one that this voter saw.
    with pytest.raises(BoardError, match="not those that the board signed for"):
        find_promised(record, head + "\n\n" + mine.sign(7, bytes(32)))


def test_a_record_that_cannot_be_read(
    finished: elections.Finished, receipts: list[str], tmp_path: Path
) -> None:
    with pytest.raises(RecordError, match="the record has no entries"):
        find_promised(record_of(tmp_path / "empty", finished, []), receipts[6])
    with pytest.raises(ArgumentError, match="a record must be given"):
        find_promised(str(tmp_path), receipts[6])  # type: ignore[arg-type]
