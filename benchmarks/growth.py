"""How cost grows with the number of ballots: the same ballot in elections of several sizes, fitted and plotted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .fit import power_law
from .floor import Floor
from .shapes import Shape
from .svg import Panel, Series, render
from .tables import Column

MAKING = ("issue", "seal", "submit", "tally")

FIT_COLUMNS = (
    Column("stage"),
    Column("exponent", 3),
    Column("max/min a ballot", 2),
    Column("off the line by", 2),
)


def costs(runs: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    """For each stage the seconds a ballot, in the order of the runs."""
    out = {stage: [run["made"][stage] for run in runs] for stage in MAKING}
    for place, cores in enumerate(_cores(runs)):
        out[_name(cores)] = [run["verified"][place]["verify"] for run in runs]
    return out


def fits(runs: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """For each stage the power law of its seconds; raises ValueError for runs of one size alone."""
    counts = [run["shape"]["voters"] for run in runs]
    out = {}
    for stage, each in costs(runs).items():
        out[stage] = power_law(counts, [n * s for n, s in zip(counts, each, strict=True)])._asdict()
    return out


def fit_rows(fitted: dict[str, dict[str, float]]) -> list[list[Any]]:
    return [[stage, law["exponent"], law["flatness"], law["worst"]] for stage, law in fitted.items()]


def plot(runs: Sequence[dict[str, Any]]) -> str:
    """The SVG: the cost of a ballot with the floor of verification, and the peak memory of the verifier."""
    shape = Shape.from_json(runs[0]["shape"])
    counts = [float(run["shape"]["voters"]) for run in runs]
    series = [
        Series(stage, list(zip(counts, (1e6 * s for s in each), strict=True)))
        for stage, each in costs(runs).items()
    ]
    floors = [1e6 * Floor(**run["verified"][0]["floor"]).verify_ballot(shape.cost) for run in runs]
    series.append(Series("floor of verify", list(zip(counts, floors, strict=True)), dashed=True))
    memory = [
        Series(_name(cores), [(n, _peak(run, place)) for n, run in zip(counts, runs, strict=True)])
        for place, cores in enumerate(_cores(runs))
    ]
    about = f"{shape.officials} officials, {shape.levels} levels{', blanks' if shape.blank else ''}, "
    about += f"{runs[0]['backend']} backend"
    return render(
        f"What a ballot costs as elections grow: {about}",
        [
            Panel("Time a ballot", "ballots", "microseconds a ballot", series),
            Panel("Peak memory of the verifier", "ballots", "MB", memory),
        ],
    )


def _cores(runs: Sequence[dict[str, Any]]) -> list[int]:
    return [verified["cores"] for verified in runs[0]["verified"]]


def _name(cores: int) -> str:
    return f"verify, {cores} {'core' if cores == 1 else 'cores'}"


def _peak(run: dict[str, Any], place: int) -> float:
    verified = run["verified"][place]
    return float(max(verified["peak_mb"], verified["child_peak_mb"]))
