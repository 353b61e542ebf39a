"""The body that holds the election: it announces the manifest, opens the phases and publishes the result."""

from __future__ import annotations

from typing import Literal

from ..crypto.signing import SigningKey
from ..manifest import Authority, Election
from ..records import Record, sign_record
from .records import PhaseChange


class AuthorityKeys:
    """The authority's signing key, made before the manifest that names it."""

    def __init__(self, authority_id: str, labels: dict[str, str], key: SigningKey) -> None:
        self.id = authority_id
        self.labels = labels
        self._key = key

    @classmethod
    def generate(cls, authority_id: str, labels: dict[str, str]) -> AuthorityKeys:
        """A new key for the authority of that id."""
        return cls(authority_id, labels, SigningKey.generate())

    def public(self) -> Authority:
        """What the manifest names."""
        return Authority(id=self.id, labels=self.labels, signing_key=self._key.verify_key.data)

    def announce(self, election: Election) -> bytes:
        """The log's entry 0: the manifest, signed. Raises ManifestError where the manifest names another key."""
        return election.to_entry(self._key)

    def enter(self, election: Election, phase: Literal["issuance", "voting", "tally"]) -> bytes:
        """The entry that opens a phase, and closes the one before."""
        return sign_record(PhaseChange(election=election.id, phase=phase), self._key)

    def publish(self, result: Record) -> bytes:
        """The entry with the result, which the log's own shares decide (``ElectionLog.compute_result``)."""
        return sign_record(result, self._key)

    def __repr__(self) -> str:
        return f"<AuthorityKeys of {self.id}, redacted>"
