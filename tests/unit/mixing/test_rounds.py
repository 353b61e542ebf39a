"""Rounds of mixing: what a log takes, and whose fault the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from secretballot.board.attachments import Posting
from secretballot.board.board import Board
from secretballot.crypto.elgamal import EncryptionKey
from secretballot.crypto.group import ristretto255
from secretballot.errors import (
    BoardError,
    EncodingError,
    ManifestError,
    PhaseError,
    TallyError,
)
from secretballot.records import parse_entry, sign_record
from secretballot.tally import ElectionLog, MixRound
from secretballot.tally.mixer import MixerKeys
from secretballot.tally.records import digest_file
from secretballot.testing import Simulation

from ...support import elections
from .shared import BALLOTS, CONTESTS, finish, mixers, refused, trustees


def resigned(mixed: Posting, keys: MixerKeys, **changes: Any) -> Posting:
    """A round with something changed, signed by a mixer."""
    record = MixRound.from_body(parse_entry(mixed.entry).body).model_copy(update=changes)
    return Posting(mixed.attachments, sign_record(record, keys._signing))


def with_attachments(mixed: Posting, keys: MixerKeys, attachments: Sequence[bytes]) -> Posting:
    """A round over other attachments."""
    record = MixRound.from_body(parse_entry(mixed.entry).body)
    files = tuple(
        digest_file(file.contest, file.line, data)
        for file, data in zip(record.batches, attachments, strict=True)
    )
    return Posting(
        tuple(attachments), sign_record(record.model_copy(update={"batches": files}), keys._signing)
    )


# What goes well.


def test_mixed_and_added_up_give_the_votes(simulation: Simulation) -> None:
    result = finish(simulation, absent=[1])
    assert elections.counts_of(result) == elections.plain_count(CONTESTS, BALLOTS)
    assert [file.line for file in simulation.log.mixing.rounds[0].batches] == ["an", "binh", "chair"]
    assert [one.mixer for one in simulation.log.mixing.rounds] == ["mixer-1", "mixer-2"]


def test_any_two_mixers_and_trustees(simulation: Simulation) -> None:
    for place in (2, 0):
        simulation.send(mixers(simulation)[place].mix(simulation.log.mixing))
    assert simulation.log.mixing.is_complete
    for place in (2, 1):
        trustee = trustees(simulation)[place]
        simulation.board.submit(trustee.decrypt(simulation.log.tally))
        simulation.send(trustee.decrypt_lines(simulation.log.mixing))
    assert elections.counts_of(simulation.log.compute_result()) == elections.plain_count(CONTESTS, BALLOTS)


def test_nothing_is_lost_when_a_mixer_is_replaced(simulation: Simulation) -> None:
    """The second cheats and is named; the third mixes what the first has mixed."""
    first, second, third = mixers(simulation)
    simulation.send(first.mix(simulation.log.mixing))
    rows = [bytes(simulation.log.mixing.rows(place)) for place in range(3)]
    bad = second.mix(simulation.log.mixing)
    data = bytearray(bad.attachments[1])
    data[-1] ^= 1
    wrong = with_attachments(
        bad, simulation.mixer_keys[1], [bad.attachments[0], bytes(data), bad.attachments[2]]
    )
    error = refused(simulation, wrong)
    assert isinstance(error, TallyError)
    assert error.culprit == "mixer mixer-2"
    assert "contest officials, line binh: the shuffle is refused" in error.message
    assert [bytes(simulation.log.mixing.rows(place)) for place in range(3)] == rows
    simulation.send(third.mix(simulation.log.mixing))
    assert simulation.log.mixing.is_complete
    assert elections.counts_of(finish(simulation)) == elections.plain_count(CONTESTS, BALLOTS)


def test_a_message_sent_twice(simulation: Simulation) -> None:
    mixer = mixers(simulation)[0]
    mixed = mixer.mix(simulation.log.mixing)
    simulation.send(mixed)
    size = simulation.log.size
    assert simulation.board.submit(mixed.entry)
    assert simulation.log.size == size


def test_a_mixer_that_is_asked_again_gives_the_same(simulation: Simulation) -> None:
    mixer = mixers(simulation)[0]
    mixing = simulation.log.mixing
    before = mixer.mix(mixing)
    assert mixer.mix(mixing) is before
    # Another one was faster: it mixes what that one made.
    simulation.send(mixers(simulation)[1].mix(mixing))
    assert isinstance(refused(simulation, Posting((), before.entry)), PhaseError)
    simulation.send(mixer.mix(mixing))
    assert [one.mixer for one in mixing.rounds] == ["mixer-2", "mixer-1"]


def test_a_board_that_is_opened_again(simulation: Simulation) -> None:
    simulation.mix()
    log = ElectionLog()
    Board(simulation.store, simulation.board_keys, log)
    assert [one.mixer for one in log.mixing.rounds] == ["mixer-1", "mixer-2"]
    assert [bytes(log.mixing.rows(place)) for place in range(3)] == [
        bytes(simulation.log.mixing.rows(place)) for place in range(3)
    ]


# What a log refuses.


def test_one_mixer_twice(simulation: Simulation) -> None:
    first = mixers(simulation)[0]
    simulation.send(first.mix(simulation.log.mixing))
    # It is never asked to by its own program, whatever a board says; not even once it was started again.
    for asked in (first, simulation.mixer_keys[0].join(simulation.election)):
        with pytest.raises(PhaseError, match="mixer mixer-1 has mixed: its round is in the log"):
            asked.mix(simulation.log.mixing)
    second = mixers(simulation)[1].mix(simulation.log.mixing)
    error = refused(simulation, resigned(second, simulation.mixer_keys[0], mixer="mixer-1"))
    assert error.culprit == "mixer mixer-1"
    assert "one mixer mixes once" in str(error)


def test_rounds_out_of_order(simulation: Simulation) -> None:
    first, second, third = mixers(simulation)
    one = first.mix(simulation.log.mixing)
    for number in (2, 3):
        error = refused(simulation, resigned(one, simulation.mixer_keys[0], round=number))
        assert isinstance(error, PhaseError)
        assert error.message == f"round 1 is mixed now, not {number}"
    largest = resigned(one, simulation.mixer_keys[0], round=2**53 - 1)
    assert isinstance(refused(simulation, largest), PhaseError)
    above = resigned(one, simulation.mixer_keys[0], round=2**53)
    assert isinstance(refused(simulation, above), EncodingError)
    late = second.mix(simulation.log.mixing)
    simulation.send(one)
    assert refused(simulation, late).message == "round 2 is mixed now, not 1"
    simulation.send(second.mix(simulation.log.mixing))
    with pytest.raises(PhaseError, match="no round is to be mixed"):
        third.mix(simulation.log.mixing)
    surplus = resigned(one, simulation.mixer_keys[2], round=3, mixer="mixer-3")
    with pytest.raises(PhaseError, match="all 2 rounds have been mixed"):
        simulation.board.submit(surplus.entry)


def test_a_proof_from_elsewhere(simulation: Simulation) -> None:
    """A round's proofs are of its election, contest, line, round and mixer."""
    first, second, _ = mixers(simulation)
    one = first.mix(simulation.log.mixing)
    stolen = resigned(one, simulation.mixer_keys[1], mixer="mixer-2")
    assert refused(simulation, stolen).culprit == "mixer mixer-2"
    an, binh, chair = one.attachments
    swapped = with_attachments(one, simulation.mixer_keys[0], [binh, an, chair])
    assert "line an: the shuffle is refused" in refused(simulation, swapped).message
    simulation.send(one)
    replayed = resigned(one, simulation.mixer_keys[1], mixer="mixer-2", round=2)
    assert isinstance(refused(simulation, replayed), PhaseError)
    moved = resigned(replayed, simulation.mixer_keys[1], basis=simulation.log.mixing.basis)
    assert refused(simulation, moved).culprit == "mixer mixer-2"
    assert second.mix(simulation.log.mixing)


def test_lines_that_are_dropped_doubled_or_replaced(simulation: Simulation) -> None:
    first = mixers(simulation)[0]
    mixing = simulation.log.mixing
    one = first.mix(mixing)
    size = mixing.outputs_size(mixing.batches[2])
    rows = [one.attachments[2][at : at + 64] for at in range(0, size, 64)]
    proof = one.attachments[2][size:]
    key = EncryptionKey(ristretto255, mixing.key)
    fresh = key.encrypt(ristretto255.scalar(0), ristretto255.random_scalar()).encode(ristretto255)
    for wrong in ([rows[0], rows[0], rows[2]], [rows[1], rows[0], rows[2]], [fresh, *rows[1:]]):
        bad = with_attachments(one, simulation.mixer_keys[0], [*one.attachments[:2], b"".join(wrong) + proof])
        assert "contest chair: the shuffle is refused" in refused(simulation, bad).message
    for wrong in (rows[:2], [*rows, rows[0]]):
        bad = with_attachments(one, simulation.mixer_keys[0], [*one.attachments[:2], b"".join(wrong) + proof])
        error = refused(simulation, bad)
        assert isinstance(error, TallyError)
        with pytest.raises(TallyError, match=r"contest chair: .* bytes are expected"):
            simulation.board.submit(bad.entry)


def test_batches_that_are_not_the_elections(simulation: Simulation) -> None:
    first = mixers(simulation)[0]
    one = first.mix(simulation.log.mixing)
    files = MixRound.from_body(parse_entry(one.entry).body).batches
    for wrong in (files[:2], (*files, files[0]), (files[1], files[0], files[2])):
        error = refused(simulation, resigned(one, simulation.mixer_keys[0], batches=wrong))
        assert error.culprit == "mixer mixer-1"
        assert "the batches are not the election's, in its order" in str(error)


def test_an_attachment_that_was_never_sent(simulation: Simulation) -> None:
    one = mixers(simulation)[0].mix(simulation.log.mixing)
    with pytest.raises(BoardError, match=r"attachment .*: is missing"):
        simulation.board.submit(one.entry)
    simulation.send(one)


def test_mixers_that_are_none(simulation: Simulation) -> None:
    stranger = MixerKeys.generate("mixer-1", {"en": "Mixer 1"})
    with pytest.raises(ManifestError, match="mixer mixer-1 has another key in the manifest"):
        stranger.join(simulation.election)
    with pytest.raises(ManifestError, match="there is no mixer 'nobody'"):
        MixerKeys.generate("nobody", {"en": "Nobody"}).join(simulation.election)
    one = mixers(simulation)[0].mix(simulation.log.mixing)
    for changed in (
        resigned(one, stranger),
        resigned(one, simulation.mixer_keys[0], mixer="nobody"),
        resigned(one, simulation.mixer_keys[1]),
    ):
        assert refused(simulation, changed)


def test_the_phase(voted: Simulation) -> None:
    open_still = elections.voting(CONTESTS, 1)
    with pytest.raises(PhaseError, match="voting is not closed"):
        open_still.log.mixing  # noqa: B018 - it is what is asked for
    sent = mixers(voted)[0].mix(voted.log.mixing)
    early = resigned(sent, open_still.mixer_keys[0], election=open_still.election.id)
    with pytest.raises(PhaseError, match="a mix-round is not taken in the phase voting"):
        open_still.board.attach(early.entry, early.attachments[0])
    with pytest.raises(TallyError, match="another election's"):
        mixers(open_still)[0].mix(voted.log.mixing)
    with pytest.raises(TallyError, match="another election's"):
        trustees(open_still)[0].decrypt_lines(voted.log.mixing)
