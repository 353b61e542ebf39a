"""Voters who cast at one instant: a thousand of them, one of them over fifty connections, and one with two ballots."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from secretballot.crypto.receipt import parse_receipt

from ..support import stores
from ..support.stores import Place
from .ballots import Prepared
from .crowd import Answer, send_at_once
from .ledger import Ledger
from .nursery import Nursery
from .plan import LONG
from .points import OF_STORE, for_several
from .tellers import connected, read_log

VOTERS = 1000
#: Stores at which so many cast.
CROWDED = list(OF_STORE) if LONG else ["sqlite"]
CONNECTIONS = 50
ROUNDS = 5


class Polls:
    """A log, the boards that serve it, and what they answered."""

    def __init__(self, prepared: Prepared, place: Place, urls: Sequence[str]) -> None:
        self.ledger = Ledger(prepared.election)
        self._prepared = prepared
        self._place = place
        self._urls = urls

    def cast(self, entries: Sequence[bytes]) -> list[Answer]:
        """Sends all at one instant; receipts are taken down."""
        for entry in entries:
            self.ledger.sent(entry)
        answers = send_at_once(entries, self._urls)
        for entry, answer in zip(entries, answers, strict=True):
            if answer.status == 201:
                self.ledger.answered(entry, answer.body.decode())
            else:
                self.ledger.refused(entry)
        return answers

    def look(self) -> None:
        """Whether each board's log keeps what all of them promised, and is the same log."""
        for url in self._urls:
            with connected(url) as connection:
                self.ledger.check(*read_log(connection))

    def finish(self) -> list[bytes]:
        """Holds the election to its end, when no board is running; gives what was cast."""
        with self._place.open(create=False) as store:
            entries = self._prepared.finish(store)
        assert entries == self.ledger.entries
        return entries[len(self._prepared.beginning) :]


@contextmanager
def polls(
    kind: str, boards: int, prepared: Prepared, nursery: Nursery, folder: Path, request: pytest.FixtureRequest
) -> Iterator[Polls]:
    """A log that so many boards serve while the block lasts."""
    place = stores.place(kind, folder, request)
    with place.open() as store:
        prepared.begin(store)
    with ExitStack() as stack:
        urls = []
        for _ in range(boards):
            child = nursery.board(kind, place, prepared.key)
            stack.callback(child.wait)
            stack.callback(child.kill)
            urls.append(child.hear()["url"])
        yield Polls(prepared, place, urls)


@pytest.mark.parametrize("kind", CROWDED)
def test_a_thousand_voters_at_once(
    kind: str, nursery: Nursery, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    prepared = Prepared(VOTERS, 1, tmp_path)
    with polls(kind, 1, prepared, nursery, tmp_path, request) as polled:
        answers = polled.cast(prepared.ballots)
        assert Counter(answer.status for answer in answers) == {201: VOTERS}
        places = {parse_receipt(answer.body.decode()).index for answer in answers}
        assert len(places) == VOTERS
        polled.look()
    assert sorted(polled.finish()) == sorted(prepared.ballots)


# Races. Two boards serve the log, where the store is for several.


def boards_of(kind: str) -> int:
    return 2 if for_several(kind) else 1


@pytest.mark.parametrize("kind", OF_STORE)
def test_one_ballot_over_fifty_connections(
    kind: str, prepared: Prepared, nursery: Nursery, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It is in the log once, and all fifty have a receipt for that place."""
    with polls(kind, boards_of(kind), prepared, nursery, tmp_path, request) as polled:
        for ballot in prepared.ballots[:ROUNDS]:
            answers = polled.cast([ballot] * CONNECTIONS)
            assert {answer.status for answer in answers} == {201}, {
                a.body for a in answers if a.status != 201
            }
            assert len({parse_receipt(answer.body.decode()).index for answer in answers}) == 1
        polled.look()
    assert polled.finish() == prepared.ballots[:ROUNDS]


@pytest.mark.parametrize("revoting", ["first", "last"])
@pytest.mark.parametrize("kind", OF_STORE)
def test_two_ballots_of_one_credential(
    kind: str,
    revoting: str,
    nursery: Nursery,
    rng: random.Random,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Both are in the log; which of them counts, their order there says, by the manifest's rule."""
    prepared = Prepared(CONNECTIONS // 2, 2, tmp_path, revoting=revoting)
    with polls(kind, boards_of(kind), prepared, nursery, tmp_path, request) as polled:
        ballots = rng.sample(prepared.ballots, CONNECTIONS)
        answers = polled.cast(ballots)
        assert Counter(answer.status for answer in answers) == {201: CONNECTIONS}
        polled.look()
    assert sorted(polled.finish()) == sorted(ballots)


@pytest.mark.parametrize("kind", OF_STORE)
def test_both_ends_of_a_ballot(
    kind: str,
    nursery: Nursery,
    prepared: Prepared,
    rng: random.Random,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Cast and challenged at once, it is one or the other: a ballot that was opened never counts."""
    ends = [prepared.both_ends(voter, "em") for voter in range(12)]
    with polls(kind, boards_of(kind), prepared, nursery, tmp_path, request) as polled:
        # One ballot at least counts, whatever becomes of these.
        polled.cast(prepared.ballots[:1])
        entries = rng.sample([entry for pair in ends for entry in pair], 2 * len(ends))
        answers = dict(zip(entries, polled.cast(entries), strict=True))
        for cast, challenged in ends:
            taken, refused = sorted((answers[cast], answers[challenged]))
            assert (taken.status, refused.status) == (201, 409)
            assert json.loads(refused.body)["error"] == "DuplicateError"
        polled.look()
    log = polled.finish()
    assert sorted(log[1:]) == sorted(entry for entry in entries if answers[entry].status == 201)
