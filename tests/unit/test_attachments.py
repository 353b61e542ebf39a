"""Attachments: in memory, in a store, in a record's directory; and what a board takes in."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secretballot.board.attachments import (
    FOLDER,
    Attachments,
    HeldAttachments,
    Posting,
    RecordAttachments,
    StoredAttachments,
    digest_of,
)
from secretballot.board.board import Board
from secretballot.board.record import CHECKPOINT, ENTRIES, write_record
from secretballot.board.store import BoardStore, MemoryStore, SQLiteStore
from secretballot.board.store import base as base_module
from secretballot.errors import (
    ArgumentError,
    BoardError,
    EncodingError,
    InvalidSignatureError,
    ManifestError,
    PhaseError,
    RecordError,
    RefusedError,
    SecretBallotError,
    StoreError,
    TallyError,
)
from secretballot.manifest import ChoiceContest
from secretballot.records import parse_entry, sign_record
from secretballot.tally import ElectionLog, MixRound
from secretballot.testing import Simulation
from secretballot.verify import verify_record

from ..support import elections
from .test_store import store

__all__ = ["store"]  # A fixture.

DATA = b"shuffled lines and a proof"
DIGEST = hashlib.sha256(DATA).digest()
SIZE = len(DATA)


def test_an_attachment_is_named_by_its_sha256() -> None:
    assert digest_of(DATA) == digest_of(memoryview(DATA)) == DIGEST
    assert digest_of(b"").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


# A store.


def test_what_is_put_is_there_and_nothing_else(store: BoardStore) -> None:
    assert store.attachment(DIGEST) is None
    store.put_attachment(DIGEST, DATA)
    assert store.attachment(DIGEST) == DATA
    assert store.attachment(digest_of(DATA[:-1])) is None
    assert store.attachment(DIGEST[:-1]) is None
    # The log is another thing.
    assert store.size() == 0
    assert store.find(DIGEST) is None
    assert list(store.entries()) == []


def test_an_empty_attachment_is_one(store: BoardStore) -> None:
    store.put_attachment(digest_of(b""), b"")
    assert store.attachment(digest_of(b"")) == b""


def test_putting_again_changes_nothing(store: BoardStore) -> None:
    """The first stays: what was named by an entry cannot be replaced."""
    for data in (DATA, DATA, b"other", b""):
        store.put_attachment(DIGEST, data)
        assert store.attachment(DIGEST) == DATA
    store.put_attachment(digest_of(b"other"), b"other")
    assert (store.attachment(DIGEST), store.attachment(digest_of(b"other"))) == (DATA, b"other")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_digest_has_thirty_two_bytes(store: BoardStore, size: int) -> None:
    store.put_attachment(bytes(32), DATA)
    with pytest.raises(StoreError, match=f"a digest has 32 bytes, not {size}"):
        store.put_attachment(bytes(size), DATA)
    assert store.attachment(bytes(size)) is None


def test_an_attachment_is_no_longer_than_the_limit(
    store: BoardStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_module, "MAX_STORED_SIZE", 100)
    store.put_attachment(digest_of(bytes(100)), bytes(100))
    with pytest.raises(StoreError, match="an attachment has at most 100 bytes, not 101"):
        store.put_attachment(digest_of(bytes(101)), bytes(101))
    assert store.attachment(digest_of(bytes(100))) == bytes(100)
    assert store.attachment(digest_of(bytes(101))) is None


@pytest.mark.parametrize("wrong", [bytearray(DATA), DATA.decode(), None, [1, 2]])
def test_an_attachment_and_its_digest_are_bytes(store: BoardStore, wrong: Any) -> None:
    with pytest.raises(ArgumentError, match="an attachment as bytes must be given"):
        store.put_attachment(DIGEST, wrong)
    with pytest.raises(ArgumentError, match="a digest as bytes must be given"):
        store.put_attachment(wrong, DATA)
    assert store.attachment(DIGEST) is None


def test_a_closed_store_gives_and_takes_nothing(store: BoardStore) -> None:
    store.put_attachment(DIGEST, DATA)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.attachment(DIGEST)
    with pytest.raises(StoreError, match="closed"):
        store.put_attachment(digest_of(b"x"), b"x")


@pytest.mark.parametrize("statement", ["UPDATE attachments SET data = x'00'", "DELETE FROM attachments"])
def test_a_file_does_not_let_attachments_be_changed(tmp_path: Path, statement: str) -> None:
    with SQLiteStore(tmp_path / "board") as opened:
        opened.put_attachment(DIGEST, DATA)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            opened._connection.execute(statement)
        assert opened.attachment(DIGEST) == DATA


# Reading.


class Kept:
    """A place of attachments, and how something is put there under a digest, right or wrong."""

    def __init__(self, attachments: Attachments, put: Callable[[bytes, bytes], object]) -> None:
        self.attachments = attachments
        self.put = put


@pytest.fixture(params=["held", "memory", "sqlite", "record"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    match request.param:
        case "held":
            held = HeldAttachments()
            yield Kept(held, held._held.__setitem__)
        case "record":
            (tmp_path / FOLDER).mkdir()
            yield Kept(
                RecordAttachments(tmp_path),
                lambda digest, data: (tmp_path / FOLDER / digest.hex()).write_bytes(data),
            )
        case kind:
            with MemoryStore() if kind == "memory" else SQLiteStore(tmp_path / "board") as made:
                yield Kept(StoredAttachments(made), made.put_attachment)


def test_the_attachment_of_a_digest_and_size_is_read(kept: Kept) -> None:
    kept.put(DIGEST, DATA)
    kept.put(digest_of(b""), b"")
    for _ in range(2):
        assert bytes(kept.attachments.read(DIGEST, SIZE)) == DATA
    assert bytes(kept.attachments.read(digest_of(b""), 0)) == b""


def refused(kept: Kept, digest: bytes, size: int) -> str:
    with pytest.raises(BoardError) as caught:
        kept.attachments.read(digest, size)
    assert caught.value.item == f"attachment {digest.hex()}"
    return caught.value.message


def test_one_that_is_missing_is_refused(kept: Kept) -> None:
    kept.put(DIGEST, DATA)
    assert refused(kept, digest_of(b"other"), SIZE) == "is missing"


@pytest.mark.parametrize("size", [0, SIZE - 2, SIZE - 1, SIZE + 1])
def test_one_of_another_size_is_refused(kept: Kept, size: int) -> None:
    kept.put(DIGEST, DATA)
    # Of a file, no more is read than shows that it is too long.
    read = min(SIZE, size + 1) if isinstance(kept.attachments, RecordAttachments) else SIZE
    assert refused(kept, DIGEST, size) == f"has {read} bytes, not {size}"


def test_one_of_another_hash_is_refused(kept: Kept) -> None:
    kept.put(DIGEST, DATA[:-1] + b"F")
    assert refused(kept, DIGEST, SIZE) == "has another hash"
    assert refused(kept, DIGEST, SIZE - 1).endswith(f"bytes, not {SIZE - 1}")


def test_a_longer_one_is_refused_though_its_beginning_is_right(kept: Kept) -> None:
    kept.put(DIGEST, DATA + bytes(1000))
    assert refused(kept, DIGEST, SIZE).endswith(f"bytes, not {SIZE}")


def test_a_cut_one_is_refused(kept: Kept) -> None:
    kept.put(DIGEST, DATA[:-1])
    assert refused(kept, DIGEST, SIZE) == f"has {SIZE - 1} bytes, not {SIZE}"


def test_what_is_held_is_added_under_its_own_digest() -> None:
    held = HeldAttachments()
    data = bytearray(DATA)
    assert held.add(data) == DIGEST  # type: ignore[arg-type]
    data[:] = bytes(SIZE)
    assert held.add(DATA) == DIGEST
    assert bytes(held.read(DIGEST, SIZE)) == DATA


# A record's directory.


def test_of_a_longer_file_one_byte_more_is_read(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / DIGEST.hex()).write_bytes(DATA + bytes(10_000))
    found = RecordAttachments(tmp_path)._find(DIGEST, SIZE)
    assert found is not None
    assert len(found) == SIZE + 1


def test_no_folder_is_no_attachment(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match=f"attachment {DIGEST.hex()}: is missing"):
        RecordAttachments(tmp_path).read(DIGEST, SIZE)


def test_a_directory_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / FOLDER / DIGEST.hex()).mkdir(parents=True)
    with pytest.raises(BoardError, match=f"attachment {DIGEST.hex()}: is no file"):
        RecordAttachments(tmp_path).read(DIGEST, SIZE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    os.mkfifo(tmp_path / FOLDER / DIGEST.hex())
    with pytest.raises(BoardError, match="is no file"):
        RecordAttachments(tmp_path).read(DIGEST, SIZE)


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_bytes(DATA)
    with pytest.raises(BoardError, match=f"attachment {DIGEST.hex()}: cannot be read: Not a directory"):
        RecordAttachments(tmp_path).read(DIGEST, SIZE)


def test_a_record_is_written_with_its_attachments(tmp_path: Path) -> None:
    record = write_record(tmp_path / "record", [b"entry"], "note", [DATA, memoryview(b"other"), b"", DATA])
    folder = record.path / FOLDER
    assert {file.name for file in folder.iterdir()} == {digest_of(one).hex() for one in (DATA, b"other", b"")}
    assert bytes(record.attachments.read(DIGEST, SIZE)) == DATA
    assert bytes(record.attachments.read(digest_of(b"other"), 5)) == b"other"
    assert (record.path / ENTRIES).read_bytes() == b"entry\n"
    assert (record.path / CHECKPOINT).read_bytes() == b"note"
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o644}


def test_a_record_without_attachments_has_no_folder(tmp_path: Path) -> None:
    record = write_record(tmp_path / "record", [b"entry"], "note")
    assert {file.name for file in record.path.iterdir()} == {ENTRIES, CHECKPOINT}
    with pytest.raises(BoardError, match="is missing"):
        record.attachments.read(DIGEST, SIZE)


def test_a_record_is_none_before_all_its_attachments_are_there(tmp_path: Path) -> None:
    """The checkpoint comes last: where an attachment is missing there is no record."""

    def attachments() -> Iterator[bytes]:
        yield DATA
        raise BoardError("is missing", item="attachment")

    target = tmp_path / "record"
    with pytest.raises(BoardError, match="is missing"):
        write_record(target, [b"entry"], "note", attachments())
    assert {file.name for file in target.iterdir()} == {FOLDER}
    # A folder with something in it is no place for a record.
    with pytest.raises(RecordError, match="not empty"):
        write_record(target, [b"entry"], "note", [DATA])


# The board.


def mixed_choice(contest_id: str = "chair", of: tuple[str, ...] = ("chi", "dung", "em")) -> ChoiceContest:
    return elections.choice(contest_id, of).model_copy(update={"tally": "mixnet"})


def at_the_tally(**rest: Any) -> Simulation:
    """Two ballots, and voting closed."""
    simulation = elections.voting([mixed_choice()], 2, roll_size=3, **rest)
    simulation.vote([{"chair": "chi"}, {"chair": None}])
    simulation.close_voting()
    return simulation


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    """Nothing is mixed, and nothing is submitted by the tests that share it."""
    return at_the_tally()


def mix(simulation: Simulation, mixer: int = 0) -> Posting:
    return simulation.mixer_keys[mixer].join(simulation.election).mix(simulation.log.mixing)


def test_a_board_keeps_what_an_entry_names(simulation: Simulation) -> None:
    mixed = mix(simulation)
    (data,) = mixed.attachments
    entry = simulation.log.read(mixed.entry)
    assert simulation.log.attachments_of(entry) == [(digest_of(data), len(data))]
    digest = simulation.board.attach(mixed.entry, data)
    assert digest == digest_of(data)
    assert simulation.board.attach(mixed.entry, data) == digest
    assert simulation.store.attachment(digest) == data
    assert simulation.log.attached() == []


def test_a_board_keeps_no_other(simulation: Simulation) -> None:
    mixed = mix(simulation)
    (data,) = mixed.attachments
    for wrong in (b"", data[:-1], data + b"\0", data * 2, data[::-1], mix(simulation, 1).attachments[0]):
        with pytest.raises(
            RefusedError, match=f"attachment {digest_of(wrong).hex()}: the entry names no such"
        ):
            simulation.board.attach(mixed.entry, wrong)
        assert simulation.store.attachment(digest_of(wrong)) is None
    simulation.board.attach(mixed.entry, data)


def test_an_attachment_comes_with_an_entry_that_can_be_next(simulation: Simulation) -> None:
    """Whoever could not post the entry does not fill the disk."""
    mixed = mix(simulation)
    (data,) = mixed.attachments
    made = MixRound.from_body(parse_entry(mixed.entry).body)
    first, second = (keys._signing for keys in simulation.mixer_keys)
    for wrong, error in (
        (b"garbage", EncodingError),
        (mixed.entry[:-8] + b'AAAAAA"}', InvalidSignatureError),
        (sign_record(made, second), InvalidSignatureError),
        (sign_record(made.model_copy(update={"mixer": "nobody"}), first), ManifestError),
        (sign_record(made.model_copy(update={"round": 2}), first), PhaseError),
        (sign_record(made.model_copy(update={"basis": bytes(32)}), first), PhaseError),
        (sign_record(made.model_copy(update={"election": bytes(32)}), first), BoardError),
        (sign_record(made.model_copy(update={"batches": made.batches * 2}), first), TallyError),
        (simulation.authority.enter(simulation.election, "tally"), SecretBallotError),
    ):
        with pytest.raises(error):
            simulation.board.attach(wrong, data)
    # Other entries name none.
    with pytest.raises(RefusedError, match="the entry names no such"):
        simulation.board.attach(next(iter(simulation.store.entries())), data)
    assert simulation.store.attachment(digest_of(data)) in (None, data)


@pytest.mark.parametrize("wrong", ["text", None, bytearray(10), memoryview(b"x")])
def test_a_board_takes_bytes(simulation: Simulation, wrong: Any) -> None:
    entry = mix(simulation).entry
    with pytest.raises(ArgumentError, match="an attachment as bytes must be given"):
        simulation.board.attach(entry, wrong)
    with pytest.raises(ArgumentError, match="an entry as bytes must be given"):
        simulation.board.attach(wrong, b"data")


def test_an_entry_whose_attachment_is_missing_is_refused(simulation: Simulation) -> None:
    mixed = mix(simulation)
    size = simulation.log.size
    missing = digest_of(mixed.attachments[0]).hex()
    with pytest.raises(BoardError, match=f"^attachment {missing}: .*round 1 by mixer mixer-1: is missing"):
        simulation.board.submit(mixed.entry)
    assert simulation.log.size == size
    assert simulation.log.mixing.rounds == []


def test_the_attachments_of_a_round_that_is_overtaken() -> None:
    simulation = at_the_tally()
    first, second = mix(simulation), mix(simulation, 1)
    simulation.send(first)
    # Mixed from the same inputs, the other is too late.
    for data in second.attachments:
        with pytest.raises(PhaseError, match="round 2 is mixed now, not 1"):
            simulation.board.attach(second.entry, data)
    # And of what is in the log it is said again that it is kept.
    for data in first.attachments:
        assert simulation.board.attach(first.entry, data) == digest_of(data)
    with pytest.raises(RefusedError, match="the entry names no such"):
        simulation.board.attach(first.entry, b"other")
    simulation.send(mix(simulation, 1))
    named = [digest for digest, _ in simulation.log.attached()]
    assert named == [digest_of(first.attachments[0]), named[1]]
    assert digest_of(second.attachments[0]) not in named


def test_another_board_takes_the_entry_just_before_it_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent again to this one, its attachments are as well there."""
    simulation = at_the_tally()
    mixed = mix(simulation)
    other = Board(simulation.store, simulation.board_keys, ElectionLog())
    find = simulation.store.find

    def late(key: bytes) -> int | None:
        for data in mixed.attachments:
            other.attach(mixed.entry, data)
        other.submit(mixed.entry)
        return find(key)

    # What the other board asks meanwhile is answered at once.
    late_once = iter([late])
    monkeypatch.setattr(simulation.store, "find", lambda key: next(late_once, find)(key))
    for data in mixed.attachments:
        assert simulation.board.attach(mixed.entry, data) == digest_of(data)
    assert len(simulation.log.mixing.rounds) == 1


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulation, Path]]:
    """A finished election in an SQLite store, and its file."""
    file = tmp_path_factory.mktemp("board") / "board.sqlite"
    with SQLiteStore(file) as opened:
        simulation = elections.voting([mixed_choice()], 2, roll_size=3, store=opened)
        simulation.vote([{"chair": "chi"}, {"chair": None}])
        simulation.tally()
        yield simulation, file


def test_a_board_that_is_opened_again_has_the_attachments(complete: tuple[Simulation, Path]) -> None:
    simulation, file = complete
    with SQLiteStore(file, create=False) as again:
        log = ElectionLog()
        Board(again, simulation.board_keys, log)
        assert log.attached() == simulation.log.attached()
        # Two rounds, and the shares of three trustees.
        assert len(log.attached()) == 2 + 3
        assert log.compute_result() == simulation.log.result


def test_an_exported_record_has_the_attachments_that_are_named(
    complete: tuple[Simulation, Path], tmp_path: Path
) -> None:
    simulation, _ = complete
    # One that no entry names is not exported.
    simulation.store.put_attachment(DIGEST, DATA)
    record = simulation.export(str(tmp_path / "record"))
    names = {digest.hex() for digest, _ in simulation.log.attached()}
    assert {file.name for file in (record.path / FOLDER).iterdir()} == names
    for digest, size in simulation.log.attached():
        assert digest_of(record.attachments.read(digest, size)) == digest
    assert verify_record(record.path).verdict == "verified"


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("how", ["missing", "longer", "changed", "directory"])
def test_a_record_whose_attachment_is_another_is_not_verified(
    complete: tuple[Simulation, Path], tmp_path: Path, place: int, how: str
) -> None:
    simulation, _ = complete
    record = simulation.export(str(tmp_path / "record"))
    digest, _ = simulation.log.attached()[place]
    file = record.path / FOLDER / digest.hex()
    data = file.read_bytes()
    match how:
        case "missing":
            file.unlink()
        case "longer":
            file.write_bytes(data + b"\0")
        case "changed":
            file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case _:
            file.unlink()
            file.mkdir()
    report = verify_record(record.path)
    assert report.verdict != "verified"
    assert digest.hex() in repr(report.rules)


def test_a_store_that_lost_an_attachment_is_not_exported(tmp_path: Path) -> None:
    simulation = at_the_tally()
    simulation.send(mix(simulation))
    ((digest, _),) = simulation.log.attached()
    assert isinstance(simulation.store, MemoryStore)
    simulation.export(str(tmp_path / "whole"))
    del simulation.store._attachments[digest]
    with pytest.raises(BoardError, match=f"attachment {digest.hex()}: is missing"):
        simulation.export(str(tmp_path / "torn"))
    assert not (tmp_path / "torn" / CHECKPOINT).exists()
    with pytest.raises(
        BoardError, match=f"attachment {digest.hex()}: .*round 1, by mixer mixer-1: is missing"
    ):
        mix(simulation, 1)
