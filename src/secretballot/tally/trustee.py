"""The trustee's side of the tally. Holds a share of the election key, and decrypts sums alone."""

from __future__ import annotations

from ..ceremony.trustee import KeyHolder
from ..crypto.group import ristretto255
from ..crypto.sigma import prove_batchable
from ..errors import TallyError, check_type
from ..records import sign_record
from .checks import share_relation, share_session
from .encrypted import EncryptedTally
from .records import DecryptionShare


class DecryptingTrustee:
    """A trustee who has finished the ceremony.

    It decrypts one tally and no other, since the difference of two can be a single ballot. Whoever makes this object
    anew for the same election has to see to that.
    """

    def __init__(self, holder: KeyHolder) -> None:
        check_type(holder, KeyHolder, "a trustee after the ceremony (KeyHolder)")
        self._holder = holder
        self._decrypted: EncryptedTally | None = None

    @property
    def id(self) -> str:
        """The trustee's id in the manifest."""
        return self._holder.id

    def decrypt(self, tally: EncryptedTally, *, accept_small_group: bool = False) -> bytes:
        """The entry with this trustee's decryption share of every sum, and its proof.

        The trustee takes ``tally`` from a log that it verified itself. Raises TallyError where fewer ballots count than
        the manifest's minimum group, unless that is accepted: such a result can tell how one voter voted. Raises it too
        for another tally than the one that was decrypted before.
        """
        election = self._holder.election
        check_type(tally, EncryptedTally, "an encrypted tally (a log's tally)")
        if tally.ballots < election.manifest.minimum_group and not accept_small_group:
            raise TallyError(
                f"{tally.ballots} ballots are fewer than the minimum group of {election.manifest.minimum_group}"
            )
        if not tally.ciphertexts:
            raise TallyError("there is nothing to decrypt: no ballot counts")
        if self._decrypted not in (None, tally):
            raise TallyError("another tally was decrypted before: the difference can tell how a voter voted")
        self._decrypted = tally
        secret = self._holder.share.share
        shares = [ciphertext.pad * secret for ciphertext in tally.ciphertexts]
        relation = share_relation(self._holder.share.verification_key, tally, shares)
        proof = prove_batchable(share_session(election, self.id, tally), relation, [secret])
        record = DecryptionShare(
            election=election.id,
            trustee=self.id,
            shares=ristretto255.encode_elements(shares),
            proof=proof,
        )
        return sign_record(record, self._holder.signing)

    def __repr__(self) -> str:
        return f"<DecryptingTrustee {self.id}, redacted>"
