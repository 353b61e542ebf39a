"""What follows from a run: the status of every rule, whom its findings accuse, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..manifest import is_mixed, is_summed
from ..tally.log import ElectionLog
from .findings import Finding, Report, RuleResult, Status, Verdict
from .pins import Pins
from .rules import RULES


@dataclass
class Tally:
    """A rule's counters while verification runs."""

    checked: int = 0
    failed: int = 0
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Conclusion:
    """A run that is over: the log's state, each rule's counters, what was pinned and announced, and how many entries,
    ballots and challenges there were."""

    log: ElectionLog
    rules: Mapping[str, Tally]
    pins: Pins
    announced: bytes | None
    has_manifest: bool
    entries: int
    ballots: int
    challenges: int

    def report(self) -> Report:
        """All of it."""
        results = tuple(self.result(rule) for rule in RULES)
        statuses = {result.status for result in results}
        verdict = Verdict.VERIFIED
        if Status.FAILED in statuses:
            verdict = Verdict.FAILED
        elif Status.NOT_RUN in statuses:
            verdict = Verdict.INCOMPLETE
        return Report(
            verdict=verdict,
            election=self.log.election.id.hex() if self.has_manifest else "",
            entries=self.entries,
            ballots_cast=self.ballots,
            ballots_counted=self.log.running.ballots if self.log.running else 0,
            ballots_challenged=self.challenges,
            rules=results,
            warnings=tuple(self._warnings()),
            result=self.log.result,
        )

    def result(self, rule_id: str) -> RuleResult:
        """Of one rule."""
        rule, tally = RULES[rule_id], self.rules[rule_id]
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
        broken = {RULES[rule].step for rule, tally in self.rules.items() if tally.failed and rule not in kept}
        if step == "mixing":
            return broken <= {"mixing", "tally"}
        return not broken & {"manifest", "log"} and (step != "tally" or broken <= {"tally"})

    def _unfinished(self, rule_id: str) -> str:
        """Why a rule whose checks all passed is not done yet: some of its items are still to come."""
        if rule_id in ("K1", "K2", "K3") and self.log.phase == "setup":
            expected = len(self.log.election.manifest.trustees)
            if self.rules[rule_id].checked < expected:
                return f"{self.rules[rule_id].checked} of {expected} trustees so far"
        return ""

    def _unchecked(self, rule_id: str) -> tuple[Status, str]:
        """The status of a rule that found nothing to check, and why."""
        if rule_id == "M3" and self.announced is None:
            return Status.NOT_APPLICABLE, "no id was given to compare with"
        if rule_id == "L6" and self.pins.checkpoint is None:
            return Status.NOT_APPLICABLE, "no checkpoint was pinned"
        if rule_id == "L7" and not self.pins.cosigners:
            return Status.NOT_APPLICABLE, "no cosigner was pinned"
        if not self.has_manifest:
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
            "H1": self.challenges,
            "H2": self.challenges,
            "B2": self.ballots + self.challenges,
        }
        if not there_are.get(rule_id, 1):
            return Status.NOT_APPLICABLE, "there are none"
        if rule_id in ("C1", "C2", "C3", "B1", "B3", "T1", "X1", "X2", "X3", "T5") and not self.ballots:
            return Status.NOT_APPLICABLE, "nobody voted"
        return Status.NOT_RUN, "the record holds nothing that it could check"

    def _warnings(self) -> Iterable[str]:
        if not self.has_manifest:
            return
        if self.announced is None:
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
