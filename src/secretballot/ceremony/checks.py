"""What anyone can check of a ceremony, from its published messages."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from ..crypto import dkg
from ..crypto.dkg_messages import POINT_SIZE
from ..crypto.encoding import Tag, tagged_hash
from ..errors import CeremonyError, KeyGenerationError, PhaseError, check_type
from ..manifest import Election

#: Trustees that one line of an error names.
MAX_NAMED = 5


def session_of(election: Election) -> dkg.Session:
    """The ceremony's setup: quorum, trustees' keys in order, and a context that no other election has."""
    manifest = election.manifest
    try:
        return dkg.Session(
            manifest.quorum,
            tuple(trustee.key for trustee in manifest.trustees),
            tagged_hash(Tag.CEREMONY_CONTEXT, election.id),
        )
    except KeyGenerationError as error:
        raise blame(election, error) from None


def commitment_to(election: Election, trustee: str, message: bytes) -> bytes:
    """The 32-byte hash that a trustee posts before its message."""
    return tagged_hash(Tag.CEREMONY_COMMITMENT, election.id, trustee, message)


def check_opens(election: Election, trustee: str, commitment: bytes, message: bytes) -> None:
    """Returns nothing if ``message`` is the one committed to; raises CeremonyError otherwise."""
    if not hmac.compare_digest(commitment_to(election, trustee, message), commitment):
        raise CeremonyError("the message is not the one committed to", culprit=f"trustee {trustee}")


def in_order(election: Election, by_trustee: Mapping[str, bytes], what: str) -> list[bytes]:
    """The trustees' contributions in the manifest's order.

    Raises PhaseError naming those that are still awaited: it is too early, and nobody's fault. Raises ArgumentError
    where they are not bytes by trustee id.
    """
    check_type(by_trustee, Mapping, f"every trustee's {what}, by the trustee's id,")
    ids = [trustee.id for trustee in election.manifest.trustees]
    awaited = [trustee for trustee in ids if trustee not in by_trustee]
    if awaited:
        raise PhaseError(f"the {what} of {_list(awaited)} is still awaited")
    ordered = [by_trustee[trustee] for trustee in ids]
    for contribution in ordered:
        check_type(contribution, bytes, f"a {what} as bytes")
    return ordered


def _list(ids: Sequence[str]) -> str:
    named = ", ".join(ids[:MAX_NAMED])
    kind = "trustee" if len(ids) == 1 else "trustees"
    return f"{kind} {named}" + (f" and {len(ids) - MAX_NAMED} more" if len(ids) > MAX_NAMED else "")


def check_message(election: Election, trustee: str, message: bytes) -> None:
    """Returns nothing if the message is well-formed and proves possession of what it commits to; raises CeremonyError
    otherwise."""
    try:
        dkg.verify_message(session_of(election), election.manifest.trustee_index(trustee), message)
    except KeyGenerationError as error:
        raise CeremonyError(error.message, culprit=f"trustee {trustee}") from None


def check_distinct(earlier: Mapping[str, bytes], trustee: str, message: bytes) -> None:
    """Returns nothing if no earlier message commits to the same secret as this one, whose form is right; raises
    CeremonyError otherwise.

    It names both trustees and no culprit. Over an honest board, which takes every commitment before the first message,
    the two conspire; a dishonest one can let a trustee copy another's message, and put the copy first.
    """
    for other, posted in earlier.items():
        if posted[:POINT_SIZE] == message[:POINT_SIZE]:
            raise CeremonyError(f"trustee {trustee} contributes the same secret as trustee {other} before it")


def group_public(election: Election, messages: Sequence[bytes]) -> dkg.GroupPublic:
    """The election key and the verification keys that all n messages define; raises CeremonyError with its culprit."""
    try:
        return dkg.verify_round1(session_of(election), messages)
    except KeyGenerationError as error:
        raise blame(election, error) from None


def blame(election: Election, error: KeyGenerationError) -> CeremonyError:
    """The error with the culprit's id in the manifest, where the key generation names an index."""
    culprit = error.culprit
    if culprit is not None and (number := culprit.removeprefix("trustee ")).isdecimal():
        culprit = f"trustee {election.manifest.trustees[int(number) - 1].id}"
    message = f"{error.item}: {error.message}" if error.item else error.message
    return CeremonyError(message, culprit=culprit)


def check_confirmation(election: Election, public: dkg.GroupPublic, trustee: str, signature: bytes) -> None:
    """Returns nothing if the trustee signed the transcript; raises CeremonyError otherwise."""
    try:
        dkg.verify_confirmation(public, election.manifest.trustee_index(trustee), signature)
    except KeyGenerationError:
        raise CeremonyError(
            "the confirmation is not of this transcript", culprit=f"trustee {trustee}"
        ) from None
