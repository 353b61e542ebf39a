"""The command line where a board may have shown others another log: pins of `verify`, and `diff`."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result

from secretballot.board.board import Board
from secretballot.board.cosigner import Cosigner
from secretballot.board.record import CHECKPOINT, ENTRIES, write_record
from secretballot.cli import main
from secretballot.crypto.note import NoteSigner
from secretballot.crypto.signing import SigningKey
from secretballot.report import Comparison, Relation
from secretballot.tally import ElectionLog
from secretballot.verify import Report

from ...support import elections
from ...support.cosigners import new_cosigner


def run(*arguments: object) -> Result:
    """A command in this process; no exception but SystemExit may come out of it."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.stdout + result.stderr
    return result


class Records(NamedTuple):
    """Of one election, all signed by its board: an early one; the last one, cosigned; and another history."""

    early: Path
    last: Path
    forked: Path
    vkeys: list[str]


@pytest.fixture(scope="module")
def records(finished: elections.Finished, tmp_path_factory: pytest.TempPathFactory) -> Records:
    folder = tmp_path_factory.mktemp("histories")
    simulation, entries = finished.simulation, finished.entries
    board = Board(elections.store_of(entries[:9]), simulation.board_keys, ElectionLog())
    log = simulation.manifest.board.verifier()
    made = []
    for number in (1, 2):
        (folder / f"w{number}").mkdir()
        made.append(new_cosigner(folder / f"w{number}", log, name=f"witness.example/w{number}"))
    cosign(board, [cosigner for _, cosigner in made], [keys.vkey() for keys, _ in made])
    early = board.export(folder / "early").path
    for entry in entries[9:]:
        board.submit(entry)
    # The second cosigner is asked no more.
    cosign(board, [made[0][1]], [made[0][0].vkey()])
    last = board.export(folder / "last").path
    one, other = finished.places("ballot")[:2]
    changed = [*entries]
    changed[one], changed[other] = changed[other], changed[one]
    note = elections.checkpoint(simulation, changed).decode()
    forked = write_record(folder / "forked", changed, note).path
    for _, cosigner in made:
        cosigner.close()
    return Records(early, last, forked, [keys.vkey() for keys, _ in made])


def cosign(board: Board, cosigners: Sequence[Cosigner], vkeys: Sequence[str]) -> None:
    """What passes between a board and its cosigners."""
    note = board.checkpoint()
    origin, size, *_ = note.split("\n")
    for cosigner in cosigners:
        known = cosigner.known_size(origin)
        note += cosigner.cosign(note, known, board.consistency(known, int(size)))
    board.add_cosignature(note, vkeys)


def line_of(output: str, rule: str) -> str:
    """The report's line of a rule, its spaces made one."""
    return next(" ".join(line.split()) for line in output.splitlines() if line.startswith(f"{rule} "))


class TestPins:
    def test_nothing_pinned(self, records: Records) -> None:
        result = run("verify", records.last)
        assert result.exit_code == 0
        assert line_of(result.stdout, "L6").endswith("n/a")
        assert "no checkpoint was pinned" in result.stdout
        assert "no cosigner was pinned" in result.stdout

    def test_an_earlier_checkpoint(self, records: Records) -> None:
        result = run("verify", records.last, "--checkpoint", records.early / CHECKPOINT)
        assert result.exit_code == 0
        assert line_of(result.stdout, "L6").endswith("passed 9 entries")
        # Of the very end; and from the standard input.
        assert run("verify", records.last, "--checkpoint", records.last / CHECKPOINT).exit_code == 0
        piped = CliRunner().invoke(
            main,
            ["verify", str(records.last), "--checkpoint", "-"],
            input=(records.early / CHECKPOINT).read_bytes(),
        )
        assert piped.exit_code == 0
        assert line_of(piped.stdout, "L6").endswith("passed 9 entries")

    def test_another_history(self, records: Records) -> None:
        result = run("verify", records.forked, "--checkpoint", records.last / CHECKPOINT)
        assert result.exit_code == 1
        assert line_of(result.stdout, "L6").endswith(
            "FAILED 1 of " + line_of(result.stdout, "L5").split("passed ")[1]
        )
        said = "".join(result.stdout.split())
        for record in (records.last, records.forked):
            root = (record / CHECKPOINT).read_text().split("\n")[2]
            assert root in said
        assert "theboardsignedboth,andhasshowntwologs" in said
        # The board signed it. The authority sealed the other one.
        assert re.findall(r"^(L\d) .* FAILED", result.stdout, re.M) == ["L6", "L8"]

    def test_an_older_copy(self, records: Records) -> None:
        result = run("verify", records.early, "--checkpoint", records.last / CHECKPOINT)
        assert result.exit_code == 1
        assert "the record has 9" in " ".join(result.stdout.split())

    def test_cosigners(self, records: Records) -> None:
        one, two = records.vkeys
        for record, arguments, code, says in (
            (records.last, ("--cosigner", one), 0, "passed 1 cosignature"),
            (
                records.last,
                ("--cosigner", one, "--cosigner", two, "--cosigners-needed", 1),
                0,
                "passed 1 cosignature",
            ),
            (records.last, ("--cosigner", one, "--cosigner", two), 1, "FAILED 1 of 1 cosignature"),
            (records.last, ("--cosigner", two), 1, "FAILED 1 of 1 cosignature"),
            (records.early, ("--cosigner", one, "--cosigner", two), 4, "passed 2 cosignatures"),
            (records.forked, ("--cosigner", one), 1, "FAILED 1 of 1 cosignature"),
        ):
            result = run("verify", record, *arguments)
            assert result.exit_code == code, result.stdout
            assert line_of(result.stdout, "L7").endswith(says)
        missing = " ".join(run("verify", records.last, "--cosigner", one, "--cosigner", two).stdout.split())
        assert "2 cosigners are needed and 1 signed; not witness.example/w2" in missing

    def test_in_json(self, records: Records) -> None:
        pins = ("--checkpoint", records.early / CHECKPOINT, "--cosigner", records.vkeys[0])
        result = run("verify", records.last, *pins, "--json")
        report = Report.from_body(result.stdout.strip().encode())
        assert (report.rule("L6").checked, report.rule("L7").checked) == (9, 1)

    @pytest.mark.parametrize(
        ("arguments", "option", "says"),
        [
            (("--cosigner", "no vkey"), "--cosigner", "a vkey has three parts"),
            (("--cosigner", "{board}"), "--cosigner", "the byte 04 and 32 bytes"),
            (("--cosigner", "{one}", "--cosigner", "{one}"), "--cosigner", "two cosigners have one key"),
            (("--cosigner", "{one}", "--cosigners-needed", "2"), "--cosigners-needed", "2 cannot be needed"),
            (("--cosigners-needed", "1"), "--cosigners-needed", "of 0 pinned cosigners"),
            (
                ("--cosigner", "{one}", "--cosigners-needed", "0"),
                "--cosigners-needed",
                "0 is not in the range",
            ),
            (("--checkpoint", "{entries}"), "--checkpoint", "it is no checkpoint: "),
            (("--checkpoint", "{nowhere}"), "--checkpoint", "No such file"),
            (("--checkpoint", "{folder}"), "--checkpoint", "directory"),
        ],
    )
    def test_what_cannot_be_pinned_is_usage(
        self, records: Records, arguments: Sequence[str], option: str, says: str
    ) -> None:
        """Also before a record that is none: nothing is known of it then."""
        values = {
            "one": records.vkeys[0],
            "board": NoteSigner("x", SigningKey.generate()).verifier.vkey(),
            "entries": records.last / ENTRIES,
            "nowhere": records.last / "nowhere",
            "folder": records.last,
        }
        given = [argument.format(**values) for argument in arguments]
        for record in (records.last, records.last / "nowhere"):
            result = run("verify", record, *given)
            assert result.exit_code == 2
            assert option in result.stderr
            assert says in " ".join(result.stderr.split())
            assert not result.stdout


class TestDiff:
    def test_the_same(self, records: Records) -> None:
        result = run("diff", records.last, records.last)
        assert result.exit_code == 0
        assert result.stdout.count("the board's checkpoint is over all of them") == 2
        assert f"SAME: {len((records.last / ENTRIES).read_bytes().splitlines())} entries" in result.stdout

    def test_a_beginning(self, records: Records) -> None:
        for a, b, says, gone in (
            (
                records.early,
                records.last,
                "A IS THE BEGINNING OF B: 9 entries are the same, and B goes on",
                "A",
            ),
            (
                records.last,
                records.early,
                "B IS THE BEGINNING OF A: 9 entries are the same, and A goes on",
                "B",
            ),
        ):
            result = run("diff", a, b)
            assert result.exit_code == 4
            assert says in result.stdout
            assert f"  {gone}: ends here" in result.stdout
            assert "ceremony-confirmation, trustee trustee-3" in result.stdout
            assert "PROOF" not in result.stdout

    def test_two_elections_are_no_fork(self, records: Records, tmp_path: Path) -> None:
        other = elections.voting([elections.choice()], 1)
        other.export(str(tmp_path / "other"))
        result = run("diff", records.last, tmp_path / "other")
        assert result.exit_code == 1
        assert "TWO ELECTIONS: the first entries, the manifests, are not the same" in result.stdout
        assert "FORKED" not in result.stdout
        assert "PROOF" not in result.stdout

    def test_what_was_damaged_is_no_other_election(self, records: Records, tmp_path: Path) -> None:
        """Line ends that were converted, or one letter of the last entry: neither says anything against the board."""
        good = (records.last / "entries.jsonl").read_bytes()
        note = (records.last / CHECKPOINT).read_bytes()
        windows = good.replace(b"\n", b"\r\n")
        for data, kept, says in (
            (windows, note, "{} WAS CHANGED: its entries, from 0 on"),
            (windows, b"garbage", "CANNOT BE COMPARED: the manifest of {} cannot be read"),
            (good[:-4] + bytes([good[-4] ^ 1]) + good[-3:], note, "{} WAS CHANGED: its entries, from"),
        ):
            other = tmp_path / hashlib.sha256(data + kept).hexdigest()
            shutil.copytree(records.last, other)
            (other / "entries.jsonl").write_bytes(data)
            (other / CHECKPOINT).write_bytes(kept)
            for pair, name in (((records.last, other), "B"), ((other, records.last), "A")):
                result = run("diff", *pair)
                assert result.exit_code == 1
                assert says.format(name) in result.stdout
                assert not re.search("TWO ELECTIONS|FORKED|PROOF", result.stdout)

    def test_forked(self, finished: elections.Finished, records: Records) -> None:
        place = finished.places("ballot")[0]
        result = run("diff", records.last, records.forked)
        assert result.exit_code == 1
        assert f"FORKED: the first {place} entries are the same, entry {place} is not" in result.stdout
        assert (
            len(re.findall(r"^  [AB]: ballot, code (?:[A-Z2-7]{4}-){7}[A-Z2-7]{4}$", result.stdout, re.M))
            == 2
        )
        # What is printed is what anybody's tools say of that line.
        for record, name in ((records.last, "A"), (records.forked, "B")):
            entry = (record / ENTRIES).read_bytes().split(b"\n")[place]
            digest = hashlib.sha256(entry).hexdigest()
            assert re.search(rf"  {name}: .*\n +SHA-256 {digest}\n", result.stdout)
        assert "PROOF OF TWO HISTORIES: the board " in result.stdout
        assert "Keep both records: " in result.stdout

    def test_a_forked_board_is_not_taken_for_a_damaged_file(
        self, finished: elections.Finished, records: Records, tmp_path: Path
    ) -> None:
        """Its second history goes on behind the checkpoint that it signed for it."""
        entries = (records.forked / ENTRIES).read_bytes().splitlines()
        note = elections.checkpoint(finished.simulation, entries[:-1]).decode()
        other = write_record(tmp_path / "other", entries, note)
        for pair in ((records.last, other.path), (other.path, records.last)):
            result = run("diff", *pair)
            assert "FORKED: the first " in result.stdout
            assert "PROOF OF TWO HISTORIES: the board " in result.stdout
            assert "WAS CHANGED" not in result.stdout

    def test_a_fork_that_is_hidden(
        self, finished: elections.Finished, records: Records, tmp_path: Path
    ) -> None:
        """Its manifest is garbled; the log is cut where the two part; only the checkpoint is the other history's."""
        place, simulation = finished.places("ballot")[0], finished.simulation
        other = (records.forked / ENTRIES).read_bytes().splitlines()
        garbled = [b"x", *finished.entries[1:]]
        for number, (entries, note, says) in enumerate(
            (
                (
                    garbled,
                    elections.checkpoint(simulation, garbled),
                    "the first 0 entries are the same, entry 0 is not",
                ),
                (
                    other[:place],
                    elections.checkpoint(simulation, other),
                    f"the first {place} entries are the same, and",
                ),
                (
                    finished.entries,
                    elections.checkpoint(simulation, other),
                    "the checkpoints are of two histories",
                ),
            )
        ):
            hidden = write_record(tmp_path / str(number), entries, note.decode())
            for pair in ((records.last, hidden.path), (hidden.path, records.last)):
                result = run("diff", *pair)
                assert result.exit_code == 1
                said = " ".join(result.stdout.split())
                assert "FORKED: " in said
                assert says in said
                assert "PROOF OF TWO HISTORIES: the board " in said
                assert not re.search("CANNOT BE COMPARED|BEGINNING|SAME|DIFFERENT", said)
        unproven = write_record(tmp_path / "later", other[:-2], simulation.board_keys.sign(99, bytes(32)))
        result = run("diff", records.last, unproven.path)
        assert f"FORKED: the first {place} entries are the same, entry {place} is not" in result.stdout
        assert not re.search("WAS CHANGED|PROOF", result.stdout)

    def test_different_beside_the_entries(
        self, finished: elections.Finished, records: Records, tmp_path: Path
    ) -> None:
        other = write_record(tmp_path / "other", finished.entries, "garbage")
        result = run("diff", records.last, other.path)
        assert result.exit_code == 1
        assert "DIFFERENT: the " in result.stdout
        said = " ".join(result.stdout.split())
        assert "✗ the checkpoints differ; A's checkpoint: is good; B's checkpoint: it cannot be read" in said
        assert "PROOF" not in result.stdout

    def test_remarks(self, finished: elections.Finished, records: Records, tmp_path: Path) -> None:
        plain = elections.checkpoint(finished.simulation, finished.entries).decode()
        other = write_record(tmp_path / "other", finished.entries, plain)
        result = run("diff", records.last, other.path)
        assert result.exit_code == 0
        assert "of the same log, and have other signature lines" in result.stdout

    def test_json(self, records: Records) -> None:
        for a, b, relation, code in (
            (records.last, records.last, Relation.SAME, 0),
            (records.early, records.last, Relation.A_BEGINS_B, 4),
            (records.last, records.early, Relation.B_BEGINS_A, 4),
            (records.last, records.forked, Relation.FORKED, 1),
        ):
            result = run("diff", a, b, "--json")
            assert result.exit_code == code
            comparison = Comparison.from_body(result.stdout.strip().encode())
            assert comparison.relation is relation
            assert bool(json.loads(result.stdout)["contradiction"]) is (relation is Relation.FORKED)

    def test_unreadable(self, records: Records, tmp_path: Path) -> None:
        for pair in ((records.last, tmp_path), (tmp_path / "nowhere", records.last)):
            result = run("diff", *pair)
            assert result.exit_code == 3
            assert "not an election record" in result.stderr
            assert str(tmp_path) in result.stderr
            assert not result.stdout

    @pytest.mark.skipif(os.geteuid() == 0, reason="everything can be read by root")
    def test_a_file_that_cannot_be_read(
        self, finished: elections.Finished, records: Records, tmp_path: Path
    ) -> None:
        other = write_record(tmp_path / "other", finished.entries, "garbage")
        (other.path / ENTRIES).chmod(0)
        result = run("diff", records.last, other.path)
        assert result.exit_code == 3
        assert f"{other.path / ENTRIES}: cannot be read: Permission denied" in result.stderr

    def test_usage(self, records: Records) -> None:
        for arguments in ((), (records.last,), (records.last, records.last, records.last)):
            assert run("diff", *arguments).exit_code == 2

    def test_hostile_text(self, finished: elections.Finished, records: Records, tmp_path: Path) -> None:
        """What stands in a record moves no cursor and turns no letters round."""
        wrong = b'{"body":{"record":"secretballot/1/\x1b[31m\xe2\x80\xae"'
        entries = [*finished.entries[:4], wrong, *finished.entries[5:]]
        note = elections.checkpoint(finished.simulation, entries).decode().replace("\n\n", "\n\x1b[2J\n\n")
        other = write_record(tmp_path / "other", entries, note)
        for arguments in ((), ("--json",)):
            result = run("diff", records.last, other.path, *arguments)
            assert result.exit_code == 1
            assert "\x1b" not in result.stdout
            assert "\u202e" not in result.stdout
