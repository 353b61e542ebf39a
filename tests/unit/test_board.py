"""The board: what it takes once, what it refuses, its receipts, restarts, and writers beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nacl.bindings as sodium
import pytest

from secretballot.board.board import Board
from secretballot.board.keys import BoardKeys
from secretballot.board.store import MemoryStore
from secretballot.credential.holder import Holder
from secretballot.crypto.encoding import b64encode
from secretballot.crypto.note import NoteVerifier, open_checkpoint
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
    RefusedError,
    SecretBallotError,
    StoreError,
    TallyError,
)
from secretballot.manifest import Election
from secretballot.records import MAX_ENTRY_SIZE, parse_entry, sign_body, signed_message
from secretballot.tally import ElectionLog
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation

from ..support import elections


@pytest.fixture
def voting() -> Simulation:
    """Voting is open for three voters of a small choice."""
    return elections.voting([elections.choice()], 3, trustees=1, quorum=1)


# Receipts.


def test_every_receipt_verifies_offline(finished: elections.Finished) -> None:
    origin = finished.simulation.manifest.board.origin
    cast = [finished.entries[place] for place in finished.places("ballot")]
    for receipt, entry in zip(finished.simulation.receipts, cast, strict=True):
        checkpoint = verify_receipt(receipt, entry, elections.verifier(finished.simulation), origin)
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
    verify_receipt(receipt, entry, elections.verifier(simulation), origin)
    lines = receipt.split("\n")
    assert lines[1] == f"index {place}"
    changed = [[lines[0], f"index {other}", *lines[2:]] for other in (place - 1, place + 1)]
    proof = range(2, lines.index(""))
    assert len(proof) == 5
    for i, line in enumerate(lines):
        if i in proof or (i > proof[-1] and line and not line.startswith(origin)):
            changed.append([*lines[:i], flip(line), *lines[i + 1 :]])
    assert len(changed) == 10
    for wrong in changed:
        with pytest.raises(SecretBallotError):
            verify_receipt("\n".join(wrong), entry, elections.verifier(simulation), origin)
    for other in (entry + b" ", entry[:-1], finished.entries[place + 1]):
        with pytest.raises(SecretBallotError):
            verify_receipt(receipt, other, elections.verifier(simulation), origin)
    for key, name in (
        (SigningKey.generate().verify_key, origin),
        (VerifyKey(simulation.manifest.board.key), "o"),
    ):
        with pytest.raises(SecretBallotError):
            verify_receipt(receipt, entry, NoteVerifier(name, key), name)


def test_an_entry_sent_again_gets_its_receipt_again_and_is_appended_once(voting: Simulation) -> None:
    entry = voting.seal(0, {"chair": "chi"}).cast()
    first = voting.board.submit(entry)
    voting.board.submit(voting.seal(1, {"chair": "em"}).cast())
    size = voting.store.size()
    again = voting.board.submit(entry)
    assert voting.store.size() == size == voting.log.size
    assert again == voting.board.receipt(entry)
    origin = voting.manifest.board.origin
    old, new = (
        verify_receipt(receipt, entry, elections.verifier(voting), origin) for receipt in (first, again)
    )
    assert (old.size, new.size) == (size - 1, size)
    assert parse_receipt(first).index == parse_receipt(again).index
    # Also when its phase is over, and the manifest itself.
    voting.close_voting()
    voting.board.submit(entry)
    voting.board.submit(voting.authority.announce(voting.election))
    assert voting.store.size() == size + 2  # The phase and the seal.


def test_there_is_no_receipt_for_what_is_not_there(voting: Simulation) -> None:
    with pytest.raises(BoardError, match="the entry is not in the log"):
        voting.board.receipt(voting.seal(0, {"chair": "chi"}).cast())
    empty = Board(MemoryStore(), voting.board_keys, ElectionLog())
    with pytest.raises(BoardError, match="the log is empty"):
        empty.checkpoint()
    with pytest.raises(BoardError, match="the entry is not in the log"):
        empty.receipt(b"")


def test_the_checkpoint_is_kept_in_the_store(voting: Simulation) -> None:
    note = voting.board.checkpoint()
    assert voting.store.checkpoint() == note.encode()


def test_a_checkpoint_that_cannot_be_kept_is_given(voting: Simulation, tmp_path: Path) -> None:
    """A store that takes nothing more, as on a full disk, is still read from."""
    kept = voting.board.checkpoint().encode()
    with pytest.MonkeyPatch.context() as patch:
        voting.board.submit(voting.seal(0, {"chair": "chi"}).cast())

        def full(note: bytes, size: int) -> None:
            raise StoreError("the disk is full")

        patch.setattr(voting.store, "put_checkpoint", full)
        note = voting.board.checkpoint()
        verifier, origin = elections.verifier(voting), voting.manifest.board.origin
        assert open_checkpoint(note, verifier, origin).size == voting.store.size()
        assert voting.board.export(tmp_path / "record").checkpoint() == note.encode()
        assert voting.store.checkpoint() == kept
    assert voting.board.checkpoint() == note
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
    good = voting.seal(0, {"chair": "chi"}).cast()
    size, root = voting.log.size, voting.log.frontier.root()
    assert garble(good) != good
    with pytest.raises(EncodingError) as caught:
        voting.board.submit(garble(good))
    assert caught.value.item == f"entry {size}"
    assert (voting.store.size(), voting.log.size, voting.log.frontier.root()) == (size, size, root)
    voting.board.submit(good)


def test_a_signature_that_is_not_base64(voting: Simulation) -> None:
    good = voting.seal(0, {"chair": "chi"}).cast()
    for wrong in (b"=", b"*", b"\xff"):
        with pytest.raises(InvalidSignatureError, match="the signature is not"):
            voting.board.submit(good[:-3] + wrong + good[-2:])


def test_a_ballot_of_another_election(voting: Simulation) -> None:
    other = elections.voting([elections.choice()], 1, trustees=1, quorum=1)
    with pytest.raises(BoardError, match="the entry is another election's"):
        voting.board.submit(other.seal(0, {"chair": "chi"}).cast())
    challenged = other.seal(0, {"chair": "chi"}).challenge()
    with pytest.raises(BoardError, match="the entry is another election's"):
        voting.board.submit(challenged)
    # The outer election changed, the inner not.
    relabelled = elections.rewrite(
        challenged, other.holders[0].signing_key, lambda b: b.update(election=b64encode(voting.election.id))
    )
    with pytest.raises(BallotError, match="another election's"):
        voting.board.submit(relabelled)


def test_a_ballot_signed_by_another_key(voting: Simulation) -> None:
    body = parse_entry(voting.seal(0, {"chair": "chi"}).cast()).body
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
        board.submit(voting.seal(0, {"chair": "chi"}).cast())
    with pytest.raises(InvalidSignatureError):
        board.submit(sign_body(voting.election.body, SigningKey.generate()))
    board.submit(entry)
    assert "1 entries" in repr(board)
    other = Election.from_manifest(voting.manifest.model_copy(update={"nonce": bytes(16)}))
    with pytest.raises(EncodingError, match="has an election's manifest already"):
        board.submit(voting.authority.announce(other))


def test_a_refused_ballot_leaves_nothing_to_the_next(voting: Simulation) -> None:
    """Regression: the ciphertexts of a ballot whose proof was refused were taken for those of the next one."""
    key = voting.holders[0].signing_key
    good = voting.seal(0, {"chair": "chi"}).cast()

    def spoil(body: dict[str, Any]) -> None:
        proof = body["contests"][0]["proof"]
        body["contests"][0]["proof"] = proof[:-44] + flip(proof[-44:-1]) + proof[-1]

    with pytest.raises((InvalidProofError, BallotError)):
        voting.board.submit(elections.rewrite(good, key, spoil))
    voting.board.submit(voting.seal(1, {"chair": "em"}).cast())
    voting.board.submit(good)
    result = voting.tally()
    expected = elections.plain_count(voting.manifest.contests, [{"chair": "em"}, {"chair": "chi"}])
    assert elections.counts_of(result) == expected


def test_a_share_that_could_not_be_stored_leaves_nothing_to_the_next() -> None:
    """Regression: a share was taken as verified where another one had been, at the same place."""
    simulation = elections.voting([elections.choice()], 1, store=Failing())
    simulation.vote([{"chair": "chi"}])
    simulation.close_voting()
    first, second = (
        DecryptingTrustee(holder).decrypt(simulation.log.tally) for holder in simulation.key_holders[:2]
    )
    simulation.store.failing = True  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="the disk is full"):
        simulation.board.submit(first)
    simulation.store.failing = False  # type: ignore[attr-defined]
    shares = json.loads(parse_entry(first).body)["shares"]
    forged = elections.rewrite(
        second, simulation.trustees[1]._signing, lambda body: body.update(shares=shares)
    )
    with pytest.raises(TallyError, match="trustee-2"):
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
    entry = voting.seal(0, {"chair": "chi"}).cast()
    key = voting.holders[0].signing_key
    twin = another_signature(parse_entry(entry).body, key)
    assert twin != entry
    parse_entry(twin).verify(key.verify_key.data)
    voting.board.submit(entry)
    place = voting.log.size - 1
    with pytest.raises(DuplicateError, match=f"this ballot was cast before, as entry {place}"):
        voting.board.submit(twin)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ((0, 1), "this ballot was cast, as entry {}, and is not to be opened"),
        ((1, 0), "this ballot was challenged, as entry {}, and never counts"),
    ],
)
def test_a_ballot_is_cast_or_challenged(voting: Simulation, order: tuple[int, int], reason: str) -> None:
    ends = elections.both_ends(voting.seal(0, {"chair": "chi"}), voting)
    voting.board.submit(ends[order[0]])
    place = voting.log.size - 1
    with pytest.raises(DuplicateError, match=reason.format(place)):
        voting.board.submit(ends[order[1]])


def test_a_ballot_is_challenged_once(voting: Simulation) -> None:
    _, challenged = elections.both_ends(voting.seal(0, {"chair": "chi"}), voting)
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
    simulation.board.submit(simulation.seal(2, {"chair": "chi"}).cast())
    with pytest.raises(
        CredentialError, match="more credentials vote than were issued by registrar registrar-2"
    ) as caught:
        simulation.board.submit(simulation.seal(1, {"chair": "chi"}).cast())
    assert caught.value.culprit is None  # The board may have dropped a line.
    # Whoever has voted may vote again.
    simulation.board.submit(simulation.seal(2, {"chair": "em"}).cast())
