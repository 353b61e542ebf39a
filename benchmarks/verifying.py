"""Verifying a record: seconds, processor seconds, and peak memory, with the floor measured around every repeat."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import NamedTuple

from secretballot.verify import Report, Verdict, local_workers, verify_record

from .floor import Floor, Gauge, middle
from .shapes import Shape


def verify(path: Path, cores: int) -> Report:
    """The call that is measured. ``cores`` is how many it may use: the environment limits the native backend's."""
    with local_workers(cores) if cores > 1 else nullcontext() as executor:
        return verify_record(path, executor=executor)


class Verified(NamedTuple):
    """Seconds a ballot, and what the process took."""

    verify: float
    #: Processor seconds a ballot, of all threads and child processes.
    verify_cpu: float
    #: ``verify`` over the floor, and ``verify_cpu`` over the floor: medians over the repeats, each with the floor
    #: before and after it.
    ratio: float
    ratio_cpu: float
    #: Of this process, in MB: with everything imported, and at the highest.
    idle_mb: float
    peak_mb: float
    #: Of the largest child process, in MB; 0 where there were none.
    child_peak_mb: float
    floor: Floor


def measure(shape: Shape, path: Path, *, cores: int, repeats: int = 3) -> Verified:
    """Verifies ``repeats`` times; raises RuntimeError if the record does not verify."""
    gauge = Gauge()
    idle = _peak_mb(resource.RUSAGE_SELF)
    floors = [gauge.measure()]
    seconds, cpu, ratios, ratios_cpu = [], [], [], []
    for _ in range(repeats):
        before, start = _cpu_seconds(), time.perf_counter()
        report = verify(path, cores)
        spent = time.perf_counter() - start
        spent_cpu = _cpu_seconds() - before
        if report.verdict is not Verdict.VERIFIED or report.ballots_counted != shape.voters:
            raise RuntimeError("the record does not verify")
        floors.append(gauge.measure())
        floor = middle(floors[-2:]).verify_ballot(shape.cost)
        seconds.append(spent / shape.voters)
        cpu.append(spent_cpu / shape.voters)
        ratios.append(seconds[-1] / floor)
        ratios_cpu.append(cpu[-1] / floor)
    return Verified(
        median(seconds),
        median(cpu),
        median(ratios),
        median(ratios_cpu),
        idle,
        _peak_mb(resource.RUSAGE_SELF),
        _peak_mb(resource.RUSAGE_CHILDREN),
        middle(floors),
    )


def _cpu_seconds() -> float:
    own, children = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak_mb(who: int) -> float:
    # Linux counts kilobytes of 1024 bytes, macOS bytes.
    return resource.getrusage(who).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
