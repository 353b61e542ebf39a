"""A whole election in one process, with every role for real: keys, ceremony, credentials, devices, board, tally.

The demo runs it over the figures of real votes; tests run it small. Each role works with its own object and what the
board shows, as it would on a machine of its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from ..ballot.contest_kinds import Selection
from ..ballot.voter import SealedBallot, VoterDevice
from ..board.attachments import Posting
from ..board.authority import AuthorityKeys
from ..board.board import Board
from ..board.keys import BoardKeys
from ..board.record import ElectionRecord
from ..board.store import BoardStore, MemoryStore
from ..ceremony.trustee import KeyHolder, TrusteeKeys
from ..credential.holder import Holder
from ..credential.registrar import Registrar, RegistrarKeys
from ..errors import ArgumentError, TallyError, check_type
from ..manifest import MAX_REGISTRARS, Contest, Election, LineContest, Manifest, MarkContest, is_mixed
from ..manifest.records import MAX_MIXERS, MAX_TRUSTEES, MIN_ROUNDS
from ..tally import ElectionLog, Result
from ..tally.mixer import MixerKeys
from ..tally.trustee import DecryptingTrustee


class SimulationEvent(NamedTuple):
    """How far a stage has come: ``done`` of ``total`` steps."""

    stage: str
    done: int
    total: int


class Simulation:
    """An election from its manifest to its record. Call the stages in order: :meth:`hold_ceremony`,
    :meth:`issue`, :meth:`vote`, :meth:`tally`, then :meth:`export`."""

    def __init__(
        self,
        contests: Sequence[Contest],
        *,
        roll_size: int,
        labels: Mapping[str, str] | None = None,
        trustees: int = 3,
        quorum: int = 2,
        registrars: int | Sequence[RegistrarKeys] = 1,
        mixers: int | None = None,
        mixing_rounds: int | None = None,
        capacity: int | None = None,
        minimum_group: int = 1,
        revoting: str = "last",
        origin: str = "secretballot.example/simulation",
        store: BoardStore | None = None,
        on_event: Callable[[SimulationEvent], None] = lambda event: None,
    ) -> None:
        """Makes every party's keys, and the manifest; nothing is on the board yet but the manifest.

        ``registrars`` is how many there are, or their keys: an RSA key takes up to a second to make.
        Where a contest is mixed there are, unless said otherwise, two mixers, and each mixes. Raises ArgumentError for
        an argument of another kind, and ManifestError for what no manifest has.
        """
        check_type(contests, Sequence, "a sequence of contests")
        for contest in contests:
            check_type(contest, (*get_args(LineContest), *get_args(MarkContest)), "a contest")
        if labels is not None:
            check_type(labels, Mapping, "labels by their language")
        if not callable(on_event):
            raise ArgumentError("a function must be given that is told of events")
        _check_number(roll_size, "roll_size", 1)
        _check_number(trustees, "trustees", 1, MAX_TRUSTEES)
        if mixers is not None:
            _check_number(mixers, "mixers", 0, MAX_MIXERS)
        self._on_event = on_event
        self.authority = AuthorityKeys.generate("authority", {"en": "Assembly", "vi": "Hội đồng"})
        self.trustees = [
            TrusteeKeys.generate(f"trustee-{i}", {"en": f"Trustee {i}", "vi": f"Người giữ khóa {i}"})
            for i in range(1, trustees + 1)
        ]
        if isinstance(registrars, Sequence):
            for keys in registrars:
                check_type(keys, RegistrarKeys, "the keys of a registrar")
            self.registrar_keys = list(registrars)
        else:
            _check_number(registrars, "registrars", 1, MAX_REGISTRARS)
            self.registrar_keys = self._make(registrars)
        if mixers is None:
            mixers = MIN_ROUNDS if any(map(is_mixed, contests)) else 0
        self.mixer_keys = [
            MixerKeys.generate(f"mixer-{i}", {"en": f"Mixer {i}", "vi": f"Bên xáo trộn {i}"})
            for i in range(1, mixers + 1)
        ]
        self.board_keys = BoardKeys.generate(origin)
        members: dict[str, Any] = {
            "labels": {"en": "Simulation"} if labels is None else dict(labels),
            "nonce": secrets.token_bytes(16),
            "roll_size": roll_size,
            "capacity": capacity if capacity is not None else roll_size,
            "minimum_group": minimum_group,
            "revoting": revoting,
            "contests": tuple(contests),
            "quorum": quorum,
            "trustees": tuple(trustee.public() for trustee in self.trustees),
            "registrars": tuple(registrar.public() for registrar in self.registrar_keys),
            "mixers": tuple(mixer.public() for mixer in self.mixer_keys),
            "mixing_rounds": mixers if mixing_rounds is None else mixing_rounds,
            "authority": self.authority.public(),
            "board": self.board_keys.public(),
        }
        self.manifest = Manifest(**members)
        self.election = Election.from_manifest(self.manifest)
        self.log = ElectionLog()
        self.store = store if store is not None else MemoryStore()
        self.board = Board(self.store, self.board_keys, self.log)
        self.board.submit(self.authority.announce(self.election))
        self.roll = [f"voter-{i}" for i in range(1, roll_size + 1)]
        self.registrars = [Registrar(keys, self.election, self.roll) for keys in self.registrar_keys]
        self.key_holders: list[KeyHolder] = []
        self.holders: list[Holder] = []
        self.receipts: list[str] = []

    def _make(self, registrars: int) -> list[RegistrarKeys]:
        made = []
        for i in range(1, registrars + 1):
            labels = {"en": f"Registrar {i}", "vi": f"Người cấp chứng thư {i}"}
            made.append(RegistrarKeys.generate(f"registrar-{i}", labels))
            self._on_event(SimulationEvent("keys", i, registrars))
        return made

    def hold_ceremony(self) -> None:
        """Key generation by all trustees; then issuance opens."""
        joined = [keys.join(self.election) for keys in self.trustees]
        self._post("ceremony: commitments", [entry for _, entry in joined])
        revealed = [state.reveal(self.log.commitments) for state, _ in joined]
        self._post("ceremony: messages", [entry for _, entry in revealed])
        confirmed = [state.confirm(self.log.messages) for state, _ in revealed]
        self._post("ceremony: confirmations", [entry for _, entry in confirmed])
        self.key_holders = [state.finish(self.log.confirmations) for state, _ in confirmed]
        self.board.submit(self.authority.enter(self.election, "issuance"))

    def issue(self, voters: int) -> None:
        """Credentials for the first ``voters`` of the roll; then voting opens. Raises ArgumentError where the roll has
        fewer."""
        _check_number(voters, "voters", 0, len(self.roll))
        for number, voter in enumerate(self.roll[:voters], 1):
            holder = Holder(self.election)
            for registrar in self.registrars:
                registrar_id = registrar.id
                signature, entry = registrar.issue(voter, holder.request(registrar_id))
                self.board.submit(entry)
                holder.accept(registrar_id, signature)
            self.holders.append(holder)
            self._on_event(SimulationEvent("credentials", number, voters))
        self.board.submit(self.authority.enter(self.election, "voting"))

    def device(self, voter: int) -> VoterDevice:
        """The device of a voter, by place from 0. Raises ArgumentError for one who has no credential."""
        if not self.holders:
            raise ArgumentError("no voter has a credential yet")
        _check_number(voter, "voter", 0, len(self.holders) - 1)
        holder = self.holders[voter]
        return VoterDevice(self.log.context, holder.credential(), holder.signing_key)

    def seal(self, voter: int, selections: Mapping[str, Selection]) -> SealedBallot:
        """A voter's ballot, encrypted and waiting to be cast or challenged."""
        return self.device(voter).seal(selections)

    def vote(self, ballots: Sequence[Mapping[str, Selection]], *, challenge_every: int = 0) -> None:
        """Casts a ballot for each voter in order; every ``challenge_every``-th voter has one opened before.

        Raises ArgumentError, and casts none, where there are more ballots than voters with a credential.
        """
        check_type(ballots, Sequence, "a sequence of ballots")
        _check_number(len(ballots), "len(ballots)", 0, len(self.holders))
        _check_number(challenge_every, "challenge_every", 0)
        for voter, selections in enumerate(ballots):
            if challenge_every and voter % challenge_every == 0:
                self.board.submit(self.seal(voter, selections).challenge())
            self.receipts.append(self.board.submit(self.seal(voter, selections).cast()))
            self._on_event(SimulationEvent("ballots", voter + 1, len(ballots)))

    def tally(self, *, absent: Collection[int] = ()) -> Result:
        """Closes voting, decrypts with every trustee but the ``absent`` (places from 0), and publishes the result.

        Raises TallyError where too few are left, and ArgumentError for an absent one who is no trustee.
        """
        check_type(absent, Collection, "the places of the absent")
        for place in absent:
            _check_number(place, "absent", 0, len(self.trustees) - 1)
        self.close_voting()
        present = [holder for place, holder in enumerate(self.key_holders) if place not in absent]
        self.mix()
        if self.log.tally.ballots:
            for number, holder in enumerate(present, 1):
                trustee = DecryptingTrustee(holder)
                if self.log.tally.ciphertexts:
                    self.board.submit(trustee.decrypt(self.log.tally))
                if self.log.mixing.needed:
                    self.send(trustee.decrypt_lines(self.log.mixing))
                self._on_event(SimulationEvent("decryption shares", number, len(present)))
        result = self.log.compute_result()
        self.board.submit(self.authority.publish(result))
        if self.log.result is None:
            raise TallyError("the board did not take the result")
        return result

    def close_voting(self) -> None:
        """The authority closes voting and seals what was cast."""
        self.board.submit(self.authority.enter(self.election, "tally"))
        self.board.submit(self.authority.seal(self.election, self.log.closing_root))

    def mix(self) -> None:
        """As many rounds as the manifest asks for, by the mixers in their order."""
        for keys in self.mixer_keys:
            if self.log.mixing.is_complete:
                return
            self.send(keys.join(self.election).mix(self.log.mixing))
            done = len(self.log.mixing.rounds)
            self._on_event(SimulationEvent("mixing", done, self.log.mixing.needed))

    def send(self, message: Posting) -> None:
        """Attachments, and then the entry that names them."""
        for data in message.attachments:
            self.board.attach(message.entry, data)
        self.board.submit(message.entry)

    def export(self, path: str) -> ElectionRecord:
        """Writes the election record into a new directory."""
        return self.board.export(path)

    def _post(self, stage: str, entries: Sequence[bytes]) -> None:
        for number, entry in enumerate(entries, 1):
            self.board.submit(entry)
            self._on_event(SimulationEvent(stage, number, len(entries)))


def _check_number(value: object, name: str, least: int, most: int | None = None) -> None:
    """Raises ArgumentError for what is no whole number from ``least`` to ``most``."""
    if type(value) is not int or value < least or (most is not None and value > most):
        upper = "up" if most is None else f"to {most}"
        raise ArgumentError(f"must be a number from {least} {upper}", item=name)
