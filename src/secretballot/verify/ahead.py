"""Shards that are examined ahead of the log: by an executor's workers, and here as long as nothing can be taken in.

Workers are given few shards at once, so that there is something left to do here: an executor does not give back what
it has passed on to a worker, be it begun or not.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Executor, Future

from .shard import Outcome, Task, examine

#: Shards that wait at once, for each of the executor's workers and for this process, which helps.
WAITING = 3
#: Shards that each worker is given at once: one to examine, and the next.
GIVEN = 2


class _Shard:
    def __init__(self, task: Task) -> None:
        self.task = task
        self.future: Future[Outcome] | None = None
        self.outcome: Outcome | None = None
        self.follower: bytes | None = None

    @property
    def is_done(self) -> bool:
        return self.outcome is not None or (self.future is not None and self.future.done())

    def withdraw(self) -> bool:
        """Whether nobody else works on it, or will."""
        return self.outcome is None and (self.future is None or self.future.cancel())


class Ahead:
    """The shards that wait, in the order of the log."""

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor
        workers = getattr(executor, "_max_workers", None) or os.cpu_count() or 1
        self._most_given = GIVEN * workers
        self._most = WAITING * (1 + workers) if executor is not None else 1
        self._shards: deque[_Shard] = deque()

    def __len__(self) -> int:
        return len(self._shards)

    @property
    def is_full(self) -> bool:
        return len(self) >= self._most

    def put(self, task: Task, *, full: bool = True) -> None:
        """The next shard of the log. One that is not full and stands alone is not worth starting a process."""
        self._shards.append(_Shard(task))
        if full or len(self) > 1:
            self._give()

    def follow(self, raw: bytes) -> bool:
        """Keeps an entry that comes after the last shard, for whoever takes that one; False where it cannot: there is
        no shard, or it has such an entry."""
        if not self._shards or self._shards[-1].follower is not None:
            return False
        self._shards[-1].follower = raw
        return True

    def take(self) -> tuple[Task, Outcome, bytes | None]:
        """The oldest shard, what it came to, and the entry that follows it if one was kept. A shard that is lost, or
        answered with something else, is examined here."""
        self._help()
        shard = self._shards.popleft()
        self._give()
        outcome = shard.outcome or _answer(shard.task, shard.future) or examine(shard.task)
        return shard.task, outcome, shard.follower

    def _give(self) -> None:
        """Gives workers what they can have."""
        if self._executor is None:
            return
        given = sum(shard.future is not None and not shard.is_done for shard in self._shards)
        for shard in self._shards:
            if given >= self._most_given:
                return
            if shard.future is None and shard.outcome is None:
                try:
                    shard.future = self._executor.submit(examine, shard.task)
                except Exception:  # noqa: BLE001 - it was shut down, or broke: the shard is examined here
                    return
                given += 1

    def _help(self) -> None:
        """Examines shards that no worker has, until the oldest is done, or there are none."""
        while not self._shards[0].is_done:
            shard = next((shard for shard in self._shards if shard.withdraw()), None)
            if shard is None:
                return
            shard.outcome = examine(shard.task)
            self._give()


def _answer(task: Task, future: Future[Outcome] | None) -> Outcome | None:
    """What a worker answered, if it is an answer to the task: as many entries, from the same place on."""
    try:
        outcome = future.result() if future is not None else None
    except Exception:  # noqa: BLE001 - the worker died, or its executor did: the shard is examined here
        return None
    if not isinstance(outcome, Outcome) or outcome.first != task.first:
        return None
    return outcome if len(outcome.facts) == len(task.entries) else None
