"""A board, or somebody at the cosigner's disk, who wants two contradicting histories under one cosigner's key."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from secretballot.board.cosigner import Cosigner, CosignerKeys
from secretballot.board.cosigner_memory import CosignerMemory, _seal
from secretballot.crypto.cosignature import CosignatureSigner, add_cosignatures, open_cosigned
from secretballot.crypto.note import Checkpoint, NoteSigner, parse_note, sign_checkpoint
from secretballot.crypto.secret import Secret
from secretballot.crypto.signing import SigningKey
from secretballot.errors import (
    ConsistencyError,
    CosignerMemoryError,
    ForkError,
    InvalidSignatureError,
    SecretBallotError,
    UnknownLogError,
)

from ..support.cosigners import NAME, NOW, ORIGIN, Clock, PlainLog, new_cosigner, numbered

Made = tuple[CosignerKeys, Cosigner]


@pytest.fixture
def log() -> PlainLog:
    return PlainLog(numbered(12))


@pytest.fixture
def fork(log: PlainLog) -> PlainLog:
    """The same board's other history: from entry 4 on it is another."""
    return log.fork(numbered(12, "forked", after=4))


@pytest.fixture
def made(log: PlainLog, tmp_path: Path) -> Iterator[Made]:
    keys, cosigner = new_cosigner(tmp_path, log.verifier)
    with cosigner:
        yield keys, cosigner


# Forks.


def test_a_fork_at_every_size(log: PlainLog, made: Made) -> None:
    """Whatever the board has cosigned of one history, it gets nothing of another that differs before that."""
    keys, cosigner = made
    cosigner.cosign(log.note(6), 0, [])
    for place in range(6):
        other = log.fork(numbered(12, f"forked at {place}", after=place))
        for size in range(6, 13):
            for proof in (other.proof(6, size), log.proof(6, size), []):
                with pytest.raises(ConsistencyError) as caught:
                    cosigner.cosign(other.note(size), 6, proof)
                assert isinstance(caught.value, ForkError) == (size == 6)
                assert caught.value.known is not None
                # Both notes are signed by the board: anybody can check what they say.
                for note in (caught.value.known, caught.value.shown):
                    open_cosigned(note, log.verifier, ORIGIN, [keys.verifier])
    assert cosigner.known_size(ORIGIN) == 6


def test_the_evidence_of_a_fork_convinces_others(log: PlainLog, fork: PlainLog, made: Made) -> None:
    keys, cosigner = made
    cosigner.cosign(log.note(7), 0, [])
    with pytest.raises(ForkError) as caught:
        cosigner.cosign(fork.note(7), 7, [])
    assert caught.value.known is not None
    one, other = (
        open_cosigned(note, log.verifier, ORIGIN, [keys.verifier])
        for note in (caught.value.known, caught.value.shown)
    )
    assert one.checkpoint.size == other.checkpoint.size
    assert one.checkpoint.root != other.checkpoint.root
    assert (len(one.cosignatures), len(other.cosignatures)) == (1, 0)


def test_a_fork_behind_an_old_size_of_zero(log: PlainLog, fork: PlainLog, made: Made) -> None:
    """As if nothing had been cosigned: no proof is asked for then."""
    made[1].cosign(log.note(6), 0, [])
    for size in (0, 4, 6, 9):
        with pytest.raises(SecretBallotError):
            made[1].cosign(fork.note(size), 0, [])
    assert made[1].latest(ORIGIN) is not None
    assert made[1].known_size(ORIGIN) == 6


# The memory.


def test_a_memory_that_is_put_back_while_the_cosigner_runs(
    log: PlainLog, fork: PlainLog, made: Made, tmp_path: Path
) -> None:
    path = tmp_path / "memory"
    copies = [path.read_bytes()]
    made[1].cosign(log.note(4), 0, [])
    copies.append(path.read_bytes())
    made[1].cosign(log.note(8), 4, log.proof(4, 8))
    for copy, size in zip(copies, (0, 4), strict=True):
        path.write_bytes(copy)
        with pytest.raises(CosignerMemoryError, match=f"older than it was: of {ORIGIN}"):
            made[1].cosign(fork.note(9), size, fork.proof(size, 9))
        # And it stays so: nothing was written over it.
        with pytest.raises(CosignerMemoryError, match="older than it was"):
            made[1].known_size(ORIGIN)
        assert path.read_bytes() == copy


def test_a_memory_of_the_same_checkpoint_at_an_earlier_time(log: PlainLog, tmp_path: Path) -> None:
    """The same size and root, but it has forgotten the later cosignature."""
    clock, path = Clock(), tmp_path / "memory"
    _, cosigner = new_cosigner(tmp_path, log.verifier, clock=clock)
    with cosigner:
        cosigner.cosign(log.note(8), 0, [])
        copy = path.read_bytes()
        clock.time += 60
        cosigner.cosign(log.note(8), 8, [])
        path.write_bytes(copy)
        clock.time -= 30
        with pytest.raises(CosignerMemoryError, match="older than it was"):
            cosigner.cosign(log.note(9), 8, log.proof(8, 9))


def test_a_memory_of_the_same_size_and_another_root(
    log: PlainLog, fork: PlainLog, made: Made, tmp_path: Path
) -> None:
    """Somebody who has the key as well makes a memory of the other history."""
    keys, cosigner = made
    cosigner.cosign(log.note(8), 0, [])
    note = fork.note(8)
    forged = add_cosignatures(note, [keys.signer.cosign(parse_note(note)[0], NOW)])
    (tmp_path / "memory").write_bytes(_seal(keys.vkey(), keys.memory_key(), {log.verifier.vkey(): forged}))
    with pytest.raises(CosignerMemoryError, match="older than it was"):
        cosigner.known_size(ORIGIN)


def test_a_memory_that_is_put_back_between_two_runs_is_not_noticed(
    log: PlainLog, fork: PlainLog, made: Made, tmp_path: Path
) -> None:
    """A limit, and told as one: no file can tell that it is older than another. The operator must not restore one."""
    path = tmp_path / "memory"
    made[1].cosign(log.note(4), 0, [])
    shutil.copy(path, tmp_path / "copy")
    made[1].cosign(log.note(8), 4, log.proof(4, 8))
    made[1].close()
    shutil.copy(tmp_path / "copy", path)
    with Cosigner(made[0], path, [log.verifier], clock=Clock()) as cosigner:
        cosigner.cosign(fork.note(8), 4, fork.proof(4, 8))


def test_a_memory_by_somebody_without_the_key(log: PlainLog, made: Made, tmp_path: Path) -> None:
    """Emptied, of a smaller size, or of another cosigner: only the key makes one."""
    keys, cosigner = made
    cosigner.cosign(log.note(8), 0, [])
    cosigner.close()
    path = tmp_path / "memory"
    head, body, _ = path.read_bytes().split(b"\n")
    emptied = json.loads(body)
    emptied["logs"] = {}
    other = CosignerKeys.generate(NAME)
    other.start_memory(tmp_path / "other")
    for forged in (
        head + b"\n" + json.dumps(emptied).encode() + b"\n",
        _seal(keys.vkey(), Secret(bytes(32)), {}),
        _seal(keys.vkey(), other.memory_key(), {}),
        (tmp_path / "other").read_bytes(),
    ):
        path.write_bytes(forged)
        with pytest.raises(CosignerMemoryError, match="is torn, was changed, or is another cosigner's"):
            Cosigner(keys, path, [log.verifier])


def test_one_key_under_two_names(log: PlainLog, made: Made, tmp_path: Path) -> None:
    """The name is not signed, so one key under two names would be one cosigner with two memories."""
    keys, cosigner = made
    cosigner.close()
    renamed = CosignerKeys("witness.example/w2", keys._key)
    with pytest.raises(CosignerMemoryError, match="the same key under another name"):
        Cosigner(renamed, tmp_path / "memory", [log.verifier])


@pytest.mark.parametrize("what", ["unsigned", "not cosigned", "forged", "no checkpoint", "no vkey"])
def test_a_memory_of_what_was_never_cosigned(log: PlainLog, made: Made, tmp_path: Path, what: str) -> None:
    """By somebody with the key, or a program that is wrong."""
    keys, cosigner = made
    cosigner.close()
    note, vkey = log.note(8), log.verifier.vkey()
    text = parse_note(note)[0]
    own = keys.signer.cosign(text, NOW)
    held = {
        "unsigned": {vkey: text + "\n" + own.line()},
        "not cosigned": {vkey: note},
        "forged": {vkey: note + keys.signer.cosign(parse_note(log.note(7))[0], NOW).line()},
        "no checkpoint": {vkey: "x"},
        "no vkey": {"x": note + own.line()},
    }[what]
    memory = CosignerMemory(tmp_path / "memory", keys.vkey(), keys.memory_key())
    memory.write(held)
    memory.close()
    with pytest.raises(CosignerMemoryError, match="what was never cosigned"):
        Cosigner(keys, tmp_path / "memory", [log.verifier])


# Keys.


def test_a_log_whose_key_was_swapped(log: PlainLog, made: Made, tmp_path: Path) -> None:
    """Under another key, the same origin would begin from nothing."""
    keys, cosigner = made
    cosigner.cosign(log.note(6), 0, [])
    cosigner.close()
    swapped = PlainLog(numbered(12, "swapped"), NoteSigner(ORIGIN, SigningKey.generate()))
    with pytest.raises(CosignerMemoryError, match=f"{ORIGIN}: the memory knows the log under another key"):
        Cosigner(keys, tmp_path / "memory", [swapped.verifier])
    with Cosigner(keys, tmp_path / "memory", [log.verifier], clock=Clock()) as again:
        with pytest.raises(InvalidSignatureError):
            again.cosign(swapped.note(7), 6, swapped.proof(6, 7))
        again.cosign(log.note(7), 6, log.proof(6, 7))


def test_the_cosigners_own_signature_is_no_logs(log: PlainLog, made: Made) -> None:
    """A checkpoint that only the cosigner, or a log of another name with the same key, has signed."""
    keys, cosigner = made
    text = parse_note(log.note(6))[0]
    own = CosignatureSigner(ORIGIN, log.signer._key).cosign(text, NOW)
    for note in (
        text + "\n" + keys.signer.cosign(text, NOW).line(),
        text + "\n" + own.line(),
        sign_checkpoint(Checkpoint(ORIGIN, 6, log.tree.root(6)), NoteSigner("x", log.signer._key)),
    ):
        with pytest.raises(InvalidSignatureError):
            cosigner.cosign(note, 0, [])


# Replays.


def test_a_cosignature_is_of_one_checkpoint_of_one_log(log: PlainLog, fork: PlainLog, made: Made) -> None:
    keys, cosigner = made
    line = cosigner.cosign(log.note(6), 0, [])
    other = PlainLog(numbered(12), NoteSigner("other.example", SigningKey.generate()))
    # The same entries, and so the same root, under another origin.
    for note, signed in ((other.note(6), other), (log.note(7), log), (fork.note(6), log)):
        with pytest.raises(InvalidSignatureError) as caught:
            open_cosigned(note + line, signed.verifier, signed.verifier.name, [keys.verifier])
        assert caught.value.culprit == NAME
    with pytest.raises(UnknownLogError):
        cosigner.cosign(other.note(6), 6, [])


def test_a_changed_time(log: PlainLog, made: Made) -> None:
    keys, cosigner = made
    note = log.note(6)
    (signature,) = parse_note(note + cosigner.cosign(note, 0, []))[1][1:]
    for time in (0, 1, NOW - 1, NOW + 1, 2**63 - 1, 2**63, 2**64 - 1):
        moved = type(signature)(
            signature.name, signature.key_id, time.to_bytes(8, "big") + signature.signature[8:]
        )
        with pytest.raises(InvalidSignatureError):
            open_cosigned(note + moved.line(), log.verifier, ORIGIN, [keys.verifier])


# Everything changed.


def test_every_byte_of_a_checkpoint(log: PlainLog, made: Made) -> None:
    cosigner = made[1]
    data = log.note(6).encode()
    for place in range(len(data)):
        for bit in (0x01, 0x20, 0x80):
            changed = data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]
            with pytest.raises(SecretBallotError):
                cosigner.cosign(changed, 0, [])
        for cut in (data[:place], data[:place] + data[place + 1 :]):
            with pytest.raises(SecretBallotError):
                cosigner.cosign(cut, 0, [])
    assert cosigner.known_size(ORIGIN) == 0
    cosigner.cosign(data, 0, [])


def test_every_truncated_proof(log: PlainLog, made: Made) -> None:
    cosigner = made[1]
    cosigner.cosign(log.note(3), 0, [])
    known = 3
    for size in (5, 6, 7, 11, 12):
        good = log.proof(known, size)
        assert good
        for end in range(len(good)):
            with pytest.raises(ConsistencyError):
                cosigner.cosign(log.note(size), known, good[:end])
        cosigner.cosign(log.note(size), known, good)
        known = size
