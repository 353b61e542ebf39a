"""One proof for many shares: what is honest verifies, and one wrong share among many does not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto import equality as equality_module
from secretballot.crypto.equality import Equality, multiply, proof_size, prove, verify
from secretballot.crypto.group import Group, Scalar
from secretballot.errors import (
    CryptoError,
    InvalidElementError,
    InvalidInstanceError,
    InvalidProofError,
    InvalidScalarError,
)
from tests.support.backends import BACKENDS, name_of
from tests.support.p256 import p256

GROUPS = pytest.mark.parametrize("group", [*BACKENDS, p256], ids=name_of)
FAST = pytest.mark.parametrize("group", BACKENDS[-1:], ids=name_of)
SESSION = bytes(range(32))


def make(group: Group, count: int) -> tuple[Scalar, Equality, bytes]:
    secret = group.random_scalar()
    pads = group.encode_elements([group.multiply_generator(group.random_scalar()) for _ in range(count)])
    equality = Equality(group, group.multiply_generator(secret), pads, multiply(group, pads, secret))
    return secret, equality, prove(SESSION, equality, secret)


@GROUPS
@pytest.mark.parametrize("count", [1, 2, 7])
def test_honest_proofs(group: Group, count: int) -> None:
    secret, equality, proof = make(group, count)
    assert len(proof) == proof_size(group)
    verify(SESSION, equality, proof)
    pads, shares = (group.decode_elements(bytes(data)) for data in (equality.pads, equality.shares))
    assert [pad * secret for pad in pads] == shares


def test_a_backend_verifies_what_another_proved() -> None:
    for prover in BACKENDS:
        _, made, proof = make(prover, 3)
        for group in BACKENDS:
            (key,) = group.decode_elements(made.key.encode())
            verify(SESSION, Equality(group, key, made.pads, made.shares), proof)


@FAST
@given(data=st.data())
@settings(max_examples=30)
def test_one_wrong_share(group: Group, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 6))
    secret, equality, proof = make(group, count)
    place = data.draw(st.integers(0, count - 1))
    shares = bytearray(equality.shares)
    wrong = group.multiply_generator(group.random_scalar()).encode()
    shares[32 * place : 32 * place + 32] = wrong
    changed = Equality(group, equality.key, equality.pads, bytes(shares))
    for other in (proof, prove(SESSION, changed, secret)):
        with pytest.raises(InvalidProofError, match="the proof does not verify"):
            verify(SESSION, changed, other)


@FAST
def test_shares_that_cancel_out_in_the_sum(group: Group) -> None:
    """What one share is short of, another has too much: only the weights tell."""
    secret, equality, _ = make(group, 2)
    first, second = group.decode_elements(bytes(equality.shares))
    off = group.multiply_generator(group.random_scalar())
    for shares in ((first + off, second - off), (second, first)):
        changed = Equality(group, equality.key, equality.pads, group.encode_elements(shares))
        with pytest.raises(InvalidProofError, match="the proof does not verify"):
            verify(SESSION, changed, prove(SESSION, changed, secret))


@FAST
def test_neighbours(group: Group) -> None:
    secret, equality, proof = make(group, 3)
    pads, shares = bytes(equality.pads), bytes(equality.shares)
    other = group.multiply_generator(group.random_scalar())
    statements = (
        Equality(group, other, pads, shares),
        Equality(group, equality.key, shares, pads),
        Equality(group, equality.key, pads[:64], shares[:64]),
        Equality(group, equality.key, pads + pads[:32], shares + shares[:32]),
        Equality(group, equality.key, pads[32:] + pads[:32], shares[32:] + shares[:32]),
    )
    for statement in statements:
        with pytest.raises(InvalidProofError, match="the proof does not verify"):
            verify(SESSION, statement, proof)
    with pytest.raises(InvalidProofError, match="the proof does not verify"):
        verify(SESSION[1:] + b"\0", equality, proof)
    for place in range(0, 96, 32):
        for value in (other.encode(), (7).to_bytes(32, "little")):
            changed = proof[:place] + value + proof[place + 32 :]
            with pytest.raises((InvalidProofError, InvalidElementError, InvalidScalarError)):
                verify(SESSION, equality, changed)
    for wrong in (b"", proof[:-1], proof + b"\0", proof[32:], proof + bytes(32)):
        with pytest.raises(InvalidProofError, match=f"the proof has 96 bytes, not {len(wrong)}"):
            verify(SESSION, equality, wrong)
    with pytest.raises(InvalidScalarError):
        verify(SESSION, equality, proof[:64] + group.order.to_bytes(32, "little"))
    assert secret is not None


@FAST
@pytest.mark.parametrize("piece", [1, 2, 3, 100])
def test_what_does_not_decode(group: Group, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equality_module, "_PIECE", piece)
    secret, equality, proof = make(group, 5)
    verify(SESSION, equality, proof)
    for place in range(5):
        for name in ("pad", "share"):
            data = {"pad": bytearray(equality.pads), "share": bytearray(equality.shares)}
            data[name][32 * place : 32 * place + 32] = bytes(32)
            changed = Equality(group, equality.key, bytes(data["pad"]), bytes(data["share"]))
            with pytest.raises(InvalidElementError, match=f"element {place}: {name}: the identity"):
                verify(SESSION, changed, proof)
    with pytest.raises(CryptoError, match="31 bytes are no pads of 32 bytes"):
        multiply(group, bytes(31), secret)


@FAST
def test_statements_that_there_are_none_of(group: Group) -> None:
    _, equality, _ = make(group, 2)
    pads, shares = bytes(equality.pads), bytes(equality.shares)
    for given_pads, given_shares, message in (
        (b"", b"", "0 bytes are no pads"),
        (pads[:-1], shares[:-1], "63 bytes are no pads"),
        (pads, shares[:-32], "2 shares have 64 bytes, not 32"),
        (pads, shares + shares[:32], "2 shares have 64 bytes, not 96"),
    ):
        with pytest.raises(InvalidInstanceError, match=message):
            Equality(group, equality.key, given_pads, given_shares)
    with pytest.raises(InvalidInstanceError, match="the key is the identity"):
        Equality(group, group.identity, pads, shares)
