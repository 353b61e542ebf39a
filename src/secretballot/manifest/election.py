"""A manifest made ready for use: its id, its log entry, its issuing keys."""

from __future__ import annotations

from functools import cached_property

from ..crypto.blind_rsa import PublicKey
from ..crypto.signing import SigningKey
from ..errors import EncodingError, ManifestError, check_type
from ..records import SignedEntry, a_kind, kind_of, parse_entry, sign_body
from .capacity import entry_sizes
from .records import Manifest, election_id

MANIFEST_KIND = "manifest"
#: How many times the bytes that are reckoned for its kind an entry may have.
MAX_EXCESS = 2


class Election:
    """A manifest with its exact body. Public; equal when the ids are equal."""

    def __init__(self, body: bytes) -> None:
        """Raises ManifestError for a body that is not a canonical, workable manifest."""
        check_type(body, bytes, "a manifest's body as bytes")
        try:
            self.manifest = Manifest.from_body(body)
        except EncodingError as error:
            raise ManifestError(error.message, item="manifest") from None
        self.body = body
        self.id = election_id(body)

    @classmethod
    def from_manifest(cls, manifest: Manifest) -> Election:
        """The election of a manifest made in Python."""
        check_type(manifest, Manifest, "a manifest")
        return cls(manifest.to_body())

    @classmethod
    def from_entry(cls, entry: bytes) -> Election:
        """The election of a log's entry 0, its signature verified.

        Raises ManifestError, EncodingError or InvalidSignatureError. The signing key stands in the manifest itself:
        what makes it *this* election is its id, which the caller compares with the one announced.
        """
        check_type(entry, bytes, "an entry as bytes")
        signed = parse_entry(entry)
        election = cls.from_signed(signed)
        signed.verify(election.manifest.authority.signing_key)
        return election

    @classmethod
    def from_signed(cls, signed: SignedEntry) -> Election:
        """As :meth:`from_entry`, the signature left to the caller."""
        if signed.kind != MANIFEST_KIND:
            raise ManifestError(
                f"the log begins with {a_kind(signed.kind)} and not with a manifest", item="entry 0"
            )
        return cls(signed.body)

    def to_entry(self, authority: SigningKey) -> bytes:
        """Entry 0, signed by the authority; raises ManifestError for another key."""
        if authority.verify_key.data != self.manifest.authority.signing_key:
            raise ManifestError("the authority's key is not the manifest's")
        return sign_body(self.body, authority)

    @cached_property
    def issuing_keys(self) -> tuple[PublicKey, ...]:
        """The registrars' issuing keys, in the manifest's order."""
        return tuple(registrar.public_key() for registrar in self.manifest.registrars)

    @cached_property
    def _entry_sizes(self) -> dict[str, int]:
        manifest = self.manifest
        return entry_sizes(
            manifest.contests, manifest.capacity, [key.modulus_bytes for key in self.issuing_keys]
        )

    def check_size(self, entry: bytes) -> None:
        """Raises EncodingError for an entry of more than twice the bytes that one of its kind has in this election:
        reading it, or showing it, costs much more than its length tells. Smaller ones are read, so that the error says
        what is wrong with them. Kinds whose size no contest decides are small by themselves."""
        kind = kind_of(entry)
        if len(entry) > MAX_EXCESS * self._entry_sizes.get(kind, len(entry)):
            raise EncodingError(
                f"{a_kind(kind)} of this election has at most {self._entry_sizes[kind]} bytes, not {len(entry)}"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Election) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Election({self.id.hex()})"
