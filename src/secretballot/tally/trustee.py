"""The trustee's side of the tally. Holds a share of the election key, and decrypts sums alone."""

from __future__ import annotations

from ..ceremony.trustee import KeyHolder
from ..crypto.group import ristretto255
from ..crypto.sigma import prove_batchable
from ..errors import TallyError
from ..records import sign_record
from .checks import share_relation, share_session
from .encrypted import EncryptedTally
from .records import DecryptionShare


class DecryptingTrustee:
    """A trustee who has finished the ceremony."""

    def __init__(self, holder: KeyHolder) -> None:
        self._holder = holder

    @property
    def id(self) -> str:
        """The trustee's id in the manifest."""
        return self._holder.id

    def decrypt(self, tally: EncryptedTally, *, accept_small_group: bool = False) -> bytes:
        """The entry with this trustee's decryption share of every sum, and its proof.

        The trustee takes ``tally`` from a log that it verified itself. Raises TallyError where fewer ballots count than
        the manifest's minimum group, unless that is accepted: such a result can tell how one voter voted.
        """
        election = self._holder.election
        if tally.ballots < election.manifest.minimum_group and not accept_small_group:
            raise TallyError(
                f"{tally.ballots} ballots are fewer than the minimum group of {election.manifest.minimum_group}"
            )
        if not tally.ciphertexts:
            raise TallyError("there is nothing to decrypt: no ballot counts")
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
