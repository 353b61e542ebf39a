"""Pieces that are read again: in memory, in a file, and in no file of another process."""

from __future__ import annotations

import errno
import os
import tempfile
from typing import Any

import pytest

from secretballot.errors import StoreError
from secretballot.tally import kept as kept_module
from secretballot.tally.kept import Kept
from secretballot.testing import Simulation
from secretballot.verify import Verdict

from ..support import elections

SIZE = 64


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four pieces are held in memory."""
    monkeypatch.setattr(kept_module, "IN_MEMORY", 4 * SIZE)


def piece(number: int) -> bytes:
    return bytes([number]) * SIZE


@pytest.mark.usefixtures("small")
def test_every_piece_comes_back() -> None:
    kept = Kept()
    for number in range(12):
        assert kept.add(piece(number)) == number
        assert [kept.get(place, SIZE) for place in range(number + 1)] == [piece(n) for n in range(number + 1)]
    assert len(kept._memory) == 4
    with pytest.raises(StoreError, match="is cut"):
        kept.get(12, SIZE)


def full(*arguments: Any, **rest: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


class Filling:
    """A file on a disk that fills up within a piece."""

    def __init__(self, file: Any) -> None:
        self.seek = file.seek
        self.write = lambda data: file.write(data[:10])


@pytest.mark.usefixtures("small")
def test_a_file_that_cannot_be_made_or_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost by it: the next attempt writes at the same place."""
    kept = Kept()
    for number in range(4):
        kept.add(piece(number))
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", full)
        with pytest.raises(StoreError, match="the temporary file of ballots: No space left on device"):
            kept.add(piece(4))
    assert kept.add(piece(4)) == 4
    with monkeypatch.context() as patch:
        patch.setattr(kept, "_file", Filling(kept._file))
        with pytest.raises(StoreError, match="is full"):
            kept.add(piece(5))
    assert kept.add(piece(5)) == 5
    assert [kept.get(place, SIZE) for place in range(6)] == [piece(n) for n in range(6)]


@pytest.mark.usefixtures("small")
def test_room_that_was_made_is_there_when_the_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    for number in range(6):
        with monkeypatch.context() as patch:
            if number < 4:
                patch.setattr(tempfile, "TemporaryFile", full)
            kept.make_room(SIZE)
        size = 0 if kept._file is None else os.fstat(kept._file.fileno()).st_size
        assert kept.add(piece(number)) == number
        # What comes now takes the place that was made for it, and no other.
        assert size == (0 if kept._file is None else os.fstat(kept._file.fileno()).st_size)
    with monkeypatch.context() as patch:
        patch.setattr(kept, "_file", Filling(kept._file))
        with pytest.raises(StoreError, match="is full"):
            kept.make_room(SIZE)
    assert [kept.get(place, SIZE) for place in range(6)] == [piece(n) for n in range(6)]


@pytest.mark.usefixtures("small")
def test_after_a_fork() -> None:
    """What is in memory is each process's own; the file is not."""
    kept, filed = Kept(), Kept()
    for number in range(3):
        kept.add(piece(number))
    for number in range(6):
        filed.add(piece(number))
    pid = os.fork()
    if pid == 0:  # The child: it has no test runner, and cleans up nothing of its parent's.
        code = 1
        try:
            own = [kept.add(piece(number)) for number in range(3, 7)] == [3, 4, 5, 6]
            own = own and kept.get(6, SIZE) == piece(6) and filed.get(3, SIZE) == piece(3)
            refused = 0
            for call in (lambda: filed.add(piece(9)), lambda: filed.get(5, SIZE)):
                try:
                    call()
                except StoreError as error:
                    refused += "after a fork" in str(error)
            code = 0 if own and refused == 2 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert [filed.get(place, SIZE) for place in range(6)] == [piece(n) for n in range(6)]


def test_a_disk_that_is_full_is_no_fault_of_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verifier says that it could not verify; it does not say that the record failed."""
    simulation: Simulation = elections.voting([elections.choice()], 3, trustees=1, quorum=1)
    for choice in ("chi", "dung", "em"):
        simulation.vote([{"chair": choice}] * 3)
    simulation.tally()
    entries = list(simulation.store.entries())
    assert elections.verify(simulation, entries).verdict is Verdict.VERIFIED
    monkeypatch.setattr(kept_module, "IN_MEMORY", SIZE)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(StoreError, match="No space left on device"):
        elections.verify(simulation, entries)


def test_a_board_whose_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typed error, and nothing is appended: a board whose log has what its state has no room for could not be read
    from either."""
    monkeypatch.setattr(kept_module, "IN_MEMORY", SIZE)
    simulation: Simulation = elections.voting([elections.choice()], 3, trustees=1, quorum=1)
    simulation.board.submit(simulation.seal(0, {"chair": "chi"}).cast())
    entry = simulation.seal(1, {"chair": "em"}).cast()
    size = simulation.store.size()
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(tempfile, "TemporaryFile", full)
            with pytest.raises(StoreError, match="No space left on device"):
                simulation.board.submit(entry)
            assert simulation.board.checkpoint()
            assert simulation.board.state.size == simulation.store.size() == size
    assert simulation.board.submit(entry)
    assert simulation.tally().collected == 2
