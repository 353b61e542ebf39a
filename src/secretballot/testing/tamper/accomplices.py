"""A finished election with every party's keys, and what its parties can do when they collude.

An attack changes one thing. Whatever comes after it in the log, and whoever can be bribed, then makes it look right as
far as anybody can: the board signs the log as it is, the authority seals it, mixers mix it, trustees decrypt it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ...ballot.context import BallotContext
from ...ballot.records import Ballot, ChallengedBallot
from ...ballot.voter import VoterDevice
from ...board.attachments import HeldAttachments
from ...board.entry import Entry
from ...board.records import PhaseChange, Seal
from ...credential import Issuance
from ...crypto.group import ristretto255
from ...crypto.merkle import Frontier, leaf_hash
from ...crypto.signing import SigningKey
from ...errors import CryptoError, ManifestError, SecretBallotError, TallyError
from ...manifest import Election
from ...records import Record, parse_entry, sign_body, sign_record
from ...tally import ElectionLog
from ...tally.batches import Batch
from ...tally.mixer import MixerKeys
from ...tally.records import DecryptionShare, LineShare, MixRound, basis_of
from ...tally.trustee import DecryptingTrustee
from ..simulator import Simulation


def canonical(body: object) -> bytes:
    """JSON in the canonical form, members in their order."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


class CredulousLog(ElectionLog):
    """A log that believes what it is told after the close of voting: a seal, a round and a share hold, whatever they
    are, if only they have the right form."""

    def apply(self, entry: Entry) -> None:
        super().apply(entry)
        with suppress(ManifestError, TallyError, CryptoError):
            self._believe(entry.record)

    def _believe(self, record: Record) -> None:
        if isinstance(record, Seal):
            self.is_sealed = self._tally is not None
        elif isinstance(record, DecryptionShare) and self._tally is not None:
            shares = tuple(ristretto255.decode_elements(record.shares))
            if len(shares) == len(self._tally.ciphertexts):
                self.shares.setdefault(self.election.manifest.trustee_index(record.trustee), shares)
        elif self._mixing is None:
            return
        elif isinstance(record, MixRound) and record not in self._mixing.rounds:
            if self._fit(record, self._mixing.round_size):
                self._mixing.rounds.append(record)
                self._mixing.basis = basis_of(record)
        elif isinstance(record, LineShare) and self._fit(record, self._mixing.share_size):
            self.line_shares.setdefault(self.election.manifest.trustee_index(record.trustee), record)

    def _fit(self, record: MixRound | LineShare, size: Callable[[Batch], int]) -> bool:
        """Whether the first attachments are as large as the election's batches, whatever they are said to be."""
        sizes = [] if self._mixing is None else [size(batch) for batch in self._mixing.batches]
        return [file.size for file in record.batches][: len(sizes)] == sizes


@dataclass(frozen=True)
class Accomplices:
    """A finished election. Its simulation holds every secret; ``entries`` and ``attachments`` are its record."""

    simulation: Simulation
    entries: list[bytes]
    attachments: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, simulation: Simulation) -> Accomplices:
        """Those of a simulation at its end."""
        log = simulation.log
        attachments = [bytes(log.attachments.read(*named)) for named in log.attached()]
        return cls(simulation, list(simulation.store.entries()), attachments)

    @property
    def election(self) -> Election:
        """The election."""
        return self.simulation.election

    # Where things stand.

    def places(self, kind: str) -> list[int]:
        """Where the entries of a kind stand."""
        return [place for place, raw in enumerate(self.entries) if parse_entry(raw).kind == kind]

    def place(self, kind: str, number: int = 0) -> int:
        """Where the ``number``-th entry of a kind stands, from 0; -1 is the last."""
        return self.places(kind)[number]

    def opening(self, phase: str) -> int:
        """Where the phase begins."""
        return next(place for place in self.places("phase") if self.body(place)["phase"] == phase)

    def record(self, place: int) -> Any:
        """The record at a place after the manifest's."""
        signed = parse_entry(self.entries[place])
        kind = PhaseChange if signed.kind == "phase" else ElectionLog.records[signed.kind][0]
        return kind.from_body(signed.body)

    def body(self, place: int) -> Any:
        """The body at a place, as plain JSON values."""
        return json.loads(parse_entry(self.entries[place]).body)

    def log(self, stop: int) -> ElectionLog:
        """The log's state after the first ``stop`` entries."""
        log = ElectionLog()
        self._follow(log, self.entries[:stop])
        return log

    # Keys.

    def key(self, place: int) -> SigningKey:
        """The signing key of whoever signed the entry at a place."""
        simulation = self.simulation
        if place == 0:
            return simulation.authority._key
        match self.record(place):
            case PhaseChange() | Seal():
                return simulation.authority._key
            case Issuance() as issuance:
                keys = (keys for keys in simulation.registrar_keys if keys.id == issuance.registrar)
                return next(keys)._signing
            case Ballot() as ballot:
                return self.ballot_key(ballot)
            case ChallengedBallot() as challenged:
                return self.ballot_key(Ballot.from_body(challenged.ballot.encode()))
            case MixRound() as mixed:
                return self.mixer(mixed.mixer)._signing
            case record if "trustee" in type(record).model_fields:
                return self.trustee_key(record.trustee)
            case _:
                return simulation.authority._key

    def ballot_key(self, ballot: Ballot) -> SigningKey:
        """The ballot key of whose ballot it is."""
        return self.simulation.holders[self.voter(ballot)].signing_key

    def voter(self, ballot: Ballot) -> int:
        """Whose ballot it is, by place from 0."""
        keys = [holder.signing_key.verify_key.data for holder in self.simulation.holders]
        return keys.index(ballot.credential.key)

    def trustee_key(self, trustee: str) -> SigningKey:
        """The signing key of a trustee."""
        return next(keys._signing for keys in self.simulation.trustees if keys.id == trustee)

    def mixer(self, mixer: str) -> MixerKeys:
        """The keys of a mixer."""
        return next(keys for keys in self.simulation.mixer_keys if keys.id == mixer)

    # What single parties do.

    def device(self, voter: int, context: BallotContext | None = None) -> VoterDevice:
        """A voter's device, for this election or for what an attacker takes it to be."""
        holder = self.simulation.holders[voter]
        if context is None:
            context = self.log(self.opening("voting")).context
        return VoterDevice(context, holder.credential(), holder.signing_key)

    def sign(self, entries: Sequence[bytes]) -> bytes:
        """The board's checkpoint over these entries, whatever they are."""
        frontier = Frontier()
        for raw in entries:
            frontier.append(leaf_hash(raw))
        return self.simulation.board_keys.sign(frontier.size, frontier.root()).encode()

    def replaced(self, place: int, *raw: bytes) -> list[bytes]:
        """The entries with others in place of one."""
        return [*self.entries[:place], *raw, *self.entries[place + 1 :]]

    def rewritten(self, place: int, change: Callable[[Any], object]) -> bytes:
        """The entry at a place with its body changed, signed by whoever signed it before."""
        body = self.body(place)
        change(body)
        return sign_body(canonical(body), self.key(place))

    def updated(self, place: int, **members: Any) -> bytes:
        """The entry at a place with members of its record replaced, signed by whoever signed it before."""
        record: Record = self.record(place)
        return sign_record(record.model_copy(update=members), self.key(place))

    def seal(self, log: ElectionLog) -> bytes:
        """The seal of an authority that seals whatever it is asked to."""
        seal = Seal(election=log.election.id, basis=log.closing_root)
        return sign_record(seal, self.simulation.authority._key)

    # What all of them do.

    def shown(self, place: int, *raw: bytes, also: Sequence[bytes] = ()) -> Shown:
        """The record where the board took these entries in place of the one there, and all the others go on with it.
        ``also`` are attachments that these entries name."""
        stop = self.opening("tally")
        if place <= stop:
            return self.collude([*self.entries[:place], *raw, *self.entries[place + 1 : stop + 1]], also)
        return self.collude([*self.entries[:place], *raw], also)

    def collude(self, entries: Sequence[bytes], also: Sequence[bytes] = ()) -> Shown:
        """These entries up to somewhere in the tally, and behind them whatever is missing: a seal, rounds of mixing,
        shares of two trustees, and a result over what they come to.

        They go on from a lie as if it held, so that a verifier that does not look at it finds nothing else wrong. Where
        nobody can go on from it, they go on without it.
        """
        for kind in (CredulousLog, ElectionLog):
            log = kind()
            self._follow(log, entries, also)
            with suppress(SecretBallotError):
                made, attachments = self._finish(log)
                return self.show([*entries, *made], [*also, *attachments])
        return self.show([*entries, *self.entries[self.opening("tally") + 1 :]], also)

    def _finish(self, log: ElectionLog) -> tuple[list[bytes], list[bytes]]:
        """The entries that are missing, and their attachments."""
        made: list[bytes] = []

        def post(raw: bytes) -> None:
            made.append(raw)
            _take(log, raw)

        if not log.is_sealed:
            post(self.seal(log))
        attachments = self._mix(log, post) + self._decrypt(log, post)
        result = self.entries[-1]
        # Where nothing comes out, they publish what they would have liked to.
        with suppress(TallyError):
            result = self.simulation.authority.publish(log.compute_result())
        return [*made, result], attachments

    def show(self, entries: Sequence[bytes], also: Sequence[bytes] = (), **given: Any) -> Shown:
        """The record of these entries, whatever they are, under the board's checkpoint; see :class:`Shown`."""
        note = given.pop("note", None) or self.sign(entries)
        return Shown(list(entries), [*self.attachments, *also], note, **given)

    def _mix(self, log: ElectionLog, post: Callable[[bytes], None]) -> list[bytes]:
        attachments: list[bytes] = []
        for keys in self.simulation.mixer_keys:
            mixing = log.mixing
            if mixing.is_complete:
                break
            if any(earlier.mixer == keys.id for earlier in mixing.rounds):
                continue
            posting = keys.join(log.election).mix(mixing)
            attachments += posting.attachments
            self._attach(log, posting.attachments)
            post(posting.entry)
        return attachments

    def _decrypt(self, log: ElectionLog, post: Callable[[bytes], None]) -> list[bytes]:
        attachments: list[bytes] = []
        for index, holder in enumerate(self.simulation.key_holders[: log.election.manifest.quorum], 1):
            trustee = DecryptingTrustee(holder._replace(election=log.election))
            if log.tally.ciphertexts and index not in log.shares:
                post(trustee.decrypt(log.tally, accept_small_group=True))
            if log.mixing.needed and index not in log.line_shares:
                posting = trustee.decrypt_lines(log.mixing, accept_small_group=True)
                attachments += posting.attachments
                self._attach(log, posting.attachments)
                post(posting.entry)
        return attachments

    def _follow(self, log: ElectionLog, entries: Sequence[bytes], also: Sequence[bytes] = ()) -> None:
        log.attachments = HeldAttachments()
        self._attach(log, [*self.attachments, *also])
        for raw in entries:
            _take(log, raw)

    @staticmethod
    def _attach(log: ElectionLog, attachments: Sequence[bytes]) -> None:
        for data in attachments:
            if isinstance(log.attachments, HeldAttachments):
                log.attachments.add(data)


@dataclass(frozen=True)
class Shown:
    """What the board shows of an election. ``note`` is the record's checkpoint; the rest is what the verifier is given
    from elsewhere, as in :class:`~.case.Case`."""

    entries: list[bytes]
    attachments: list[bytes]
    note: bytes
    election_id: bytes | None = None
    checkpoint: str | None = None
    cosigners: tuple[str, ...] = ()


def _take(log: ElectionLog, raw: bytes) -> None:
    """Takes an entry in as the verifier does: whether or not it can be read, and nothing without a manifest."""
    try:
        entry = log.read(raw)
        if entry.index:
            _ = log.election
    except SecretBallotError:
        log.skip(raw)
    else:
        log.apply(entry)
