"""Two records' entries: what both begin with, and what each entry is called."""

from __future__ import annotations

import hashlib
import re

import pytest

from secretballot.ballot import format_code
from secretballot.ballot.records import confirmation_code
from secretballot.board.record import ENTRIES, write_record
from secretballot.crypto.merkle import EMPTY_ROOT
from secretballot.crypto.note import encode_base64
from secretballot.crypto.signing import SigningKey
from secretballot.records import sign_body
from secretballot.report import Comparison, Relation, compare_records

from ...support import elections
from ..test_log_state import sample
from .shared import Finished, Folder, root_of


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
    for last, relation in ((entries[5][:-9] + b"?", Relation.FORKED), (b"\n", Relation.FORKED)):
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
