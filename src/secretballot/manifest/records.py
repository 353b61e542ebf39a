"""The manifest: entry 0 of every log."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..crypto.blind_rsa import PublicKey
from ..crypto.encoding import Tag, tagged_hash
from ..crypto.group import ristretto255
from ..crypto.note import NoteVerifier
from ..crypto.shuffle import MAX_ROWS
from ..crypto.signing import VerifyKey
from ..errors import CryptoError, ManifestError
from ..records import Blob, Identifier, Key, Labels, Nonce
from .capacity import check_sizes
from .contests import Contest, ManifestPart, is_mixed, unique

#: COCKTAIL-DKG costs each trustee work in n * k; assemblies have a handful.
MAX_TRUSTEES = 255
#: Each signs every credential, and every ballot holds all their signatures.
MAX_REGISTRARS = 255
MAX_MIXERS = 255
#: One mixer alone would know whose each line is.
MIN_ROUNDS = 2


class TrusteeKey(ManifestPart):
    """A trustee: ``key`` is the static ristretto255 key of the key ceremony, ``signing_key`` signs its entries.

    A trustee's index is its place in the manifest, counted from 1.
    """

    id: Identifier
    labels: Labels
    key: Key
    signing_key: Key


class RegistrarKey(ManifestPart):
    """A registrar: ``key`` is the issuing key (DER SubjectPublicKeyInfo), pinned here so that it cannot be swapped."""

    id: Identifier
    labels: Labels
    key: Blob
    signing_key: Key

    def public_key(self) -> PublicKey:
        """The issuing key; the manifest has checked it."""
        return PublicKey.from_der(self.key)


class MixerKey(ManifestPart):
    """A mixer: ``signing_key`` signs its entries. A trustee may mix too, under its own id and key."""

    id: Identifier
    labels: Labels
    signing_key: Key


class Authority(ManifestPart):
    """The body that holds the election: it signs the manifest, the phases and the result."""

    id: Identifier
    labels: Labels
    signing_key: Key


class BoardKey(ManifestPart):
    """The log: ``origin`` is the checkpoints' origin and key name (C2SP tlog-checkpoint)."""

    origin: Annotated[str, Field(pattern=r"^[!-*,-~]{1,200}$")]
    key: Key

    def verifier(self) -> NoteVerifier:
        """The key that signs the log's checkpoints; its ``vkey()`` is what cosigners of the log are given."""
        return NoteVerifier(self.origin, VerifyKey(self.key))


class Manifest(ManifestPart):
    """Everything that is fixed before the key ceremony. A manifest that cannot work raises ManifestError."""

    record: Literal["secretballot/1/manifest"] = "secretballot/1/manifest"
    labels: Labels
    #: 16 random bytes, so that no two elections have one id, and no two ceremonies one context.
    nonce: Nonce
    roll_size: Annotated[int, Field(ge=1)]
    #: The most ballots that can be counted; at least the roll.
    capacity: Annotated[int, Field(ge=1)]
    #: Results over fewer ballots than this would tell too much of a voter; trustees refuse to decrypt them.
    minimum_group: Annotated[int, Field(ge=1)]
    revoting: Literal["first", "last"]
    contests: Annotated[tuple[Contest, ...], Field(fail_fast=True, min_length=1)]
    quorum: Annotated[int, Field(ge=1)]
    trustees: Annotated[tuple[TrusteeKey, ...], Field(fail_fast=True, min_length=1, max_length=MAX_TRUSTEES)]
    registrars: Annotated[
        tuple[RegistrarKey, ...], Field(fail_fast=True, min_length=1, max_length=MAX_REGISTRARS)
    ]
    #: Who may mix, and how many of them have to: each mixes once, in the order in which they come.
    mixers: Annotated[tuple[MixerKey, ...], Field(fail_fast=True, max_length=MAX_MIXERS)] = ()
    mixing_rounds: Annotated[int, Field(ge=0)] = 0
    authority: Authority
    board: BoardKey

    @model_validator(mode="after")
    def _check(self) -> Self:
        unique([contest.id for contest in self.contests], "manifest", "contest")
        unique([trustee.id for trustee in self.trustees], "manifest", "trustee")
        unique([registrar.id for registrar in self.registrars], "manifest", "registrar")
        unique([mixer.id for mixer in self.mixers], "manifest", "mixer")
        if self.quorum > len(self.trustees):
            raise ManifestError(
                f"a quorum of {self.quorum} needs at least {self.quorum} trustees, there are {len(self.trustees)}"
            )
        if self.capacity < self.roll_size:
            raise ManifestError(f"the capacity of {self.capacity} is below the roll of {self.roll_size}")
        if self.minimum_group > self.roll_size:
            raise ManifestError(
                f"a minimum group of {self.minimum_group} is above the roll of {self.roll_size}"
            )
        self._check_mixing()
        self._check_keys()
        moduli = [registrar.public_key().modulus_bytes for registrar in self.registrars]
        check_sizes(self.contests, self.capacity, moduli)
        return self

    def _check_mixing(self) -> None:
        mixed = next((contest for contest in self.contests if is_mixed(contest)), None)
        if mixed is None:
            if self.mixers or self.mixing_rounds:
                raise ManifestError("there are mixers, and no contest to be mixed")
            return
        if not MIN_ROUNDS <= self.mixing_rounds <= len(self.mixers):
            raise ManifestError(
                f"it is mixed: mixing_rounds is at least {MIN_ROUNDS} and at most the number of mixers, which is "
                f"{len(self.mixers)}; not {self.mixing_rounds}",
                item=f"contest {mixed.id}",
            )
        if self.capacity > MAX_ROWS:
            raise ManifestError(
                f"a capacity of {self.capacity} is above the {MAX_ROWS} that can be mixed",
                item=f"contest {mixed.id}",
            )

    def _check_keys(self) -> None:
        signing = [trustee.signing_key for trustee in self.trustees]
        both = {(trustee.id, trustee.signing_key) for trustee in self.trustees}
        signing += [mixer.signing_key for mixer in self.mixers if (mixer.id, mixer.signing_key) not in both]
        signing += [registrar.signing_key for registrar in self.registrars]
        signing.append(self.authority.signing_key)
        if len({*signing, self.board.key}) != len(signing) + 1:
            raise ManifestError("two parties have the same signing key")
        if len({trustee.key for trustee in self.trustees}) != len(self.trustees):
            raise ManifestError("two trustees have the same key")
        if len({registrar.key for registrar in self.registrars}) != len(self.registrars):
            raise ManifestError("two registrars have the same key")
        for trustee in self.trustees:
            try:
                ristretto255.decode_elements(trustee.key)
            except CryptoError as error:
                raise ManifestError(
                    f"the key is refused: {error.message}", item=f"trustee {trustee.id}"
                ) from None
        for registrar in self.registrars:
            try:
                registrar.public_key()
            except CryptoError as error:
                raise ManifestError(
                    f"the key is refused: {error.message}", item=f"registrar {registrar.id}"
                ) from None

    def trustee_index(self, trustee_id: str) -> int:
        """The trustee's index, from 1; raises ManifestError for an unknown id."""
        for index, trustee in enumerate(self.trustees, 1):
            if trustee.id == trustee_id:
                return index
        raise ManifestError(f"there is no trustee {trustee_id!r}")

    def mixer(self, mixer_id: str) -> MixerKey:
        """The mixer of that id; raises ManifestError for an unknown one."""
        for mixer in self.mixers:
            if mixer.id == mixer_id:
                return mixer
        raise ManifestError(f"there is no mixer {mixer_id!r}")

    def registrar(self, registrar_id: str) -> RegistrarKey:
        """The registrar of that id; raises ManifestError for an unknown one."""
        for registrar in self.registrars:
            if registrar.id == registrar_id:
                return registrar
        raise ManifestError(f"there is no registrar {registrar_id!r}")


def election_id(body: bytes) -> bytes:
    """The 32-byte id of the election whose manifest has exactly this body."""
    return tagged_hash(Tag.ELECTION_ID, body)
