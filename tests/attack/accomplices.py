"""A tiny finished election with every party's keys, and what its parties can do when they collude.

The record has an entry of every kind that an election needs: two contests, three trustees with a quorum of two, one
registrar, four ballots of three voters (one votes again) and one challenge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from secretballot.ballot.context import BallotContext
from secretballot.ballot.voter import VoterDevice
from secretballot.board.board import Board
from secretballot.crypto.note import NoteVerifier
from secretballot.crypto.signing import SigningKey, VerifyKey
from secretballot.records import Record
from secretballot.tally import ElectionLog
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation
from secretballot.testing.tamper.accomplices import Accomplices
from secretballot.verify import Report, verify_entries

from ..support import elections

#: What stands at each place of the record, so that tests can be named before it is made.
PLACES = (
    "manifest",
    *("ceremony-commitment",) * 3,
    *("ceremony-message",) * 3,
    *("ceremony-confirmation",) * 3,
    "phase",
    *("issuance",) * 3,
    "phase",
    "ballot",
    "challenged-ballot",
    *("ballot",) * 3,
    "phase",
    "seal",
    *("decryption-share",) * 2,
    "result",
)
NAMED_PLACES = [f"{place}-{kind}" for place, kind in enumerate(PLACES)]
SEAL = PLACES.index("seal")
#: The first entry after the authority's seal.
TALLY = PLACES.index("decryption-share")
BALLOTS = [place for place, kind in enumerate(PLACES) if kind == "ballot"]
CHALLENGE = PLACES.index("challenged-ballot")
#: The voter of each ballot and of the challenge.
VOTERS = {15: 0, 16: 1, 17: 1, 18: 2, 19: 0}

CONTESTS = (
    elections.rating(
        "officials",
        ("an", "binh"),
        levels=elections.options("high", "low"),
        allow_blank=False,
        rules=(elections.rule("dismissal", "low", ">", "1/2"),),
    ),
    elections.approval("committee", ("giang", "hoa"), minimum=0, maximum=1, allow_blank=False),
)


def selection(an: str, binh: str, *committee: str) -> dict[str, Any]:
    """What a voter chooses."""
    return {"officials": {"an": an, "binh": binh}, "committee": set(committee)}


class Held(NamedTuple):
    """A finished election. Its simulation holds every secret; the board's own state is past the result."""

    simulation: Simulation
    entries: list[bytes]
    checkpoint: bytes
    #: The receipts of the entries of :data:`VOTERS`, by place.
    receipts: Mapping[int, str]

    @property
    def parties(self) -> Accomplices:
        """Every party's keys, and what they do with them."""
        return Accomplices(self.simulation, self.entries)

    def log(self, stop: int) -> ElectionLog:
        """The log's state after the first ``stop`` entries."""
        return elections.replay(self.entries[:stop])

    def board_at(self, stop: int) -> Board:
        """An honest board that has taken the first ``stop`` entries."""
        return Board(elections.store_of(self.entries[:stop]), self.simulation.board_keys, ElectionLog())

    def device(self, voter: int, context: BallotContext | None = None) -> VoterDevice:
        """A voter's device, for this election or for what an attacker takes it to be."""
        return self.parties.device(voter, context)

    def decrypting(self, trustee: int) -> DecryptingTrustee:
        """A trustee, by place from 0, who has decrypted nothing yet."""
        return DecryptingTrustee(self.simulation.key_holders[trustee])

    def shown(self, place: int, *raw: bytes) -> Report:
        """The report where the board took these entries in place of the one there; before the tally, trustees and
        authority collude."""
        entries = [*self.entries[:place], *raw, *self.entries[place + 1 :]]
        return self.verify(self.collude(entries[: TALLY - 1 + len(raw)]) if place < SEAL else entries)

    def record(self, place: int) -> Record:
        """The record at a place; of the manifest and the phases, see :meth:`body`."""
        return elections.record_of(self.entries, place)

    def body(self, place: int) -> Any:
        """The body at a place, as plain JSON values."""
        return self.parties.body(place)

    @property
    def board(self) -> tuple[NoteVerifier, str]:
        """Who signs the checkpoints, and of which log."""
        public = self.simulation.board_keys.public()
        return NoteVerifier(public.origin, VerifyKey(public.key)), public.origin

    def key(self, place: int) -> SigningKey:
        """The signing key of whoever signed the entry at a place."""
        return self.parties.key(place)

    def trustee_key(self, trustee: str) -> SigningKey:
        """The signing key of a trustee."""
        return self.parties.trustee_key(trustee)

    def sign(self, entries: Sequence[bytes]) -> bytes:
        """A malicious board's checkpoint over these entries."""
        return self.parties.sign(entries)

    def verify(self, entries: Sequence[bytes], election_id: bytes | None = None) -> Report:
        """The report where the board is malicious: it signs whatever the entries are."""
        return verify_entries(entries, self.sign(entries), election_id=election_id)

    def replaced(self, place: int, raw: bytes) -> list[bytes]:
        """The entries with one replaced."""
        return self.parties.replaced(place, raw)

    def rewritten(self, place: int, change: Callable[[Any], object]) -> bytes:
        """The entry at a place with its body changed, signed by whoever signed it before."""
        return self.parties.rewritten(place, change)

    def updated(self, place: int, **members: Any) -> bytes:
        """The entry at a place with members of its record replaced, signed by whoever signed it before."""
        return self.parties.updated(place, **members)

    def seal(self, log: ElectionLog) -> bytes:
        """The seal of an authority that seals whatever it is asked to."""
        return self.parties.seal(log)

    def collude(self, entries: Sequence[bytes]) -> list[bytes]:
        """The entries up to the tally, with a new seal, new shares and a new result over them: two trustees and the
        authority make whatever the board shows them look right, as far as they can."""
        return self.parties.collude([raw for raw in entries if raw != self.entries[SEAL]]).entries


def hold() -> Held:
    """A new election, to its end."""
    simulation = elections.voting(CONTESTS, 3, roll_size=4, minimum_group=2)
    receipts = {}

    def post(place: int, raw: bytes) -> None:
        receipts[place] = simulation.board.submit(raw)

    post(15, simulation.seal(0, selection("high", "low", "giang")).cast())
    post(16, simulation.seal(1, selection("low", "low", "hoa")).challenge())
    post(17, simulation.seal(1, selection("high", "low")).cast())
    post(18, simulation.seal(2, selection("low", "low", "hoa")).cast())
    post(19, simulation.seal(0, selection("high", "high", "hoa")).cast())
    simulation.tally(absent=[2])
    entries = list(simulation.store.entries())
    return Held(simulation, entries, simulation.board.checkpoint().encode(), receipts)


def named(report: Report, place: int) -> bool:
    """Whether a finding names the entry at this place."""
    item = f"entry {place}"
    return any(
        finding.item == item or finding.item.startswith(f"{item},")
        for rule in report.rules
        for finding in rule.findings
    )


def failed(report: Report) -> set[str]:
    """The ids of the rules that failed."""
    return {rule.rule for rule in report.rules if rule.failed}


def findings(report: Report) -> list[str]:
    """Every finding in words."""
    return [f"{r.rule} {f.item}: {f.message} ({f.culprit})" for r in report.rules for f in r.findings]
