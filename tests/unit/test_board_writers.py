"""Boards that restart, and writers beside one another on the same store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from secretballot.board.board import MAX_RETRIES, Board
from secretballot.board.store import ConflictError, MemoryStore, SQLiteStore
from secretballot.crypto.receipt import parse_receipt, verify_receipt
from secretballot.errors import (
    BoardError,
    DuplicateError,
    RecordError,
)
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation
from secretballot.verify import Verdict, verify_record

from ..support import elections


@pytest.fixture
def voting() -> Simulation:
    """Voting is open for three voters of a small choice."""
    return elections.voting([elections.choice()], 3, trustees=1, quorum=1)


def test_a_board_goes_on_after_a_restart_in_every_phase(tmp_path: Path) -> None:
    path = tmp_path / "board.sqlite"
    simulation = elections.simulate([elections.choice()], store=SQLiteStore(path))

    def restart() -> None:
        simulation.store.close()
        simulation.store, simulation.log = SQLiteStore(path), ElectionLog()
        simulation.board = Board(simulation.store, simulation.board_keys, simulation.log)

    restart()
    simulation.hold_ceremony()
    restart()
    simulation.issue(2)
    restart()
    simulation.vote([{"chair": "chi"}])
    restart()
    simulation.board.submit(simulation.seal(1, {"chair": "em"}).cast())
    restart()
    result = simulation.tally()
    expected = elections.plain_count(simulation.manifest.contests, [{"chair": "chi"}, {"chair": "em"}])
    assert elections.counts_of(result) == expected
    restart()
    assert simulation.log.phase == "closed"
    assert verify_record(simulation.export(str(tmp_path / "record"))).verdict is Verdict.VERIFIED
    simulation.store.close()


def test_two_boards_on_one_file_are_one_log(tmp_path: Path) -> None:
    path = tmp_path / "board.sqlite"
    with SQLiteStore(path) as one, SQLiteStore(path) as two:
        simulation = elections.voting([elections.choice()], 4, store=one)
        other = Board(two, simulation.board_keys, ElectionLog())
        boards = [simulation.board, other] * 2
        ballots = [simulation.seal(voter, {"chair": "chi"}).cast() for voter in range(4)]
        receipts = [board.submit(entry) for board, entry in zip(boards, ballots, strict=True)]
        places = [parse_receipt(receipt).index for receipt in receipts]
        assert places == list(range(places[0], places[0] + 4))
        assert other.checkpoint() == simulation.board.checkpoint()
        assert other.submit(ballots[0]) == simulation.board.submit(ballots[0])
        assert simulation.tally().collected == 4
        other.checkpoint()
        assert other.state.phase == "closed"


class Raced(MemoryStore):
    """A store in which somebody else is faster, as often as told."""

    def __init__(self) -> None:
        super().__init__()
        self.faster: Iterator[Callable[[], object]] = iter(())
        self.appends = 0

    def append(self, entry: bytes, keys: Sequence[bytes], expected_size: int) -> int:
        self.appends += 1
        for act in self.faster:
            act()
            break
        return super().append(entry, keys, expected_size)


def test_a_slower_writer_looks_again_and_tries_again() -> None:
    store = Raced()
    simulation = elections.voting([elections.choice()], 3, store=store, trustees=1, quorum=1)
    others = [Board(store, simulation.board_keys, ElectionLog()) for _ in range(2)]
    first, second, third = (simulation.seal(voter, {"chair": "chi"}).cast() for voter in range(3))
    before, store.appends = store.size(), 0
    store.faster = iter([lambda: others[0].submit(second), lambda: others[1].submit(third)])
    receipt = simulation.board.submit(first)
    assert list(store.entries(before)) == [third, second, first]
    # One by the fastest, two by the one that it overtook, two by the one that both overtook.
    assert store.appends == 5
    verify_receipt(receipt, first, elections.verifier(simulation), simulation.manifest.board.origin)
    assert simulation.log.running is not None
    assert simulation.log.running.ballots == 3


def test_the_same_entry_by_two_writers_at_once_is_one_entry_with_two_receipts() -> None:
    store = Raced()
    simulation = elections.voting([elections.choice()], 1, store=store, trustees=1, quorum=1)
    other = Board(store, simulation.board_keys, ElectionLog())
    entry = simulation.seal(0, {"chair": "chi"}).cast()
    store.faster = iter([lambda: other.submit(entry)])
    before = store.size()
    assert simulation.board.submit(entry) == other.receipt(entry)
    assert store.size() == before + 1


def test_two_ends_of_a_ballot_by_two_writers_at_once() -> None:
    store = Raced()
    simulation = elections.voting([elections.choice()], 1, store=store, trustees=1, quorum=1)
    other = Board(store, simulation.board_keys, ElectionLog())
    cast, challenged = elections.both_ends(simulation.seal(0, {"chair": "chi"}), simulation)
    store.faster = iter([lambda: other.submit(challenged)])
    with pytest.raises(DuplicateError, match="was challenged"):
        simulation.board.submit(cast)


def test_a_writer_that_is_always_overtaken_gives_up(voting: Simulation) -> None:
    class Overtaken(MemoryStore):
        appends = 0

        def append(self, entry: bytes, keys: Sequence[bytes], expected_size: int) -> int:
            self.appends += 1
            raise ConflictError(expected_size + 1, expected_size)

    store = Overtaken()
    board = Board(store, voting.board_keys, ElectionLog())
    with pytest.raises(BoardError, match="too many others are writing"):
        board.submit(voting.authority.announce(voting.election))
    assert store.appends == MAX_RETRIES
    assert board.state.size == 0


def test_eight_threads_at_once() -> None:
    simulation = elections.voting([elections.choice()], 8, roll_size=8, trustees=1, quorum=1)
    ballots = [simulation.seal(voter, {"chair": "chi"}).cast() for voter in range(8)]
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(simulation.board.submit, ballots * 2))
    entries = list(simulation.store.entries())
    assert sorted(entries[-8:]) == sorted(ballots)
    for receipt, entry in zip(receipts, ballots * 2, strict=True):
        verify_receipt(receipt, entry, elections.verifier(simulation), simulation.manifest.board.origin)
    assert simulation.tally().collected == 8


def test_a_store_with_something_else_in_it(finished: elections.Finished, voting: Simulation) -> None:
    def board(good: Sequence[bytes], *rest: bytes) -> Board:
        store = elections.store_of(good)
        for raw in rest:
            store.append(raw, [b"key %d" % store.size()], store.size())
        return Board(store, finished.simulation.board_keys, ElectionLog())

    assert board(finished.entries).state.phase == "closed"
    for good, rest in (
        ([], [b"garbage"]),
        ([], finished.entries[1:]),
        (finished.entries[:5], [b"garbage"]),
        (finished.entries[:5], [finished.entries[0]]),
        (list(voting.store.entries()), []),
    ):
        with pytest.raises(RecordError, match="this board did not accept") as caught:
            board(good, *rest)
        assert caught.value.item == f"entry {len(good) if rest else 0}"


def test_a_record_is_exported_while_others_write(tmp_path: Path) -> None:
    """Its checkpoint is over its entries, though there are more by the time that they are written."""

    class Busy(MemoryStore):
        """Somebody's ballot is always taken before entries are read."""

        def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
            if start == 0 and waiting:
                other.submit(waiting.pop())
            return super().entries(start, stop)

    waiting: list[bytes] = []
    store = Busy()
    simulation = elections.voting([elections.choice()], 2, store=store, trustees=1, quorum=1)
    other = Board(store, simulation.board_keys, ElectionLog())
    waiting += [simulation.seal(voter, {"chair": "chi"}).cast() for voter in range(2)]
    for number in range(2):
        size = store.size()
        record = simulation.board.export(tmp_path / str(number))
        assert store.size() == size + 1
        assert len(list(record.entries())) == size
        assert verify_record(record).verdict is Verdict.INCOMPLETE


def test_a_log_without_entries_is_not_exported(tmp_path: Path, voting: Simulation) -> None:
    empty = Board(MemoryStore(), voting.board_keys, ElectionLog())
    with pytest.raises(BoardError, match="the log is empty"):
        empty.export(tmp_path / "record")
    assert not (tmp_path / "record").exists()
