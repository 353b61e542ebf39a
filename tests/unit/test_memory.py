"""What is remembered across restarts: what a role did once."""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from secretballot.board.memory import Memory
from secretballot.errors import ArgumentError, PhaseError, RefusedError, StoreError, TallyError
from secretballot.tally.trustee import DecryptingTrustee

from ..support import elections


@pytest.fixture(params=["file", "process"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Memory:
    return Memory(tmp_path / "memory", create=True) if request.param == "file" else Memory()


def test_a_thing_is_done_once_and_the_same_again(memory: Memory) -> None:
    assert memory.claim("tally", b"one")
    assert memory.claim("tally", b"one")
    assert not memory.claim("tally", b"two")
    assert memory.claim("lines", b"two")
    assert not memory.claim("lines", b"one")
    assert memory.claim("tally", b"one")


def test_it_outlives_the_object(tmp_path: Path) -> None:
    path = tmp_path / "memory"
    assert Memory(path, create=True).claim("tally", b"the first thing")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not Memory(path).claim("tally", b"two")
    assert Memory(path).claim("lines", b"two")
    assert len(path.read_bytes().splitlines()) == 2
    assert b"first" not in path.read_bytes()


def test_a_line_that_was_cut_short_was_never_answered_for(tmp_path: Path) -> None:
    path = tmp_path / "memory"
    Memory(path, create=True).claim("tally", b"one")
    whole = path.read_bytes()
    Memory(path).claim("lines", b"one")
    both = path.read_bytes()
    for size in range(len(whole), len(both)):
        path.write_bytes(both[:size])
        assert Memory(path).claim("lines", b"two")
        assert Memory(path).claim("lines", b"two")
        assert not Memory(path).claim("lines", b"one")
        assert not Memory(path).claim("tally", b"two")
        assert path.read_bytes().startswith(whole)
        assert len(path.read_bytes()) == len(both)


@pytest.mark.parametrize("damage", [b"garbage\n", b"\n", b"tally 00\n", b"\xff\xfe\n"])
def test_a_damaged_memory_lets_nothing_be_done(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "memory"
    Memory(path, create=True).claim("tally", b"one")
    good = path.read_bytes()
    for data in (damage + good, good + damage, good + good):
        path.write_bytes(data)
        with pytest.raises(StoreError, match="is damaged, or no memory"):
            Memory(path).claim("tally", b"one")


def test_what_cannot_be_written_is_not_claimed(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        Memory(tmp_path / "absent" / "memory", create=True)
    with pytest.raises(StoreError, match="Is a directory"):
        Memory(tmp_path).claim("tally", b"one")
    for wrong in ((1, b"one"), ("tally", "one")):
        with pytest.raises(ArgumentError):
            Memory().claim(*wrong)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError):
        Memory(7)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError):
        Memory(tmp_path / "memory", create="yes")  # type: ignore[arg-type]


def test_a_missing_memory_is_not_begun_again(tmp_path: Path) -> None:
    """What it told may have been done: only whoever makes new keys makes one."""
    path = tmp_path / "memory"
    with pytest.raises(RefusedError, match="memory: the memory of what was done once is missing: restore it"):
        Memory(path).claim("tally", b"one")
    assert not path.exists()
    memory = Memory(path, create=True)
    assert memory.claim("tally", b"one")
    # Made a second time, it is the same.
    assert not Memory(path, create=True).claim("tally", b"two")
    path.unlink()
    with pytest.raises(RefusedError):
        memory.claim("tally", b"one")


def test_a_link_is_no_memory(tmp_path: Path) -> None:
    path, other = tmp_path / "memory", tmp_path / "other"
    path.symlink_to(other)
    with pytest.raises(StoreError):
        Memory(path, create=True)
    assert not other.exists()
    other.touch()
    with pytest.raises(StoreError):
        Memory(path).claim("tally", b"one")
    assert other.read_bytes() == b""


def test_a_line_that_is_found_is_on_the_disk_before_it_is_relied_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote it may have been killed before it was."""
    path = tmp_path / "memory"
    Memory(path, create=True).claim("tally", b"one")

    def fail(file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    for value in (b"one", b"two"):
        with pytest.raises(StoreError, match="Input/output error"):
            Memory(path).claim("tally", value)
    monkeypatch.undo()
    assert Memory(path).claim("tally", b"one")


def _claim(path: str, value: bytes, results: multiprocessing.Queue[tuple[bytes, bool]]) -> None:
    results.put((value, Memory(path).claim("tally", value)))


def test_of_many_processes_one_is_first(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    Memory(tmp_path / "memory", create=True)
    results: multiprocessing.Queue[tuple[bytes, bool]] = context.Queue()
    values = [bytes([number]) for number in range(8)]
    processes = [
        context.Process(target=_claim, args=(os.fspath(tmp_path / "memory"), value, results))
        for value in values
    ]
    for process in processes:
        process.start()
    answers = [results.get(timeout=60) for _ in values]
    for process in processes:
        process.join()
    assert sorted(value for value, _ in answers) == values
    assert sum(first for _, first in answers) == 1


# The roles.


def test_a_trustee_that_was_started_again_decrypts_nothing_else(tmp_path: Path) -> None:
    simulation = elections.voting([elections.choice()], 3)
    simulation.vote([{"chair": "chi"}, {"chair": "em"}, {"chair": None}])
    simulation.close_voting()
    tally = simulation.log.tally
    memory = tmp_path / "memory"
    holder = simulation.key_holders[0]
    DecryptingTrustee(holder, Memory(memory, create=True)).decrypt(tally)
    again = DecryptingTrustee(holder, Memory(memory))
    assert again.decrypt(tally)
    for other in (tally._replace(root=bytes(32)), tally._replace(ciphertexts=tally.ciphertexts[::-1] * 2)):
        with pytest.raises(TallyError, match="another tally was decrypted before"):
            again.decrypt(other)
    memory.unlink()
    with pytest.raises(RefusedError, match="is missing"):
        DecryptingTrustee(holder, Memory(memory)).decrypt(tally)
    with pytest.raises(ArgumentError, match="a memory"):
        DecryptingTrustee(holder, memory)  # type: ignore[arg-type]


def test_an_authority_that_was_started_again_seals_nothing_else(tmp_path: Path) -> None:
    simulation = elections.simulate([elections.choice()])
    keys, election = simulation.authority, simulation.election
    path = tmp_path / "memory"
    entry = keys.seal(election, bytes(32), Memory(path, create=True))
    assert keys.seal(election, bytes(32), Memory(path)) == entry
    with pytest.raises(PhaseError, match="another log of this election was sealed before"):
        keys.seal(election, b"\1" * 32, Memory(path))
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(RefusedError, match="is missing"):
        keys.seal(election, bytes(32), Memory(path))
    (tmp_path / "elsewhere").rename(path)
    # Of another election, it is another thing.
    other = elections.simulate([elections.choice()])
    keys.seal(other.election, b"\1" * 32, Memory(path))
    with pytest.raises(ArgumentError, match="a memory"):
        keys.seal(election, bytes(32), path)  # type: ignore[arg-type]


def test_a_short_write_is_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "memory"
    assert Memory(path, create=True).claim("tally", b"one")
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    with pytest.raises(StoreError, match="No space left"):
        Memory(path).claim("lines", b"one")
    monkeypatch.undo()
    assert Memory(path).claim("lines", b"two")
    assert not Memory(path).claim("tally", b"two")
