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

from ..errors import ArgumentError, WorkersError, check_type

_T = TypeVar("_T")


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def local_workers(number: int | None = None) -> Iterator[Executor]:
    """An executor for :func:`~secretballot.verify.verify_record`: so many processes beside this one, which works too;
    where None is given, one for each further core. They end with the block, on an error in the midst of their work.

    The processes import the program's main module: a script that calls this needs ``if __name__ == "__main__":``.
    Raises ArgumentError for a number that is none, and WorkersError where the system does not allow any.
    """
    if number is not None:
        check_type(number, int, "a number of processes")
        if number < 1:
            raise ArgumentError("at least one process is needed")
    try:
        executor = _Processes(
            number or max(1, available_cores() - 1),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
        )
    except (ImportError, NotImplementedError, OSError, ValueError) as error:
        raise WorkersError(
            f"no further processes can work here: {getattr(error, 'strerror', None) or error}"
        ) from None
    succeeded = False
    try:
        yield executor
        succeeded = True
    finally:
        with _deferred_interrupt():  # Or the processes would never be told to end.
            if not succeeded:
                executor.kill()
            executor.shutdown(cancel_futures=True)


class _Processes(ProcessPoolExecutor):
    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        with _deferred_interrupt():  # Or a process could have been started that the pool does not know of.
            future = super().submit(fn, *args, **kwargs)
        # If a worker dies while a cancelled future waits, Python's pool fails on that one, and never ends the others.
        future.cancel = lambda: False  # type: ignore[method-assign]
        return future

    def kill(self) -> None:
        for process in list((self._processes or {}).values()):
            process.kill()


@contextmanager
def _deferred_interrupt() -> Iterator[None]:
    """Ctrl-C comes at the end of the block, and never to processes that are started in it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # It comes to the main thread alone.
        return
    received: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    has_masks = hasattr(signal, "pthread_sigmask")  # Windows has none.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if has_masks else ()
    try:
        yield  # A new process inherits the mask.
    finally:
        if has_masks:
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
