"""The log from its first entry to its checkpoint, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ...board.records import PhaseChange
from ...crypto.cosignature import open_cosignatures
from ...errors import SecretBallotError
from ..chronicle import Chronicle, Event
from .blocks import paragraph, section, table
from .elements import Content, Markup, element, escaped, filled, foreign
from .subject import Subject

#: Steps that are shown, and parties that one names; what a hostile record has more of is counted.
MAX_SHOWN, MAX_NAMED = 300, 20
#: Seconds since the Epoch that a calendar can show: up to the year 9999.
MAX_TIME = 253_402_300_799
#: Who posts the entries of a kind where the entry does not say it.
_AUTHORITYS = frozenset({"manifest", "phase", "seal", "result"})


class _Step(NamedTuple):
    """Entries of one kind that stand together, or all of one of the many kinds from their first to their last."""

    first: int
    last: int
    kind: str
    size: int
    events: list[Event]


def timeline(subject: Subject) -> Markup | None:
    """The section; None where the record's course is not known."""
    chronicle = subject.course
    return _Timeline(subject, chronicle).section() if chronicle is not None else None


class _Timeline:
    def __init__(self, subject: Subject, chronicle: Chronicle) -> None:
        self._subject = subject
        self._language = subject.language
        self._chronicle = chronicle

    def section(self) -> Markup:
        """All of it."""
        language = self._language
        steps = self._steps()
        rows = [*map(self._row, steps[:MAX_SHOWN]), *self._end()]
        unread = self._chronicle.unread + sum(step.size for step in steps[MAX_SHOWN:])
        headings = [language.say(key) for key in ("entries", "what", "who")]
        return section(
            "timeline",
            language.say("timeline"),
            paragraph(language.say("timeline why")),
            None if self._subject.is_verified else paragraph(language.say("told"), style="notice"),
            table(language.say("timeline of"), headings, rows, style="timeline"),
            paragraph(language.say("unread", number=language.number(unread)), style="aside")
            if unread
            else None,
        )

    def _steps(self) -> list[_Step]:
        steps: list[_Step] = []
        for event in self._chronicle.events:
            last = steps[-1] if steps else None
            if last and last.kind == event.kind != "phase" and last.last + 1 == event.index:
                last.events.append(event)
                steps[-1] = last._replace(last=event.index, size=last.size + 1)
            else:
                steps.append(_Step(event.index, event.index, event.kind, 1, [event]))
        spans = self._chronicle.spans.items()
        steps += [_Step(span.first, span.last, kind, span.count, []) for kind, span in spans]
        return sorted(steps)

    def _row(self, step: _Step) -> Sequence[Content]:
        place = str(step.first) if step.first == step.last else f"{step.first}–{step.last}"
        return place, self._what(step), self._who(step)

    def _what(self, step: _Step) -> Markup:
        if step.kind == "phase":
            (event,) = step.events
            phase = event.record.phase if isinstance(event.record, PhaseChange) else "unreadable"
            return self._language.say(f"phase {phase}")
        return self._language.say(f"posted {step.kind}", count=self._language.number(step.size))

    def _who(self, step: _Step) -> Content:
        manifest, language = self._subject.manifest, self._language
        if step.kind in _AUTHORITYS:
            return language.label(manifest.authority.labels, manifest.authority.id) if manifest else None
        if step.kind == "issuance":
            registrars = manifest.registrars if manifest else ()
            return self._joined([one.id for one in registrars])
        if not step.events:
            return language.say("voters")
        posters = [
            getattr(one.record, "trustee", None) or getattr(one.record, "mixer", None) for one in step.events
        ]
        return self._joined([one for one in posters if one is not None])

    def _joined(self, ids: Sequence[str]) -> Markup:
        names = [self._subject.party_name(one) for one in ids[:MAX_NAMED]]
        parts = [name if place == 0 else filled(", {name}", name=name) for place, name in enumerate(names)]
        return escaped([*parts, ", …" if len(ids) > MAX_NAMED else None])

    def _end(self) -> Iterator[Sequence[Content]]:
        """The checkpoint, and who of the pinned cosigners signed it when."""
        language, manifest = self._language, self._subject.manifest
        checkpoint = self._subject.checkpoint
        if checkpoint is None:
            return
        board = foreign(manifest.board.origin) if manifest else None
        yield (
            language.say("checkpoint"),
            language.say(
                "end" if self._subject.is_of_checkpoint else "unproven end",
                entries=language.counted(checkpoint.size, "entries"),
            ),
            board,
        )
        pins = self._subject.pins
        if pins is None or not pins.cosigners:
            return
        try:
            opened = open_cosignatures(self._chronicle.checkpoint, pins.cosigners)
        except SecretBallotError:
            return
        for one in opened.cosignatures:
            name = foreign(one.cosigner.name)
            yield (
                language.say("checkpoint"),
                language.say("cosigned", name=name, time=_time(one.timestamp)),
                name,
            )


def _time(timestamp: int) -> Markup:
    if timestamp > MAX_TIME:
        return escaped(str(timestamp))
    return element("time", f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M} UTC")
