"""What the trustees publish during the ceremony."""

from __future__ import annotations

from typing import Literal

from ..records import Blob, Digest, Identifier, Record, Text


class CeremonyCommitment(Record):
    """The hash of the message that the trustee will post."""

    record: Literal["secretballot/1/ceremony-commitment"] = "secretballot/1/ceremony-commitment"
    election: Digest
    trustee: Identifier
    commitment: Digest


class CeremonyMessage(Record):
    """COCKTAIL-DKG's msg_1: commitments, proof of possession, ephemeral key and encrypted shares."""

    record: Literal["secretballot/1/ceremony-message"] = "secretballot/1/ceremony-message"
    election: Digest
    trustee: Identifier
    message: Blob


class CeremonyConfirmation(Record):
    """The trustee's signature over the ceremony's transcript (CertEq): it holds a good share of this very key."""

    record: Literal["secretballot/1/ceremony-confirmation"] = "secretballot/1/ceremony-confirmation"
    election: Digest
    trustee: Identifier
    signature: Blob


class CeremonyComplaint(Record):
    """A trustee will not confirm: ``accused`` posted something that must be refused. The ceremony cannot end well.

    Whether a share was good is known to its two trustees alone, so that a complaint convicts nobody by itself; it is
    logged so that the dispute is public, beside the accused one's signed message.
    """

    record: Literal["secretballot/1/ceremony-complaint"] = "secretballot/1/ceremony-complaint"
    election: Digest
    trustee: Identifier
    accused: Identifier
    reason: Text
