"""RSA keys and the private operation: what each function does, and what it refuses."""

from __future__ import annotations

import copy
import importlib.util
import math
import pickle
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.crypto import rsa_keys
from secretballot.crypto.blind_rsa import (
    PrivateKey,
    PublicKey,
    blind,
    constant_time_backend,
)
from secretballot.crypto.secret import Secret
from secretballot.errors import CryptoError, InvalidKeyError

DER = serialization.Encoding.DER
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PKCS8 = serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()


@pytest.fixture(scope="session")
def key() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def other_key() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(params=["gmpy2", "int"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "int":
        monkeypatch.setattr(rsa_keys, "gmpy2", None)
    else:
        pytest.importorskip("gmpy2")
    return request.param


# Public keys.


def test_public_key_round_trip(key: PrivateKey) -> None:
    public = key.public_key
    der = public.to_der()
    again = PublicKey.from_der(der)
    assert len(der) == 422
    assert again.to_der() == der
    assert (again.n, again.e, again.modulus_bytes) == (public.n, 65537, 384)
    assert again == public
    assert hash(again) == hash(public)
    assert der == rsa.RSAPublicNumbers(65537, public.n).public_key().public_bytes(DER, SPKI)


def test_public_key_equality(key: PrivateKey, other_key: PrivateKey) -> None:
    assert key.public_key != other_key.public_key
    assert key.public_key != key.public_key.n
    assert len({key.public_key, PublicKey(key.public_key.n), other_key.public_key}) == 2


def test_public_key_repr_is_short(key: PrivateKey) -> None:
    assert repr(key.public_key).startswith("<PublicKey RSA-3072 n=")
    assert len(repr(key.public_key)) < 60


def test_public_key_goes_to_other_processes(key: PrivateKey) -> None:
    assert pickle.loads(pickle.dumps(key.public_key)) == key.public_key  # noqa: S301
    assert copy.deepcopy(key.public_key) == key.public_key


@pytest.mark.parametrize("e", [1, 3, 17, 65536, 65539, -65537, 0])
def test_other_exponents_are_refused(key: PrivateKey, e: int) -> None:
    with pytest.raises(InvalidKeyError, match="exponent"):
        PublicKey(key.public_key.n, e)


@pytest.mark.parametrize("bits", [0, 1, 1024, 2048, 3071, 3073, 4095, 4097, 8192])
def test_other_sizes_are_refused(bits: int) -> None:
    with pytest.raises(InvalidKeyError, match="3072 or 4096 bits"):
        PublicKey((1 << bits) - 1)
    with pytest.raises(InvalidKeyError, match=f"of {bits} bits"):
        PrivateKey.generate(bits)


def test_negative_modulus_is_refused(key: PrivateKey) -> None:
    with pytest.raises(InvalidKeyError, match="3072 or 4096 bits"):
        PublicKey(-key.public_key.n)


@pytest.mark.parametrize("factor", [2, 3, 5, 743, 751])
def test_small_factors_are_refused(factor: int) -> None:
    n = (1 << 3072) - 1
    while n % factor or math.gcd(n // factor, rsa_keys._SMALL_PRIMES) != 1:
        n -= 1
    with pytest.raises(InvalidKeyError, match="factor below 752"):
        PublicKey(n)


def test_a_factor_above_the_limit_is_not_looked_for() -> None:
    n = (1 << 3072) - 1
    while n % 757 or math.gcd(n, rsa_keys._SMALL_PRIMES) != 1:
        n -= 1
    assert PublicKey(n).n == n


def test_4096_bits_are_accepted() -> None:
    n = (1 << 4096) - 1
    while math.gcd(n, rsa_keys._SMALL_PRIMES) != 1:
        n -= 2
    assert PublicKey(n).modulus_bytes == 512
    assert len(PublicKey(n).to_der()) == 550


def test_2048_bit_key_is_refused_everywhere() -> None:
    small = rsa.generate_private_key(65537, 2048)
    with pytest.raises(InvalidKeyError, match="2048"):
        PublicKey.from_der(small.public_key().public_bytes(DER, SPKI))
    with pytest.raises(InvalidKeyError, match="2048"):
        PrivateKey.from_secret_der(Secret(small.private_bytes(DER, PKCS8, PLAIN)))


def test_from_der_refuses_other_encodings(key: PrivateKey) -> None:
    der = key.public_key.to_der()
    public = key.public_key.verifier
    others = [
        b"",
        der[:-1],
        der + b"\0",
        b"\0" + der,
        public.public_bytes(DER, serialization.PublicFormat.PKCS1),
        public.public_bytes(serialization.Encoding.PEM, SPKI),
        # AlgorithmIdentifier without its NULL, and with the OID id-RSASSA-PSS.
        der.replace(
            bytes.fromhex("300d06092a864886f70d0101010500"), bytes.fromhex("300b06092a864886f70d010101")
        ),
        der.replace(bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a864886f70d01010a")),
        # A length in more bytes than it takes (BER).
        bytes.fromhex("308300") + der[2:],
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(DER, SPKI),
        ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(DER, SPKI),
        rsa.RSAPublicNumbers(3, key.public_key.n).public_key().public_bytes(DER, SPKI),
    ]
    for data in others:
        assert data != der
        with pytest.raises(InvalidKeyError):
            PublicKey.from_der(data)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_from_der_of_changed_bytes(key: PrivateKey, data: st.DataObject) -> None:
    der = bytearray(key.public_key.to_der())
    # The headers are the first 33 bytes and the last 5; between them every odd modulus is somebody's key.
    place = data.draw(
        st.integers(0, len(der) - 1) | st.integers(0, 32) | st.integers(len(der) - 5, len(der) - 1)
    )
    der[place] ^= data.draw(st.integers(1, 255))
    try:
        changed = PublicKey.from_der(bytes(der))
    except InvalidKeyError:
        return
    assert 33 <= place < len(der) - 5
    assert changed != key.public_key
    assert changed.to_der() == bytes(der)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=600))
def test_from_der_of_garbage(data: bytes) -> None:
    with pytest.raises(InvalidKeyError):
        PublicKey.from_der(data)
    with pytest.raises(InvalidKeyError):
        PrivateKey.from_secret_der(Secret(data))


def test_public_operation_takes_representatives_alone(key: PrivateKey, backend: str) -> None:
    n = key.public_key.n
    assert key.public_key.public_operation(n - 1) == n - 1
    assert key.public_key.public_operation(0) == 0
    assert key.public_key.public_operation(2) == pow(2, 65537, n)
    for value in (-1, n, n + 1):
        with pytest.raises(CryptoError):
            key.public_key.public_operation(value)


# Private keys.


def test_private_key_round_trip(key: PrivateKey) -> None:
    secret = key.to_secret_der()
    assert isinstance(secret, Secret)
    again = PrivateKey.from_secret_der(secret)
    assert again.public_key == key.public_key
    assert again.to_secret_der().reveal() == secret.reveal()
    blinded, _ = blind(key.public_key, b"message")
    assert again.blind_sign(blinded) == key.blind_sign(blinded)


def test_private_key_is_redacted(key: PrivateKey) -> None:
    numbers = key._numbers.reveal()
    for text in (repr(key), str(key), f"{key}", repr(key._numbers), repr(key._key)):
        assert "redacted" in text
        for number in (numbers.p, numbers.q, numbers.d_p):
            assert str(number) not in text
            assert f"{number:x}"[:16] not in text
    assert not hasattr(key, "__dict__")


def test_from_secret_der_refuses_other_encodings(key: PrivateKey) -> None:
    der = key.to_secret_der().reveal()
    private = key._key.reveal()
    encryption = serialization.BestAvailableEncryption(b"password")
    others = [
        b"",
        der[:-1],
        der + b"\0",
        private.private_bytes(DER, serialization.PrivateFormat.TraditionalOpenSSL, PLAIN),
        private.private_bytes(DER, PKCS8, encryption),
        private.private_bytes(serialization.Encoding.PEM, PKCS8, PLAIN),
        ed25519.Ed25519PrivateKey.generate().private_bytes(DER, PKCS8, PLAIN),
        key.public_key.to_der(),
    ]
    for data in others:
        with pytest.raises(InvalidKeyError):
            PrivateKey.from_secret_der(Secret(data))


@pytest.mark.parametrize("field", ["p", "q", "d", "dmp1", "dmq1", "iqmp"])
def test_from_secret_der_refuses_numbers_that_do_not_fit(key: PrivateKey, field: str) -> None:
    value = getattr(key._key.reveal().private_numbers(), field)
    size = (value.bit_length() + 7) // 8
    der = key.to_secret_der().reveal()
    assert der.count(value.to_bytes(size, "big")) == 1
    wrong = der.replace(value.to_bytes(size, "big"), (value ^ 2).to_bytes(size, "big"))
    with pytest.raises(InvalidKeyError):
        PrivateKey.from_secret_der(Secret(wrong))


@pytest.mark.parametrize(("p", "q"), [((3 << 1022) + 1, (3 << 2046) + 1), ((1 << 1535) + 1, (1 << 1536) + 1)])
def test_primes_of_unequal_length_are_refused(p: int, q: int) -> None:
    # Not primes, but `cryptography` is told not to look: the lengths alone are refused here.
    while math.gcd(p, rsa_keys._SMALL_PRIMES) != 1:
        p += 2
    while math.gcd(q, rsa_keys._SMALL_PRIMES * p) != 1:
        q += 2
    for one, two in ((p, q), (q, p)):
        public = rsa.RSAPublicNumbers(65537, p * q)
        numbers = rsa.RSAPrivateNumbers(one, two, 3, 3, 3, pow(two, -1, one), public)
        with pytest.raises(InvalidKeyError, match="half the modulus"):
            PrivateKey(Secret(numbers.private_key(unsafe_skip_rsa_key_validation=True)))


def test_private_operation_on_both_backends(key: PrivateKey, backend: str) -> None:
    assert constant_time_backend() is (backend == "gmpy2")
    numbers = key._key.reveal().private_numbers()
    n = key.public_key.n
    for m in (1, 2, n - 1, n // 3):
        expected = pow(m, numbers.d, n).to_bytes(384, "big")
        assert key.blind_sign(m.to_bytes(384, "big")) == expected


def test_module_without_gmpy2(monkeypatch: pytest.MonkeyPatch, key: PrivateKey) -> None:
    monkeypatch.setitem(sys.modules, "gmpy2", None)
    path = Path(rsa_keys.__file__)
    spec = importlib.util.spec_from_file_location("secretballot.crypto.rsa_keys_plain", path)
    assert spec is not None
    assert spec.loader is not None
    plain = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plain)
    assert plain.constant_time_backend() is False
    blinded, _ = blind(key.public_key, b"message")
    assert plain.PrivateKey(key._key).blind_sign(blinded) == key.blind_sign(blinded)


def test_plain_backend_blinds_the_exponent(key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rsa_keys, "gmpy2", None)
    numbers = key._numbers.reveal()
    seen: list[int] = []

    def recording_pow(base: int, exponent: int, modulus: int) -> int:
        seen.append(exponent)
        return pow(base, exponent, modulus)

    monkeypatch.setattr(rsa_keys, "pow", recording_pow, raising=False)
    assert rsa_keys._secret_power(5, numbers.d_p, numbers.p) == pow(5, numbers.d_p, numbers.p)
    assert rsa_keys._secret_power(5, numbers.d_p, numbers.p) == pow(5, numbers.d_p, numbers.p)
    assert len(set(seen)) == 2
    assert {exponent % (numbers.p - 1) for exponent in seen} == {numbers.d_p}
    assert numbers.d_p not in seen


def test_each_private_operation_is_of_another_base(key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    bases: list[int] = []
    power = rsa_keys._secret_power

    def recording(base: int, exponent: int, prime: int) -> int:
        bases.append(base)
        return power(base, exponent, prime)

    monkeypatch.setattr(rsa_keys, "_secret_power", recording)
    blinded, _ = blind(key.public_key, b"message")
    assert key.blind_sign(blinded) == key.blind_sign(blinded)
    assert len(bases) == 4
    assert len(set(bases)) == 2
    assert int.from_bytes(blinded, "big") not in bases
