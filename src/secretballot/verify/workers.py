"""Processes of this machine that examine shards.

Processes and not threads: what a ballot costs outside of compiled code would be done by one thread at a time. Each has
a thread here that speaks with it, over a pipe of their own: when a process ends, however that ends, its thread is told
by the system, and the shard that it had is examined elsewhere.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from ..errors import ArgumentError, WorkerError, check_type

_T = TypeVar("_T")
_logger = logging.getLogger("secretballot")


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def local_workers(number: int | None = None) -> Iterator[Executor]:
    """An executor for :func:`~secretballot.verify.verify_record`: so many processes beside this one, which works too;
    where None is given, one for each further core. They start when they are needed, and end with the block, on an error
    in the midst of their work.

    A process that cannot be started, or dies, is not replaced: what it was given raises WorkerError, and the verifier
    does that itself. The processes import the program's main module: a script that calls this needs
    ``if __name__ == "__main__":``. Raises ArgumentError for a number that is none.
    """
    if number is not None:
        check_type(number, int, "a number of processes")
        if number < 1:
            raise ArgumentError("at least one process is needed")
    processes = _Processes(number or max(1, available_cores() - 1))
    try:
        yield processes
    finally:
        with _deferred_interrupt():  # Or the processes would never be told to end.
            processes.end()


class _Processes(Executor):
    """As many threads as processes: each thread starts its own when it has the first task for it."""

    def __init__(self, number: int) -> None:
        self._max_workers = number
        self._threads = ThreadPoolExecutor(number)
        self._own = threading.local()
        self._lock = threading.Lock()
        self._started: list[BaseProcess] = []
        self._ended = False
        self._warned = False

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        return self._threads.submit(self._ask, fn, args, kwargs)

    def end(self) -> None:
        """Ends every process at once: they hold nothing that would be lost."""
        with self._lock:
            self._ended = True
            for process in self._started:
                process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._started:
            process.join()

    def _ask(self, fn: Callable[..., _T], args: Any, kwargs: Any) -> _T:
        """In a thread: the answer of its process."""
        try:
            connection = self._connection()
            connection.send((fn, args, kwargs))
            succeeded, answer = connection.recv()
        except (EOFError, OSError) as error:
            self._own.connection = None
            self._warn(error)
            raise WorkerError(f"a process that shared the work was lost: {error or 'it has ended'}") from None
        if not succeeded:
            raise answer
        return answer  # type: ignore[no-any-return]

    def _connection(self) -> Connection:
        if not hasattr(self._own, "connection"):
            self._own.connection = None
            self._own.connection = self._start()
        if self._own.connection is None:
            raise EOFError("it had ended")
        return self._own.connection  # type: ignore[no-any-return]

    def _start(self) -> Connection:
        if hasattr(signal, "pthread_sigmask"):  # Windows has none.
            # A new process inherits it: Ctrl-C is its parent's to answer. (The tracker's start would undo it.)
            resource_tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        with theirs, self._lock:
            if self._ended:
                raise EOFError("there is no more work")
            process = context.Process(target=_work, args=(theirs,), daemon=True)
            process.start()
            self._started.append(process)
        return ours

    def _warn(self, error: Exception) -> None:
        with self._lock:
            if self._warned or self._ended:
                return
            self._warned = True
        _logger.warning(
            "a process that shared the work is lost, the others go on: %s", error or "it has ended"
        )


def _work(connection: Connection) -> None:
    """A process: it answers, until whoever asks is gone."""
    os.environ["RAYON_NUM_THREADS"] = (
        "1"  # Of the backend's sums: the other cores have processes of their own.
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            fn, args, kwargs = connection.recv()
            try:
                answer = True, fn(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
                answer = False, error
            connection.send(answer)


@contextmanager
def _deferred_interrupt() -> Iterator[None]:
    """Ctrl-C comes at the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # It comes to the main thread alone.
        return
    received: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if handler is None else handler)
        if received:
            signal.raise_signal(signal.SIGINT)
