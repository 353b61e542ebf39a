"""Processes of this machine that examine shards.

Processes and not threads: what a ballot costs outside of compiled code would be done by one thread at a time.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from ..errors import ArgumentError, check_type

_T = TypeVar("_T")


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def local_workers(number: int | None = None) -> Iterator[Executor]:
    """An executor of so many processes beside this one, which works too (where None is given, one for each further
    core), for :func:`~secretballot.verify.verify_record`. They end with the block; on an error, without the work that
    waits.

    The processes import the program's main module: a script that calls this needs ``if __name__ == "__main__":``.
    Raises ArgumentError for a number that is none.
    """
    if number is not None:
        check_type(number, int, "a number of processes")
        if number < 1:
            raise ArgumentError("at least one process is needed")
    executor = _Processes(
        number or max(1, available_cores() - 1),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
    )
    try:
        yield executor
    finally:
        with _deferred_interrupt():  # Or the processes would never be told to end.
            executor.shutdown(cancel_futures=True)


class _Processes(ProcessPoolExecutor):
    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        with _deferred_interrupt():  # Or a process could have been started that the pool does not know of.
            return super().submit(fn, *args, **kwargs)


@contextmanager
def _deferred_interrupt() -> Iterator[None]:
    """Ctrl-C comes at the end of the block, and never to processes that are started in it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # It comes to the main thread alone.
        return
    received: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # A new process inherits it.
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, signal.SIG_DFL if handler is None else handler)
        if received:
            signal.raise_signal(signal.SIGINT)


def _begin() -> None:
    """A worker's first step: one thread for the backend's sums, Ctrl-C is its parent's to answer, and it ends when its
    parent does, however that ends: a pool's worker would wait for work forever."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
