"""The body that holds the election: it announces the manifest, opens the phases and publishes the result."""

from __future__ import annotations

import os
from typing import Literal

from ..crypto import key_file
from ..crypto.encoding import frame
from ..crypto.signing import SigningKey
from ..errors import InvalidKeyError, PhaseError, check_type
from ..manifest import Authority, Election
from ..records import Record, sign_record
from .memory import Memory
from .records import PhaseChange, Seal

_KIND = "authority"


class AuthorityKeys:
    """The authority's signing key, made before the manifest that names it."""

    def __init__(self, authority_id: str, labels: dict[str, str], key: SigningKey) -> None:
        self.id = authority_id
        self.labels = labels
        self._key = key
        self._sealed = Memory()

    @classmethod
    def generate(cls, authority_id: str, labels: dict[str, str]) -> AuthorityKeys:
        """A new key for the authority of that id. Raises ManifestError for an id or labels that no manifest takes."""
        keys = cls(authority_id, labels, SigningKey.generate())
        keys.public()  # Refuses an id and labels that no manifest takes.
        return keys

    def public(self) -> Authority:
        """What the manifest names."""
        return Authority(id=self.id, labels=self.labels, signing_key=self._key.verify_key.data)

    def save(self, path: str | os.PathLike[str], *, passphrase: str, replace: bool = False) -> None:
        """Seals the key, with id and labels, in a key file (:func:`secretballot.crypto.key_file.save`)."""
        key_file.save(path, _KIND, passphrase, self.public().to_body(), self._key.seed(), replace=replace)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, passphrase: str) -> AuthorityKeys:
        """The key that :meth:`save` wrote; raises KeyFileError."""
        with key_file.load(path, _KIND, passphrase, 2) as (body, seed):
            public = Authority.from_body(body.reveal())
            keys = cls(public.id, public.labels, SigningKey(seed))
            if keys.public() != public:
                raise InvalidKeyError("the secret key does not belong to the public one")
            return keys

    def announce(self, election: Election) -> bytes:
        """The log's entry 0: the manifest, signed. Raises ManifestError where the manifest names another key."""
        check_type(election, Election, "an election")
        return election.to_entry(self._key)

    def enter(self, election: Election, phase: Literal["issuance", "voting", "tally"]) -> bytes:
        """The entry that opens a phase, and closes the one before."""
        check_type(election, Election, "an election")
        return sign_record(PhaseChange(election=election.id, phase=phase), self._key)

    def seal(self, election: Election, basis: bytes, memory: Memory | None = None) -> bytes:
        """The entry after which the trustees decrypt: ``basis`` is ``ElectionLog.closing_root``, of a log that the
        authority verified itself, and compared with what others hold.

        Raises PhaseError where another log was sealed before: between the two, a voter's ballot could be told.
        ``memory`` is where that is remembered: a file, for a program that may be started again; by default it is
        forgotten with this object.
        """
        check_type(election, Election, "an election")
        check_type(basis, bytes, "the log's closing root as bytes")
        if memory is not None:
            check_type(memory, Memory, "a memory")
        if not (memory or self._sealed).claim(f"seal-{election.id.hex()[:16]}", frame(election.id, basis)):
            raise PhaseError("another log of this election was sealed before")
        return sign_record(Seal(election=election.id, basis=basis), self._key)

    def publish(self, result: Record) -> bytes:
        """The entry with the result, which the log's own shares decide (``ElectionLog.compute_result``)."""
        check_type(result, Record, "a result")
        return sign_record(result, self._key)

    def __repr__(self) -> str:
        return f"<AuthorityKeys of {self.id}, redacted>"
