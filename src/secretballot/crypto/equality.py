"""One proof that many elements are the same secret multiple of others: ``Y = x G`` and ``D_j = x A_j`` for every j.

The pairs are combined with random weights into one, ``A* = sum(z_j A_j)`` and ``D* = sum(z_j D_j)``, and ``D* = x
A*`` is proven with ``Y = x G`` (Chaum, Pedersen, "Wallet Databases with Observers", CRYPTO 1992). Sources: RFC 9497,
section 2.2, whose ComputeComposites does this; Bellare, Garay, Rabin, "Fast Batch Verification for Modular
Exponentiation and Digital Signatures" (EUROCRYPT 1998), the small exponents test, for weights of 128 bits: where one
pair is wrong, a proof holds with a chance of 2**-128. The weights are drawn by the duplex sponge of
draft-irtf-cfrg-fiat-shamir from everything that is stated.

Layout of a proof: T = k G and T* = k A*, then the response k + c x. Its length does not depend on the number of pairs.
Verified in one multi-scalar multiplication of two points a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import CryptoError, InvalidElementError, InvalidInstanceError, InvalidProofError
from .group import Element, Group, Scalar
from .group.system import WEIGHT_SIZE, read_weights
from .transcript import EXTRA, Buffer, DuplexSponge, decode_uint

#: Pairs that are decoded and multiplied at once.
_PIECE = 2**13


class Equality:
    """What is proven: the key Y, and pads A_j with shares D_j, encoded one after another.

    Raises InvalidInstanceError where there are none, not as many of both, or the key is the identity.
    """

    __slots__ = ("count", "group", "key", "pads", "shares")

    def __init__(self, group: Group, key: Element, pads: Buffer, shares: Buffer) -> None:
        self.count, rest = divmod(len(pads), group.element_size)
        if rest or not self.count:
            raise InvalidInstanceError(f"{len(pads)} bytes are no pads of {group.element_size} bytes")
        if len(shares) != len(pads):
            raise InvalidInstanceError(f"{self.count} shares have {len(pads)} bytes, not {len(shares)}")
        if key.is_identity():
            raise InvalidInstanceError("the key is the identity")
        self.group = group
        self.key = key
        self.pads = memoryview(pads)
        self.shares = memoryview(shares)


def proof_size(group: Group) -> int:
    """A proof's length in bytes."""
    return 2 * group.element_size + group.scalar_size


class _Transcript:
    def __init__(self, session_id: bytes, equality: Equality) -> None:
        self._group = group = equality.group
        self._sponge = DuplexSponge(session_id)
        self._sponge.absorb(equality.count.to_bytes(8, "little") + equality.key.encode())
        self._sponge.absorb(equality.pads)
        self._sponge.absorb(equality.shares)
        #: z_j, of WEIGHT_SIZE bytes each.
        self.weights = self._sponge.squeeze(WEIGHT_SIZE * equality.count)
        self._size = group.scalar_size + EXTRA

    def challenge(self, commitments: bytes) -> int:
        self._sponge.absorb(commitments)
        return decode_uint(self._sponge.squeeze(self._size), self._group.order)

    def combiner(self, response: bytes) -> int:
        """The weight of the second of the verifier's two equations against the first."""
        self._sponge.absorb(response)
        return int.from_bytes(self._sponge.squeeze(WEIGHT_SIZE), "little")


def prove(session_id: bytes, equality: Equality, secret: Scalar) -> bytes:
    """A proof of :func:`proof_size` bytes. That the statement is true is the caller's to know. Raises
    InvalidElementError for a pad that does not decode."""
    group = equality.group
    transcript = _Transcript(session_id, equality)
    combined = _sum(group, equality.pads, "pad", lambda start, end: _weights(transcript.weights, start, end))
    nonce = group.random_scalar()
    commitments = group.encode_elements([group.multiply_generator(nonce), combined * nonce])
    challenge = group.scalar(transcript.challenge(commitments))
    return commitments + (nonce + challenge * secret).encode()


def verify(session_id: bytes, equality: Equality, proof: bytes) -> None:
    """Returns nothing where the proof holds.

    Raises InvalidProofError where it does not or has the wrong length; InvalidElementError, with its place, for a pad
    or share that does not decode, and InvalidElementError or InvalidScalarError for a part of the proof.
    """
    group = equality.group
    if len(proof) != proof_size(group):
        raise InvalidProofError(f"the proof has {proof_size(group)} bytes, not {len(proof)}")
    split = 2 * group.element_size
    commitments = group.decode_elements(proof[:split])
    (response,) = group.decode_integers(proof[split:])
    transcript = _Transcript(session_id, equality)
    challenge = transcript.challenge(proof[:split])
    combiner = transcript.combiner(proof[split:])
    # s G = T + c Y, and, times the combiner, s A* = T* + c D*.
    total = group.sum_of_products(
        [response, -challenge, -1, -combiner], [group.generator, equality.key, *commitments]
    )
    weights = transcript.weights
    pads = _sum(
        group,
        equality.pads,
        "pad",
        lambda start, end: [combiner * response * z % group.order for z in _weights(weights, start, end)],
    )
    shares = _sum(
        group,
        equality.shares,
        "share",
        lambda start, end: [-combiner * challenge * z % group.order for z in _weights(weights, start, end)],
    )
    if not group.sum([total, pads, shares]).is_identity():
        raise InvalidProofError("the proof does not verify")


def _weights(weights: bytes, start: int, end: int) -> list[int]:
    return read_weights(weights[WEIGHT_SIZE * start : WEIGHT_SIZE * end])


def _sum(
    group: Group, data: memoryview, name: str, coefficients: Callable[[int, int], Sequence[int]]
) -> Element:
    """The sum of products over all elements, in pieces."""
    size = group.element_size
    count = len(data) // size
    parts = []
    for start in range(0, count, _PIECE):
        end = min(start + _PIECE, count)
        try:
            elements = group.decode_elements(bytes(data[size * start : size * end]))
        except InvalidElementError as error:
            raise InvalidElementError(f"{name}: {error.message}", index=start + error.index) from None
        parts.append(group.sum_of_products(coefficients(start, end), elements))
    return group.sum(parts)


def multiply(group: Group, pads: Buffer, secret: Scalar) -> bytes:
    """The shares: each pad times the secret. Raises InvalidElementError for a pad that does not decode."""
    size = group.element_size
    if len(pads) % size:
        raise CryptoError(f"{len(pads)} bytes are no pads of {size} bytes")
    out = []
    for start in range(0, len(pads), size * _PIECE):
        elements = group.decode_elements(bytes(pads[start : start + size * _PIECE]))
        out.append(group.encode_elements([element * secret for element in elements]))
    return b"".join(out)
