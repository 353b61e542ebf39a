"""Two records compared: how their entries stand to each other, what else differs, and what convicts the board."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import secretballot as sb
from secretballot.ballot import format_code
from secretballot.ballot.records import confirmation_code
from secretballot.board.board import Board
from secretballot.board.keys import BoardKeys
from secretballot.board.record import CHECKPOINT, ENTRIES, write_record
from secretballot.crypto.cosignature import CosignatureSigner
from secretballot.crypto.merkle import EMPTY_ROOT
from secretballot.crypto.note import encode_base64, parse_note
from secretballot.crypto.signing import SigningKey
from secretballot.errors import ArgumentError, RecordError
from secretballot.records import sign_body
from secretballot.report import Comparison, Relation, compare_records
from secretballot.report import comparison as module
from secretballot.report.comparison import MAX_LISTED
from secretballot.tally import ElectionLog

from ..support import elections
from ..support.cosigners import NOW
from .test_log_state import sample

Finished = elections.Finished


def root_of(entries: Sequence[bytes]) -> bytes:
    return elections.replay(entries).frontier.root() if entries else EMPTY_ROOT


class Folder:
    """Makes records of one election in new directories."""

    def __init__(self, finished: Finished, path: Path) -> None:
        self.finished = finished
        self.keys = finished.simulation.board_keys
        self._path = path
        self._number = 0

    def record(self, entries: Sequence[bytes], checkpoint: bytes | str | None = None) -> sb.ElectionRecord:
        """By default under the board's checkpoint over exactly these entries."""
        if checkpoint is None:
            checkpoint = elections.checkpoint(self.finished.simulation, entries)
        text = checkpoint if isinstance(checkpoint, str) else checkpoint.decode()
        self._number += 1
        return write_record(self._path / str(self._number), entries, text)

    def compare(self, one: Sequence[bytes], other: Sequence[bytes]) -> Comparison:
        return compare_records(self.record(one), self.record(other))


@pytest.fixture
def folder(finished: Finished, tmp_path: Path) -> Folder:
    return Folder(finished, tmp_path)


def mirrored(comparison: Comparison) -> Comparison:
    """What the same two records give in the other order, but for texts that name A and B."""
    swapped = {Relation.A_BEGINS_B: Relation.B_BEGINS_A, Relation.B_BEGINS_A: Relation.A_BEGINS_B}
    first = comparison.first_difference
    return comparison.model_copy(
        update={
            "relation": swapped.get(comparison.relation, comparison.relation),
            "first_difference": first and first.model_copy(update={"a": first.b, "b": first.a}),
            "a": comparison.b,
            "b": comparison.a,
            "altered": {"A": "B", "B": "A"}.get(comparison.altered, ""),
        }
    )


# Entries.


def test_the_same(finished: Finished, folder: Folder) -> None:
    entries = finished.entries
    comparison = folder.compare(entries, entries)
    assert (comparison.relation, comparison.common) == (Relation.SAME, len(entries))
    assert comparison.agrees
    assert comparison.a == comparison.b
    assert comparison.a.model_dump() == {
        "election": finished.simulation.election.id.hex(),
        "entries": len(entries),
        "root": encode_base64(root_of(entries)),
        "problem": "",
    }
    assert comparison.first_difference is None
    assert (comparison.differences, comparison.remarks, comparison.contradiction) == ((), (), "")
    assert Comparison.from_body(comparison.to_body()) == comparison
    record = folder.record(entries)
    assert compare_records(record, record) == compare_records(record.path, str(record.path)) == comparison


def test_every_beginning(finished: Finished, folder: Folder) -> None:
    entries = finished.entries
    whole = folder.record(entries)
    for stop in range(1, len(entries)):
        part = folder.record(entries[:stop])
        comparison = compare_records(part, whole)
        assert comparison.relation is Relation.A_BEGINS_B
        assert comparison.agrees
        assert comparison.common == comparison.a.entries == stop
        first = comparison.first_difference
        assert first is not None
        assert (first.entry, first.a) == (stop, None)
        assert first.b is not None
        assert first.b.sha256 == hashlib.sha256(entries[stop]).hexdigest()
        assert compare_records(whole, part) == mirrored(comparison)


def test_every_entry_changed(finished: Finished, folder: Folder) -> None:
    """Under a checkpoint of its own: the board signed both, and that is proven."""
    entries = finished.entries
    whole = folder.record(entries)
    for place in range(len(entries)):
        other = [*entries[:place], b"other", *entries[place + 1 :]]
        comparison = compare_records(whole, folder.record(other))
        assert (comparison.relation, comparison.common) == (Relation.FORKED, place)
        assert not comparison.agrees
        first = comparison.first_difference
        assert first is not None
        assert first.a is not None
        assert first.b is not None
        assert first.entry == place
        assert (first.b.kind, first.b.summary) == ("", "cannot be read: not a signed entry")
        # The other record names the board where this one has no manifest to be read.
        assert comparison.contradiction
        assert (comparison.b.election == "") == (place == 0)


def test_removed_and_exchanged(finished: Finished, folder: Folder) -> None:
    entries = finished.entries
    for other in ([*entries[:5], *entries[6:]], [*entries[:5], entries[6], entries[5], *entries[7:]]):
        comparison = folder.compare(entries, other)
        assert (comparison.relation, comparison.common) == (Relation.FORKED, 5)
        assert comparison.contradiction
        assert folder.compare(other, entries).relation is Relation.FORKED


def test_a_last_line_that_is_cut(finished: Finished, folder: Folder) -> None:
    """A download that broke off is the beginning of the record, and no fork; unless what is there is something else."""
    entries, whole = finished.entries, folder.record(finished.entries)
    for place in (0, 5, len(entries) - 1):
        for cut in (entries[place], entries[place][:-1], entries[place][:1]):
            for note in (
                folder.keys.sign(len(entries), root_of(entries)),
                folder.keys.sign(4, root_of(entries[:4])),
            ):
                record = folder.record(entries[:place], note)
                with (record.path / ENTRIES).open("ab") as file:
                    file.write(cut)
                comparison = compare_records(whole, record)
                assert (comparison.relation, comparison.common) == (Relation.B_BEGINS_A, place)
                assert comparison.b.entries == place
                assert comparison.differences[0] == "B's last line is cut off"
                assert (comparison.agrees, comparison.contradiction, comparison.altered) == (False, "", "")
                assert compare_records(record, whole).differences[0] == "A's last line is cut off"
    same = folder.record(entries[:5])
    for last, relation in ((entries[5][:-9] + b"x", Relation.FORKED), (b"\n", Relation.FORKED)):
        (same.path / ENTRIES).write_bytes(b"".join(one + b"\n" for one in entries[:5]) + last)
        assert compare_records(whole, same).relation is relation
    # What only looks like it, in the middle of a record, is another entry.
    for behind in (entries[6], b"x", entries[6][:5] + b"\xff"):
        forked = folder.record([*entries[:5], entries[5][:9] + b"\xff", behind])
        assert compare_records(whole, forked).relation is Relation.FORKED
        assert compare_records(whole, forked).b.entries == 7
    # Both were cut at one place: nothing tells them apart.
    (same.path / ENTRIES).write_bytes(b"".join(one + b"\n" for one in entries[:5]) + entries[5][:9])
    assert compare_records(same, same).relation is Relation.SAME


def test_records_without_entries(finished: Finished, folder: Folder) -> None:
    nothing = folder.record([], "")
    comparison = compare_records(nothing, nothing)
    assert (comparison.relation, comparison.common) == (Relation.SAME, 0)
    assert comparison.a.problem.startswith("it cannot be read: ")
    whole = folder.record(finished.entries)
    comparison = compare_records(nothing, whole)
    assert comparison.relation is Relation.A_BEGINS_B
    assert not comparison.agrees
    # Nobody signs such a log here; one that was signed agrees with every other.
    signed = folder.record([], folder.keys.sign(0, EMPTY_ROOT))
    comparison = compare_records(signed, whole)
    assert comparison.contradiction == ""
    assert comparison.differences == (
        "A's checkpoint: there is no readable manifest, which would name the board",
    )


def test_two_elections(finished: Finished, folder: Folder) -> None:
    other = elections.simulate([elections.choice()])
    record = write_record(
        folder._path / "other",
        list(other.store.entries()),
        other.board.checkpoint(),
    )
    comparison = compare_records(folder.record(finished.entries), record)
    assert (comparison.relation, comparison.common, comparison.contradiction) == (Relation.FORKED, 0, "")
    first = comparison.first_difference
    assert first is not None
    assert first.a is not None
    assert first.b is not None
    assert (first.a.kind, first.a.summary) == ("manifest", f"election {comparison.a.election}")
    assert first.b.summary == f"election {comparison.b.election}" != first.a.summary


# What an entry is called.


def test_each_kind_in_a_line(finished: Finished, folder: Folder) -> None:
    """Told by the entry of the longer record where the shorter one ends; nothing of a choice is in it."""
    said: dict[str, str] = {}
    whole = folder.record(finished.entries)
    for place, raw in enumerate(finished.entries):
        first = compare_records(folder.record(finished.entries[:place], "x"), whole).first_difference
        assert first is not None
        assert first.b is not None
        said.setdefault(first.b.kind, first.b.summary)
        assert "\n" not in first.b.summary
        assert len(first.b.summary) < 100
        if first.b.kind in ("ballot", "challenged-ballot"):
            assert first.b.summary == f"code {format_code(confirmation_code(raw))}"
    assert set(said) == {
        *("manifest", "phase", "ceremony-commitment", "ceremony-message", "ceremony-confirmation"),
        *("issuance", "ballot", "challenged-ballot", "seal", "decryption-share", "result"),
    }
    sealed = finished.places("decryption-share")[0] - 1
    assert said["seal"] == f"of the log with the root {encode_base64(root_of(finished.entries[:sealed]))}"
    assert said["phase"] == "opens issuance"
    assert said["ceremony-commitment"] == said["decryption-share"] == "trustee trustee-1"
    assert said["issuance"] == "registrar registrar-1, serial 1"
    assert said["result"] == "4 ballots of a roll of 6"


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b'{"record":"secretballot/1/nonsense"}', "nonsense", "no log has entries of the kind nonsense"),
        (b'{"record":"secretballot/1/report"}', "report", "no log has entries of the kind report"),
        (b'{"record":"secretballot/1/ballot"}', "ballot", "cannot be read: "),
        (b'{"record":"secretballot/1/phase"}', "phase", "cannot be read: "),
        (b'{"record":"secretballot/1/manifest"}', "manifest", "cannot be read: "),
        (b'{"record":"secretballot/1/ballot\xff"}', "", "cannot be read: "),
        ('{"record":"secretballot/1/phase","\u202e\x9b31m":1}'.encode(), "phase", "cannot be read: "),
    ],
)
def test_entries_that_cannot_be_read(folder: Folder, body: bytes, kind: str, says: str) -> None:
    wrong = sign_body(body, SigningKey.generate())
    comparison = folder.compare(folder.finished.entries, [*folder.finished.entries, wrong])
    first = comparison.first_difference
    assert first is not None
    assert first.b is not None
    assert first.b.kind == kind
    assert says in first.b.summary
    assert all(character.isprintable() for character in first.b.summary)


def test_a_complaint(finished: Finished, folder: Folder) -> None:
    first = folder.compare(finished.entries, [*finished.entries, sample(finished, "ceremony-complaint")])
    assert first.first_difference is not None
    assert first.first_difference.b is not None
    assert re.fullmatch(r"trustee [a-z0-9-]+ accuses [a-z0-9-]+", first.first_difference.b.summary)


# Checkpoints.


def test_other_signature_lines_are_no_difference(finished: Finished, folder: Folder) -> None:
    note = elections.checkpoint(finished.simulation, finished.entries).decode()
    line = CosignatureSigner("w", SigningKey.generate()).cosign(parse_note(note)[0], NOW).line()
    comparison = compare_records(
        folder.record(finished.entries), folder.record(finished.entries, note + line)
    )
    assert comparison.agrees
    assert comparison.remarks == ("the checkpoints are of the same log, and have other signature lines",)


def test_checkpoints_that_differ(finished: Finished, folder: Folder) -> None:
    entries, keys = finished.entries, folder.keys
    size, root = len(entries), root_of(entries)
    whole = folder.record(entries)
    stranger = BoardKeys(keys.origin, SigningKey.generate())
    for other, says, convicts in (
        (
            keys.sign(size - 1, root_of(entries[:-1])),
            f"it is over {size - 1} entries, there are {size}",
            False,
        ),
        (keys.sign(size - 1, root), f"it is over {size - 1} entries, there are {size}", True),
        (keys.sign(size + 1, root), f"it is over {size + 1} entries, there are {size}", False),
        (keys.sign(size, root_of(entries[:-1])), "which is not that of the entries", True),
        (stranger.sign(size, root), "it is not the board's: the note is not signed by a known key", False),
        ("garbage", "it cannot be read: ", False),
    ):
        comparison = compare_records(whole, folder.record(entries, other))
        assert comparison.relation is Relation.SAME
        assert not comparison.agrees
        (difference,) = comparison.differences
        assert difference.startswith("the checkpoints differ; A's checkpoint: is good; B's checkpoint: ")
        assert says in difference
        assert says in comparison.b.problem
        assert bool(comparison.contradiction) is convicts, other
        assert compare_records(folder.record(entries, other), whole).a == comparison.b


def test_one_wrong_checkpoint_twice_is_remarked(finished: Finished, folder: Folder) -> None:
    one, other = (folder.record(finished.entries, "garbage") for _ in "ab")
    comparison = compare_records(one, other)
    assert comparison.agrees
    (remark,) = comparison.remarks
    assert remark.startswith("the checkpoint of both: it cannot be read")


def test_a_beginning_with_a_wrong_checkpoint_does_not_agree(finished: Finished, folder: Folder) -> None:
    entries = finished.entries
    part = folder.record(entries[:9], elections.checkpoint(finished.simulation, entries[:8]))
    comparison = compare_records(part, folder.record(entries))
    assert comparison.relation is Relation.A_BEGINS_B
    assert not comparison.agrees
    assert comparison.differences == ("A's checkpoint: it is over 8 entries, there are 9",)
    assert comparison.contradiction == ""


# Contradictions.


@pytest.fixture
def forked(finished: Finished) -> list[bytes]:
    """Another history of the same length: two ballots are exchanged."""
    one, other = finished.places("ballot")[:2]
    entries = [*finished.entries]
    entries[one], entries[other] = entries[other], entries[one]
    return entries


def test_two_roots_for_one_size(finished: Finished, folder: Folder, forked: list[bytes]) -> None:
    comparison = folder.compare(finished.entries, forked)
    size = len(forked)
    assert comparison.contradiction.startswith(
        f"the board {folder.keys.origin} signed two histories: for {size} entries the root "
    )
    for entries in (finished.entries, forked):
        assert encode_base64(root_of(entries)) in comparison.contradiction


def test_a_smaller_size_that_is_no_beginning(finished: Finished, folder: Folder, forked: list[bytes]) -> None:
    """The larger record shows the root that the smaller size had in it."""
    place = finished.places("ballot")[0]
    for size in range(place + 1, len(forked)):
        comparison = folder.compare(finished.entries, forked[:size])
        if root_of(finished.entries[:size]) == root_of(forked[:size]):
            assert comparison.contradiction == ""
            continue
        assert (
            f"for {size} entries the root {encode_base64(root_of(forked[:size]))}" in comparison.contradiction
        )
        assert encode_base64(root_of(finished.entries[:size])) in comparison.contradiction
        assert folder.compare(forked[:size], finished.entries).contradiction == comparison.contradiction


def test_entries_alone_convict_nobody(finished: Finished, folder: Folder, forked: list[bytes]) -> None:
    """The board signed one of the two, or nothing that shows what its larger log was."""
    entries, keys = finished.entries, folder.keys
    good = keys.sign(len(entries), root_of(entries))
    stranger = BoardKeys(keys.origin, SigningKey.generate())
    for one, other in (
        (good, good),
        (good, stranger.sign(len(forked), root_of(forked))),
        (good, "garbage"),
        # The larger root is of no entries that are here.
        (keys.sign(len(entries) + 5, bytes(32)), keys.sign(len(forked), root_of(forked))),
        (good, keys.sign(5, root_of(entries[:5]))),
    ):
        comparison = compare_records(folder.record(entries, one), folder.record(forked, other))
        assert comparison.relation is Relation.FORKED
        assert comparison.contradiction == ""
        assert not comparison.agrees


def test_a_checkpoint_that_is_not_of_its_entries_convicts_by_the_other_record(
    finished: Finished, folder: Folder, forked: list[bytes]
) -> None:
    """Somebody pairs the entries of one history with the checkpoint of the other: that changes nothing."""
    notes = [elections.checkpoint(finished.simulation, entries) for entries in (finished.entries, forked)]
    short = elections.checkpoint(finished.simulation, forked[:-1])
    for one, other in ((notes[1], notes[0]), (short, notes[0])):
        comparison = compare_records(folder.record(finished.entries, one), folder.record(forked, other))
        assert comparison.contradiction


def test_whoever_changed_a_record_is_told_from_a_board_that_forked(
    finished: Finished, folder: Folder, forked: list[bytes]
) -> None:
    """Only entries whose own checkpoint is over the other's were changed: any other signature may be of a history that
    neither record shows."""
    entries, keys = finished.entries, folder.keys
    whole, size = folder.record(entries), len(entries)
    good = keys.sign(size, root_of(entries))
    for other, note, altered in (
        (forked, good, True),
        ([b"x", *entries[1:]], good, True),
        (forked[:-2], good, True),
        (forked, keys.sign(size - 1, root_of(entries[:-1])), True),
        (forked[:-2], keys.sign(size + 3, bytes(32)), False),
        (forked, keys.sign(5, root_of(entries[:5])), False),
        (forked, "garbage", False),
        (forked, BoardKeys(keys.origin, SigningKey.generate()).sign(size, root_of(entries)), False),
    ):
        record = folder.record(other, note)
        comparison = compare_records(whole, record)
        assert (comparison.relation, comparison.contradiction) == (Relation.FORKED, "")
        assert comparison.altered == ("B" if altered else ""), note
        assert compare_records(record, whole).altered == ("A" if altered else "")


def test_a_manifest_that_was_exchanged_hides_no_second_history(finished: Finished, folder: Folder) -> None:
    """A garbled one, or one that names another board: the first board signed both logs."""
    stranger = elections.simulate([elections.choice()])
    for first in (b"x", next(iter(stranger.store.entries()))):
        comparison = folder.compare([first, *finished.entries[1:]], finished.entries)
        assert (comparison.common, comparison.altered) == (0, "")
        assert comparison.contradiction.startswith(f"the board {folder.keys.origin} signed two histories: ")


# Attachments.


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> sb.ElectionRecord:
    """A record with attachments; copied, and never changed."""
    contest = elections.choice().model_copy(update={"tally": "mixnet"})
    simulation = elections.voting([contest], 2, trustees=2)
    simulation.vote([{"chair": "chi"}, {"chair": "em"}])
    simulation.tally()
    return simulation.export(str(tmp_path_factory.mktemp("mixed") / "record"))


@pytest.fixture
def copies(mixed: sb.ElectionRecord, tmp_path: Path) -> tuple[Path, Path]:
    return copied(mixed, tmp_path / "a"), copied(mixed, tmp_path / "b")


def copied(record: sb.ElectionRecord, path: Path) -> Path:
    out = write_record(path, record.entries(), record.checkpoint().decode(), attached(record))
    assert len(list((out.path / "attachments").iterdir())) == 4
    return out.path


def attached(record: sb.ElectionRecord) -> Iterator[bytes]:
    for path in sorted((record.path / "attachments").iterdir()):
        yield path.read_bytes()


def test_attachments_that_are_the_same(copies: tuple[Path, Path]) -> None:
    comparison = compare_records(*copies)
    assert comparison.agrees
    assert comparison.relation is Relation.SAME
    # What no entry names is not looked at.
    (copies[0] / "attachments" / "other").write_bytes(b"x")
    assert compare_records(*copies) == comparison


def test_attachments_that_differ(copies: tuple[Path, Path]) -> None:
    path = sorted((copies[1] / "attachments").iterdir())[0]
    data = path.read_bytes()
    changed = data[:-1] + bytes([data[-1] ^ 1])

    def says(expected: str) -> None:
        comparison = compare_records(*copies)
        assert comparison.relation is Relation.SAME
        assert not comparison.agrees
        assert comparison.differences == (f"attachment {path.name}: present in A, {expected} in B",)

    path.write_bytes(changed)
    says(f"damaged (its SHA-256 is {hashlib.sha256(changed).hexdigest()})")
    # Of what is longer nothing is read: a file can be said to be of any length, and take no room.
    for size in (len(data) - 1, len(data) + 1, 2**40):
        path.write_bytes(data)
        os.truncate(path, size)
        says(f"damaged (it has {size} bytes, not {len(data)})")
    path.unlink()
    says("missing")
    os.mkfifo(path)
    says("no file")
    path.unlink()
    path.write_bytes(data)
    assert compare_records(*copies).agrees
    # Missing in both is for the verifier to say.
    for copy in copies:
        (copy / "attachments" / path.name).unlink()
    assert compare_records(*copies).agrees


def test_an_attachment_that_cannot_be_read(
    copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open
    path = sorted((copies[1] / "attachments").iterdir())[0]

    def refuse(self: Path, *arguments: object, **options: object) -> object:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    (difference,) = compare_records(*copies).differences
    assert difference.endswith("present in A, unreadable (Permission denied) in B")


def test_many_attachments(copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secretballot.report.comparison.MAX_LISTED", 1)
    assert MAX_LISTED > 1
    for path in (copies[0] / "attachments").iterdir():
        path.unlink()
    differences = compare_records(*copies).differences
    assert len(differences) == 2
    assert "missing in A, present in B" in differences[0]
    assert differences[1] == "and 3 attachments more"


def test_attachments_after_the_fork_are_not_compared(
    mixed: sb.ElectionRecord, copies: tuple[Path, Path], finished: Finished
) -> None:
    entries = list(mixed.entries())
    place = next(i for i, raw in enumerate(entries) if b"secretballot/1/mix-round" in raw)
    for path in (copies[1] / "attachments").iterdir():
        path.unlink()
    lines = [*entries[:place], b"other", *entries[place + 1 :]]
    (copies[1] / ENTRIES).write_bytes(b"".join(line + b"\n" for line in lines))
    comparison = compare_records(*copies)
    assert comparison.relation is Relation.FORKED
    assert comparison.common == place
    assert not [one for one in comparison.differences if "attachment" in one]
    # One that is there twice names what is known already.
    (copies[0] / ENTRIES).write_bytes(
        b"".join(line + b"\n" for line in [*entries[: place + 1], entries[place]])
    )
    assert compare_records(copies[0], copies[0]).agrees
    (copies[1] / ENTRIES).write_bytes((copies[0] / ENTRIES).read_bytes())
    assert len([one for one in compare_records(*copies).differences if "attachment" in one]) == 1
    # An entry that both have and nobody can read names none.
    spoilt = entries[place].replace(b'"round":1', b'"round":01')
    assert spoilt != entries[place]
    for copy in copies:
        lines[place] = spoilt
        (copy / ENTRIES).write_bytes(b"".join(line + b"\n" for line in lines))
    assert compare_records(*copies).relation is Relation.SAME
    first = compare_records(copies[0], mixed).first_difference
    assert first is not None
    assert first.b is not None
    assert first.b.summary == "round 1 by mixer mixer-1"


# What cannot be read.


def test_what_is_no_record(finished: Finished, folder: Folder, tmp_path: Path) -> None:
    record = folder.record(finished.entries)
    for wrong in (tmp_path / "nowhere", tmp_path):
        for pair in ((record, wrong), (wrong, record)):
            with pytest.raises(RecordError, match="not an election record"):
                compare_records(*pair)
    with pytest.raises(ArgumentError):
        compare_records(record, 7)  # type: ignore[arg-type]


def test_a_file_that_fails_is_named(
    finished: Finished, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = folder.record(finished.entries), folder.record(finished.entries)
    opened = Path.open

    def refuse(self: Path, *arguments: object, **options: object) -> object:
        if self == bad.path / ENTRIES:
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(RecordError, match="Permission denied") as caught:
        compare_records(good, bad)
    assert caught.value.item == str(bad.path / ENTRIES)
    assert CHECKPOINT not in str(caught.value)


def test_one_entry_at_a_time(finished: Finished, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither record is held: an entry is let go of before the one after the next is read."""
    given: list[int] = []
    taken: list[int] = []
    entries = sb.ElectionRecord.entries

    def counted(self: sb.ElectionRecord) -> Iterator[bytes]:
        for number, raw in enumerate(entries(self)):
            given.append(number)
            assert len(given) - len(taken) <= 2
            yield raw

    monkeypatch.setattr(sb.ElectionRecord, "entries", counted)
    took = module._Side.take

    def note(self: module._Side, raw: bytes | None, sizes: set[int]) -> None:
        taken.append(0)
        took(self, raw, sizes)

    monkeypatch.setattr(module._Side, "take", note)
    assert folder.compare(finished.entries, finished.entries).agrees
    assert len(given) == len(taken) == 2 * len(finished.entries)


def test_a_board_that_exported_twice(finished: Finished, tmp_path: Path) -> None:
    """An honest board's records are always of one log."""
    board = Board(elections.store_of(finished.entries[:10]), finished.simulation.board_keys, ElectionLog())
    early = board.export(tmp_path / "early")
    for entry in finished.entries[10:]:
        board.submit(entry)
    late = board.export(tmp_path / "late")
    comparison = sb.compare_records(early, late)
    assert (comparison.relation, comparison.agrees) == (Relation.A_BEGINS_B, True)
