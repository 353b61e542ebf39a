"""The board: checks an entry, appends it, signs a checkpoint, and answers with a receipt. Holds the log key.

Nothing is acknowledged before it is durable; nothing that was acknowledged is ever lost. An entry that is sent again,
byte for byte, gets its receipt again: a lost reply loses no vote.
"""

from __future__ import annotations

import os
import threading

from ..crypto import key_file
from ..crypto.batch import verify_batch
from ..crypto.group import ristretto255
from ..crypto.merkle import inclusion_proof, leaf_hash
from ..crypto.note import Checkpoint, NoteSigner, sign_checkpoint
from ..crypto.receipt import format_receipt
from ..crypto.signing import SigningKey
from ..errors import (
    BoardError,
    DuplicateError,
    InvalidKeyError,
    RecordError,
    RefusedError,
    SecretBallotError,
    check_type,
)
from ..manifest import BoardKey, Manifest
from .state import Entry, LogState
from .store import BoardStore, ConflictError

#: How often an append is tried again when other writers were faster.
MAX_RETRIES = 100

_KIND = "board"


class BoardKeys:
    """The log's origin and key, made before the manifest that names them."""

    def __init__(self, origin: str, key: SigningKey) -> None:
        self._signer = NoteSigner(origin, key)
        self.origin = origin
        self._key = key

    @classmethod
    def generate(cls, origin: str) -> BoardKeys:
        """A new key for the log of that origin (C2SP tlog-checkpoint: a name such as ``example.org/votes/2026``)."""
        check_type(origin, str, "the log's origin as text")
        return cls(origin, SigningKey.generate())

    def public(self) -> BoardKey:
        """What the manifest names."""
        return BoardKey(origin=self.origin, key=self._key.verify_key.data)

    def save(self, path: str | os.PathLike[str], passphrase: str, *, replace: bool = False) -> None:
        """Seals the key, with the origin, in a key file (:func:`secretballot.crypto.key_file.save`)."""
        key_file.save(path, _KIND, passphrase, self.public().to_body(), self._key.seed(), replace=replace)

    @classmethod
    def load(cls, path: str | os.PathLike[str], passphrase: str) -> BoardKeys:
        """The key that :meth:`save` wrote; raises KeyFileError."""
        with key_file.load(path, _KIND, passphrase, 2) as (body, seed):
            public = BoardKey.from_body(body.reveal())
            keys = cls(public.origin, SigningKey(seed))
            if keys.public() != public:
                raise InvalidKeyError("the secret key does not belong to the public one")
            return keys

    def sign(self, size: int, root: bytes) -> str:
        """A signed checkpoint."""
        return sign_checkpoint(Checkpoint(self.origin, size, root), self._signer)

    def __repr__(self) -> str:
        return f"<BoardKeys of {self.origin}, redacted>"


class Board:
    """One election's board over a store. ``state`` is a fresh state machine; what the store holds is replayed into it.

    Safe from several threads, and beside other processes on the same store.
    """

    def __init__(self, store: BoardStore, keys: BoardKeys, state: LogState) -> None:
        check_type(store, BoardStore, "a store (BoardStore)")
        check_type(keys, BoardKeys, "the board's keys")
        check_type(state, LogState, "a log's state (ElectionLog)")
        self._store = store
        self._keys = keys
        self._lock = threading.Lock()
        self.state = state
        with self._lock:
            self._catch_up()

    def submit(self, raw: bytes) -> str:
        """Appends an entry and returns its receipt (C2SP tlog-proof).

        Raises the SecretBallotError of the first check that fails; nothing is then appended.
        """
        check_type(raw, bytes, "an entry as bytes")
        with self._lock:
            for _ in range(MAX_RETRIES):
                self._catch_up()
                known = self._store.find(leaf_hash(raw))
                if known is not None:
                    return self._receipt(known)
                entry = self.state.read(raw)
                for _, check in self.state.checks(entry):
                    check()
                verify_batch(ristretto255, self.state.proofs(entry))
                self._check_board(entry)
                try:
                    index = self._store.append(raw, self.state.unique_keys(entry), entry.index)
                except (ConflictError, DuplicateError):
                    # Another writer was faster, perhaps with this very entry: look again.
                    continue
                self.state.apply(entry)
                return self._receipt(index)
            raise BoardError("too many others are writing; send the entry again")

    def receipt(self, raw: bytes) -> str:
        """The receipt of an entry that is in the log, under the newest checkpoint; raises BoardError if it is not."""
        check_type(raw, bytes, "an entry as bytes")
        with self._lock:
            self._catch_up()
            index = self._store.find(leaf_hash(raw))
            if index is None:
                raise BoardError("the entry is not in the log")
            return self._receipt(index)

    def checkpoint(self) -> str:
        """A signed checkpoint of the whole log, kept in the store; raises BoardError while it is empty."""
        with self._lock:
            self._catch_up()
            note = self._sign()
            self._store.put_checkpoint(note.encode("utf-8"))
            return note

    def _check_board(self, entry: Entry) -> None:
        """The manifest must name this board's key: nobody would accept its checkpoints otherwise."""
        if isinstance(entry.record, Manifest) and entry.record.board != self._keys.public():
            raise RefusedError("the manifest names another board", item=entry.name)

    def _catch_up(self) -> None:
        """Takes in what the store holds and the state does not: at the start, and what other processes appended."""
        for raw in self._store.entries(self.state.size):
            try:
                entry = self.state.read(raw)
                self._check_board(entry)
                self.state.apply(entry)
            except SecretBallotError as error:
                raise RecordError(
                    f"the store holds an entry that this board did not accept: {error}"
                ) from None

    def _sign(self) -> str:
        frontier = self.state.frontier
        if frontier.size == 0:
            raise BoardError("the log is empty")
        return self._keys.sign(frontier.size, frontier.root())

    def _receipt(self, index: int) -> str:
        """Under a checkpoint of its own, which is not kept: the entries are durable, and a checkpoint over them can be
        signed again. Keeping it would cost each ballot a second wait for the disk."""
        proof = inclusion_proof(index, self.state.size, self._store)
        return format_receipt(index, proof, self._sign())

    def __repr__(self) -> str:
        return f"<Board {self._keys.origin}, {self.state.size} entries>"
