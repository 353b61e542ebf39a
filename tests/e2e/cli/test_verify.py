"""Verify and show: what they print, and what they exit with."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from secretballot.board import ElectionRecord
from secretballot.testing import Simulation
from secretballot.verify import Report, Status, Verdict

from .shared import VOTERS, checks_nothing_is_cut, entries, flip_a_ballot, run, small_contest


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record exported while voting is open."""
    simulation = Simulation([small_contest()], roll_size=2)
    simulation.hold_ceremony()
    simulation.issue(1)
    folder = tmp_path_factory.mktemp("unfinished") / "record"
    simulation.export(str(folder))
    return folder


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
