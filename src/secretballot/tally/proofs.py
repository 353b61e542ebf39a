"""The proofs in attachments, each of one batch: of a round of mixing, or of a trustee's share of its lines.

A proof is made ready where the log is, and needs nothing more of it: any process can verify it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from ..crypto import equality, shuffle
from ..crypto.equality import Equality
from ..crypto.group import Element, ristretto255
from ..crypto.shuffle import Shuffle
from ..errors import CryptoError


class BatchProof(NamedTuple):
    """A proof and what it is of.

    ``key`` is the election key for a shuffle, and the trustee's verification key for a share. ``inputs`` are the rows
    before the shuffle, of ``width`` ciphertexts each, or the pads that were decrypted, one after another.
    ``attachment`` is as many bytes of rows, or of shares, and behind them the proof.
    """

    kind: Literal["shuffle", "share"]
    session: bytes
    #: What stands for the rows, and the attachment's digest: with the session, what names the proof.
    basis: bytes
    digest: bytes
    key: Element
    width: int
    inputs: bytes | memoryview
    attachment: bytes | memoryview

    @property
    def name(self) -> tuple[bytes, bytes, bytes]:
        """What tells it from every other proof of the election."""
        return self.session, self.basis, self.digest


def refusal(proof: BatchProof) -> str:
    """Why a proof does not hold, or nothing where it does."""
    split = len(proof.inputs)
    try:
        claimed, own = proof.attachment[:split], proof.attachment[split:]
        if proof.kind == "shuffle":
            statement = Shuffle(ristretto255, proof.key, proof.width, proof.inputs, claimed)
            shuffle.verify(proof.session, statement, own)
        else:
            equality.verify(
                proof.session, Equality(ristretto255, proof.key, proof.inputs, claimed), bytes(own)
            )
    except CryptoError as error:
        return str(error)
    return ""
