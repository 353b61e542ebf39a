"""An exception from outside, such as a signal's, at any line of what a board does.

Nothing is counted twice, and nothing that was acknowledged is lost."""

from __future__ import annotations

import linecache
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import secretballot.board
from secretballot.board.board import Board
from secretballot.board.store import MemoryStore
from secretballot.credential.records import Issuance
from secretballot.crypto.merkle import leaf_hash
from secretballot.errors import StoreError
from secretballot.records import sign_record
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation

from ..support import elections, stores

#: Where the interruptions come: the board, the store, the state and the tree. The libraries below are not ours.
PACKAGE = Path(secretballot.board.__file__).parents[1]
INTERRUPTED = {
    str(PACKAGE / name)
    for name in (
        "board/board.py",
        "board/entry.py",
        "board/examiner.py",
        "board/state.py",
        "ceremony/state.py",
        "board/store/files.py",
        "board/store/layout.py",
        "board/store/memory.py",
        "board/store/postgres.py",
        "board/store/sqlite.py",
        "crypto/merkle.py",
        "storage/postgres.py",
        "storage/sqlite.py",
        "tally/log.py",
        "tally/encrypted.py",
    )
}


class Signal(BaseException):
    """What a handler of a signal raises."""


def _source(frame: FrameType) -> str:
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()


@contextmanager
def interrupted(at: int) -> Iterator[list[int]]:
    """Within it, :class:`Signal` is raised before the line of that number, counted from 0 as they are run. What is
    given holds the number of lines.

    Lines of ``with`` and ``try`` are left out: Python has no signal handled there, and an exception that only a tracer
    can raise there would keep a lock for ever.
    """
    lines = [0]

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename not in INTERRUPTED:
            return None
        if event == "line" and not _source(frame).startswith(("with ", "try:")):
            if lines[0] == at:
                lines[0] += 1
                raise Signal
            lines[0] += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(before)


def lines_of(board: Board, raw: bytes) -> int:
    with interrupted(-1) as lines:
        board.submit(raw)
    return lines[0]


def submit_twice(board: Board, raw: bytes, at: int) -> None:
    """Sends an entry to a board that is interrupted at that line, and sends it again."""
    try:
        with interrupted(at):
            board.submit(raw)
    except Signal:
        pass
    board.submit(raw)


def told(log: ElectionLog) -> object:
    """What a state says, as far as these entries change it."""
    running = log.running
    counting = None if running is None else (dict(running._counting), list(running.replaced))
    return (log.frontier.state(), log.phase, log.issued, log.requests, log.cast, log.credentials, counting)


def issuances(simulation: Simulation) -> Iterator[bytes]:
    for serial in range(1, 10_000):
        request = secrets.token_bytes(32)
        line = Issuance(
            election=simulation.election.id, registrar="registrar-1", serial=serial, request=request
        )
        yield sign_record(line, simulation.registrar_keys[0]._signing)


@pytest.mark.parametrize("kind", stores.KINDS)
def test_at_every_line_of_a_submission(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each line is interrupted once; the register's serials would tell of one that counts twice, or is lost. Where each
    time a server is connected to anew, every third line is enough."""
    step = 3 if kind == "postgres" else 1
    with stores.place(kind, tmp_path, request).open() as store:
        simulation = elections.simulate(
            [elections.choice()], roll_size=10_000, trustees=1, quorum=1, store=store
        )
        simulation.hold_ceremony()
        entries = issuances(simulation)
        # The number of lines differs a little from entry to entry, by the height of the tree.
        count = max(lines_of(simulation.board, next(entries)) for _ in range(4))
        assert count > 100
        for number, at in enumerate(range(0, count + 20, step)):
            raw = next(entries)
            submit_twice(simulation.board, raw, at)
            assert simulation.log.issued == {"registrar-1": number + 5}
        assert told(simulation.log) == told(elections.replay(list(store.entries())))


def test_at_every_line_of_a_ballot_that_replaces_another() -> None:
    """The sums are the tally's, and what an observer holds is the same object all the time."""
    simulation = elections.voting([elections.choice()], 1, trustees=1, quorum=1)
    log = simulation.log
    device = simulation.device(0)
    simulation.board.submit(device.seal({"chair": "chi"}).cast())
    count = lines_of(simulation.board, device.seal({"chair": "chi"}).cast())
    # The checks come first and change nothing: every fourth line of them is enough.
    for at in [*range(0, count // 2, 4), *range(count // 2, count)]:
        raw = device.seal({"chair": "em"}).cast()
        submit_twice(simulation.board, raw, at)
    assert simulation.board.state is log
    assert told(log) == told(elections.replay(list(simulation.store.entries())))
    result = simulation.tally()
    assert elections.counts_of(result) == elections.plain_count(
        simulation.manifest.contests, [{"chair": "em"}]
    )


def test_the_state_is_made_anew_from_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = elections.voting([elections.choice()], 2, trustees=1, quorum=1)
    first, second = (simulation.seal(voter, {"chair": "chi"}).cast() for voter in range(2))

    def boom(self: ElectionLog, *arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ElectionLog, "take", boom)
        with pytest.raises(KeyboardInterrupt):
            simulation.board.submit(first)
        # Interrupted again while it is made anew.
        with pytest.raises(KeyboardInterrupt):
            simulation.board.checkpoint()
    assert leaf_hash(first) in simulation.store._keys  # type: ignore[attr-defined]
    simulation.board.submit(second)
    assert told(simulation.log) == told(elections.replay(list(simulation.store.entries())))
    assert simulation.tally().collected == 2


def test_a_store_that_forgot_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the board signed must be found again, also where no checkpoint was kept."""
    simulation = elections.voting([elections.choice()], 3, trustees=1, quorum=1)
    store = simulation.store
    assert isinstance(store, MemoryStore)
    simulation.vote([{"chair": "chi"}, {"chair": "em"}])
    entries = list(store.entries())
    for kept, match in (
        (entries[:-1], f"entry {len(entries) - 1}: the store has lost entries"),
        ([*entries[:-1], simulation.seal(1, {"chair": "dung"}).cast()], "signed another log"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(simulation.board, "_torn", True)
            patch.setattr(simulation.board, "_store", elections.store_of(kept))
            with pytest.raises(StoreError, match=match):
                simulation.board.checkpoint()
            assert simulation.board._torn
    assert simulation.log.size == len(entries)
