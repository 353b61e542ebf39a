"""The board and its cosigners: consistency proofs, cosignatures that are kept, and where they are seen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from secretballot.board.board import Board
from secretballot.board.cosigner import Cosigner, CosignerKeys
from secretballot.board.keys import BoardKeys
from secretballot.board.store import MemoryStore, SQLiteStore
from secretballot.crypto.cosignature import CosignatureSigner, open_cosigned
from secretballot.crypto.merkle import EMPTY_ROOT, MemoryTree, leaf_hash, verify_consistency
from secretballot.crypto.note import Checkpoint, NoteSigner, parse_note, sign_checkpoint
from secretballot.crypto.receipt import parse_receipt, verify_receipt
from secretballot.crypto.signing import SigningKey
from secretballot.errors import (
    ArgumentError,
    BoardError,
    ConsistencyError,
    ForkError,
    InvalidSignatureError,
    NoteError,
    StoreError,
)
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation

from ..support import elections
from ..support.cosigners import NOW, new_cosigner

Finished = elections.Finished
Cosigning = tuple[CosignerKeys, Cosigner]


@pytest.fixture
def growing(finished: Finished) -> Board:
    """A board that has the first entries of the finished election; the others can follow."""
    return Board(elections.store_of(finished.entries[:8]), finished.simulation.board_keys, ElectionLog())


@pytest.fixture
def cosigning(finished: Finished, tmp_path: Path) -> Iterator[Cosigning]:
    keys, cosigner = new_cosigner(tmp_path, finished.simulation.manifest.board.verifier())
    with cosigner:
        yield keys, cosigner


def ask(board: Board, cosigner: Cosigner) -> str:
    """What a board sends to its cosigner and gets back: its newest checkpoint, and the line behind it."""
    note = board.checkpoint()
    origin, size, *_ = note.split("\n")
    known = cosigner.known_size(origin)
    return note + cosigner.cosign(note, known, board.consistency(known, int(size)))


def signers(note: str) -> list[str]:
    return [line.name for line in parse_note(note)[1]]


# Consistency proofs.


def test_between_any_two_sizes(finished: Finished) -> None:
    board, tree = elections.store_board(finished), MemoryTree()
    for raw in finished.entries:
        tree.append(leaf_hash(raw))
    for new in range(len(finished.entries) + 1):
        assert board.consistency(0, new) == []
        for old in range(1, new + 1):
            proof = board.consistency(old, new)
            verify_consistency(old, new, tree.root(old), tree.root(new), proof)
            assert proof == tree.consistency(old, new)


@pytest.mark.parametrize(("old", "new"), [(-1, 5), (6, 5), (0, 9), (9, 9), (5, 2**64), (-2, -1)])
def test_sizes_that_the_log_does_not_have(growing: Board, old: int, new: int) -> None:
    with pytest.raises(BoardError, match=f"the log has 8 entries: nothing leads from {old} to {new}"):
        growing.consistency(old, new)


def test_sizes_of_other_types(growing: Board) -> None:
    for wrong in (("1", 2), (1, None), (1.0, 2)):
        with pytest.raises(ArgumentError):
            growing.consistency(*wrong)  # type: ignore[arg-type]


def test_what_others_appended_counts(finished: Finished, growing: Board) -> None:
    other = Board(growing._store, finished.simulation.board_keys, ElectionLog())
    other.submit(finished.entries[8])
    assert len(growing.consistency(8, 9)) == len(other.consistency(8, 9)) > 0


def test_no_proof_over_a_corrupt_store(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    board = elections.store_board(finished)
    good = MemoryStore.node

    def wrong(self: MemoryStore, level: int, index: int) -> bytes:
        return bytes(32) if level == 2 and index == 1 else good(self, level, index)

    size = len(finished.entries)
    monkeypatch.setattr(MemoryStore, "node", wrong)
    with pytest.raises(StoreError, match="consistency proof: the store is corrupt"):
        board.consistency(3, size)


# Cosignatures.


def test_cosignatures_are_kept_until_the_log_grows(
    finished: Finished, growing: Board, cosigning: Cosigning, tmp_path: Path
) -> None:
    keys, cosigner = cosigning
    verifier, origin = growing._keys.verifier, growing._keys.origin
    plain = growing.checkpoint()
    cosigned = growing.add_cosignature(ask(growing, cosigner), [keys.vkey()])
    assert signers(cosigned) == [origin, keys.name]
    assert open_cosigned(cosigned, verifier, origin, [keys.verifier]).cosignatures[0].timestamp == NOW
    # Everywhere: asked for again, in receipts, in the store, in a board that is opened anew, and in records.
    assert growing.checkpoint() == cosigned
    receipt = growing.receipt(finished.entries[3])
    assert parse_receipt(receipt).checkpoint_note == cosigned
    assert parse_receipt(growing.submit(finished.entries[3])).checkpoint_note == cosigned
    assert verify_receipt(receipt, finished.entries[3], verifier, origin).size == 8
    assert growing._store.checkpoint() == cosigned.encode()
    again = Board(growing._store, finished.simulation.board_keys, ElectionLog())
    assert again.checkpoint() == cosigned
    assert again.export(tmp_path / "record").checkpoint() == cosigned.encode()
    # Then there is a newer one, which nobody has cosigned.
    fresh = growing.submit(finished.entries[8])
    assert signers(parse_receipt(fresh).checkpoint_note) == [origin]
    assert signers(growing.receipt(finished.entries[3]).partition("\n\n")[2]) == [origin]
    assert growing._store.checkpoint() == cosigned.encode()
    assert signers(growing.checkpoint()) == [origin]
    assert growing.checkpoint() != plain


def test_a_whole_election_is_cosigned(finished: Finished, cosigning: Cosigning, tmp_path: Path) -> None:
    """After every entry; the record's checkpoint has the last cosignature."""
    keys, cosigner = cosigning
    with SQLiteStore(tmp_path / "store") as store:
        board = Board(store, finished.simulation.board_keys, ElectionLog())
        notes = []
        for entry in finished.entries:
            board.submit(entry)
            notes.append(board.add_cosignature(ask(board, cosigner), [keys.verifier]))
        for before, after in pairwise(notes):
            one, other = (Checkpoint.parse(parse_note(note)[0]) for note in (before, after))
            proof = board.consistency(one.size, other.size)
            verify_consistency(one.size, other.size, one.root, other.root, proof)
        record = board.export(tmp_path / "record")
    assert record.checkpoint() == notes[-1].encode()
    assert cosigner.latest(board._keys.origin) == notes[-1]
    board.state.check_checkpoint(notes[-1])


def test_several_cosigners_in_any_order(finished: Finished, growing: Board) -> None:
    note, text = growing.checkpoint(), parse_note(growing.checkpoint())[0]
    one, two = (CosignatureSigner(f"witness.example/w{i}", SigningKey.generate()) for i in (1, 2))
    lines = {signer: signer.cosign(text, NOW).line() for signer in (one, two)}
    growing.add_cosignature(note + lines[two], [two.verifier])
    cosigned = growing.add_cosignature(note + lines[one], [one.verifier])
    assert cosigned == note + lines[two] + lines[one]
    # Again, at a later time: it takes the place of the earlier one.
    later = one.cosign(text, NOW + 9).line()
    cosigned = growing.add_cosignature(note + later, [one.verifier, two.verifier])
    assert cosigned == growing.checkpoint() == note + lines[two] + later
    # All at once, with lines of others, which are not kept, and an older one again.
    stranger = CosignatureSigner("stranger.example", SigningKey.generate()).cosign(text, NOW).line()
    both = note + stranger + lines[one] + lines[two]
    assert growing.add_cosignature(both, [two.verifier, one.verifier]) == cosigned == growing.checkpoint()


def test_cosignatures_that_come_late(finished: Finished, growing: Board, cosigning: Cosigning) -> None:
    """The log has grown: they are kept as long as no larger checkpoint was signed, and then only answered."""
    keys, cosigner = cosigning
    asked = ask(growing, cosigner)
    growing.submit(finished.entries[8])
    assert growing.add_cosignature(asked, [keys.verifier]) == asked
    assert growing._store.checkpoint() == asked.encode()
    newest = growing.checkpoint()
    assert signers(newest) == [growing._keys.origin]
    assert growing.add_cosignature(asked, [keys.verifier]) == asked
    assert growing._store.checkpoint() == newest.encode() == growing.checkpoint().encode()


def test_notes_without_a_cosignature_that_is_asked_for(growing: Board) -> None:
    note, text = growing.checkpoint(), parse_note(growing.checkpoint())[0]
    one, two = (CosignatureSigner(f"witness.example/w{i}", SigningKey.generate()) for i in (1, 2))
    for other, cosigners in ((note, [one.verifier]), (note + one.cosign(text, NOW).line(), [two.verifier])):
        with pytest.raises(NoteError, match="checkpoint: none of the cosigners signed it"):
            growing.add_cosignature(other, cosigners)
    with pytest.raises(NoteError, match="none of the cosigners"):
        growing.add_cosignature(note + one.cosign(text, NOW).line(), [])
    wrong = one.cosign(text.replace("\n8\n", "\n7\n"), NOW).line()
    for lines in (wrong, wrong + two.cosign(text, NOW).line()):
        with pytest.raises(InvalidSignatureError):
            growing.add_cosignature(note + lines, [one.verifier, two.verifier])
    for cosigners in (one.verifier.vkey(), [one], None):  # type: ignore[assignment]
        with pytest.raises(ArgumentError):
            growing.add_cosignature(note, cosigners)
    with pytest.raises(ArgumentError):
        growing.add_cosignature(None, [one.verifier])  # type: ignore[arg-type]
    assert growing.checkpoint() == note


def cosigned_by(keys: BoardKeys, checkpoint: Checkpoint, cosigner: CosignatureSigner) -> str:
    note = sign_checkpoint(checkpoint, NoteSigner(keys.origin, keys._key))
    return note + cosigner.cosign(checkpoint.to_text(), NOW).line()


def test_checkpoints_that_are_not_of_this_log(finished: Finished, growing: Board) -> None:
    cosigner = CosignatureSigner("witness.example/w1", SigningKey.generate())
    keys, root = finished.simulation.board_keys, growing.state.frontier.root()
    origin = keys.origin
    stranger = BoardKeys(origin, SigningKey.generate())
    with pytest.raises(NoteError, match="not signed by a known key"):
        growing.add_cosignature(
            cosigned_by(stranger, Checkpoint(origin, 8, root), cosigner), [cosigner.verifier]
        )
    with pytest.raises(NoteError, match="another log"):
        growing.add_cosignature(cosigned_by(keys, Checkpoint("x", 8, root), cosigner), [cosigner.verifier])
    with pytest.raises(NoteError, match="this board signs none with further lines"):
        growing.add_cosignature(
            cosigned_by(keys, Checkpoint(origin, 8, root, ("x",)), cosigner), [cosigner.verifier]
        )
    # Its own key signed what its store has not: that is for its operator to look into.
    for size, other in ((8, EMPTY_ROOT), (9, root), (7, root)):
        with pytest.raises(StoreError, match="this board signed"):
            growing.add_cosignature(
                cosigned_by(keys, Checkpoint(origin, size, other), cosigner), [cosigner.verifier]
            )
    assert signers(growing.checkpoint()) == [origin]
    # The neighbour that is taken.
    growing.add_cosignature(cosigned_by(keys, Checkpoint(origin, 8, root), cosigner), [cosigner.verifier])


def test_a_store_with_a_note_of_somebody_else(growing: Board) -> None:
    growing._store.put_checkpoint(b"garbage", 8)
    for use in (growing.checkpoint, lambda: growing.receipt(growing._store.get(3))):
        with pytest.raises(StoreError, match="checkpoint: it is not this board's"):
            use()


def test_the_boards_vkey(finished: Finished) -> None:
    keys = finished.simulation.board_keys
    assert keys.verifier == keys.public().verifier() == elections.verifier(finished.simulation)
    assert keys.verifier.vkey().startswith(f"{keys.origin}+")


def test_boards_with_two_histories_get_one_of_them_cosigned(finished: Finished, cosigning: Cosigning) -> None:
    """Two boards under one key that differ in one entry: whichever asks first is the one that is cosigned."""
    keys, cosigner = cosigning
    simulation: Simulation = finished.simulation
    left, right = (
        Board(elections.store_of(finished.entries[:2]), simulation.board_keys, ElectionLog()) for _ in "ab"
    )
    left.submit(finished.entries[2])
    right.submit(finished.entries[3])
    left.add_cosignature(ask(left, cosigner), [keys.verifier])
    with pytest.raises(ForkError, match="two roots for 3 entries") as caught:
        ask(right, cosigner)
    assert caught.value.culprit == f"board {simulation.board_keys.origin}"
    right.submit(finished.entries[2])
    with pytest.raises(ConsistencyError, match="does not lead to the old root"):
        ask(right, cosigner)
