"""A light reader of records: what they say, with nothing verified but their form.

An entry that cannot be read is counted and named, and the next one is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from ..ballot.records import Ballot, ChallengedBallot, code_of
from ..board import ElectionRecord, Entry, Phase, PhaseChange
from ..crypto.note import Checkpoint, parse_note
from ..errors import SecretBallotError
from ..manifest import Election, Manifest, election_id
from ..tally import ElectionLog, Result

#: Unreadable entries that are named; all of them are counted.
MAX_PROBLEMS = 10


@dataclass
class RecordContents:
    """What a record says of itself; none of it is verified.

    ``kinds`` counts the readable entries by kind, in the order of their first; ``problems`` names the first of the
    ``unreadable`` ones; ``checkpoint`` is what the checkpoint states, or ``checkpoint_problem`` says why there is none.
    """

    election: Election | None = None
    phase: Phase = "setup"
    entries: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    problems: list[str] = field(default_factory=list)
    checkpoint: Checkpoint | None = None
    checkpoint_problem: str = ""
    result: Result | None = None


def _read(record: ElectionRecord) -> Iterator[Entry | SecretBallotError]:
    """Every entry of the record taken apart, or the error that says why it cannot be."""
    log = ElectionLog()
    for raw in record.entries():
        try:
            yield log.read(raw)
        except SecretBallotError as error:
            yield error
        log.skip(raw)


def read_contents(record: ElectionRecord) -> RecordContents:
    """Reads a record through; raises RecordError where a file of it cannot be read at all."""
    contents = RecordContents()
    for index, entry in enumerate(_read(record)):
        contents.entries += 1
        if isinstance(entry, SecretBallotError):
            contents.unreadable += 1
            if len(contents.problems) < MAX_PROBLEMS:
                contents.problems.append(f"entry {index}: {entry.message}")
            continue
        contents.kinds[entry.signed.kind] += 1
        match entry.record:
            case Manifest():
                contents.election = Election(entry.signed.body)
            case PhaseChange() as change:
                contents.phase = change.phase
            case Result() as result:
                contents.phase = "closed"
                contents.result = contents.result or result
            case _:
                pass
    try:
        contents.checkpoint = Checkpoint.parse(parse_note(record.checkpoint())[0])
    except SecretBallotError as error:
        contents.checkpoint_problem = str(error)
    return contents


def read_manifest(record: ElectionRecord, election: str) -> Manifest | None:
    """The manifest that a record begins with, for its labels; None where there is no readable one, or its election has
    another id (hexadecimal) than was verified: the record could have been replaced since."""
    first = next(_read(record), None)
    if not isinstance(first, Entry) or not isinstance(first.record, Manifest):
        return None
    return first.record if election_id(first.signed.body).hex() == election else None


class Fate(StrEnum):
    """What has become of a ballot, as the log tells it."""

    #: It counts, and there is a result.
    COUNTED = "counted"
    #: It counts, no other can come in its place, and there is no result yet.
    TO_BE_COUNTED = "to be counted"
    #: It counts, but voting is open, and a later ballot of the same credential would count in its place.
    COUNTED_SO_FAR = "counted so far"
    #: A later ballot of the same credential counts.
    REPLACED = "replaced"
    #: An earlier ballot of the same credential counts.
    NOT_COUNTED = "not counted"
    CHALLENGED = "challenged"
    #: It, or another one of the same credential, is in the log against the rules: whether it counts is open.
    OPEN = "open"
    #: There is no such ballot.
    ABSENT = "absent"
    #: No entry that can be read is the ballot, and some cannot be read.
    UNKNOWN = "unknown"


class FoundBallot(NamedTuple):
    """Where a record holds a ballot: its ``entry``, and ``counts_instead``, the entry of the same credential that
    counts in its place. ``again`` is another entry that has the same ballot, cast or challenged, which no good record
    has."""

    entry: int
    challenged: bool
    counts_instead: int | None
    again: int | None = None


class Search(NamedTuple):
    """What a search came to: the ballot, or None where no readable entry is it; how many entries are unreadable, any
    of which may be the ballot, or replace it; whether a later ballot can still come and count instead; whether there is
    a result; and which entries of the ballot's credential break a rule, and how."""

    found: FoundBallot | None
    unreadable: int
    replaceable: bool
    is_over: bool
    broken: tuple[str, ...] = ()

    @property
    def fate(self) -> Fate:
        """What has become of the ballot."""
        found = self.found
        if found is None:
            return Fate.UNKNOWN if self.unreadable else Fate.ABSENT
        if found.challenged:
            return Fate.CHALLENGED
        if self.broken:
            return Fate.OPEN
        if found.counts_instead is None:
            if self.is_over:
                return Fate.COUNTED
            return Fate.COUNTED_SO_FAR if self.replaceable else Fate.TO_BE_COUNTED
        return Fate.REPLACED if found.counts_instead > found.entry else Fate.NOT_COUNTED


def find_ballot(record: ElectionRecord, code: bytes) -> Search:
    """Looks for the ballot with that confirmation code, cast or challenged. Of it, and of what may count in its place,
    it is seen whether they are of this election, signed, and cast while voting was open; nothing else is verified."""
    election: Election | None = None
    phase: Phase = "setup"
    unreadable = 0
    first_of: dict[bytes, int] = {}
    found: FoundBallot | None = None
    key = b""
    broken: list[str] = []
    for entry, election, phase in _in_phases(record):
        if isinstance(entry, SecretBallotError):
            unreadable += 1
            continue
        match entry.record:
            case ChallengedBallot() as challenged:
                if code_of(challenged.ballot.encode("utf-8")) != code:
                    continue
                if found is None:
                    found = FoundBallot(entry.index, challenged=True, counts_instead=None)
                else:
                    found = found._replace(again=found.again or entry.index)
            case Ballot() as ballot:
                first = first_of.setdefault(ballot.credential.key, entry.index)
                same = code_of(entry.signed.body) == code
                revoting = election.manifest.revoting if election else "last"
                if same or (found is not None and ballot.credential.key == key):
                    broken += _broken(entry, ballot, election, phase)
                if found is not None and same:
                    # Where the last counts, that is this one, which is the same ballot.
                    instead = None if revoting == "last" else found.counts_instead
                    found = found._replace(again=found.again or entry.index, counts_instead=instead)
                elif same:
                    key = ballot.credential.key
                    earlier = first if revoting == "first" and first != entry.index else None
                    found = FoundBallot(entry.index, challenged=False, counts_instead=earlier)
                    if earlier is not None:
                        broken += _broken_before(record, earlier)
                elif found is not None and ballot.credential.key == key and revoting == "last":
                    found = found._replace(counts_instead=entry.index)
            case _:
                pass
    last_counts = election is not None and election.manifest.revoting == "last"
    return Search(found, unreadable, last_counts and phase == "voting", phase == "closed", tuple(broken))


def _in_phases(
    record: ElectionRecord,
) -> Iterator[tuple[Entry | SecretBallotError, Election | None, Phase]]:
    """Every entry with the election, None before there is one, and the phase that it stands in, or makes."""
    election: Election | None = None
    phase: Phase = "setup"
    for entry in _read(record):
        if isinstance(entry, Entry):
            match entry.record:
                case Manifest():
                    election = Election(entry.signed.body)
                case PhaseChange() as change:
                    phase = change.phase
                case Result():
                    phase = "closed"
                case _:
                    pass
        yield entry, election, phase


def _broken_before(record: ElectionRecord, place: int) -> Iterator[str]:
    """How the ballot at an earlier place breaks a rule: it is read again, as no ballot is kept."""
    for entry, election, phase in islice(_in_phases(record), place, place + 1):
        if isinstance(entry, Entry) and isinstance(entry.record, Ballot):
            yield from _broken(entry, entry.record, election, phase)


def _broken(entry: Entry, ballot: Ballot, election: Election | None, phase: Phase) -> Iterator[str]:
    """How a ballot breaks a rule that can be seen at once; nothing where it does not."""
    if election is None or ballot.election != election.id:
        yield f"{entry.name} is not of this election"
    if phase != "voting":
        yield f"{entry.name} was cast when voting was not open"
    try:
        entry.signed.verify(ballot.credential.key)
    except SecretBallotError:
        yield f"{entry.name} is not signed by its ballot key"
