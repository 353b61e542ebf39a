"""A cosigner: an outsider who signs a log's checkpoints as long as each continues the one before (C2SP tlog-witness).

It holds a key, and remembers of each log the last checkpoint that it signed. What it gives out is a cosignature
(:mod:`secretballot.crypto.cosignature`), and that only when the memory of it is on the disk: whoever finds its line on
a checkpoint knows that no cosignature of it stands under a history that contradicts this one. There is no network here;
whoever answers requests can tell the errors apart (the numbers are the statuses that the standard asks for):

* NoteError: not a checkpoint, or an old size above its own (400); InvalidSignatureError: not signed by the log (403)
* UnknownLogError (404), SizeConflictError with the size to answer (409), ConsistencyError (422)
* CosignerMemoryError, CosignerError: the cosigner itself cannot go on, and needs its operator (500)
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from ..crypto import key_file
from ..crypto.cosignature import (
    MAX_TIMESTAMP,
    CosignatureSigner,
    CosignatureVerifier,
    add_cosignatures,
    open_cosigned,
)
from ..crypto.encoding import Tag, tagged_hash
from ..crypto.merkle import EMPTY_ROOT, verify_consistency
from ..crypto.note import (
    MAX_NOTE_SIZE,
    Checkpoint,
    NoteVerifier,
    decode_text,
    encode_base64,
    open_note,
    parse_note,
)
from ..crypto.secret import Secret
from ..crypto.signing import SigningKey
from ..errors import (
    ArgumentError,
    ConsistencyError,
    CosignerError,
    CosignerMemoryError,
    CryptoError,
    ForkError,
    InvalidKeyError,
    InvalidSignatureError,
    MerkleError,
    NoteError,
    SizeConflictError,
    UnknownLogError,
    check_type,
)
from .cosigner_memory import CosignerMemory

#: Seconds between two cosignatures of a log, beyond which the clock is thought to be wrong: thirty days.
LONGEST_PAUSE = 30 * 86400.0

_KIND = "cosigner"


class CosignerKeys:
    """A cosigner's name and key. One key serves one cosigner with one memory, and nothing else."""

    def __init__(self, name: str, key: SigningKey) -> None:
        self.signer = CosignatureSigner(name, key)
        self.name = name
        self._key = key
        #: Whether these keys can have signed nothing yet.
        self._new = False

    @classmethod
    def generate(cls, name: str) -> CosignerKeys:
        """A new key under a name such as ``witness.example.org/w1`` (C2SP tlog-cosignature, "Format").

        Call :meth:`start_memory` next. Raises NoteError for a name that no key may have.
        """
        check_type(name, str, "the cosigner's name as text")
        keys = cls(name, SigningKey.generate())
        keys._new = True
        return keys

    def vkey(self) -> str:
        """The public key as text, for whoever pins this cosigner."""
        return self.signer.verifier.vkey()

    @property
    def verifier(self) -> CosignatureVerifier:
        """The public key."""
        return self.signer.verifier

    def start_memory(self, path: str | os.PathLike[str]) -> None:
        """Writes the memory of a cosigner that has signed nothing, with mode 0600.

        It can be done once, with keys that were just generated: a memory that is lost cannot be begun anew, since what
        was signed before would be forgotten. Raises CosignerMemoryError otherwise, and where there is a file already.
        """
        if not self._new:
            raise CosignerMemoryError("only new keys begin a memory, and once; these may have signed already")
        CosignerMemory.start(path, self.vkey(), self.memory_key())
        self._new = False

    def memory_key(self) -> Secret[bytes]:
        """What the memory is authenticated with: 32 bytes that follow from the secret key."""
        return Secret(tagged_hash(Tag.COSIGNER_MEMORY, self._key.seed().reveal()))

    def save(self, path: str | os.PathLike[str], *, passphrase: str, replace: bool = False) -> None:
        """Seals the key, with the name, in a key file (:func:`secretballot.crypto.key_file.save`)."""
        vkey = self.vkey().encode("utf-8")
        key_file.save(path, _KIND, passphrase, vkey, self._key.seed(), replace=replace)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, passphrase: str) -> CosignerKeys:
        """The key that :meth:`save` wrote; raises KeyFileError."""
        with key_file.load(path, _KIND, passphrase, 2) as (text, seed):
            public = CosignatureVerifier.from_vkey(decode_text(text.reveal(), MAX_NOTE_SIZE, "vkey"))
            keys = cls(public.name, SigningKey(seed))
            if keys.verifier != public:
                raise InvalidKeyError("the secret key does not belong to the public one")
            return keys

    def __repr__(self) -> str:
        return f"<CosignerKeys of {self.name}, redacted>"


class _Known(NamedTuple):
    """What was cosigned last of a log."""

    log: NoteVerifier
    checkpoint: Checkpoint
    timestamp: int
    note: str

    def continues(self, before: _Known) -> bool:
        """Whether it can be what is remembered after ``before`` was."""
        if self.checkpoint.size == before.checkpoint.size:
            return self.checkpoint.root == before.checkpoint.root and self.timestamp >= before.timestamp
        return self.checkpoint.size > before.checkpoint.size


class Cosigner:
    """A cosigner at work, over the memory that :meth:`CosignerKeys.start_memory` began.

    ``logs`` are those that it watches: of each the vkey (``BoardKey.verifier().vkey()``), whose name is the origin.
    Safe from several threads; a second one over the same memory, in whatever process, is refused. A context manager
    that closes itself.

    Raises CosignerMemoryError where the memory is missing, torn, another cosigner's or in use, where it knows a log
    under another key, and after that for every call once it went back behind what it was.
    """

    def __init__(
        self,
        keys: CosignerKeys,
        memory: str | os.PathLike[str],
        logs: Iterable[str | NoteVerifier],
        *,
        clock: Callable[[], float] = time.time,
        longest_pause: float | None = LONGEST_PAUSE,
    ) -> None:
        """``clock`` gives seconds since the Epoch; ``longest_pause`` is how many it may have gone on since the last
        cosignature of a log, None where that was looked at by somebody."""
        check_type(keys, CosignerKeys, "the cosigner's keys")
        if isinstance(logs, str):
            raise ArgumentError("a list of logs must be given, not one text")
        check_type(logs, Iterable, "a list of logs")
        self._keys = keys
        self._clock = clock
        self._longest_pause = longest_pause
        self._lock = threading.Lock()
        self._logs: dict[str, NoteVerifier] = {}
        for one in logs:
            check_type(one, (str, NoteVerifier), "a log's vkey")
            log = NoteVerifier.from_vkey(one) if isinstance(one, str) else one
            if self._logs.setdefault(log.name, log) != log:
                raise ArgumentError("two keys are given for one log", item=log.name)
        #: What the memory was seen to hold, by origin.
        self._seen: dict[str, _Known] = {}
        self._memory = CosignerMemory(memory, keys.vkey(), keys.memory_key())
        try:
            self._recall()
        except BaseException:
            self.close()
            raise

    def cosign(self, checkpoint: bytes | str, old_size: int, consistency_proof: Sequence[bytes]) -> str:
        """The signature line, with its newline, that this cosigner adds to the note ``checkpoint`` of a log.

        ``old_size`` is the size of the checkpoint cosigned before, 0 where there was none, and ``consistency_proof``
        the hashes (32 bytes each) that lead from there to this one: none where the sizes are equal, or the old one is
        0. The same checkpoint may be cosigned again. On return the memory of it is on the disk; where anything is
        raised, nothing was given out. Raises what the head of this module lists.
        """
        check_type(checkpoint, (bytes, str), "a checkpoint")
        check_type(old_size, int, "the old size")
        check_type(consistency_proof, (list, tuple), "a list of hashes")
        for value in consistency_proof:
            check_type(value, bytes, "a hash as bytes")
        text, _ = parse_note(checkpoint)
        log = self._log(text.partition("\n")[0])
        note = _signed_by(log, checkpoint)
        shown = _parse(text, note, log)
        if old_size > shown.size:
            raise NoteError(f"{old_size} is above the checkpoint's, {shown.size}", item="old size")
        with self._lock:
            recalled = self._recall()
            known = recalled.get(log.name)
            size = known.checkpoint.size if known else 0
            if old_size != size:
                raise SizeConflictError(size, old_size)
            _check_continues(known, shown, note, consistency_proof, log)
            timestamp = self._now(known)
            signature = self._keys.signer.cosign(text, timestamp)
            added = _Known(log, shown, timestamp, add_cosignatures(note, [signature]))
            after = {**recalled, log.name: added}
            self._memory.write({one.log.vkey(): one.note for one in after.values()})
            self._seen = after
            return signature.line()

    def known_size(self, origin: str) -> int:
        """The size of the checkpoint of a log that was cosigned last, 0 where none was. Raises UnknownLogError, and
        CosignerMemoryError."""
        note = self._known(origin)
        return note.checkpoint.size if note else 0

    def latest(self, origin: str) -> str | None:
        """The checkpoint of a log that was cosigned last, with the log's signature and this cosigner's, for monitors;
        None where none was. Raises UnknownLogError, and CosignerMemoryError."""
        known = self._known(origin)
        return known.note if known else None

    def close(self) -> None:
        """Lets go of the memory; closing twice does no harm."""
        self._memory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _log(self, origin: str) -> NoteVerifier:
        if origin not in self._logs:
            raise UnknownLogError(
                "the checkpoint is of a log that this cosigner does not watch", item="origin"
            )
        return self._logs[origin]

    def _known(self, origin: str) -> _Known | None:
        log = self._log(origin)
        with self._lock:
            return self._recall().get(log.name)

    def _recall(self) -> dict[str, _Known]:
        """What the memory holds, by origin: as much as was seen of it before, or more.

        It is read anew each time, since an exception from outside (a signal's) may have come between a write and the
        note of it here; and a file that was put back is found out.
        """
        recalled: dict[str, _Known] = {}
        for vkey, note in self._memory.read().items():
            known = self._open(vkey, note)
            recalled[known.log.name] = known
        for origin, before in self._seen.items():
            now = recalled.get(origin)
            if now is None or not now.continues(before):
                raise self._memory.went_back(origin)
        for origin, known in recalled.items():
            if self._logs.get(origin, known.log) != known.log:
                raise CosignerMemoryError("the memory knows the log under another key", item=origin)
        self._seen = recalled
        return recalled

    def _open(self, vkey: str, note: str) -> _Known:
        try:
            log = NoteVerifier.from_vkey(vkey)
            seen = self._seen.get(log.name)
            if seen is not None and seen.note == note:
                return seen
            opened = open_cosigned(note, log, log.name, (self._keys.verifier,))
        except CryptoError as error:
            raise CosignerMemoryError(f"the memory holds what was never cosigned: {error}") from None
        if not opened.cosignatures:
            raise CosignerMemoryError("the memory holds what was never cosigned", item=log.name)
        return _Known(log, opened.checkpoint, opened.cosignatures[0].timestamp, note)

    def _now(self, known: _Known | None) -> int:
        """The clock's time in whole seconds. A cosignature of an earlier time than the last one would say that the log
        had been longer then than later."""
        now = int(self._clock())
        if not 0 < now <= MAX_TIMESTAMP:
            raise CosignerError("it says a time before 1970, or after all", item="clock")
        if known is not None and now < known.timestamp:
            raise CosignerError(
                f"it says {now}, the last cosignature was at {known.timestamp}: set it right", item="clock"
            )
        # A time to come, once it is in the memory, would stop the cosigner until then.
        if known is not None and self._longest_pause is not None:
            days = (now - known.timestamp) / 86400
            if days * 86400 > self._longest_pause:
                raise CosignerError(
                    f"it says {days:.0f} days since the last cosignature: set it right, or allow so long a pause",
                    item="clock",
                )
        return now

    def __repr__(self) -> str:
        return f"<Cosigner {self._keys.name}, {len(self._logs)} logs, redacted>"


def _signed_by(log: NoteVerifier, data: bytes | str) -> str:
    """The note with the log's signature alone: lines by others are passed over, and not kept."""
    try:
        note = open_note(data, (log,))
    except (NoteError, InvalidSignatureError) as error:
        raise InvalidSignatureError(error.message, item=f"checkpoint of {log.name}") from None
    return note.text + "\n" + note.verified[0].line()


def _parse(text: str, note: str, log: NoteVerifier) -> Checkpoint:
    lines = text.split("\n")
    if lines[1:2] == ["0"] and lines[2:3] != [encode_base64(EMPTY_ROOT)]:
        raise ForkError(
            "the log signed a root for no entries that is not that of the empty tree",
            shown=note,
            known=None,
            culprit=f"board {log.name}",
        )
    return Checkpoint.parse(text)


def _check_continues(
    known: _Known | None, shown: Checkpoint, note: str, proof: Sequence[bytes], log: NoteVerifier
) -> None:
    """Returns nothing if the proof leads from what was cosigned last to what is shown; raises ConsistencyError."""
    if known is None or known.checkpoint.size == 0:
        if proof:
            raise ConsistencyError("nothing leads from no entries", shown=note, known=known and known.note)
        return
    before = known.checkpoint
    if before.size == shown.size and before.root != shown.root:
        raise ForkError(
            f"the log signed two roots for {shown.size} entries: it is forked",
            shown=note,
            known=known.note,
            culprit=f"board {log.name}",
        )
    try:
        verify_consistency(before.size, shown.size, before.root, shown.root, proof)
    except MerkleError as error:
        raise ConsistencyError(
            f"from {before.size} to {shown.size} entries: {error.message}",
            shown=note,
            known=known.note,
            item=f"checkpoint of {log.name}",
        ) from None
