"""RSA keys for blind signatures, and the signer's private operation (RFC 9474 section 4.3, RFC 8017).

:mod:`cryptography` makes, reads and writes the keys. It has no raw private operation, so that is here: by the
Chinese remainder theorem, blinded, and with constant-time exponentiation where gmpy2 is installed.
"""

from __future__ import annotations

import hmac
import math
import secrets
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ..errors import CryptoError, EncodingError, InvalidKeyError
from .secret import Secret

try:
    import gmpy2
except ImportError:
    gmpy2 = None

#: The accepted sizes of a modulus, in bits: 128 bits of security and above (NIST SP 800-57 part 1, table 2).
ALLOWED_MODULUS_BITS = frozenset({3072, 4096})
DEFAULT_MODULUS_BITS = 3072
PUBLIC_EXPONENT = 65537

#: A random number below an honest modulus of 3072 bits is no unit with a chance of about 2**-1535.
_UNIT_ATTEMPTS = 8
_EXPONENT_BLINDING_BITS = 64
#: The primes below 752, multiplied: NIST SP 800-89 section 5.3.3 allows none of them to divide a modulus.
_SMALL_PRIMES = math.prod(p for p in range(2, 752) if all(p % q for q in range(2, math.isqrt(p) + 1)))


def constant_time_backend() -> bool:
    """Whether the private exponentiation is gmpy2's ``powmod_sec``, which takes constant time.

    Otherwise it is Python's ``pow``, which does not: base and exponent are blinded there, and it is several
    times slower. The few multiplications around it are Python's on either backend, and of blinded values.
    """
    return gmpy2 is not None


def _secret_power(base: int, exponent: int, prime: int) -> int:
    if gmpy2 is not None:
        return int(gmpy2.powmod_sec(base, exponent, prime))
    # P. Kocher 1996, section 10: a multiple of the group's order in the exponent changes its bits each time.
    blinded = exponent + secrets.randbits(_EXPONENT_BLINDING_BITS) * (prime - 1)
    return pow(base, blinded, prime)


def _public_power(base: int, modulus: int) -> int:
    if gmpy2 is not None:
        return int(gmpy2.powmod(base, PUBLIC_EXPONENT, modulus))
    return pow(base, PUBLIC_EXPONENT, modulus)


def _inverse(unit: int, modulus: int) -> int:
    return int(gmpy2.invert(unit, modulus)) if gmpy2 is not None else pow(unit, -1, modulus)


def random_unit(modulus: int) -> tuple[int, int]:
    """A uniform r of [1, modulus) with an inverse, and that inverse (RFC 9474 section 4.2, steps 6 to 8).

    One without an inverse ("blinding error") is drawn again, as the RFC advises. Raises InvalidKeyError after
    eight of them: no honest modulus does that.
    """
    for _ in range(_UNIT_ATTEMPTS):
        r = 1 + secrets.randbelow(modulus - 1)
        if math.gcd(r, modulus) == 1:
            return r, _inverse(r, modulus)
    raise InvalidKeyError("the RSA modulus has small factors: no blinding factor has an inverse")


class PublicKey:
    """An RSA public key: the modulus ``n`` of 3072 or 4096 bits, and the exponent ``e`` = 65537.

    ``modulus_bytes`` is the length of n, of a blinded message and of a signature: 384 or 512 bytes. Raises
    InvalidKeyError for another size or exponent, and for a modulus with a prime factor below 752
    (NIST SP 800-89 section 5.3.3). That it is the product of two primes is not tested.
    """

    __slots__ = ("_der", "e", "modulus_bytes", "n", "verifier")

    def __init__(self, n: int, e: int = PUBLIC_EXPONENT) -> None:
        if e != PUBLIC_EXPONENT:
            raise InvalidKeyError(f"the RSA public exponent is not {PUBLIC_EXPONENT}")
        if n < 0 or n.bit_length() not in ALLOWED_MODULUS_BITS:
            allowed = " or ".join(str(bits) for bits in sorted(ALLOWED_MODULUS_BITS))
            raise InvalidKeyError(f"an RSA modulus has {allowed} bits, not {n.bit_length()}")
        if math.gcd(n, _SMALL_PRIMES) != 1:
            raise InvalidKeyError("the RSA modulus has a prime factor below 752")
        self.n = n
        self.e = e
        self.modulus_bytes = (n.bit_length() + 7) // 8
        #: The same key as an object of ``cryptography``, kept for the many signatures it verifies.
        self.verifier: rsa.RSAPublicKey = rsa.RSAPublicNumbers(e, n).public_key()
        self._der = self.verifier.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @classmethod
    def from_der(cls, data: bytes) -> PublicKey:
        """The key of a DER SubjectPublicKeyInfo with the OID rsaEncryption (RFC 8017 appendix A.1).

        Raises InvalidKeyError for all bytes that :meth:`to_der` would not have written. (RFC 9474 section 6.2
        asks for id-RSASSA-PSS inside X.509 certificates; there are none here.)
        """
        try:
            key = serialization.load_der_public_key(data)
        except (ValueError, UnsupportedAlgorithm):
            raise InvalidKeyError("not a DER public key") from None
        if not isinstance(key, rsa.RSAPublicKey):
            raise InvalidKeyError("not an RSA public key")
        numbers = key.public_numbers()
        public_key = cls(numbers.n, numbers.e)
        if public_key.to_der() != data:
            raise InvalidKeyError("not the canonical DER of an RSA public key")
        return public_key

    def to_der(self) -> bytes:
        """The DER SubjectPublicKeyInfo: 422 bytes at 3072 bits, 550 bytes at 4096."""
        return self._der

    def public_operation(self, value: int) -> int:
        """RSAVP1 (RFC 8017 section 5.2.2): value^e mod n. Raises CryptoError for a value outside [0, n)."""
        if not 0 <= value < self.n:
            raise CryptoError("an RSA representative is at least 0 and below the modulus")
        return _public_power(value, self.n)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.n == other.n

    def __hash__(self) -> int:
        return hash(self.n)

    def __repr__(self) -> str:
        return f"<PublicKey RSA-{self.n.bit_length()} n={self.n >> (self.n.bit_length() - 64):016x}…>"

    def __reduce__(self) -> tuple[object, ...]:
        return PublicKey.from_der, (self._der,)


class _PrivateNumbers(NamedTuple):
    """RFC 8017 section 3.2, second representation."""

    p: int
    q: int
    d_p: int
    d_q: int
    q_inverse: int


class PrivateKey:
    """The signer's key; made by :meth:`generate` or :meth:`from_secret_der`, never shown, never pickled.

    RFC 9474 section 6.2: it serves blind signatures of one variant, and nothing else.
    """

    __slots__ = ("_key", "_numbers", "public_key")

    def __init__(self, key: Secret[rsa.RSAPrivateKey]) -> None:
        numbers = key.reveal().private_numbers()
        self.public_key = PublicKey(numbers.public_numbers.n, numbers.public_numbers.e)
        half = self.public_key.n.bit_length() // 2
        if numbers.p.bit_length() != half or numbers.q.bit_length() != half:
            raise InvalidKeyError("the RSA primes are not of half the modulus's length")
        self._key = key
        self._numbers = Secret(
            _PrivateNumbers(numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
        )

    @classmethod
    def generate(cls, bits: int = DEFAULT_MODULUS_BITS) -> PrivateKey:
        """A new key of 3072 or 4096 bits, from the operating system's generator; takes up to some seconds.

        Raises InvalidKeyError for another size.
        """
        if bits not in ALLOWED_MODULUS_BITS:
            raise InvalidKeyError(f"no RSA key of {bits} bits is made")
        return cls(Secret(rsa.generate_private_key(PUBLIC_EXPONENT, bits)))

    @classmethod
    def from_secret_der(cls, secret: Secret[bytes]) -> PrivateKey:
        """The key of an unencrypted DER PKCS#8 (RFC 5208), as :meth:`to_secret_der` wrote it.

        The key is checked (primes, exponents), which takes about 0.1 s. Raises InvalidKeyError.
        """
        try:
            key = serialization.load_der_private_key(secret.reveal(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise InvalidKeyError("not a valid DER private key") from None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise InvalidKeyError("not an RSA private key")
        private_key = cls(Secret(key))
        if not hmac.compare_digest(private_key.to_secret_der().reveal(), secret.reveal()):
            raise InvalidKeyError("not the canonical DER of an RSA private key")
        return private_key

    def to_secret_der(self) -> Secret[bytes]:
        """The key as unencrypted DER PKCS#8, for the signer's key file."""
        return Secret(
            self._key.reveal().private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    def blind_sign(self, blinded_message: bytes) -> bytes:
        """BlindSign (RFC 9474 section 4.3): the blind signature, ``modulus_bytes`` bytes.

        Raises EncodingError for a blinded message that is not exactly ``modulus_bytes`` bytes, not below n,
        or not coprime to n; CryptoError if the result does not give the message back, which is a fault of
        this machine: such a result can factor n, and is not released (section 7.1).
        """
        key = self.public_key
        if len(blinded_message) != key.modulus_bytes:
            raise EncodingError(
                f"a blinded message has {key.modulus_bytes} bytes, not {len(blinded_message)}"
            )
        m = int.from_bytes(blinded_message, "big")
        if m >= key.n:
            raise EncodingError("a blinded message is below the modulus")
        if math.gcd(m, key.n) != 1:
            raise EncodingError("a blinded message is coprime to the modulus")
        # A fresh factor each time (RFC 9474 section 7.1): nobody chooses what is exponentiated.
        r, r_inverse = random_unit(key.n)
        s = self._private_operation(m * key.public_operation(r) % key.n) * r_inverse % key.n
        if key.public_operation(s) != m:
            raise CryptoError("a fault in the RSA private operation: nothing was signed")
        return s.to_bytes(key.modulus_bytes, "big")

    def _private_operation(self, m: int) -> int:
        """RSASP1 by the Chinese remainder theorem (RFC 8017 section 5.2.1, step 2.b)."""
        key = self._numbers.reveal()
        s_1 = _secret_power(m, key.d_p, key.p)
        s_2 = _secret_power(m, key.d_q, key.q)
        h = (s_1 - s_2) * key.q_inverse % key.p
        return s_2 + key.q * h

    def __repr__(self) -> str:
        return f"<PrivateKey of {self.public_key!r}, redacted>"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a PrivateKey is never pickled")
