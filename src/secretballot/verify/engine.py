"""Runs every rule over a record, as a stream: entries in order, the many of them in shards.

The log's state machine (:class:`~secretballot.tally.log.ElectionLog`) says which checks an entry has; the board
asked it the same before it appended. Here nothing stops at the first fault: each check that raises is a finding under
its rule, and the next one runs. The steps, in the report's order:

1. the manifest (M), 2. every entry's form, phase and signature, and the checkpoint (L), 3. the ceremony (K),
4. credentials (C), 5. ballots and challenges (B, H), 6. rounds of mixing and their shares (X), 7. shares of sums,
counts and outcomes (T).

Lines of the register, ballots and challenges are gathered in shards (:mod:`.shard`), which any executor can examine;
what depends on the rest of the log is checked here, in its order. A shard that is lost is examined here, and so are
shards that no worker has begun while there is nothing to take in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from ..board.entry import MANY, Cast, Challenged, Entry, Facts
from ..crypto.merkle import leaf_hash
from ..errors import StoreError
from ..manifest import is_mixed, is_summed
from ..records import kind_of
from ..tally.log import ElectionLog
from ..tally.records import ContestResult, RankingResult, Result, WriteInResult
from .ahead import Ahead
from .findings import MAX_FINDINGS, Finding, Report, RuleResult, Status, Verdict
from .pins import Pins
from .rules import RULES
from .shard import Outcome, Task, decode_sums, failure

#: Bytes of entries in a shard: enough for the multi-scalar multiplication to be efficient, few enough that memory stays
#: bounded whatever the number of ballots and their size.
SHARD_SIZE = 2**20

Progress = Callable[[int], None]


class _Tally:
    """A rule's counters while verification runs."""

    def __init__(self) -> None:
        self.checked = 0
        self.failed = 0
        self.findings: list[Finding] = []


class Verification:
    """One run over one log: give it the entries, then the checkpoint, then ask for the report."""

    def __init__(
        self,
        election_id: bytes | None,
        executor: Executor | None,
        progress: Progress | None,
        pins: Pins | None = None,
    ) -> None:
        self._announced = election_id
        self._pins = pins or Pins()
        #: The log's root over as many entries as the pinned checkpoint is of.
        self._pinned_root: bytes | None = None
        self._progress = progress
        self.log = ElectionLog()
        self._rules = {rule: _Tally() for rule in RULES}
        self._shard: list[bytes] = []
        self._shard_size = 0
        self._ahead = Ahead(executor)
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
        if self._has_manifest and kind_of(raw) in MANY:
            self._shard.append(raw)
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
        entries, self._shard, self._shard_size = tuple(self._shard), [], 0
        public = self.log.group_public
        key = public.group_key.encode() if public is not None else None
        self._ahead.put(Task(self.log.election.body, key, self._received - len(entries), entries), full=full)
        while self._ahead.is_full:
            self._take_in()

    def drain(self) -> None:
        """Takes in every shard: the log is then at its newest entry."""
        self._hand_out()
        while len(self._ahead):
            self._take_in()

    def _take_in(self) -> None:
        """Takes in the oldest shard."""
        task, outcome, follower = self._ahead.take()
        for rule, count in outcome.passed.items():
            self.passed(rule, count)
        for one in outcome.failures:
            self.fail(*one)
        for raw, facts in zip(task.entries, outcome.facts, strict=True):
            self._take(leaf_hash(raw), facts)
        self._add_sum(task, outcome)
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
        if not self._entries:
            self.fail("M1", "entry 0", "the record has no entries")
        if self._has_manifest and self._announced is not None:
            if self.log.election.id == self._announced:
                self.passed("M3")
            else:
                self.fail("M3", "entry 0", f"the record is of election {self.log.election.id.hex()}")
        results = tuple(self._result(rule) for rule in RULES)
        statuses = {result.status for result in results}
        verdict = Verdict.VERIFIED
        if Status.FAILED in statuses:
            verdict = Verdict.FAILED
        elif Status.NOT_RUN in statuses:
            verdict = Verdict.INCOMPLETE
        return Report(
            verdict=verdict,
            election=self.log.election.id.hex() if self._has_manifest else "",
            entries=self._entries,
            ballots_cast=self._ballots,
            ballots_counted=self.log.running.ballots if self.log.running else 0,
            ballots_challenged=self._challenges,
            rules=results,
            warnings=tuple(self._warnings()),
            result=self.log.result,
        )

    def _result(self, rule_id: str) -> RuleResult:
        rule, tally = RULES[rule_id], self._rules[rule_id]
        reason = ""
        if tally.failed:
            status = Status.FAILED
        elif tally.checked:
            status = Status.PASSED
            reason = self._unfinished(rule_id)
            if reason:
                status = Status.NOT_RUN
        else:
            status, reason = self._unchecked(rule_id)
        return RuleResult(
            rule=rule.id,
            step=rule.step,
            title=rule.title,
            reference=rule.reference,
            status=status,
            unit=rule.unit,
            checked=tally.checked,
            failed=tally.failed,
            reason=reason,
            findings=tuple(tally.findings if self._accuses(rule.step) else map(_nobodys, tally.findings)),
        )

    def _accuses(self, step: str) -> bool:
        """Whether findings of a step name culprits. The authority signs the manifest and a board keeps the rules of the
        log; where these are broken, anybody may have written anything, and who is at fault for the rest is not known.
        And a shuffle, or a decryption share, is of all that stands before it: where that is broken, an honest one may
        not hold."""
        # Another log than the authority sealed was not written by anybody: whoever signed what is wrong in it did sign.
        # Nor was one that too few have cosigned.
        kept = ("L7", "L8")
        broken = {
            RULES[rule].step for rule, tally in self._rules.items() if tally.failed and rule not in kept
        }
        if step == "mixing":
            return broken <= {"mixing", "tally"}
        return not broken & {"manifest", "log"} and (step != "tally" or broken <= {"tally"})

    def _unfinished(self, rule_id: str) -> str:
        """Why a rule whose checks all passed is not done yet: some of its items are still to come."""
        if rule_id in ("K1", "K2", "K3") and self.log.phase == "setup":
            expected = len(self.log.election.manifest.trustees)
            if self._rules[rule_id].checked < expected:
                return f"{self._rules[rule_id].checked} of {expected} trustees so far"
        return ""

    def _unchecked(self, rule_id: str) -> tuple[Status, str]:
        """The status of a rule that found nothing to check, and why."""
        if rule_id == "M3" and self._announced is None:
            return Status.NOT_APPLICABLE, "no id was given to compare with"
        if rule_id == "L6" and self._pins.checkpoint is None:
            return Status.NOT_APPLICABLE, "no checkpoint was pinned"
        if rule_id == "L7" and not self._pins.cosigners:
            return Status.NOT_APPLICABLE, "no cosigner was pinned"
        if not self._has_manifest:
            return Status.NOT_RUN, "there is no manifest"
        if self.log.result is None:
            return Status.NOT_RUN, f"the election has not ended: its phase is {self.log.phase}"
        contests = self.log.election.manifest.contests
        if rule_id in ("X1", "X2", "X3") and not any(map(is_mixed, contests)):
            return Status.NOT_APPLICABLE, "nothing is mixed"
        if rule_id == "T5" and not any(is_mixed(one) and is_summed(one) for one in contests):
            return Status.NOT_APPLICABLE, "no contest is tallied twice"
        if rule_id == "T4" and not self.log.ruled():
            return Status.NOT_APPLICABLE, "no contest has an outcome rule"
        if rule_id == "T1" and not any(map(is_summed, contests)):
            return Status.NOT_APPLICABLE, "nothing is added up"
        there_are = {
            "K5": len(self.log.complaints),
            "H1": self._challenges,
            "H2": self._challenges,
            "B2": self._ballots + self._challenges,
        }
        if not there_are.get(rule_id, 1):
            return Status.NOT_APPLICABLE, "there are none"
        if rule_id in ("C1", "C2", "C3", "B1", "B3", "T1", "X1", "X2", "X3", "T5") and not self._ballots:
            return Status.NOT_APPLICABLE, "nobody voted"
        return Status.NOT_RUN, "the record holds nothing that it could check"

    def _warnings(self) -> Iterable[str]:
        if not self._has_manifest:
            return
        if self._announced is None:
            yield f"compare the election's id with the one announced: {self.log.election.id.hex()}"
        if self.log.result is not None and self.log.result.below_minimum_group:
            yield "fewer ballots were counted than the manifest's minimum group: the counts may tell how a voter voted"
        rounds, mixers = self.log.election.manifest.mixing_rounds, len(self.log.election.manifest.mixers)
        if rounds < mixers:
            yield (
                f"any {rounds} of the {mixers} mixers can tell whose a mixed line is, "
                "where the board lets in no others"
            )
        if self.log.election.manifest.quorum == 1:
            yield "a quorum of one: any single trustee can decrypt every ballot"


def _nobodys(finding: Finding) -> Finding:
    return finding.model_copy(update={"culprit": None})
