"""Verifying a record: seconds, processor seconds, and peak memory, with the floor measured around every repeat."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import NamedTuple

from secretballot.board import ElectionRecord
from secretballot.records import kind_of
from secretballot.verify import Report, Verdict, local_workers, verify_entries, verify_record

from .floor import Floor, Gauge, middle
from .shapes import Shape


def verify(path: Path, cores: int) -> Report:
    """The call that is measured. ``cores`` is how many it may use: the environment limits the native backend's."""
    with local_workers(cores - 1) if cores > 1 else nullcontext() as executor:
        return verify_record(path, executor=executor)


def verify_before_voting(path: Path, cores: int) -> Report:
    """The same, of the record's entries up to the one that opens voting: manifest, ceremony and register."""
    record = ElectionRecord(path)
    with local_workers(cores - 1) if cores > 1 else nullcontext() as executor:
        return verify_entries(_before_voting(record), record.checkpoint(), executor=executor)


def _before_voting(record: ElectionRecord) -> Iterator[bytes]:
    for entry in record.entries():
        yield entry
        if kind_of(entry) == "phase" and b'"phase":"voting"' in entry:
            return


class Verified(NamedTuple):
    """Seconds a ballot, and what the process took."""

    #: The whole record.
    verify: float
    #: Processor seconds a ballot, of all threads and child processes.
    verify_cpu: float
    #: What is verified after voting was opened, in processor seconds: each ballot's proofs, signature, credential and
    #: place in the log; and the tally.
    ballot_cpu: float
    #: ``verify`` over the floor, and ``verify_cpu`` over the floor: medians over the repeats, each with the floor
    #: before and after it.
    ratio: float
    ratio_cpu: float
    #: ``ballot_cpu`` over the floor, likewise.
    ratio_ballot: float
    #: Of this process, in MB: with everything imported, and at the highest.
    idle_mb: float
    peak_mb: float
    #: Of the largest child process, in MB; 0 where there were none.
    child_peak_mb: float
    floor: Floor


def measure(shape: Shape, path: Path, *, cores: int, repeats: int = 3) -> Verified:
    """Verifies ``repeats`` times; raises RuntimeError if the record does not verify."""
    gauge = Gauge()
    idle = peak_mb(resource.RUSAGE_SELF)
    floors = [gauge.measure()]
    seconds, cpu, ballots, ratios, ratios_cpu, ratios_ballot = [], [], [], [], [], []
    for _ in range(repeats):
        before, start = _cpu_seconds(), time.perf_counter()
        report = verify(path, cores)
        spent = time.perf_counter() - start
        spent_cpu = _cpu_seconds() - before
        if report.verdict is not Verdict.VERIFIED or report.ballots_counted != shape.voters:
            raise RuntimeError("the record does not verify")
        before = _cpu_seconds()
        verify_before_voting(path, cores)
        spent_before_voting = _cpu_seconds() - before
        floors.append(gauge.measure())
        floor = middle(floors[-2:]).verify_ballot(shape.cost)
        seconds.append(spent / shape.voters)
        cpu.append(spent_cpu / shape.voters)
        ballots.append((spent_cpu - spent_before_voting) / shape.voters)
        ratios.append(seconds[-1] / floor)
        ratios_cpu.append(cpu[-1] / floor)
        ratios_ballot.append(ballots[-1] / floor)
    return Verified(
        median(seconds),
        median(cpu),
        median(ballots),
        median(ratios),
        median(ratios_cpu),
        median(ratios_ballot),
        idle,
        peak_mb(resource.RUSAGE_SELF),
        peak_mb(resource.RUSAGE_CHILDREN),
        middle(floors),
    )


def _cpu_seconds() -> float:
    own, children = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def peak_mb(who: int) -> float:
    """The peak of memory so far, of this process or of its children."""
    # Linux counts kilobytes of 1024 bytes, macOS bytes.
    return resource.getrusage(who).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
