"""secretballot demo: a whole election, and what is said of it."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from secretballot import data
from secretballot.board import ElectionRecord
from secretballot.testing import Simulation
from secretballot.verify import Report, Verdict

from .shared import checks_nothing_is_cut, flip_a_ballot, run


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
