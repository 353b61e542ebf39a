"""``kill -9`` of the board, at any time while ballots are cast: whatever it acknowledged is in its log, once, and
whatever it signed stays true."""

from __future__ import annotations

import random
import threading
from collections import deque
from pathlib import Path
from typing import NamedTuple

import pytest

from ..support import stores
from .ballots import Prepared
from .ledger import Ledger
from .nursery import PATIENCE, Child, Nursery
from .plan import KILLS, USUAL
from .points import COMMON, OF_STORE, for_several
from .tellers import Tellers, connected, consistency, read_log

#: Kills in each log.
A_LOG = 20
#: The logs of each store. That of files has as many kills of its own, in the tests of the store itself.
LOGS = {"files": -(-KILLS // 4 // A_LOG), "postgres": -(-KILLS // A_LOG), "sqlite": -(-KILLS // A_LOG)}
#: Kills of one of two boards in each log, ballots that are cast around each, and logs.
OF_TWO, AROUND = 8, 30
LOGS_OF_TWO = max(1, KILLS // USUAL)
#: Of the kills of a log, those at named points, and those while the board opens its store. The others are at random
#: instants.
AT_POINTS, AT_OPENING = 9, 2
#: Connections that cast at once.
CONNECTIONS = 6
#: Receipts after which a board is killed at the latest, and seconds after these: what a ballot takes, and some more.
RECEIPTS, INSTANT = 4, 0.01
#: What opening takes.
OPENING = 0.05


class Kill(NamedTuple):
    """When a board is killed: at a named point, while it opens its store, or at an instant."""

    point: str | None = None
    opening: bool = False


def kills(kind: str, part: int, rng: random.Random) -> list[Kill]:
    """The kills of one log, in any order; over the parts, all points have their turn."""
    points = [*COMMON, *OF_STORE[kind]]
    planned = [Kill(points[(part * AT_POINTS + n) % len(points)]) for n in range(AT_POINTS)]
    planned += [Kill(opening=True, point=rng.choice([None, *OF_STORE[kind]])) for _ in range(AT_OPENING)]
    planned += [Kill() for _ in range(A_LOG - len(planned))]
    rng.shuffle(planned)
    return planned


class Log:
    """A log under test: its boards, one after another, and who casts at them."""

    def __init__(
        self, nursery: Nursery, prepared: Prepared, kind: str, place: stores.Place, rng: random.Random
    ) -> None:
        self._nursery, self._prepared, self._kind, self._place, self._rng = (
            nursery,
            prepared,
            kind,
            place,
            rng,
        )
        with place.open() as store:
            prepared.begin(store)
        self.ledger = Ledger(prepared.election)
        self.waiting = deque(prepared.ballots)
        #: Kills while ballots were in flight; and ballots that nobody acknowledged, and that were in the log.
        self.hits = 0
        self.unheard = 0

    def board(self, point: str | None = None, passes: int = 0, *, armed: bool = False) -> Child:
        """A board that begins."""
        return self._nursery.board(
            self._kind, self._place, self._prepared.key, point=point, passes=passes, armed=armed
        )

    def live(self, kill: Kill) -> None:
        """A board from its start to its kill; what the one before left is looked at first."""
        if kill.opening:
            self._die_opening(kill.point)
            return
        passes = self._rng.randrange(RECEIPTS)
        child = self.board(kill.point, passes)
        try:
            url = child.hear()["url"]
            self.look(url)
            child.arm()
            tellers = Tellers(self.ledger, self.waiting, [url], CONNECTIONS)
            if kill.point is None:
                self.ledger.wait_for(self.ledger.receipts + passes, tellers.ended, PATIENCE)
                tellers.ended.wait(self._rng.uniform(0, INSTANT))
                self.hits += self.ledger.in_flight > 0
            else:
                # It kills itself, and then nobody has anything more to do.
                assert tellers.ended.wait(PATIENCE)
                assert self.waiting, f"{kill.point} was not passed"
                self.hits += 1
        finally:
            child.kill()
            status = child.wait()
        tellers.join()
        assert status == -9

    def _die_opening(self, point: str | None) -> None:
        child = self.board(point, self._rng.randrange(3), armed=True)
        threading.Event().wait(self._rng.uniform(0, OPENING))
        child.kill()
        assert child.wait() == -9

    def live_beside(self, other: str, point: str | None) -> None:
        """A board beside another that goes on: who casts at the one that dies is at the other at once."""
        waiting = deque(self.waiting.popleft() for _ in range(AROUND))
        child = self.board(point, self._rng.randrange(RECEIPTS))
        try:
            url = child.hear()["url"]
            child.arm()
            tellers = Tellers(self.ledger, waiting, [url, other], CONNECTIONS)
            if point is None:
                self.ledger.wait_for(self.ledger.receipts + RECEIPTS, tellers.ended, PATIENCE)
                tellers.ended.wait(self._rng.uniform(0, INSTANT))
                child.kill()
            assert tellers.ended.wait(PATIENCE)
        finally:
            child.kill()
            child.wait()
        self.hits += tellers.join() > 0
        assert not waiting
        assert not self.ledger.unanswered
        self.look(other)

    def look(self, url: str) -> None:
        """What a board that has just begun shows, against everything that was promised."""
        with connected(url) as connection:
            before = len(self.ledger.entries)
            entries, note = read_log(connection)
            self.unheard += self.ledger.check(entries, note)
            if before:
                self.ledger.check_consistency(
                    consistency(connection, before, len(entries)), before, len(entries)
                )

    def end(self) -> None:
        """A board that nobody kills takes what was never acknowledged; then the election is held to its end."""
        self.waiting = deque(self.ledger.unanswered)
        child = self.board()
        try:
            url = child.hear()["url"]
            self.look(url)
            Tellers(self.ledger, self.waiting, [url], CONNECTIONS).join()
            assert not self.ledger.unanswered
            self.look(url)
        finally:
            child.kill()
            child.wait()
        self.finish()

    def finish(self) -> None:
        with self._place.open(create=False) as store:
            cast = self._prepared.finish(store)
        assert cast == self.ledger.entries
        assert set(cast) == set(self._prepared.beginning) | set(self.ledger.acknowledged)


@pytest.mark.parametrize(("kind", "part"), [(kind, part) for kind in LOGS for part in range(LOGS[kind])])
def test_killed_at_any_time(
    kind: str,
    part: int,
    nursery: Nursery,
    prepared: Prepared,
    rng: random.Random,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    log = Log(nursery, prepared, kind, stores.place(kind, tmp_path, request), rng)
    for kill in kills(kind, part, rng):
        log.live(kill)
    log.end()
    print(f"{log.hits} hits, {log.unheard} unheard, {len(log.ledger.entries)} entries")
    # Of those that come while ballots are cast, nearly all find some on their way.
    assert log.hits >= (A_LOG - AT_OPENING) * 3 // 4
    assert log.unheard, "no kill came between an entry and its receipt"


@pytest.mark.parametrize("part", range(LOGS_OF_TWO))
@pytest.mark.parametrize("kind", OF_STORE)
def test_killed_beside_another_board(
    kind: str,
    part: int,
    nursery: Nursery,
    prepared: Prepared,
    rng: random.Random,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """A ballot that one board did not answer for is sent to the other at once, while nobody knows what became of it."""
    if not for_several(kind):
        pytest.skip("this SQLite has the WAL-reset bug: one board at a time")
    log = Log(nursery, prepared, kind, stores.place(kind, tmp_path, request), rng)
    points: list[str | None] = [None, "in append", "after append", *(OF_STORE[kind])]
    other = log.board()
    try:
        url = other.hear()["url"]
        for number in range(OF_TWO):
            log.live_beside(url, points[(part * OF_TWO + number) % len(points)])
    finally:
        other.kill()
        other.wait()
    log.finish()
    # On a busy machine the other board may have taken all before the kill.
    assert log.hits >= OF_TWO // 2
