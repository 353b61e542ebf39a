"""What a developer gets wrong first: an argument of another type is one typed line, and nothing was done."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import secretballot as sb
from secretballot.ballot.records import parse_code
from secretballot.credential import registrar as registrar_module
from secretballot.crypto import key_file
from secretballot.errors import (
    ArgumentError,
    EncodingError,
    ManifestError,
    RecordError,
    SelectionError,
    StoreError,
    check_type,
)
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.verify import verify_entries

from ..support import elections

Call = Callable[[elections.Finished, Any], object]


def registrar(held: elections.Finished, roll: Any) -> object:
    simulation = held.simulation
    return registrar_module.Registrar(simulation.registrars[0]._keys, simulation.election, roll)


CALLS: dict[str, tuple[Call, str]] = {
    "submit": (lambda held, wrong: held.simulation.board.submit(wrong), "an entry as bytes must be given"),
    "receipt": (lambda held, wrong: held.simulation.board.receipt(wrong), "an entry as bytes must be given"),
    "issue": (
        lambda held, wrong: held.simulation.registrars[0].issue("voter 0", wrong),
        "a holder's request as bytes must be given",
    ),
    "accept": (
        lambda held, wrong: held.simulation.holders[0].accept("registrar-1", wrong),
        "a blind signature as bytes must be given",
    ),
    "holder": (lambda held, wrong: sb.Holder(wrong), "an election must be given"),
    "join": (lambda held, wrong: held.simulation.trustees[0].join(wrong), "an election must be given"),
    "trustee": (lambda held, wrong: DecryptingTrustee(wrong), "a trustee after the ceremony"),
    "device": (lambda held, wrong: sb.VoterDevice(wrong, wrong, wrong), "a log's context must be given"),
    "from_manifest": (lambda held, wrong: sb.Election.from_manifest(wrong), "a manifest must be given"),
    "from_entry": (lambda held, wrong: sb.Election.from_entry(wrong), "an entry as bytes must be given"),
    "rule": (lambda held, wrong: verify_entries([], b"").rule(wrong), "a rule's id as text must be given"),
    "election": (lambda held, wrong: sb.Election(wrong), "a manifest's body as bytes must be given"),
    "verify": (lambda held, wrong: sb.verify_record(wrong), "a record's directory must be given"),
    "write": (lambda held, wrong: sb.write_record("x", [], wrong), "a checkpoint as text must be given"),
    "announce": (lambda held, wrong: held.simulation.authority.announce(wrong), "an election must be given"),
    "enter": (
        lambda held, wrong: held.simulation.authority.enter(wrong, "tally"),
        "an election must be given",
    ),
    "publish": (lambda held, wrong: held.simulation.authority.publish(wrong), "a result must be given"),
    "board's store": (
        lambda held, wrong: sb.Board(wrong, held.simulation.board_keys, sb.ElectionLog()),
        "a store (BoardStore) must be given",
    ),
    "board's keys": (
        lambda held, wrong: sb.Board(sb.MemoryStore(), wrong, sb.ElectionLog()),
        "the board's keys must be given, not ",
    ),
    "board's state": (
        lambda held, wrong: sb.Board(sb.MemoryStore(), held.simulation.board_keys, wrong),
        "a log's state (ElectionLog) must be given",
    ),
    "origin": (lambda held, wrong: sb.BoardKeys.generate(wrong), "the log's origin as text must be given"),
    "read": (lambda held, wrong: held.simulation.log.read(wrong), "an entry as bytes must be given"),
    "store": (lambda held, wrong: sb.SQLiteStore(wrong), "a store's path must be given"),
    "append": (lambda held, wrong: sb.MemoryStore().append(wrong, [], 0), "an entry as bytes must be given"),
    "code": (lambda held, wrong: sb.confirmation_code(wrong), "an entry as bytes must be given"),
    "format": (lambda held, wrong: sb.format_code(wrong), "a confirmation code as bytes must be given"),
    "parse": (lambda held, wrong: parse_code(wrong), "a confirmation code as text must be given"),
    "checkpoint": (lambda held, wrong: verify_entries([], wrong), "a checkpoint must be given"),
    "entry": (lambda held, wrong: verify_entries([wrong], b""), "an entry as bytes must be given"),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("wrong", [None, 7, ["do-not-tell"], {"do-not-tell": 1}])
def test_another_type(finished: elections.Finished, name: str, wrong: Any) -> None:
    call, message = CALLS[name]
    with pytest.raises(ArgumentError, match=re.escape(message)) as caught:
        call(finished, wrong)
    assert isinstance(caught.value, TypeError)
    assert "do-not-tell" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_text_is_no_entry(finished: elections.Finished) -> None:
    with pytest.raises(ArgumentError, match="an entry as bytes must be given, not str"):
        finished.simulation.board.submit("abc")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="an entry as bytes must be given, not str"):
        sb.Election.from_entry("abc")  # type: ignore[arg-type]


@pytest.mark.parametrize("roll", ["abcde", b"abcde", None, 5, [1, 2], ["an", None]])
def test_a_roll_is_a_collection_of_names(finished: elections.Finished, roll: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^a roll is a collection of voters' names, each a str$"):
        registrar(finished, roll)
    assert registrar(finished, ["an", "binh"])
    assert registrar(finished, {"an": 1, "binh": 2}.keys())


@pytest.mark.parametrize("selections", [None, 7, "abc", ["officials"]])
def test_selections_are_a_mapping(finished: elections.Finished, selections: Any) -> None:
    simulation = finished.simulation
    holder = simulation.holders[0]
    device = sb.VoterDevice(simulation.log.context, holder.credential(), holder.signing_key)
    with pytest.raises(
        SelectionError, match=r"^a selection for each contest is needed, by the contest's id$"
    ):
        device.seal(selections)


def test_an_announced_id_is_bytes_of_one_length(finished: elections.Finished) -> None:
    """Its hexadecimal would never be equal: that must be an error, and no finding against the record."""
    checkpoint = finished.simulation.board.checkpoint().encode()
    right = finished.simulation.election.id
    assert verify_entries(finished.entries, checkpoint, election_id=right).rule("M3").status == "passed"
    with pytest.raises(ArgumentError, match=r"an election's id as bytes .* must be given, not str"):
        verify_entries(finished.entries, checkpoint, election_id=right.hex())  # type: ignore[arg-type]
    for wrong in (b"", right[:-1], right + b"\0"):
        with pytest.raises(ArgumentError, match=f"an election's id has 32 bytes, not {len(wrong)}"):
            verify_entries(finished.entries, checkpoint, election_id=wrong)


def test_a_record_may_be_named_by_its_directory(finished: elections.Finished, tmp_path: Path) -> None:
    record = sb.write_record(tmp_path / "r", finished.entries, finished.simulation.board.checkpoint())
    for name in (record, tmp_path / "r", str(tmp_path / "r")):
        assert sb.verify_record(name).verdict is sb.Verdict.VERIFIED
    with pytest.raises(RecordError, match="not an election record"):
        sb.verify_record(tmp_path)


def test_an_argument_is_what_it_must_be() -> None:
    check_type(True, (int, str), "a number")
    check_type("x", str, "a text")
    with pytest.raises(ArgumentError, match=r"^a text must be given, not NoneType$"):
        check_type(None, str, "a text")
    with pytest.raises(ManifestError):
        sb.Option(id="An", labels={"en": "An"})


class BytesPath:
    """A PathLike may stand for bytes; a path of this library's may not."""

    def __fspath__(self) -> bytes:
        return b"x"


OPENED: list[Callable[[Any], object]] = [
    sb.ElectionRecord,
    sb.verify_record,
    sb.SQLiteStore,
    lambda path: sb.write_record(path, [], ""),
    lambda path: sb.TrusteeKeys.load(path, passphrase="passphrase"),
    lambda path: key_file.save(path, "board", "passphrase"),
]


@pytest.mark.parametrize("keys", [sb.AuthorityKeys, sb.TrusteeKeys, sb.RegistrarKeys])
@pytest.mark.parametrize(
    ("party", "labels", "what"),
    [
        ("Mai Lan", {"en": "Mai"}, "id: an id has 1 to 64 of a-z"),
        ("", {"en": "Mai"}, "id: an id has 1 to 64 of a-z"),
        ({"en": "Mai"}, "mai", "id: Input should be a valid string"),
        ("mai", {}, "labels: "),
        ("mai", "Mai", "labels: "),
        ("mai", {"en": ""}, "labels.en: "),
    ],
)
def test_keys_of_a_party_that_no_manifest_takes(keys: Any, party: Any, labels: Any, what: str) -> None:
    """Said when they are made, and not when the manifest is."""
    with pytest.raises(ManifestError, match=what):
        keys.generate(party, labels)


def test_public_keys_travel_as_bytes() -> None:
    """From the machine that made them to the authority, which makes the manifest."""
    for keys, public in (
        (sb.AuthorityKeys.generate("hall", {"en": "Hall"}), sb.Authority),
        (sb.TrusteeKeys.generate("mai", {"en": "Mai"}), sb.TrusteeKey),
        (sb.BoardKeys.generate("board.example"), sb.BoardKey),
    ):
        body = keys.public().to_body()
        assert public.from_body(body) == keys.public()
        with pytest.raises(EncodingError):
            public.from_body(body[:-1])


@pytest.mark.parametrize("opened", OPENED)
@pytest.mark.parametrize("path", [BytesPath(), b"x", None])
def test_a_path_is_a_text(opened: Callable[[Any], object], path: Any) -> None:
    with pytest.raises(ArgumentError):
        opened(path)


def test_a_record_is_written_of_bytes(tmp_path: Path) -> None:
    for number, entries in enumerate((None, 7, "text", b"bytes", [b"good", "text"], range(3))):
        with pytest.raises(ArgumentError):
            sb.write_record(tmp_path / str(number), entries, "")  # type: ignore[arg-type]
        assert not list(tmp_path.glob("*/*"))
    for name in ("a\0b", "\ud800"):
        with pytest.raises(RecordError, match="a null character or a lone surrogate"):
            sb.write_record(f"{tmp_path}/{name}", [], "")
    with pytest.raises(RecordError, match="the checkpoint has a lone surrogate"):
        sb.write_record(tmp_path / "new", [], "\ud800")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("wrong", [None, 7, 1.5, object()])
def test_entries_are_to_be_gone_through(wrong: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^an iterable of entries as bytes must be given"):
        verify_entries(wrong, b"")


def test_hooks_are_functions(finished: elections.Finished) -> None:
    simulation = finished.simulation
    with pytest.raises(ArgumentError, match="progress is a function"):
        verify_entries([], b"", progress=7)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="authenticate is a function"):
        sb.Registrar(simulation.registrar_keys[0], simulation.election, ["an"], None)  # type: ignore[arg-type]


@pytest.mark.parametrize("make", ["memory", "sqlite"])
def test_a_store_is_given_bytes_and_numbers(make: str, tmp_path: Path) -> None:
    with sb.MemoryStore() if make == "memory" else sb.SQLiteStore(tmp_path / "s") as store:
        wrong: list[tuple[Any, Any, Any]] = [
            (2**70, [], 0),
            ([1], [], 0),
            (b"x", None, 0),
            (b"x", b"keys", 0),
            (b"x", [2**70], 0),
            (b"x", ["key"], 0),
            (b"x", [], "0"),
            (b"x", [], None),
        ]
        for entry, keys, size in wrong:
            with pytest.raises(ArgumentError):
                store.append(entry, keys, size)
        for start, stop in (("0", None), (None, 1), (0, "1"), (0, 1.0)):
            with pytest.raises(ArgumentError, match="a place in the log must be given"):
                store.entries(start, stop)  # type: ignore[arg-type]
        assert store.size() == 0


def test_a_stores_path_that_is_none(tmp_path: Path) -> None:
    for name in ("a\0b", "\ud800"):
        with pytest.raises(StoreError):
            sb.SQLiteStore(f"{tmp_path}/{name}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf"), 2**70])
def test_a_timeout_that_cannot_be(timeout: float, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="a timeout has 0 to 2000000 seconds"):
        sb.SQLiteStore(tmp_path / "s", timeout=timeout)
    with pytest.raises(ArgumentError, match="a timeout in seconds must be given"):
        sb.SQLiteStore(tmp_path / "s", timeout="1")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, 7, [1], "text", {"trustee-1": 5}, {"trustee-1": None}])
def test_what_a_ceremony_goes_through(wrong: Any) -> None:
    """Nothing of a state is used up by it."""
    simulation = elections.simulate([elections.choice()], trustees=1, quorum=1)
    committed, entry = simulation.trustees[0].join(simulation.election)
    simulation.board.submit(entry)
    with pytest.raises(ArgumentError):
        committed.reveal(wrong)
    revealed, entry = committed.reveal(simulation.log.commitments)
    simulation.board.submit(entry)
    with pytest.raises(ArgumentError):
        revealed.confirm(wrong)
    with pytest.raises(ArgumentError, match="the error that confirm raised must be given"):
        revealed.complain(wrong)
    confirmed, entry = revealed.confirm(simulation.log.messages)
    simulation.board.submit(entry)
    with pytest.raises(ArgumentError):
        confirmed.finish(wrong)
    assert confirmed.finish(simulation.log.confirmations).id == "trustee-1"


def test_a_record_on_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match="cannot be written: No space left on device"):
        sb.write_record(tmp_path / "r", [b"entry"], "")
    assert not list((tmp_path / "r").iterdir())
