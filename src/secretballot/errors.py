"""One tree of errors; each error names what is wrong, and whose fault it is where that is known.

Nothing in secretballot returns ``False`` where ignoring the answer would be unsafe: a check returns nothing on
success and raises on failure.
"""

from __future__ import annotations

import os


class SecretBallotError(Exception):
    """The root of the tree.

    ``culprit`` names the party at fault ("trustee 2", "registrar interior"), ``item`` the thing that is wrong
    ("entry 17", "contest deputies"). Both are ``None`` where they are not known, and neither ever holds a secret.
    """

    def __init__(self, message: str, *, culprit: str | None = None, item: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.culprit = culprit
        self.item = item

    def __str__(self) -> str:
        where = f"{self.item}: " if self.item else ""
        whose = f" (fault of {self.culprit})" if self.culprit else ""
        return f"{where}{self.message}{whose}"


class ArgumentError(SecretBallotError, TypeError):
    """An argument that is no such thing as is asked for: the calling program's mistake, and nobody else's."""


class BackendError(SecretBallotError):
    """A backend that was asked for and is not to be had."""


class EncodingError(SecretBallotError):
    """Bytes, text or JSON that is not in the one accepted form."""


class CryptoError(SecretBallotError):
    """The root of what ``secretballot.crypto`` raises beside :class:`EncodingError`."""


class InvalidElementError(CryptoError):
    """Bytes that are not the canonical encoding of a group element, or the identity where it is refused.

    ``index`` is the place within the buffer, counted in elements from 0.
    """

    def __init__(self, message: str, *, index: int = 0) -> None:
        super().__init__(message, item=f"element {index}")
        self.index = index


class InvalidScalarError(CryptoError):
    """Bytes that are not the canonical encoding of a scalar. ``index`` as in :class:`InvalidElementError`."""

    def __init__(self, message: str, *, index: int = 0) -> None:
        super().__init__(message, item=f"scalar {index}")
        self.index = index


class InvalidInstanceError(CryptoError):
    """A statement that no proof may be made or accepted for (draft-irtf-cfrg-sigma-protocols, instance validation)."""


class InvalidProofError(CryptoError):
    """A proof that does not verify."""


class InvalidSignatureError(CryptoError):
    """A signature that does not verify."""


class InvalidKeyError(CryptoError):
    """A key outside what the standard allows."""


class DiscreteLogError(CryptoError):
    """An element whose logarithm is not within the bound."""


class MerkleError(CryptoError):
    """An inclusion or consistency proof that does not verify."""


class NoteError(CryptoError):
    """A signed note or checkpoint that is malformed or not signed by the expected key."""


class KeyGenerationError(CryptoError):
    """A message of the distributed key generation that must be refused; ``culprit`` is its sender."""


class KeyFileError(SecretBallotError):
    """A key file that cannot be written or read: it exists, is another's, is damaged, or the passphrase is wrong."""


class ManifestError(SecretBallotError):
    """An election that cannot work as described."""


class CeremonyError(SecretBallotError):
    """A key ceremony that failed; ``culprit`` names the trustee."""


class CredentialError(SecretBallotError):
    """A credential that is not to be issued or not to be accepted."""


class BallotError(SecretBallotError):
    """A ballot, challenge or selection that is not to be accepted."""


class SelectionError(BallotError):
    """A voter's choice that the contest does not allow. Its message names contest and line, never the choice."""


class BoardError(SecretBallotError):
    """The root of what the bulletin board raises."""


class PhaseError(BoardError):
    """An entry that is not allowed in the election's present phase."""


class DuplicateError(BoardError):
    """An entry, ballot or message that was accepted before."""


class RefusedError(BoardError):
    """An entry that fails a check of the board."""


class StoreError(BoardError):
    """The store cannot read or write."""


class CosignerError(SecretBallotError):
    """The root of what a cosigner raises, and nothing was cosigned. Itself: its clock is wrong."""


class UnknownLogError(CosignerError):
    """A checkpoint of a log that the cosigner does not watch."""


class SizeConflictError(CosignerError):
    """The checkpoint is to continue another size than the cosigner's last one, ``size``: ask again with a consistency
    proof from there."""

    def __init__(self, size: int, old_size: int) -> None:
        super().__init__(
            f"the last checkpoint cosigned is over {size} entries, not {old_size}", item="old size"
        )
        self.size = size


class ConsistencyError(CosignerError):
    """A checkpoint, signed by its log, that is not shown to continue the one cosigned last. ``shown`` and ``known`` are
    the two notes, ``known`` is None where none was cosigned. Keep both: where no proof can be given, the log is forked.
    """

    def __init__(
        self,
        message: str,
        *,
        shown: str,
        known: str | None,
        culprit: str | None = None,
        item: str | None = None,
    ) -> None:
        super().__init__(message, culprit=culprit, item=item)
        self.shown = shown
        self.known = known


class ForkError(ConsistencyError):
    """What no honest log signs, signed by its key: two roots for one size, or one of no entries that is not the empty
    tree's. The notes are the proof."""


class CosignerMemoryError(CosignerError):
    """A cosigner's memory that is missing, damaged, older than it was, in use, or cannot be written."""


class TallyError(SecretBallotError):
    """A tally that cannot be made; ``culprit`` names the trustee whose share is wrong or missing."""


class WorkerError(SecretBallotError):
    """A process that shared the work, and is lost or was never to be had: what it was given is to be done elsewhere."""


class OutcomeError(WorkerError):
    """What a worker answered is no outcome of what it was given, or not a whole one: nothing is known of the record."""


class RecordError(SecretBallotError):
    """An election record that cannot be read at all."""


def check_type(value: object, kind: type | tuple[type, ...], what: str) -> None:
    """Returns nothing where the argument is an instance of ``kind``; raises ArgumentError, which says ``what`` must
    be given, otherwise. The value itself is never shown: it may be a secret."""
    if not isinstance(value, kind):
        raise ArgumentError(f"{what} must be given, not {type(value).__name__}")


def check_path(value: object, what: str) -> None:
    """As :func:`check_type`, for a path: a text, or a :class:`os.PathLike` that stands for one, and not for bytes."""
    check_type(value, (str, os.PathLike), what)
    if isinstance(value, os.PathLike):
        check_type(os.fspath(value), str, f"{what} that is a text")
