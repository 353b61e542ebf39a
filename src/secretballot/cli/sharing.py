"""Who shares a verification: processes of this machine, or the workers of a dask cluster."""

from __future__ import annotations

import asyncio
import importlib
import logging
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, nullcontext, suppress
from functools import wraps
from threading import Thread
from typing import Any, NamedTuple, TypeVar

import click

from ..client.wire import UnreachableError
from ..errors import WorkerError
from ..records import in_words
from ..verify import available_cores, local_workers
from ..verify.wire import about

_R = TypeVar("_R")

#: Bytes of entries from which on further processes save more time than starting them takes.
LARGE = 4 * 2**20
#: Seconds in which a cluster's scheduler, and then its workers, must have answered.
TIMEOUT = 20
#: Seconds more, in which dask itself says what is wrong.
GRACE = 1


class Sharing(NamedTuple):
    """What a user said of it: how many processes, or the address of a scheduler, or neither."""

    workers: int | None = None
    scheduler: str | None = None

    @contextmanager
    def executor(self, size: int) -> Iterator[tuple[Executor | None, int | None]]:
        """For a record with so many bytes of entries: an executor, and how many work for it, where that is known.

        Raises UnreachableError for a cluster that does not answer, and WorkerError for one that cannot help.
        """
        if self.scheduler is not None:
            with _cluster(self.scheduler) as cluster:
                yield cluster
            return
        workers = self.workers or (available_cores() if size >= LARGE else 1)
        with local_workers(workers - 1) if workers > 1 else nullcontext() as executor:
            yield executor, None


def sharing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options, which come to the command as ``sharing``."""

    @click.option(
        "--workers",
        type=click.IntRange(min=1),
        help="Processes that share the work, this one included. [default: one for each core, 1 for a small record]",
    )
    @click.option(
        "--dask",
        "scheduler",
        metavar="ADDRESS",
        help="The scheduler of a dask cluster whose workers, which are trusted, share the work: tcp://host:8786.",
    )
    @wraps(command)
    def with_sharing(*args: Any, workers: int | None, scheduler: str | None, **options: Any) -> Any:
        if workers is not None and scheduler is not None:
            raise click.UsageError("--workers are processes of this machine, --dask is a cluster: not both")
        if scheduler == "":
            # Dask would start a cluster of its own.
            raise click.BadParameter("it is no address", param_hint="'--dask'")
        return command(*args, sharing=Sharing(workers, scheduler), **options)

    return with_sharing


@contextmanager
def _cluster(scheduler: str) -> Iterator[tuple[Executor, int]]:
    """A cluster whose workers all have this version of secretballot, and its backend."""
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise click.UsageError("dask is not installed: install the extra `cluster`") from None
    # What is lost is done here, and is said once, in words of our own.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        # Of large pieces, and of other versions of dask: it would say so for each.
        warnings.simplefilter("ignore")
        try:
            _knock(distributed, scheduler)
            client = distributed.Client(scheduler, timeout=TIMEOUT, set_as_default=False)
        except Exception as error:  # noqa: BLE001 - whatever a wrong address breaks in there
            raise UnreachableError(
                f"no scheduler of dask answers: {in_words(error)}", item=scheduler
            ) from None
        try:
            yield client.get_executor(pure=False), _check_workers(client, scheduler)
        finally:
            with suppress(Exception):  # It is gone with its scheduler, and the report is there.
                _within(lambda: client.close(TIMEOUT))


def _knock(distributed: Any, scheduler: str) -> None:
    """Raises whatever dask does where nobody answers. A client that finds no scheduler cannot be closed, and would say
    so later, with a traceback."""

    async def knock() -> None:
        arguments = distributed.Security().get_connection_args("client")
        connection = await importlib.import_module("distributed.comm").connect(
            scheduler, timeout=TIMEOUT, **arguments
        )
        await connection.close()

    _within(lambda: asyncio.run(knock()))


def _within(question: Callable[[], _R]) -> _R:
    """What is answered; raises TimeoutError where nothing is in time. Dask has no such bound on all that it waits for.
    It is asked in a thread that nobody waits for, also because this one may have a loop that runs."""
    answer: Future[_R] = Future()

    def ask() -> None:
        try:
            answer.set_result(question())
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            answer.set_exception(error)

    Thread(target=ask, daemon=True).start()
    try:
        answer.exception(TIMEOUT + GRACE)
    except TimeoutError:
        raise TimeoutError(f"nothing came within {TIMEOUT} seconds") from None
    return answer.result()


def _check_workers(client: Any, scheduler: str) -> int:
    """How many threads the workers have, if there are any, and each has this version and backend; and the scheduler
    too, which takes apart what is sent. Raises WorkerError, and UnreachableError where one of them does not answer."""

    def ask() -> tuple[dict[str, Any], int]:
        found = {f"worker {name}": answer for name, answer in client.run(about, on_error="return").items()}
        if found:
            found[f"scheduler {scheduler}"] = _of_scheduler(client)
        return found, sum(client.ncores().values())

    try:
        found, threads = _within(ask)
    except Exception as error:  # noqa: BLE001 - whatever a cluster breaks in there
        raise UnreachableError(f"its workers do not answer: {in_words(error)}", item=scheduler) from None
    if not found:
        raise WorkerError("the cluster has no workers", item=scheduler)
    for item, answer in sorted(found.items()):
        if isinstance(answer, BaseException):
            # It is not there, or older than this question.
            raise WorkerError(f"it has no such secretballot: {in_words(answer)}", item=item)
        if tuple(answer) != about():
            theirs, ours = (" with the backend ".join(map(in_words, one)) for one in (answer, about()))
            raise WorkerError(f"it has secretballot {theirs}, and this is {ours}", item=item)
    return threads


def _of_scheduler(client: Any) -> Any:
    try:
        return client.run_on_scheduler(about)
    except Exception as error:  # noqa: BLE001 - as for workers: an answer like others
        return error
