"""What trustees may try in the key ceremony."""

from __future__ import annotations

from ...ceremony.checks import commitment_to
from ...ceremony.records import CeremonyCommitment, CeremonyComplaint, CeremonyMessage
from ...crypto.group import ristretto255
from ...records import sign_record
from .accomplices import Accomplices, Shown
from .attacks import Attacks
from .elections import Elections
from .sources import BIAS, CANONICAL, MALLEABLE, ROGUE, TOO_MANY

ATTACKS = Attacks()
by = ATTACKS.by


def _message(election: Accomplices, number: int) -> bytes:
    record: CeremonyMessage = election.record(election.place("ceremony-message", number))
    return record.message


def _posted(sums: Accomplices, number: int, message: bytes) -> Shown:
    """Trustee ``number``, from 0, commits to this message and posts it."""
    election, trustee = sums.election, f"trustee-{number + 1}"
    key = sums.trustee_key(trustee)
    hashed = commitment_to(election, trustee, message)
    entries = list(sums.entries[: sums.opening("tally") + 1])
    entries[sums.place("ceremony-commitment", number)] = sign_record(
        CeremonyCommitment(election=election.id, trustee=trustee, commitment=hashed), key
    )
    entries[sums.place("ceremony-message", number)] = sign_record(
        CeremonyMessage(election=election.id, trustee=trustee, message=message), key
    )
    return sums.collude(entries)


@by("K1", "A trustee commits a second time, to another message.", BIAS)
def commitment_again(elections: Elections) -> Shown:
    sums = elections.sums
    _, other = sums.simulation.trustees[2].join(sums.election)
    place = sums.place("ceremony-commitment", 2)
    return sums.shown(place, sums.entries[place], other)


@by("K2", "A trustee posts another message than it committed to, once it has seen the others'.", BIAS)
def message_not_committed_to(elections: Elections) -> Shown:
    sums = elections.sums
    state, _ = sums.simulation.trustees[2].join(sums.election)
    place = sums.place("ceremony-message", 2)
    return sums.shown(place, sums.updated(place, message=state._message))


@by("K2", "A trustee committed to something else than the message that everybody confirms.", BIAS)
def commitment_to_something_else(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ceremony-commitment", 2)
    return sums.shown(place, sums.updated(place, commitment=bytes(32)))


@by("K2", "A trustee's message is in the log twice.")
def message_again(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ceremony-message")
    return sums.shown(place, sums.entries[place], sums.entries[place])


@by("K2", "A trustee's message is posted before the last trustee has committed.", BIAS)
def message_before_the_last_commitment(elections: Elections) -> Shown:
    sums = elections.sums
    commitment, message = sums.place("ceremony-commitment", 2), sums.place("ceremony-message", 0)
    order = [
        *sums.entries[:commitment],
        sums.entries[message],
        sums.entries[commitment],
        *sums.entries[message + 1 : sums.opening("tally") + 1],
    ]
    return sums.collude(order)


@by(
    "K2", "A trustee subtracts the others' keys from its own, so that it alone holds the election key.", ROGUE
)
def rogue_key(elections: Elections) -> Shown:
    messages = [_message(elections.sums, number) for number in range(3)]
    first = [ristretto255.decode_elements(message[:32])[0] for message in messages]
    rogue = first[2] - first[0] - first[1]
    return _posted(elections.sums, 2, rogue.encode() + messages[2][32:])


@by("K2", "A trustee copies another's contribution, whose share of the key then counts twice.", ROGUE)
def contribution_copied(elections: Elections) -> Shown:
    return _posted(elections.sums, 2, _message(elections.sums, 1))


@by("K2", "A trustee copies another's contribution with the opposite sign, and cancels it.", ROGUE)
def contribution_negated(elections: Elections) -> Shown:
    message = _message(elections.sums, 1)
    negated = [-element for element in ristretto255.decode_elements(message[:64])]
    return _posted(elections.sums, 2, ristretto255.encode_elements(negated) + message[64:])


@by("K2", "A trustee plays its own contribution to another election again.", ROGUE)
def contribution_to_another_election(elections: Elections) -> Shown:
    return _posted(elections.sums, 2, _message(elections.foreign, 2))


@by(
    "K2",
    "A trustee commits to one coefficient more, so that more than a quorum is needed to decrypt.",
    TOO_MANY,
)
def coefficients_too_many(elections: Elections) -> Shown:
    message = _message(elections.sums, 0)
    return _posted(elections.sums, 0, message[:64] + ristretto255.generator.encode() + message[64:])


@by("K2", "A trustee commits to one coefficient fewer, so that fewer than a quorum can decrypt.", TOO_MANY)
def coefficients_too_few(elections: Elections) -> Shown:
    message = _message(elections.sums, 0)
    return _posted(elections.sums, 0, message[:32] + message[64:])


@by("K2", "A trustee contributes the identity, and knows its discrete logarithm.")
def contribution_of_the_identity(elections: Elections) -> Shown:
    return _posted(elections.sums, 0, bytes(32) + _message(elections.sums, 0)[32:])


@by("K2", "A trustee's commitment is no canonical encoding of an element.", CANONICAL)
def contribution_not_canonical(elections: Elections) -> Shown:
    return _posted(elections.sums, 0, b"\xff" * 32 + _message(elections.sums, 0)[32:])


@by("K2", "A trustee says of an encrypted share that it is a byte shorter than it is.")
def share_with_another_length(elections: Elections) -> Shown:
    message = _message(elections.sums, 0)
    # Of two coefficients; then come the proof of possession and the ephemeral key.
    at = 2 * 32 + 96 + 7
    return _posted(elections.sums, 0, message[:at] + bytes([message[at] - 1]) + message[at + 1 :])


@by("K3", "A trustee's confirmation does not verify: it may have been shown other messages.")
def confirmation_forged(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ceremony-confirmation")
    signature = sums.record(place).signature
    return sums.shown(place, sums.updated(place, signature=bytes([*signature[:-1], signature[-1] ^ 1])))


@by("K3", "A trustee's confirmation is a byte short of a signature.")
def confirmation_cut(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ceremony-confirmation")
    return sums.shown(place, sums.updated(place, signature=sums.record(place).signature[:-1]))


@by("K3", "The group's order is added to the second half of a confirmation.", MALLEABLE)
def confirmation_not_reduced(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ceremony-confirmation")
    signature = sums.record(place).signature
    raised = int.from_bytes(signature[32:], "little") + ristretto255.order
    return sums.shown(place, sums.updated(place, signature=signature[:32] + raised.to_bytes(32, "little")))


@by("K3", "A trustee's confirmation is in the log twice.")
def confirmation_again(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ceremony-confirmation")
    return sums.shown(place, sums.entries[place], sums.entries[place])


@by("K3", "A trustee confirms with another trustee's signature.")
def confirmation_copied(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ceremony-confirmation")
    other = sums.record(sums.place("ceremony-confirmation", 1)).signature
    return sums.shown(place, sums.updated(place, signature=other))


@by("K3 B2", "The board's log has another message of a trustee than the others confirmed.", BIAS)
def transcripts_that_differ(elections: Elections) -> Shown:
    state, _ = elections.sums.simulation.trustees[2].join(elections.sums.election)
    return _posted(elections.sums, 2, state._message)


@by("K4", "Credentials are issued though a trustee has not confirmed the key.")
def confirmation_missing(elections: Elections) -> Shown:
    sums = elections.sums
    return sums.shown(sums.place("ceremony-confirmation", 2))


def _complaint(sums: Accomplices, accuser: str, accused: str) -> bytes:
    record = CeremonyComplaint(
        election=sums.election.id,
        trustee=accuser,
        accused=accused,
        reason="the share that I was dealt is bad",
    )
    return sign_record(record, sums.trustee_key(accuser))


@by("K4", "A trustee complains instead of confirming, and the election goes on.")
def complaint_ignored(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ceremony-confirmation", 2)
    return sums.shown(place, _complaint(sums, "trustee-3", "trustee-1"))


@by("K5 K4", "A trustee complains after it has confirmed, to stop the election.")
def complaint_after_confirming(elections: Elections) -> Shown:
    sums = elections.sums
    place = sums.place("ceremony-confirmation", 2)
    return sums.shown(place, sums.entries[place], _complaint(sums, "trustee-3", "trustee-1"))


def _ending(sums: Accomplices, accuser: str, *accused: str) -> Shown:
    """The ceremony up to the last confirmation, where it ends with complaints."""
    before = sums.entries[: sums.place("ceremony-confirmation", 2)]
    return sums.show([*before, *(_complaint(sums, accuser, one) for one in accused)])


@by("K5", "A trustee complains that has confirmed, and the ceremony ends there.")
def complaint_behind_a_confirmation(elections: Elections) -> Shown:
    return _ending(elections.sums, "trustee-1", "trustee-3")


@by("K5", "A trustee complains of itself, and the ceremony ends there.")
def complaint_of_oneself(elections: Elections) -> Shown:
    return _ending(elections.sums, "trustee-3", "trustee-3")


@by("K5", "A trustee complains of somebody who is none, and the ceremony ends there.")
def complaint_of_a_stranger(elections: Elections) -> Shown:
    return _ending(elections.sums, "trustee-3", "trustee-9")


@by("K5", "A trustee complains twice, of one and then of another, and the ceremony ends there.")
def complaint_again(elections: Elections) -> Shown:
    return _ending(elections.sums, "trustee-3", "trustee-1", "trustee-2")
