"""Boards that restart, and writers beside one another on the same store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from secretballot.board.board import MAX_RETRIES, Board
from secretballot.board.store import ConflictError, MemoryStore
from secretballot.crypto.receipt import parse_receipt, verify_receipt
from secretballot.errors import (
    BoardError,
    DuplicateError,
    RecordError,
    StoreError,
)
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation
from secretballot.verify import Verdict, verify_record

from ..support import elections, stores
from ..support.stores import OPENING, Place, run


@pytest.fixture
def voting() -> Simulation:
    """Voting is open for three voters of a small choice."""
    return elections.voting([elections.choice()], 3, trustees=1, quorum=1)


@pytest.fixture(params=stores.DURABLE)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where there is no store yet."""
    return stores.place(request.param, tmp_path, request)


def test_a_board_goes_on_after_a_restart_in_every_phase(place: Place, tmp_path: Path) -> None:
    simulation = elections.simulate([elections.choice()], store=place.open())

    def restart() -> None:
        simulation.store.close()
        simulation.store, simulation.log = place.open(create=False), ElectionLog()
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


def test_two_boards_on_one_store_are_one_log(place: Place) -> None:
    with place.open() as one, place.open() as two:
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


SUBMITTING = (
    OPENING
    + """
with open_store() as store:
    board = secretballot.Board(
        store, secretballot.BoardKeys.load(sys.argv[2], passphrase="p"), secretballot.ElectionLog()
    )
    for name in sys.argv[3:]:
        with open(name, "rb") as entry, open(f"{name}-{os.getpid()}.receipt", "w") as receipt:
            receipt.write(board.submit(entry.read()))
"""
)


@pytest.mark.usefixtures("cheap_key_files")
def test_boards_of_several_processes_are_one_log(place: Place, tmp_path: Path) -> None:
    """Each is sent every ballot, in another order: none is there twice, and every receipt is good."""
    with place.open() as store:
        simulation = elections.voting([elections.choice()], 6, roll_size=6, trustees=1, quorum=1, store=store)
        simulation.board_keys.save(tmp_path / "board.key", passphrase="p")
        names = []
        for voter in range(6):
            names.append(tmp_path / f"ballot-{voter}")
            names[-1].write_bytes(simulation.seal(voter, {"chair": "chi"}).cast())
        before = store.size()
        with ThreadPoolExecutor(3) as pool:
            orders = [names, names[::-1], names[3:] + names[:3]]
            told = place.told()
            done = list(pool.map(lambda order: run(SUBMITTING, told, tmp_path / "board.key", *order), orders))
        assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
        assert sorted(store.entries(before)) == sorted(name.read_bytes() for name in names)
        for name in names:
            receipts = list(tmp_path.glob(f"{name.name}-*.receipt"))
            assert len(receipts) == 3
            for receipt in receipts:
                verifier, origin = elections.verifier(simulation), simulation.manifest.board.origin
                verify_receipt(receipt.read_text(), name.read_bytes(), verifier, origin)
        assert simulation.tally().collected == 6


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


def test_another_appends_the_entry_just_before_it_is_looked_for() -> None:
    """The state has caught up, the entry is found, and the state does not have it yet."""

    class Late(MemoryStore):
        faster: Iterator[Callable[[], object]] = iter(())

        def find(self, key: bytes) -> int | None:
            for act in self.faster:
                act()
                break
            return super().find(key)

    store = Late()
    simulation = elections.voting([elections.choice()], 2, store=store, trustees=1, quorum=1)
    other = Board(store, simulation.board_keys, ElectionLog())
    entries = [simulation.seal(voter, {"chair": "chi"}).cast() for voter in range(2)]
    for ask, entry in zip((simulation.board.submit, simulation.board.receipt), entries, strict=True):
        store.faster = iter([lambda entry=entry: other.submit(entry)])
        receipt = ask(entry)
        verify_receipt(receipt, entry, elections.verifier(simulation), simulation.manifest.board.origin)
    assert list(store.entries())[-2:] == entries


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
    with pytest.raises(StoreError, match="too many others are writing"):
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
