"""A mixer: shuffles and re-encrypts every batch, and proves it. It forgets how as soon as it is done."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import NoReturn

from ..board.attachments import Posting
from ..crypto import key_file, shuffling
from ..crypto.elgamal import EncryptionKey
from ..crypto.group import ristretto255, warn_of_variable_time
from ..crypto.signing import SigningKey
from ..errors import InvalidKeyError, ManifestError, PhaseError, TallyError, check_type
from ..manifest import Election, MixerKey
from ..records import sign_record
from .mixing import Mixing
from .records import BatchFile, MixRound, digest_file

_KIND = "mixer"


class MixerKeys:
    """A mixer's name and signing key, made before the manifest that names them."""

    def __init__(self, mixer_id: str, labels: Mapping[str, str], signing: SigningKey) -> None:
        check_type(signing, SigningKey, "a signing key")
        self._public = MixerKey(id=mixer_id, labels=dict(labels), signing_key=signing.verify_key.data)
        self._signing = signing

    @classmethod
    def generate(cls, mixer_id: str, labels: Mapping[str, str]) -> MixerKeys:
        """A new key for the mixer of that id; raises ManifestError for an id or labels that are none."""
        return cls(mixer_id, labels, SigningKey.generate())

    @property
    def id(self) -> str:
        """The mixer's id in the manifest."""
        return self._public.id

    def public(self) -> MixerKey:
        """What the manifest names."""
        return self._public

    def save(self, path: str | os.PathLike[str], *, passphrase: str, replace: bool = False) -> None:
        """Seals the key in a key file (:func:`secretballot.crypto.key_file.save`)."""
        key_file.save(path, _KIND, passphrase, self._public.to_body(), self._signing.seed(), replace=replace)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, passphrase: str) -> MixerKeys:
        """The key that :meth:`save` wrote; raises KeyFileError."""
        with key_file.load(path, _KIND, passphrase, 2) as (body, seed):
            public = MixerKey.from_body(body.reveal())
            keys = cls(public.id, public.labels, SigningKey(seed))
            if keys.public() != public:
                raise InvalidKeyError("the secret key does not belong to the public one")
            return keys

    def join(self, election: Election) -> Mixer:
        """The mixer of that election; raises ManifestError where its manifest does not name this key."""
        return Mixer(self, election)

    def __repr__(self) -> str:
        return f"<MixerKeys of {self.id}, redacted>"


class Mixer:
    """Mixes once. Asked again, it gives what it gave, so that a lost reply is no second shuffle."""

    def __init__(self, keys: MixerKeys, election: Election) -> None:
        check_type(keys, MixerKeys, "a mixer's keys (MixerKeys)")
        check_type(election, Election, "an election")
        if keys.public() != election.manifest.mixer(keys.id):
            raise ManifestError(f"mixer {keys.id} has another key in the manifest")
        warn_of_variable_time()
        self._keys = keys
        self._election = election
        #: With what it was made of.
        self._done: tuple[bytes, Posting] | None = None
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        """The mixer's id in the manifest."""
        return self._keys.id

    def mix(self, mixing: Mixing) -> Posting:
        """The next round, from a log that this mixer verified itself.

        Raises PhaseError where no round is waited for, or this mixer's is in the log, and TallyError for a mixing of
        another election. Where another mixer was faster, the board refuses the entry; then this is to be asked again,
        with the mixing as it is then.
        """
        check_type(mixing, Mixing, "a log's mixing")
        if mixing.election != self._election:
            raise TallyError("the ballots are another election's")
        if mixing.is_complete:
            done = (
                f"all {mixing.needed} rounds have been mixed" if mixing.needed else "no ballot is to be mixed"
            )
            raise PhaseError(f"no round is to be mixed: {done}")
        number = len(mixing.rounds) + 1
        # On top of its own round it must not mix, whoever asks for it: it would be named for it.
        if any(earlier.mixer == self.id for earlier in mixing.rounds):
            raise PhaseError(f"mixer {self.id} has mixed: its round is in the log")
        with self._lock:
            if self._done is None or self._done[0] != mixing.basis:
                self._done = mixing.basis, self._mix(mixing, number)
            return self._done[1]

    def _mix(self, mixing: Mixing, number: int) -> Posting:
        key = EncryptionKey(ristretto255, mixing.key)
        files: list[BatchFile] = []
        attachments = []
        for place, batch in enumerate(mixing.batches):
            shuffle, secret = shuffling.shuffle_rows(key, batch.width, mixing.rows(place))
            proof = shuffling.prove(mixing.session(batch, number, self.id), key, shuffle, secret)
            attachments.append(bytes(shuffle.outputs) + proof)
            files.append(digest_file(batch.contest, batch.line, attachments[-1]))
        record = MixRound(
            election=self._election.id,
            mixer=self.id,
            round=number,
            basis=mixing.basis,
            batches=tuple(files),
        )
        return Posting(tuple(attachments), sign_record(record, self._keys._signing))

    def __repr__(self) -> str:
        return f"<Mixer {self.id}, redacted>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Mixer is secret and is never pickled")
