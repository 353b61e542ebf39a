"""A board that shows one history to some and another to others, or rewrites what it acknowledged.

The verifier sees one log and cannot tell. Whoever holds a receipt or an older checkpoint can: both are signed by the
board, and no proof makes them agree.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from secretballot.crypto.merkle import MemoryTree, leaf_hash, verify_consistency
from secretballot.crypto.note import Checkpoint, open_checkpoint
from secretballot.crypto.receipt import format_receipt, parse_receipt, verify_receipt
from secretballot.errors import CosignerError, MerkleError, NoteError, SecretBallotError
from secretballot.verify import Pins, Verdict, verify_entries

from ..support.cosigners import new_cosigner
from .accomplices import BALLOTS, TALLY, Held, failed, selection

pytestmark = pytest.mark.usefixtures("remembered")


def tree(entries: list[bytes]) -> MemoryTree:
    out = MemoryTree()
    for raw in entries:
        out.append(leaf_hash(raw))
    return out


def acknowledged(held: Held, place: int) -> Checkpoint:
    return verify_receipt(held.receipts[place], held.entries[place], *held.board)


def final(held: Held) -> Checkpoint:
    return open_checkpoint(held.checkpoint, *held.board)


def test_every_receipt_agrees_with_the_final_checkpoint(held: Held) -> None:
    """What the attacks below differ from."""
    log, last = tree(held.entries), final(held)
    for place in held.receipts:
        shown = acknowledged(held, place)
        proof = log.consistency(shown.size, last.size)
        verify_consistency(shown.size, last.size, shown.root, last.root, proof)


def dropped(entries: list[bytes], place: int) -> list[bytes]:
    return entries[:place] + entries[place + 1 :]


def exchanged(entries: list[bytes], place: int) -> list[bytes]:
    changed = [*entries]
    changed[place - 1 : place + 1] = [changed[place], changed[place - 1]]
    return changed


@pytest.mark.parametrize("rewrite", [dropped, exchanged])
@pytest.mark.parametrize("place", BALLOTS)
def test_a_history_rewritten_behind_a_receipt(
    held: Held, rewrite: Callable[[list[bytes], int], list[bytes]], place: int
) -> None:
    """Trustees and authority collude, so that the rewritten record is verified; the voter's receipt still accuses the
    board: no consistency proof leads from the one checkpoint to the other, and none of inclusion is left."""
    entries = held.collude(rewrite(held.entries[:TALLY], place))
    if place - 1 in BALLOTS or rewrite is dropped:
        assert held.verify(entries).verdict is Verdict.VERIFIED
    forged, shown = tree(entries), acknowledged(held, place)
    size, root = len(entries), forged.root()
    honest = tree(held.entries)
    for proof in (
        forged.consistency(shown.size, size),
        honest.consistency(shown.size, min(size, honest.size)),
        [],
    ):
        with pytest.raises(MerkleError):
            verify_consistency(shown.size, size, shown.root, root, proof)
    note = held.simulation.board_keys.sign(size, root)
    index = place
    with pytest.raises(MerkleError):
        verify_receipt(
            format_receipt(index, forged.inclusion(index, size), note), held.entries[place], *held.board
        )


def test_two_histories(held: Held) -> None:
    """After the first ballot the board shows voter 1 one log and voter 2 another. Each has a good receipt; the final
    checkpoint agrees with one of them at most."""
    left, right = held.board_at(BALLOTS[0] + 1), held.board_at(BALLOTS[0] + 1)
    receipts = {
        17: left.submit(held.entries[17]),
        18: right.submit(held.entries[18]),
    }
    seen = {place: verify_receipt(text, held.entries[place], *held.board) for place, text in receipts.items()}
    assert seen[17].size == seen[18].size
    assert seen[17].root != seen[18].root
    with pytest.raises(MerkleError, match="two roots"):
        verify_consistency(seen[17].size, seen[18].size, seen[17].root, seen[18].root, [])
    left.submit(held.entries[18])
    merged = open_checkpoint(left.checkpoint(), *held.board)
    log = tree([*held.entries[: BALLOTS[0] + 1], held.entries[17], held.entries[18]])
    proof = log.consistency(seen[17].size, merged.size)
    verify_consistency(seen[17].size, merged.size, seen[17].root, merged.root, proof)
    with pytest.raises(MerkleError):
        verify_consistency(seen[18].size, merged.size, seen[18].root, merged.root, proof)


def test_a_cosigner_stands_under_one_of_two_histories(held: Held, tmp_path: Path) -> None:
    """Trustees and authority collude in both, so that each record is verified. An auditor who pins the cosigner, or a
    checkpoint of one of them, is not content with the other; and no line, no proof moves from one to the other."""
    shared = BALLOTS[1]
    histories = [held.entries, held.collude(exchanged(held.entries[:TALLY], shared + 1))]
    logs = [tree(entries) for entries in histories]
    size = len(held.entries)
    assert logs[0].root(shared) == logs[1].root(shared)
    boards = held.simulation.board_keys
    notes = [boards.sign(size, log.root()) for log in logs]
    keys, cosigner = new_cosigner(tmp_path, held.board[0])
    with cosigner:
        cosigner.cosign(boards.sign(shared, logs[0].root(shared)), 0, [])
        lines = [cosigner.cosign(notes[0], shared, logs[0].consistency(shared, size))]
        for old in (0, shared, size):
            for proof in ([], *(log.consistency(shared, size) for log in logs)):
                with pytest.raises(CosignerError):
                    cosigner.cosign(notes[1], old, proof)
    good = Pins(notes[0], [keys.verifier])
    for entries, note, checkpoint, failed_rules in (
        (histories[0], notes[0], notes[0] + lines[0], set()),
        (histories[1], notes[1], notes[1], {"L6", "L7"}),
        (histories[1], notes[1], notes[1] + lines[0], {"L6", "L7"}),
        (histories[1], notes[0], notes[0] + lines[0], {"L5", "L6"}),
    ):
        assert failed(verify_entries(entries, checkpoint.encode(), pins=good)) == failed_rules
        alone = verify_entries(entries, note.encode())
        assert alone.verdict is (Verdict.FAILED if "L5" in failed_rules else Verdict.VERIFIED)


def test_a_receipt_for_something_else(held: Held, foreign: Held) -> None:
    """Of another entry, at another place, under another's checkpoint, or of another log."""
    for place, other in pairwise(BALLOTS):
        with pytest.raises(MerkleError):
            verify_receipt(held.receipts[place], held.entries[other], *held.board)
        parsed = parse_receipt(held.receipts[place])
        moved = format_receipt(other, parsed.inclusion_proof, parsed.checkpoint_note)
        with pytest.raises(MerkleError):
            verify_receipt(moved, held.entries[place], *held.board)
    with pytest.raises(SecretBallotError):
        verify_receipt(foreign.receipts[15], foreign.entries[15], *held.board)
    parsed = parse_receipt(held.receipts[15])
    mixed = format_receipt(parsed.index, parsed.inclusion_proof, foreign.checkpoint.decode())
    with pytest.raises(SecretBallotError):
        verify_receipt(mixed, held.entries[15], *held.board)


def test_an_entry_that_is_an_inner_node(held: Held) -> None:
    """Leaves and nodes are hashed apart: two hashes side by side are no entry."""
    log = tree(held.entries)
    pair = b"\x01" + log.node(0, 0) + log.node(0, 1)
    for forged in (pair, pair[1:], b"\x00" + held.entries[0]):
        for index in (0, 1):
            receipt = format_receipt(index, log.inclusion(0, len(held.entries))[1:], held.checkpoint.decode())
            with pytest.raises(MerkleError):
                verify_receipt(receipt, forged, *held.board)


def test_a_receipt_with_a_checkpoint_of_nobody(held: Held) -> None:
    text = held.receipts[15]
    unsigned = text[: text.index("\u2014")] + "\u2014 nobody.example " + "A" * 92 + "\n"
    with pytest.raises(NoteError):
        verify_receipt(unsigned, held.entries[15], *held.board)


def test_a_lost_reply_makes_no_second_ballot(held: Held) -> None:
    """The board may keep a ballot back, and post it after the voter has made another: with revoting, the older choice
    would count. So a device that hears nothing sends the very same entry again, and makes no other."""
    board = held.board_at(17)
    sealed = held.device(2).seal(selection("high", "high"))
    first = sealed.cast()
    assert sealed.cast() == first
    receipt = board.submit(first)
    assert board.submit(first) == receipt
    assert board.state.size == 18
