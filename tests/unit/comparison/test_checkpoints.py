"""Two records' checkpoints, and boards that they convict."""

from __future__ import annotations

from secretballot.board.keys import BoardKeys
from secretballot.crypto.cosignature import CosignatureSigner
from secretballot.crypto.note import encode_base64, parse_note
from secretballot.crypto.signing import SigningKey
from secretballot.report import Relation, compare_records

from ...support import elections
from ...support.cosigners import NOW
from .shared import Finished, Folder, root_of

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
