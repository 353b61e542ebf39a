"""What became of a voter's ballots: every receipt, and every ballot under the voter's key, against the log shown now.

The log is followed, all of it checked: a ballot that is in it was signed by the ballot key. One that was not sent from
the voter's directory was sent by whoever else has the key.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..ballot import format_code
from ..ballot.records import confirmation_code
from ..client import Follower
from ..client.votes import Vote, Votes, key_of
from ..crypto.encoding import b64encode
from ..crypto.note import Checkpoint
from ..crypto.receipt import parse_receipt, verify_receipt
from ..errors import BoardError, RefusedError
from ..records import kind_of
from .terminal import NotYetError

_KINDS = ("ballot", "challenged-ballot")


class _Promise(NamedTuple):
    """A ballot with a receipt: where the board said it is, and under which checkpoint."""

    vote: Vote
    place: int
    checkpoint: Checkpoint


class Trace:
    """The votes of a directory, and the log. Raises as :meth:`Follower.catch_up`; what is wrong with the ballots is
    for :meth:`check`, so that they can be shown first."""

    def __init__(self, follower: Follower, votes: Votes) -> None:
        board = follower.catch_up_to("setup").election.manifest.board
        self._board = f"board {board.origin}"
        self._votes = votes
        self._promises = [
            _Promise(
                vote,
                parse_receipt(vote.receipt).index,
                verify_receipt(vote.receipt, vote.entry, board.verifier(), board.origin),
            )
            for vote in votes.sent
            if vote.receipt
        ]
        #: The log's root at each size that a receipt speaks of.
        self._roots: dict[int, bytes] = {}
        #: Every entry of the ballot key, in the order of the log, with its place.
        self._found: dict[bytes, int] = {}
        self._follow(follower)

    def _follow(self, follower: Follower) -> None:
        log = follower.log
        sizes = {promise.checkpoint.size for promise in self._promises}
        # Most ballots are others': they are not parsed a second time.
        mark = b64encode(self._votes.key).encode("ascii")

        def look(raw: bytes) -> None:
            if log.size in sizes:
                self._roots[log.size] = log.frontier.root()
            if mark in raw and kind_of(raw) in _KINDS and key_of(raw) == self._votes.key:
                self._found[raw] = log.size - 1

        follower.catch_up(look)
        self._size = log.size
        self._is_over = log.phase in ("tally", "closed")
        self._first_counts = log.election.manifest.revoting == "first"

    @property
    def counting(self) -> bytes | None:
        """The ballot that counts, by the manifest's rule, of all that the log has under the key."""
        return self._chosen([raw for raw in self._found if kind_of(raw) == "ballot"])

    def _chosen(self, ballots: list[bytes]) -> bytes | None:
        """Of ballots in order, the one that counts."""
        return ballots[0 if self._first_counts else -1] if ballots else None

    # Showing.

    def members(self) -> dict[str, Any]:
        """For a JSON object: every ballot, in the log's order and then those that are not in it; and which counts."""
        counting = self.counting
        return {
            "code": None if counting is None else _code(counting),
            "entry": None if counting is None else self._found[counting],
            "size": self._size,
            "ballots": [self._members(raw) for raw in self._all()],
        }

    def _members(self, raw: bytes) -> dict[str, Any]:
        kept = {vote.entry: vote for vote in self._votes.sent}
        return {
            "code": _code(raw),
            "entry": self._found.get(raw),
            "opened": kind_of(raw) != "ballot",
            "counts": raw == self.counting,
            "sent": raw in kept,
            "receipt": raw in kept and kept[raw].receipt != b"",
        }

    def _all(self) -> list[bytes]:
        return [*self._found, *(vote.entry for vote in self._votes.sent if vote.entry not in self._found)]

    def text(self) -> str:
        """The same, a line for each."""
        return "\n".join(self._line(**self._members(raw)) for raw in self._all()) or "no ballot is in the log"

    def _line(
        self, code: str, entry: int | None, opened: bool, counts: bool, sent: bool, receipt: bool
    ) -> str:
        place = "not in the log" if entry is None else f"in the log, as entry {entry} of {self._size}"
        what = "opened, does not count" if opened else "counts" if counts else "does not count"
        notes = ["no receipt"] * (sent and not receipt) + ["not sent from here"] * (not sent)
        return f"{place}: {code} ({'; '.join([what, *notes])})"

    # Judging.

    def check(self) -> None:
        """Returns nothing where all is as it should be. Raises BoardError, naming the board, for a promise that it does
        not keep; RefusedError for a ballot of another device, and where another ballot counts than should; and
        NotYetError where something is still to be done."""
        for promise in self._promises:
            self._check_kept(promise)
        sent = {vote.entry for vote in self._votes.sent}
        for raw, place in self._found.items():
            if raw not in sent:
                raise RefusedError(
                    f"another device sent {_code(raw)} under this ballot key: tell whoever runs the election",
                    item=f"entry {place}",
                )
        expected = self._chosen([vote.entry for vote in self._votes.cast if vote.entry in self._found])
        counting = self.counting
        if counting is not None and expected is not None and counting != expected:
            raise RefusedError(
                f"the board posted {_code(counting)} late, and it counts instead of {_code(expected)}: "
                "vote --again while voting is open",
                item=f"entry {self._found[counting]}",
            )
        self._check_done()

    def _check_kept(self, promise: _Promise) -> None:
        vote, place, checkpoint = promise
        if checkpoint.size > self._size:
            raise BoardError(
                f"it shows {self._size} entries, and promised {checkpoint.size} for {vote.code}",
                culprit=self._board,
            )
        if self._roots.get(checkpoint.size) != checkpoint.root or self._found.get(vote.entry) != place:
            raise BoardError(
                f"it shows another log than the receipt of {vote.code} is of", culprit=self._board
            )

    def _check_done(self) -> None:
        """Raises where the newest ballot has no receipt, unless it was too late for one."""
        cast = self._votes.cast
        if not cast:
            raise NotYetError("no ballot was cast from this directory")
        newest = cast[-1]
        if not newest.receipt and (newest.entry in self._found or not self._is_over):
            raise NotYetError(
                f"the board's receipt for {newest.code} is missing: run `secretballot voter cast` again"
            )
        if self.counting is None:
            raise RefusedError("voting is closed, and no ballot of this directory is in the log")


def _code(raw: bytes) -> str:
    return format_code(confirmation_code(raw))
