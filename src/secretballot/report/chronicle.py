"""What a log tells of its course: who did what at which entry. Nothing of it is verified here.

Only entries of the few kinds are taken apart; of the many (lines of the register, ballots, challenges) the beginning is
looked at, so that reading along costs next to nothing. A record is read as it is verified (:class:`ChronicledRecord`):
what is told is what was verified, even if the files are replaced in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike

from ..board import ElectionRecord
from ..board.entry import MANY
from ..board.records import PhaseChange
from ..errors import SecretBallotError
from ..manifest import Election
from ..manifest.election import MANIFEST_KIND
from ..records import Record, kind_of, parse_entry
from ..tally import ElectionLog

#: Entries of the few kinds that are kept. An election has some hundreds at most; a hostile record may have millions.
MAX_EVENTS = 2_000
_RECORDS: dict[str, type[Record]] = {"phase": PhaseChange} | {
    kind: record for kind, (record, _) in ElectionLog.records.items()
}


@dataclass(frozen=True)
class Event:
    """An entry of one of the few kinds: its place and its record; None where that cannot be read."""

    index: int
    kind: str
    record: Record | None


@dataclass
class Span:
    """Entries of one of the many kinds: how many there are, the first and the last of them."""

    kind: str
    first: int
    last: int
    count: int = 1


@dataclass
class Chronicle:
    """A log's course so far. ``events`` and ``spans`` are in the order of the log; ``unread`` counts entries of a kind
    that there is not, and those beyond :data:`MAX_EVENTS`."""

    entries: int = 0
    election: Election | None = None
    events: list[Event] = field(default_factory=list)
    spans: dict[str, Span] = field(default_factory=dict)
    unread: int = 0
    #: The record's checkpoint, as its bytes.
    checkpoint: bytes = b""

    def add(self, raw: bytes) -> None:
        """Takes in the next entry. Raises nothing, whatever it is."""
        index, kind = self.entries, kind_of(raw)
        self.entries += 1
        if kind in MANY:
            span = self.spans.get(kind)
            if span is None:
                self.spans[kind] = Span(kind, index, index)
            else:
                span.last, span.count = index, span.count + 1
        elif index == 0 and kind == MANIFEST_KIND:
            self.election = _election(raw)
            self.events.append(Event(index, kind, self.election.manifest if self.election else None))
        elif kind in _RECORDS and len(self.events) < MAX_EVENTS:
            self.events.append(Event(index, kind, _record(kind, raw)))
        else:
            self.unread += 1


def _election(raw: bytes) -> Election | None:
    try:
        return Election(parse_entry(raw).body)
    except SecretBallotError:
        return None


def _record(kind: str, raw: bytes) -> Record | None:
    try:
        return _RECORDS[kind].from_body(parse_entry(raw).body)
    except SecretBallotError:
        return None


class ChronicledRecord(ElectionRecord):
    """A record that keeps the chronicle of whoever read it through last."""

    def __init__(self, path: str | PathLike[str]) -> None:
        """Raises RecordError as :class:`~secretballot.board.ElectionRecord`."""
        super().__init__(path)
        self.chronicle = Chronicle()

    def entries(self) -> Iterator[bytes]:
        """As of every record."""
        chronicle = Chronicle()
        for raw in super().entries():
            chronicle.add(raw)
            yield raw
        chronicle.checkpoint = self.chronicle.checkpoint
        self.chronicle = chronicle

    def checkpoint(self) -> bytes:
        """As of every record."""
        data = super().checkpoint()
        self.chronicle.checkpoint = data
        return data
