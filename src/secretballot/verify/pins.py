"""What an auditor holds of a log from elsewhere, and a record must agree with: a checkpoint, and cosigners' keys.

A board that shows two histories has a good record of each. Only something from outside the record tells which of them
others were shown: a checkpoint that was kept (rule L6), or outsiders who cosign one history alone (rule L7).
"""

from __future__ import annotations

from collections.abc import Iterable

from ..crypto.cosignature import CosignatureVerifier, known_cosigners, open_cosignatures
from ..crypto.note import Checkpoint, encode_base64, open_checkpoint, parse_note
from ..errors import ArgumentError, BoardError, InvalidSignatureError, NoteError, check_type
from ..manifest import BoardKey

#: Cosigners that a message names; all of them are counted.
MAX_NAMED = 5


class Pins:
    """What a record is held against. ``checkpoint`` is None where none was pinned, ``cosigners`` is empty likewise;
    ``needed`` of them must have signed."""

    def __init__(
        self,
        checkpoint: str | bytes | Checkpoint | None = None,
        cosigners: Iterable[str | CosignatureVerifier] = (),
        needed: int | None = None,
    ) -> None:
        """``checkpoint`` is a note, or a checkpoint of which it is known that the board signed it; ``cosigners`` are
        vkeys; all of them are needed unless ``needed`` says fewer.

        Raises NoteError for a checkpoint or vkey that is none, for a checkpoint of no entries, which would pin nothing,
        and for two cosigners with one key; ArgumentError unless ``1 <= needed <= len(cosigners)``.
        """
        self._note: str | bytes | None = None
        self.checkpoint: Checkpoint | None = None
        if checkpoint is not None:
            check_type(checkpoint, (str, bytes, Checkpoint), "a pinned checkpoint")
            if not isinstance(checkpoint, Checkpoint):
                self._note = checkpoint
                checkpoint = Checkpoint.parse(parse_note(checkpoint)[0])
            if checkpoint.size == 0:
                raise NoteError("it is of no entries, and pins nothing", item="pinned checkpoint")
            self.checkpoint = checkpoint
        self.cosigners = known_cosigners(cosigners)
        self.needed = len(self.cosigners)
        if needed is not None:
            check_type(needed, int, "the number of cosigners that are needed")
            if not 1 <= needed <= len(self.cosigners):
                raise ArgumentError(f"of {len(self.cosigners)} pinned cosigners, {needed} cannot be needed")
            self.needed = needed

    def check_checkpoint(self, board: BoardKey, root: bytes | None, entries: int, signed: bool) -> None:
        """Returns nothing if the log, of so many entries, begins with those of the pinned checkpoint.

        ``root`` is the log's over as many entries as the checkpoint's size, None where it has fewer; ``signed`` says
        whether the board signed the log as it stands in the record. Raises NoteError or InvalidSignatureError for a
        checkpoint that is not of this board, and BoardError, with both roots, for one that the log contradicts.
        """
        pinned = self.checkpoint
        if pinned is None:
            raise ArgumentError("no checkpoint was pinned")
        if self._note is not None:
            open_checkpoint(self._note, board.verifier(), board.origin)
        elif pinned.origin != board.origin:
            raise NoteError("the checkpoint is of another log", item="origin")
        if root is None:
            raise BoardError(f"it is over {pinned.size} entries, the record has {entries}")
        if root != pinned.root:
            both = "; the board signed both, and has shown two logs" if signed else ""
            raise BoardError(
                f"over {pinned.size} entries it has the root {encode_base64(pinned.root)}, "
                f"the record {encode_base64(root)}{both}"
            )

    def count_cosignatures(self, note: str | bytes, board: BoardKey) -> int:
        """How many of the pinned cosigners signed the record's checkpoint: as many as are needed, or more.

        Whether the board signed it, and over which entries, is not looked at. Raises NoteError for what is no
        checkpoint of this log, and for a cosigner with the board's key, who is no outsider;
        InvalidSignatureError for a line of a pinned cosigner that does not verify, and
        BoardError for too few.
        """
        if any(one.key.data == board.key for one in self.cosigners):
            raise NoteError("a pinned cosigner's key is the board's own", item="cosigner")
        try:
            opened = open_cosignatures(note, self.cosigners)
        except InvalidSignatureError as error:
            # Anybody can have changed the line: it is not the cosigner's fault.
            raise InvalidSignatureError(error.message, item=error.item) from None
        if opened.checkpoint.origin != board.origin:
            raise NoteError("the checkpoint is of another log", item="origin")
        signed = {one.cosigner for one in opened.cosignatures}
        if len(signed) < self.needed:
            missing = [one.name for one in self.cosigners if one not in signed]
            names = ", ".join(missing[:MAX_NAMED]) + (", …" if len(missing) > MAX_NAMED else "")
            raise BoardError(f"{self.needed} cosigners are needed and {len(signed)} signed; not {names}")
        return len(signed)
