"""A log that follows a board's, and believes it nothing.

Every entry is checked before it is taken in; every checkpoint is compared with what was followed; and what was seen
once is remembered across restarts, so that a board that shows this role another history later is found out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..board.attachments import FOLDER, HeldAttachments, RecordAttachments, digest_of
from ..board.records import PHASES, Phase
from ..crypto.encoding import b64decode, b64encode
from ..crypto.note import Checkpoint, NoteVerifier, open_checkpoint
from ..crypto.signing import VerifyKey
from ..errors import BoardError, EncodingError, PhaseError, check_path, check_type
from ..files import write_file
from ..records import DIGEST_SIZE
from ..tally import ElectionLog
from .access import BoardAccess

#: The file that tells what was seen.
SEEN = "seen"
#: More than a file of what was seen has.
_MAX_SEEN = 1000


class Follower:
    """A log in step with the board behind ``access``, of the election with the announced id (32 bytes).

    ``home`` is the role's directory: there the longest log that was seen is remembered, as size and root, and there
    attachments are kept. Without one nothing is remembered, and attachments are held in memory. ``on_election`` is
    called once the board has shown the manifest of that id.
    """

    def __init__(
        self,
        access: BoardAccess,
        election_id: bytes,
        home: str | os.PathLike[str] | None = None,
        on_election: Callable[[], object] = lambda: None,
    ) -> None:
        check_type(access, BoardAccess, "access to a board")
        check_type(election_id, bytes, "an election's id as bytes")
        if home is not None:
            check_path(home, "a role's directory")
        self._access = access
        self._election_id = election_id
        self._on_election = on_election
        self._home = None if home is None else Path(home)
        if self._home is not None:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._seen = self._read_seen()
        self._held = HeldAttachments()
        self.log = ElectionLog()
        #: The checkpoint over all that was followed.
        self.checkpoint = ""
        self.log.attachments = self._held if self._home is None else RecordAttachments(self._home)

    def catch_up(self, keep: Callable[[bytes], object] = lambda raw: None) -> ElectionLog:
        """The log as the board shows it now: all of it checked, and compared with what was seen before. ``keep`` is
        given every entry that is taken in.

        Raises BoardError, naming the board, where it shows another election, or another history than before; and the
        SecretBallotError of the first entry that does not hold.
        """
        note = self._access.checkpoint()
        size = self._size_of(note)
        if size < self._seen[0]:
            raise self._blame(f"it showed {self._seen[0]} entries before, and shows {size} now")
        self._follow(size, keep)
        self.log.check_checkpoint(note)
        self.checkpoint = note
        self._remember()
        return self.log

    def catch_up_to(self, phase: Phase) -> ElectionLog:
        """The log up to the entry that opened a phase, all of it checked: a device needs no more. Raises PhaseError
        where the phase is not open yet, and as :meth:`catch_up`."""
        size = self._size_of(self._access.checkpoint())
        self._follow(size, lambda raw: None, until=phase)
        if not self._has_reached(phase):
            raise PhaseError(f"the phase is {self.log.phase}, and not {phase} yet")
        return self.log

    def _follow(self, size: int, keep: Callable[[bytes], object], until: Phase | None = None) -> None:
        while self.log.size < size:
            before = self.log.size
            for raw in self._access.entries(before, size):
                if until is not None and self.log.size and self._has_reached(until):
                    return
                self._take(raw)
                keep(raw)
            if self.log.size == before:
                raise self._blame(f"it signed {size} entries, and gives {before}")

    def _has_reached(self, phase: Phase) -> bool:
        return PHASES.index(self.log.phase) >= PHASES.index(phase)

    def _take(self, raw: bytes) -> None:
        log = self.log
        if log.size:
            for digest, size in log.attachments_of(log.read(raw)):
                self._fetch(digest, size)
        log.follow(raw)
        if log.size == 1 and log.election.id != self._election_id:
            raise self._blame(f"it is of the election {log.election.id.hex()}, not {self._election_id.hex()}")
        if log.size == 1:
            self._on_election()
        if log.size == self._seen[0] and log.frontier.root() != self._seen[1]:
            raise self._blame(f"its first {log.size} entries are others than it showed before")

    def _fetch(self, digest: bytes, size: int) -> None:
        if self._home is None:
            self._held.add(self._access.attachment(digest, size))
            return
        try:
            self.log.attachments.read(digest, size)
        except BoardError:
            data = self._access.attachment(digest, size)
            if digest_of(data) != digest:
                raise self._blame("it gives an attachment with another hash") from None
            path = self._home / FOLDER / digest.hex()
            path.parent.mkdir(exist_ok=True)
            write_file(path, data)

    def _size_of(self, note: str) -> int:
        """The size that a checkpoint states. Its signature is checked once the manifest, which names the key, is."""
        if self.log.size:
            board = self.log.election.manifest.board
            verifier = NoteVerifier(board.origin, VerifyKey(board.key))
            return open_checkpoint(note, verifier, board.origin).size
        return Checkpoint.parse(note.partition("\n\n")[0] + "\n").size

    def _blame(self, message: str) -> BoardError:
        return BoardError(message, culprit=f"board {self._access.name}")

    # What was seen.

    def _read_seen(self) -> tuple[int, bytes]:
        if self._home is None:
            return 0, b""
        path = self._home / SEEN
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_SEEN + 1)
        except FileNotFoundError:
            return 0, b""
        try:
            size, root = data.decode("ascii").split()
            return int(size), b64decode(root, DIGEST_SIZE)
        except (ValueError, EncodingError):
            raise BoardError("is damaged: it tells what this role saw of the board", item=str(path)) from None

    def _remember(self) -> None:
        seen = self.log.size, self.log.frontier.root()
        if self._home is not None and seen != self._seen:
            write_file(self._home / SEEN, f"{seen[0]} {b64encode(seen[1])}\n".encode("ascii"))
        self._seen = seen
