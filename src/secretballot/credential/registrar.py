"""The registrar: checks the voter against the roll and signs blindly, once a voter. Holds the issuing key."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection
from typing import NoReturn

from ..crypto import key_file
from ..crypto.blind_rsa import PrivateKey
from ..crypto.signing import SigningKey
from ..errors import ArgumentError, CredentialError, InvalidKeyError, check_type
from ..manifest import Election, RegistrarKey
from ..records import sign_record
from .checks import blinded_in, request_digest
from .records import Issuance

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

        What a :class:`Registrar` issued is not in it.
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

    ``roll`` holds the voters' names as the embedder knows them. ``authenticate`` is the embedder's hook: it is given
    the name, and raises CredentialError where whoever asks is not that voter. Issuing is safe from several threads.
    It goes on until :meth:`close`: the registrar does not watch the log.
    """

    def __init__(
        self,
        keys: RegistrarKeys,
        election: Election,
        roll: Collection[str],
        authenticate: Callable[[str], None] = lambda voter: None,
    ) -> None:
        check_type(keys, RegistrarKeys, "the registrar's keys")
        check_type(election, Election, "an election")
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
        self._roll = frozenset(roll)
        if len(self._roll) != len(roll):
            raise CredentialError("the roll has a name twice")
        if len(self._roll) > election.manifest.roll_size:
            raise CredentialError(
                f"the roll has {len(self._roll)} names, the manifest's has {election.manifest.roll_size}"
            )
        self._authenticate = authenticate
        self._issued: dict[str, tuple[bytes, bytes, bytes]] = {}
        self._requests: set[bytes] = set()
        self._closed = False
        self._lock = threading.Lock()

    def issue(self, voter: str, request: bytes) -> tuple[bytes, bytes]:
        """The blind signature for a voter's request, and the register's entry for the log.

        Asked again with the same request, gives the same answer, so that a lost reply loses no vote. Raises
        CredentialError for a voter who is not on the roll, or whose other request was signed, for a request that was
        signed for another voter, or is for another registrar or election, and for a new voter after :meth:`close`;
        EncodingError for a request that is none or cannot be signed. A refusal uses up no serial.
        """
        check_type(voter, str, "a voter's name")
        check_type(request, bytes, "a holder's request as bytes")
        if voter not in self._roll:
            raise CredentialError("not on the roll")
        self._authenticate(voter)
        blinded = blinded_in(request, self._election.id, self._keys.id)
        with self._lock:
            if voter in self._issued:
                earlier, signature, entry = self._issued[voter]
                if earlier != blinded:
                    raise CredentialError("this voter has a credential already, for another request")
                return signature, entry
            if self._closed:
                raise CredentialError("issuing is closed")
            # The board takes no request twice: the line would be refused, and every later one for its serial.
            if blinded in self._requests:
                raise CredentialError("this request was signed for another voter")
            signature = self._keys._issuing.blind_sign(blinded)
            record = Issuance(
                election=self._election.id,
                registrar=self._keys.id,
                serial=len(self._issued) + 1,
                request=request_digest(self._election.id, blinded),
            )
            entry = sign_record(record, self._keys._signing)
            self._requests.add(blinded)
            self._issued[voter] = (blinded, signature, entry)
            return signature, entry

    def close(self) -> None:
        """Ends issuing: who was signed for still gets the same answer, and nobody else gets one. Call it before the
        phase of issuing ends; closing twice does no harm."""
        with self._lock:
            self._closed = True

    @property
    def id(self) -> str:
        """The registrar's id in the manifest."""
        return self._keys.id

    @property
    def issued(self) -> int:
        """How many voters hold a credential."""
        return len(self._issued)

    def __copy__(self) -> NoReturn:
        raise TypeError("a Registrar is never copied: each copy would issue by itself")

    def __repr__(self) -> str:
        return f"<Registrar {self._keys.id}, redacted>"
