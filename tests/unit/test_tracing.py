"""A voter's ballots against a log that is not the one of the receipts; and the file that keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest

from secretballot.board.board import Board
from secretballot.board.store import MemoryStore
from secretballot.cli.tracing import Trace
from secretballot.client import Follower, LocalBoard
from secretballot.client.votes import Votes, key_of
from secretballot.errors import BoardError, EncodingError, KeyFileError, MerkleError
from secretballot.tally import ElectionLog
from secretballot.testing import Simulation

from ..support import elections

pytestmark = pytest.mark.usefixtures("cheap_key_files")

PASSPHRASE = "a long passphrase"


@pytest.fixture
def simulation() -> Simulation:
    return elections.voting([elections.choice()], 2)


def votes_of(simulation: Simulation, path: Path, voter: int = 0) -> Votes:
    return Votes(path, simulation.holders[voter], passphrase=PASSPHRASE)


def cast(simulation: Simulation, votes: Votes, board: Board) -> bytes:
    vote = votes.add(simulation.seal(0, {"chair": "chi"}).cast())
    votes.answer(vote, board.submit(vote.entry))
    return vote.entry


def trace(simulation: Simulation, board: Board, votes: Votes) -> Trace:
    return Trace(Follower(LocalBoard(board), simulation.election.id), votes)


def other_board(simulation: Simulation, size: int) -> Board:
    """The same board's key over another log, which begins with so many of the entries."""
    board = Board(MemoryStore(), simulation.board_keys, ElectionLog())
    for entry in list(simulation.store.entries())[:size]:
        board.submit(entry)
    return board


def test_votes_outlive_the_object(simulation: Simulation, tmp_path: Path) -> None:
    path = tmp_path / "votes"
    votes = votes_of(simulation, path)
    assert (votes.sent, votes.cast, path.exists()) == ([], [], False)
    first = votes.add(simulation.seal(0, {"chair": "chi"}).challenge())
    second = votes.add(simulation.seal(0, {"chair": "em"}).cast())
    votes.answer(second, "a receipt")
    again = votes_of(simulation, path)
    assert again.sent == [first, second._replace(receipt=b"a receipt")]
    assert again.cast == again.sent[1:]
    assert [vote.opened for vote in again.sent] == [True, False]
    assert "redacted" in repr(again)
    assert key_of(first.entry) == key_of(second.entry) == again.key


def test_what_another_program_kept_is_not_written_over(simulation: Simulation, tmp_path: Path) -> None:
    path = tmp_path / "votes"
    early, late = votes_of(simulation, path), votes_of(simulation, path)
    kept = early.add(simulation.seal(0, {"chair": "chi"}).cast())
    entry = simulation.seal(0, {"chair": "em"}).cast()
    with pytest.raises(KeyFileError, match="'votes': another program has written it"):
        late.add(entry)
    assert (late.sent, votes_of(simulation, path).sent) == ([], [kept])
    late = votes_of(simulation, path)
    other = late.add(entry)
    with pytest.raises(KeyFileError, match="another program"):
        early.answer(kept, "a receipt")
    late.answer(other, "another receipt")
    assert votes_of(simulation, path).sent == late.sent == [kept, other._replace(receipt=b"another receipt")]


def test_votes_of_others_are_not_kept(simulation: Simulation, tmp_path: Path) -> None:
    votes = votes_of(simulation, tmp_path / "votes")
    entry = simulation.seal(1, {"chair": "chi"}).cast()
    with pytest.raises(EncodingError, match="another ballot key"):
        votes.add(entry)
    with pytest.raises(EncodingError):
        votes.add(next(iter(simulation.store.entries())))
    assert not (tmp_path / "votes").exists()
    votes_of(simulation, tmp_path / "votes", 1).add(entry)
    with pytest.raises(KeyFileError, match="another ballot key"):
        votes_of(simulation, tmp_path / "votes")
    with pytest.raises(KeyFileError, match="another passphrase"):
        Votes(tmp_path / "votes", simulation.holders[1], passphrase="another one")
    other = elections.voting([elections.choice()], 1)
    with pytest.raises(KeyFileError, match="of another election"):
        votes_of(other, tmp_path / "votes")


def test_receipts_of_another_log(simulation: Simulation, tmp_path: Path) -> None:
    """A shorter one, one that others' ballots are in, and one that has the ballot elsewhere: the board is named."""
    size = simulation.log.size
    votes = votes_of(simulation, tmp_path / "votes")
    entry = cast(simulation, votes, simulation.board)
    trace(simulation, simulation.board, votes).check()
    culprit = f"board {simulation.board_keys.origin}"

    shorter = other_board(simulation, size)
    with pytest.raises(BoardError, match=rf"it shows {size} entries, and promised {size + 1}") as refused:
        trace(simulation, shorter, votes).check()
    assert refused.value.culprit == culprit

    without = other_board(simulation, size)
    without.submit(simulation.seal(1, {"chair": "em"}).cast())
    elsewhere = other_board(simulation, size)
    elsewhere.submit(simulation.seal(1, {"chair": "em"}).cast())
    elsewhere.submit(entry)
    for board in (without, elsewhere):
        with pytest.raises(BoardError, match="another log than the receipt of") as refused:
            trace(simulation, board, votes).check()
        assert refused.value.culprit == culprit
    assert trace(simulation, elsewhere, votes).members()["entry"] == size + 1
    assert trace(simulation, without, votes).members()["entry"] is None


def test_older_receipts_are_checked_too(simulation: Simulation, tmp_path: Path) -> None:
    votes = votes_of(simulation, tmp_path / "votes")
    cast(simulation, votes, simulation.board)
    fork = other_board(simulation, simulation.log.size - 1)
    cast(simulation, votes, fork)
    with pytest.raises(BoardError, match="another log than the receipt of"):
        trace(simulation, fork, votes).check()
    with pytest.raises(BoardError, match="another log than the receipt of"):
        trace(simulation, simulation.board, votes).check()


def test_a_receipt_of_another_entry(simulation: Simulation, tmp_path: Path) -> None:
    votes = votes_of(simulation, tmp_path / "votes")
    other = simulation.board.submit(simulation.seal(1, {"chair": "em"}).cast())
    vote = votes.add(simulation.seal(0, {"chair": "chi"}).cast())
    votes.answer(vote, other)
    with pytest.raises(MerkleError):
        trace(simulation, simulation.board, votes)
