"""Workers that answer with something else than what they were asked: never a pass, and never a report of less.

They are trusted as the verifier is. These are accidents of executors and their transports: outcomes that are lost,
repeated, swapped, cut, of another election, or of another version.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from typing import Any

import pytest

from secretballot.board.entry import Cast, Challenged, Issued
from secretballot.crypto.encoding import frame, unframe
from secretballot.crypto.merkle import leaf_hash
from secretballot.errors import ArgumentError, OutcomeError, WorkerError
from secretballot.verify import Report, Verdict, ahead, engine, local_workers, verify_entries, wire
from secretballot.verify.ahead import Workers
from secretballot.verify.shard import Failure, Outcome, Task, examine
from secretballot.verify.wire import decode_task, encode_outcome, encode_task, task_name

from ..support import elections

Finished = elections.Finished
Answer = Callable[[bytes], Any]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two or three entries each."""
    monkeypatch.setattr(engine, "SHARD_SIZE", 4000)


class Answering(Executor):
    """Answers at once with what ``answer`` makes of the task's bytes. An exception that it returns is raised where the
    answer is waited for."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.asked += 1
        future: Future[Any] = Future()
        answer = self._answer(*args)
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future


def verify(finished: Finished, executor: Executor, **options: Any) -> Report:
    checkpoint = elections.checkpoint(finished.simulation, finished.entries)
    return verify_entries(finished.entries, checkpoint, executor=executor, **options)


def name_of(task: Task) -> bytes:
    return task_name(task, [leaf_hash(raw) for raw in task.entries])


def changed(change: Callable[[Outcome], Outcome | None]) -> Answer:
    """An outcome that is changed, under the right name. Those that ``change`` leaves are as they should be."""

    def answer(data: bytes) -> bytes:
        task = decode_task(data)
        outcome = examine(task)
        return encode_outcome(name_of(task), change(outcome) or outcome)

    return answer


def has_ballot(outcome: Outcome) -> bool:
    return outcome.summed > 0


def outcome_of_ballots(finished: Finished) -> tuple[bytes, list[bytes]]:
    """A task's name, and the fields of its outcome: two ballots, and nothing else."""
    places = finished.places("ballot")[:2]
    log = finished.simulation.log
    public = log.group_public
    assert public is not None
    task = Task(
        log.election.body, public.group_key.encode(), places[0], tuple(finished.entries[p] for p in places)
    )
    data = wire.answer(encode_task(task))
    assert wire.decode_outcome(data, name_of(task)) == examine(task)
    return name_of(task), unframe(data, 9)


# What is lost is done here.


@pytest.mark.parametrize("error", [OSError("gone"), CancelledError(), MemoryError(), KeyError("a")])
def test_a_worker_that_raises(finished: Finished, error: Exception) -> None:
    executor = Answering(lambda data: error)
    assert verify(finished, executor) == elections.verify(finished.simulation, finished.entries)
    assert executor.asked > 2


class Speechless(Exception):
    """Such as one of another library that was sent without what it speaks of."""

    def __str__(self) -> str:
        raise AttributeError("reason")


def test_an_error_that_cannot_be_said(finished: Finished, caplog: pytest.LogCaptureFixture) -> None:
    """It is lost work as any other, be it raised by the worker or by its executor."""

    class Refusing(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            raise Speechless

    for executor in (Answering(lambda data: Speechless()), Refusing()):
        assert verify(finished, executor) == elections.verify(finished.simulation, finished.entries)
    assert [record.getMessage() for record in caplog.records] == [
        "what a worker was given is lost, and is done by this process: Speechless"
    ] * 2


def test_a_worker_that_cancels(finished: Finished) -> None:
    class Cancelling(Executor):
        asked = 0

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            self.asked += 1
            future: Future[Any] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    executor = Cancelling()
    assert verify(finished, executor).verdict is Verdict.VERIFIED
    assert executor.asked > 2


def test_an_executor_that_hangs_up_midway(finished: Finished, caplog: pytest.LogCaptureFixture) -> None:
    """What it took is lost, and it takes nothing more. That is said once."""

    class HangingUp(Executor):
        def __init__(self) -> None:
            self.given: list[Future[Any]] = []

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            if len(self.given) == 3:
                for future in self.given[1:]:
                    if not future.done():
                        future.set_exception(ConnectionError("the connection is closed"))
                raise ConnectionError("the connection is closed\nfor ever")
            self.given.append(Future())
            if len(self.given) == 1:
                self.given[0].set_result(fn(*args))
            return self.given[-1]

    assert verify(finished, HangingUp()) == elections.verify(finished.simulation, finished.entries)
    assert [record.getMessage() for record in caplog.records] == [
        "what a worker was given is lost, and is done by this process: the connection is closed"
    ]


class Hanging(Executor):
    """Takes everything, and comes to no end with what ``hangs`` says by its place."""

    def __init__(self, hangs: Callable[[int], bool]) -> None:
        self._hangs = hangs
        self.given: list[Future[Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        if not self._hangs(len(self.given)):
            future.set_result(fn(*args))
        self.given.append(future)
        return future


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_that_hang(
    finished: Finished, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, workers: int
) -> None:
    """One is waited for; then this process does everything, and what they hold does not become more."""
    monkeypatch.setattr(ahead, "PATIENCE", 0.01)
    executor = Hanging(lambda place: True)
    report = verify(finished, executor, workers=workers)
    assert report == elections.verify(finished.simulation, finished.entries)
    assert len(executor.given) == workers * ahead.GIVEN
    assert [record.getMessage() for record in caplog.records] == [
        "a worker has not answered for 0.01 seconds: this process waits for none any more"
    ]


def test_a_worker_that_hangs_beside_others(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are given the rest."""
    monkeypatch.setattr(ahead, "PATIENCE", 0.01)
    executor = Hanging(lambda place: place == 1)
    assert verify(finished, executor, workers=2) == elections.verify(finished.simulation, finished.entries)
    assert len(executor.given) > 2 * ahead.GIVEN
    assert [future.done() for future in executor.given].count(False) == 1


def test_a_process_that_is_stopped(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "PATIENCE", 0.01)
    with local_workers(1) as executor:
        os.kill(executor.submit(os.getpid).result(), signal.SIGSTOP)
        assert verify(finished, executor) == elections.verify(finished.simulation, finished.entries)


def test_an_interruption_is_no_lost_shard(finished: Finished) -> None:
    class Interrupted(Future[Any]):
        def exception(self, timeout: float | None = None) -> BaseException | None:
            raise KeyboardInterrupt

    class Interrupting(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future = Interrupted()
            future.set_result(b"")
            return future

    with pytest.raises(KeyboardInterrupt):
        verify(finished, Interrupting())


# What is answered wrongly ends the verification.


def refused(finished: Finished, answer: Answer, match: str) -> None:
    executor = Answering(answer)
    with pytest.raises(OutcomeError, match=match) as caught:
        verify(finished, executor)
    assert isinstance(caught.value, WorkerError)
    assert "\n" not in str(caught.value)
    assert executor.asked


def test_an_outcome_that_comes_twice(finished: Finished) -> None:
    """Each after the first is answered with the first."""
    answers: list[bytes] = []

    def repeat(data: bytes) -> bytes:
        answers.append(wire.answer(data))
        return answers[0]

    refused(finished, repeat, "another task")


def test_outcomes_that_are_swapped(finished: Finished) -> None:
    class Swapping(Executor):
        def __init__(self) -> None:
            self.kept: tuple[Future[Any], bytes] | None = None

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            if self.kept is None:
                self.kept = future, fn(*args)
            else:
                other, answer = self.kept
                self.kept = None
                if not other.cancelled():
                    other.set_result(fn(*args))
                future.set_result(answer)
            return future

    with pytest.raises(OutcomeError, match="another task"):
        verify(finished, Swapping())


def test_an_outcome_of_another_election(finished: Finished) -> None:
    """The same entries, under another manifest: every check fails there, and would blame the voters."""
    other = elections.finish().simulation.election.body
    assert other != finished.simulation.election.body
    refused(
        finished,
        lambda data: wire.answer(encode_task(decode_task(data)._replace(manifest=other))),
        "another task",
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda task: task._replace(key=None),
        lambda task: task._replace(first=task.first + 1),
        lambda task: task._replace(entries=task.entries[:-1]),
        lambda task: task._replace(entries=(*task.entries, task.entries[0])),
        lambda task: task._replace(entries=(*task.entries[1:], task.entries[0])),
        lambda task: task._replace(entries=(task.entries[0][:-1], *task.entries[1:])),
    ],
    ids=["no key", "another place", "one less", "one more", "another order", "a byte less"],
)
def test_an_outcome_of_another_shard(
    finished: Finished, change: Callable[[Task], Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SHARD_SIZE", 16000)

    def answer(data: bytes) -> bytes:
        task = decode_task(data)
        other = change(task) if len(task.entries) > 1 and task.key else task
        return wire.answer(encode_task(other))

    refused(finished, answer, "another task")


def test_a_worker_of_another_version(finished: Finished) -> None:
    def answer(data: bytes) -> bytes:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(wire, "VERSION", "0.0.9")
            return wire.answer(data)

    refused(finished, answer, "another version")


@pytest.mark.parametrize("answer", [None, "", 5, (), [b""], bytearray(b"x")], ids=repr)
def test_what_is_no_outcome(finished: Finished, answer: Any) -> None:
    refused(finished, lambda data: answer, "no outcome")


@pytest.mark.parametrize("cut", [1, 8, 33, 200])
def test_an_outcome_that_is_cut(finished: Finished, cut: int) -> None:
    refused(finished, lambda data: wire.answer(data)[:-cut], "garbled")
    refused(finished, lambda data: wire.answer(data) + bytes(cut), "garbled")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        (2, lambda data: b"\0"),
        (2, lambda data: bytes(8)),
        (3, lambda data: data + b"c"),
        (3, lambda data: data[:-1]),
        (3, lambda data: b"x" * len(data)),
        (3, lambda data: b"\xff" * len(data)),
        (4, lambda data: data + b"\0"),
        (4, lambda data: data[:-1]),
        (5, lambda data: data + b"\0"),
        (5, lambda data: b""),
        (8, lambda data: b"[]"),
        (8, lambda data: b"[" * 10**5),
        (8, lambda data: b"[{}, [], [[]]]"),
        (8, lambda data: b'[{"L1": true}, [], []]'),
        (8, lambda data: b'[{"L1": -1}, [], []]'),
        (8, lambda data: b'[{}, [[1, "a", "b", null]], []]'),
        (8, lambda data: b'[{}, [], [["a", 1]]]'),
    ],
)
def test_fields_that_do_not_fit_together(
    finished: Finished, field: int, change: Callable[[bytes], bytes]
) -> None:
    """Under the right name, of two ballots."""
    name, fields = outcome_of_ballots(finished)
    assert wire.decode_outcome(frame(*fields), name)
    fields[field] = change(fields[field])
    with pytest.raises(OutcomeError):
        wire.decode_outcome(frame(*fields), name)


def test_any_byte_that_flips(finished: Finished) -> None:
    """Either it is refused, or it is in what workers are trusted for: facts, counts and findings that are all whole."""
    name, fields = outcome_of_ballots(finished)
    data = frame(*fields)
    good = wire.decode_outcome(data, name)
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1
        try:
            outcome = wire.decode_outcome(bytes(flipped), name)
        except OutcomeError:
            continue
        assert outcome != good, place


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda o: o._replace(first=o.first + 1), "not of the entries"),
        (lambda o: o._replace(facts=o.facts[:-1]), "not of the entries"),
        (lambda o: o._replace(facts=(*o.facts, None)), "not of the entries"),
        (lambda o: o._replace(facts=(None,) * len(o.facts)), "counts are not"),
        (lambda o: o._replace(facts=tuple(Issued("a", 1, bytes(32)) for _ in o.facts)), "another entry"),
        (lambda o: o._replace(passed={}), "counts are not"),
        (lambda o: o._replace(passed=o.passed | {"T1": 1}), "not to be checked"),
        (lambda o: o._replace(failures=(Failure("M1", "entry 0", "wrong", None),)), "not to be checked"),
        (lambda o: o._replace(summed=o.summed + 1) if has_ballot(o) else None, "has added up"),
        (lambda o: o._replace(summed=0, sums=b"") if has_ballot(o) else None, "has added up 0"),
        (lambda o: o._replace(sums=b"") if has_ballot(o) else None, "sums are not"),
        (lambda o: o._replace(sums=o.sums[:-32]) if has_ballot(o) else None, "sums are not"),
        (lambda o: o._replace(sums=o.sums * 2) if has_ballot(o) else None, "sums are not"),
        (lambda o: o._replace(sums=b"\xff" * len(o.sums)) if has_ballot(o) else None, "garbled"),
        (lambda o: None if has_ballot(o) else o._replace(sums=bytes(32)), "sums are not"),
    ],
)
def test_an_outcome_that_is_not_whole(
    finished: Finished, change: Callable[[Outcome], Outcome | None], match: str
) -> None:
    refused(finished, changed(change), match)


@pytest.mark.parametrize("rule", ["L1", "L2", "L4", "C2", "B1", "B2", "H1"])
@pytest.mark.parametrize("by", [1, -1])
def test_a_check_too_many_or_too_few(finished: Finished, rule: str, by: int) -> None:
    def change(outcome: Outcome) -> Outcome | None:
        if rule not in outcome.passed:
            return None
        return outcome._replace(passed=outcome.passed | {rule: outcome.passed[rule] + by})

    refused(finished, changed(change), "counts are not")


def test_ballots_that_are_not_added_up(finished: Finished) -> None:
    """Their facts say that they cannot be, and no check has failed."""

    def change(outcome: Outcome) -> Outcome | None:
        if not has_ballot(outcome):
            return None
        facts = tuple(
            one._replace(ciphertexts=b"") if isinstance(one, Cast) else one for one in outcome.facts
        )
        return outcome._replace(facts=facts, summed=0, sums=b"")

    refused(finished, changed(change), "has added up 0 ballots")


def test_ciphertexts_of_another_size(finished: Finished) -> None:
    def change(outcome: Outcome) -> Outcome | None:
        if not has_ballot(outcome):
            return None
        facts = tuple(
            one._replace(ciphertexts=one.ciphertexts[:-64]) if isinstance(one, Cast) else one
            for one in outcome.facts
        )
        return outcome._replace(facts=facts)

    refused(finished, changed(change), "sums are not")


def test_a_challenge_that_becomes_a_ballot(finished: Finished) -> None:
    def change(outcome: Outcome) -> Outcome | None:
        if not any(isinstance(one, Challenged) for one in outcome.facts):
            return None
        facts = tuple(
            Cast(bytes(20), bytes(32), b"") if isinstance(one, Challenged) else one for one in outcome.facts
        )
        return outcome._replace(facts=facts)

    refused(finished, changed(change), "another entry")


# The arguments.


@pytest.mark.parametrize("number", [0, -1, "2", 1.5])
def test_a_number_of_workers_that_is_none(finished: Finished, number: Any) -> None:
    with pytest.raises(ArgumentError):
        verify(finished, Answering(wire.answer), workers=number)


@pytest.mark.parametrize("executor", [5, "tcp://host:1", object()])
def test_an_executor_that_is_none(finished: Finished, executor: Any) -> None:
    with pytest.raises(ArgumentError, match="submit"):
        verify(finished, executor)


@pytest.mark.parametrize("given", [None, b"", 5, "done"])
def test_an_executor_that_gives_no_future(finished: Finished, given: Any) -> None:
    class Giving(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            return given

    with pytest.raises(ArgumentError, match="gives a future"):
        verify(finished, Giving())


def test_how_many_workers_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def ncores(self) -> dict[str, int]:
            return {"tcp://a": 2, "tcp://b": 3}

    class OfDask(Answering):
        _client = Client()

    class Silent(Answering):
        _client = None

    class Limited(Answering):
        _max_workers = 7

    monkeypatch.setattr("os.cpu_count", lambda: 11)
    assert Workers(OfDask(wire.answer)).number == 5
    assert Workers(Limited(wire.answer)).number == 7
    assert Workers(Silent(wire.answer)).number == 11
    assert Workers(Limited(wire.answer), 3).number == 3
