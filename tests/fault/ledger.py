"""What a board promised to whoever cast at it, and whether its log keeps all of it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from secretballot.board.receipts import check_receipt
from secretballot.crypto.merkle import Frontier, leaf_hash, verify_consistency
from secretballot.crypto.note import Checkpoint, open_checkpoint
from secretballot.crypto.receipt import parse_receipt
from secretballot.manifest import Election
from secretballot.verify import Status, verify_entries


class Promise(NamedTuple):
    """A checkpoint that the board signed, and of a receipt the entry and its place under it."""

    checkpoint: Checkpoint
    place: int | None = None
    entry: bytes | None = None


class Ledger:
    """Everything that was sent to one log, and everything that it answered. Safe from several threads."""

    def __init__(self, election: Election) -> None:
        self._election = election
        self._changed = threading.Condition()
        self._promises: list[Promise] = []
        #: How often each entry was answered, and which were sent and never answered.
        self.acknowledged: Counter[bytes] = Counter()
        self.unanswered: set[bytes] = set()
        self._in_flight: Counter[bytes] = Counter()
        #: The log when it was last looked at.
        self.entries: list[bytes] = []

    # While casting.

    def sent(self, entry: bytes) -> None:
        with self._changed:
            self._in_flight[entry] += 1

    def answered(self, entry: bytes, receipt: str) -> None:
        """Takes down a receipt, which must be a good one."""
        checkpoint = check_receipt(self._election, receipt, entry)
        promise = Promise(checkpoint, parse_receipt(receipt).index, entry)
        with self._changed:
            self._in_flight[entry] -= 1
            self._promises.append(promise)
            self.acknowledged[entry] += 1
            self.unanswered.discard(entry)
            self._changed.notify_all()

    def refused(self, entry: bytes) -> None:
        with self._changed:
            self._in_flight[entry] -= 1

    def lost(self, entry: bytes) -> None:
        """No answer came: it may be in the log or not."""
        with self._changed:
            self._in_flight[entry] -= 1
            if entry not in self.acknowledged:
                self.unanswered.add(entry)

    def seen(self, note: str) -> Checkpoint:
        """Takes down a checkpoint."""
        board = self._election.manifest.board
        checkpoint = open_checkpoint(note, board.verifier(), board.origin)
        with self._changed:
            self._promises.append(Promise(checkpoint))
        return checkpoint

    @property
    def receipts(self) -> int:
        """How many were given."""
        return sum(self.acknowledged.values())

    @property
    def in_flight(self) -> int:
        """How many entries wait for their answer."""
        return sum(self._in_flight.values())

    def wait_for(self, receipts: int, ended: threading.Event, patience: float) -> None:
        """Until so many were given, or the end came."""
        with self._changed:
            found = self._changed.wait_for(lambda: ended.is_set() or self.receipts >= receipts, patience)
        assert found, f"no further receipt after {self.receipts}"

    def wake(self) -> None:
        """Has :meth:`wait_for` look again."""
        with self._changed:
            self._changed.notify_all()

    # Against the log.

    def check(self, entries: Sequence[bytes], note: str) -> int:
        """Whether a log, under its checkpoint, keeps everything that was promised; gives how many of the entries that
        were never answered are in it."""
        report = verify_entries(entries, note.encode())
        failed = [rule for rule in report.rules if rule.status is Status.FAILED]
        assert not failed, failed
        assert list(entries[: len(self.entries)]) == self.entries, "the log is no continuation of what it was"
        times = Counter(entries)
        assert max(times.values()) == 1, "an entry is doubled"
        roots = roots_of(entries)
        for promise in (*self._promises, Promise(self.seen(note))):
            checkpoint = promise.checkpoint
            assert checkpoint.size < len(roots), f"{checkpoint.size} entries were signed, {len(entries)} are"
            assert roots[checkpoint.size] == checkpoint.root, f"the checkpoint of {checkpoint.size} is denied"
            if promise.place is not None:
                assert entries[promise.place] == promise.entry, f"entry {promise.place} is another"
        self.entries = list(entries)
        return sum(times[entry] for entry in self.unanswered)

    def check_consistency(self, proof: Sequence[bytes], old_size: int, new_size: int) -> None:
        """Whether the board proves of two of the sizes that it signed that one continues the other."""
        roots = roots_of(self.entries)
        verify_consistency(old_size, new_size, roots[old_size], roots[new_size], proof)


def roots_of(entries: Sequence[bytes]) -> list[bytes]:
    """The root over the first n entries, for each n from 0."""
    frontier = Frontier()
    roots = [frontier.root()]
    for entry in entries:
        frontier.append(leaf_hash(entry))
        roots.append(frontier.root())
    return roots
