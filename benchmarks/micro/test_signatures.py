"""The signatures of a ballot: the registrar's blind RSA (3072 bits), and Ed25519; and the log's hashes."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from secretballot.crypto import blind_rsa
from secretballot.crypto.blind_rsa import PrivateKey
from secretballot.crypto.merkle import Frontier, leaf_hash
from secretballot.crypto.signing import SigningKey

from ..floor import MESSAGE


@pytest.fixture(scope="module")
def rsa() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="module")
def ed25519() -> SigningKey:
    return SigningKey.generate()


def test_rsa_blind(benchmark: BenchmarkFixture, rsa: PrivateKey) -> None:
    benchmark(blind_rsa.blind, rsa.public_key, b"message")


def test_rsa_blind_sign(benchmark: BenchmarkFixture, rsa: PrivateKey) -> None:
    blinded, _ = blind_rsa.blind(rsa.public_key, b"message")
    benchmark(rsa.blind_sign, blinded)


def test_rsa_verify(benchmark: BenchmarkFixture, rsa: PrivateKey) -> None:
    blinded, state = blind_rsa.blind(rsa.public_key, b"message")
    signature = blind_rsa.finalize(state, rsa.blind_sign(blinded))
    benchmark(blind_rsa.verify, rsa.public_key, b"message", signature)


def test_ed25519_sign(benchmark: BenchmarkFixture, ed25519: SigningKey) -> None:
    benchmark(ed25519.sign, MESSAGE)


def test_ed25519_verify(benchmark: BenchmarkFixture, ed25519: SigningKey) -> None:
    benchmark(ed25519.verify_key.verify, MESSAGE, ed25519.sign(MESSAGE))


def test_merkle_append(benchmark: BenchmarkFixture) -> None:
    frontier = Frontier()
    benchmark(lambda: frontier.append(leaf_hash(MESSAGE)))


def test_merkle_root(benchmark: BenchmarkFixture) -> None:
    frontier = Frontier()
    for _ in range(2**10 - 1):
        frontier.append(leaf_hash(b"entry"))
    benchmark(frontier.root)
