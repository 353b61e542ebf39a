"""The board: checks an entry, appends it, signs a checkpoint, and answers with a receipt. Holds the log key.

Nothing is acknowledged before it is durable; nothing that was acknowledged is ever lost. An entry that is sent again,
byte for byte, gets its receipt again: a lost reply loses no vote. A store that contradicts itself, or what the board
signed, is not served from.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import NamedTuple

from ..crypto.cosignature import (
    CosignatureVerifier,
    add_cosignatures,
    known_cosigners,
    open_cosignatures,
    open_cosigned,
)
from ..crypto.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from ..crypto.note import Checkpoint
from ..crypto.receipt import format_receipt
from ..errors import (
    ArgumentError,
    BoardError,
    CryptoError,
    DuplicateError,
    MerkleError,
    NoteError,
    RecordError,
    RefusedError,
    SecretBallotError,
    StoreError,
    check_type,
)
from ..manifest import Manifest
from .attachments import StoredAttachments, digest_of
from .entry import Entry
from .keys import BoardKeys
from .record import ElectionRecord, write_record
from .state import LogState
from .store import BoardStore, ConflictError

#: How often an append is tried again when other writers were faster.
MAX_RETRIES = 100

#: Checks that are not made again of what a store holds: RSA, group arithmetic and logarithms would make opening as slow
#: as verifying, as would ballots' proofs. (A share's proof is verified: the state needs it.) What changes an entry in
#: the store also changes its hash, which is looked up and compared; only somebody who rewrites the whole file could
#: profit, and is found out by verifiers.
NOT_REPLAYED = frozenset({"K2", "K3", "C2", "H1", "X2", "T3", "T4", "T5"})


#: What :meth:`Board.submit` asks about an entry and the key that signed it.
Admit = Callable[[Entry, bytes], AbstractContextManager[object]]


class _Kept(NamedTuple):
    """A checkpoint in the store, and its note."""

    checkpoint: Checkpoint
    note: str


class Board:
    """One election's board over a store. ``log`` is a new state machine; what the store holds is replayed into it.

    Safe from several threads, and beside other processes on the same store. An exception from outside (a signal's, such
    as KeyboardInterrupt) may end any method at any place: what was half done is made anew from the store at the next
    use, for which the class of ``log`` must need no arguments.

    Opening, and taking in what other processes appended, raise RecordError for an entry that this board did not accept,
    and StoreError where the store's keys, Merkle tree or checkpoint are not those of its entries.
    """

    def __init__(self, store: BoardStore, keys: BoardKeys, log: LogState) -> None:
        check_type(store, BoardStore, "a store (BoardStore)")
        check_type(keys, BoardKeys, "the board's keys")
        check_type(log, LogState, "a log's state (ElectionLog)")
        if log.size:
            raise ArgumentError("a new ElectionLog is needed, not one that has entries")
        self._store = store
        self._keys = keys
        self._lock = threading.Lock()
        log.attachments = StoredAttachments(store)
        self.state = log
        #: While an entry is applied: a state that is left with this is dropped.
        self._torn = False
        #: What was signed last, to be found again in a state that is made anew.
        self._signed = Checkpoint(keys.origin, 0, log.frontier.root())
        with self._lock:
            kept = self._kept()
            self._catch_up()
            self._check_contains(self.state, self._signed, kept and kept.checkpoint)

    def submit(self, raw: bytes, admit: Admit | None = None) -> str:
        """Appends an entry and returns its receipt (C2SP tlog-proof).

        ``admit`` is given a new entry that every check has passed, and the key that signed it; what it gives is entered
        while the entry is appended, and what that raises keeps the entry out. Raises the SecretBallotError of the first
        check that fails; nothing is then appended.
        """
        check_type(raw, bytes, "an entry as bytes")
        leaf = leaf_hash(raw)
        with self._lock:
            for _ in range(MAX_RETRIES):
                known = self._find(leaf)
                if known is not None:
                    return self._receipt(known, leaf, self._note())
                entry = self.state.read(raw)
                self.state.check(entry)
                self._check_board(entry)
                self.state.make_room(entry)
                keys = self.state.unique_keys(entry)
                try:
                    with admit(entry, self.state.signer(entry)) if admit else nullcontext():
                        index = self._store.append(raw, keys, entry.index)
                except (ConflictError, DuplicateError):
                    # Another writer was faster, perhaps with this very entry: look again.
                    continue
                self._apply(entry)
                # Nobody can have cosigned a log that has only just grown.
                return self._receipt(index, leaf, self._sign())
            raise StoreError("too many others are writing; send the entry again")

    def attach(self, raw: bytes, data: bytes) -> bytes:
        """Keeps an attachment of the entry ``raw``, which is to be submitted once it has all of them; gives its digest.
        Sent again, also when the entry is in the log, it is the same.

        Raises the SecretBallotError of the first check that fails of the entry, its attachments apart, and RefusedError
        for bytes that it does not name: nobody fills the disk who could not post the entry.
        """
        check_type(raw, bytes, "an entry as bytes")
        check_type(data, bytes, "an attachment as bytes")
        digest = digest_of(data)
        named = (digest, len(data))
        if named in self.awaited(raw):
            self._store.put_attachment(digest, data)
        elif not self.is_attached(*named):
            raise RefusedError("the entry names no such attachment", item=f"attachment {digest.hex()}")
        return digest

    def awaited(self, raw: bytes) -> frozenset[tuple[bytes, int]]:
        """Digest and size of the attachments that the entry ``raw`` names, which is not in the log and could be the
        next; none of an entry that is there, as the log has them all. Raises as :meth:`attach`."""
        check_type(raw, bytes, "an entry as bytes")
        with self._lock:
            if self._find(leaf_hash(raw)) is not None:
                return frozenset()
            return frozenset(self.state.attachments_of(self.state.read(raw)))

    def is_attached(self, digest: bytes, size: int) -> bool:
        """Whether the log's entries name an attachment of this digest and size."""
        with self._lock:
            self._catch_up()
            return (digest, size) in self.state.attached()

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries from ``start`` up to and without ``stop``, read one by one; raises StoreError where there are
        none."""
        return self._store.entries(start, stop)

    def attachment(self, digest: bytes, size: int) -> bytes:
        """An attachment, whether the log names it yet or not; raises BoardError where it is not there."""
        return bytes(self.state.attachments.read(digest, size))

    def catch_up(self) -> LogState:
        """The log's state, with what other processes appended."""
        with self._lock:
            self._catch_up()
            return self.state

    def receipt(self, raw: bytes) -> str:
        """The receipt of an entry that is in the log, under the newest checkpoint; raises BoardError if it is not."""
        check_type(raw, bytes, "an entry as bytes")
        return self.receipt_of(leaf_hash(raw))

    def receipt_of(self, leaf: bytes) -> str:
        """As :meth:`receipt`, of the entry with this leaf hash (32 bytes)."""
        check_type(leaf, bytes, "a leaf hash as bytes")
        with self._lock:
            index = self._find(leaf)
            if index is None:
                raise BoardError("the entry is not in the log")
            return self._receipt(index, leaf, self._note())

    def checkpoint(self) -> str:
        """A signed checkpoint of the whole log, with the cosignatures that were added to it, kept in the store unless
        that takes nothing more, as on a full disk; raises BoardError while the log is empty."""
        return self._checkpoint()[1]

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """The hashes (32 bytes each, at most 64) that show the log of ``old_size`` entries to be the beginning of that
        of ``new_size`` (RFC 9162 section 2.1.4): for cosigners, and for whoever holds an older checkpoint.

        None where the sizes are equal, or the old one is 0: every log begins with the empty one. Raises BoardError
        unless ``0 <= old_size <= new_size``, and the log has as many entries; StoreError for a store that is corrupt.
        """
        check_type(old_size, int, "the old size")
        check_type(new_size, int, "the new size")
        with self._lock:
            self._catch_up()
            size = self.state.size
            if not 0 <= old_size <= new_size <= size:
                raise BoardError(f"the log has {size} entries: nothing leads from {old_size} to {new_size}")
            if old_size == 0:
                return []
            return self._consistency(old_size, new_size)

    def add_cosignature(self, note: str | bytes, cosigners: Iterable[str | CosignatureVerifier]) -> str:
        """Keeps the cosignatures that stand on a checkpoint of this board, and gives the checkpoint with all that are
        kept: :meth:`checkpoint`, :meth:`export` and receipts have them from then on, until the log grows.

        ``note`` is the checkpoint with the lines that cosigners answered behind it; ``cosigners`` are their vkeys. Of
        each its newest line is kept; lines of others are passed over. A checkpoint over fewer
        entries than the newest that was signed is not kept: its cosignatures are then in the answer alone.

        Of several processes that add at one instant, one may have to add again. Raises NoteError where none of these
        cosigners signed, or the note is not this board's, InvalidSignatureError for a line of one of them that does not
        verify, and StoreError where the store has not the log that was signed.
        """
        check_type(note, (str, bytes), "a checkpoint")
        verifiers = known_cosigners(cosigners)
        opened = open_cosigned(note, self._keys.verifier, self._keys.origin, verifiers)
        if not opened.cosignatures:
            raise NoteError("none of the cosigners signed it", item="checkpoint")
        signed = opened.checkpoint
        if signed.extensions:
            raise NoteError("this board signs none with further lines", item="checkpoint")
        with self._lock:
            self._catch_up()
            self._check_contains(self.state, signed)
            kept = self._kept()
            same = kept is not None and kept.checkpoint == signed
            base = kept.note if kept is not None and same else self._keys.sign(signed.size, signed.root)
            times = {one.cosigner: one.timestamp for one in open_cosignatures(base, verifiers).cosignatures}
            newer = [one for one in opened.cosignatures if one.timestamp > times.get(one.cosigner, -1)]
            cosigned = add_cosignatures(base, [one.signature for one in newer])
            # The store leaves one over more entries as it is.
            self._store.put_checkpoint(cosigned.encode("utf-8"), signed.size)
            return cosigned

    def check_continues(self, note: str | bytes) -> None:
        """Returns nothing if the log continues a checkpoint that this board signed. Raises StoreError otherwise, and
        NoteError or InvalidSignatureError for what this board did not sign."""
        signed = self._keys.open(note)
        with self._lock:
            self._catch_up()
            self._check_contains(self.state, signed)

    def export(self, path: str | os.PathLike[str]) -> ElectionRecord:
        """Writes the election record up to now into a new or empty directory, at any time and while others write.

        Raises BoardError while the log is empty, and RecordError where the directory cannot be written.
        """
        # The log only grows: its first entries are those of the checkpoint, and nobody has to wait for the copy.
        size, note, attached = self._checkpoint()
        attachments = (self.state.attachments.read(*one) for one in attached)
        return write_record(path, self._store.entries(0, size), note, attachments)

    def _checkpoint(self) -> tuple[int, str, Sequence[tuple[bytes, int]]]:
        with self._lock:
            self._catch_up()
            note = self._note(keep=True)
            return self.state.size, note, tuple(self.state.attached())

    def _check_board(self, entry: Entry) -> None:
        """The manifest must name this board's key: nobody would accept its checkpoints otherwise."""
        if isinstance(entry.record, Manifest) and entry.record.board != self._keys.public():
            raise RefusedError("the manifest names another board", item=entry.name)

    # The state and the store.

    def _catch_up(self) -> None:
        """Takes in what the store holds and the state does not: at the start, and what other processes appended."""
        if self._torn:
            self._make_anew()
        for entry in self._stored(self.state):
            self._apply(entry)

    def _find(self, leaf: bytes) -> int | None:
        """The place of the entry with this leaf hash, or None where the log has it not. The state has all entries up to
        it, and all others that the store has."""
        self._catch_up()
        index = self._store.find(leaf)
        if index is not None and index >= self.state.size:
            # Another process appended it since.
            self._catch_up()
        return index

    def _apply(self, entry: Entry) -> None:
        # No handler could clear up: the next signal may come within it. So the mark stands before there is anything
        # to clear up, and stays where this is not reached to the end.
        self._torn = True
        self.state.apply(entry)
        self._torn = False

    def _make_anew(self) -> None:
        """The state from the store alone, after an exception that left it half applied."""
        kept = self._kept()
        fresh = type(self.state)()
        fresh.attachments = self.state.attachments
        for entry in self._stored(fresh):
            fresh.apply(entry)
        self._check_contains(fresh, self._signed, kept and kept.checkpoint)
        # In place, as others hold the state too.
        vars(self.state).update(vars(fresh))
        self._torn = False

    def _stored(self, state: LogState) -> Iterator[Entry]:
        """The entries that follow in the store, each checked against the state, which is to take it in before the next.

        Raises RecordError and StoreError, naming the entry.
        """
        tree = Frontier.from_state(*state.frontier.state())
        for raw in self._store.entries(state.size):
            try:
                entry = state.read(raw)
                self._check_board(entry)
                for rule, check in state.checks(entry):
                    if rule not in NOT_REPLAYED:
                        check()
            except SecretBallotError as error:
                raise RecordError(
                    f"the store holds an entry that this board did not accept: {error}",
                    item=f"entry {state.size}",
                ) from None
            keys = state.unique_keys(entry)
            if any(self._store.find(key) != entry.index for key in keys):
                raise StoreError("the store is corrupt: it does not find the entry", item=entry.name)
            for level, node in enumerate(tree.append(keys[0])):
                if self._store.node(level, entry.index >> level) != node:
                    raise StoreError("the store is corrupt: its Merkle tree is another", item=entry.name)
            yield entry

    def _kept(self) -> _Kept | None:
        """The store's checkpoint. It is read before the entries, so that none is too new for them."""
        note = self._store.checkpoint()
        if note is None:
            return None
        try:
            return _Kept(self._keys.open(note), note.decode("utf-8"))
        except CryptoError as error:
            raise StoreError(f"it is not this board's: {error}", item="checkpoint") from None

    def _note(self, *, keep: bool = False) -> str:
        """The checkpoint of the whole log, with the cosignatures that are kept of it; or else a new one."""
        note, kept = self._sign(), self._kept()
        if kept is not None and kept.checkpoint == self._signed:
            # It is not put again: another process may be adding cosignatures to it.
            return kept.note
        if keep:
            # A store that takes no entry any more is still read from. The entries are durable, as for a receipt.
            with suppress(StoreError):
                self._store.put_checkpoint(note.encode("utf-8"), self._signed.size)
        return note

    def _check_contains(self, state: LogState, *signed: Checkpoint | None) -> None:
        """Raises StoreError unless the log, whose nodes in the store have been compared, continues what was signed."""
        for checkpoint in signed:
            if checkpoint is None:
                continue
            if checkpoint.size > state.size:
                raise StoreError(
                    f"the store has lost entries: this board signed a log of {checkpoint.size}",
                    item=f"entry {state.size}",
                )
            if root(checkpoint.size, self._store) != checkpoint.root:
                raise StoreError(
                    f"the store is corrupt: this board signed another log of {checkpoint.size} entries",
                    item="checkpoint",
                )

    def _sign(self) -> str:
        frontier = self.state.frontier
        if frontier.size == 0:
            raise BoardError("the log is empty")
        self._signed = Checkpoint(self._keys.origin, frontier.size, frontier.root())
        return self._keys.sign(self._signed.size, self._signed.root)

    def _receipt(self, index: int, leaf: bytes, note: str) -> str:
        """Under a checkpoint of its own, which is not kept: the entries are durable, and a checkpoint over them can be
        signed again. Keeping it would cost each ballot a second wait for the disk."""
        frontier = self.state.frontier
        try:
            proof = inclusion_proof(index, frontier.size, self._store)
            verify_inclusion(leaf, index, frontier.size, frontier.root(), proof)
        except MerkleError as error:
            raise StoreError(f"the store is corrupt: {error.message}", item=f"entry {index}") from None
        return format_receipt(index, proof, note)

    def _consistency(self, old_size: int, new_size: int) -> list[bytes]:
        frontier = self.state.frontier
        try:
            proof = consistency_proof(old_size, new_size, self._store)
            new_root = frontier.root() if new_size == frontier.size else root(new_size, self._store)
            verify_consistency(old_size, new_size, root(old_size, self._store), new_root, proof)
        except MerkleError as error:
            raise StoreError(f"the store is corrupt: {error.message}", item="consistency proof") from None
        return proof

    def __repr__(self) -> str:
        return f"<Board {self._keys.origin}, {self.state.size} entries>"
