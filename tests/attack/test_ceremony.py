"""What a trustee, or the board, may try in the key ceremony, as the public record shows it. What they may try against
the key generation itself is in ``test_dkg``."""

from __future__ import annotations

import pytest

from secretballot.ceremony.checks import commitment_to
from secretballot.ceremony.records import CeremonyCommitment, CeremonyConfirmation, CeremonyMessage
from secretballot.crypto.group import ristretto255
from secretballot.errors import CeremonyError, DuplicateError, PhaseError, SecretBallotError
from secretballot.records import Record, parse_entry, sign_record
from secretballot.testing import Simulation
from secretballot.verify import Verdict

from ..support import elections
from .accomplices import CONTESTS, TALLY, Held, failed, findings, named
from .test_ballots import BAD_POINTS

#: Where the phases begin.
COMMITMENTS, MESSAGES, CONFIRMATIONS, ISSUANCE = 1, 4, 7, 10

pytestmark = pytest.mark.usefixtures("remembered")


def message_of(held: Held, place: int) -> bytes:
    record = held.record(place)
    assert isinstance(record, CeremonyMessage)
    return record.message


def committed(held: Held, trustee: int, message: bytes) -> dict[int, bytes]:
    """A trustee's commitment and message, consistent with each other, by place. ``trustee`` counts from 0."""
    election, name = held.simulation.election, f"trustee-{trustee + 1}"
    key = held.trustee_key(name)
    commitment = CeremonyCommitment(
        election=election.id, trustee=name, commitment=commitment_to(election, name, message)
    )
    opened = CeremonyMessage(election=election.id, trustee=name, message=message)
    return {
        COMMITMENTS + trustee: sign_record(commitment, key),
        MESSAGES + trustee: sign_record(opened, key),
    }


def with_entries(held: Held, changed: dict[int, bytes]) -> list[bytes]:
    return [changed.get(place, raw) for place, raw in enumerate(held.entries)]


def check_refused(held: Held, changed: dict[int, bytes], place: int, *rules: str) -> None:
    """The board takes all but the last of the changed entries; the record is not verified, and names the entry."""
    entries = with_entries(held, changed)
    board = held.board_at(1)
    for raw in entries[1:place]:
        board.submit(raw)
    with pytest.raises(SecretBallotError):
        board.submit(entries[place])
    report = held.verify(held.collude(entries[:TALLY]))
    assert report.verdict is Verdict.FAILED
    assert failed(report) & set(rules), findings(report)
    assert named(report, place)


@pytest.mark.parametrize("point", BAD_POINTS.values(), ids=BAD_POINTS.keys())
@pytest.mark.parametrize("at", [0, 32, 64, 128], ids=["C0", "C1", "proof", "ephemeral"])
def test_points_that_are_none(held: Held, point: bytes, at: int) -> None:
    message = message_of(held, MESSAGES)
    changed = committed(held, 0, message[:at] + point + message[at + 32 :])
    check_refused(held, changed, MESSAGES, "K2")


def test_commitments_too_many_or_too_few(held: Held) -> None:
    """One coefficient more would let k - 1 + 1 trustees be too few; a decoder that reads on would not notice."""
    message = message_of(held, MESSAGES)
    generator = ristretto255.generator.encode()
    for data in (
        message[:64] + generator + message[64:],
        message[:32] + message[64:],
        message + generator,
        message[:-1],
        message[:-56],
        message * 2,
        b"",
    ):
        check_refused(held, committed(held, 0, data), MESSAGES, "K2")


def test_a_contribution_of_another(held: Held, foreign: Held) -> None:
    """Copied from a trustee (so that the key is twice that trustee's), from another election, or negated."""
    message = message_of(held, MESSAGES + 1)
    check_refused(held, committed(held, 2, message), MESSAGES + 2, "K2")
    check_refused(held, committed(held, 2, message_of(foreign, MESSAGES + 2)), MESSAGES + 2, "K2")
    points = ristretto255.encode_elements([-e for e in ristretto255.decode_elements(message[:64])])
    check_refused(held, committed(held, 2, points + message[64:]), MESSAGES + 2, "K2")


def test_a_rogue_key(held: Held) -> None:
    """The last to publish subtracts the others' keys from its own: it cannot prove possession of what is left."""
    messages = [message_of(held, MESSAGES + i) for i in range(3)]
    first = [ristretto255.decode_elements(message[:32])[0] for message in messages]
    rogue = first[2] - first[0] - first[1]
    check_refused(held, committed(held, 2, rogue.encode() + messages[2][32:]), MESSAGES + 2, "K2")


def test_a_message_chosen_after_the_others(held: Held) -> None:
    """A trustee that saw the others' messages first would bias the key: no message before every commitment, and none
    but the one committed to."""
    early = [held.entries[0], held.entries[1], held.entries[2], held.entries[4]]
    board = held.board_at(1)
    for raw in early[1:3]:
        board.submit(raw)
    with pytest.raises(PhaseError, match="the commitment of trustee trustee-3 is still awaited"):
        board.submit(early[3])
    order = [*early, held.entries[3], *held.entries[5:TALLY]]
    assert failed(held.verify(held.collude(order))) == {"K2"}
    # Another message of the same trustee, as good as the first, but drawn later.
    _, other = held.simulation.trustees[2].join(held.simulation.election)
    anew = CeremonyCommitment.from_body(parse_entry(other).body)
    assert anew.commitment != held.record(COMMITMENTS + 2).commitment  # type: ignore[attr-defined]
    with pytest.raises(DuplicateError):
        held.board_at(4).submit(other)


def test_a_message_other_than_the_one_committed_to(held: Held) -> None:
    """Both are good; the trustee picks the one that suits it, once it has seen the others'."""
    state, _ = held.simulation.trustees[2].join(held.simulation.election)
    revealed = committed(held, 2, state._message)[MESSAGES + 2]
    check_refused(held, {MESSAGES + 2: revealed}, MESSAGES + 2, "K2")
    # A commitment is to a message of this trustee in this election: another's does for nobody else.
    entries = committed(held, 1, message_of(held, MESSAGES + 1))
    assert entries[COMMITMENTS + 1] == held.entries[COMMITMENTS + 1]
    copied = held.record(COMMITMENTS + 1).commitment  # type: ignore[attr-defined]
    changed = {
        COMMITMENTS + 2: held.updated(COMMITMENTS + 2, commitment=copied),
        MESSAGES + 2: held.updated(MESSAGES + 2, message=message_of(held, MESSAGES + 1)),
    }
    board = held.board_at(COMMITMENTS + 2)
    board.submit(changed[COMMITMENTS + 2])
    for place in (MESSAGES, MESSAGES + 1):
        board.submit(held.entries[place])
    with pytest.raises(CeremonyError, match="not the one committed to"):
        board.submit(changed[MESSAGES + 2])


def test_a_ceremony_that_two_trustees_saw_otherwise(held: Held) -> None:
    """Trustee 3 sends one message to the board's log and another to trustee 1, who confirms what it saw: the
    confirmations are over different transcripts."""
    state, _ = held.simulation.trustees[2].join(held.simulation.election)
    message = state._message
    changed = committed(held, 2, message)
    entries = with_entries(held, changed)
    report = held.verify(held.collude(entries[:TALLY]))
    assert "K3" in failed(report)
    assert all(named(report, place) for place in (7, 8, 9))
    # Nor were the ballots encrypted to that key.
    assert "B2" in failed(report)


@pytest.mark.parametrize("at", [0, 31, 32, 63])
def test_a_confirmation_that_does_not_hold(held: Held, at: int) -> None:
    record = held.record(CONFIRMATIONS)
    assert isinstance(record, CeremonyConfirmation)
    data = bytearray(record.signature)
    data[at] ^= 1
    check_refused(
        held, {CONFIRMATIONS: held.updated(CONFIRMATIONS, signature=bytes(data))}, CONFIRMATIONS, "K3"
    )


def test_confirmations_in_another_form(held: Held) -> None:
    record = held.record(CONFIRMATIONS)
    assert isinstance(record, CeremonyConfirmation)
    good = record.signature
    raised = (int.from_bytes(good[32:], "little") + ristretto255.order).to_bytes(32, "little")
    other = held.record(CONFIRMATIONS + 1).signature  # type: ignore[attr-defined]
    for signature in (b"", good[:-1], good + b"\0", good[:32] + raised, bytes(64), other):
        raw = held.updated(CONFIRMATIONS, signature=signature)
        check_refused(held, {CONFIRMATIONS: raw}, CONFIRMATIONS, "K3")


def test_a_trustee_left_out(held: Held) -> None:
    """Two of three would do for the tally; the ceremony needs all of them. Each of a trustee's entries is left out."""
    for place in (3, 6, 9):
        entries = [raw for i, raw in enumerate(held.entries[:TALLY]) if i != place]
        assert failed(held.verify(held.collude(entries))) & {"K2", "K3", "K4"}
    entries = [raw for i, raw in enumerate(held.entries[:TALLY]) if i not in (3, 6, 9)]
    assert failed(held.verify(held.collude(entries))) & {"K2", "K3", "K4"}


@pytest.fixture
def revealed() -> Simulation:
    return elections.simulate(CONTESTS, roll_size=4)


def test_a_complaint_that_the_board_drops(revealed: Simulation) -> None:
    """Trustee 1 deals trustee 3 a bad share. Without the complaint of trustee 3 its confirmation is still missing."""
    election, board, log = revealed.election, revealed.board, revealed.log
    joined = [keys.join(election) for keys in revealed.trustees]
    message = joined[0][0]._message
    bad = message[:-1] + bytes([message[-1] ^ 1])
    joined[0][0]._message = bad
    commitment = CeremonyCommitment(
        election=election.id, trustee="trustee-1", commitment=commitment_to(election, "trustee-1", bad)
    )
    board.submit(sign_record(commitment, revealed.trustees[0]._signing))
    for _, entry in joined[1:]:
        board.submit(entry)
    states = [state.reveal(log.commitments) for state, _ in joined]
    for _, entry in states:
        board.submit(entry)
    victim = states[2][0]
    with pytest.raises(CeremonyError) as error:
        victim.confirm(log.messages)
    assert error.value.culprit == "trustee trustee-1"
    complaint = victim.complain(error.value)
    issuance = revealed.authority.enter(election, "issuance")
    with pytest.raises(PhaseError, match=r"the confirmation of trustees trustee-1, .* is still awaited"):
        board.submit(issuance)
    without = [*revealed.store.entries(), issuance]
    assert failed(elections.verify(revealed, without)) == {"K4"}
    board.submit(complaint)
    with pytest.raises(CeremonyError, match="trustee-3 complains of trustee trustee-1"):
        board.submit(issuance)


def test_what_a_board_shows_beside_the_trustees_changes_nothing(revealed: Simulation) -> None:
    """Contributions of parties that the manifest does not know are not looked at, by anybody."""
    election, board, log = revealed.election, revealed.board, revealed.log
    joined = [keys.join(election) for keys in revealed.trustees]
    for _, entry in joined:
        board.submit(entry)
    ghost = {"ghost": bytes(32)}
    states = [state.reveal(log.commitments | ghost) for state, _ in joined]
    for _, entry in states:
        board.submit(entry)
    confirmed = [state.confirm(log.messages | {"ghost": b""}) for state, _ in states]
    for _, entry in confirmed:
        board.submit(entry)
    for state, _ in confirmed:
        state.finish(log.confirmations | {"ghost": b""})


RECORDS: list[Record] = [
    CeremonyCommitment(election=bytes(32), trustee="trustee-1", commitment=bytes(32)),
    CeremonyMessage(election=bytes(32), trustee="trustee-1", message=b""),
    CeremonyConfirmation(election=bytes(32), trustee="trustee-1", signature=b""),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_nobody_is_accused_of_what_another_signed(held: Held, record: Record) -> None:
    """The board makes entries in trustee 1's name that are wrong, to have the report say whose fault it is."""
    # Before its own ones, so that these look like the second ones.
    place = {"CeremonyCommitment": 1, "CeremonyMessage": 4, "CeremonyConfirmation": 7}[type(record).__name__]
    forged = record.model_copy(update={"election": held.simulation.election.id})
    raw = sign_record(forged, held.simulation.board_keys._key)
    report = held.verify([*held.entries[:place], raw, *held.entries[place:]])
    assert named(report, place)
    assert len(findings(report)) >= 2
    assert {finding.culprit for rule in report.rules for finding in rule.findings} == {None}
