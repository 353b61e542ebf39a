"""What a verification costs the process that shares it, however many workers there are: the coordinator's part.

A first run keeps what workers answer, and takes their time. A second one is answered from that, at once: what it costs
is the coordinator's own, and cannot be shared.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from statistics import median
from typing import IO, Any, NamedTuple
from unittest.mock import patch

from secretballot.verify import Verdict, shard, verify_record

from .processes import run_stage, say
from .scenario import Settings, made_record
from .shapes import Shape
from .tables import Column, micros
from .verifying import peak_mb


class Coordinated(NamedTuple):
    """Seconds and bytes a ballot, and what the process took."""

    #: Processor seconds of workers, the encoding of tasks and outcomes on their side included.
    worker: float
    #: Processor seconds of the coordinator: reading, handing out, taking in.
    coordinator: float
    #: What goes to workers, and what comes back.
    sent: float
    received: float
    pieces: int
    idle_mb: float
    peak_mb: float


class _Answers:
    """What workers answered, in its order: in a file, since the memory that is measured is the coordinator's."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sizes: list[int] = []

    def add(self, answer: bytes) -> None:
        self._file.write(answer)
        self.sizes.append(len(answer))

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        for size in self.sizes:
            yield self._file.read(size)


class _Keeping(Executor):
    """Does what it is given at once, and keeps the answers."""

    _max_workers = 1

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers
        self.sent = 0
        self.seconds = 0.0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        start = time.process_time()
        answer = fn(*args)
        self.seconds += time.process_time() - start
        self.sent += len(args[0])
        self._answers.add(answer)
        return _done(answer)


class _Replaying(Executor):
    """Gives the answers again."""

    _max_workers = 1

    def __init__(self, answers: _Answers) -> None:
        self._answers = iter(answers)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        return _done(next(self._answers))


def _done(answer: bytes) -> Future[bytes]:
    future: Future[bytes] = Future()
    future.set_result(answer)
    return future


def measure(path: Path, voters: int, repeats: int) -> Coordinated:
    """Raises RuntimeError if the record does not verify."""
    idle = peak_mb(resource.RUSAGE_SELF)
    with tempfile.TemporaryFile(prefix="secretballot-benchmark-") as file:
        answers = _Answers(file)
        keeping = _Keeping(answers)
        _verify(path, keeping)
        seconds = [_verify(path, _Replaying(answers)) / voters for _ in range(repeats)]
    return Coordinated(
        keeping.seconds / voters,
        median(seconds),
        keeping.sent / voters,
        sum(answers.sizes) / voters,
        len(answers.sizes),
        idle,
        peak_mb(resource.RUSAGE_SELF),
    )


def _verify(path: Path, executor: Executor) -> float:
    """Processor seconds, without those of the few pieces that no worker is given."""
    here = 0.0
    examine = shard.examine

    def timed(task: shard.Task) -> shard.Outcome:
        nonlocal here
        start = time.process_time()
        outcome = examine(task)
        here += time.process_time() - start
        return outcome

    start = time.process_time()
    with patch.object(shard, "examine", timed):
        report = verify_record(path, executor=executor)
    if report.verdict is not Verdict.VERIFIED:
        raise RuntimeError("the record does not verify")
    return time.process_time() - start - here


COLUMNS = (
    Column("officials"),
    Column("levels"),
    Column("voters"),
    Column("worker µs"),
    Column("coordinator µs", 1),
    Column("workers at most"),
    Column("sent"),
    Column("received"),
    Column("pieces"),
    Column("idle MB"),
    Column("peak MB"),
)


def run(shape: Shape, settings: Settings) -> dict[str, Any]:
    """The figures of one election, whose record is made or kept."""
    say(shape.name)
    with made_record(shape, settings) as path:
        task = {
            "stage": "coordinate",
            "path": str(path),
            "voters": shape.voters,
            "repeats": settings.repeats,
        }
        say("  verification, once by workers, and then from their answers")
        return {"shape": shape.to_json(), **run_stage(task, cores=1, backend=settings.backend)}


def row(figures: dict[str, Any]) -> list[Any]:
    """A row of the table."""
    shape = figures["shape"]
    return [
        *(shape["officials"], shape["levels"], shape["voters"]),
        micros(figures["worker"]),
        1e6 * figures["coordinator"],
        round(figures["worker"] / figures["coordinator"]),
        *(round(figures[name]) for name in ("sent", "received", "pieces", "idle_mb", "peak_mb")),
    ]
