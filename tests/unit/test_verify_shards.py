"""Verification by several workers: the same report as by one, whatever a worker loses or answers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from secretballot.ballot.context import BallotContext
from secretballot.board.entry import Cast, Challenged, Entry, Issued
from secretballot.board.examiner import Examiner
from secretballot.board.record import write_record
from secretballot.crypto.group import ristretto255
from secretballot.crypto.merkle import leaf_hash
from secretballot.crypto.signing import SigningKey
from secretballot.records import kind_of, sign_body
from secretballot.verify import Verdict, ahead, engine, local_workers, shard, verify_record, wire
from secretballot.verify.shard import Outcome, Task, decode_sums, examine
from secretballot.verify.wire import decode_task, encode_outcome, task_name

from ..support import elections

Finished = elections.Finished


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two or three entries each."""
    monkeypatch.setattr(engine, "SHARD_SIZE", 4000)


@pytest.fixture
def faulty(finished: Finished) -> list[bytes]:
    """The record with a fault of most kinds that a shard can find, and of some that it cannot."""
    entries = list(finished.entries)
    ballots = finished.places("ballot")
    entries[ballots[1]] = entries[ballots[1]][:-3]  # Not readable.
    entries[ballots[2]] = entries[ballots[0]]  # Cast before.
    garbled = bytearray(entries[ballots[3]])
    garbled[-10] ^= 1
    entries[ballots[3]] = bytes(garbled)  # Not signed.
    lines = finished.places("issuance")
    entries[lines[0]], entries[lines[1]] = entries[lines[1]], entries[lines[0]]
    return entries


def encoded(task: Task, outcome: Outcome) -> bytes:
    return encode_outcome(task_name(task, [leaf_hash(raw) for raw in task.entries]), outcome)


class Playing(Executor):
    """Answers at once, with what ``answer`` makes of the task; counts the tasks."""

    def __init__(self, answer: Callable[[Task], Any]) -> None:
        self._answer = answer
        self.tasks: list[Task] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        assert fn is wire.answer
        task = decode_task(*args)
        self.tasks.append(task)
        future: Future[Any] = Future()
        try:
            answer = self._answer(task)
            future.set_result(encoded(task, answer) if isinstance(answer, Outcome) else answer)
        except OSError as error:
            future.set_exception(error)
        return future


# The same report.


def test_processes_give_the_same_report(finished: Finished, faulty: list[bytes], tmp_path: Path) -> None:
    simulation = finished.simulation
    with local_workers(2) as workers:
        for entries in (finished.entries, faulty):
            alone = elections.verify(simulation, entries)
            assert elections.verify(simulation, entries, executor=workers) == alone
        checkpoint = elections.checkpoint(simulation, finished.entries).decode()
        record = write_record(tmp_path / "record", finished.entries, checkpoint)
        assert verify_record(record, executor=workers).verdict is Verdict.VERIFIED


@pytest.mark.parametrize("size", [1, 5000, 2**20])
def test_threads_give_the_same_report(
    finished: Finished, faulty: list[bytes], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = elections.verify(finished.simulation, faulty)
    monkeypatch.setattr(engine, "SHARD_SIZE", size)
    with ThreadPoolExecutor(3) as threads:
        assert elections.verify(finished.simulation, faulty, executor=threads) == alone
    assert alone.verdict is Verdict.FAILED


def test_every_entry_of_a_shard_goes_out_once_and_in_order(finished: Finished) -> None:
    """All but those of the last shard, where there is no other: it is not worth a process."""
    playing = Playing(examine)
    steps: list[int] = []
    report = elections.verify(finished.simulation, finished.entries, executor=playing, progress=steps.append)
    assert report.verdict is Verdict.VERIFIED
    assert steps == list(range(1, len(finished.entries) + 1))
    places = [place for task in playing.tasks for place in range(task.first, task.first + len(task.entries))]
    assert places == sorted(set(places))
    assert all(
        finished.entries[task.first : task.first + len(task.entries)] == list(task.entries)
        for task in playing.tasks
    )
    many = [
        place for place, raw in enumerate(finished.entries) if kind_of(raw) in ("ballot", "challenged-ballot")
    ]
    assert set(many) <= set(places)


def test_a_small_record_needs_no_worker(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SHARD_SIZE", 2**20)
    playing = Playing(examine)
    assert (
        elections.verify(finished.simulation, finished.entries, executor=playing).verdict is Verdict.VERIFIED
    )
    assert playing.tasks == []


def test_few_shards_wait_at_once(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by how many are out, and not by the length of the record."""
    monkeypatch.setattr(engine, "SHARD_SIZE", 1)
    monkeypatch.setattr(ahead, "WAITING", 1)
    out = 0
    most = 0

    class Waiting(Future[bytes]):
        def result(self, timeout: float | None = None) -> bytes:
            nonlocal out
            out -= 1
            return super().result(timeout)

    class Lazy(Executor):
        _max_workers = 2

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            nonlocal out, most
            out += 1
            most = max(most, out)
            future = Waiting()
            future.set_result(fn(*args))
            return future

    assert (
        elections.verify(finished.simulation, finished.entries, executor=Lazy()).verdict is Verdict.VERIFIED
    )
    # One for each of the two workers, and one for the verifier itself.
    assert (out, most) == (0, 3)


@pytest.mark.parametrize("waiting", [1, 2, 100])
def test_shards_that_no_worker_begins_are_examined_here(
    finished: Finished, faulty: list[bytes], waiting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verifier does not stand and wait while there is work that it can do."""
    monkeypatch.setattr(ahead, "WAITING", waiting)
    given: list[Future[Any]] = []

    class Idle(Executor):
        _max_workers = 1

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            given.append(Future())
            return given[-1]

    assert elections.verify(finished.simulation, faulty, executor=Idle()) == elections.verify(
        finished.simulation, faulty
    )
    assert given
    assert all(future.cancelled() for future in given)


def test_a_shard_that_a_worker_has_begun_is_waited_for(finished: Finished) -> None:
    """And others are examined here meanwhile: the worker's first shard is done when nothing else is left to do."""
    begun: list[tuple[Future[Any], Task]] = []
    examined: list[int] = []

    class Slow(Executor):
        _max_workers = 1

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            if not begun:
                future.set_running_or_notify_cancel()
                begun.append((future, decode_task(args[0])))
            return future

    def counted(task: Task) -> Outcome:
        examined.append(task.first)
        if len(examined) == 2:  # The worker is done.
            future, first = begun[0]
            future.set_result(encoded(first, examine(first)))
        return examine(task)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard, "examine", counted)
        report = elections.verify(finished.simulation, finished.entries, executor=Slow())
    assert report == elections.verify(finished.simulation, finished.entries)
    assert begun[0][1].first not in examined


class Running(Future[bytes]):
    """A worker has begun, and nobody knows when it is done; who waits gets the answer."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.task = decode_task(data)
        self.waited_for = False
        self.set_running_or_notify_cancel()

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self.waited_for = True
        return None

    def result(self, timeout: float | None = None) -> bytes:
        return encoded(self.task, examine(self.task))


class Busy(Executor):
    def __init__(self, workers: int) -> None:
        self._max_workers = workers
        self.given: list[Running] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.given.append(Running(*args))
        return self.given[-1]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_is_given_few_shards(
    finished: Finished, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One to examine and the next: what an executor passed on, it does not give back."""
    monkeypatch.setattr(engine, "SHARD_SIZE", 1)
    busy = Busy(workers)
    open_at_once: list[int] = []

    def examined(task: Task) -> Outcome:
        open_at_once.append(sum(not future.waited_for for future in busy.given))
        return examine(task)

    monkeypatch.setattr(shard, "examine", examined)
    report = elections.verify(finished.simulation, finished.entries, executor=busy)
    assert report.verdict is Verdict.VERIFIED
    assert max(open_at_once) == 2 * workers
    assert len(busy.given) > 2 * workers


def test_an_entry_between_shards_waits_its_turn(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    """Voting is opened between lines of the register and ballots: no worker stands idle for that."""
    monkeypatch.setattr(engine, "SHARD_SIZE", 1)
    opening = finished.places("phase")[1]
    waited_for: list[bool] = []

    class Watched(Busy):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            if decode_task(args[0]).first > opening and not waited_for:
                waited_for.extend(future.waited_for for future in self.given)
            return super().submit(fn, *args, **kwargs)

    report = elections.verify(finished.simulation, finished.entries, executor=Watched(100))
    assert report == elections.verify(finished.simulation, finished.entries)
    assert waited_for
    assert not any(waited_for)


@pytest.mark.parametrize("kind", ["phase", "result", "ceremony-message"])
def test_more_entries_between_shards(finished: Finished, kind: str) -> None:
    """Where several stand together, before and between and after shards, everything is checked in its order."""
    entries = list(finished.entries)
    foreign = entries[finished.places(kind)[0]]
    for place in (*finished.places("ballot")[1:], *finished.places("issuance")[::2]):
        entries[place : place + 1] = [foreign, foreign, entries[place]]
    alone = elections.verify(finished.simulation, entries)
    assert alone.verdict is Verdict.FAILED
    with ThreadPoolExecutor(2) as threads:
        assert elections.verify(finished.simulation, entries, executor=threads) == alone


def test_ballots_are_not_examined_before_their_key_is_there(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A board out of order: the entry that completes the key stands between a line of the register and a ballot."""
    monkeypatch.setattr(engine, "SHARD_SIZE", 1)
    entries = list(finished.entries)
    line, ballot = (entries[finished.places(kind)[0]] for kind in ("issuance", "ballot"))
    last = finished.places("ceremony-message")[-1]
    entries[last : last + 1] = [line, line, entries[last], ballot, ballot]
    alone = elections.verify(finished.simulation, entries)
    assert elections.verify(finished.simulation, entries, executor=Busy(2)) == alone


class Interrupted(Examiner):
    """Whenever it has kept something, another thread asks for the same of another entry."""

    other: Entry | None = None

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        other = self.other
        if other is not None and name in ("_decoded", "_opened"):
            super().__setattr__("other", None)
            self.elements(other) if isinstance(other.facts, Cast) else self._within(other)
            super().__setattr__("other", other)


def test_threads_that_share_an_examiner_do_not_get_one_anothers_ballots(finished: Finished) -> None:
    log = finished.simulation.log
    public = log.group_public
    assert public is not None
    examiner = Interrupted(log.election, BallotContext(log.election, public.group_key))
    alone = Examiner(log.election, BallotContext(log.election, public.group_key))
    one, other = (examiner.read(place, finished.entries[place]) for place in finished.places("ballot")[:2])
    examiner.other = other
    assert examiner.elements(one) == alone.elements(one)
    assert examiner.elements(one) != alone.elements(other)
    examiner.other = None
    one, other = (
        examiner.read(place, finished.entries[place]) for place in finished.places("challenged-ballot")[:2]
    )
    examiner.other = other
    assert examiner._within(one) == alone._within(one)
    assert examiner._within(one) != alone._within(other)


# What goes wrong.


def _lost(task: Task) -> Any:
    raise OSError("the worker is gone")


def test_a_shard_that_is_lost_is_examined_here(finished: Finished, faulty: list[bytes]) -> None:
    for entries in (finished.entries, faulty):
        playing = Playing(_lost)
        assert elections.verify(finished.simulation, entries, executor=playing) == elections.verify(
            finished.simulation, entries
        )
        assert playing.tasks


def test_an_executor_that_was_shut_down(finished: Finished) -> None:
    threads = ThreadPoolExecutor(1)
    threads.shutdown()
    assert (
        elections.verify(finished.simulation, finished.entries, executor=threads).verdict is Verdict.VERIFIED
    )


@pytest.mark.parametrize("error", [RuntimeError, OSError, ValueError])
def test_an_executor_that_takes_nothing(finished: Finished, error: type[Exception]) -> None:
    class Broken(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            raise error("handle is closed")

    assert (
        elections.verify(finished.simulation, finished.entries, executor=Broken()).verdict is Verdict.VERIFIED
    )


def test_workers_that_are_killed(finished: Finished, faulty: list[bytes]) -> None:
    """While they work, and before."""
    alone = elections.verify(finished.simulation, faulty)
    with local_workers(2) as workers:
        pid = workers.submit(os.getpid).result()
        killed = []

        def kill(entries: int) -> None:
            if not killed:
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)

        assert elections.verify(finished.simulation, faulty, executor=workers, progress=kill) == alone
        assert killed
        assert elections.verify(finished.simulation, faulty, executor=workers) == alone


# A shard by itself.


def task(finished: Finished, places: list[int]) -> Task:
    public = finished.simulation.log.group_public
    assert public is not None
    return Task(
        finished.simulation.election.body,
        public.group_key.encode(),
        places[0],
        tuple(finished.entries[place] for place in places),
    )


def test_what_a_shard_comes_to(finished: Finished) -> None:
    ballots, challenges = finished.places("ballot"), finished.places("challenged-ballot")
    first, last = min(ballots + challenges), max(ballots + challenges)
    outcome = examine(task(finished, list(range(first, last + 1))))
    kinds = [type(facts) for facts in outcome.facts]
    assert kinds == [Cast if place in ballots else Challenged for place in range(first, last + 1)]
    assert outcome.failures == ()
    assert outcome.passed["L1"] == outcome.passed["L2"] == outcome.passed["L4"] == len(kinds)
    assert outcome.passed["B1"] == len(ballots)
    assert outcome.passed["H1"] == len(challenges)
    columns = [
        ristretto255.decode_elements(facts.ciphertexts) for facts in outcome.facts if isinstance(facts, Cast)
    ]
    assert decode_sums(outcome.sums) == ristretto255.sum_columns(columns)


def test_a_shard_of_the_register(finished: Finished) -> None:
    lines = finished.places("issuance")
    outcome = examine(task(finished, lines)._replace(key=None))
    assert [type(facts) for facts in outcome.facts] == [Issued] * len(lines)
    assert (outcome.failures, outcome.sums) == ((), b"")


def test_sums_may_be_the_identity() -> None:
    assert decode_sums(bytes(32) + ristretto255.generator.encode()) == [
        ristretto255.identity,
        ristretto255.generator,
    ]
    assert decode_sums(b"") == []


def test_a_shard_holds_no_other_records(finished: Finished) -> None:
    """Nobody puts them there: a worker is given what :func:`kind_of` says is one of many."""
    odd = sign_body(b'{"record":"secretballot/1/issue"}', SigningKey.generate())
    outcome = examine(Task(finished.simulation.election.body, None, 5, (finished.entries[1], odd)))
    assert [(one.rule, one.item) for one in outcome.failures] == [("L1", "entry 5"), ("L1", "entry 6")]
    assert [one.message for one in outcome.failures] == [
        "a ceremony-commitment has no place here",
        "an issue has no place here",
    ]
    assert outcome.facts == (None, None)
