"""What a page is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from ...crypto.note import Checkpoint, parse_note
from ...errors import ArgumentError, SecretBallotError
from ...manifest import Contest, Manifest
from ...verify import Pins, Report, Status, Verdict
from ..chronicle import Chronicle
from ..words import Named
from .elements import Content, Markup, code, element
from .words import Language


class Verifier(NamedTuple):
    """What verified: its version, and the backend that it computed with."""

    version: str
    backend: str


@dataclass(frozen=True)
class Subject:
    """A report with what stands beside it. ``chronicle`` is None where the record's course is not known, ``made`` where
    the time is not to be said; ``announced`` is the election's id that was given to compare with."""

    report: Report
    language: Language
    verifier: Verifier
    chronicle: Chronicle | None = None
    pins: Pins | None = None
    announced: bytes | None = None
    made: datetime | None = None

    def __post_init__(self) -> None:
        """Raises ArgumentError for a report whose verdict is not what its rules say."""
        statuses = {rule.status for rule in self.report.rules}
        follows = Verdict.VERIFIED
        if Status.FAILED in statuses or any(rule.failed or rule.findings for rule in self.report.rules):
            follows = Verdict.FAILED
        elif Status.NOT_RUN in statuses or not self.report.rules:
            follows = Verdict.INCOMPLETE
        if self.report.verdict is not follows:
            raise ArgumentError(f"the report says {self.report.verdict.value}, and its rules {follows.value}")

    @property
    def is_verified(self) -> bool:
        """Whether the verdict is verified."""
        return self.report.verdict is Verdict.VERIFIED

    @property
    def course(self) -> Chronicle | None:
        """The chronicle, where it is of the record that was verified, and that record has a manifest."""
        chronicle = self.chronicle
        if chronicle is None or chronicle.entries != self.report.entries:
            return None
        named = chronicle.election.id.hex() if chronicle.election else ""
        return chronicle if named and named == self.report.election else None

    @property
    def manifest(self) -> Manifest | None:
        """The manifest of the election that was verified."""
        course = self.course
        return course.election.manifest if course and course.election else None

    @property
    def checkpoint(self) -> Checkpoint | None:
        """What the record's checkpoint states, whoever signed it; None where it is none."""
        try:
            return Checkpoint.parse(parse_note(self.course.checkpoint)[0]) if self.course else None
        except SecretBallotError:
            return None

    @property
    def is_of_checkpoint(self) -> bool:
        """Whether the entries are those of the checkpoint, and the board signed it (rule L5)."""
        return any(rule.rule == "L5" and rule.status is Status.PASSED for rule in self.report.rules)

    def of_result(self, caption: Content, *notes: Content) -> Content:
        """The caption of a table of results: where the record is not verified, it says so."""
        said = None if self.is_verified else self.language.say("unverified result")
        return [caption, element("small", [[one, " "] for one in (*notes, said) if one])]

    def contest_name(self, contest_id: str) -> Markup:
        """A contest's label; its id where the manifest does not have it."""
        return self._contest_names.get(contest_id, code(contest_id))

    def party_name(self, party_id: str) -> Markup:
        """A party's label; its id where the manifest does not have it."""
        return self._party_names.get(party_id, code(party_id))

    @cached_property
    def _party_names(self) -> Mapping[str, Markup]:
        return self.language.names(_posting(self.manifest) if self.manifest else ())

    @cached_property
    def _contest_names(self) -> Mapping[str, Markup]:
        return self.language.names(self.manifest.contests if self.manifest else ())

    def contest(self, contest_id: str) -> Contest | None:
        """A contest of the manifest, if it has it."""
        contests = self.manifest.contests if self.manifest else ()
        return next((one for one in contests if one.id == contest_id), None)


def _posting(manifest: Manifest) -> Iterator[Named]:
    """Everybody who posts by an id."""
    yield from manifest.trustees
    yield from manifest.mixers
    yield from manifest.registrars
