"""What is published of credentials."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..manifest import MAX_REGISTRARS
from ..records import Blob, Count, Digest, Identifier, Key, Record


class Credential(Record):
    """A ballot key and, for each registrar in the manifest's order, ``prefix || signature`` over it (RFC 9474)."""

    key: Key
    signatures: Annotated[tuple[Blob, ...], Field(fail_fast=True, min_length=1, max_length=MAX_REGISTRARS)]


class Issuance(Record):
    """A line of a registrar's public register: it signed one more request. It names no voter.

    ``serial`` counts from 1; ``request`` is the hash of the blinded message.
    """

    record: Literal["secretballot/1/issuance"] = "secretballot/1/issuance"
    election: Digest
    registrar: Identifier
    serial: Count
    request: Digest
