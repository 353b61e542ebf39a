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

import json
from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import pytest

from secretballot.board import ElectionRecord
from secretballot.crypto.encoding import b64encode
from secretballot.crypto.merkle import Frontier, leaf_hash
from secretballot.crypto.note import Checkpoint, NoteSigner, open_checkpoint, sign_checkpoint, sign_note
from secretballot.crypto.receipt import parse_receipt
from secretballot.crypto.signing import SigningKey
from secretballot.records import parse_entry, sign_body
from secretballot.testing.tamper import jsontree
from secretballot.testing.tamper.mutations import flipped
from secretballot.verify import Report, Status, Verdict, verify_entries, verify_record

from .accomplices import BALLOTS, NAMED_PLACES, PLACES, SEAL, TALLY, VOTERS, Held, failed, findings, named

PREFIX, MIDDLE, SUFFIX = b'{"body":', b',"signature":"', b'"}'

every_place = pytest.mark.parametrize("place", range(len(PLACES)), ids=NAMED_PLACES)


pytestmark = pytest.mark.usefixtures("remembered")


# The changes of a member.


class Change(NamedTuple):
    """What was done, and the body that came of it."""

    name: str
    body: bytes


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
    """Who the same members are taken from: another party's entry of the kind, the same entry of another election, and
    the same voter's other ballot."""
    out = {"another election": jsontree.parse(parse_entry(foreign.entries[place]).body)}
    same = [i for i, kind in enumerate(PLACES) if kind == PLACES[place] and i != place]
    others = [i for i in same if place not in VOTERS or VOTERS[i] != VOTERS[place]]
    if others:
        other_entry = next((i for i in others if i > place), others[0])
        out["another entry"] = jsontree.parse(parse_entry(held.entries[other_entry]).body)
    for own in set(same) - set(others):
        out["the own other ballot"] = jsontree.parse(parse_entry(held.entries[own]).body)
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

#: Changes by whoever signs the entry that leave an honest election. Any other must fail, and these must not.
HONEST = {
    # The hash of a blinded request is opaque to everyone but the voter who sent it. The register only counts.
    "issuance": {"request flipped", "request swapped with another election"},
    # A voter may vote in one contest as in another ballot of the own: proofs are bound to the ballot key.
    "ballot": {
        "contests.0 swapped with the own other ballot",
        "contests.1 swapped with the own other ballot",
    },
}
#: A false commitment shows when its trustee's message does not open it.
OPENED_BY = {1: 4, 2: 5, 3: 6}


@every_place
def test_a_changed_member_under_a_good_signature_is_found(held: Held, foreign: Held, place: int) -> None:
    """Strength c: the role itself is the attacker, and has accomplices."""
    honest = HONEST.get(PLACES[place], set())
    for change in changes(parse_entry(held.entries[place]).body, donors(held, foreign, place), readable=True):
        entries = held.replaced(place, sign_body(change.body, held.key(place)))
        if place < TALLY:
            entries = held.collude(entries[:TALLY])
        # Another manifest is found by its id, which was announced.
        report = held.verify(entries, held.simulation.election.id)
        if change.name in honest:
            assert report.verdict is Verdict.VERIFIED, (change.name, findings(report))
            continue
        assert report.verdict is Verdict.FAILED, change.name
        shown_at = {place, OPENED_BY.get(place, place)}
        if "swapped with another entry" in change.name or "own other ballot" in change.name:
            # Of two that are alike now, the later one is the copy.
            shown_at |= {other for other, kind in enumerate(PLACES) if kind == PLACES[place]}
        assert any(named(report, shown) for shown in shown_at), (change.name, findings(report))


# Whole entries.


def moves(entries: list[bytes], place: int) -> Iterator[tuple[str, list[bytes]]]:
    """The entries with one dropped, repeated or moved."""
    entry, rest = entries[place], entries[:place] + entries[place + 1 :]
    yield "dropped", rest
    yield "repeated", [*entries[:place], entry, *entries[place:]]
    yield "repeated at the end", [*entries, entry]
    yield "moved to the end", [*rest, entry]
    yield "moved to the front", [entry, *rest]
    yield "moved behind the manifest", [rest[0], entry, *rest[1:]]
    if place + 1 < len(entries):
        yield "swapped with the next", [*rest[: place + 1], entry, *rest[place + 1 :]]


@every_place
def test_a_dropped_repeated_or_moved_entry_is_found(held: Held, place: int) -> None:
    """Strengths a and b."""
    for name, entries in moves(held.entries, place):
        if entries == held.entries:
            continue
        report = verify_entries(entries, held.checkpoint)
        assert report.verdict is not Verdict.VERIFIED, name
        assert "L5" in failed(report) or not report.election, name
        report = held.verify(entries)
        if (place, name) == (TALLY, "swapped with the next"):
            # Shares say the same in any order, and nothing is bound to it.
            assert report.verdict is Verdict.VERIFIED
        elif (PLACES[place], name) == ("result", "dropped"):
            assert report.verdict is Verdict.INCOMPLETE
        else:
            assert report.verdict is Verdict.FAILED, name


def is_another_honest_log(place: int, name: str) -> bool:
    """Whether the log might have come about like this, had everybody been honest.

    A ballot that was never posted, and the order in which parties of one kind post, change nothing that others are
    bound to, until the trustees decrypt. What finds this is whoever holds a checkpoint from before.
    """
    alike = place + 1 < TALLY and PLACES[place] == PLACES[place + 1] and PLACES[place] != "issuance"
    voting = BALLOTS[0] <= place < BALLOTS[-1]
    if PLACES[place] == "ceremony-commitment" and name == "moved behind the manifest":
        return True
    return (name == "swapped with the next" and (alike or voting)) or (name == "dropped" and place in VOTERS)


@pytest.mark.parametrize("place", range(1, SEAL), ids=NAMED_PLACES[1:SEAL])
def test_a_dropped_repeated_or_moved_entry_with_accomplices(held: Held, place: int) -> None:
    """Strength c."""
    for name, entries in moves(held.entries[:SEAL], place):
        if entries == held.entries[:SEAL]:
            continue
        report = held.verify(held.collude(entries))
        if is_another_honest_log(place, name):
            assert report.verdict is Verdict.VERIFIED, (name, findings(report))
            shown = open_checkpoint(
                parse_receipt(held.receipts[max(place, BALLOTS[0])]).checkpoint_note, *held.board
            )
            assert shown.root != root_of(entries[: shown.size]), name
        else:
            assert report.verdict is Verdict.FAILED, name


def root_of(entries: Sequence[bytes]) -> bytes:
    frontier = Frontier()
    for raw in entries:
        frontier.append(leaf_hash(raw))
    return frontier.root()


@pytest.mark.parametrize("size", range(len(PLACES)))
def test_a_log_cut_after_any_entry_is_not_verified(held: Held, size: int) -> None:
    """Strengths a and b: a beginning of an honest log is incomplete, and no more than that; but it has a beginning."""
    entries = held.entries[:size]
    report = held.verify(entries)
    assert report.verdict is (Verdict.INCOMPLETE if size else Verdict.FAILED), findings(report)
    assert not any(rule.status is Status.PASSED and rule.rule.startswith("T3") for rule in report.rules)
    assert verify_entries(entries, held.checkpoint).verdict is Verdict.FAILED


# Signatures.


def signatures(held: Held, place: int) -> Iterator[tuple[str, str]]:
    """Text in place of the entry's signature."""
    good = parse_entry(held.entries[place]).signature
    text = b64encode(good)
    for byte in (0, 31, 32, 63):
        yield f"bit of byte {byte}", b64encode(good[:byte] + bytes([good[byte] ^ 1]) + good[byte + 1 :])
    order = 2**252 + 27742317777372353535851937790883648493
    raised = int.from_bytes(good[32:], "little") + order
    yield "s + order", b64encode(good[:32] + raised.to_bytes(32, "little"))
    yield "nothing but zeros", b64encode(bytes(64))
    yield "the identity and zero", b64encode(b"\x01" + bytes(63))
    yield "another entry's", b64encode(parse_entry(held.entries[place - 1]).signature)
    yield "last bits not canonical", text[:-1] + chr(ord(text[-1]) + 1)
    yield "cut", text[:-1]
    yield "longer", text + "A"
    yield "padded", text + "=="
    yield "another alphabet", "+" + text[1:]
    yield "empty", ""


@every_place
def test_another_signature_is_found(held: Held, place: int) -> None:
    signed = parse_entry(held.entries[place])
    for name, text in signatures(held, place):
        entry = PREFIX + signed.body + MIDDLE + text.encode() + SUFFIX
        assert entry != held.entries[place], name
        report = held.verify(held.replaced(place, entry))
        check_refused(report, place, name)
        assert failed(report) & {"M1", "M2", "L1", "L4"}, name


@pytest.mark.parametrize("place", [0, 1, 15, 16, 23], ids=[NAMED_PLACES[i] for i in (0, 1, 15, 16, 23)])
def test_an_entry_in_another_form_is_found(held: Held, place: int) -> None:
    signed = parse_entry(held.entries[place])
    signature = b64encode(signed.signature).encode()
    body, key = signed.body, held.key(place)
    forms = {
        "nothing": b"",
        "a byte less": held.entries[place][:-1],
        "cut in the middle": held.entries[place][: len(held.entries[place]) // 2],
        "a carriage return": held.entries[place] + b"\r",
        "a byte-order mark": b"\xef\xbb\xbf" + held.entries[place],
        "white space": held.entries[place].replace(b",", b", ", 1),
        "the signature first": b'{"signature":"' + signature + b'","body":' + body + b"}",
        "a third member": PREFIX + body + b',"more":0' + MIDDLE + signature + SUFFIX,
        "the body as text": PREFIX + json.dumps(body.decode()).encode() + MIDDLE + signature + SUFFIX,
        # What is signed again is refused all the same where it is not canonical.
        "a space in the body": sign_body(body.replace(b",", b", ", 1), key),
        "data after the body": sign_body(body + b" ", key),
        "an escape that is not needed": sign_body(
            body.replace(b"manifest", b"m\\u0061nifest").replace(b'en"', b'\\u0065n"'), key
        ),
        "a body within the body": sign_body(PREFIX + body + b"}", key),
        "UTF-16": sign_body(body.decode().encode("utf-16"), key),
        "not UTF-8": sign_body(body[:-1] + b"\xff}", key),
        "a NUL": sign_body(body + b"\0", key),
        "another version": sign_body(body.replace(b"secretballot/1", b"secretballot/2", 1), key),
        "no members": sign_body(b"{}", key),
        "a list": sign_body(b"[" + body + b"]", key),
    }
    for name, entry in forms.items():
        if entry == held.entries[place]:
            continue
        check_refused(held.verify(held.replaced(place, entry)), place, name)


# The checkpoint.


def checkpoints(held: Held) -> Iterator[tuple[str, str]]:
    """Changed checkpoints of the unchanged log."""
    note = held.checkpoint.decode()
    lines = note.split("\n")
    for number, line in enumerate(lines):
        yield f"line {number} dropped", "\n".join(lines[:number] + lines[number + 1 :])
        yield f"line {number} repeated", "\n".join([*lines[:number], line, *lines[number:]])
        yield f"line {number} with a space", "\n".join([*lines[:number], line + " ", *lines[number + 1 :]])
        if line:
            yield f"line {number} emptied", "\n".join([*lines[:number], "", *lines[number + 1 :]])
            for place in (0, len(line) // 2, len(line) - 1):
                changed = line[:place] + ("B" if line[place] == "A" else "A") + line[place + 1 :]
                yield (
                    f"line {number}, character {place}",
                    "\n".join([*lines[:number], changed, *lines[number + 1 :]]),
                )
    for number in range(len(lines) - 1):
        swapped = [*lines[:number], lines[number + 1], lines[number], *lines[number + 2 :]]
        yield f"lines {number} and {number + 1} swapped", "\n".join(swapped)
    yield "nothing", ""
    yield "Windows line ends", note.replace("\n", "\r\n")
    yield "a leading zero", note.replace(f"\n{len(PLACES)}\n", f"\n0{len(PLACES)}\n")
    yield "a sign", note.replace(f"\n{len(PLACES)}\n", f"\n+{len(PLACES)}\n")
    yield "Arabic digits", note.replace(f"\n{len(PLACES)}\n", "\n\u0662\u0664\n")
    yield "another dash", note.replace("\u2014", "-")


def test_a_changed_checkpoint_is_found(held: Held) -> None:
    """Strength a."""
    for name, note in checkpoints(held):
        if note != held.checkpoint.decode():
            report = verify_entries(held.entries, note.encode())
            assert report.verdict is Verdict.FAILED, name
            assert failed(report) == {"L5"}, name


def test_a_checkpoint_of_something_else_is_found(held: Held, foreign: Held) -> None:
    """Strength b, and whoever has a key of their own."""
    keys, size, root = held.simulation.board_keys, len(PLACES), root_of(held.entries)
    stranger = SigningKey.generate()
    text = Checkpoint(keys.origin, size, root).to_text()
    for name, note in {
        "another size": keys.sign(size + 1, root),
        "another root": keys.sign(size, leaf_hash(root)),
        "of the log one entry ago": keys.sign(size - 1, root_of(held.entries[:-1])),
        "of another election": foreign.checkpoint.decode(),
        "by another key under the board's name": sign_note(text, NoteSigner(keys.origin, stranger)),
        "by the authority under the board's name": sign_note(text, NoteSigner(keys.origin, held.key(0))),
        "by the board under another name": sign_note(text, NoteSigner("elsewhere.example", keys._key)),
        "of another origin": sign_note(
            Checkpoint("elsewhere.example", size, root).to_text(), NoteSigner(keys.origin, keys._key)
        ),
    }.items():
        report = verify_entries(held.entries, note.encode())
        assert report.verdict is Verdict.FAILED, name
        assert failed(report) == {"L5"}, name


def test_what_may_be_added_to_a_checkpoint(held: Held) -> None:
    """C2SP: others may sign the same text, and the board may say more in extension lines. Neither says less."""
    keys, size, root = held.simulation.board_keys, len(PLACES), root_of(held.entries)
    signer, stranger = (
        NoteSigner(keys.origin, keys._key),
        NoteSigner("witness.example", SigningKey.generate()),
    )
    text = Checkpoint(keys.origin, size, root).to_text()
    for note in (
        sign_note(text, signer, stranger),
        sign_checkpoint(Checkpoint(keys.origin, size, root, ("an extension",)), signer),
    ):
        assert verify_entries(held.entries, note.encode()).verdict is Verdict.VERIFIED


# The directory.


def test_a_changed_file_is_found(held: Held, tmp_path: FilePath) -> None:
    """Strength a, as the auditor's copy of the record."""
    entries = tmp_path / "entries.jsonl"
    (tmp_path / "checkpoint").write_bytes(held.checkpoint)
    good = b"".join(raw + b"\n" for raw in held.entries)
    files = {
        "nothing": b"",
        "the last line feed missing": good[:-1],
        "one line feed more": good + b"\n",
        "an empty line first": b"\n" + good,
        "an empty line within": good.replace(b"\n", b"\n\n", 1),
        "a line feed within an entry": good.replace(b",", b",\n", 1),
        "Windows line ends": good.replace(b"\n", b"\r\n"),
        "old Macintosh line ends": good.replace(b"\n", b"\r"),
        "two entries on a line": good.replace(b"\n", b"", 1),
        "a byte-order mark": b"\xef\xbb\xbf" + good,
        "garbage behind": good + b"garbage",
        "a line of garbage behind": good + b"garbage\n",
        "NUL bytes behind": good + bytes(100),
        "twice": good + good,
        "upside down": b"".join(raw + b"\n" for raw in reversed(held.entries)),
        "cut within the last entry": good[:-100],
        "cut within the manifest": good[:100],
    }
    for name, data in files.items():
        entries.write_bytes(data)
        report = verify_record(ElectionRecord(tmp_path))
        assert report.verdict is not Verdict.VERIFIED, name
    entries.write_bytes(good)
    assert verify_record(ElectionRecord(tmp_path)).verdict is Verdict.VERIFIED
    (tmp_path / "checkpoint").write_bytes(held.checkpoint + b"\n")
    assert verify_record(ElectionRecord(tmp_path)).verdict is Verdict.FAILED
