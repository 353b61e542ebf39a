"""Access codes: what an official hands out, so that a voter can ask the registrar from afar.

A code has 80 random bits, in base32 without letters that are taken for one another (Crockford's alphabet), as
``XXXX-XXXX-XXXX-XXXX``. The registrar keeps a hash of it, bound to election and voter. So many bits cannot be guessed
from the hash; the voter's device sends the code itself, over TLS.
"""

from __future__ import annotations

import hmac
import secrets

from ..crypto.encoding import Tag, tagged_hash
from ..errors import CredentialError, check_type

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: Characters of a code, without hyphens: five bits each.
LENGTH = 16
_GROUP = 4
#: What a reader may take one character for.
_SAME = str.maketrans({"O": "0", "I": "1", "L": "1"})
#: Characters of what is looked at.
_MAX_TYPED = 100


def new_code() -> str:
    """A new code, as it is printed."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH))
    return "-".join(drawn[at : at + _GROUP] for at in range(0, LENGTH, _GROUP))


def read_code(text: str) -> str:
    """A code as it was typed: lower case, spaces and hyphens do not matter, nor O for 0, I or L for 1.

    Raises CredentialError for what is no code; it is not shown.
    """
    check_type(text, str, "an access code as text")
    code = "".join(text[:_MAX_TYPED].split()).replace("-", "").upper().translate(_SAME)
    if len(text) > _MAX_TYPED or len(code) != LENGTH or any(char not in _ALPHABET for char in code):
        raise CredentialError(f"an access code has {LENGTH} letters and digits")
    return code


def hash_code(election_id: bytes, voter: str, code: str) -> bytes:
    """The 32 bytes that the registrar keeps of a voter's code."""
    return tagged_hash(Tag.ACCESS_CODE, election_id, voter, read_code(code))


def check_code(election_id: bytes, voter: str, code: str, kept: bytes | None) -> None:
    """Returns nothing if it is the code of which ``kept`` is the hash. Raises CredentialError otherwise, the same and
    after the same work for a wrong code, for no code, and for a voter of whom no hash is kept."""
    refusal = CredentialError("the name or the access code is wrong")
    try:
        given = hash_code(election_id, voter, code)
    except CredentialError:
        given = hash_code(election_id, voter, "0" * LENGTH)
        kept = None
    if not hmac.compare_digest(given, kept or bytes(len(given))):
        raise refusal
