"""What is held against a record from outside: a checkpoint at any size (L6), cosigners of the record's own (L7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from secretballot.board.keys import BoardKeys
from secretballot.crypto.cosignature import CosignatureSigner
from secretballot.crypto.merkle import EMPTY_ROOT, MemoryTree, leaf_hash
from secretballot.crypto.note import Checkpoint, NoteSigner, encode_base64, parse_note, sign_checkpoint
from secretballot.crypto.signing import SigningKey
from secretballot.errors import ArgumentError, NoteError
from secretballot.verify import (
    Pins,
    Report,
    RuleResult,
    Status,
    Verdict,
    engine,
    pins,
    verify_entries,
    verify_record,
)

from ..support import elections
from ..support.cosigners import NOW

Finished = elections.Finished


@pytest.fixture(scope="module")
def tree(finished: Finished) -> MemoryTree:
    out = MemoryTree()
    for raw in finished.entries:
        out.append(leaf_hash(raw))
    return out


def note(finished: Finished, tree: MemoryTree, size: int) -> str:
    """What the board signed when it had so many entries."""
    return finished.simulation.board_keys.sign(size, tree.root(size))


def verified(finished: Finished, pinned: Pins, entries: list[bytes] | None = None, **rest: Any) -> Report:
    return elections.verify(finished.simulation, entries or finished.entries, pins=pinned, **rest)


def failed(report: Report) -> list[str]:
    return [rule.rule for rule in report.rules if rule.status is Status.FAILED]


def message(rule: RuleResult) -> str:
    """What its one finding says. No finding of the log's step names a culprit."""
    (finding,) = rule.findings
    assert (rule.failed, finding.culprit) == (1, None)
    return f"{finding.item}: {finding.message}"


# L6.


def test_a_checkpoint_of_every_size(finished: Finished, tree: MemoryTree) -> None:
    for size in range(1, len(finished.entries) + 1):
        for checkpoint in (
            note(finished, tree, size),
            note(finished, tree, size).encode(),
            Checkpoint(finished.simulation.board_keys.origin, size, tree.root(size)),
        ):
            rule = verified(finished, Pins(checkpoint)).rule("L6")
            assert (rule.status, rule.checked, rule.failed, rule.reason) == (Status.PASSED, size, 0, "")


@pytest.mark.parametrize("size", [1, 2000, 20_000, 2**20])
def test_whatever_the_shards(finished: Finished, tree: MemoryTree, size: int) -> None:
    """The root is that of the pinned size, also where shards are examined ahead, by others, out of their order."""
    with patch.object(engine, "SHARD_SIZE", size), ThreadPoolExecutor(2) as executor:
        for place in range(1, len(finished.entries) + 1, 3):
            pinned = Pins(note(finished, tree, place))
            for run in (None, executor):
                rule = verified(finished, pinned, executor=run).rule("L6")
                assert (rule.status, rule.checked) == (Status.PASSED, place)


def test_a_contradiction_names_both_roots(finished: Finished, tree: MemoryTree) -> None:
    """Both are signed by the board: that proves what it did."""
    entries = [*finished.entries[:12], *finished.entries[13:]]
    other = elections.replay(entries).frontier.root
    assert other() != tree.root(len(entries))
    report = verified(finished, Pins(note(finished, tree, 14)), entries)
    assert "L6" in failed(report)
    assert report.rule("L5").status is Status.PASSED
    own = elections.replay(entries[:14]).frontier.root()
    assert message(report.rule("L6")) == (
        f"pinned checkpoint: over 14 entries it has the root {encode_base64(tree.root(14))}, "
        f"the record {encode_base64(own)}; the board signed both, and has shown two logs"
    )
    # Before the entry that is missing, the two histories agree.
    for size in (1, 5, 12):
        assert (
            verified(finished, Pins(note(finished, tree, size)), entries).rule("L6").status is Status.PASSED
        )
    for size in (13, 14, len(entries)):
        assert (
            verified(finished, Pins(note(finished, tree, size)), entries).rule("L6").status is Status.FAILED
        )


def test_the_board_is_not_accused_of_what_it_did_not_sign(finished: Finished, tree: MemoryTree) -> None:
    """The record's checkpoint is not over its entries: anybody can have changed them."""
    entries = [*finished.entries[:12], *finished.entries[13:]]
    good = elections.checkpoint(finished.simulation, finished.entries)
    report = verify_entries(entries, good, pins=Pins(note(finished, tree, 14)))
    assert {"L5", "L6"} <= set(failed(report))
    assert "signed both" not in message(report.rule("L6"))


def test_a_record_that_is_too_short(finished: Finished, tree: MemoryTree) -> None:
    report = verified(finished, Pins(note(finished, tree, 14)), finished.entries[:13])
    assert failed(report) == ["L6"]
    assert report.verdict is Verdict.FAILED
    assert message(report.rule("L6")) == "pinned checkpoint: it is over 14 entries, the record has 13"
    # As large as there is, and still counted.
    huge = finished.simulation.board_keys.sign(2**64 - 1, bytes(32))
    report = verified(finished, Pins(huge))
    assert (report.rule("L6").checked, report.rule("L6").failed) == (len(finished.entries), 1)


def test_the_pinned_checkpoint_is_of_this_board(finished: Finished, tree: MemoryTree) -> None:
    origin, root = finished.simulation.board_keys.origin, tree.root(14)
    key = finished.simulation.board_keys._key
    for wrong, says in {
        BoardKeys(origin, SigningKey.generate()).sign(14, root): "the note is not signed by a known key",
        BoardKeys("elsewhere.example", key).sign(14, root): "the note is not signed by a known key",
        sign_checkpoint(Checkpoint("elsewhere.example", 14, root), NoteSigner(origin, key)): "another log",
        note(finished, tree, 14).replace("\n14\n", "\n13\n"): "the Ed25519 signature does not verify",
        Checkpoint("elsewhere.example", 14, root): "the checkpoint is of another log",
    }.items():
        report = verified(finished, Pins(wrong))
        assert failed(report) == ["L6"]
        assert says in message(report.rule("L6"))


def test_cosigned_notes_can_be_pinned(finished: Finished, tree: MemoryTree) -> None:
    """Lines by others say nothing about it."""
    plain = note(finished, tree, 14)
    line = CosignatureSigner("w", SigningKey.generate()).cosign(parse_note(plain)[0], NOW).line()
    assert verified(finished, Pins(plain + line)).rule("L6").status is Status.PASSED


def test_checkpoints_that_cannot_be_pinned(finished: Finished) -> None:
    keys = finished.simulation.board_keys
    for wrong in ("", b"\xff", "x\n", keys.sign(1, bytes(32))[:-1], keys.sign(0, EMPTY_ROOT)):
        with pytest.raises(NoteError):
            Pins(wrong)
    with pytest.raises(NoteError, match="pinned checkpoint: it is of no entries"):
        Pins(Checkpoint(keys.origin, 0, EMPTY_ROOT))
    for wrong in (7, ["x"]):  # type: ignore[assignment]
        with pytest.raises(ArgumentError):
            Pins(wrong)
    with pytest.raises(ArgumentError, match="pins must be given"):
        verify_entries(finished.entries, b"", pins="x")  # type: ignore[arg-type]


# L7.


@pytest.fixture(scope="module")
def witnesses() -> list[CosignatureSigner]:
    return [CosignatureSigner(f"witness.example/w{i}", SigningKey.generate()) for i in range(1, 8)]


def cosigned(finished: Finished, *signers: CosignatureSigner) -> bytes:
    """The record's checkpoint with their lines."""
    plain = elections.checkpoint(finished.simulation, finished.entries).decode()
    return (plain + "".join(one.cosign(parse_note(plain)[0], NOW).line() for one in signers)).encode()


def l7(finished: Finished, checkpoint: bytes, pinned: Pins) -> RuleResult:
    report = verify_entries(finished.entries, checkpoint, pins=pinned)
    assert set(failed(report)) <= {"L7"}
    assert report.verdict is (Verdict.FAILED if failed(report) else Verdict.VERIFIED)
    return report.rule("L7")


def test_enough_signed(finished: Finished, witnesses: list[CosignatureSigner]) -> None:
    one, two, three, *_ = witnesses
    verifiers = [one.verifier, two.verifier.vkey(), three.verifier]
    for signers, needed, status, checked in (
        ((one, two, three), None, Status.PASSED, 3),
        ((three, one, two), 1, Status.PASSED, 3),
        ((one, two), 2, Status.PASSED, 2),
        ((two,), 1, Status.PASSED, 1),
        ((one, two), None, Status.FAILED, 1),
        ((one,), 2, Status.FAILED, 1),
        ((), 1, Status.FAILED, 1),
        # Of others, whatever their number.
        (tuple(witnesses[3:]), 1, Status.FAILED, 1),
    ):
        rule = l7(finished, cosigned(finished, *signers), Pins(None, verifiers, needed))
        assert (rule.status, rule.checked) == (status, checked), (signers, needed)


def test_who_did_not_sign_is_named(finished: Finished, witnesses: list[CosignatureSigner]) -> None:
    names = [one.verifier.name for one in witnesses]
    rule = l7(
        finished, cosigned(finished, witnesses[0]), Pins(None, [one.verifier for one in witnesses[:3]], 2)
    )
    assert message(rule) == f"checkpoint: 2 cosigners are needed and 1 signed; not {names[1]}, {names[2]}"
    rule = l7(finished, cosigned(finished), Pins(None, [one.verifier for one in witnesses]))
    assert message(rule).endswith(f"0 signed; not {', '.join(names[: pins.MAX_NAMED])}, …")


def test_a_pinned_cosigners_line_must_verify(finished: Finished, witnesses: list[CosignatureSigner]) -> None:
    """Also where enough others signed; and a line of somebody who is not pinned need not."""
    one, two, three, *_ = witnesses
    plain = elections.checkpoint(finished.simulation, finished.entries).decode()
    other = elections.checkpoint(finished.simulation, finished.entries[:-1]).decode()
    replayed = one.cosign(parse_note(other)[0], NOW).line()
    note = (cosigned(finished, two, three).decode() + replayed).encode()
    rule = l7(finished, note, Pins(None, [one.verifier, two.verifier, three.verifier], 2))
    says = "checkpoint, cosignature of witness.example/w1: the Ed25519 signature does not verify"
    assert message(rule) == says
    assert l7(finished, note, Pins(None, [two.verifier, three.verifier])).status is Status.PASSED
    assert plain.encode() != note


def test_one_cosigner_is_not_two(finished: Finished, witnesses: list[CosignatureSigner]) -> None:
    """Neither by two lines, nor by two names of one key."""
    one, two, *_ = witnesses
    twice = cosigned(finished, one, one)
    assert l7(finished, twice, Pins(None, [one.verifier, two.verifier], 2)).status is Status.FAILED
    assert l7(finished, twice, Pins(None, [one.verifier], 1)).checked == 1
    renamed = CosignatureSigner("another.example", one._key)
    for cosigners in ([one.verifier, renamed.verifier], [one.verifier, one.verifier.vkey()]):
        with pytest.raises(NoteError, match="two cosigners have one key"):
            Pins(None, cosigners, 2)


def test_the_board_is_no_outsider(finished: Finished, witnesses: list[CosignatureSigner]) -> None:
    """Its own key under another name cosigns whatever it signs."""
    own = CosignatureSigner("witness.example", finished.simulation.board_keys._key)
    for cosigners in ([own], [witnesses[0], own]):
        pinned = Pins(cosigners=[one.verifier for one in cosigners], needed=1)
        rule = l7(finished, cosigned(finished, *cosigners), pinned)
        assert rule.status is Status.FAILED
        assert message(rule) == "checkpoint, cosigner: a pinned cosigner's key is the board's own"


def test_the_boards_signature_is_not_l7s(finished: Finished, witnesses: list[CosignatureSigner]) -> None:
    """A checkpoint that the board did not sign breaks L5 alone; one of another log breaks both."""
    one = witnesses[0]
    origin, size = finished.simulation.board_keys.origin, len(finished.entries)
    root = elections.replay(finished.entries).frontier.root()
    stranger = SigningKey.generate()
    for name, expected in ((origin, ["L5"]), ("elsewhere.example", ["L5", "L7"])):
        text = Checkpoint(name, size, root).to_text()
        note = sign_checkpoint(Checkpoint(name, size, root), NoteSigner(name, stranger))
        note += one.cosign(text, NOW).line()
        report = verify_entries(finished.entries, note.encode(), pins=Pins(None, [one.verifier]))
        assert failed(report) == expected
    report = verify_entries(finished.entries, b"garbage", pins=Pins(None, [one.verifier]))
    assert failed(report) == ["L5", "L7"]


@pytest.mark.parametrize("needed", [0, -1, 3])
def test_numbers_that_cannot_be_needed(witnesses: list[CosignatureSigner], needed: int) -> None:
    verifiers = [one.verifier for one in witnesses[:2]]
    with pytest.raises(ArgumentError, match=f"of 2 pinned cosigners, {needed} cannot be needed"):
        Pins(None, verifiers, needed)
    with pytest.raises(ArgumentError, match="of 0 pinned cosigners"):
        Pins(None, [], needed)
    with pytest.raises(ArgumentError, match="the number of cosigners"):
        Pins(None, verifiers, "1")  # type: ignore[arg-type]


# Both.


def test_nothing_is_pinned(finished: Finished, tree: MemoryTree, witnesses: list[CosignatureSigner]) -> None:
    report = verified(finished, Pins())
    assert [report.rule(rule).status for rule in ("L6", "L7")] == [Status.NOT_APPLICABLE] * 2
    assert report.rule("L6").reason == "no checkpoint was pinned"
    assert report.rule("L7").reason == "no cosigner was pinned"
    assert report == verified(finished, Pins(None, iter([])))
    with pytest.raises(ArgumentError, match="no checkpoint was pinned"):
        Pins().check_checkpoint(finished.simulation.manifest.board, None, 0, signed=True)


def test_without_a_manifest_nothing_can_be_told(
    finished: Finished, tree: MemoryTree, witnesses: list[CosignatureSigner]
) -> None:
    pinned = Pins(note(finished, tree, 5), [witnesses[0].verifier])
    for entries in ([], [b"garbage", *finished.entries[1:]]):
        report = verify_entries(entries, cosigned(finished, witnesses[0]), pins=pinned)
        assert failed(report)[0] == "M1"
        assert [report.rule(rule).status for rule in ("L6", "L7")] == [Status.NOT_RUN] * 2
        assert report.rule("L7").reason == "there is no manifest"


def test_entries_that_cannot_be_read_still_count(finished: Finished) -> None:
    """They are leaves as any other."""
    entries = [*finished.entries[:16], b"garbage", *finished.entries[16:]]
    checkpoint = elections.checkpoint(finished.simulation, entries[:18])
    assert verified(finished, Pins(checkpoint), entries).rule("L6").status is Status.PASSED
    for size in (16, 17, len(entries)):
        pinned = Pins(elections.checkpoint(finished.simulation, entries[:size]))
        assert verified(finished, pinned, entries).rule("L6").checked == size


@pytest.fixture
def record(finished: Finished, witnesses: list[CosignatureSigner], tmp_path: Path) -> Path:
    board = elections.store_board(finished)
    board.add_cosignature(cosigned(finished, *witnesses[:2]), [one.verifier for one in witnesses[:2]])
    return board.export(tmp_path / "record").path


def test_a_record_in_a_directory(
    finished: Finished, tree: MemoryTree, witnesses: list[CosignatureSigner], record: Path
) -> None:
    vkeys = [one.verifier.vkey() for one in witnesses[:3]]
    report = verify_record(record, checkpoint=note(finished, tree, 7), cosigners=vkeys, cosigners_needed=2)
    assert report.verdict is Verdict.VERIFIED
    assert (report.rule("L6").checked, report.rule("L7").checked) == (7, 2)
    assert failed(verify_record(record, cosigners=vkeys)) == ["L7"]
    for wrong in (
        {"cosigners_needed": 1},
        {"cosigners": vkeys, "cosigners_needed": 4},
        {"cosigners": vkeys[0]},
    ):
        with pytest.raises(ArgumentError):
            verify_record(record, **wrong)  # type: ignore[arg-type]
    with pytest.raises(NoteError):
        verify_record(record, checkpoint="no checkpoint")


def test_a_check_that_breaks_down_has_failed(
    finished: Finished, tree: MemoryTree, witnesses: list[CosignatureSigner]
) -> None:
    pinned = Pins(note(finished, tree, 7), [witnesses[0].verifier])

    def broken(*_: object) -> object:
        raise RuntimeError("whatever it is")

    for name, rule in (("check_checkpoint", "L6"), ("count_cosignatures", "L7")):
        with patch.object(Pins, name, broken):
            report = verify_entries(finished.entries, cosigned(finished, witnesses[0]), pins=pinned)
        assert failed(report) == [rule]
        assert message(report.rule(rule)).endswith("the check broke down: RuntimeError")


def test_culprits_are_named_where_only_cosigners_are_missing(finished: Finished) -> None:
    """Who signed what is wrong in a log did sign, whoever has cosigned it."""
    entries = [*finished.entries]
    place = finished.places("ballot")[-1]
    share = finished.places("decryption-share")[0]

    def spoil(body: dict[str, Any]) -> None:
        proof = body["proof"]
        body["proof"] = proof[:10] + ("A" if proof[10] != "A" else "B") + proof[11:]

    entries[share] = elections.rewrite(entries[share], finished.simulation.trustees[0]._signing, spoil)
    for pinned, named in (
        (Pins(), True),
        (Pins(None, [CosignatureSigner("w", SigningKey.generate()).verifier]), True),
        (Pins(elections.checkpoint(finished.simulation, [*finished.entries[: place - 1], b"x"])), False),
    ):
        report = verified(finished, pinned, entries)
        assert report.rule("T1").status is Status.FAILED
        assert (report.rule("T1").findings[0].culprit is not None) is named
