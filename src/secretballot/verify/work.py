"""Work that this process or a worker can do: shards, as the coordinator holds them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from ..crypto.merkle import leaf_hash
from ..errors import CryptoError, OutcomeError
from . import shard, wire
from .completeness import Ballots, check_outcome
from .shard import Outcome, Task, decode_sums

_R = TypeVar("_R")


class Work(ABC, Generic[_R]):
    """A piece of work with a result. A worker is given :attr:`function` and :meth:`data`, and needs no more."""

    function: Callable[[bytes], bytes]

    @abstractmethod
    def data(self) -> bytes:
        """What the function is called with."""

    @abstractmethod
    def here(self) -> _R:
        """Does it in this process."""

    @abstractmethod
    def read(self, answer: object) -> _R:
        """The result, from what a worker answered; raises OutcomeError where that is no answer to this."""


class ShardWork(Work[Outcome]):
    """A task, with what its outcome is held against: the leaf hashes and kinds of its entries."""

    function = staticmethod(wire.answer)

    def __init__(self, task: Task, kinds: list[str], ballots: Ballots) -> None:
        self.task = task
        self.leaves = [leaf_hash(raw) for raw in task.entries]
        self._kinds = kinds
        self._ballots = ballots

    def data(self) -> bytes:
        return wire.encode_task(self.task)

    def here(self) -> Outcome:
        return shard.examine(self.task)

    def read(self, answer: object) -> Outcome:
        outcome = wire.decode_outcome(answer, wire.task_name(self.task, self.leaves))
        check_outcome(self.task, self._kinds, self._ballots, outcome)
        try:
            decode_sums(outcome.sums)
        except CryptoError:
            raise OutcomeError("a worker's sums are garbled") from None
        return outcome
