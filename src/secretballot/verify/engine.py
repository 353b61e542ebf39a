"""Runs every rule over a record, as a stream: entries in order, the many of them in shards.

The log's state machine (:class:`~secretballot.tally.log.ElectionLog`) says which checks an entry has; the board
asked it the same before it appended. Here nothing stops at the first fault: each check that raises is a finding under
its rule, and the next one runs. The steps, in the report's order:

1. the manifest (M), 2. every entry's form, phase and signature, and the checkpoint (L), 3. the ceremony (K),
4. credentials (C), 5. ballots and challenges (B, H), 6. rounds of mixing and their shares (X), 7. shares of sums,
counts and outcomes (T).

Lines of the register, ballots and challenges are gathered in shards (:mod:`.shard`), which any executor can examine;
what depends on the rest of the log is checked here, in its order. A shard that is lost is examined here, and so are
shards that no worker has begun while there is nothing to take in (:mod:`.ahead`). Proofs of mixing are looked at by
workers too, before their checks ask for them (:mod:`.proofs`).
"""

from __future__ import annotations

from collections.abc import Callable

from ..board.entry import MANY, Cast, Challenged, Entry, Facts
from ..crypto.elgamal import ciphertext_size
from ..crypto.group import ristretto255
from ..errors import OutcomeError, StoreError
from ..records import kind_of
from ..tally.log import ElectionLog
from ..tally.records import ContestResult, RankingResult, Result, WriteInResult
from .ahead import Ahead, Workers
from .completeness import Ballots
from .conclusion import Conclusion, Tally
from .findings import MAX_FINDINGS, Finding, Report
from .pins import Pins
from .proofs import look_ahead
from .rules import RULES
from .shard import Outcome, Task, decode_sums, failure
from .work import ShardWork

#: Bytes of entries in a shard: enough for the multi-scalar multiplication to be efficient, few enough that memory stays
#: bounded whatever the number of ballots and their size.
SHARD_SIZE = 2**20

Progress = Callable[[int], None]


class Verification:
    """One run over one log: give it the entries, then the checkpoint, then ask for the report."""

    def __init__(
        self,
        election_id: bytes | None,
        workers: Workers,
        progress: Progress | None,
        pins: Pins | None = None,
    ) -> None:
        self._announced = election_id
        self._pins = pins or Pins()
        #: The log's root over as many entries as the pinned checkpoint is of.
        self._pinned_root: bytes | None = None
        self._progress = progress
        self.log = ElectionLog()
        self._rules = {rule: Tally() for rule in RULES}
        self._shard: list[bytes] = []
        self._kinds: list[str] = []
        self._shard_size = 0
        self._workers = workers
        self._ahead: Ahead[ShardWork, Outcome] = Ahead(workers)
        self._has_manifest = False
        self._received = 0
        self._entries = 0
        self._ballots = 0
        self._challenges = 0

    # Running one check.

    def passed(self, rule: str, count: int = 1) -> None:
        self._rules[rule].checked += count

    def fail(self, rule: str, item: str, message: str, culprit: str | None = None, count: int = 1) -> None:
        tally = self._rules[rule]
        tally.checked += count
        tally.failed += 1
        if len(tally.findings) < MAX_FINDINGS:
            tally.findings.append(Finding(item=item, message=message, culprit=culprit))

    def run(self, rule: str, item: str, check: Callable[[], object], count: int = 1) -> bool:
        """Runs a check; whatever it raises is a failure of its rule, never a pass."""
        try:
            check()
        except StoreError:
            raise  # This machine's disk, and no fault of the record.
        except Exception as error:  # noqa: BLE001 - a check that breaks down has failed, whatever broke it
            self.blame(rule, item, error, count)
            return False
        self.passed(rule, count)
        return True

    def blame(self, rule: str, item: str, error: Exception, count: int = 1) -> None:
        """Makes whatever was raised a failure of the rule, so that the next check can run."""
        self.fail(*failure(rule, item, error), max(1, count))

    # Entries.

    def entry(self, raw: bytes) -> None:
        """The next entry of the log."""
        kind = kind_of(raw)
        if self._has_manifest and kind in MANY:
            self._shard.append(raw)
            self._kinds.append(kind)
            self._shard_size += len(raw)
            self._received += 1
            if self._shard_size >= SHARD_SIZE:
                self._hand_out()
            return
        waits = False
        if len(self._ahead) and self.log.group_public is not None:
            # It waits its turn, and shards after it can go out: neither the manifest nor the key will change.
            self._hand_out()
            waits = self._ahead.follow(raw)
        if not waits:
            self.drain()
            self._single(raw)
        self._received += 1

    def _next(self) -> str:
        """Counts an entry as read, and gives its name."""
        item = f"entry {self._entries}"
        self._pass_pin()
        self._entries += 1
        if self._progress is not None:
            self._progress(self._entries)
        return item

    def _pass_pin(self) -> None:
        """To be called at each size of the log."""
        pinned = self._pins.checkpoint
        if pinned is not None and self.log.frontier.size == pinned.size:
            self._pinned_root = self.log.frontier.root()

    def _single(self, raw: bytes) -> None:
        """An entry that is of a kind that there are few of, or of none."""
        item = self._next()
        try:
            entry = self.log.read(raw)
        except Exception as error:  # noqa: BLE001 - as in run
            self.blame("M1" if item == "entry 0" else "L1", item, error)
            self.log.skip(raw)
            return
        self.passed("L1")
        if entry.index == 0:
            self._manifest(entry)
        elif not self._has_manifest:
            self.fail("L2", item, "there is no manifest that the entry could be checked against")
            self.log.skip(raw)
            return
        else:
            self._checks(entry)
        try:
            self.log.apply(entry)
        except StoreError:
            raise  # This machine's disk, and no fault of the record.
        except Exception as error:  # noqa: BLE001 - as in run
            self.blame("L1", item, error)
            if self.log.size == entry.index:
                self.log.skip(raw)
            return
        self._has_manifest = True

    def _manifest(self, entry: Entry) -> None:
        self.passed("M1")
        for rule, check in self.log.checks(entry):
            self.run(rule, entry.name, check)

    def _checks(self, entry: Entry) -> None:
        look_ahead(self.log, entry, self._workers)
        for rule, check in self.log.checks(entry):
            self.run(rule, entry.name, check, self._items(rule, entry))

    def _items(self, rule: str, entry: Entry) -> int:
        """How many items a check checks at once."""
        match entry.record:
            case Result() as result if rule in ("T3", "T4", "T5"):
                ballots = self.log.running.ballots if self.log.running else 0
                items = sum(self._lines(rule, contest, ballots) for contest in result.contests)
                return max(1, items) if rule == "T3" else items
            case _:
                return 1

    def _lines(self, rule: str, contest: ContestResult | RankingResult | WriteInResult, ballots: int) -> int:
        """The items of a contest: its lines, where there is something to check of them; of marks each is a line."""
        if not isinstance(contest, ContestResult):
            return ballots if rule == "T3" else 0
        if (rule == "T4" and contest.id not in self.log.ruled()) or (
            rule == "T5" and (contest.id not in self.log.twice() or not ballots)
        ):
            return 0
        return len(contest.lines)

    # Shards.

    def _hand_out(self) -> None:
        """Lets the gathered entries be examined."""
        if not self._shard:
            return
        full = self._shard_size >= SHARD_SIZE
        entries, kinds = tuple(self._shard), self._kinds
        self._shard, self._kinds, self._shard_size = [], [], 0
        public = self.log.group_public
        key, ballots = None, Ballots(0, len(self.log.election.manifest.contests))
        if public is not None:
            key = public.group_key.encode()
            plans = self.log.examiner.context.plans
            size = ciphertext_size(ristretto255) * sum(plan.num_ciphertexts for plan in plans)
            ballots = Ballots(size, len(plans))
        task = Task(self.log.election.body, key, self._received - len(entries), entries)
        self._ahead.put(ShardWork(task, kinds, ballots), full=full)
        while self._ahead.is_full:
            self._take_in()

    def drain(self) -> None:
        """Takes in every shard: the log is then at its newest entry."""
        self._hand_out()
        while len(self._ahead):
            self._take_in()

    def _take_in(self) -> None:
        """Takes in the oldest shard."""
        work, outcome, follower = self._ahead.take()
        for rule, count in outcome.passed.items():
            self.passed(rule, count)
        for one in outcome.failures:
            self.fail(*one)
        for leaf, facts in zip(work.leaves, outcome.facts, strict=True):
            self._take(leaf, facts)
        self._add_sum(work.task, outcome)
        if follower is not None:
            self._single(follower)

    def _take(self, leaf: bytes, facts: Facts | None) -> None:
        """The checks of an examined entry that need the log; then it is taken in."""
        item = self._next()
        index = self.log.size
        if facts is not None:
            self._ballots += isinstance(facts, Cast)
            self._challenges += isinstance(facts, Challenged)
            for rule, check in self.log.fact_checks(index, facts):
                self.run(rule, item, check)
        try:
            self.log.take(index, leaf, facts)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - as in run
            self.blame("L1", item, error)
            if self.log.size == index:
                self.log.frontier.append(leaf)

    def _add_sum(self, task: Task, outcome: Outcome) -> None:
        """Adds the shard's ballots to the tally."""
        try:
            self.log.add_sum(decode_sums(outcome.sums))
        except Exception as error:  # noqa: BLE001 - as in run
            self.blame("B1", f"entry {task.first} and following", error)

    # The end of the log.

    def checkpoint(self, data: bytes) -> None:
        """The checkpoint over all entries (L5), and what was pinned (L6, L7)."""
        self.drain()
        pins = self._pins
        self._pass_pin()
        if not self._has_manifest:
            return
        signed = self.run("L5", "checkpoint", lambda: self.log.check_checkpoint(data), max(1, self._entries))
        board = self.log.election.manifest.board
        if pins.checkpoint is not None:
            count = min(pins.checkpoint.size, self._entries)
            self.run(
                "L6",
                "pinned checkpoint",
                lambda: pins.check_checkpoint(board, self._pinned_root, self._entries, signed),
                count,
            )
        if pins.cosigners:
            try:
                self.passed("L7", pins.count_cosignatures(data, board))
            except Exception as error:  # noqa: BLE001 - as in run
                self.blame("L7", "checkpoint", error)

    def report(self) -> Report:
        """The report, once every entry and the checkpoint have been given."""
        self.drain()
        if not self._received == self._entries == self.log.size:
            # Nothing loses an entry on its way; if anything ever does, that is no report.
            raise OutcomeError(f"{self._received} entries were read, and {self._entries} were verified")
        if not self._entries:
            self.fail("M1", "entry 0", "the record has no entries")
        if self._has_manifest and self._announced is not None:
            if self.log.election.id == self._announced:
                self.passed("M3")
            else:
                self.fail("M3", "entry 0", f"the record is of election {self.log.election.id.hex()}")
        return Conclusion(
            log=self.log,
            rules=self._rules,
            pins=self._pins,
            announced=self._announced,
            has_manifest=self._has_manifest,
            entries=self._entries,
            ballots=self._ballots,
            challenges=self._challenges,
        ).report()
