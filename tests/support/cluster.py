"""A dask cluster on the loopback: a scheduler and workers, each a process of its own, over TCP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Cluster:
    """A scheduler's address, and the processes of its workers, each with one thread."""

    def __init__(
        self, address: str, scheduler: subprocess.Popen[str], workers: list[subprocess.Popen[str]]
    ) -> None:
        self.address = address
        self.scheduler = scheduler
        self.workers = workers

    def kill(self, number: int) -> None:
        """Kills a worker, in whatever it is doing."""
        self.workers[number].send_signal(signal.SIGKILL)
        self.workers[number].wait()


@contextmanager
def cluster(folder: Path, workers: int, environment: dict[str, str] | None = None) -> Iterator[Cluster]:
    """A cluster, while the block lasts. ``environment`` is that of the workers."""
    started: list[subprocess.Popen[str]] = []

    def start(module: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd=folder,
            env={**os.environ, **variables},
        )
        started.append(process)
        return process

    try:
        scheduler = start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"
        )
        address = _told(scheduler, "Scheduler at:").split()[-1]
        own = [
            start(
                "dask_worker",
                address,
                "--no-dashboard",
                "--nthreads",
                "1",
                "--no-nanny",
                **(environment or {}),
            )
            for _ in range(workers)
        ]
        for worker in own:
            _told(worker, "Registered to:")
        yield Cluster(address, scheduler, own)
    finally:
        for process in reversed(started):
            process.kill()
            process.communicate()


def _told(process: subprocess.Popen[str], text: str) -> str:
    """The line of its log that has this text."""
    seen: list[str] = []
    assert process.stderr is not None
    for line in process.stderr:
        seen.append(line)
        if text in line:
            return line.strip()
    raise AssertionError(f"it ended: {''.join(seen)}")
