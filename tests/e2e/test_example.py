"""Every value of the specification's example, computed anew; and the examples that its other pages show."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from secretballot.ballot.contest_kinds import plan_contest
from secretballot.crypto import shuffle
from secretballot.crypto.discrete_log import split_digits
from secretballot.crypto.embedding import embed
from secretballot.crypto.encoding import Tag, frame, tagged_hash
from secretballot.crypto.generators import MAX_GENERATORS, generators
from secretballot.crypto.group import Group, ristretto255
from secretballot.crypto.sigma import derive_challenge, session
from secretballot.errors import CryptoError, InvalidElementError
from secretballot.manifest import ChoiceContest, Option, RatingContest
from secretballot.manifest.capacity import digits_per_ciphertext, search_steps
from tests.support.backends import BACKENDS, name_of
from tests.support.example import (
    ELECTION,
    SHUFFLE_PARTS,
    Ballot,
    Ceremony,
    Log,
    Mixing,
    multiple,
    number,
    tally_values,
)

SPEC = Path(__file__).resolve().parents[2] / "docs" / "spec"
PAGE = SPEC / "example.md"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the specification is not beside the tests")


@pytest.fixture(scope="module")
def log() -> Log:
    return Log()


@pytest.fixture(scope="module")
def values(log: Log) -> dict[str, str]:
    ceremony = Ceremony()
    ballot = Ballot(ceremony.public.group_key)
    parts = [log.values, ceremony.values, ballot.values, tally_values(log, ceremony, ballot)]
    parts.append(Mixing(log, ceremony, ballot).values)
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


def test_checkpoint_and_receipt_of_the_example(log: Log) -> None:
    texts = [block for language, block in _blocks(PAGE.read_text(encoding="utf-8")) if language == "text"]
    assert texts == [log.checkpoint, log.receipt]


@pytest.mark.parametrize("backend", BACKENDS, ids=name_of)
def test_the_shuffle_of_the_example_verifies(backend: Group) -> None:
    """Its bytes as they stand on the page, by each backend; and not with a bit changed in any part."""
    blocks = _blocks(PAGE.read_text(encoding="utf-8"))
    shown = {
        name: value for language, block in blocks if not language for name, value in _read(block).items()
    }
    key = backend.decode_elements(bytes.fromhex(shown["K"]))[0]
    inputs, outputs, session_id = (
        bytes.fromhex(shown[name]) for name in ("inputs", "outputs", "session of m1")
    )
    proof = bytes.fromhex("".join(shown[name] for name in SHUFFLE_PARTS))
    shuffle.verify(session_id, shuffle.Shuffle(backend, key, 1, inputs, outputs), proof)
    for at in range(0, len(proof), 32):
        changed = bytearray(proof)
        changed[at] ^= 2
        with pytest.raises(CryptoError):
            shuffle.verify(session_id, shuffle.Shuffle(backend, key, 1, inputs, outputs), changed)


def test_no_value_stands_outside_the_blocks() -> None:
    prose = re.sub(r"^```.*?^```$", "", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert not re.search(r"[0-9a-f]{16}|[A-Za-z0-9+/]{40}", prose)
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) < 300


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
    assert f"`G` is `{multiple(1).encode().hex()}`, and `2 G` is `{multiple(2).encode().hex()}`" in page
    assert f"is `{_statement_session().hex()}`" in page


def _statement_session() -> bytes:
    fields: Sequence[bytes | str] = (ELECTION.id, multiple(2).encode(), "people", bytes([0x22]) * 32)
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
    statement = plan.statement(multiple(2), [multiple(3), multiple(5)])
    assert f"It has {len(statement.serialized)} bytes" in page
    assert f"its SHA-256 is `{hashlib.sha256(statement.serialized).hexdigest()}`" in page
    commitments = ristretto255.encode_elements(map(multiple, range(7, 13)))
    challenge = derive_challenge(ristretto255, _statement_session(), statement.serialized, commitments)
    assert f"`{number(challenge)}`" in page
    header = plan.lines[0].shapes[1].header.hex()
    assert f"the branch's header has {len(header) // 2} bytes" in page
    one = number(1)
    shown = re.search(r"header has 208 bytes: (.*?) \*\*Clause of an approval", page)
    assert shown is not None
    written = "".join(re.findall(r"\b[0-9a-f]{2,}…00\b|\b[0-9a-f]{8,}\b", shown[1]))
    assert written.replace("0100…00", one) == header
    (blank,) = embed(ristretto255, b"", 1)
    assert blank.encode() == bytes([4]) + bytes(31)
    assert "the encoding of `04` and 31 zero bytes" in page
    for first, why in ((0, "the identity"), (2, "not the canonical encoding")):
        with pytest.raises(InvalidElementError, match=why):
            ristretto255.decode_elements(bytes([first]) + bytes(31))


def test_generators_of_shuffle() -> None:
    shown = re.search(r"domain-separation tag `([^`]+)`, (\d+) bytes of ASCII", _page("shuffle.md"))
    assert shown is not None
    assert len(shown[1].encode("ascii")) == int(shown[2])
    bases = generators(ristretto255)
    for place, base in enumerate([bases.blinding, *bases.first(2)]):
        assert ristretto255.hash_to_element(place.to_bytes(8, "big"), shown[1].encode("ascii")) == base
    assert f"h_{MAX_GENERATORS}," in _page("shuffle.md")


def test_checkpoint_of_board(log: Log) -> None:
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
