"""An election whose voting is open, with many ballots that are ready to be cast: each log begins with its entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from secretballot.board.board import Board
from secretballot.board.memory import Memory
from secretballot.board.store import BoardStore
from secretballot.tally import ElectionLog
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation
from secretballot.verify import Verdict, verify_entries

from ..support import elections
from ..support.key_files import PASSPHRASE, make_cheap

_CHOICES = ("chi", "dung", "em", None)


class Prepared:
    """``rounds`` ballots of each of so many voters, which replace one another."""

    def __init__(self, voters: int, rounds: int, folder: Path, *, revoting: str = "last") -> None:
        self.simulation: Simulation = elections.voting(
            [elections.choice()], voters, roll_size=voters, trustees=1, quorum=1, revoting=revoting
        )
        self.election = self.simulation.election
        #: The log until voting was opened.
        self.beginning = list(self.simulation.store.entries())
        devices = [self.simulation.device(voter) for voter in range(voters)]
        self.ballots: list[bytes] = []
        self._voted: dict[bytes, tuple[int, str | None]] = {}
        for number in range(rounds):
            for voter, device in enumerate(devices):
                choice = _CHOICES[(voter + number) % len(_CHOICES)]
                ballot = device.seal({"chair": choice}).cast()
                self.ballots.append(ballot)
                self._voted[ballot] = voter, choice
        self.key = folder / "board.key"
        with pytest.MonkeyPatch.context() as patch:
            make_cheap(patch)
            self.simulation.board_keys.save(self.key, passphrase=PASSPHRASE)

    def both_ends(self, voter: int, choice: str) -> tuple[bytes, bytes]:
        """A further ballot of a voter's: cast, and challenged."""
        cast, challenged = elections.both_ends(
            self.simulation.seal(voter, {"chair": choice}), self.simulation
        )
        self._voted[cast] = voter, choice
        return cast, challenged

    def begin(self, store: BoardStore) -> None:
        """A store that has the beginning of the log."""
        log = ElectionLog()
        for place, raw in enumerate(self.beginning):
            entry = log.read(raw)
            store.append(raw, log.unique_keys(entry), place)
            log.apply(entry)

    def finish(self, store: BoardStore) -> list[bytes]:
        """Holds the rest of the election on a log, verifies it, and compares the result with a plain count; gives the
        entries as voting left them."""
        cast = list(store.entries())
        board = Board(store, self.simulation.board_keys, ElectionLog())
        authority, log = self.simulation.authority, board.catch_up()
        board.submit(authority.enter(self.election, "tally"))
        board.submit(authority.seal(self.election, log.closing_root, Memory()))
        board.submit(DecryptingTrustee(self.simulation.key_holders[0]).decrypt(log.tally))
        result = log.compute_result()
        board.submit(authority.publish(result))
        report = verify_entries(
            list(store.entries()), board.checkpoint().encode(), election_id=self.election.id
        )
        assert report.verdict is Verdict.VERIFIED, report
        contests = self.simulation.manifest.contests
        counting = [{"chair": choice} for choice in self.counting(cast)]
        assert elections.counts_of(result) == elections.plain_count(contests, counting)
        return cast

    def counting(self, entries: Iterable[bytes]) -> Sequence[str | None]:
        """What the ballots among these entries that count chose."""
        chosen: dict[int, str | None] = {}
        for entry in entries:
            if entry in self._voted:
                voter, choice = self._voted[entry]
                if self.simulation.manifest.revoting == "last":
                    chosen[voter] = choice
                else:
                    chosen.setdefault(voter, choice)
        return list(chosen.values())
