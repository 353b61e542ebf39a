"""A cosigner's memory, and its keys."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from secretballot.board import cosigner_memory
from secretballot.board.cosigner import Cosigner, CosignerKeys
from secretballot.crypto import key_file
from secretballot.crypto.note import NoteSigner
from secretballot.crypto.signing import SigningKey
from secretballot.errors import (
    ArgumentError,
    CosignerMemoryError,
    KeyFileError,
    NoteError,
    SizeConflictError,
    UnknownLogError,
)

from ...support.cosigners import NAME, ORIGIN, Clock, Made, PlainLog, numbered
from ...support.key_files import PASSPHRASE


def reopened(made: Made, path: Path, *logs: Any) -> Cosigner:
    """The same cosigner after a restart."""
    made[1].close()
    return Cosigner(made[0], path / "memory", logs, clock=Clock())


# The memory.


def test_the_memory_survives(log: PlainLog, made: Made, tmp_path: Path) -> None:
    line = made[1].cosign(log.note(5), 0, [])
    path = tmp_path / "memory"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with reopened(made, tmp_path, log.verifier) as cosigner:
        assert cosigner.latest(ORIGIN) == log.note(5) + line
        with pytest.raises(SizeConflictError):
            cosigner.cosign(log.note(6), 0, [])
        cosigner.cosign(log.note(6), 5, log.proof(5, 6))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(one.name for one in tmp_path.iterdir()) == ["memory", "memory.lock"]


def test_what_is_not_watched_for_a_while_is_not_forgotten(log: PlainLog, made: Made, tmp_path: Path) -> None:
    made[1].cosign(log.note(5), 0, [])
    other = PlainLog(numbered(7), NoteSigner("other.example", SigningKey.generate()))
    with reopened(made, tmp_path, other.verifier) as cosigner:
        with pytest.raises(UnknownLogError):
            cosigner.known_size(ORIGIN)
        cosigner.cosign(other.note(7), 0, [])
    with reopened((made[0], cosigner), tmp_path, log.verifier, other.verifier) as cosigner:
        assert (cosigner.known_size(ORIGIN), cosigner.known_size("other.example")) == (5, 7)


def test_the_memory_is_on_the_disk_before_the_cosignature_is_out(
    log: PlainLog, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def note_replace(source: Path, target: Path) -> Path:
        done.append("name")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    line = made[1].cosign(log.note(5), 0, [])
    assert done == ["file", "name", "folder"]
    # What is there is what was given out, and not something that is still to be signed.
    assert line.encode() in (tmp_path / "memory").read_bytes().replace(b"\\n", b"\n")


@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_where_the_disk_fails_nothing_is_given_out(
    log: PlainLog, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    made[1].cosign(log.note(5), 0, [])

    def failing(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync") if where == "fsync" else (Path, "replace")), failing)
        with pytest.raises(CosignerMemoryError, match="cannot be written: No space left on device"):
            made[1].cosign(log.note(6), 5, log.proof(5, 6))
    assert made[1].known_size(ORIGIN) == 5
    made[1].cosign(log.note(6), 5, log.proof(5, 6))


def test_an_interrupt_after_the_write(
    log: PlainLog, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory is then ahead of what was given out: the board asks again from there."""
    written = cosigner_memory.CosignerMemory.write

    def interrupted(self: Any, logs: Any) -> None:
        written(self, logs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cosigner_memory.CosignerMemory, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            made[1].cosign(log.note(5), 0, [])
    with pytest.raises(SizeConflictError) as caught:
        made[1].cosign(log.note(5), 0, [])
    assert caught.value.size == 5
    made[1].cosign(log.note(5), 5, [])


def test_a_torn_memory(log: PlainLog, made: Made, tmp_path: Path) -> None:
    """Cut or extended anywhere, or with a byte changed; and not there at all."""
    made[1].cosign(log.note(5), 0, [])
    made[1].close()
    path = tmp_path / "memory"
    data = path.read_bytes()
    wrong = [data[:end] for end in range(len(data))] + [data + b"\n", data + b"x", b"\0" * len(data)]
    wrong += [data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :] for place in range(0, len(data), 7)]
    for torn in wrong:
        path.write_bytes(torn)
        with pytest.raises(CosignerMemoryError, match="is torn, was changed, or is another cosigner's"):
            Cosigner(made[0], path, [log.verifier])
    path.unlink()
    with pytest.raises(
        CosignerMemoryError, match=r"cosigner's memory 'memory': is missing; .* make new keys"
    ):
        Cosigner(made[0], path, [log.verifier])
    path.write_bytes(data)
    Cosigner(made[0], path, [log.verifier]).close()


def test_a_memory_that_is_lost_while_the_cosigner_runs(log: PlainLog, made: Made, tmp_path: Path) -> None:
    made[1].cosign(log.note(5), 0, [])
    path = tmp_path / "memory"
    data = path.read_bytes()
    path.unlink()
    for ask in (
        lambda: made[1].cosign(log.note(6), 5, log.proof(5, 6)),
        lambda: made[1].known_size(ORIGIN),
        lambda: made[1].latest(ORIGIN),
    ):
        with pytest.raises(CosignerMemoryError, match="is missing"):
            ask()
    assert not path.exists()
    path.write_bytes(data)
    assert made[1].known_size(ORIGIN) == 5


def test_a_memory_is_begun_once(made: Made, tmp_path: Path) -> None:
    keys = made[0]
    with pytest.raises(CosignerMemoryError, match="only new keys begin a memory, and once"):
        keys.start_memory(tmp_path / "another")
    fresh = CosignerKeys.generate(NAME)
    with pytest.raises(CosignerMemoryError, match="there is such a file already"):
        fresh.start_memory(tmp_path / "memory")
    with pytest.raises(CosignerMemoryError, match="there is no such folder"):
        fresh.start_memory(tmp_path / "nowhere" / "memory")
    with pytest.raises(CosignerMemoryError, match="no path has"):
        fresh.start_memory("a\0b")
    with pytest.raises(CosignerMemoryError, match="no path has"):
        fresh.start_memory(tmp_path / "\ud800")
    with pytest.raises(ArgumentError):
        fresh.start_memory(7)  # type: ignore[arg-type]
    # None of these used it up.
    fresh.start_memory(tmp_path / "another")


def test_one_cosigner_at_a_time(log: PlainLog, made: Made, tmp_path: Path) -> None:
    with pytest.raises(CosignerMemoryError, match="is open in another process, or twice in this one"):
        Cosigner(made[0], tmp_path / "memory", [log.verifier])
    (tmp_path / "link").symlink_to(tmp_path / "memory")
    with pytest.raises(CosignerMemoryError, match="is open"):
        Cosigner(made[0], tmp_path / "link", [log.verifier])
    made[1].close()
    made[1].close()
    with pytest.raises(CosignerMemoryError, match="is closed"):
        made[1].cosign(log.note(5), 0, [])
    with Cosigner(made[0], tmp_path / "link", [log.verifier], clock=Clock()) as cosigner:
        cosigner.cosign(log.note(5), 0, [])
    # The file was replaced, and not the link.
    assert (tmp_path / "link").is_symlink()


def test_a_lock_that_cannot_be_had(
    log: PlainLog, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made[1].close()

    def refuse(*_: Any) -> None:
        raise OSError(37, "No locks available")

    with monkeypatch.context() as patch:
        patch.setattr(cosigner_memory.fcntl, "flock", refuse)
        with pytest.raises(CosignerMemoryError, match="cannot be opened: No locks available"):
            Cosigner(made[0], tmp_path / "memory", [log.verifier])
    with pytest.raises(CosignerMemoryError, match="cannot be opened: there is no such folder"):
        Cosigner(made[0], tmp_path / "nowhere" / "memory", [log.verifier])
    (tmp_path / "folder").mkdir()
    with pytest.raises(CosignerMemoryError, match="cannot be read: Is a directory"):
        Cosigner(made[0], tmp_path / "folder", [log.verifier])


def test_a_fork_of_the_process(log: PlainLog, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parent and child share the lock, so the child must not sign."""
    process = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: process + 1)
    with pytest.raises(CosignerMemoryError, match="opened before a fork"):
        made[1].cosign(log.note(5), 0, [])


def test_threads_that_ask_at_once(log: PlainLog, made: Made) -> None:
    """Of two checkpoints that both continue the last one, one is cosigned, and the other told where to begin."""
    made[1].cosign(log.note(2), 0, [])
    conflicts: list[int] = []
    lines: list[str] = []

    def ask(size: int) -> None:
        try:
            lines.append(made[1].cosign(log.note(size), 2, log.proof(2, size)))
        except SizeConflictError as error:
            conflicts.append(error.size)

    threads = [threading.Thread(target=ask, args=(size,)) for size in range(3, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines) == 1
    assert conflicts == [made[1].known_size(ORIGIN)] * 9


# Keys.


@pytest.mark.usefixtures("cheap_key_files")
class TestKeys:
    def test_saved_and_loaded(self, log: PlainLog, made: Made, tmp_path: Path) -> None:
        keys, cosigner = made
        cosigner.cosign(log.note(5), 0, [])
        keys.save(tmp_path / "key", passphrase=PASSPHRASE)
        assert (tmp_path / "key").read_text().startswith("secretballot/1/key-file cosigner argon2id 1 8 ")
        again = CosignerKeys.load(tmp_path / "key", passphrase=PASSPHRASE)
        assert (again.name, again.vkey(), repr(again)) == (NAME, keys.vkey(), repr(keys))
        assert repr(keys) == f"<CosignerKeys of {NAME}, redacted>"
        with reopened((again, cosigner), tmp_path, log.verifier) as cosigner:
            cosigner.cosign(log.note(6), 5, log.proof(5, 6))
        # Whoever has lost the memory cannot begin it anew with these keys.
        with pytest.raises(CosignerMemoryError, match="only new keys"):
            again.start_memory(tmp_path / "another")

    def test_the_payload_is_read_strictly(self, tmp_path: Path) -> None:
        keys, path = CosignerKeys.generate(NAME), tmp_path / "key"
        seed, vkey = keys._key.seed().reveal(), keys.vkey().encode()
        other = CosignerKeys.generate(NAME)
        wrong: list[list[bytes]] = [
            [vkey],
            [vkey, seed, b""],
            [vkey, seed[:-1]],
            [vkey, bytes(32)],
            [other.vkey().encode(), seed],
            [vkey[:-1], seed],
            [b"\xff" + vkey, seed],
            [b"", seed],
            [NoteSigner(NAME, keys._key).verifier.vkey().encode(), seed],
        ]
        for fields in wrong:
            key_file.save(path, "cosigner", PASSPHRASE, *fields, replace=True)
            with pytest.raises(KeyFileError, match="key file 'key': "):
                CosignerKeys.load(path, passphrase=PASSPHRASE)
        key_file.save(path, "cosigner", PASSPHRASE, vkey, seed, replace=True)
        assert CosignerKeys.load(path, passphrase=PASSPHRASE).vkey() == keys.vkey()

    def test_names(self) -> None:
        make: Callable[[Any], Any] = CosignerKeys.generate
        for wrong in ("", "a b", "a+b"):
            with pytest.raises(NoteError):
                make(wrong)
        with pytest.raises(ArgumentError):
            make(b"name")
