"""One election, stage by stage: a record is made in one process, and verified in one for each number of cores."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from secretballot.verify import available_cores

from .floor import Floor
from .processes import run_stage, say
from .shapes import Shape
from .tables import Column, micros

#: From so many voters on, all cores make the record: with one, the voters' part takes too long.
MANY = 5000


class Settings(NamedTuple):
    """How a scenario is measured."""

    #: Each number of cores that verification is measured with.
    cores: Sequence[int]
    repeats: int = 3
    #: Processes that make credentials and ballots; None for one, and all cores from :data:`MANY` voters on.
    processes: int | None = None
    #: A directory in which records are kept and taken from; None for a temporary one.
    keep: Path | None = None
    #: A value of SECRETBALLOT_BACKEND; None for what the environment says.
    backend: str | None = None


def default_cores() -> list[int]:
    """One core, and all of them."""
    return sorted({1, available_cores()})


def run(shape: Shape, settings: Settings) -> dict[str, Any]:
    """The figures of a scenario: seconds a ballot, bytes a ballot, MB, and ratios."""
    say(f"{shape.name}{f', {settings.backend} backend' if settings.backend else ''}")
    with _folder(shape, settings) as folder:
        made = _make(shape, folder, settings)
        verified = []
        for cores in settings.cores:
            say(f"  verification, {cores} {'core' if cores == 1 else 'cores'}")
            task = _task("verify", shape, folder, cores=cores, repeats=settings.repeats)
            verified.append({"cores": cores, **run_stage(task, cores=cores, backend=settings.backend)})
    return {
        "shape": shape.to_json(),
        "cost": shape.cost._asdict(),
        "backend": made["backend"],
        "made": made,
        "verified": verified,
        "ratios": _ratios(shape, made, verified[0]),
    }


@contextmanager
def made_record(shape: Shape, settings: Settings) -> Iterator[Path]:
    """The record of an election, which is made where it is not kept from before."""
    with _folder(shape, settings) as folder:
        _make(shape, folder, settings)
        yield folder / "record"


def _make(shape: Shape, folder: Path, settings: Settings) -> dict[str, Any]:
    kept = folder / "made.json"
    if kept.is_file():
        say("  the record is kept from before")
        made: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return made
    # One that was left half made by an interrupted run.
    shutil.rmtree(folder / "record", ignore_errors=True)
    processes = settings.processes or (available_cores() if shape.voters >= MANY else 1)
    task = _task("make", shape, folder, repeats=settings.repeats, processes=processes)
    made = {"processes": processes, **run_stage(task, backend=settings.backend)}
    kept.write_text(json.dumps(made), encoding="utf-8")
    return made


def _task(stage: str, shape: Shape, folder: Path, **settings: int) -> dict[str, Any]:
    return {"stage": stage, "shape": shape.to_json(), "path": str(folder / "record"), **settings}


@contextmanager
def _folder(shape: Shape, settings: Settings) -> Iterator[Path]:
    if settings.keep is None:
        with tempfile.TemporaryDirectory(prefix="secretballot-benchmark-") as name:
            yield Path(name)
    else:
        folder = settings.keep / (shape.name + (f"-{settings.backend}" if settings.backend else ""))
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()


def _ratios(shape: Shape, made: dict[str, Any], verified: dict[str, Any]) -> dict[str, float]:
    """What a stage costs over what its primitives cost in the same process, both in processor seconds; ``verified`` is
    that with the fewest cores."""
    floor = Floor(**made["floor"])
    return {
        "seal to floor": made["seal_cpu"] / floor.make_ballot(shape.cost),
        "ballot to floor": verified["ratio_ballot"],
        "verify to floor": verified["ratio_cpu"],
        "tally to verify": made["tally"] / verified["verify"],
        "ballot bytes to raw": made["ballot_bytes"] / shape.cost.raw_bytes,
    }


COLUMNS = (
    Column("officials"),
    Column("levels"),
    Column("blank"),
    Column("tally"),
    Column("voters"),
    Column("backend"),
    Column("cores"),
    Column("issue µs"),
    Column("seal µs"),
    Column("submit µs"),
    Column("tally µs"),
    Column("verify µs"),
    Column("busy", 1),
    Column("peak MB"),
    Column("bytes"),
    Column("seal/floor", 2),
    Column("ballot/floor", 2),
    Column("verify/floor", 2),
    Column("wall/floor", 2),
    Column("tally/verify", 3),
    Column("bytes/raw", 2),
)


def rows(figures: dict[str, Any]) -> Iterator[list[Any]]:
    """The table's rows, one for each number of cores; what does not depend on it stands in the first."""
    shape, made, ratios = figures["shape"], figures["made"], figures["ratios"]
    for place, verified in enumerate(figures["verified"]):
        first = place == 0
        blank = "yes" if shape["blank"] else "no"
        yield [
            *(
                shape["officials"],
                shape["levels"],
                blank,
                shape["tally"],
                shape["voters"],
                figures["backend"],
            ),
            verified["cores"],
            *(micros(made[stage]) if first else None for stage in ("issue", "seal", "submit", "tally")),
            micros(verified["verify"]),
            verified["verify_cpu"] / verified["verify"],
            round(max(verified["peak_mb"], verified["child_peak_mb"])),
            round(made["ballot_bytes"]) if first else None,
            ratios["seal to floor"] if first else None,
            verified["ratio_ballot"],
            verified["ratio_cpu"],
            verified["ratio"],
            made["tally"] / verified["verify"],
            ratios["ballot bytes to raw"] if first else None,
        ]
