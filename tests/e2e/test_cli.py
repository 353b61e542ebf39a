"""Every command of the command line, on real records and on garbage: what it prints, and what it exits with."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from secretballot import Option, RatingContest, confidence_levels, data
from secretballot.ballot import format_code
from secretballot.ballot.records import code_of, confirmation_code
from secretballot.board import ElectionRecord
from secretballot.cli import main
from secretballot.cli.progress import Stages
from secretballot.cli.terminal import Terminal, _let_go
from secretballot.crypto.group import backend, ristretto255
from secretballot.crypto.signing import SigningKey
from secretballot.errors import BoardError, TallyError
from secretballot.records import parse_entry, sign_body
from secretballot.testing import Simulation
from secretballot.verify import Report, Status, Verdict

VOTERS = 5
#: Every command that reads a record.
READERS = ("verify", "show", "check-code")
SOME_CODE = "-".join(["AAAA"] * 8)


def run(*arguments: object) -> Result:
    """A command in this process; no exception but SystemExit may come out of it."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.stdout + result.stderr
    return result


def read(command: str, record: Path) -> Result:
    return run(command, record, *([SOME_CODE] if command == "check-code" else []))


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("demo") / "new" / "record"
    return folder, run("demo", "--voters", VOTERS, "--out", folder)


@pytest.fixture(scope="module")
def record(demonstration: tuple[Path, Result]) -> Path:
    return demonstration[0]


@pytest.fixture
def copy(record: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(record, tmp_path / "copy"))


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record exported while voting is open."""
    simulation = Simulation([small_contest()], roll_size=2)
    simulation.hold_ceremony()
    simulation.issue(1)
    folder = tmp_path_factory.mktemp("unfinished") / "record"
    simulation.export(str(folder))
    return folder


def small_contest() -> RatingContest:
    return RatingContest(
        id="small",
        labels={"en": "Small"},
        options=(Option(id="a", labels={"vi": "Ất"}),),
        base="collected",
        rules=(),
        levels=confidence_levels(),
        allow_blank=False,
    )


def entries(folder: Path) -> list[bytes]:
    return list(ElectionRecord(folder).entries())


def ballots(folder: Path, kind: str = "ballot") -> list[tuple[int, bytes]]:
    """The place and the body of each ballot."""
    parsed = [(place, parse_entry(entry)) for place, entry in enumerate(entries(folder))]
    return [(place, entry.body) for place, entry in parsed if entry.kind == kind]


def flip_a_ballot(folder: Path) -> int:
    """Changes one character within the last ballot's first ciphertext; gives the ballot's place."""
    lines = entries(folder)
    place = ballots(folder)[-1][0]
    at = lines[place].index(b'"ciphertexts":"') + 40
    other = b"A" if lines[place][at : at + 1] != b"A" else b"B"
    lines[place] = lines[place][:at] + other + lines[place][at + 1 :]
    (folder / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    return place


def checks_nothing_is_cut(text: str) -> None:
    for line in text.splitlines():
        assert len(line) <= 80, line
        assert line == line.rstrip()
        assert "…" not in line
    assert "\x1b" not in text


def test_an_interrupt_while_commands_are_imported() -> None:
    script = """
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "secretballot.cli.demo":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
import secretballot.cli
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")


class TestDemo:
    def test_reproduces_the_figures_and_verifies(self, demonstration: tuple[Path, Result]) -> None:
        folder, result = demonstration
        assert result.exit_code == 0, result.output
        assert sorted(path.name for path in folder.iterdir()) == ["checkpoint", "entries.jsonl"]
        assert "Bà Rịa - Vũng Tàu, ngày 13 tháng" in result.stdout
        for official in data.load(data.DEFAULT).officials:
            assert official.name in result.stdout
        assert "✗" not in result.stdout
        assert result.stdout.count("✓") == 11
        assert "Every count equals that of the ballots drawn." in result.stdout
        assert "VERIFIED: " in result.stdout
        assert "Ballots: 5 cast, 5 counted, 1 challenged" in result.stdout
        assert "tín nhiệm cao (high confidence)" in result.stdout
        assert "có thể xin từ chức (may resign)" in result.stdout
        assert "trustee 3 was absent" in result.stdout
        assert "Seconds: keys " in result.stdout

    def test_shows_each_stage_on_stderr(self, demonstration: tuple[Path, Result]) -> None:
        stages = [line.split()[0] for line in demonstration[1].stderr.splitlines() if line.endswith(" s")]
        assert stages == ["keys", "ceremony", "credentials", "ballots", "tally", "verification"]

    def test_fits_80_columns(self, demonstration: tuple[Path, Result]) -> None:
        folder, result = demonstration
        # The path is the user's own, and is not broken, so that it can be copied.
        checks_nothing_is_cut(result.stdout.replace(str(folder), "DIR"))

    def test_the_command_it_prints_verifies(self, demonstration: tuple[Path, Result]) -> None:
        printed = demonstration[1].stdout.split("secretballot verify ", 1)[1].split("\n\n")[0]
        arguments = printed.replace("\\\n", " ").split()
        result = run("verify", *arguments)
        assert result.exit_code == 0
        assert "0 failed, 0 not run, 7 not applicable" in result.stdout

    @pytest.mark.parametrize("tally", ["mixnet", "both"])
    def test_mixed(self, tally: str, tmp_path: Path) -> None:
        """Beside the sums or without them, the counts are the same; the record holds what was mixed."""
        result = run("demo", "vinh-phuc-2023", "--tally", tally, "--voters", 3, "--out", tmp_path / "record")
        assert result.exit_code == 0, result.output
        assert "Every count equals that of the ballots drawn." in result.stdout
        names = sorted(path.name for path in (tmp_path / "record").iterdir())
        assert names == ["attachments", "checkpoint", "entries.jsonl"]
        # Seven people: two rounds of mixing, and two trustees.
        assert len(list((tmp_path / "record" / "attachments").iterdir())) == 7 * 4
        verified = run("verify", tmp_path / "record")
        assert verified.exit_code == 0
        shown = run("show", tmp_path / "record")
        assert (
            f"rate each of 7, blank allowed, {'mixed' if tally == 'mixnet' else 'added up and mixed'}"
            in shown.stdout
        )

    @pytest.mark.parametrize(
        ("dataset", "lines"),
        [
            (
                "debian-2002",
                ("Schulze", "Instant runoff", "Borda", "Single transferable vote", "Source: Debian"),
            ),
            ("village-head", ("made up", "Names proposed for the head of a village")),
        ],
    )
    def test_rankings_and_texts(self, dataset: str, lines: Sequence[str]) -> None:
        result = run("demo", dataset, "--voters", 4)
        assert result.exit_code == 0, result.output
        checks_nothing_is_cut(result.stdout)
        for line in (*lines, "4 ballots, mixed by 2 mixers.", "Not all ballots were cast", "VERIFIED: "):
            assert line in " ".join(result.stdout.split()), line

    def test_texts_by_all_voters(self) -> None:
        result = run("demo", "village-head")
        assert result.exit_code == 0, result.output
        assert "45 valid, 2 blank, 0 invalid" in result.stdout
        assert re.search(r"Nguyễn Thị Ánh +20\n", result.stdout)
        assert "The winner is the one that is on record." in result.stdout

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("debian-2002", "--tally", "both"), "rankings and texts can only be mixed"),
            (("village-head", "--voters", 48), "from 1 to 47 voters are possible, not 48"),
            (("brvt-2018", "--tally", "neither"), "Invalid value for '--tally'"),
        ],
    )
    def test_what_cannot_be_held(self, arguments: Sequence[Any], message: str) -> None:
        result = run("demo", *arguments)
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.split())

    def test_removes_a_record_that_nobody_asked_for(self, monkeypatch: Any, tmp_path: Path) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        result = run("demo", "vinh-phuc-2023", "--voters", 1)
        assert result.exit_code == 0
        assert "is removed" in result.stdout
        assert "How many people were rated was not read" in " ".join(result.stdout.split())
        assert not list(tmp_path.iterdir())

    def test_names_who_falls_under_a_rule(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A vote of two ballots, both low for the first official."""
        published = data.load("vinh-phuc-2023")
        name, *_ = [official.name for official in published.officials]

        def every_low(dataset: data.Dataset, voters: int | None) -> list[dict[str, str | None]]:
            first, *others = [official.id for official in dataset.officials]
            return [{first: "low", **dict.fromkeys(others, None)}] * 2

        small = published.model_copy(update={"ballots_collected": 2, "roll_size": 3})
        monkeypatch.setattr(data, "load", lambda _: small)
        monkeypatch.setattr(importlib.import_module("secretballot.cli.demo"), "draw_selections", every_low)
        result = run("demo")
        assert result.exit_code == 0
        assert "7 officials, 2 ballots, a roll of 3." in result.stdout
        assert "Every count equals the published one." in result.stdout
        assert f"≥ 2/3 of the 2 ballots collected: {name} (2)" in result.stdout
        # More than a half it is too.
        assert f"> 1/2 of the 2 ballots collected: {name} (2)" in result.stdout

    def test_a_difference_is_seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = importlib.import_module("secretballot.cli.demo")

        def one_more(selections: list[dict[str, str | None]]) -> dict[str, dict[str, int]]:
            counts = data.expected_counts(selections)
            next(iter(counts.values()))["high"] += 1
            return counts

        monkeypatch.setattr(module, "expected_counts", one_more)
        result = run("demo", "--voters", 2)
        assert result.exit_code == 1
        assert result.stdout.count("✗") == 1
        assert "NOT every count equals" in result.stdout
        assert "VERIFIED" in result.stdout

    def test_a_failed_verification_is_seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = importlib.import_module("secretballot.cli.demo")
        honest = Simulation.export

        def dishonest(simulation: Simulation, path: str) -> ElectionRecord:
            exported = honest(simulation, path)
            flip_a_ballot(exported.path)
            return exported

        monkeypatch.setattr(module.Simulation, "export", dishonest)
        result = run("demo", "--voters", 2)
        assert result.exit_code == 1
        assert "FAILED: " in result.stdout
        assert "L5 checkpoint: the entries have another Merkle root" in result.stdout

    def test_no_result_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = importlib.import_module("secretballot.cli.demo")
        honest = module.verify_with_progress

        def without(*arguments: object) -> Report:
            report: Report = honest(*arguments)
            return report.model_copy(update={"result": None, "verdict": Verdict.INCOMPLETE})

        monkeypatch.setattr(module, "verify_with_progress", without)
        result = run("demo", "--voters", 1)
        assert result.exit_code == 1
        assert "There is no result." in result.stdout

    def test_lists_the_datasets(self) -> None:
        result = run("demo", "--list")
        assert result.exit_code == 0
        for name in data.names():
            assert name in result.stdout
        assert result.stdout.count("(incomplete)") == len(data.names()) - 1
        checks_nothing_is_cut(result.stdout)

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["no-such"], "the known ones are brvt-2018"),
            (["--voters", "0"], "--voters"),
            (["--voters", "48"], "from 1 to 47 voters"),
            (["--voters", "many"], "--voters"),
        ],
    )
    def test_usage(self, arguments: list[str], says: str) -> None:
        result = run("demo", *arguments)
        assert result.exit_code == 2
        assert says in result.stderr
        assert not result.stdout

    def test_keeps_out_of_a_directory_in_use(self, tmp_path: Path) -> None:
        (tmp_path / "mine").write_text("mine")
        for out in (tmp_path, tmp_path / "mine", tmp_path / "mine" / "below"):
            result = run("demo", "--voters", 1, "--out", out)
            assert result.exit_code == 2
            assert "--out" in result.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["mine"]

    def test_says_so_before_the_election_where_it_cannot_write(
        self, monkeypatch: Any, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        result = run("demo", "--voters", 1, "--out", tmp_path)
        assert result.exit_code == 2
        assert "--out" in result.stderr


class TestVerify:
    def test_verified(self, record: Path) -> None:
        result = run("verify", record)
        assert result.exit_code == 0
        rules = [line.split()[0] for line in result.stdout.splitlines() if " passed" in line[:70]]
        assert rules[0] == "M1"
        assert {"L5", "K4", "C3", "B2", "H1", "T4"} <= set(rules)
        assert "VERIFIED: 24 rules passed, 0 failed, 0 not run, 8 not applicable" in result.stdout
        assert "Warning: compare the election's id" in result.stdout
        assert "Ballots: 5 cast, 5 counted, 1 challenged" in result.stdout
        assert "Nguyễn Hồng Lĩnh" in result.stdout
        assert "verification" in result.stderr
        checks_nothing_is_cut(result.stdout)

    def test_json_is_the_report(self, record: Path) -> None:
        result = run("verify", record, "--json")
        assert result.exit_code == 0
        report = Report.from_body(result.stdout.strip().encode())
        assert report.verdict is Verdict.VERIFIED
        assert report.ballots_counted == VOTERS
        assert report.result is not None
        assert json.loads(result.stdout)["rules"][0]["rule"] == "M1"

    def test_a_record_that_is_replaced_meanwhile_gives_no_names(
        self, copy: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Names of a manifest that nobody verified would stand beside counts that were."""
        verify_command = importlib.import_module("secretballot.cli.verify")
        verified = verify_command.verify_record

        def replaced(*arguments: Any, **options: Any) -> Report:
            report: Report = verified(*arguments, **options)
            entries = copy / "entries.jsonl"
            entries.write_bytes(entries.read_bytes().replace("Nguyễn Hồng Lĩnh".encode(), b"Somebody Else"))
            return report

        monkeypatch.setattr(verify_command, "verify_record", replaced)
        result = run("verify", copy)
        assert result.exit_code == 0
        assert "Somebody Else" not in result.stdout

    def test_workers(self, record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As many as there are cores, where the record is worth starting them; or as many as were asked for."""
        started: list[int] = []

        @contextmanager
        def workers(number: int) -> Iterator[None]:
            started.append(number)
            yield

        sharing = importlib.import_module("secretballot.cli.sharing")
        monkeypatch.setattr(sharing, "local_workers", workers)
        monkeypatch.setattr(sharing, "available_cores", lambda: 8)
        size = sum(map(len, ElectionRecord(record).entries()))
        for large, arguments, expected in (
            (size + 1, (), []),
            (size, (), [7]),
            (size, ("--workers", 1), []),
            (size + 1, ("--workers", 3), [2]),
        ):
            monkeypatch.setattr(sharing, "LARGE", large)
            assert run("verify", record, *arguments).exit_code == 0
            assert started == expected, (large, arguments)
            started.clear()

    @pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "all"])
    def test_workers_that_are_no_number(self, record: Path, wrong: str) -> None:
        result = run("verify", record, "--workers", wrong)
        assert result.exit_code == 2
        assert "--workers" in result.stderr

    def test_election_id(self, record: Path) -> None:
        announced = Report.from_body(run("verify", record, "--json").stdout.strip().encode()).election
        same = run("verify", record, "--election", announced)
        assert same.exit_code == 0
        assert "25 rules passed" in same.stdout
        other = run("verify", record, "--election", "00" * 32)
        assert other.exit_code == 1
        assert "✗ entry 0: the record is of election" in other.stdout

    @pytest.mark.parametrize("wrong", ["", "zz" * 32, "00" * 31, "00" * 33, " ".join(["00"] * 32), "é" * 64])
    def test_election_id_of_another_form_is_usage(self, record: Path, wrong: str) -> None:
        result = run("verify", record, "--election", wrong)
        assert result.exit_code == 2
        assert "64 hexadecimal digits" in result.stderr

    def test_failed(self, copy: Path) -> None:
        place = flip_a_ballot(copy)
        result = run("verify", copy)
        assert result.exit_code == 1
        assert f"✗ entry {place}: " in result.stdout
        assert "NOT VERIFIED" in result.stdout
        assert "FAILED: " in result.stdout
        assert "FAILED   1 of " in result.stdout
        checks_nothing_is_cut(result.stdout)
        report = Report.from_body(run("verify", copy, "--json").stdout.strip().encode())
        assert report.verdict is Verdict.FAILED
        assert report.rule("L4").status is Status.FAILED

    def test_more_failures_than_are_listed(self, copy: Path) -> None:
        with (copy / "entries.jsonl").open("ab") as file:
            file.write(b"x\n" * 105)
        result = run("verify", copy)
        assert result.exit_code == 1
        assert "    and 95 more\n" in result.stdout

    def test_incomplete(self, unfinished: Path) -> None:
        result = run("verify", unfinished)
        assert result.exit_code == 4
        assert "not run" in result.stdout
        assert "its phase is voting" in result.stdout
        assert result.stdout.splitlines()[-1].startswith("INCOMPLETE: ")
        assert json.loads(run("verify", unfinished, "--json").stdout)["verdict"] == "incomplete"

    def test_usage(self) -> None:
        assert run("verify").exit_code == 2


class TestShow:
    def test_shows_what_the_record_says(self, record: Path) -> None:
        result = run("show", record)
        assert result.exit_code == 0
        assert result.stdout.startswith("NOT VERIFIED")
        for expected in (
            "Phase       closed",
            "2 of 3 are needed",
            "(Registrar 1)",
            "secretballot.example/brvt-2018, 28 entries",
            "Contest officials (rate each of 11, blank allowed)",
            "  5  ballot\n",
            "  1  challenged-ballot\n",
            "11. Nguyễn Thanh Tịnh",
            "Result as published",
        ):
            assert expected in result.stdout
        checks_nothing_is_cut(result.stdout)

    def test_an_open_election_has_no_result(self, unfinished: Path) -> None:
        result = run("show", unfinished)
        assert result.exit_code == 0
        assert "Phase       voting" in result.stdout
        assert "Result" not in result.stdout

    def test_names_what_it_cannot_read(self, copy: Path) -> None:
        lines = entries(copy)
        lines[3:3] = [b"garbage"] * 12
        (copy / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        result = run("show", copy)
        assert result.exit_code == 0
        assert "12  unreadable" in result.stdout
        assert "entry 3: not a signed entry" in result.stdout
        assert "and 2 more" in result.stdout
        assert "28 entries; the record has 40" in result.stdout


class TestCheckReceipt:
    @pytest.fixture
    def receipts(self, tmp_path: Path) -> Path:
        """A record, and in files beside it the receipts of its entries."""
        simulation = Simulation([small_contest()], roll_size=2)
        simulation.hold_ceremony()
        simulation.issue(2)
        entries = [
            simulation.seal(0, {"small": {"a": "high"}}).cast(),
            simulation.seal(1, {"small": {"a": "low"}}).challenge(),
        ]
        for place, entry in enumerate(entries):
            (tmp_path / f"{place}.txt").write_text(simulation.board.submit(entry))
        first = simulation.board.receipt(next(iter(simulation.store.entries())))
        (tmp_path / "first.txt").write_text(first)
        simulation.export(str(tmp_path / "record"))
        codes = [format_code(confirmation_code(entry)) for entry in entries]
        (tmp_path / "codes").write_text(" ".join(codes))
        return tmp_path

    def test_kept(self, receipts: Path) -> None:
        codes = (receipts / "codes").read_text().split()
        place = ballots(receipts / "record")[0][0]
        result = run("check-receipt", receipts / "record", receipts / "0.txt")
        assert result.exit_code == 0
        assert result.stdout == f"kept: entry {place}, of the kind ballot\n{codes[0]}\n"
        result = run("check-receipt", receipts / "record", receipts / "1.txt")
        assert result.stdout == f"kept: entry {place + 1}, of the kind challenged-ballot\n{codes[1]}\n"
        result = run("check-receipt", receipts / "record", receipts / "first.txt")
        assert result.stdout == "kept: entry 0, of the kind manifest\n"

    def test_not_kept(self, receipts: Path) -> None:
        entries = receipts / "record" / "entries.jsonl"
        lines = entries.read_bytes().splitlines(keepends=True)
        entries.write_bytes(b"".join(lines[:-2] + lines[-1:]))
        result = run("check-receipt", receipts / "record", receipts / "0.txt")
        assert result.exit_code == 1
        assert result.stdout.startswith("NOT KEPT: the record's first")
        assert result.stderr == ""

    @pytest.mark.parametrize(
        "data", [b"", b"garbage", b"\xff" * 100, b"c2sp.org/tlog-proof@v1\nindex \x1b[31m\n\n"]
    )
    def test_no_receipt(self, receipts: Path, data: bytes) -> None:
        (receipts / "none.txt").write_bytes(data)
        result = run("check-receipt", receipts / "record", receipts / "none.txt")
        assert result.exit_code == 1
        assert result.stdout.startswith("NOT KEPT: ")
        assert "\x1b" not in result.stdout
        assert result.stdout.count("\n") == 1

    def test_a_garbled_manifest_breaks_no_promise(self, receipts: Path) -> None:
        lines = (receipts / "record" / "entries.jsonl").read_bytes()
        (receipts / "record" / "entries.jsonl").write_bytes(lines.replace(b"manifest", b"manifesT", 1))
        result = run("check-receipt", receipts / "record", receipts / "0.txt")
        assert result.exit_code == 3
        assert result.stdout == ""
        assert "entry 0: has no readable manifest" in result.stderr

    def test_files_that_are_not_there(self, receipts: Path) -> None:
        assert run("check-receipt", receipts / "record", receipts / "absent.txt").exit_code == 2
        assert run("check-receipt", receipts / "absent", receipts / "0.txt").exit_code == 3
        (receipts / "record" / "entries.jsonl").write_bytes(b"")
        assert run("check-receipt", receipts / "record", receipts / "0.txt").exit_code == 3


class TestCheckCode:
    def test_cast_and_challenged(self, record: Path) -> None:
        place, body = ballots(record)[2]
        code = format_code(code_of(body))
        for typed in (code, code.lower(), code.replace("-", " ")):
            result = run("check-code", record, typed)
            assert result.exit_code == 0
            assert result.stdout.splitlines()[:2] == [code, f"cast, as entry {place}, and counted"]
            assert result.stdout.splitlines()[2].startswith("NOT VERIFIED: ")
        place, body = ballots(record, "challenged-ballot")[0]
        opened = json.loads(body)["ballot"].encode()
        result = run("check-code", record, format_code(code_of(opened)))
        assert result.exit_code == 0
        assert f"challenged: entry {place} opens this ballot" in result.stdout

    @pytest.mark.parametrize("revoting", ["last", "first"])
    def test_replaced(self, tmp_path: Path, revoting: str) -> None:
        simulation = Simulation([small_contest()], roll_size=1, revoting=revoting)
        simulation.hold_ceremony()
        simulation.issue(1)
        for level in ("high", "low", "low"):
            simulation.board.submit(simulation.seal(0, {"small": {"a": level}}).cast())
        simulation.export(str(tmp_path / "record"))
        cast = ballots(tmp_path / "record")
        counts = cast[-1] if revoting == "last" else cast[0]
        for place, body in cast:
            result = run("check-code", tmp_path / "record", format_code(code_of(body)))
            assert result.exit_code == 0
            if place != counts[0] and revoting == "last":
                fate = f", and replaced: the same credential's entry {counts[0]} counts"
            elif place != counts[0]:
                fate = f", but does not count: the same credential's entry {counts[0]} does"
            elif revoting == "last":
                fate = ", and counted so far: voting is open"
            else:
                fate = ", and to be counted: there is no result yet"
            assert result.stdout.splitlines()[1] == f"cast, as entry {place}{fate}"

    def test_not_counted_before_there_is_a_result(self, copy: Path) -> None:
        place, body = ballots(copy)[2]
        lines = entries(copy)
        for stop, fate in (
            (len(lines), "counted"),
            (len(lines) - 1, "to be counted: there is no result yet"),
            (place + 1, "counted so far: voting is open"),
        ):
            (copy / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines[:stop]))
            result = run("check-code", copy, format_code(code_of(body)))
            assert result.stdout.splitlines()[1] == f"cast, as entry {place}, and {fate}"

    @pytest.mark.parametrize("fault", ["election", "late", "early", "unsigned", "replaced"])
    def test_a_ballot_against_the_rules_is_not_called_counted(self, copy: Path, fault: str) -> None:
        def changed(member: bytes) -> bytes:
            """The body with the first letter of that member another one."""
            at = body.index(member) + len(member)
            return body[:at] + (b"B" if body[at : at + 1] == b"A" else b"A") + body[at + 1 :]

        lines, stranger = entries(copy), SigningKey.generate()
        place, body = ballots(copy)[2]
        code = format_code(code_of(body))
        neighbour = format_code(code_of(ballots(copy)[1][1]))
        match fault:
            case "election":
                code, says = format_code(code_of(changed(b'"election":"'))), "is not of this election"
                lines[place] = sign_body(changed(b'"election":"'), stranger)
            case "late":
                lines.append(lines.pop(place))
                place, says = len(lines) - 1, "was cast when voting was not open"
            case "early":
                lines.insert(1, lines.pop(place))
                place, says = 1, "was cast when voting was not open"
            case "unsigned":
                lines[place], says = sign_body(body, stranger), "is not signed by its ballot key"
            case _:
                lines.insert(place + 1, sign_body(changed(b'"proof":"'), stranger))
                says = "is not signed by its ballot key"
        (copy / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        result = run("check-code", copy, code)
        assert result.exit_code == 1
        assert result.stdout.splitlines()[1] == f"cast, as entry {place}; whether it counts is open"
        named = place + (fault == "replaced")
        said = " ".join(result.stdout.split())
        assert f"Warning: entry {named} {says}, so that the record does not verify" in said
        told = json.loads(run("check-code", copy, code, "--json").stdout)
        assert told["fate"] == "open"
        assert f"entry {named} {says}" in told["broken"]
        # Other credentials' ballots are not concerned.
        assert run("check-code", copy, neighbour).exit_code == 0

    def test_a_first_ballot_against_the_rules_replaces_nothing(self, tmp_path: Path) -> None:
        """The board puts one of its own making before the voter's."""
        simulation = Simulation([small_contest()], roll_size=1, revoting="first")
        simulation.hold_ceremony()
        simulation.issue(1)
        for level in ("high", "low"):
            simulation.board.submit(simulation.seal(0, {"small": {"a": level}}).cast())
        simulation.export(str(tmp_path / "record"))
        (place, first), (_, second) = ballots(tmp_path / "record")
        lines = entries(tmp_path / "record")
        lines[place] = sign_body(first, SigningKey.generate())
        (tmp_path / "record" / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        result = run("check-code", tmp_path / "record", format_code(code_of(second)))
        assert result.exit_code == 1
        assert f"Warning: entry {place} is not signed by its ballot key" in result.stdout
        assert "does not count" not in result.stdout

    @pytest.mark.parametrize("other", ["ballot", "challenged-ballot"])
    def test_there_twice(self, copy: Path, other: str) -> None:
        """A record that has one ballot twice does not verify; it is not said to be replaced by itself."""
        place, body = ballots(copy, other)[0]
        code = format_code(code_of(json.loads(body)["ballot"].encode() if other != "ballot" else body))
        lines = entries(copy)
        lines.insert(place + 1, lines[place])
        (copy / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        result = run("check-code", copy, code)
        assert result.exit_code == 0
        fate = f"cast, as entry {place}, and counted" if other == "ballot" else "challenged: "
        assert result.stdout.splitlines()[1].startswith(fate)
        assert f"Warning: entry {place + 1} is this ballot again" in result.stdout

    def test_not_found(self, record: Path) -> None:
        result = run("check-code", record, SOME_CODE)
        assert result.exit_code == 1
        assert "not found" in result.stdout

    def test_concludes_nothing_from_what_it_cannot_read(self, copy: Path) -> None:
        place, body = ballots(copy)[2]
        code = format_code(code_of(body))
        lines = entries(copy)
        lines.append(b"garbage")
        (copy / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        result = run("check-code", copy, code)
        assert result.exit_code == 0
        assert f"cast, as entry {place}" in result.stdout
        assert "Warning: 1 entry cannot be read" in result.stdout
        lines[place] = lines[place][:-1]
        (copy / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        result = run("check-code", copy, code)
        assert result.exit_code == 4
        assert "not found among the entries that can be read" in result.stdout
        assert "Warning: 2 entries cannot be read" in result.stdout

    @pytest.mark.parametrize("code", ["", "AAAA", SOME_CODE + "A", SOME_CODE.replace("A", "1"), "é" * 32])
    def test_no_code_at_all_is_usage(self, record: Path, code: str) -> None:
        result = run("check-code", record, code)
        assert result.exit_code == 2
        assert "confirmation code" in result.stderr


class TestInfo:
    def test_says_what_it_computes_with(self) -> None:
        result = run("info")
        assert result.exit_code == 0
        time = "constant" if ristretto255.constant_time else "variable"
        assert f"ristretto255, {backend.name} backend, {time} time" in result.stdout
        assert backend.reason in " ".join(result.stdout.split())
        checks_nothing_is_cut(result.stdout)

    def test_says_what_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = importlib.import_module("secretballot.cli.info")
        monkeypatch.setattr(module, "constant_time_backend", lambda: False)
        monkeypatch.setattr(module, "_LIBRARIES", ("secretballot-no-such-library",))
        result = run("info")
        assert "gmpy2 is missing" in result.stdout
        assert "pip install gmpy2\n" in result.stdout
        assert "not installed" in result.stdout

    def test_warns_of_variable_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = importlib.import_module("secretballot.cli.info")
        monkeypatch.setattr(type(module.ristretto255), "constant_time", False)
        assert "its time depends on secrets" in " ".join(run("info").stdout.split())

    def test_no_warning_without_cause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = importlib.import_module("secretballot.cli.info")
        monkeypatch.setattr(module, "constant_time_backend", lambda: True)
        monkeypatch.setattr(type(module.ristretto255), "constant_time", True)
        result = run("info")
        assert "constant time" in result.stdout
        assert "Warning" not in result.stdout

    def test_version_and_help(self) -> None:
        assert run("--version").stdout.startswith("secretballot, version ")
        listed = run("--help").stdout
        assert all(command in listed for command in ("check-code", "demo", "info", "show", "verify"))


def _line(data: bytes) -> Callable[[Path], None]:
    return lambda path: (path / "entries.jsonl").write_bytes(data) and None


#: What may stand in a record's place: how it is made, and the exit codes of verify and show.
GARBAGE: dict[str, tuple[Callable[[Path], object], int, int]] = {
    "random bytes": (_line(bytes(range(256)) * 50), 1, 3),
    "invalid UTF-8": (_line(b'{"body":{"record":"secretballot/1/manifest","x":"\xff\xfe"}}\n' * 3), 1, 3),
    "a huge line": (_line(b"x" * (9 * 2**20)), 1, 3),
    "empty lines": (_line(b"\n" * 100), 1, 3),
    "no entries": (_line(b""), 1, 3),
    "deep nesting": (_line(b'{"body":' * 100_000 + b"\n"), 1, 3),
    "a control character": (_line(b"\x1b]0;x\x07\n"), 1, 3),
    "a garbage checkpoint": (lambda path: (path / "checkpoint").write_bytes(b"\xff\x00" * 99), 1, 0),
    "an empty checkpoint": (lambda path: (path / "checkpoint").write_bytes(b""), 1, 0),
    "a huge checkpoint": (lambda path: (path / "checkpoint").write_bytes(b"x" * 2_000_000), 1, 0),
}


class TestGarbage:
    @pytest.mark.parametrize("name", GARBAGE)
    def test_contents(self, copy: Path, name: str) -> None:
        make, verified, shown = GARBAGE[name]
        make(copy)
        verify = run("verify", copy)
        assert verify.exit_code == verified, verify.output
        assert Report.from_body(run("verify", copy, "--json").stdout.strip().encode())
        show = run("show", copy)
        assert show.exit_code == shown, show.output
        garbled = name != "no entries" and "checkpoint" not in name
        assert read("check-code", copy).exit_code == (4 if garbled else 1)
        for result in (verify, show):
            assert "\x1b" not in result.output
            assert "\x07" not in result.output

    @pytest.mark.parametrize("command", READERS)
    @pytest.mark.parametrize(
        "place", ["missing", "empty", "file", "no checkpoint", "directory as entries", "\udcff"]
    )
    def test_no_record(self, copy: Path, command: str, place: str) -> None:
        folder = copy / place
        if place == "empty":
            folder.mkdir()
        elif place == "file":
            folder.write_bytes(b"x")
        elif place == "no checkpoint":
            folder = copy
            (copy / "checkpoint").unlink()
        elif place == "directory as entries":
            folder = copy
            (copy / "entries.jsonl").unlink()
            (copy / "entries.jsonl").mkdir()
        result = read(command, folder)
        assert result.exit_code == 3, result.output
        assert result.stderr.startswith("error: ")
        assert len(result.stderr.splitlines()) == 1
        assert not result.stdout

    def test_a_place_that_may_not_be_read(self, monkeypatch: pytest.MonkeyPatch, record: Path) -> None:
        def forbidden(self: Path) -> bool:
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(Path, "is_file", forbidden)
        result = run("verify", record)
        assert result.exit_code == 3
        assert "Permission denied" in result.stderr

    def test_labels_cannot_move_the_cursor(self, tmp_path: Path) -> None:
        simulation = Simulation(
            [small_contest()], roll_size=1, labels={"vi": "bầu \x1b[2J\u202ecử\nVERIFIED [red]x"}
        )
        simulation.export(str(tmp_path / "record"))
        for command in ("show", "verify"):
            output = run(command, tmp_path / "record").stdout
            assert "bầu �[2J�cử�VERIFIED [red]x" in output


class TestBoundary:
    @pytest.mark.parametrize(
        ("error", "code", "says"),
        [
            (ValueError("secret detail"), 1, "error: internal error: ValueError; please report it\n"),
            (MemoryError(), 1, "error: internal error: MemoryError; please report it\n"),
            (KeyboardInterrupt(), 130, "error: interrupted\n"),
            (OSError(28, "No space left on device", "disk"), 1, "error: disk: No space left on device\n"),
            (OSError("odd"), 1, "error: OSError\n"),
            (BrokenPipeError(), 141, ""),
            (BoardError("a\nb\x1b", item="entry 3"), 1, "error: entry 3: a�b�\n"),
            (TallyError("wrong", culprit="trustee 2"), 1, "error: wrong (fault of trustee 2)\n"),
        ],
    )
    def test_one_line_each(
        self, monkeypatch: pytest.MonkeyPatch, record: Path, error: BaseException, code: int, says: str
    ) -> None:
        def fails(*_: object) -> None:
            raise error

        monkeypatch.setattr(importlib.import_module("secretballot.cli.show"), "read_contents", fails)
        result = run("show", record)
        assert (result.exit_code, result.stdout) == (code, "")
        assert result.stderr == says

    def test_nobody_reads_stderr(self, monkeypatch: pytest.MonkeyPatch, record: Path) -> None:
        def closed(*_: object, **__: object) -> None:
            raise BrokenPipeError

        monkeypatch.setattr("click.echo", closed)
        assert run("show", record / "missing").exit_code == 3

    def test_a_closed_pipe_is_let_go(self) -> None:
        with pytest.raises(BrokenPipeError):
            Terminal().on_broken_pipe()
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as stream:
            stream.write("never read")
            _let_go(stream)
            stream.write("nor this")

    def test_streams_of_other_kinds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdout", io.StringIO())
        main(["info"], standalone_mode=False)
        assert "Python" in sys.stdout.getvalue()  # type: ignore[attr-defined]

    def test_bars_on_a_terminal(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        with Stages() as stages:
            with stages.stage("counting", 2) as step:
                step()
                stages.step()
            stages.step()
        Terminal().show("done")
        captured = capsys.readouterr()
        assert "counting" in captured.err
        assert "2/2" in captured.err
        assert captured.out == "done\n"
        assert set(stages.seconds) == {"counting"}

    def test_without_unicode(self, record: Path) -> None:
        for arguments in (["verify", str(record)], ["demo", "--voters", "1"]):
            result = CliRunner(charset="ascii").invoke(main, arguments)
            assert result.exit_code == 0
            assert "high confidence" in " ".join(result.stdout.split())
            assert "nguyen-hong-linh" in result.stdout
            assert result.stdout.isascii()


@pytest.fixture
def process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from secretballot.cli import main; main()", *map(str, arguments)]
        environment = {**os.environ, "PYTHONUTF8": "1"}
        environment.pop("FORCE_COLOR", None)
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        started.append(subprocess.Popen(command, text=True, encoding="utf-8", env=environment, **options))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


class TestProcess:
    def test_an_unknown_backend_is_usage(
        self, process: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch, record: Path
    ) -> None:
        monkeypatch.setenv("SECRETBALLOT_BACKEND", "fastest")
        for arguments in (["info"], ["verify", record]):
            one = process(*arguments)
            out, err = one.communicate(timeout=60)
            assert (one.returncode, out) == (2, "")
            assert err == "error: SECRETBALLOT_BACKEND is auto, native or reference, not 'fastest'\n"

    def test_the_same_as_in_process(
        self, process: Callable[..., subprocess.Popen[str]], record: Path
    ) -> None:
        one = process("show", record)
        out, err = one.communicate(timeout=60)
        assert (one.returncode, err) == (0, "")
        assert out == run("show", record).stdout

    def test_a_closed_pipe_is_no_traceback(
        self, process: Callable[..., subprocess.Popen[str]], record: Path
    ) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        one = process("show", record, stdout=writing)
        os.close(writing)
        _, err = one.communicate(timeout=60)
        assert (one.returncode, err) == (141, "")

    def test_no_standard_output_at_all(self, record: Path) -> None:
        for arguments in (["verify", str(record), "--json"], ["info"]):
            command = [sys.executable, "-m", "secretballot", *arguments]
            ended = subprocess.run(
                ["sh", "-c", 'exec "$@" >&-', "sh", *command],
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
            )
            assert ended.returncode == 0
            assert "Error" not in ended.stderr

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
    def test_a_full_disk_is_no_traceback(
        self, process: Callable[..., subprocess.Popen[str]], record: Path
    ) -> None:
        with Path("/dev/full").open("w") as full:
            one = process("show", record, stdout=full)
            _, err = one.communicate(timeout=60)
        assert one.returncode == 1
        assert err == "error: No space left on device\n"
