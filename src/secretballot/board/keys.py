"""The board's key, which signs checkpoints."""

from __future__ import annotations

import os

from ..crypto import key_file
from ..crypto.note import Checkpoint, NoteSigner, NoteVerifier, open_checkpoint, sign_checkpoint
from ..crypto.signing import SigningKey
from ..errors import InvalidKeyError, check_type
from ..manifest import BoardKey

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

    def save(self, path: str | os.PathLike[str], *, passphrase: str, replace: bool = False) -> None:
        """Seals the key, with the origin, in a key file (:func:`secretballot.crypto.key_file.save`)."""
        key_file.save(path, _KIND, passphrase, self.public().to_body(), self._key.seed(), replace=replace)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, passphrase: str) -> BoardKeys:
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

    @property
    def verifier(self) -> NoteVerifier:
        """The public key; its ``vkey()`` is what cosigners of the log are given."""
        return self._signer.verifier

    def open(self, note: bytes | str) -> Checkpoint:
        """A checkpoint that :meth:`sign` signed; raises NoteError or InvalidSignatureError for any other note."""
        return open_checkpoint(note, self.verifier, self.origin)

    def __repr__(self) -> str:
        return f"<BoardKeys of {self.origin}, redacted>"
