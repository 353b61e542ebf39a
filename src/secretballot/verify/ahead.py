"""Work that is done ahead of the log: by an executor's workers, and here as long as nothing can be taken in.

Workers are given few pieces at once, so that there is something left to do here: an executor does not give back what
it has passed on to a worker, be it begun or not. Work that is lost, since a worker died or its executor did, is done
here, and so is what a worker does not come to an end with; what is answered by something else than its outcome ends
the verification.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from concurrent.futures import CancelledError, Executor, Future
from typing import Any, Generic, TypeVar, cast

from ..errors import ArgumentError, WorkerError, check_type
from ..records import in_words
from .work import Work

#: Pieces that wait at once, for each of the executor's workers and for this process, which helps.
WAITING = 3
#: Pieces that each worker is given at once: one to do, and the next.
GIVEN = 2
#: Seconds that this process waits for a worker where it has nothing else to do. A shard takes a worker less than one,
#: the largest proof half a minute.
PATIENCE = 60.0

_R = TypeVar("_R")
_W = TypeVar("_W", bound=Work[Any])
_logger = logging.getLogger("secretballot")


class Workers:
    """An executor, or none, and how many work for it."""

    def __init__(self, executor: Executor | None, number: int | None = None) -> None:
        """``number`` is how many pieces the executor works on at once; where it is None, the executor or its client is
        asked (:func:`_count`). Raises ArgumentError for what is no such number."""
        if number is not None:
            check_type(number, int, "a number of workers")
            if number < 1:
                raise ArgumentError("an executor has at least one worker")
        self.executor = executor
        self.number = number or _count(executor)
        #: Seconds; none any more once a worker has let them pass.
        self.patience = PATIENCE
        self._late: list[Future[bytes]] = []
        self._warned = False

    def submit(self, work: Work[_R]) -> Future[bytes] | None:
        """Gives the work away; None where nobody takes it. Raises ArgumentError for what gives no future."""
        if self.executor is None:
            return None
        try:
            future = self.executor.submit(work.function, work.data())
        except Exception as error:  # noqa: BLE001 - it was shut down, or broke: the work is done here
            self.warn(error)
            return None
        if not isinstance(future, Future):
            # Such as a dask client, whose own futures are cancelled by asking whether they can be.
            raise ArgumentError(
                "an executor's submit gives a future of concurrent.futures: of a dask client, give get_executor()"
            )
        return future

    def warn(self, error: BaseException) -> None:
        """Says once that workers lose what they are given. Those of this machine have said so themselves."""
        if not self._warned and not isinstance(error, WorkerError):
            self._warned = True
            _logger.warning(
                "what a worker was given is lost, and is done by this process: %s", in_words(error)
            )

    def give_up(self, future: Future[bytes]) -> None:
        """Does not wait for it, nor for any other from now on, and says so: what is not there when it is needed is done
        here as well."""
        self._late.append(future)
        if self.patience:
            _logger.warning(
                "a worker has not answered for %g seconds: this process waits for none any more",
                self.patience,
            )
            self.patience = 0.0

    def late(self) -> int:
        """How many pieces workers still have that nobody waits for."""
        self._late = [future for future in self._late if not future.done()]
        return len(self._late)


def _count(executor: Executor | None) -> int:
    """How many workers an executor has: those that are its limit, or for that of a dask client the threads of the
    cluster; of others nobody knows, and as many as this machine has cores are a guess."""
    limit = getattr(executor, "_max_workers", None)
    if not isinstance(limit, int):
        try:
            limit = sum(executor._client.ncores().values())  # type: ignore[union-attr]
        except Exception:  # noqa: BLE001 - it is none of dask's, or nobody answers
            limit = None
    return limit or os.cpu_count() or 1


class _Piece(Generic[_W, _R]):
    def __init__(self, work: _W) -> None:
        self.work = work
        self.future: Future[bytes] | None = None
        self.result: _R | None = None
        self.follower: bytes | None = None

    @property
    def is_done(self) -> bool:
        return self.result is not None or (self.future is not None and self.future.done())

    def withdraw(self) -> bool:
        """Whether nobody else works on it, or will."""
        return self.result is None and (self.future is None or self.future.cancel())


class Ahead(Generic[_W, _R]):
    """The work that waits, in the order of the log."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        has_any = workers.executor is not None
        self._most_given = GIVEN * workers.number
        self._most = WAITING * (1 + workers.number) if has_any else 1
        self._pieces: deque[_Piece[_W, _R]] = deque()

    def __len__(self) -> int:
        return len(self._pieces)

    @property
    def is_full(self) -> bool:
        return len(self) >= self._most

    def put(self, work: _W, *, full: bool = True) -> None:
        """The next work of the log. One that is not full and stands alone is not worth starting a process."""
        self._pieces.append(_Piece(work))
        if full or len(self) > 1:
            self._give()

    def follow(self, raw: bytes) -> bool:
        """Keeps an entry that comes after the last piece, for whoever takes that one; False where it cannot: there is
        no piece, or it has such an entry."""
        if not self._pieces or self._pieces[-1].follower is not None:
            return False
        self._pieces[-1].follower = raw
        return True

    def take(self) -> tuple[_W, _R, bytes | None]:
        """The oldest work, what it came to, and the entry that follows it if one was kept. Raises OutcomeError where a
        worker answered with something else than an outcome of that work."""
        self._help()
        piece = self._pieces.popleft()
        self._give()
        if piece.result is None:
            answer = self._answer(piece.future)
            piece.result = piece.work.here() if answer is None else piece.work.read(answer[0])
        return piece.work, cast(_R, piece.result), piece.follower

    def _answer(self, future: Future[bytes] | None) -> tuple[object] | None:
        """What a worker answered; None where the work is lost."""
        if future is None:
            return None
        try:
            error = future.exception(self._workers.patience)
        except CancelledError as cancelled:
            error = cancelled
        except TimeoutError:  # Of the wait: one that the worker raised is given.
            self._workers.give_up(future)
            return None
        if error is None:
            return (future.result(),)
        self._workers.warn(error)  # The worker died, or its executor did.
        return None

    def _give(self) -> None:
        """Gives workers what they can have."""
        if self._workers.executor is None:
            return
        # Late ones are among them: a worker that hangs would be given one after the other.
        given = self._workers.late()
        given += sum(piece.future is not None and not piece.is_done for piece in self._pieces)
        for piece in self._pieces:
            if given >= self._most_given:
                return
            if piece.future is None and piece.result is None:
                piece.future = self._workers.submit(piece.work)
                if piece.future is None:
                    return
                given += 1

    def _help(self) -> None:
        """Does what no worker has, until the oldest is done, or there is nothing. Of what workers were given the newest
        comes first: a worker begins it last."""
        while not self._pieces[0].is_done:
            free = next(
                (piece for piece in self._pieces if piece.future is None and piece.result is None), None
            )
            free = free or next((piece for piece in reversed(self._pieces) if piece.withdraw()), None)
            if free is None:
                return
            free.result = free.work.here()
            self._give()
