"""The trustee's side of the tally. Holds a share of the election key, and decrypts sums, and lines that were mixed."""

from __future__ import annotations

from typing import NoReturn

from ..board.attachments import Posting
from ..board.memory import Memory
from ..ceremony.trustee import KeyHolder
from ..crypto import equality
from ..crypto.elgamal import Ciphertext
from ..crypto.encoding import frame
from ..crypto.equality import Equality
from ..crypto.group import ristretto255
from ..crypto.sigma import prove_batchable
from ..errors import TallyError, check_type
from ..records import sign_record
from .checks import share_relation, share_session
from .encrypted import EncryptedTally
from .mixing import Mixing
from .records import DecryptionShare, LineShare, digest_file


class DecryptingTrustee:
    """A trustee who has finished the ceremony.

    It decrypts one tally and no other, be it as sums or as lines, since the difference of two can be a single ballot;
    so it is not copied. ``memory`` is where it remembers what it decrypted: a file, for a trustee that may be started
    again; by default it is forgotten with this object.
    """

    def __init__(self, holder: KeyHolder, memory: Memory | None = None) -> None:
        check_type(holder, KeyHolder, "a trustee after the ceremony (KeyHolder)")
        if memory is not None:
            check_type(memory, Memory, "a memory")
        self._holder = holder
        self._memory = memory or Memory()

    @property
    def id(self) -> str:
        """The trustee's id in the manifest."""
        return self._holder.id

    def decrypt(self, tally: EncryptedTally, *, accept_small_group: bool = False) -> bytes:
        """The entry with this trustee's decryption share of every sum, and its proof.

        The trustee takes ``tally`` from a log that it verified itself. Raises TallyError where fewer ballots count than
        the manifest's minimum group, unless that is accepted: such a result can tell how one voter voted. Raises it too
        for another tally than the one that was decrypted before, and for one that nobody can decrypt.
        """
        election = self._holder.election
        tally = _own(tally)
        self._check_group(tally.ballots, accept_small_group)
        if not tally.ciphertexts:
            raise TallyError("there is nothing to decrypt: no ballot counts")
        if any(ciphertext.pad.is_identity() for ciphertext in tally.ciphertexts):
            raise TallyError("the voters' randomness cancels out: no share of this tally can be proven")
        self._decrypt_once(tally)
        secret = self._holder.share.share
        shares = [ciphertext.pad * secret for ciphertext in tally.ciphertexts]
        relation = share_relation(self._holder.share.verification_key, tally, shares)
        proof = prove_batchable(share_session(election, self.id, tally), relation, [secret])
        record = DecryptionShare(
            election=election.id,
            trustee=self.id,
            basis=tally.root,
            shares=ristretto255.encode_elements(shares),
            proof=proof,
        )
        return sign_record(record, self._holder.signing)

    def decrypt_lines(self, mixing: Mixing, *, accept_small_group: bool = False) -> Posting:
        """This trustee's share of the decryption of every mixed line: attachments, and the entry that names them.

        ``mixing`` is of a log that the trustee verified itself. Raises PhaseError while not all rounds are mixed, and
        TallyError as :meth:`decrypt`.
        """
        check_type(mixing, Mixing, "a log's mixing")
        election = self._holder.election
        if mixing.election != election:
            raise TallyError("the ballots are another election's")
        self._check_group(mixing.ballots, accept_small_group)
        if not mixing.needed:
            raise TallyError("there is nothing to decrypt: no ballot was mixed")
        mixing.check_complete()
        secret = self._holder.share.share
        key = self._holder.share.verification_key
        basis, ballots = mixing.basis, frame(str(mixing.ballots), mixing.root)
        if not (self._claim("ballots", ballots) and self._claim("lines", basis)):
            raise TallyError("other ballots were decrypted before: between the two, a voter's could be told")
        files, attachments = [], []
        for place, batch in enumerate(mixing.batches):
            pads = mixing.pads(place)
            shares = equality.multiply(ristretto255, pads, secret)
            statement = Equality(ristretto255, key, pads, shares)
            attachments.append(
                shares + equality.prove(mixing.share_session(batch, self.id), statement, secret)
            )
            files.append(digest_file(batch.contest, batch.line, attachments[-1]))
        record = LineShare(election=election.id, trustee=self.id, basis=basis, batches=tuple(files))
        return Posting(tuple(attachments), sign_record(record, self._holder.signing))

    def _check_group(self, ballots: int, accept_small_group: bool) -> None:
        least = self._holder.election.manifest.minimum_group
        if ballots < least and not accept_small_group:
            raise TallyError(f"{ballots} ballots are fewer than the minimum group of {least}")

    def _decrypt_once(self, tally: EncryptedTally) -> None:
        sums = (ristretto255.encode_elements(ciphertext) for ciphertext in tally.ciphertexts)
        ballots, encoded = frame(str(tally.ballots), tally.root), frame(*sums)
        if not (self._claim("ballots", ballots) and self._claim("sums", encoded)):
            raise TallyError("another tally was decrypted before: the difference can tell how a voter voted")

    def _claim(self, what: str, value: bytes) -> bool:
        """Whether this may be decrypted, of this election; see :class:`Memory`."""
        return self._memory.claim(what, frame(self._holder.election.id, value))

    def __repr__(self) -> str:
        return f"<DecryptingTrustee {self.id}, redacted>"

    def __copy__(self) -> NoReturn:
        raise TypeError("a DecryptingTrustee is never copied: each copy could decrypt another tally")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a DecryptingTrustee is never copied: each copy could decrypt another tally")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a DecryptingTrustee is secret and is never pickled")


def _own(tally: EncryptedTally) -> EncryptedTally:
    """The tally in tuples of its own, so that whoever gave it cannot change what is decrypted while it is."""
    check_type(tally, EncryptedTally, "an encrypted tally (a log's tally)")
    ballots, ciphertexts, root = tally
    check_type(ballots, int, "a tally's number of ballots")
    check_type(ciphertexts, (tuple, list), "a tally's ciphertexts")
    check_type(root, bytes, "a tally's root as bytes")
    held = tuple(ciphertexts)
    for ciphertext in held:
        check_type(ciphertext, Ciphertext, "a ciphertext")
    return EncryptedTally(ballots, held, root)
