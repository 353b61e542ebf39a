"""Every ballot that was sent from a voter's directory, cast or opened, with the board's receipts.

They are sealed, since they tie the voter to a ballot key.

None is ever taken out. A board that gave no receipt for a ballot may have it all the same, and post it later; and the
receipt of an older ballot shows what the board promised, whatever became of a newer one. So one program never
writes over what another has added meanwhile.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from ..ballot import format_code
from ..ballot.records import Ballot, ChallengedBallot, confirmation_code
from ..credential.holder import Holder
from ..crypto import key_file
from ..crypto.encoding import frame, unframe
from ..errors import EncodingError, KeyFileError
from ..records import parse_entry

_KIND = "votes"
#: Bytes of the file: a ballot of many lines has megabytes, and there may be several.
MAX_FILE_SIZE = 64 * 2**20
_MAX_COUNT = 10_000


class Vote(NamedTuple):
    """A ballot that was sent: its entry, which casts or opens it, and the receipt; empty where the board gave none."""

    entry: bytes
    receipt: bytes
    opened: bool

    @property
    def code(self) -> str:
        """The confirmation code, as the voter reads it."""
        return format_code(confirmation_code(self.entry))


class Votes:
    """The votes that ``path`` keeps, in the order in which they were sent; none where there is no such file.

    Raises KeyFileError for a file that is damaged, under another passphrase, or of another ballot key than the
    holder's.
    """

    def __init__(self, path: Path, holder: Holder, *, passphrase: str) -> None:
        self._path = path
        self._passphrase = passphrase
        self._election = holder.election.id
        #: The ballot key that all are under.
        self.key = holder.signing_key.verify_key.data
        self.sent: list[Vote] = []
        self._kept = self._digest()
        if path.exists():
            with key_file.load(path, _KIND, passphrase, 3, limit=MAX_FILE_SIZE) as fields:
                election, count, data = (field.reveal() for field in fields)
                if election != self._election:
                    raise EncodingError("it is of another election")
                if not count.isdigit() or int(count) > _MAX_COUNT:
                    raise EncodingError("its number of ballots cannot be read")
                parts = unframe(data, 2 * int(count))
                self.sent = [self._vote(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]

    def _vote(self, entry: bytes, receipt: bytes = b"") -> Vote:
        signed = parse_entry(entry)
        if key_of(entry) != self.key:
            raise EncodingError("it has a ballot under another ballot key than this directory's")
        signed.verify(self.key)
        return Vote(entry, receipt, signed.kind != "ballot")

    def _digest(self) -> bytes | None:
        try:
            return hashlib.sha256(self._path.read_bytes()).digest()
        except OSError:
            return None

    @property
    def cast(self) -> list[Vote]:
        """Those that were cast, and not opened."""
        return [vote for vote in self.sent if not vote.opened]

    def add(self, entry: bytes) -> Vote:
        """Keeps a new one. To be done before it is sent: whatever happens then, the board may have it.

        Raises KeyFileError, as :meth:`answer` does, where another program has written the file since it was read here.
        """
        vote = self._vote(entry)
        self._keep([*self.sent, vote])
        return vote

    def answer(self, vote: Vote, receipt: str) -> None:
        """Keeps the receipt of one that was added, which the caller verified."""
        answered = vote._replace(receipt=receipt.encode("utf-8"))
        place = self.sent.index(vote)
        self._keep([*self.sent[:place], answered, *self.sent[place + 1 :]])

    def _keep(self, sent: list[Vote]) -> None:
        """On the disk, and only then in memory: where the disk is full, it can be done again."""
        if self._digest() != self._kept:
            raise KeyFileError(
                "another program has written it: read it again, and then do this",
                item=f"key file {self._path.name!r}",
            )
        pairs = [part for vote in sent for part in (vote.entry, vote.receipt)]
        fields = (self._election, str(len(sent)).encode("ascii"), frame(*pairs))
        key_file.save(self._path, _KIND, self._passphrase, *fields, replace=True, limit=MAX_FILE_SIZE)
        self.sent, self._kept = sent, self._digest()

    def __repr__(self) -> str:
        return "<Votes, redacted>"


def key_of(entry: bytes) -> bytes:
    """The ballot key of an entry that casts or opens a ballot. Raises EncodingError for another entry."""
    signed = parse_entry(entry)
    body = signed.body
    if signed.kind == "challenged-ballot":
        body = ChallengedBallot.from_body(body).ballot.encode("utf-8")
    return Ballot.from_body(body).credential.key
