"""A board that tampers with the log so that the report accuses an honest party. What is no proof names no culprit."""

from __future__ import annotations

import pytest

from secretballot.ceremony.checks import commitment_to, session_of
from secretballot.ceremony.records import CeremonyCommitment, CeremonyMessage
from secretballot.credential.records import Issuance
from secretballot.crypto import dkg
from secretballot.crypto.group import ristretto255
from secretballot.crypto.sharing import Polynomial
from secretballot.errors import CeremonyError
from secretballot.records import sign_record
from secretballot.tally.records import DecryptionShare
from secretballot.verify import Report

from ..support import elections
from .accomplices import BALLOTS, CONTESTS, PLACES, SEAL, TALLY, Held, failed, findings, named

REGISTER = PLACES.index("issuance")
SIGNED_ONCE = (
    "ceremony-commitment",
    "ceremony-message",
    "ceremony-confirmation",
    "issuance",
    "decryption-share",
)

pytestmark = pytest.mark.usefixtures("remembered")


def culprits(report: Report) -> set[str | None]:
    return {finding.culprit for rule in report.rules for finding in rule.findings}


@pytest.mark.parametrize("kind", SIGNED_ONCE)
def test_an_entry_repeated(held: Held, kind: str) -> None:
    place = PLACES.index(kind)
    report = held.verify([*held.entries[: place + 1], *held.entries[place:]])
    assert named(report, place + 1)
    assert culprits(report) == {None}, findings(report)


def test_register_lines_exchanged_or_dropped(held: Held) -> None:
    first, second, third = (held.entries[REGISTER + i] for i in range(3))
    for lines in ([second, first, third], [second, third], [first, third], [first, second], []):
        report = held.verify([*held.entries[:REGISTER], *lines, *held.entries[REGISTER + 3 :]])
        assert failed(report) & {"C1", "C3"}
        assert culprits(report) == {None}, findings(report)
        assert any("registrar registrar-1" in text for text in findings(report))


def test_a_ballot_added_that_breaks_a_rule(held: Held) -> None:
    """Honest trustees' shares do not hold over it; the ballot itself tells that they are not at fault."""
    place = BALLOTS[-1]
    entries = [*held.entries[: place + 1], held.entries[place], *held.entries[place + 1 :]]
    report = held.verify(entries)
    assert failed(report) >= {"B3", "T1"}
    assert culprits(report) == {None}, findings(report)


def test_a_ballot_left_out_after_the_trustees_decrypted(held: Held) -> None:
    """Nothing else is wrong with such a log. Seal and shares say which ballots they are of, and nobody is named: not
    even where the authority seals again."""
    place = BALLOTS[-1]
    entries = [*held.entries[:place], *held.entries[place + 1 :]]
    report = held.verify(entries)
    assert failed(report) == {"L8", "T1", "T2", "T3", "T4"}
    assert culprits(report) == {None}, findings(report)
    log = elections.replay(entries[: SEAL - 1])
    report = held.verify([*entries[: SEAL - 1], held.seal(log), *entries[SEAL:]])
    assert failed(report) == {"T1", "T2", "T3", "T4"}
    assert culprits(report) == {None}, findings(report)
    assert any("it is of other ballots than this log has" in text for text in findings(report))


def test_two_different_entries_for_one_place_are_proof(held: Held) -> None:
    """The same key signed both: whoever shows them, nobody else can have made them."""
    commitment = held.updated(1, commitment=bytes(32))
    signature = held.updated(7, signature=bytes(64))
    share = held.record(TALLY)
    assert isinstance(share, DecryptionShare)
    other = held.updated(TALLY, shares=share.shares[32:64] + share.shares[:32] + share.shares[64:])
    for place, raw in ((1, commitment), (7, signature), (TALLY, other)):
        report = held.verify([*held.entries[: place + 1], raw, *held.entries[place + 1 :]])
        assert "trustee trustee-1" in culprits(report), findings(report)


def test_a_serial_above_the_roll_is_proof(held: Held) -> None:
    line = held.record(REGISTER)
    assert isinstance(line, Issuance)
    raw = held.updated(REGISTER + 2, serial=5, request=bytes(32))
    report = held.verify([*held.entries[: REGISTER + 3], raw, *held.entries[REGISTER + 3 :]])
    (finding,) = report.rule("C1").findings
    assert finding.culprit == "registrar registrar-1"


def test_two_conspirators_with_one_secret() -> None:
    """The second of the two is refused, and not whoever comes last. Both are named and neither is accused: a board
    could show an honest trustee other commitments, and have its message copied and put before its own."""
    simulation = elections.simulate(CONTESTS, roll_size=4)
    election, board = simulation.election, simulation.board
    session, secret = session_of(election), ristretto255.random_scalar()
    messages = []
    for place, keys in enumerate(simulation.trustees[:2]):
        polynomial = Polynomial._of(ristretto255, [secret, ristretto255.random_scalar()])
        drawn = ristretto255.random_scalar()
        message = dkg._round1_message(session, place + 1, keys._static, polynomial, drawn)
        commitment = CeremonyCommitment(
            election=election.id, trustee=keys.id, commitment=commitment_to(election, keys.id, message)
        )
        board.submit(sign_record(commitment, keys._signing))
        opened = CeremonyMessage(election=election.id, trustee=keys.id, message=message)
        messages.append(sign_record(opened, keys._signing))
    state, entry = simulation.trustees[2].join(election)
    board.submit(entry)
    board.submit(messages[0])
    refusal = "trustee trustee-2 contributes the same secret as trustee trustee-1 before it"
    with pytest.raises(CeremonyError, match=refusal) as caught:
        board.submit(messages[1])
    assert caught.value.culprit is None
    board.submit(state.reveal(simulation.log.commitments)[1])
    place = board.state.size
    report = elections.verify(simulation, [*simulation.store.entries(), messages[1]])
    assert failed(report) == {"K2"}
    assert named(report, place)
    assert refusal in findings(report)[0]
