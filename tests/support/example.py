"""What the specification's example says, computed anew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from secretballot.ballot.contest_kinds import plan_contest
from secretballot.ballot.records import code_of, format_code
from secretballot.board.attachments import HeldAttachments
from secretballot.board.records import PhaseChange
from secretballot.ceremony.checks import commitment_to
from secretballot.credential.checks import credential_message
from secretballot.crypto import disjunction, dkg, equality, schnorr, shuffling
from secretballot.crypto.batch import verify_batch
from secretballot.crypto.disjunction import Knowledge
from secretballot.crypto.dkg_messages import possession_statement
from secretballot.crypto.elgamal import Ciphertext, EncryptionKey, combine
from secretballot.crypto.embedding import embed
from secretballot.crypto.encoding import Tag, tagged_hash
from secretballot.crypto.equality import Equality
from secretballot.crypto.generators import generators
from secretballot.crypto.group import Element, Scalar, ristretto255
from secretballot.crypto.merkle import MemoryTree, leaf_hash
from secretballot.crypto.note import Checkpoint, NoteSigner, NoteVerifier, open_checkpoint, sign_checkpoint
from secretballot.crypto.receipt import format_receipt, verify_receipt
from secretballot.crypto.secret import Secret
from secretballot.crypto.sharing import lagrange_at_zero
from secretballot.crypto.shuffle import Layout, Transcript, decode_challenges
from secretballot.crypto.sigma import derive_challenge, prove_batchable, session
from secretballot.crypto.signing import SigningKey
from secretballot.manifest import ChoiceContest, Option
from secretballot.records import parse_entry, sign_record, signed_message
from secretballot.tally import mixing as tally_mixing
from secretballot.tally.batches import batches
from secretballot.tally.checks import check_share, share_relation, share_session
from secretballot.tally.encrypted import EncryptedTally
from secretballot.tally.records import DecryptionShare

ELECTION: Any = SimpleNamespace(id=bytes([0x11]) * 32)
ORIGIN = "example.org/votes/1"
#: Anything: it is hashed only.
SHORT_BODY = b'{"record":"secretballot/1/ballot"}'
#: The parts of the proof of a shuffle of two rows of one ciphertext.
SHUFFLE_PARTS = "c_1 c_2 ĉ_1 ĉ_2 t̂_1 t̂_2 t₁ t₂ t₃ t₄ᴬ t₄ᴮ s₁ s₂ s₃ s₄ ŝ_1 ŝ_2 s′_1 s′_2".split()  # noqa: SIM905


def _seed(first: int) -> bytes:
    return bytes(range(first, first + 32))


def _scalar(value: int) -> Scalar:
    return ristretto255.scalar(value)


def multiple(value: int) -> Element:
    return ristretto255.multiply_generator(_scalar(value))


def number(value: int) -> str:
    """A scalar's encoding."""
    return ristretto255.encode_integers([value]).hex()


@contextmanager
def _drawing(*values: int) -> Iterator[None]:
    """Within it, the group's random scalars are these."""
    drawn = map(_scalar, values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(ristretto255), "random_scalar", lambda group: next(drawn))
        yield
    assert not list(drawn)


class Log:
    """Three signed entries, their tree, a checkpoint and a receipt."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        authority, self.board = (SigningKey(Secret(_seed(first))) for first in (0x00, 0x20))
        self.records = [
            PhaseChange(election=ELECTION.id, phase=phase) for phase in ("issuance", "voting", "tally")
        ]
        self.entries = [sign_record(record, authority) for record in self.records]
        self.tree = MemoryTree()
        for entry in self.entries:
            parse_entry(entry).verify(authority.verify_key.data)
            self.tree.append(leaf_hash(entry))
        first = parse_entry(self.entries[0])
        self.values |= {
            "authority's seed": _seed(0x00).hex(),
            "authority's key": authority.verify_key.data.hex(),
            "body 0": first.body.decode(),
            "what is signed": signed_message(first.body).hex(),
            "signature": first.signature.hex(),
        }
        self.values |= {f"entry {i}": entry.decode() for i, entry in enumerate(self.entries)}
        self.values |= {f"leaf {i}": leaf_hash(entry).hex() for i, entry in enumerate(self.entries)}
        self.values |= {"node": self.tree.node(1, 0).hex(), "root": self.tree.root().hex()}
        self._sign()

    def _sign(self) -> None:
        signer, verifier = NoteSigner(ORIGIN, self.board), NoteVerifier(ORIGIN, self.board.verify_key)
        self.checkpoint = sign_checkpoint(Checkpoint(ORIGIN, 3, self.tree.root()), signer)
        self.receipt = format_receipt(1, self.tree.inclusion(1, 3), self.checkpoint)
        assert open_checkpoint(self.checkpoint, verifier, ORIGIN).root == self.tree.root()
        verify_receipt(self.receipt, self.entries[1], verifier, ORIGIN)
        self.values |= {
            "board's seed": _seed(0x20).hex(),
            "board's key": self.board.verify_key.data.hex(),
            "origin": ORIGIN,
            "key id": verifier.key_id.hex(),
        }


class Ceremony:
    """Two trustees, both needed."""

    def __init__(self) -> None:
        keys = [dkg.StaticKey(_scalar(value)) for value in (3, 5)]
        self.session = dkg.Session(
            2, tuple(key.public for key in keys), tagged_hash(Tag.CEREMONY_CONTEXT, ELECTION.id)
        )
        with _drawing(7, 8, 11):
            secret_1, message_1 = dkg.round1(self.session, 1, keys[0])
        with _drawing(9, 10, 12):
            secret_2, message_2 = dkg.round1(self.session, 2, keys[1])
        messages = [message_1, message_2]
        after = [dkg.round2(secret, messages) for secret in (secret_1, secret_2)]
        self.shares = [dkg.round3(state, [signature for _, signature in after]).share for state, _ in after]
        self.public = dkg.verify_round1(self.session, messages)
        confirmation = after[0][1]
        possession = possession_statement(self.session, message_1[:64], message_1[128:160])
        shared = (self.session.keys[1] * _scalar(11)).encode() + (self.session.keys[1] * _scalar(3)).encode()
        self.values = {
            "P_1": keys[0].public.hex(),
            "P_2": keys[1].public.hex(),
            "session id": self.session.session_id.hex(),
            "context": self.session.context.hex(),
            "key and nonce": dkg._sealing_key(self.session, shared, message_1[128:160], 1, 2).hex(),
            "message of t1": message_1.hex(),
            "message of t2": message_2.hex(),
            "commitment of t1": commitment_to(ELECTION, "t1", message_1).hex(),
            "commitment of t2": commitment_to(ELECTION, "t2", message_2).hex(),
            "c of t1's possession": number(schnorr._challenge(message_1[64:96], message_1[:32], possession)),
            "K": self.public.group_key.encode().hex(),
            "Y_1": self.public.verification_keys[0].encode().hex(),
            "Y_2": self.public.verification_keys[1].encode().hex(),
            "SHA-256 of the transcript": hashlib.sha256(self.public.transcript).hexdigest(),
            "confirmation of t1": confirmation.hex(),
            "c of t1's confirmation": number(
                schnorr._challenge(confirmation[:32], keys[0].public, self.public.transcript)
            ),
        }
        self.phrases = [
            f"= {self.session.message_size} bytes.",
            f"the transcript, which has {len(self.public.transcript)} bytes",
        ]
        assert [self.public.group_key, *self.public.verification_keys] == list(map(multiple, (16, 34, 52)))
        assert self.shares == [_scalar(34), _scalar(52)]


def _contest(tally: Literal["homomorphic", "mixnet"] = "homomorphic") -> ChoiceContest:
    return ChoiceContest(
        id="people",
        labels={"en": "People"},
        options=(Option(id="an", labels={"en": "An"}),),
        base="collected",
        rules=(),
        allow_blank=True,
        tally=tally,
    )


class Ballot:
    """One contest with one ciphertext, for the second of two choices."""

    def __init__(self, key: Element) -> None:
        ballot_key = SigningKey(Secret(_seed(0x40))).verify_key.data
        plan = plan_contest(_contest(), 3)
        assert plan.lines[0].weights == ((0,), (1,))
        self.ciphertext = Ciphertext(multiple(13), multiple(1) + key * _scalar(13))
        tag = (Tag.BALLOT_PROOF, ELECTION.id, key.encode(), "people", ballot_key)
        session_id = session(ristretto255, *tag)
        statement = plan.statement(key, self.ciphertext)
        # A nonce and a challenge for each branch; that of the true one is replaced.
        with _drawing(21, 22, 23, 24):
            proof = disjunction.prove(session_id, statement, [Knowledge(1, [_scalar(13)], {})])
        verify_batch(ristretto255, [disjunction.parse("people", session_id, statement, proof)])
        c = derive_challenge(ristretto255, session_id, statement.serialized, proof[:128])
        code = code_of(SHORT_BODY)
        self.values = {
            "ballot key's seed": _seed(0x40).hex(),
            "ballot key": ballot_key.hex(),
            "what registrars sign": credential_message(ELECTION.id, ballot_key).hex(),
            "ciphertext": self.ciphertext.encode(ristretto255).hex(),
            "session": session_id.hex(),
            "SHA-256 of the statement": hashlib.sha256(statement.serialized).hexdigest(),
            "commitments": proof[:128].hex(),
            "c": number(c),
            "c of branch 0": proof[128:160].hex(),
            "c of branch 1": number((c - 22) % ristretto255.order),
            "z of branch 0": proof[160:192].hex(),
            "z of branch 1": proof[192:].hex(),
            "body": SHORT_BODY.decode(),
            "code": code.hex(),
            "as shown": format_code(code),
        }
        self.phrases = [
            f"The statement has {len(statement.serialized)} bytes",
            f"The [proof](ballot.md#proof) has {len(proof)} bytes",
        ]
        assert proof[128:192].hex() == number(22) + number(21 + 22 * 13)


def tally_values(log: Log, ceremony: Ceremony, ballot: Ballot) -> dict[str, str]:
    """Both trustees' shares of a tally of that one ballot."""
    tally = EncryptedTally(1, (ballot.ciphertext,), log.tree.root())
    key = ceremony.public.verification_keys[0]
    shares = [ballot.ciphertext.pad * secret for secret in ceremony.shares]
    relation = share_relation(key, tally, shares[:1])
    session_id = share_session(ELECTION, "t1", tally)
    with _drawing(31):
        proof = prove_batchable(session_id, relation, ceremony.shares[:1])
    record = DecryptionShare(
        election=ELECTION.id, trustee="t1", basis=tally.root, shares=shares[0].encode(), proof=proof
    )
    assert check_share(ELECTION, key, tally, record) == (shares[0],)
    value = combine(ristretto255, ballot.ciphertext, dict(enumerate(shares, 1)))
    assert value == multiple(1)
    challenge = derive_challenge(ristretto255, session_id, relation.serialize(), proof[:64])
    return {
        "session of t1": session_id.hex(),
        "statement of t1": relation.serialize().hex(),
        "commitments of t1": proof[:64].hex(),
        "c of t1": number(challenge),
        "z of t1": proof[64:].hex(),
        "D of t1": shares[0].encode().hex(),
        "D of t2": shares[1].encode().hex(),
        "lambda_1": number(lagrange_at_zero(1, [1, 2], ristretto255.order)),
        "lambda_2": number(lagrange_at_zero(2, [1, 2], ristretto255.order)),
        "V": value.encode().hex(),
    }


class Mixing:
    """Two ballots' rows of the contest, the other one blank: shuffled by one mixer, and decrypted by trustee 1."""

    def __init__(self, log: Log, ceremony: Ceremony, ballot: Ballot) -> None:
        self.key = EncryptionKey(ristretto255, ceremony.public.group_key)
        blank = Ciphertext(multiple(14), self.key.element * _scalar(14))
        inputs = ballot.ciphertext.encode(ristretto255) + blank.encode(ristretto255)
        root = log.tree.root()
        (batch,) = batches([plan_contest(_contest(tally="mixnet"), 3)])
        mixing = tally_mixing.Mixing(
            ELECTION, self.key.element, [batch], 2, lambda _: inputs, root, HeldAttachments()
        )
        self.session_id = mixing.session(batch, 1, "m1")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("secrets.SystemRandom.shuffle", lambda self, rows: rows.reverse())
            with _drawing(15, 17):
                self.shuffle, secret = shuffling.shuffle_rows(self.key, 1, inputs)
        with _drawing(*range(41, 53)):
            self.proof = shuffling.prove(self.session_id, self.key, self.shuffle, secret)
        outputs = bytes(self.shuffle.outputs)
        self._show_shuffle(inputs, outputs)
        self._show_share(mixing.share_session(batch, "t1"), ceremony, outputs)
        for name, mark in {"An": b"An", "a blank": b""}.items():
            (element,) = embed(ristretto255, mark, 1)
            self.values[f"element of {name}"] = element.encode().hex()

    def _show_shuffle(self, inputs: bytes, outputs: bytes) -> None:
        bases = generators(ristretto255)
        layout = Layout(ristretto255, 2, 1)
        transcript = Transcript(self.session_id, self.shuffle)
        u = decode_challenges(ristretto255, transcript.commit(self.proof[layout.first]), 0, 2)
        x = transcript.challenge(self.proof[layout.second])
        elements = [self.proof[at : at + 32].hex() for at in range(0, len(self.proof), 32)]
        self.values = {
            "h_0": bases.blinding.encode().hex(),
            **{f"h_{i}": one.encode().hex() for i, one in enumerate(bases.first(2), 1)},
            "inputs": inputs.hex(),
            "outputs": outputs.hex(),
            "session of m1": self.session_id.hex(),
            **{f"u_{i}": number(one) for i, one in enumerate(u, 1)},
            "x": number(x),
            **dict(zip(SHUFFLE_PARTS, elements, strict=True)),
        }

    def _show_share(self, session_id: bytes, ceremony: Ceremony, outputs: bytes) -> None:
        pads = outputs[:32] + outputs[64:96]
        key, secret = ceremony.public.verification_keys[0], ceremony.shares[0]
        statement = Equality(ristretto255, key, pads, equality.multiply(ristretto255, pads, secret))
        with _drawing(53):
            proof = equality.prove(session_id, statement, secret)
        equality.verify(session_id, statement, proof)
        transcript = equality._Transcript(session_id, statement)
        self.values |= {
            "session of t1's lines": session_id.hex(),
            "D of t1's lines": bytes(statement.shares).hex(),
            "v_0": transcript.weights[:16].hex(),
            "v_1": transcript.weights[16:].hex(),
            "c of t1's lines": number(transcript.challenge(proof[:64])),
            "T": proof[:32].hex(),
            "T*": proof[32:64].hex(),
            "z of t1's lines": proof[64:].hex(),
        }
