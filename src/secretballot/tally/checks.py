"""What anyone can check of decryption shares: each is proven against the trustee's verification key.

The statement for trustee i over the tally's pads A_1 … A_m: ``Y_i = x G`` and ``D_j = x A_j`` for every j, one secret x
(Chaum, Pedersen, "Wallet Databases with Observers", CRYPTO 1992; many bases under one challenge as a linear relation of
draft-irtf-cfrg-sigma-protocols). The session binds election, trustee and the log's root at the end of voting, so that
a share is of these very ballots and of no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ..crypto.encoding import Tag
from ..crypto.group import Element, ristretto255
from ..crypto.relation import Equation, LinearRelation, Shape
from ..crypto.sigma import session, verify_batchable
from ..errors import CryptoError, PhaseError, TallyError
from ..manifest import Election
from .encrypted import EncryptedTally
from .records import DecryptionShare


@lru_cache(maxsize=8)
def _shape(pads: int) -> Shape:
    """Elements: G, Y, A_1 … A_m, D_1 … D_m."""
    equations = [Equation(((1, 1),), ((0, 0, 1),))]
    equations += [Equation(((2 + pads + j, 1),), ((0, 2 + j, 1),)) for j in range(pads)]
    return Shape(ristretto255, 2 + 2 * pads, equations)


def share_relation(key: Element, tally: EncryptedTally, shares: Sequence[Element]) -> LinearRelation:
    """What a share's proof states; raises InvalidInstanceError where an element is the identity."""
    pads = [ciphertext.pad for ciphertext in tally.ciphertexts]
    return LinearRelation(_shape(len(pads)), [ristretto255.generator, key, *pads, *shares])


def share_session(election: Election, trustee: str, tally: EncryptedTally) -> bytes:
    """The session identifier of a share's proof."""
    return session(ristretto255, Tag.DECRYPTION_PROOF, election.id, trustee, tally.root)


def check_share(
    election: Election, key: Element, tally: EncryptedTally, record: DecryptionShare
) -> tuple[Element, ...]:
    """The trustee's share of each ciphertext, its proof verified against the verification key ``key``.

    Raises PhaseError for a share of other ballots, and TallyError, naming the trustee, for one that is malformed or not
    proven.
    """
    culprit = f"trustee {record.trustee}"
    if not tally.ciphertexts:
        raise TallyError("there is nothing to decrypt", culprit=culprit)
    # No culprit: a board can show a trustee another log than it publishes.
    if record.basis != tally.root:
        raise PhaseError("it is of other ballots than this log has")
    # The length first: decoding costs much more than reading.
    size = len(tally.ciphertexts) * ristretto255.element_size
    if len(record.shares) != size:
        raise TallyError(
            f"{len(tally.ciphertexts)} shares have {size} bytes, not {len(record.shares)}", culprit=culprit
        )
    try:
        shares = tuple(ristretto255.decode_elements(record.shares))
        relation = share_relation(key, tally, shares)
        verify_batchable(share_session(election, record.trustee, tally), relation, record.proof)
    except CryptoError as error:
        raise TallyError(f"the decryption share is refused: {error}", culprit=culprit) from None
    return shares
