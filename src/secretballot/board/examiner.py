"""What can be checked of a line of the register, a ballot or a challenge by itself, without the rest of the log.

These are nearly all entries of an election, and nearly all the work of verifying it. They need the manifest and the
election key alone, so that any number of processes can do it, in any order.
"""

from __future__ import annotations

from collections.abc import Callable

from ..ballot.checks import challenged_ballot, check_openings, decode_contests, parse_proofs
from ..ballot.context import BallotContext
from ..ballot.records import Ballot, ChallengedBallot
from ..credential import Issuance
from ..credential.checks import check_credential
from ..crypto.batch import ParsedProof
from ..crypto.group import Element
from ..errors import BallotError, BoardError, EncodingError, PhaseError
from ..manifest import Election
from ..records import Record, a_kind, parse_entry
from .entry import Cast, Entry, facts_of

#: A rule's id, and the check that raises where the entry breaks it.
Check = tuple[str, Callable[[], None]]

_RECORDS: dict[str, type[Record]] = {
    "issuance": Issuance,
    "ballot": Ballot,
    "challenged-ballot": ChallengedBallot,
}


class Examiner:
    """The checks of single entries. ``context`` is None where the ceremony gave no key: what needs it then fails."""

    def __init__(self, election: Election, context: BallotContext | None) -> None:
        self.election = election
        self._context = context
        #: Of the entry itself and not of its index: one that was refused leaves its index to the next. Threads share an
        #: examiner: what one has kept, another may replace at any time.
        self._decoded: tuple[Entry, list[list[Element]]] | None = None
        self._opened: tuple[Entry, Ballot] | None = None

    @property
    def context(self) -> BallotContext:
        """Election and election key; raises PhaseError where there is none."""
        if self._context is None:
            raise PhaseError("there is no election key")
        return self._context

    def read(self, index: int, raw: bytes) -> Entry:
        """The entry at a place of the log, taken apart; raises EncodingError naming it."""
        try:
            self.election.check_size(raw)
            signed = parse_entry(raw)
            if signed.kind not in _RECORDS:
                raise EncodingError(f"{a_kind(signed.kind)} has no place here")
            record = _RECORDS[signed.kind].from_body(signed.body)
        except EncodingError as error:
            raise EncodingError(error.message, item=f"entry {index}") from None
        return Entry(index, raw, signed, record, facts_of(signed, record))

    def checks(self, entry: Entry) -> list[Check]:
        """The checks of an entry by itself, each with its rule; its proofs are :meth:`proofs`."""
        common: list[Check] = [
            ("L2", lambda: check_election(self.election, entry)),
            ("L4", lambda: entry.signed.verify(self.signer(entry))),
        ]
        match entry.record:
            case Ballot() as ballot:
                return [
                    *common,
                    ("C2", lambda: check_credential(self.election, ballot.credential)),
                    ("B1", lambda: self._check_form(entry)),
                ]
            case ChallengedBallot() as challenged:
                return [
                    *common,
                    ("C2", lambda: check_credential(self.election, self._within(entry).credential)),
                    ("H1", lambda: self._check_openings(entry, challenged)),
                ]
            case _:
                return common

    def proofs(self, entry: Entry) -> list[ParsedProof]:
        """The proofs of a ballot or challenged ballot, not verified yet; raises BallotError for one that is malformed.
        None for other entries."""
        match entry.record:
            case Ballot() as ballot:
                return parse_proofs(self.context, ballot, self.elements(entry), entry.name)
            case ChallengedBallot():
                within = self._within(entry)
                return parse_proofs(self.context, within, decode_contests(self.context, within), entry.name)
            case _:
                return []

    def elements(self, entry: Entry) -> list[list[Element]]:
        """The elements of a ballot's ciphertexts, contest by contest; raises BallotError where one is malformed.
        Decoded once."""
        if not isinstance(entry.record, Ballot):
            raise BallotError("not a ballot", item=entry.name)
        kept = self._decoded
        if kept is None or kept[0] is not entry:
            self._decoded = kept = entry, decode_contests(self.context, entry.record)
        return kept[1]

    def add_up(self, entry: Entry, facts: Cast) -> tuple[Cast, list[Element]]:
        """The elements that a ballot adds to the sums; none, and facts that say so, where they are malformed."""
        try:
            return facts, [element for contest in self.elements(entry) for element in contest]
        except (BallotError, PhaseError):
            return facts._replace(ciphertexts=b""), []

    def signer(self, entry: Entry) -> bytes:
        """The key that must have signed the entry: the registrar's, or the ballot key."""
        match entry.record:
            case Issuance() as issuance:
                return self.election.manifest.registrar(issuance.registrar).signing_key
            case Ballot() as ballot:
                return ballot.credential.key
            case ChallengedBallot():
                return self._within(entry).credential.key
            case _:
                raise BoardError("nobody signs such a record")

    def _check_form(self, entry: Entry) -> None:
        self.elements(entry)

    def _check_openings(self, entry: Entry, challenged: ChallengedBallot) -> None:
        check_openings(self.context, self._within(entry), challenged.openings)

    def _within(self, entry: Entry) -> Ballot:
        """The ballot in a challenge, read once; raises BallotError where it is none."""
        if not isinstance(entry.record, ChallengedBallot):
            raise BallotError("not a challenged ballot", item=entry.name)
        kept = self._opened
        if kept is None or kept[0] is not entry:
            self._opened = kept = entry, challenged_ballot(entry.record)
        return kept[1]


def check_election(election: Election, entry: Entry) -> None:
    """Returns nothing if the entry says that it is of the election; raises BoardError otherwise."""
    if getattr(entry.record, "election", None) != election.id:
        raise BoardError("the entry is another election's", item=entry.name)
