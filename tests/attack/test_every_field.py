"""Every member of every entry of a small record is changed, one at a time; so is every entry, and the checkpoint.

The attackers come in three strengths:

a. the record's bytes are changed, and its checkpoint is the old one;
b. the board is malicious: it signs a checkpoint over the changed log;
c. besides, whoever signed the entry signs the changed one, and where it stands before the tally, two trustees and the
   authority decrypt and publish over the changed log whatever comes out.

The verifier never raises, never says "verified", and names the entry. The few changes that make another honest
election are listed, each with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import pytest

from secretballot.board import ElectionRecord
from secretballot.crypto.encoding import b64decode, b64encode
from secretballot.crypto.group import reference
from secretballot.crypto.merkle import Frontier, leaf_hash
from secretballot.crypto.note import Checkpoint, NoteSigner, sign_checkpoint, sign_note
from secretballot.crypto.signing import SigningKey
from secretballot.errors import EncodingError
from secretballot.records import parse_entry, sign_body
from secretballot.verify import Report, Verdict, verify_entries, verify_record

from . import jsontree
from .accomplices import BALLOTS, CHALLENGE, NAMED_PLACES, PLACES, TALLY, VOTERS, Held, failed, findings, named

PREFIX, MIDDLE, SUFFIX = b'{"body":', b',"signature":"', b'"}'

every_place = pytest.mark.parametrize("place", range(len(PLACES)), ids=NAMED_PLACES)


@pytest.fixture(scope="module", autouse=True)
def remembered() -> Iterator[None]:
    """What is computed again and again over the same bytes and numbers is computed once a worker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "decode", cache(reference.decode))
        compute = cache(reference.sum_of_products)
        patch.setattr(reference, "sum_of_products", lambda numbers, points: compute(tuple(numbers), tuple(points)))
        yield


# The changes of a member.


class Change(NamedTuple):
    """What was done, and the body that came of it."""

    name: str
    body: bytes


def flipped(value: Any) -> Any:
    """The nearest other value that may be read: a bit of the bytes, a digit, a letter, the order of a list."""
    match value:
        case bool():
            return not value
        case int():
            return value ^ 1
        case str() if len(value) > 20 and (data := bytes_of(value)):
            return b64encode(bytes([data[0] ^ 1]) + data[1:])
        case str() if value:
            last = value[-1]
            return value[:-1] + (str((int(last) + 1) % 10) if last.isdigit() else "b" if last == "a" else "a")
        case jsontree.Members():
            return type(value)(reversed(value))
        case list():
            return list(reversed(value))
    return None


def bytes_of(text: str) -> bytes:
    """The bytes of base64url text, or none."""
    try:
        return b64decode(text)
    except EncodingError:
        return b""


def empty(value: Any) -> Any:
    """Nothing, of the same type."""
    if value in ("", 0, [], False):
        return None
    return type(value)()


def other(value: Any) -> Any:
    """A value that has no business there."""
    if isinstance(value, str):
        return "x"
    if isinstance(value, bool):
        return "true"
    return 2**53 if isinstance(value, int) else "x"


def changes(body: bytes, donors: dict[str, Any], *, readable: bool) -> Iterator[Change]:
    """Every change of every member. With ``readable``, only those that may leave a record that can be read."""
    tree = jsontree.parse(body)
    for path, name in jsontree.paths(tree):
        value = jsontree.get(tree, path)
        trees = {"flipped": jsontree.put(tree, path, flipped(value))}
        for donor, donated in donors.items():
            try:
                trees[f"swapped with {donor}"] = jsontree.put(tree, path, jsontree.get(donated, path))
            except (IndexError, TypeError):
                continue
        if not readable:
            trees["dropped"] = jsontree.drop(tree, path)
            trees["duplicated"] = jsontree.repeat(tree, path)
            trees["emptied"] = jsontree.put(tree, path, empty(value))
            trees["another"] = jsontree.put(tree, path, other(value))
        for what, changed in trees.items():
            text = jsontree.dump(changed).encode()
            if text != body:
                yield Change(f"{name} {what}", text)


def donors(held: Held, foreign: Held, place: int) -> dict[str, Any]:
    """Who the same members are taken from: the next entry of the kind, and the same entry of another election."""
    same = [i for i, kind in enumerate(PLACES) if kind == PLACES[place] and VOTERS.get(i) != VOTERS.get(place, -1)]
    out = {"another election": jsontree.parse(parse_entry(foreign.entries[place]).body)}
    same = [i for i in same if i != place]
    if same:
        neighbour = next((i for i in same if i > place), same[0])
        out[f"entry {neighbour}"] = jsontree.parse(parse_entry(held.entries[neighbour]).body)
    return out


def unsigned(held: Held, place: int, body: bytes) -> bytes:
    """The entry with another body under its old signature."""
    signature = held.entries[place][-(len(SUFFIX) + 86) : -len(SUFFIX)]
    return PREFIX + body + MIDDLE + signature + SUFFIX


def check_refused(report: Report, place: int, what: str) -> None:
    assert report.verdict is Verdict.FAILED, what
    assert named(report, place), (what, findings(report))


@every_place
def test_a_changed_member_is_found(held: Held, foreign: Held, place: int) -> None:
    """Strengths a and b."""
    body = parse_entry(held.entries[place]).body
    count = 0
    for change in changes(body, donors(held, foreign, place), readable=False):
        entries = held.replaced(place, unsigned(held, place, change.body))
        check_refused(held.verify(entries), place, change.name)
        count += 1
        if count % 6 == 0:
            report = verify_entries(entries, held.checkpoint)
            check_refused(report, place, change.name)
            assert "L5" in failed(report) or not report.election, change.name
    assert count >= 6 * len(jsontree.parse(body)) - 3


# Strength c.

#: Changes by whoever signs the entry that leave an honest election, and why.
HONEST: dict = {
    # The hash of a blinded request is opaque to all but the voter who sent it: the register only counts.

}


@every_place
def test_a_changed_member_under_a_good_signature_is_found(held: Held, foreign: Held, place: int) -> None:
    """Strength c: the role itself is the attacker, and has accomplices."""
    entries = held.entries
    for change in changes(parse_entry(entries[place]).body, donors(held, foreign, place), readable=True):
        changed = held.replaced(place, sign_body(change.body, held.key(place)))
        if place < TALLY:
            changed = held.collude(changed[:TALLY])
        report = held.verify(changed)
        print(change.name, report.verdict, findings(report)[:3])
