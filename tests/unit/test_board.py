"""The board: what it takes once, what it refuses, its receipts, restarts, and writers beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nacl.bindings as sodium
import pytest

from secretballot.ballot.records import ChallengedBallot
from secretballot.ballot.voter import SealedBallot
from secretballot.board.board import MAX_RETRIES, Board, BoardKeys
from secretballot.board.record import CHECKPOINT, ENTRIES, ElectionRecord, write_record
from secretballot.board.store import ConflictError, MemoryStore, SQLiteStore
from secretballot.credential.holder import Holder
from secretballot.crypto.encoding import b64encode
from secretballot.crypto.merkle import leaf_hash
from secretballot.crypto.note import NoteVerifier
from secretballot.crypto.receipt import parse_receipt, verify_receipt
from secretballot.crypto.signing import SigningKey, VerifyKey
from secretballot.errors import (
    BallotError,
    BoardError,
    CredentialError,
    DuplicateError,
    EncodingError,
    InvalidProofError,
    InvalidSignatureError,
    ManifestError,
    RecordError,
    RefusedError,
    SecretBallotError,
    StoreError,
)
from secretballot.manifest import Election
from secretballot.records import MAX_ENTRY_SIZE, parse_entry, sign_body, sign_record, signed_message
from secretballot.tally import ElectionLog
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation
from secretballot.verify import Verdict, verify_record

from ..support import elections


def verifier(simulation: Simulation) -> NoteVerifier:
    board = simulation.manifest.board
    return NoteVerifier(board.origin, VerifyKey(board.key))


@pytest.fixture
def voting() -> Simulation:
    """Voting is open for three voters of a small choice."""
    return elections.voting([elections.choice()], 3, trustees=1, quorum=1)


def chair(option: str | None) -> dict[str, Any]:
    return {"chair": option}


# Receipts.


def test_every_receipt_verifies_offline(finished: elections.Finished) -> None:
    origin = finished.simulation.manifest.board.origin
    cast = [finished.entries[place] for place in finished.places("ballot")]
    for receipt, entry in zip(finished.simulation.receipts, cast, strict=True):
        checkpoint = verify_receipt(receipt, entry, verifier(finished.simulation), origin)
        assert checkpoint.origin == origin
        assert finished.entries[parse_receipt(receipt).index] == entry


def flip(line: str) -> str:
    """Another base64 text of the same length."""
    middle = len(line) // 2
    return line[:middle] + ("A" if line[middle] != "A" else "B") + line[middle + 1 :]


def test_a_receipt_stops_verifying_when_anything_changes(finished: elections.Finished) -> None:
    simulation, origin = finished.simulation, finished.simulation.manifest.board.origin
    place = finished.places("ballot")[1]
    entry = finished.entries[place]
    receipt = elections.store_board(finished).receipt(entry)
    verify_receipt(receipt, entry, verifier(simulation), origin)
    lines = receipt.split("\n")
    changed = [lines[:i] + [line.replace(str(place), str(place + 1))] + lines[i + 1 :]
               for i, line in enumerate(lines) if line.startswith("index")]  # fmt: skip
    proof = range(2, lines.index(""))
    assert len(proof) == 5
    for i, line in enumerate(lines):
        if i in proof or (i > proof[-1] and line and not line.startswith(origin)):
            changed.append(lines[:i] + [flip(line)] + lines[i + 1 :])
    assert len(changed) == 9
    for wrong in changed:
        with pytest.raises(SecretBallotError):
            verify_receipt("\n".join(wrong), entry, verifier(simulation), origin)
    for other in (entry + b" ", entry[:-1], finished.entries[place + 1]):
        with pytest.raises(SecretBallotError):
            verify_receipt(receipt, other, verifier(simulation), origin)
    for key, name in (
        (SigningKey.generate().verify_key, origin),
        (VerifyKey(simulation.manifest.board.key), "o"),
    ):
        with pytest.raises(SecretBallotError):
            verify_receipt(receipt, entry, NoteVerifier(name, key), name)


def test_an_entry_sent_again_gets_its_receipt_again_and_is_appended_once(voting: Simulation) -> None:
    entry = voting.seal(0, chair("chi")).cast()
    first = voting.board.submit(entry)
    voting.board.submit(voting.seal(1, chair("em")).cast())
    size = voting.store.size()
    again = voting.board.submit(entry)
    assert voting.store.size() == size == voting.log.size
    assert again == voting.board.receipt(entry)
    origin = voting.manifest.board.origin
    old, new = (verify_receipt(receipt, entry, verifier(voting), origin) for receipt in (first, again))
    assert (old.size, new.size) == (size - 1, size)
    assert parse_receipt(first).index == parse_receipt(again).index
    # Also when its phase is over, and the manifest itself.
    voting.board.submit(voting.authority.enter(voting.election, "tally"))
    voting.board.submit(entry)
    voting.board.submit(voting.authority.announce(voting.election))
    assert voting.store.size() == size + 1


def test_there_is_no_receipt_for_what_is_not_there(voting: Simulation) -> None:
    with pytest.raises(BoardError, match="the entry is not in the log"):
        voting.board.receipt(voting.seal(0, chair("chi")).cast())
    empty = Board(MemoryStore(), voting.board_keys, ElectionLog())
    with pytest.raises(BoardError, match="the log is empty"):
        empty.checkpoint()
    with pytest.raises(BoardError, match="the entry is not in the log"):
        empty.receipt(b"")


def test_the_checkpoint_is_kept_in_the_store(voting: Simulation) -> None:
    note = voting.board.checkpoint()
    assert voting.store.checkpoint() == note.encode()


# Refusing.


@pytest.mark.parametrize(
    "garble",
    [
        lambda raw: b"",
        lambda raw: raw[:-1],
        lambda raw: raw + b" ",
        lambda raw: raw + b"\n",
        lambda raw: raw[1:],
        lambda raw: raw.replace(b'"body"', b'"Body"'),
        lambda raw: raw.replace(b"secretballot/1/", b"secretballot/2/", 1),
        lambda raw: raw.replace(b"secretballot/1/ballot", b"secretballot/1/report"),
        lambda raw: raw.replace(b"secretballot/1/ballot", b"secretballot/1/manifest"),
        lambda raw: raw.replace(b'"election"', b'"elections"'),
        lambda raw: raw.replace(b'"contests":[', b'"contests": ['),
        lambda raw: raw.replace(b'"contests":[', b'"contests":\n['),
        lambda raw: raw + bytes(MAX_ENTRY_SIZE),
    ],
)
def test_garbage_is_refused_by_name_and_changes_nothing(
    voting: Simulation, garble: Callable[[bytes], bytes]
) -> None:
    good = voting.seal(0, chair("chi")).cast()
    size, root = voting.log.size, voting.log.frontier.root()
    assert garble(good) != good
    with pytest.raises(EncodingError) as caught:
        voting.board.submit(garble(good))
    assert caught.value.item == f"entry {size}"
    assert (voting.store.size(), voting.log.size, voting.log.frontier.root()) == (size, size, root)
    voting.board.submit(good)


def test_a_signature_that_is_not_base64(voting: Simulation) -> None:
    good = voting.seal(0, chair("chi")).cast()
    for wrong in (b"=", b"*", b"\xff"):
        with pytest.raises(InvalidSignatureError, match="the signature is not"):
            voting.board.submit(good[:-3] + wrong + good[-2:])


def test_a_ballot_of_another_election(voting: Simulation) -> None:
    other = elections.voting([elections.choice()], 1, trustees=1, quorum=1)
    with pytest.raises(BoardError, match="the entry is another election's"):
        voting.board.submit(other.seal(0, chair("chi")).cast())
    challenged = other.seal(0, chair("chi")).challenge()
    with pytest.raises(BoardError, match="the entry is another election's"):
        voting.board.submit(challenged)
    # The outer election changed, the inner not.
    relabelled = elections.rewrite(
        challenged, other.holders[0].signing_key, lambda b: b.update(election=b64encode(voting.election.id))
    )
    with pytest.raises(BallotError, match="another election's"):
        voting.board.submit(relabelled)


def test_a_ballot_signed_by_another_key(voting: Simulation) -> None:
    body = parse_entry(voting.seal(0, chair("chi")).cast()).body
    for key in (SigningKey.generate(), voting.holders[1].signing_key):
        with pytest.raises(InvalidSignatureError):
            voting.board.submit(sign_body(body, key))


def test_the_log_begins_with_this_boards_manifest(voting: Simulation) -> None:
    keys = BoardKeys.generate("secretballot.example/other")
    entry = voting.authority.announce(voting.election)
    with pytest.raises(RefusedError, match="entry 0: the manifest names another board"):
        Board(MemoryStore(), keys, ElectionLog()).submit(entry)
    board = Board(MemoryStore(), voting.board_keys, ElectionLog())
    with pytest.raises(ManifestError, match="the log begins with a ballot"):
        board.submit(voting.seal(0, chair("chi")).cast())
    with pytest.raises(InvalidSignatureError):
        board.submit(sign_body(voting.election.body, SigningKey.generate()))
    board.submit(entry)
    assert "1 entries" in repr(board)
    other = Election.from_manifest(voting.manifest.model_copy(update={"nonce": bytes(16)}))
    with pytest.raises(EncodingError, match="a manifest has no place here"):
        board.submit(voting.authority.announce(other))


def test_a_refused_ballot_leaves_nothing_to_the_next(voting: Simulation) -> None:
    """Regression: the ciphertexts of a ballot whose proof was refused were taken for those of the next one."""
    key = voting.holders[0].signing_key
    good = voting.seal(0, chair("chi")).cast()

    def spoil(body: dict[str, Any]) -> None:
        proof = body["contests"][0]["proof"]
        body["contests"][0]["proof"] = proof[:-44] + flip(proof[-44:-1]) + proof[-1]

    with pytest.raises((InvalidProofError, BallotError)):
        voting.board.submit(elections.rewrite(good, key, spoil))
    voting.board.submit(voting.seal(1, chair("em")).cast())
    voting.board.submit(good)
    result = voting.tally()
    expected = elections.plain_count(voting.manifest.contests, [chair("em"), chair("chi")])
    assert elections.counts_of(result) == expected


def test_a_share_that_could_not_be_stored_leaves_nothing_to_the_next(voting: Simulation) -> None:
    """Regression: a share was taken as verified where another one had been, at the same place."""
    simulation = elections.voting([elections.choice()], 1, store=Failing())
    simulation.vote([chair("chi")])
    simulation.board.submit(simulation.authority.enter(simulation.election, "tally"))
    first, second = (
        DecryptingTrustee(holder).decrypt(simulation.log.tally) for holder in simulation.key_holders[:2]
    )
    simulation.store.failing = True  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="the disk is full"):
        simulation.board.submit(first)
    simulation.store.failing = False  # type: ignore[attr-defined]
    forged = elections.rewrite(
        second, simulation.trustees[1]._signing, lambda body: body.update(shares=body["shares"][::-1])
    )
    with pytest.raises(SecretBallotError, match="trustee-2"):
        simulation.board.submit(forged)
    assert simulation.log.shares == {}
    assert simulation.tally().collected == 1


class Failing(MemoryStore):
    """A store that can be told to fail."""

    failing = False

    def append(self, entry: bytes, keys: Sequence[bytes], expected_size: int) -> int:
        if self.failing:
            raise StoreError("the disk is full")
        return super().append(entry, keys, expected_size)


# Uniqueness of ballots.


def another_signature(body: bytes, key: SigningKey) -> bytes:
    """A valid entry with another signature: RFC 8032 draws r from the key and the message, but nobody can see that."""
    message = signed_message(body)
    digest = bytearray(hashlib.sha512(key.seed().reveal()).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 63 | 64
    r = sodium.crypto_core_ed25519_scalar_reduce(bytes([7]) * 64)
    nonce = sodium.crypto_scalarmult_ed25519_base_noclamp(r)
    k = sodium.crypto_core_ed25519_scalar_reduce(
        hashlib.sha512(nonce + key.verify_key.data + message).digest()
    )
    a = sodium.crypto_core_ed25519_scalar_reduce(bytes(digest) + bytes(32))
    s = sodium.crypto_core_ed25519_scalar_add(r, sodium.crypto_core_ed25519_scalar_mul(k, a))
    return sign_body(body, key)[:-88] + b64encode(nonce + s).encode() + b'"}'


def test_the_same_ballot_under_another_signature_is_a_copy(voting: Simulation) -> None:
    entry = voting.seal(0, chair("chi")).cast()
    key = voting.holders[0].signing_key
    twin = another_signature(parse_entry(entry).body, key)
    assert twin != entry
    parse_entry(twin).verify(key.verify_key.data)
    voting.board.submit(entry)
    place = voting.log.size - 1
    with pytest.raises(DuplicateError, match=f"this ballot was cast before, as entry {place}"):
        voting.board.submit(twin)


def both_ends(sealed: SealedBallot, simulation: Simulation) -> tuple[bytes, bytes]:
    """What a device that does not keep to the rules makes of one ballot: cast, and challenged."""
    openings = sealed._openings
    assert openings is not None
    record = ChallengedBallot(
        election=simulation.election.id, ballot=sealed._body.decode(), openings=openings.reveal()
    )
    return sealed.cast(), sign_record(record, sealed._key)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ((0, 1), "this ballot was cast, as entry {}, and is not to be opened"),
        ((1, 0), "this ballot was challenged, as entry {}, and never counts"),
    ],
)
def test_a_ballot_is_cast_or_challenged(voting: Simulation, order: tuple[int, int], reason: str) -> None:
    ends = both_ends(voting.seal(0, chair("chi")), voting)
    voting.board.submit(ends[order[0]])
    place = voting.log.size - 1
    with pytest.raises(DuplicateError, match=reason.format(place)):
        voting.board.submit(ends[order[1]])


def test_a_ballot_is_challenged_once(voting: Simulation) -> None:
    _, challenged = both_ends(voting.seal(0, chair("chi")), voting)
    voting.board.submit(challenged)
    twin = another_signature(parse_entry(challenged).body, voting.holders[0].signing_key)
    with pytest.raises(DuplicateError, match="was challenged before"):
        voting.board.submit(twin)


def test_more_credentials_than_were_issued_cannot_vote() -> None:
    """A registrar that signs beside its register gains nothing."""
    simulation = elections.simulate([elections.choice()], registrars=2, trustees=1, quorum=1)
    simulation.hold_ceremony()
    for voter, silent in (("voter-1", ""), ("voter-2", "registrar-2"), ("voter-3", "registrar-2")):
        holder = Holder(simulation.election)
        for registrar in simulation.registrars:
            signature, entry = registrar.issue(voter, holder.request(registrar.id))
            holder.accept(registrar.id, signature)
            if registrar.id != silent:
                simulation.board.submit(entry)
        simulation.holders.append(holder)
    simulation.board.submit(simulation.authority.enter(simulation.election, "voting"))
    simulation.board.submit(simulation.seal(2, chair("chi")).cast())
    with pytest.raises(CredentialError, match="more credentials vote than were issued") as caught:
        simulation.board.submit(simulation.seal(1, chair("chi")).cast())
    assert caught.value.culprit == "registrar registrar-2"
    # Whoever has voted may vote again.
    simulation.board.submit(simulation.seal(2, chair("em")).cast())


# Restarts and other writers.


def test_a_board_goes_on_after_a_restart_in_every_phase(tmp_path: Path) -> None:
    path = tmp_path / "board.sqlite"
    simulation = elections.simulate([elections.choice()], store=SQLiteStore(path))

    def restart() -> None:
        simulation.store.close()
        simulation.store, simulation.log = SQLiteStore(path), ElectionLog()
        simulation.board = Board(simulation.store, simulation.board_keys, simulation.log)

    restart()
    simulation.hold_ceremony()
    restart()
    simulation.issue(2)
    restart()
    simulation.vote([chair("chi")])
    restart()
    simulation.board.submit(simulation.seal(1, chair("em")).cast())
    restart()
    result = simulation.tally()
    expected = elections.plain_count(simulation.manifest.contests, [chair("chi"), chair("em")])
    assert elections.counts_of(result) == expected
    restart()
    assert simulation.log.phase == "closed"
    assert verify_record(simulation.export(str(tmp_path / "record"))).verdict is Verdict.VERIFIED
    simulation.store.close()


def test_two_boards_on_one_file_are_one_log(tmp_path: Path) -> None:
    path = tmp_path / "board.sqlite"
    with SQLiteStore(path) as one, SQLiteStore(path) as two:
        simulation = elections.voting([elections.choice()], 4, store=one)
        other = Board(two, simulation.board_keys, ElectionLog())
        boards = [simulation.board, other] * 2
        ballots = [simulation.seal(voter, chair("chi")).cast() for voter in range(4)]
        receipts = [board.submit(entry) for board, entry in zip(boards, ballots, strict=True)]
        places = [parse_receipt(receipt).index for receipt in receipts]
        assert places == list(range(places[0], places[0] + 4))
        assert other.checkpoint() == simulation.board.checkpoint()
        assert other.submit(ballots[0]) == simulation.board.submit(ballots[0])
        assert simulation.tally().collected == 4
        other.checkpoint()
        assert other.state.phase == "closed"


class Raced(MemoryStore):
    """A store in which somebody else is faster, as often as told."""

    def __init__(self) -> None:
        super().__init__()
        self.faster: Iterator[Callable[[], object]] = iter(())
        self.appends = 0

    def append(self, entry: bytes, keys: Sequence[bytes], expected_size: int) -> int:
        self.appends += 1
        for act in self.faster:
            act()
            break
        return super().append(entry, keys, expected_size)


def test_a_slower_writer_looks_again_and_tries_again() -> None:
    store = Raced()
    simulation = elections.voting([elections.choice()], 3, store=store, trustees=1, quorum=1)
    other = Board(store, simulation.board_keys, ElectionLog())
    first, second, third = (simulation.seal(voter, chair("chi")).cast() for voter in range(3))
    before, store.appends = store.size(), 0
    store.faster = iter([lambda: other.submit(second), lambda: other.submit(third)])
    receipt = simulation.board.submit(first)
    assert list(store.entries(before)) == [third, second, first]
    # Its own three and the other's two, the second of which was overtaken itself.
    assert store.appends == 5
    verify_receipt(receipt, first, verifier(simulation), simulation.manifest.board.origin)
    assert simulation.log.running is not None
    assert simulation.log.running.ballots == 3


def test_the_same_entry_by_two_writers_at_once_is_one_entry_with_two_receipts() -> None:
    store = Raced()
    simulation = elections.voting([elections.choice()], 1, store=store, trustees=1, quorum=1)
    other = Board(store, simulation.board_keys, ElectionLog())
    entry = simulation.seal(0, chair("chi")).cast()
    store.faster = iter([lambda: other.submit(entry)])
    before = store.size()
    assert simulation.board.submit(entry) == other.receipt(entry)
    assert store.size() == before + 1


def test_two_ends_of_a_ballot_by_two_writers_at_once() -> None:
    store = Raced()
    simulation = elections.voting([elections.choice()], 1, store=store, trustees=1, quorum=1)
    other = Board(store, simulation.board_keys, ElectionLog())
    cast, challenged = both_ends(simulation.seal(0, chair("chi")), simulation)
    store.faster = iter([lambda: other.submit(challenged)])
    with pytest.raises(DuplicateError, match="was challenged"):
        simulation.board.submit(cast)


def test_a_writer_that_is_always_overtaken_gives_up(voting: Simulation) -> None:
    class Overtaken(MemoryStore):
        appends = 0

        def append(self, entry: bytes, keys: Sequence[bytes], expected_size: int) -> int:
            self.appends += 1
            raise ConflictError(expected_size + 1, expected_size)

    store = Overtaken()
    board = Board(store, voting.board_keys, ElectionLog())
    with pytest.raises(BoardError, match="too many others are writing"):
        board.submit(voting.authority.announce(voting.election))
    assert store.appends == MAX_RETRIES
    assert board.state.size == 0


def test_eight_threads_at_once() -> None:
    simulation = elections.voting([elections.choice()], 8, roll_size=8, trustees=1, quorum=1)
    ballots = [simulation.seal(voter, chair("chi")).cast() for voter in range(8)]
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(simulation.board.submit, ballots * 2))
    entries = list(simulation.store.entries())
    assert sorted(entries[-8:]) == sorted(ballots)
    for receipt, entry in zip(receipts, ballots * 2, strict=True):
        verify_receipt(receipt, entry, verifier(simulation), simulation.manifest.board.origin)
    assert simulation.tally().collected == 8


def test_a_store_with_something_else_in_it(finished: elections.Finished, voting: Simulation) -> None:
    def board(entries: Sequence[bytes]) -> Board:
        store = MemoryStore()
        for place, raw in enumerate(entries):
            store.append(raw, [leaf_hash(raw)], place)
        return Board(store, finished.simulation.board_keys, ElectionLog())

    assert board(finished.entries).state.phase == "closed"
    for entries in (
        [b"garbage"],
        finished.entries[1:],
        [*finished.entries[:5], b"garbage"],
        [*finished.entries[:5], finished.entries[0]],
        list(voting.store.entries()),
    ):
        with pytest.raises(RecordError, match="this board did not accept"):
            board(entries)


# The record.


def test_a_record_holds_the_entries_and_the_checkpoint(finished: elections.Finished, tmp_path: Path) -> None:
    note = elections.checkpoint(finished.simulation, finished.entries).decode()
    record = write_record(tmp_path / "deep" / "record", finished.entries, note)
    assert list(record.entries()) == finished.entries
    assert record.checkpoint() == note.encode()
    assert sorted(path.name for path in record.path.iterdir()) == [CHECKPOINT, ENTRIES]
    assert (record.path / ENTRIES).stat().st_mode & 0o777 == 0o644
    with pytest.raises(RecordError, match="the directory is not empty"):
        write_record(record.path, finished.entries, note)


def test_a_record_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot be written"):
        write_record(tmp_path / "file", [], "")

    def broken() -> Iterator[bytes]:
        yield b"one"
        raise StoreError("gone")

    with pytest.raises(StoreError, match="gone"):
        write_record(tmp_path / "record", broken(), "")
    assert list((tmp_path / "record").iterdir()) == []


def test_a_directory_that_is_no_record(tmp_path: Path) -> None:
    for name in (ENTRIES, CHECKPOINT):
        with pytest.raises(RecordError, match=f"there is no file {name}"):
            ElectionRecord(tmp_path)
        (tmp_path / name).write_bytes(b"")
    record = ElectionRecord(tmp_path)
    assert (list(record.entries()), record.checkpoint()) == ([], b"")
    for name, read in ((ENTRIES, lambda: list(record.entries())), (CHECKPOINT, record.checkpoint)):
        (tmp_path / name).unlink()
        with pytest.raises(RecordError, match=f"{name}: cannot be read"):
            read()


def test_lines_without_an_end_or_without_a_limit(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"")

    def entries(data: bytes) -> list[bytes]:
        (tmp_path / ENTRIES).write_bytes(data)
        return list(ElectionRecord(tmp_path).entries())

    assert entries(b"a\n\nb\n") == [b"a", b"", b"b"]
    assert entries(b"a\nb") == [b"a", b"b\r"]
    longest = b"x" * MAX_ENTRY_SIZE
    assert entries(longest + b"\nb\n") == [longest, b"b"]
    for more in (b"x", b"xx", longest, longest * 2 + b"x"):
        cut, rest = entries(longest + more + b"\nb\n")
        assert len(cut) > MAX_ENTRY_SIZE
        assert rest == b"b"
        with pytest.raises(EncodingError):
            parse_entry(cut)
