"""The instrument in ``benchmarks/``: its commands on tiny elections, its fits, its plot, and peers that are absent."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from xml.etree import ElementTree

import pytest

pytest.importorskip("benchmarks", reason="the tests are not beside the benchmarks")

from benchmarks import coordinating, growth, scenario
from benchmarks.__main__ import main
from benchmarks.fit import power_law
from benchmarks.floor import Floor
from benchmarks.making import slices
from benchmarks.peers import Measured, belenios, comparison, electionguard
from benchmarks.shapes import SIGNATURES, Shape
from benchmarks.svg import Panel, Series, render
from benchmarks.tables import Column, table

from secretballot.ballot.records import Ballot
from secretballot.board import ElectionRecord
from secretballot.errors import OutcomeError
from secretballot.records import kind_of, parse_entry
from secretballot.testing import Simulation
from secretballot.verify import engine

from ..support.postgres import Server

SVG = "{http://www.w3.org/2000/svg}"
TINY = ["--officials", "1", "--cores", "1", "--repeats", "1"]


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a growth over elections of two and four voters left: figures, plot and records."""
    folder = tmp_path_factory.mktemp("growth")
    files = ["--json", str(folder / "growth.json"), "--svg", str(folder / "growth.svg")]
    main(["growth", "--voters", "4", "2", *TINY, "--keep", str(folder / "kept"), *files])
    return folder


def test_a_shuffle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(
        ["shuffle", "--rows", "3", "1", "--width", "2", "--repeats", "1", "--json", str(tmp_path / "figures")]
    )
    figures = json.loads((tmp_path / "figures").read_text(encoding="utf-8"))
    assert [(run["rows"], run["width"]) for run in figures["runs"]] == [(3, 2), (1, 2)]
    # A row's outputs; three elements and two scalars a row; and what is not by rows.
    assert [run["bytes"] for run in figures["runs"]] == [128 + 32 * (5 + 12 / 3), 128 + 32 * (5 + 12)]
    for run in figures["runs"]:
        assert set(run["ratios"]) == {"prove to floor", "verify to floor"}
        assert min(_numbers(run)) > 0
    assert "verify/floor" in capsys.readouterr().out


def test_a_cluster(grown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of four voters nothing is worth giving away; where it is, every ballot is."""
    options = ["--officials", "1", "--repeats", "1", "--keep", str(grown / "kept")]
    main(["cluster", "--voters", "4", *options, "--json", str(tmp_path / "figures")])
    (run,) = json.loads((tmp_path / "figures").read_text(encoding="utf-8"))["runs"]
    assert run["coordinator"] > 0
    assert (run["worker"], run["sent"], run["received"], run["pieces"]) == (0, 0, 0, 0)
    assert "coordinator µs" in capsys.readouterr().out
    (record,) = (grown / "kept").glob("4-voters-*/record")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "SHARD_SIZE", 1)
        figures = coordinating.measure(record, 4, 1)
    assert figures.pieces == 8
    ballots = sum(len(raw) for raw in ElectionRecord(record).entries() if kind_of(raw) == "ballot")
    assert 4 * figures.sent > ballots > 4 * figures.received > 0
    assert min(figures) > 0


def test_a_cluster_that_is_answered_wrongly(grown: Path) -> None:
    """The replay is no verification of its own: what is kept is held against what it is of."""
    (record,) = (grown / "kept").glob("4-voters-*/record")
    with TemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "SHARD_SIZE", 1)
        answers = coordinating._Answers(file)
        coordinating._verify(record, coordinating._Keeping(answers))
        answers.sizes[0] -= 1
        with pytest.raises(OutcomeError):
            coordinating._verify(record, coordinating._Replaying(answers))


def test_a_mixed_election(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tallies = ["homomorphic", "both"]
    file = tmp_path / "figures"
    main(["scenario", "--voters", "3", *TINY, "--tally", *tallies, "--json", str(file)])
    added_up, mixed = json.loads(file.read_text(encoding="utf-8"))["runs"]
    assert [run["shape"]["tally"] for run in (added_up, mixed)] == tallies
    assert mixed["cost"]["points"] == added_up["cost"]["points"]
    assert (added_up["cost"]["mixing_points"], mixed["cost"]["mixing_points"]) == (0, 2 * (4 + 4) + 2 * 2)
    assert mixed["made"]["record_bytes"] > added_up["made"]["record_bytes"] + 2 * (64 + 160)
    assert "both" in capsys.readouterr().out


def test_casting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("uvicorn", reason="the extra `service` is not installed")
    file = tmp_path / "figures"
    options = ["--officials", "1", "--repeats", "1", "--folder", str(tmp_path), "--json", str(file)]
    main(["casting", "--voters", "6", "--connections", "2", "--store", "sqlite", "files", *options])
    runs = json.loads(file.read_text(encoding="utf-8"))["runs"]
    assert [(run["store"], run["connections"]) for run in runs] == [("sqlite", 2), ("files", 2)]
    for run in runs:
        assert min(_numbers({name: run[name] for name in run if name != "shape"})) > 0
        assert run["p99"] >= run["median"]
        assert run["peak_mb"] >= run["idle_mb"] > 10
        both = run["append"] + run["verify_floor"]
        assert run["ratios"] == pytest.approx(
            {
                "rate to append": run["rate"] * run["append"],
                "rate to verify": run["rate"] * run["verify_floor"],
                "ballot to floor": 1 / run["rate"] / both,
                "median to floor": run["median"] / both,
                "p99 to floor": run["p99"] / both,
            }
        )
    headings, *rows = capsys.readouterr().out.splitlines()[1:]
    assert headings.split()[:3] == ["store", "officials", "voters"]
    assert [line.split()[:4] for line in rows] == [["sqlite", "1", "6", "2"], ["files", "1", "6", "2"]]
    # Stores and ballots are gone.
    assert list(tmp_path.iterdir()) == [file]


def test_casting_needs_a_database_for_postgres() -> None:
    with pytest.raises(RuntimeError, match="give --postgres"):
        main(["casting", "--voters", "2", "--store", "postgres"])


def test_casting_at_a_database(postgres: Server, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="the extra `service` is not installed")
    file = tmp_path / "figures"
    options = ["--officials", "1", "--repeats", "1", "--postgres", postgres.conninfo(), "--json", str(file)]
    main(["casting", "--voters", "4", "--connections", "2", "--store", "postgres", *options])
    (run,) = json.loads(file.read_text(encoding="utf-8"))["runs"]
    assert run["store"] == "postgres"
    assert run["rate"] > 0


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for member in value.values() for number in _numbers(member)]
    if isinstance(value, list):
        return [number for member in value for number in _numbers(member)]
    return [] if isinstance(value, (str, bool)) else [value]


def test_growth_leaves_figures_in_order_of_size(grown: Path) -> None:
    figures = json.loads((grown / "growth.json").read_text(encoding="utf-8"))
    assert figures["command"] == "growth"
    assert [run["shape"]["voters"] for run in figures["runs"]] == [2, 4]
    assert set(figures["fits"]) == {"issue", "seal", "submit", "tally", "verify, 1 core"}
    assert {"processor", "cores", "python", "load"} <= set(figures["machine"])
    for run in figures["runs"]:
        assert set(run["ratios"]) == {
            "seal to floor",
            "ballot to floor",
            "verify to floor",
            "tally to verify",
            "ballot bytes to raw",
        }
        assert run["cost"] == Shape(run["shape"]["voters"], 1).cost._asdict()
        assert all(number > 0 for number in _numbers(run["made"]) + _numbers(run["ratios"]))
        (verified,) = run["verified"]
        assert verified["cores"] == 1
        assert verified["peak_mb"] >= verified["idle_mb"] > 10
        assert Floor(**verified["floor"]).verify_ballot(Shape(2, 1).cost) > 0


def test_the_plot_names_every_stage(grown: Path) -> None:
    root = ElementTree.fromstring((grown / "growth.svg").read_bytes())  # noqa: S314 - our own file
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"issue", "seal", "submit", "tally", "verify, 1 core", "floor of verify"} <= set(texts)


def test_a_kept_record_is_verified_again_and_not_made_again(
    grown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = json.loads((grown / "growth.json").read_text(encoding="utf-8"))["runs"][1]["made"]
    file = tmp_path / "new" / "scenario.json"
    main(["scenario", "--voters", "4", *TINY, "--keep", str(grown / "kept"), "--json", str(file)])
    assert json.loads(file.read_text(encoding="utf-8"))["runs"][0]["made"] == made
    printed = capsys.readouterr()
    assert "kept from before" in printed.err
    headings, row = printed.out.splitlines()[1:]
    assert headings.split("  ")[0] == "officials"
    assert row.split()[:5] == ["1", "3", "no", "homomorphic", "4"]


@pytest.mark.parametrize("arguments", [[], ["scenario", "--voters", "0"], ["growth", "--cores", "many"]])
def test_wrong_arguments_exit_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m benchmarks" in capsys.readouterr().err


# Shapes.


def test_a_line_of_n_choices_has_2_and_2_n_points() -> None:
    assert Shape(100, 4).cost.points == 4 * (2 + 2 * 3)
    assert Shape(100, 4, blank=True).cost.points == 4 * (2 + 2 * 4)
    assert Shape(100, 4, levels=8).cost.points > 4 * (2 + 2 * 8), "more digits than one logarithm can bear"
    shapes = [Shape(2, 1), Shape(2, 1, blank=True), Shape(2, 1, 4), Shape(2, 1, tally="both")]
    assert len({shape.name for shape in shapes}) == len(shapes)
    for shape in shapes:
        again = Shape.from_json(shape.to_json())
        assert (again.name, again.cost) == (shape.name, shape.cost)


@pytest.mark.parametrize("shape", [Shape(2, 3), Shape(2, 1, blank=True), Shape(2, 2, levels=8)])
def test_raw_bytes_are_those_of_a_real_ballot(shape: Shape) -> None:
    simulation = Simulation([shape.contest], roll_size=shape.voters)
    simulation.hold_ceremony()
    simulation.issue(1)
    selection = {option.id: shape.contest.levels[0].id for option in shape.contest.options}
    entry = simulation.seal(0, {shape.contest.id: selection}).cast()
    ballot = Ballot.from_body(parse_entry(entry).body)
    blobs = [contest.ciphertexts + contest.proof for contest in ballot.contests]
    assert sum(map(len, blobs)) + SIGNATURES == shape.cost.raw_bytes


def test_slices_leave_nobody_out() -> None:
    assert slices(7, 3) == [range(0, 2), range(2, 4), range(4, 7)]
    assert slices(2, 3) == [range(0, 1), range(1, 2)]


# Fits.


@pytest.mark.parametrize(("exponent", "factor"), [(1.0, 3e-3), (1.5, 2e-6), (0.0, 4.0)])
def test_a_fit_finds_the_power_law(exponent: float, factor: float) -> None:
    counts = [100, 1000, 10_000]
    law = power_law(counts, [factor * n**exponent for n in counts])
    assert law.exponent == pytest.approx(exponent, abs=1e-9)
    assert law.factor == pytest.approx(factor)
    assert law.worst == pytest.approx(1)
    assert law.at(500) == pytest.approx(factor * 500**exponent)
    assert law.flatness == pytest.approx(100 ** abs(exponent - 1))


def test_a_fit_tells_how_far_the_points_are_off() -> None:
    law = power_law([10, 100, 1000], [10, 200, 1000])
    assert law.exponent == pytest.approx(1)
    assert law.worst == pytest.approx(2 ** (2 / 3))
    assert law.flatness == pytest.approx(2)


@pytest.mark.parametrize("counts", [[], [100], [100, 100], [100, 200, 300]])
def test_no_fit_through_one_size(counts: list[int]) -> None:
    with pytest.raises(ValueError, match="two different counts"):
        power_law(counts, [1.0, 2.0])


# Plots and tables.


def test_a_plot_is_well_formed_and_stays_within_its_axes() -> None:
    points = [(100, 3.0), (1000, 3.1), (100_000, 2900.0)]
    panels = [
        Panel("<Cost> & more", "n", "µs", [Series("a < b", points), Series("floor", points, dashed=True)])
    ]
    root = ElementTree.fromstring(render("Plot & title", panels))  # noqa: S314 - our own text
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    dots = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in root.iter(f"{SVG}circle")]
    assert len(dots) == len(points) + 1, "the dashed line has no dots, the legend has one"
    assert all(0 < x < width and 0 < y < height for x, y in dots)
    assert [x for x, _ in dots[:3]] == sorted(x for x, _ in dots[:3])
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert {"Plot & title", "<Cost> & more", "a < b", "floor", "n", "µs", "1\u202f000"} <= texts


def test_a_plot_of_one_point_has_axes() -> None:
    ElementTree.fromstring(render("one", [Panel("p", "x", "y", [Series("s", [(1, 1)])])]))  # noqa: S314


def test_a_table_puts_numbers_to_the_right() -> None:
    columns = [Column("name"), Column("n"), Column("ratio", 2)]
    rows: list[list[Any]] = [["one", 1, 0.5], ["seventeen", 17, None], ["absent", "why it is, at length"]]
    assert table(columns, rows).splitlines() == [
        "name        n  ratio",
        "one         1   0.50",
        "seventeen  17",
        "absent     why it is, at length",
    ]


# Peers.


def test_absent_peers_are_rows_that_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (row,) = belenios.measure(Shape(2, 1), 1)
    assert not row.present
    assert "apt-get install belenios-tool" in row.note
    assert "there is no interpreter nowhere" in electionguard.measure(Shape(2, 1), "nowhere").note


def test_an_interpreter_without_electionguard_says_so() -> None:
    row = electionguard.measure(Shape(2, 1), None)
    assert not row.present
    assert "docs/howto/measure.md" in row.note


def test_ratios_are_to_our_first_row() -> None:
    measured = [
        Measured("secretballot", "native backend", 2, 1, 0.001, 0.002, 3000),
        Measured("other", "", 2, 1, 0.1, 0.3, 30_000),
        Measured("absent", "", note="not installed"),
    ]
    ours, other, absent = comparison.rows(measured)
    assert ours[7:9] == [1, 1]
    assert other[7:9] == pytest.approx([100, 150])
    assert absent == ["absent", "", "not installed"]
    assert "not installed" in table(comparison.COLUMNS, [ours, other, absent])


def test_the_choices_given_to_belenios_are_one_for_each_question() -> None:
    for shape in (Shape(2, 3), Shape(2, 3, blank=True)):
        answers = json.loads(belenios._choices(shape))
        assert len(answers) == 3
        assert all(sum(answer) == 1 and len(answer) == 3 + shape.blank for answer in answers)


def test_settings_use_one_core_and_all() -> None:
    assert scenario.default_cores()[0] == 1
    assert growth.fit_rows({"x": power_law([1, 2], [1, 2])._asdict()})[0][0] == "x"
