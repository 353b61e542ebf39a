"""What two records have in common: all, a beginning, or less; and whether their checkpoints convict the board.

Both are read as streams, side by side, one entry of each in memory at a time. Nothing is verified but the board's
signatures and the hashes: that a record is right, the verifier says. Texts are made safe to show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from itertools import zip_longest
from os import PathLike
from typing import Annotated, Literal

from pydantic import Field

from ..ballot import format_code
from ..ballot.records import Ballot, ChallengedBallot, code_of
from ..board import ElectionRecord, PhaseChange
from ..board.attachments import FOLDER
from ..board.records import Seal
from ..ceremony import CeremonyCommitment, CeremonyComplaint, CeremonyConfirmation, CeremonyMessage
from ..credential import Issuance
from ..crypto.merkle import EMPTY_ROOT, Frontier, leaf_hash
from ..crypto.note import Checkpoint, encode_base64, open_checkpoint, parse_note
from ..errors import RecordError, SecretBallotError
from ..manifest import BoardKey, Election, Manifest, election_id
from ..records import CUT_OFF, Count, Record, kind_of, parse_entry
from ..tally import DecryptionShare, ElectionLog, LineShare, MixRound, Result
from ..tally.records import BatchFile
from .words import Words, counted

#: Differences beside the first entry that are listed.
MAX_LISTED = 20

#: Bytes of an attachment in memory at a time.
_CHUNK = 2**20


class Relation(StrEnum):
    """How the entries of two records, A and B, stand to each other."""

    SAME = "same"
    A_BEGINS_B = "a-begins-b"
    B_BEGINS_A = "b-begins-a"
    FORKED = "forked"


class ComparedEntry(Record):
    """An entry in a line: its kind, empty where it has none; what it says; and the SHA-256 of its bytes, in
    hexadecimal."""

    kind: str
    summary: str
    sha256: str


class FirstDifference(Record):
    """The first place at which two records differ; None stands for a record that has ended there."""

    entry: Count
    a: ComparedEntry | None
    b: ComparedEntry | None


class ComparedRecord(Record):
    """One of two records. ``election`` is its id in hexadecimal, empty where there is no readable manifest; ``root`` is
    that of its entries, in base64; ``problem`` says what is wrong with its checkpoint, and is empty where it is the
    board's, over these entries."""

    election: str
    entries: Count
    root: str
    problem: str


class Comparison(Record):
    """Two records compared. ``common`` is the number of entries that both begin with; ``differences`` are those beside
    the entries, ``remarks`` what is worth knowing and no difference. ``contradiction`` is empty, or says how the
    checkpoints prove that a board signed two histories. ``altered`` names the one of two forked records that was
    changed after it was signed: its own checkpoint is over the other's entries, and says nothing against the board."""

    comparison: Literal["secretballot/1/comparison"] = "secretballot/1/comparison"
    relation: Relation
    common: Count
    first_difference: FirstDifference | None
    a: ComparedRecord
    b: ComparedRecord
    differences: Annotated[tuple[str, ...], Field(fail_fast=True)]
    remarks: Annotated[tuple[str, ...], Field(fail_fast=True)]
    contradiction: str
    altered: Literal["", "A", "B"]

    @property
    def agrees(self) -> bool:
        """Whether nothing in one record speaks against the other: they are the same, or one goes on where the other
        ends."""
        return self.relation is not Relation.FORKED and not self.differences and not self.contradiction


def compare_records(
    a: ElectionRecord | str | PathLike[str], b: ElectionRecord | str | PathLike[str]
) -> Comparison:
    """Compares two records, or the records in two directories. Raises RecordError, naming the file, where one of them
    cannot be read."""
    left, right = _Side("A", a), _Side("B", b)
    sides = left, right
    sizes = {side.checkpoint.size for side in sides if side.checkpoint is not None}
    attachments = _Attachments(left, right)
    common, first = 0, None
    for place, (one, other) in enumerate(zip_longest(left.entries(), right.entries())):
        if first is None:
            one, other = left.uncut(one, other), right.uncut(other, one)
            if one is not None and one == other:
                common += 1
                attachments.compare(one)
            else:
                first = FirstDifference(entry=place, a=_summarise(one), b=_summarise(other))
        left.take(one, sizes)
        right.take(other, sizes)
    relation = Relation.SAME
    if first is not None:
        relation = Relation.FORKED
        if first.a is None or first.b is None:
            relation = Relation.A_BEGINS_B if first.a is None else Relation.B_BEGINS_A
    differences, remarks = _checkpoints(relation, left, right)
    contradiction = _contradiction(left, right)
    altered = [side.name for side, other in (sides, sides[::-1]) if side.is_signed_over(other, common)]
    return Comparison(
        relation=relation,
        common=common,
        first_difference=first,
        a=left.compared(),
        b=right.compared(),
        differences=(*differences, *attachments.listed()),
        remarks=tuple(remarks),
        contradiction=contradiction,
        altered=altered[0] if len(altered) == 1 and relation is Relation.FORKED and not contradiction else "",
    )


class _Side:
    """One of the records while it is read: its checkpoint, and its roots at the sizes of both checkpoints."""

    def __init__(self, name: Literal["A", "B"], record: ElectionRecord | str | PathLike[str]) -> None:
        self.name = name
        self.record = record if isinstance(record, ElectionRecord) else ElectionRecord(record)
        self.note = self.record.checkpoint()
        self.checkpoint: Checkpoint | None = None
        self._unreadable = ""
        try:
            self.checkpoint = Checkpoint.parse(parse_note(self.note)[0])
        except SecretBallotError as error:
            self._unreadable = str(error)
        #: Whether the last line is the beginning of the other record's entry there, which is nothing else than it.
        self.is_cut = self._is_last = False
        self.frontier = Frontier()
        self.roots = {0: EMPTY_ROOT}
        self.board: BoardKey | None = None
        self.election = ""

    def entries(self) -> Iterator[bytes]:
        try:
            entries = self.record.entries()
            raw = next(entries, None)
            while raw is not None:
                ahead = next(entries, None) if raw.endswith(CUT_OFF) else raw
                self._is_last = ahead is None
                yield raw
                raw = next(entries, None) if ahead is raw else ahead
        except RecordError as error:
            raise RecordError(error.message, item=f"{self.record.path}/{error.item}") from None

    def uncut(self, raw: bytes | None, other: bytes | None) -> bytes | None:
        """The entry; None where it is a last line that was cut off within the other record's entry."""
        if raw is not None and other is not None and raw != other and self._is_last:
            self.is_cut = other.startswith(raw.removesuffix(CUT_OFF))
        return None if self.is_cut else raw

    def take(self, raw: bytes | None, sizes: set[int]) -> None:
        """The next entry; None when it has ended."""
        if raw is None:
            return
        if self.frontier.size == 0:
            try:
                election = Election.from_entry(raw)
                self.board, self.election = election.manifest.board, election.id.hex()
            except SecretBallotError:
                pass
        self.frontier.append(leaf_hash(raw))
        if self.frontier.size in sizes:
            self.roots[self.frontier.size] = self.frontier.root()

    def is_signed_over(self, other: _Side, common: int) -> bool:
        """Whether the checkpoint is of the other's board, over entries of the other's of which only the first
        ``common`` are here."""
        checkpoint = self.checkpoint
        return (
            checkpoint is not None
            and checkpoint.size > common
            and other.roots.get(checkpoint.size) == checkpoint.root
            and not self.signature(other.board)
        )

    def problem(self) -> str:
        """What is wrong with the checkpoint; empty where it is the board's, over these entries."""
        signature = self.signature(self.board)
        if signature or self.checkpoint is None:
            return signature
        if self.checkpoint.size != self.frontier.size:
            return f"it is over {counted(self.checkpoint.size, 'entries')}, there are {self.frontier.size}"
        if self.checkpoint.root != self.frontier.root():
            return f"it has the root {encode_base64(self.checkpoint.root)}, which is not that of the entries"
        return ""

    def signature(self, board: BoardKey | None) -> str:
        """Why the checkpoint is nobody's; empty where that board signed it."""
        if self.checkpoint is None:
            return f"it cannot be read: {Words().clean(self._unreadable)}"
        if board is None:
            return "there is no readable manifest, which would name the board"
        try:
            open_checkpoint(self.note, board.verifier(), board.origin)
        except SecretBallotError as error:
            return f"it is not the board's: {error.message}"
        return ""

    def compared(self) -> ComparedRecord:
        return ComparedRecord(
            election=self.election,
            entries=self.frontier.size,
            root=encode_base64(self.frontier.root()),
            problem=self.problem(),
        )


def _checkpoints(relation: Relation, left: _Side, right: _Side) -> tuple[list[str], list[str]]:
    """What is different about the checkpoints, and what is not."""
    if relation is Relation.SAME:
        if left.note == right.note:
            return [], [f"the checkpoint of both: {left.problem()}"] if left.problem() else []
        if left.checkpoint == right.checkpoint and not any(
            side.signature(side.board) for side in (left, right)
        ):
            return [], ["the checkpoints are of the same log, and have other signature lines"]
        states = [f"{side.name}'s checkpoint: {side.problem() or 'is good'}" for side in (left, right)]
        return [f"the checkpoints differ; {'; '.join(states)}"], []
    sides = left, right
    cut = [f"{side.name}'s last line is cut off" for side in sides if side.is_cut]
    return cut + [f"{side.name}'s checkpoint: {side.problem()}" for side in sides if side.problem()], []


def _contradiction(left: _Side, right: _Side) -> str:
    """How two checkpoints by one board prove that it signed two histories; empty where they do not.

    Two roots for one size need nothing else. Of different sizes, a record whose entries have the larger checkpoint's
    root shows which root the smaller size had. The board is that of either manifest: a history that it signed does not
    go unseen because the manifest in it is another one, or none.
    """
    one, other = left.checkpoint, right.checkpoint
    if one is None or other is None:
        return ""
    if all(left.signature(board) or right.signature(board) for board in (left.board, right.board)):
        return ""
    small, large = sorted((one, other), key=lambda checkpoint: checkpoint.size)
    size = counted(small.size, "entries")
    if small.size == large.size:
        then, where = large.root, "and"
    else:
        shown = [side for side in (left, right) if side.roots.get(large.size) == large.root]
        if not shown:
            return ""
        then, where = (
            shown[0].roots[small.size],
            f"and for {large.size} entries, of which the first {small.size} have",
        )
    if then == small.root:
        return ""
    roots = f"the root {encode_base64(small.root)} {where} the root {encode_base64(then)}"
    return f"the board {small.origin} signed two histories: for {size} {roots}"


class _Attachments:
    """The attachments that common entries name, in both records."""

    def __init__(self, left: _Side, right: _Side) -> None:
        self._sides = left, right
        self._seen: set[bytes] = set()
        self._differences: list[str] = []
        self._unlisted = 0

    def compare(self, raw: bytes) -> None:
        """Compares those that an entry names, once each."""
        if kind_of(raw) not in ("mix-round", "line-share"):
            return
        record = _read(raw)
        if not isinstance(record, MixRound | LineShare):
            return
        for file in record.batches:
            if file.digest in self._seen:
                continue
            self._seen.add(file.digest)
            states = [_attachment(side.record, file) for side in self._sides]
            if states[0] == states[1]:
                continue
            if len(self._differences) < MAX_LISTED:
                told = ", ".join(
                    f"{state} in {side.name}" for side, state in zip(self._sides, states, strict=True)
                )
                self._differences.append(f"attachment {file.digest.hex()}: {told}")
            else:
                self._unlisted += 1

    def listed(self) -> list[str]:
        """What differs."""
        more = [f"and {counted(self._unlisted, 'attachments')} more"] if self._unlisted else []
        return self._differences + more


def _attachment(record: ElectionRecord, named: BatchFile) -> str:
    """What became of an attachment in a record: present, missing, damaged, or not to be read. No more is read than an
    entry says that there is."""
    path = record.path / FOLDER / named.digest.hex()
    try:
        if not path.exists():
            return "missing"
        if not path.is_file():  # A pipe would be waited for.
            return "no file"
        size = path.stat().st_size
        if size != named.size:
            return f"damaged (it has {size} bytes, not {named.size})"
        found = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
    except OSError as error:
        return f"unreadable ({error.strerror})"
    return "present" if found.digest() == named.digest else f"damaged (its SHA-256 is {found.hexdigest()})"


def _read(raw: bytes) -> Record | SecretBallotError:
    """The record of an entry, or why it cannot be read."""
    try:
        signed = parse_entry(raw)
        if signed.kind == "manifest":
            return Manifest.from_body(signed.body)
        if signed.kind == "phase":
            return PhaseChange.from_body(signed.body)
        if signed.kind not in ElectionLog.records:
            raise RecordError(f"no log has entries of the kind {signed.kind}")
        return ElectionLog.records[signed.kind][0].from_body(signed.body)
    except SecretBallotError as error:
        return error


def _summarise(raw: bytes | None) -> ComparedEntry | None:
    if raw is None:
        return None
    record = _read(raw)
    summary = _say(raw, record)
    return ComparedEntry(
        kind=kind_of(raw), summary=Words().clean(summary), sha256=hashlib.sha256(raw).hexdigest()
    )


def _say(raw: bytes, record: Record | SecretBallotError) -> str:
    """An entry in a few words: whose it is and which, never what a voter chose."""
    match record:
        case SecretBallotError() as error:
            return f"cannot be read: {error.message}"
        case Manifest():
            return f"election {election_id(parse_entry(raw).body).hex()}"
        case PhaseChange():
            return f"opens {record.phase}"
        case Seal():
            return f"of the log with the root {encode_base64(record.basis)}"
        case CeremonyComplaint():
            return f"trustee {record.trustee} accuses {record.accused}"
        case (
            CeremonyCommitment()
            | CeremonyMessage()
            | CeremonyConfirmation()
            | DecryptionShare()
            | LineShare()
        ):
            return f"trustee {record.trustee}"
        case Issuance():
            return f"registrar {record.registrar}, serial {record.serial}"
        case Ballot():
            return f"code {format_code(code_of(parse_entry(raw).body))}"
        case ChallengedBallot():
            return f"code {format_code(code_of(record.ballot.encode('utf-8')))}"
        case MixRound():
            return f"round {record.round} by mixer {record.mixer}"
        case Result():
            return f"{counted(record.collected, 'ballots')} of a roll of {record.roll}"
        case _:  # pragma: no cover - every kind of entry is above
            return ""
