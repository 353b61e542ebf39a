"""Processes that verify: how many, and how they end."""

from __future__ import annotations

import os
import select
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from secretballot.errors import ArgumentError, WorkerError
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
    shutdown = ThreadPoolExecutor.shutdown
    ended = []

    def interrupted(self: ThreadPoolExecutor, **options: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        shutdown(self, **options)
        ended.append(options)

    def work() -> None:
        with local_workers(1) as executor:
            executor.submit(os.getpid).result()
            raise KeyboardInterrupt

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", interrupted)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert ended == [{"cancel_futures": True}]


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("stopped", [True, False])
def test_nobody_waits_for_what_was_passed_on(error: type[BaseException] | None, stopped: bool) -> None:
    def work() -> None:
        with local_workers(1) as executor:
            pid = executor.submit(os.getpid).result()
            lost.extend(executor.submit(signal.pause) for _ in range(4))
            if stopped:
                os.kill(pid, signal.SIGSTOP)  # It would not even look for a signal.
            if error is not None:
                raise error

    lost: list[Any] = []
    with pytest.raises(error) if error is not None else nullcontext():
        work()
    assert all(future.cancelled() or isinstance(future.exception(timeout=0), WorkerError) for future in lost)


def test_a_worker_that_dies(caplog: pytest.LogCaptureFixture) -> None:
    """What it was given fails, and is told once; the other one goes on."""
    with local_workers(1) as executor:
        pid = executor.submit(os.getpid).result()
        futures = [executor.submit(signal.pause) for _ in range(3)]
        os.kill(pid, signal.SIGKILL)
        assert all(isinstance(future.exception(), WorkerError) for future in futures)
        assert isinstance(executor.submit(os.getpid).exception(), WorkerError)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "a process that shared the work is lost, the others go on"
    ]


def half_an_answer() -> None:
    """The beginning of a message, as :mod:`multiprocessing.connection` writes one: its length, and some of it."""
    (pipe,) = (int(name) for name in os.listdir("/proc/self/fd") if _is_socket(int(name)))
    os.write(pipe, (2**20).to_bytes(4, "big") + bytes(100))
    os.kill(os.getpid(), signal.SIGKILL)


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="the worker looks for its pipe as Linux lists it")
def test_a_worker_that_dies_while_it_answers() -> None:
    with local_workers(1) as executor:
        future = executor.submit(half_an_answer)
        assert isinstance(future.exception(), WorkerError)


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), EOFError()])
def test_a_system_that_allows_no_processes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def refused(self: Any) -> None:
        raise error

    monkeypatch.setattr(BaseProcess, "start", refused)
    with local_workers(2) as executor:
        for _ in range(4):
            assert isinstance(executor.submit(os.getpid).exception(), WorkerError)
    assert len(caplog.records) == 1


def test_what_a_worker_raises() -> None:
    with local_workers(1) as executor:
        assert isinstance(executor.submit(int, "one").exception(), ValueError)
        assert executor.submit(int, "1").result() == 1


def test_a_number_of_workers_beyond_all_reason() -> None:
    with local_workers(10**12) as executor:
        assert executor.submit(int, "1").result() == 1


def test_a_system_without_signal_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "pthread_sigmask")
    with local_workers(1) as executor:
        assert executor.submit(int, "1").result() == 1


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
