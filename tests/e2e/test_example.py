"""Every value of the specification's example, computed anew; and the examples that its other pages show."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from secretballot.ballot.contest_kinds import plan_contest
from secretballot.ballot.records import code_of, format_code
from secretballot.board.records import PhaseChange
from secretballot.ceremony.checks import commitment_to
from secretballot.credential.checks import credential_message
from secretballot.crypto import disjunction, dkg, schnorr
from secretballot.crypto.batch import verify_batch
from secretballot.crypto.discrete_log import split_digits
from secretballot.crypto.disjunction import Knowledge
from secretballot.crypto.dkg_messages import possession_statement
from secretballot.crypto.elgamal import Ciphertext, combine
from secretballot.crypto.encoding import Tag, frame, tagged_hash
from secretballot.crypto.group import Element, Scalar, ristretto255
from secretballot.crypto.merkle import MemoryTree, leaf_hash
from secretballot.crypto.note import Checkpoint, NoteSigner, NoteVerifier, open_checkpoint, sign_checkpoint
from secretballot.crypto.receipt import format_receipt, verify_receipt
from secretballot.crypto.secret import Secret
from secretballot.crypto.sharing import lagrange_at_zero
from secretballot.crypto.sigma import derive_challenge, prove_batchable, session
from secretballot.crypto.signing import SigningKey
from secretballot.manifest import ChoiceContest, Option, RatingContest
from secretballot.manifest.capacity import digits_per_ciphertext, search_steps
from secretballot.records import parse_entry, sign_record, signed_message
from secretballot.tally.checks import check_share, share_relation, share_session
from secretballot.tally.encrypted import EncryptedTally
from secretballot.tally.records import DecryptionShare

SPEC = Path(__file__).resolve().parents[2] / "docs" / "spec"
PAGE = SPEC / "example.md"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the specification is not beside the tests")

ELECTION: Any = SimpleNamespace(id=bytes([0x11]) * 32)
ORIGIN = "example.org/votes/1"
#: Anything: it is hashed only.
SHORT_BODY = b'{"record":"secretballot/1/ballot"}'


def _seed(first: int) -> bytes:
    return bytes(range(first, first + 32))


def _scalar(value: int) -> Scalar:
    return ristretto255.scalar(value)


def _multiple(value: int) -> Element:
    return ristretto255.multiply_generator(_scalar(value))


def _number(value: int) -> str:
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


class _Log:
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


class _Ceremony:
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
            "c of t1's possession": _number(schnorr._challenge(message_1[64:96], message_1[:32], possession)),
            "K": self.public.group_key.encode().hex(),
            "Y_1": self.public.verification_keys[0].encode().hex(),
            "Y_2": self.public.verification_keys[1].encode().hex(),
            "SHA-256 of the transcript": hashlib.sha256(self.public.transcript).hexdigest(),
            "confirmation of t1": confirmation.hex(),
            "c of t1's confirmation": _number(
                schnorr._challenge(confirmation[:32], keys[0].public, self.public.transcript)
            ),
        }
        self.phrases = [
            f"= {self.session.message_size} bytes.",
            f"the transcript, which has {len(self.public.transcript)} bytes",
        ]
        assert [self.public.group_key, *self.public.verification_keys] == list(map(_multiple, (16, 34, 52)))
        assert self.shares == [_scalar(34), _scalar(52)]


class _Ballot:
    """One contest with one ciphertext, for the second of two choices."""

    def __init__(self, key: Element) -> None:
        ballot_key = SigningKey(Secret(_seed(0x40))).verify_key.data
        contest = ChoiceContest(
            id="people",
            labels={"en": "People"},
            options=(Option(id="an", labels={"en": "An"}),),
            base="collected",
            rules=(),
            allow_blank=True,
        )
        plan = plan_contest(contest, 3)
        assert plan.lines[0].weights == ((0,), (1,))
        self.ciphertext = Ciphertext(_multiple(13), _multiple(1) + key * _scalar(13))
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
            "c": _number(c),
            "c of branch 0": proof[128:160].hex(),
            "c of branch 1": _number((c - 22) % ristretto255.order),
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
        assert proof[128:192].hex() == _number(22) + _number(21 + 22 * 13)


def _tally(log: _Log, ceremony: _Ceremony, ballot: _Ballot) -> dict[str, str]:
    """Both trustees' shares of a tally of that one ballot."""
    tally = EncryptedTally(1, (ballot.ciphertext,), log.tree.root())
    key = ceremony.public.verification_keys[0]
    shares = [ballot.ciphertext.pad * secret for secret in ceremony.shares]
    relation = share_relation(key, tally, shares[:1])
    session_id = share_session(ELECTION, "t1", tally)
    with _drawing(31):
        proof = prove_batchable(session_id, relation, ceremony.shares[:1])
    record = DecryptionShare(election=ELECTION.id, trustee="t1", shares=shares[0].encode(), proof=proof)
    assert check_share(ELECTION, key, tally, record) == (shares[0],)
    value = combine(ristretto255, ballot.ciphertext, dict(enumerate(shares, 1)))
    assert value == _multiple(1)
    challenge = derive_challenge(ristretto255, session_id, relation.serialize(), proof[:64])
    return {
        "session of t1": session_id.hex(),
        "statement of t1": relation.serialize().hex(),
        "commitments of t1": proof[:64].hex(),
        "c of t1": _number(challenge),
        "z of t1": proof[64:].hex(),
        "D of t1": shares[0].encode().hex(),
        "D of t2": shares[1].encode().hex(),
        "lambda_1": _number(lagrange_at_zero(1, [1, 2], ristretto255.order)),
        "lambda_2": _number(lagrange_at_zero(2, [1, 2], ristretto255.order)),
        "V": value.encode().hex(),
    }


@pytest.fixture(scope="module")
def log() -> _Log:
    return _Log()


@pytest.fixture(scope="module")
def values(log: _Log) -> dict[str, str]:
    ceremony = _Ceremony()
    ballot = _Ballot(ceremony.public.group_key)
    parts = [log.values, ceremony.values, ballot.values, _tally(log, ceremony, ballot)]
    for phrase in ceremony.phrases + ballot.phrases:
        assert phrase in _page("example.md")
    merged = {name: value for part in parts for name, value in part.items()}
    assert len(merged) == sum(map(len, parts))
    return merged


def _blocks(page: str) -> list[tuple[str, str]]:
    """The fenced blocks: language and text."""
    return re.findall(r"^```([a-z]*)\n(.*?)^```$", page, re.M | re.S)


def _read(block: str) -> dict[str, str]:
    """A block of values: a name, two spaces or more, and the value, which may go on in further lines."""
    found: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        match = re.fullmatch(r"(?:(\S+(?: \S+)*) {2,}| +)(\S+)", line)
        assert match is not None, line
        if match[1]:
            name = match[1]
            assert name not in found, name
        found[name] = found.get(name, "") + match[2]
    return found


def test_every_value_of_the_example(values: dict[str, str]) -> None:
    shown: dict[str, str] = {}
    for language, block in _blocks(PAGE.read_text(encoding="utf-8")):
        if not language:
            part = _read(block)
            assert not shown.keys() & part.keys()
            shown |= part
    assert shown == values


def test_checkpoint_and_receipt_of_the_example(log: _Log) -> None:
    texts = [block for language, block in _blocks(PAGE.read_text(encoding="utf-8")) if language == "text"]
    assert texts == [log.checkpoint, log.receipt]


def test_no_value_stands_outside_the_blocks() -> None:
    prose = re.sub(r"^```.*?^```$", "", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert not re.search(r"[0-9a-f]{16}|[A-Za-z0-9+/]{40}", prose)
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) < 250


def test_a_changed_value_is_seen() -> None:
    assert _read("K  ab\n   cd\ntwo words   12\n") == {"K": "abcd", "two words": "12"}
    for wrong in ("K ab\n", "K  a b\n", "K  ab\nK  ab\n"):
        with pytest.raises(AssertionError):
            _read(wrong)


# The examples of the other pages.


def _page(name: str) -> str:
    """A page's text, its line breaks as spaces."""
    return " ".join((SPEC / name).read_text(encoding="utf-8").split())


def test_examples_of_encoding() -> None:
    page = _page("encoding.md")
    framed = frame("ab", 1).hex()
    assert (
        f'`frame("ab", 1)` is, in hexadecimal, `{framed[:16]} {framed[16:20]} {framed[20:36]} {framed[36:]}`'
        in page
    )
    assert f"is `{tagged_hash(Tag.ELECTION_ID, b'{}').hex()}`" in page
    assert f"`G` is `{_multiple(1).encode().hex()}`, and `2 G` is `{_multiple(2).encode().hex()}`" in page
    assert f"is `{_statement_session().hex()}`" in page


def _statement_session() -> bytes:
    fields: Sequence[bytes | str] = (ELECTION.id, _multiple(2).encode(), "people", bytes([0x22]) * 32)
    return session(ristretto255, Tag.BALLOT_PROOF, *fields)


def test_examples_of_ballot() -> None:
    page = _page("ballot.md")
    contest = ChoiceContest(
        id="people",
        labels={"en": "People"},
        options=tuple(Option(id=one, labels={"en": one}) for one in ("a", "b")),
        base="collected",
        rules=(),
        allow_blank=True,
    )
    plan = plan_contest(contest, 3)
    assert plan.lines[0].weights == ((0,), (1,), (4,))
    statement = plan.statement(_multiple(2), [_multiple(3), _multiple(5)])
    assert f"It has {len(statement.serialized)} bytes" in page
    assert f"its SHA-256 is `{hashlib.sha256(statement.serialized).hexdigest()}`" in page
    commitments = ristretto255.encode_elements(map(_multiple, range(7, 13)))
    challenge = derive_challenge(ristretto255, _statement_session(), statement.serialized, commitments)
    assert f"`{_number(challenge)}`" in page
    header = plan.lines[0].shapes[1].header.hex()
    assert f"the branch's header has {len(header) // 2} bytes" in page
    one = _number(1)
    shown = re.search(r"header has 208 bytes: (.*?) \*\*Clause of an approval", page)
    assert shown is not None
    written = "".join(re.findall(r"\b[0-9a-f]{2,}…00\b|\b[0-9a-f]{8,}\b", shown[1]))
    assert written.replace("0100…00", one) == header


def test_checkpoint_of_board(log: _Log) -> None:
    (shown,) = [
        block for language, block in _blocks((SPEC / "board.md").read_text(encoding="utf-8")) if not language
    ]
    assert shown == log.checkpoint
    key = log.board.verify_key.data.hex()
    assert f"`{key}`" in _page("board.md")


def _options(number: int) -> tuple[Option, ...]:
    return tuple(Option(id=f"o{i}", labels={"en": "x"}) for i in range(number))


def _rating(lines: int, levels: int) -> RatingContest:
    return RatingContest(
        id="people",
        labels={"en": "People"},
        options=_options(lines),
        base="collected",
        rules=(),
        levels=_options(levels),
        allow_blank=True,
    )


def _numbers(row: str) -> list[list[int]]:
    """The numbers of each cell of a row, thousands apart."""
    cells = row.replace("2³⁴ − 1", str(2**34 - 1)).strip().strip("|").split("|")
    return [[int(n) for n in re.findall(r"\d+", re.sub(r"(?<=\d) (?=\d{3}\b)", "", cell))] for cell in cells]


def test_weights_of_ballot() -> None:
    page = (SPEC / "ballot.md").read_text(encoding="utf-8")
    small, large = (plan_contest(_rating(1, 3), capacity).lines[0].weights for capacity in (500, 10_000))
    rows = re.findall(r"^\| (\d) .*? \| (\d+) \| (\d+), (\d+) \|$", page, re.M)
    assert [tuple(map(int, row)) for row in rows] == [
        (place, *small[place], *large[place]) for place in range(4)
    ]
    total = 2 * small[1][0] + small[2][0] + 3 * small[3][0]
    assert f"2 · 1 + 1 · 501 + 3 · 251001 = {total}" in page
    assert split_digits(total, 501, 3) == (2, 1, 3)


def test_capacities_of_manifest() -> None:
    page = (SPEC / "manifest.md").read_text(encoding="utf-8")
    table = re.search(r"^\| capacity (.*)\n.*\n\| d (.*)$", page, re.M)
    assert table is not None
    capacities, digits = (_numbers(row) for row in table.groups())
    assert len(capacities) == 9
    assert [[digits_per_ciphertext(capacity)] for (capacity,) in capacities] == digits
    rows = re.findall(r"^\| \d+ \| \d \+ 1 .*$", page, re.M)
    assert len(rows) == 8
    for lines, (levels, _), capacity, steps in map(_numbers, rows):
        assert [search_steps(_rating(*lines, levels), *capacity)] == steps
