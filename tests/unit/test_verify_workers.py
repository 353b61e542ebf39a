"""Processes that verify: how many, and how they end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from secretballot.errors import ArgumentError, WorkersError
from secretballot.verify import available_cores, local_workers, workers


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_of_workers_that_is_none(number: int) -> None:
    with pytest.raises(ArgumentError, match="at least one process is needed"), local_workers(number):
        pass


def test_cores() -> None:
    assert available_cores() >= 1


def test_an_interrupt_waits_until_the_end_of_a_step() -> None:
    handler = signal.getsignal(signal.SIGINT)
    steps = []

    def walk() -> None:
        with workers._deferred_interrupt():
            for step in range(3):
                os.kill(os.getpid(), signal.SIGINT)
                steps.append(step)

    with pytest.raises(KeyboardInterrupt):
        walk()
    assert steps == [0, 1, 2]
    with workers._deferred_interrupt():
        assert signal.getsignal(signal.SIGINT) is not handler
    assert signal.getsignal(signal.SIGINT) is handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_only_the_main_thread_defers_interrupts() -> None:
    def deferred() -> Any:
        with workers._deferred_interrupt():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(deferred).result() is signal.getsignal(signal.SIGINT)


def test_workers_never_see_an_interrupt() -> None:
    """Nor while they start, before they could ignore it."""
    with local_workers(1) as executor:
        assert signal.SIGINT in executor.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result()


def test_workers_are_told_to_end_however_often_one_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    shutdown = ProcessPoolExecutor.shutdown
    ended = []

    def interrupted(self: ProcessPoolExecutor, **options: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        shutdown(self, **options)
        ended.append(options)

    def work() -> None:
        with local_workers(1) as executor:
            executor.submit(os.getpid).result()
            raise KeyboardInterrupt

    monkeypatch.setattr(ProcessPoolExecutor, "shutdown", interrupted)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert ended == [{"cancel_futures": True}]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_on_an_error_nobody_waits_for_what_was_passed_on(error: type[BaseException]) -> None:
    def work() -> None:
        with local_workers(1) as executor:
            pid = executor.submit(os.getpid).result()
            lost.extend(executor.submit(signal.pause) for _ in range(4))
            os.kill(pid, signal.SIGSTOP)  # It would not even look for a signal.
            raise error

    lost: list[Any] = []
    with pytest.raises(error):
        work()
    assert all(isinstance(future.exception(timeout=0), BrokenProcessPool) for future in lost)


def test_a_worker_that_dies_ends_every_future_also_after_one_was_given_up() -> None:
    """Python's pool forgets those that follow a cancelled one."""
    with local_workers(1) as executor:
        futures = [executor.submit(signal.pause) for _ in range(20)]
        assert not any(future.cancel() for future in futures)
        (pid,) = executor._processes  # type: ignore[attr-defined]
        os.kill(pid, signal.SIGKILL)
        assert all(isinstance(future.exception(), BrokenProcessPool) for future in futures)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), NotImplementedError("no semaphores")]
)
def test_a_system_that_allows_no_processes(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refused(self: ProcessPoolExecutor, *args: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(ProcessPoolExecutor, "__init__", refused)
    reason = "No space left on device|no semaphores"
    with (
        pytest.raises(WorkersError, match=f"no further processes can work here: ({reason})$"),
        local_workers(),
    ):
        pass


def test_a_system_without_signal_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "pthread_sigmask")
    with workers._deferred_interrupt():
        pass


PARENT = """
import os, signal, sys
from secretballot.verify import local_workers

if __name__ == "__main__":
    with local_workers(1) as workers:
        print(workers.submit(os.getpid).result(), flush=True)
        os.kill(os.getpid(), int(sys.argv[1]))
"""


@pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="this system cannot wait for a process of another's"
)
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent(tmp_path: Path, sent: signal.Signals) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    # Into a file: a worker that lives on would keep a pipe open.
    with (tmp_path / "pid").open("w") as output:
        parent = subprocess.run(
            [sys.executable, script, str(int(sent))], stdout=output, stderr=subprocess.DEVNULL
        )
    assert parent.returncode == -sent
    try:
        worker = os.pidfd_open(int((tmp_path / "pid").read_text()))
    except ProcessLookupError:
        return  # It has ended.
    try:
        ended, _, _ = select.select([worker], [], [], 30)
    finally:
        os.close(worker)
    assert ended
