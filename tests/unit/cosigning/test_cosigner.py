"""What a cosigner signs, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from secretballot.board.cosigner import LONGEST_PAUSE, Cosigner, CosignerKeys
from secretballot.crypto.cosignature import MAX_TIMESTAMP, CosignatureSigner, open_cosigned
from secretballot.crypto.merkle import EMPTY_ROOT
from secretballot.crypto.note import Checkpoint, NoteSigner, encode_base64, sign_checkpoint, sign_note
from secretballot.crypto.signing import SigningKey
from secretballot.errors import (
    ArgumentError,
    ConsistencyError,
    CosignerError,
    ForkError,
    InvalidSignatureError,
    NoteError,
    SecretBallotError,
    SizeConflictError,
    UnknownLogError,
)

from ...support.cosigners import NAME, NOW, ORIGIN, Clock, Made, PlainLog, new_cosigner, numbered

# What is signed.


def test_a_log_is_followed(log: PlainLog, made: Made, clock: Clock) -> None:
    keys, cosigner = made
    assert (cosigner.known_size(ORIGIN), cosigner.latest(ORIGIN)) == (0, None)
    before = 0
    for size in (3, 4, 8, 11, 12):
        clock.time += 0.7
        note = log.note(size)
        line = cosigner.cosign(note, before, log.proof(before, size))
        opened = open_cosigned(note + line, log.verifier, ORIGIN, [keys.verifier])
        assert opened.checkpoint == Checkpoint(ORIGIN, size, log.tree.root(size))
        assert [(one.cosigner, one.timestamp) for one in opened.cosignatures] == [
            (keys.verifier, int(clock.time))
        ]
        assert cosigner.known_size(ORIGIN) == size
        assert cosigner.latest(ORIGIN) == note + line
        before = size


def test_the_same_checkpoint_is_cosigned_again(log: PlainLog, made: Made, clock: Clock) -> None:
    keys, cosigner = made
    first = cosigner.cosign(log.note(5), 0, [])
    assert cosigner.cosign(log.note(5).encode(), 5, ()) == first
    clock.time += 60
    second = cosigner.cosign(log.note(5), 5, [])
    assert second != first
    opened = open_cosigned(log.note(5) + first + second, log.verifier, ORIGIN, [keys.verifier])
    assert [one.timestamp for one in opened.cosignatures] == [NOW + 60]
    assert cosigner.latest(ORIGIN) == log.note(5) + second
    with pytest.raises(ConsistencyError, match="too long"):
        cosigner.cosign(log.note(5), 5, [bytes(32)])


def test_an_empty_log_can_be_cosigned(log: PlainLog, made: Made) -> None:
    _, cosigner = made
    cosigner.cosign(log.note(0), 0, [])
    cosigner.cosign(log.note(0), 0, [])
    with pytest.raises(ConsistencyError, match="nothing leads from no entries") as caught:
        cosigner.cosign(log.note(3), 0, [bytes(32)])
    assert caught.value.known is not None
    cosigner.cosign(log.note(3), 0, [])
    assert cosigner.known_size(ORIGIN) == 3


def test_other_lines_are_neither_looked_at_nor_kept(log: PlainLog, made: Made) -> None:
    keys, cosigner = made
    stranger = CosignatureSigner("witness.example/w9", SigningKey.generate())
    text = log.note(5).partition("\n\n")[0] + "\n"
    garbage = "\u2014 x AAAAAAA=\n"
    # A line of its own that it never made is one of nobody's here.
    forged = "\u2014 " + NAME + " " + encode_base64(keys.verifier.key_id + bytes(72)) + "\n"
    line = cosigner.cosign(log.note(5) + garbage + stranger.cosign(text, NOW).line() + forged, 0, [])
    assert cosigner.latest(ORIGIN) == log.note(5) + line


def test_extension_lines_are_cosigned(log: PlainLog, made: Made) -> None:
    keys, cosigner = made
    extended = Checkpoint(ORIGIN, 5, log.tree.root(5), ("an extension",))
    note = sign_checkpoint(extended, log.signer)
    line = cosigner.cosign(note, 0, [])
    assert open_cosigned(note + line, log.verifier, ORIGIN, [keys.verifier]).checkpoint == extended


def test_each_log_by_itself(log: PlainLog, tmp_path: Path) -> None:
    other = PlainLog(numbered(7, "other"), NoteSigner("other.example", SigningKey.generate()))
    _, cosigner = new_cosigner(tmp_path, log.verifier, other.verifier)
    with cosigner:
        cosigner.cosign(log.note(5), 0, [])
        cosigner.cosign(other.note(7), 0, [])
        cosigner.cosign(log.note(6), 5, log.proof(5, 6))
        assert (cosigner.known_size(ORIGIN), cosigner.known_size("other.example")) == (6, 7)


# What is refused.


def refused(made: Made, error: type[SecretBallotError], *request: Any, match: str | None = None) -> Any:
    """The request raises, and nothing is remembered of it."""
    before = made[1].latest(ORIGIN)
    with pytest.raises(error, match=match) as caught:
        made[1].cosign(*request)
    assert type(caught.value) is error
    assert made[1].latest(ORIGIN) == before
    return caught.value


def test_another_old_size_than_is_known(log: PlainLog, made: Made) -> None:
    for old in (1, 5, -1):
        error = refused(made, SizeConflictError, log.note(5), old, log.proof(max(old, 0), 5))
        assert error.size == 0
    made[1].cosign(log.note(5), 0, [])
    for old in (0, 4, 6, 7):
        error = refused(made, SizeConflictError, log.note(7), old, log.proof(old, 7), match="over 5 entries")
        assert error.size == 5
    # A smaller checkpoint than the last one.
    assert refused(made, SizeConflictError, log.note(4), 3, log.proof(3, 4)).size == 5
    assert refused(made, SizeConflictError, log.note(4), 4, []).size == 5


def test_an_old_size_above_the_checkpoints(log: PlainLog, made: Made) -> None:
    made[1].cosign(log.note(5), 0, [])
    error = refused(made, NoteError, log.note(4), 5, [])
    assert (error.item, error.message) == ("old size", "5 is above the checkpoint's, 4")


def test_two_roots_for_one_size(log: PlainLog, made: Made) -> None:
    made[1].cosign(log.note(5), 0, [])
    fork = log.fork(numbered(12, "forked", after=4))
    error = refused(made, ForkError, fork.note(5), 5, [])
    assert error.culprit == f"board {ORIGIN}"
    assert error.shown == fork.note(5)
    assert error.known == made[1].latest(ORIGIN)
    assert isinstance(error, ConsistencyError)


def test_a_proof_that_leads_elsewhere(log: PlainLog, made: Made) -> None:
    made[1].cosign(log.note(5), 0, [])
    fork = log.fork(numbered(12, "forked", after=4))
    good = log.proof(5, 9)
    for note, proof in (
        (fork.note(9), fork.proof(5, 9)),
        (fork.note(9), good),
        (log.note(9), []),
        (log.note(9), good[:-1]),
        (log.note(9), [*good, bytes(32)]),
        (log.note(9), [*good[:-1], good[-1][:-1]]),
        (log.note(9), good[::-1]),
        (log.note(9), [bytes(32)] * 64),
    ):
        error = refused(made, ConsistencyError, note, 5, proof)
        assert (error.shown, error.known) == (note, made[1].latest(ORIGIN))
        assert error.item == f"checkpoint of {ORIGIN}"
        # Anybody can have spoilt a proof.
        assert error.culprit is None
    made[1].cosign(log.note(9), 5, good)


def test_no_entries_with_another_root(log: PlainLog, made: Made) -> None:
    text = f"{ORIGIN}\n0\n{encode_base64(log.tree.root(1))}\n"
    error = refused(made, ForkError, sign_note(text, log.signer), 0, [])
    assert (error.culprit, error.known) == (f"board {ORIGIN}", None)
    made[1].cosign(
        sign_note(text.replace(encode_base64(log.tree.root(1)), encode_base64(EMPTY_ROOT)), log.signer), 0, []
    )


def test_a_log_that_is_not_watched(log: PlainLog, made: Made) -> None:
    other = PlainLog(numbered(5), NoteSigner("other.example", SigningKey.generate()))
    # It comes before the signature, which nobody could check.
    for note in (other.note(5), log.note(5).replace(ORIGIN, "other.example")):
        refused(made, UnknownLogError, note, 0, [])
    for ask in (made[1].known_size, made[1].latest):
        with pytest.raises(UnknownLogError):
            ask("other.example")


def test_a_checkpoint_that_the_log_did_not_sign(log: PlainLog, made: Made) -> None:
    stranger = PlainLog(numbered(12), NoteSigner(ORIGIN, SigningKey.generate()))
    renamed = sign_checkpoint(
        Checkpoint(ORIGIN, 5, log.tree.root(5)), NoteSigner("other.example", log.signer._key)
    )
    for note in (
        stranger.note(5),
        renamed,
        log.note(5).replace("\n5\n", "\n6\n"),
        log.note(5) + log.note(5).partition("\n\n")[2],
    ):
        refused(made, InvalidSignatureError, note, 0, [], match=f"checkpoint of {ORIGIN}: ")


@pytest.mark.parametrize(
    "text", ["{}\n", "{}\n5\n", "{}\n05\n{}\n", "{}\n5\nAAAA\n", "{}\nfive\n{}\n", "{}\n00\n{}\n"]
)
def test_what_the_log_signed_and_is_no_checkpoint(log: PlainLog, made: Made, text: str) -> None:
    signed = sign_note(text.format(ORIGIN, encode_base64(log.tree.root(5))), log.signer)
    refused(made, NoteError, signed, 0, [])


@pytest.mark.parametrize("garbage", ["", b"", "\n\n", b"\xff", "x" * 2_000_000, ORIGIN + "\n"])
def test_garbage(made: Made, garbage: bytes | str) -> None:
    refused(made, NoteError, garbage, 0, [])


@pytest.mark.parametrize(
    "request_", [(None, 0, []), ("", "0", []), ("", 0, None), ("", 0, [1]), ("", 0, b"x"), ("", 0, ["x"])]
)
def test_arguments_of_other_types(made: Made, request_: Any) -> None:
    refused(made, ArgumentError, *request_)


@pytest.mark.parametrize("time", [0, 0.9, -1, MAX_TIMESTAMP + 1])
def test_a_clock_that_cannot_be_right(log: PlainLog, made: Made, clock: Clock, time: float) -> None:
    clock.time = time
    refused(made, CosignerError, log.note(5), 0, [], match="clock")


def test_a_clock_that_goes_back(log: PlainLog, made: Made, clock: Clock) -> None:
    """It would say that the log had been longer at an earlier time."""
    made[1].cosign(log.note(5), 0, [])
    clock.time = NOW - 1
    refused(made, CosignerError, log.note(6), 5, log.proof(5, 6), match=f"it says {NOW - 1}")
    clock.time = NOW
    made[1].cosign(log.note(6), 5, log.proof(5, 6))


def test_a_clock_that_is_far_ahead(log: PlainLog, made: Made, clock: Clock, tmp_path: Path) -> None:
    """Its time would be remembered, and nothing be cosigned until then."""
    keys, cosigner = made
    cosigner.cosign(log.note(5), 0, [])
    clock.time = NOW + LONGEST_PAUSE + 1
    refused(made, CosignerError, log.note(5), 5, [], match="30 days since the last cosignature")
    clock.time = NOW + LONGEST_PAUSE
    assert cosigner.cosign(log.note(5), 5, [])
    # Unless somebody looked at the clock.
    cosigner.close()
    clock.time += 10 * LONGEST_PAUSE
    with Cosigner(keys, tmp_path / "memory", [log.verifier], clock=clock, longest_pause=None) as after:
        assert after.cosign(log.note(5), 5, [])


def test_the_real_clock(log: PlainLog, tmp_path: Path) -> None:
    keys = CosignerKeys.generate(NAME)
    keys.start_memory(tmp_path / "memory")
    with Cosigner(keys, tmp_path / "memory", [log.verifier]) as cosigner:
        note = log.note(5)
        line = cosigner.cosign(note, 0, [])
        (own,) = open_cosigned(note + line, log.verifier, ORIGIN, [keys.verifier]).cosignatures
        # In seconds, and not in milliseconds or minutes.
        assert 1_700_000_000 < own.timestamp < 10_000_000_000


def test_cosigners_that_cannot_be_made(log: PlainLog, made: Made, tmp_path: Path) -> None:
    keys, cosigner = made
    cosigner.close()
    twin = NoteSigner(ORIGIN, SigningKey.generate()).verifier
    for wrong in ([log.verifier, twin], [log.verifier.vkey(), twin], [keys.verifier], None, twin.vkey()):
        with pytest.raises(ArgumentError):
            Cosigner(keys, tmp_path / "memory", wrong)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError):
        Cosigner("keys", tmp_path / "memory", [])  # type: ignore[arg-type]
    with pytest.raises(NoteError):
        Cosigner(keys, tmp_path / "memory", ["no vkey"])
    with Cosigner(keys, tmp_path / "memory", [log.verifier, log.verifier.vkey()]) as again:
        again.cosign(log.note(5), 0, [])
        assert repr(again) == f"<Cosigner {NAME}, 1 logs, redacted>"
