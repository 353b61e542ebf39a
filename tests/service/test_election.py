"""A whole election whose parties have nothing of the board but its service."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from secretballot.ballot.voter import VoterDevice
from secretballot.board.board import Board
from secretballot.client import Follower, LocalBoard
from secretballot.client.remote import RemoteBoard, Service
from secretballot.client.wire import UnreachableError
from secretballot.errors import (
    BoardError,
    DuplicateError,
    EncodingError,
    InvalidSignatureError,
    PhaseError,
    SecretBallotError,
)
from secretballot.service.deploy import board_app
from secretballot.tally import ElectionLog
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation
from secretballot.verify import Verdict

from ..support import elections
from ..support.services import running

CONTESTS = (elections.choice().model_copy(update={"tally": "both"}), elections.rating())
BALLOTS = [
    {"chair": "chi", "officials": {"an": "high", "binh": "low"}},
    {"chair": None, "officials": {"an": None, "binh": "low"}},
    {"chair": "em", "officials": {"an": "low", "binh": "confidence"}},
]


@pytest.fixture
def simulation() -> Simulation:
    return elections.simulate(CONTESTS, roll_size=5, trustees=3, quorum=2)


@pytest.fixture
def board(simulation: Simulation) -> Iterator[RemoteBoard]:
    with running(board_app(LocalBoard(simulation.board))) as url, RemoteBoard(url) as remote:
        yield remote


def test_a_whole_election_over_http(simulation: Simulation, board: RemoteBoard, tmp_path: Path) -> None:
    election = simulation.election
    homes = {name: tmp_path / name for name in ("trustee", "voter", "mixer", "authority")}
    for home in homes.values():
        home.mkdir()
    trustee = Follower(board, election.id, homes["trustee"])
    joined = [keys.join(election) for keys in simulation.trustees]
    for _, entry in joined:
        board.submit(entry)
    revealed = [state.reveal(trustee.catch_up().commitments) for state, _ in joined]
    for _, entry in revealed:
        board.submit(entry)
    confirmed = [state.confirm(trustee.catch_up().messages) for state, _ in revealed]
    for _, entry in confirmed:
        board.submit(entry)
    holders = [state.finish(trustee.catch_up().confirmations) for state, _ in confirmed]
    board.submit(simulation.authority.enter(election, "issuance"))
    credentials = []
    for voter in simulation.roll[:3]:
        from secretballot.credential.holder import Holder

        holder = Holder(election)
        signature, line = simulation.registrars[0].issue(voter, holder.request("registrar-1"))
        holder.accept("registrar-1", signature)
        board.submit(line)
        credentials.append(holder)
    board.submit(simulation.authority.enter(election, "voting"))
    device_log = Follower(board, election.id, homes["voter"]).catch_up_to("voting")
    for holder, selections in zip(credentials, BALLOTS, strict=True):
        device = VoterDevice(device_log.context, holder.credential(), holder.signing_key)
        ballot = device.seal(selections).cast()
        receipt = board.submit(ballot)
        assert board.submit(ballot).splitlines()[1] == receipt.splitlines()[1]
        assert board.receipt(ballot).splitlines()[1] == receipt.splitlines()[1]
    authority = Follower(board, election.id, homes["authority"])
    board.submit(simulation.authority.enter(election, "tally"))
    board.submit(simulation.authority.seal(election, authority.catch_up().closing_root))
    mixer = Follower(board, election.id, homes["mixer"])
    for keys in simulation.mixer_keys:
        board.post(keys.join(election).mix(mixer.catch_up().mixing))
    for key_holder in holders[:2]:
        log = trustee.catch_up()
        decrypting = DecryptingTrustee(key_holder)
        board.submit(decrypting.decrypt(log.tally))
        board.post(decrypting.decrypt_lines(log.mixing))
    result = authority.catch_up().compute_result()
    board.submit(simulation.authority.publish(result))
    assert authority.catch_up().result == result
    report = elections.verify(
        simulation, list(simulation.store.entries()), attachments=simulation.log.attachments
    )
    assert report.verdict is Verdict.VERIFIED
    assert report.ballots_counted == 3


def test_errors_come_as_what_they_are(simulation: Simulation, board: RemoteBoard) -> None:
    with pytest.raises(EncodingError, match="not a signed entry"):
        board.submit(b"garbage")
    with pytest.raises(PhaseError, match="the phase voting cannot follow setup"):
        board.submit(simulation.authority.enter(simulation.election, "voting"))
    state, entry = simulation.trustees[0].join(simulation.election)
    with pytest.raises(InvalidSignatureError):
        board.submit(entry[:-6] + b'AAAA"}')
    board.submit(entry)
    other, again = simulation.trustees[0].join(simulation.election)
    with pytest.raises(DuplicateError) as refused:
        board.submit(again)
    assert refused.value.culprit == "trustee trustee-1"
    # What is not there is a BoardError, as of a board of this process.
    with pytest.raises(BoardError, match="the entry is not in the log") as absent:
        board.receipt(again)
    assert type(absent.value) is BoardError
    with pytest.raises(BoardError, match="is missing") as absent:
        board.attachment(bytes(32), 100)
    assert (type(absent.value), absent.value.item) == (BoardError, f"attachment {'0' * 64}")
    assert state
    assert other


def test_a_service_that_is_not_there() -> None:
    waits: list[float] = []
    service = Service("http://127.0.0.1:1", attempts=4, pause=waits.append)
    with pytest.raises(UnreachableError, match="does not answer"):
        RemoteBoard(service).checkpoint()
    service.close()
    assert waits == [0.2, 0.4, 0.8]
    for wrong in ("ftp://example.org", "127.0.0.1"):
        with pytest.raises(SecretBallotError, match="begins with https"):
            RemoteBoard(wrong)


# A board that lies.


class Lying(LocalBoard):
    """A board that shows other entries than it signed."""

    shown: list[bytes] | None = None
    note: str | None = None

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        return super().entries(start, stop) if self.shown is None else iter(self.shown[start:stop])

    def checkpoint(self) -> str:
        return super().checkpoint() if self.note is None else self.note


def test_a_board_that_shows_another_history_later(tmp_path: Path) -> None:
    simulation = elections.voting([elections.choice()], 2)
    simulation.vote([{"chair": "chi"}, {"chair": "em"}])
    election = simulation.election
    honest = LocalBoard(simulation.board)
    log = Follower(honest, election.id, tmp_path).catch_up()
    assert log.size == simulation.store.size()
    # After a restart, with one ballot less; with the other ballot first; and with nothing new but less than before.
    entries = list(simulation.store.entries())
    for changed in (entries[:-1], [*entries[:-2], entries[-1], entries[-2]]):
        board = Board(elections.store_of(changed), simulation.board_keys, ElectionLog())
        with pytest.raises(BoardError, match=r"it showed|others than it showed before") as refused:
            Follower(LocalBoard(board), election.id, tmp_path).catch_up()
        assert refused.value.culprit == "board board"
    assert Follower(honest, election.id, tmp_path).catch_up().size == log.size
    # Who remembers nothing is deceived.
    assert Follower(LocalBoard(board), election.id).catch_up().size == log.size


def test_a_board_that_shows_what_it_did_not_sign(tmp_path: Path) -> None:
    simulation = elections.voting([elections.choice()], 2)
    simulation.vote([{"chair": "chi"}, {"chair": "em"}])
    entries = list(simulation.store.entries())
    lying = Lying(simulation.board)
    lying.shown = [*entries[:-2], entries[-1], entries[-2]]
    with pytest.raises(BoardError, match="another Merkle root"):
        Follower(lying, simulation.election.id).catch_up()
    lying.shown = entries[:-1]
    with pytest.raises(BoardError, match=r"it signed \d+ entries, and gives \d+"):
        Follower(lying, simulation.election.id).catch_up()
    lying.shown = None
    with pytest.raises(BoardError, match="it is of the election"):
        Follower(lying, bytes(32)).catch_up()
    lying.note = simulation.board.checkpoint().replace("\n", "\n9", 1)
    with pytest.raises(SecretBallotError):
        Follower(lying, simulation.election.id).catch_up()
    (tmp_path / "seen").write_bytes(b"garbage")
    with pytest.raises(BoardError, match="is damaged"):
        Follower(lying, simulation.election.id, tmp_path)


def test_a_followers_directory_is_made(finished: elections.Finished, tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    board = LocalBoard(elections.store_board(finished))
    follower = Follower(board, finished.simulation.election.id, home)
    assert follower.catch_up().size == len(finished.entries)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_wrong_attachment_is_not_kept(tmp_path: Path) -> None:
    """Or the role could never go on, not even with an honest board."""
    simulation = elections.voting([elections.choice().model_copy(update={"tally": "mixnet"})], 2)
    simulation.vote([{"chair": "chi"}, {"chair": "em"}])
    simulation.close_voting()
    simulation.mix()
    election = simulation.election

    class Wrong(LocalBoard):
        def attachment(self, digest: bytes, size: int) -> bytes:
            return bytes(size)

    with pytest.raises(BoardError, match="an attachment with another hash"):
        Follower(Wrong(simulation.board), election.id, tmp_path).catch_up()
    honest = Follower(LocalBoard(simulation.board), election.id, tmp_path)
    assert len(honest.catch_up().mixing.rounds) == 2
    # One that was damaged since is fetched anew.
    (first, *_) = (tmp_path / "attachments").iterdir()
    first.write_bytes(bytes(first.stat().st_size))
    assert Follower(LocalBoard(simulation.board), election.id, tmp_path).catch_up().size == honest.log.size
