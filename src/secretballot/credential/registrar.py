"""The registrar: checks the voter against the roll and signs blindly, once a voter. Holds the issuing key."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from typing import NoReturn

from ..crypto import key_file
from ..crypto.blind_rsa import PrivateKey
from ..crypto.signing import SigningKey
from ..errors import ArgumentError, CredentialError, InvalidKeyError, check_type
from ..manifest import Election, RegistrarKey
from ..records import sign_record
from .checks import blinded_in, request_digest
from .records import Issuance
from .register import IssuanceRegister, MemoryRegister

_KIND = "registrar"


class RegistrarKeys:
    """A registrar's keys, made before the manifest that pins them. An issuing key serves one election."""

    def __init__(
        self, registrar_id: str, labels: dict[str, str], issuing: PrivateKey, signing: SigningKey
    ) -> None:
        self.id = registrar_id
        self.labels = labels
        self._issuing = issuing
        self._signing = signing
        #: The election that the keys serve, once they do.
        self._election: bytes | None = None

    @classmethod
    def generate(cls, registrar_id: str, labels: dict[str, str]) -> RegistrarKeys:
        """New keys (RSA of 3072 bits, Ed25519) for the registrar of that id.

        Raises ManifestError for an id or labels that no manifest takes.
        """
        keys = cls(registrar_id, labels, PrivateKey.generate(), SigningKey.generate())
        keys.public()  # Refuses an id and labels that no manifest takes.
        return keys

    def public(self) -> RegistrarKey:
        """What the manifest pins."""
        return RegistrarKey(
            id=self.id,
            labels=self.labels,
            key=self._issuing.public_key.to_der(),
            signing_key=self._signing.verify_key.data,
        )

    def save(self, path: str | os.PathLike[str], *, passphrase: str, replace: bool = False) -> None:
        """Seals the keys, with id and labels, in a key file (:func:`secretballot.crypto.key_file.save`).

        What a :class:`Registrar` issued is not in it, but in its register.
        """
        body, issuing = self.public().to_body(), self._issuing.to_secret_der()
        key_file.save(path, _KIND, passphrase, body, issuing, self._signing.seed(), replace=replace)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, passphrase: str) -> RegistrarKeys:
        """The keys that :meth:`save` wrote; raises KeyFileError."""
        with key_file.load(path, _KIND, passphrase, 3) as (body, issuing, seed):
            public = RegistrarKey.from_body(body.reveal())
            keys = cls(public.id, public.labels, PrivateKey.from_secret_der(issuing), SigningKey(seed))
            if keys.public() != public:
                raise InvalidKeyError("the secret keys do not belong to the public ones")
            return keys

    def __repr__(self) -> str:
        return f"<RegistrarKeys of {self.id}, redacted>"


class Registrar:
    """Issues credentials for one election.

    ``roll`` is a register (:class:`~secretballot.credential.register.IssuanceRegister`) with voters on its roll, which
    keeps what is issued, also for a registrar that is made anew, and for others beside this one; or the voters' names
    alone, for a register in memory. ``authenticate`` is the embedder's hook: it is given the name, and raises
    CredentialError where whoever asks is not that voter. Issuing is safe from several threads. It goes on until
    :meth:`close`: the registrar does not watch the log.
    """

    def __init__(
        self,
        keys: RegistrarKeys,
        election: Election,
        roll: Collection[str] | IssuanceRegister,
        authenticate: Callable[[str], None] = lambda voter: None,
    ) -> None:
        check_type(keys, RegistrarKeys, "the registrar's keys")
        check_type(election, Election, "an election")
        if not isinstance(roll, IssuanceRegister):
            names = roll if isinstance(roll, Collection) and not isinstance(roll, (str, bytes)) else None
            if names is None or any(not isinstance(name, str) for name in names):
                raise ArgumentError("a roll is a collection of voters' names, each a str")
        if not callable(authenticate):
            raise ArgumentError("authenticate is a function of a voter's name")
        if election.manifest.registrar(keys.id) != keys.public():
            raise CredentialError("the manifest pins other keys", culprit=f"registrar {keys.id}")
        if keys._election not in (None, election.id):
            # Of two elections with one issuing key, a voter of one could have a ballot key of the other signed.
            raise CredentialError("these keys served another election: an issuing key serves one alone")
        keys._election = election.id
        self._keys = keys
        self._election = election
        self._register = roll if isinstance(roll, IssuanceRegister) else MemoryRegister(list(roll))
        size = self._register.roll_size()
        if size > election.manifest.roll_size:
            raise CredentialError(
                f"the roll has {size} names, the manifest's has {election.manifest.roll_size}"
            )
        self._register.bind(election.id, keys.id)
        self._authenticate = authenticate

    def issue(self, voter: str, request: bytes) -> tuple[bytes, bytes]:
        """The blind signature for a voter's request, and the register's entry for the log.

        Asked again with the same request, gives the same answer, so that a lost reply loses no vote. Raises
        CredentialError for a voter who is not on the roll, or whose other request was signed, for a request that was
        signed for another voter, or is for another registrar or election, and for a new voter after :meth:`close`;
        EncodingError for a request that is none or cannot be signed; StoreError where the register cannot be written.
        A refusal uses up no serial. What is returned is in the register, as durable as that is.
        """
        check_type(voter, str, "a voter's name")
        check_type(request, bytes, "a holder's request as bytes")
        if not self._register.is_on_roll(voter):
            raise CredentialError("not on the roll")
        self._authenticate(voter)
        blinded = blinded_in(request, self._election.id, self._keys.id)
        issued = self._register.find(voter, blinded)
        if issued is None:
            # Signed before the register is locked, as that takes long. It leaves only once it is written down.
            signature = self._keys._issuing.blind_sign(blinded)
            issued = self._register.issue(
                voter, blinded, signature, lambda serial: self._line(serial, blinded)
            )
        return issued.signature, issued.entry

    def _line(self, serial: int, blinded: bytes) -> bytes:
        if serial > self._election.manifest.roll_size:
            raise CredentialError("more credentials than voters on the manifest's roll")
        record = Issuance(
            election=self._election.id,
            registrar=self._keys.id,
            serial=serial,
            request=request_digest(self._election.id, blinded),
        )
        return sign_record(record, self._keys._signing)

    def entries(self, start: int = 1) -> Iterator[bytes]:
        """The register's entries for the log, from the serial ``start`` on: those that a crash may have kept from it,
        with ``log.issued.get(registrar.id, 0) + 1``.

        Raises StoreError, at the call, where the log has lines that the register has not: it is an old copy, or
        another's, and would sign for voters who have a credential.
        """
        return self._register.entries(start)

    def close(self) -> None:
        """Ends issuing, here and wherever else the register is used: who was signed for still gets the same answer, and
        nobody else gets one. Call it before the phase of issuing ends; closing twice does no harm."""
        self._register.close_issuing()

    @property
    def election(self) -> Election:
        """The election that it issues credentials for."""
        return self._election

    @property
    def id(self) -> str:
        """The registrar's id in the manifest."""
        return self._keys.id

    @property
    def issued(self) -> int:
        """How many voters hold a credential."""
        return self._register.count()

    def __copy__(self) -> NoReturn:
        raise TypeError("a Registrar is never copied: each copy would issue by itself")

    def __repr__(self) -> str:
        return f"<Registrar {self._keys.id}, redacted>"
