"""What an election costs, stage by stage, beside the floor of its primitives and beside other systems.

The table goes to standard output, progress to standard error. Times are medians, in microseconds a ballot.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import casting, coordinating, growth, scenario, shuffling
from .floor import Floor
from .peers import comparison
from .polls import STORES
from .processes import machine, run_stage
from .shapes import Shape
from .tables import Column, table, write_json

FLOOR_COLUMNS = (Column("operation"), Column("µs", 2))


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command; ``arguments`` instead of those of the command line."""
    options = _parser().parse_args(arguments)
    about = machine()
    print(
        "secretballot {secretballot}, Python {python}, {processor}, {cores} cores, load {load:.1f}".format(
            **about
        )
    )
    figures = options.run(options)
    if options.json:
        write_json(options.json, {"command": options.command, "machine": about, **figures})


def run_scenario(options: argparse.Namespace) -> dict[str, Any]:
    shapes = [
        Shape(voters, officials, levels, options.blank, tally)
        for tally in options.tally
        for officials in options.officials
        for levels in options.levels
        for voters in options.voters
    ]
    runs = [scenario.run(shape, _settings(options)) for shape in shapes]
    print(table(scenario.COLUMNS, [row for run in runs for row in scenario.rows(run)]))
    return {"runs": runs}


def run_growth(options: argparse.Namespace) -> dict[str, Any]:
    shapes = [Shape(n, options.officials, options.levels, options.blank) for n in sorted(set(options.voters))]
    runs = [scenario.run(shape, _settings(options)) for shape in shapes]
    print(table(scenario.COLUMNS, [row for run in runs for row in scenario.rows(run)]))
    fitted = growth.fits(runs)
    print()
    print(table(growth.FIT_COLUMNS, growth.fit_rows(fitted)))
    if options.svg:
        options.svg.parent.mkdir(parents=True, exist_ok=True)
        options.svg.write_text(growth.plot(runs), encoding="utf-8")
    return {"runs": runs, "fits": fitted}


def run_peers(options: argparse.Namespace) -> dict[str, Any]:
    shape = Shape(options.voters, options.officials, options.levels, options.blank)
    measured = comparison.compare(shape, _settings(options), options.electionguard)
    print(table(comparison.COLUMNS, comparison.rows(measured)))
    return {"shape": shape.to_json(), "peers": [row._asdict() for row in measured]}


def run_shuffle(options: argparse.Namespace) -> dict[str, Any]:
    runs = [
        shuffling.run(rows, width, options.repeats, options.backend)
        for width in options.width
        for rows in options.rows
    ]
    print(table(shuffling.COLUMNS, [shuffling.row(run) for run in runs]))
    return {"runs": runs}


def run_cluster(options: argparse.Namespace) -> dict[str, Any]:
    settings = scenario.Settings([1], options.repeats, options.processes, options.keep, options.backend)
    shapes = [
        Shape(voters, officials, options.levels, options.blank)
        for officials in options.officials
        for voters in options.voters
    ]
    runs = [coordinating.run(shape, settings) for shape in shapes]
    print(table(coordinating.COLUMNS, [coordinating.row(run) for run in runs]))
    return {"runs": runs}


def run_casting(options: argparse.Namespace) -> dict[str, Any]:
    settings = casting.Settings(
        options.repeats, options.processes, options.folder, options.postgres, options.backend
    )
    runs = []
    for voters in options.voters:
        shape = Shape(voters, options.officials, options.levels, options.blank)
        runs += casting.run(shape, options.store, options.connections, settings)
    print(table(casting.COLUMNS, [casting.row(run) for run in runs]))
    return {"runs": runs}


def run_floor(options: argparse.Namespace) -> dict[str, Any]:
    figures = run_stage({"stage": "floor", "repeats": options.repeats}, cores=1, backend=options.backend)
    floor, cost = Floor(**figures["floor"]), Shape(2, 1).cost
    rows: list[list[Any]] = [[name.replace("_", " "), 1e6 * s] for name, s in floor._asdict().items()]
    rows.append([f"verify a ballot of {cost.points} points", 1e6 * floor.verify_ballot(cost)])
    rows.append([f"make a ballot of {cost.multiplications} products", 1e6 * floor.make_ballot(cost)])
    print(table(FLOOR_COLUMNS, rows))
    return figures


def _settings(options: argparse.Namespace) -> scenario.Settings:
    cores = options.cores or scenario.default_cores()
    return scenario.Settings(
        sorted(set(cores)), options.repeats, options.processes, options.keep, options.backend
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--repeats", type=_count, default=3, help="medians of so many (default 3)")
    common.add_argument("--backend", choices=("native", "reference"), help="as SECRETBALLOT_BACKEND")
    common.add_argument("--json", metavar="FILE", type=Path, help="write the figures to a file as well")
    runs = argparse.ArgumentParser(add_help=False, parents=[common])
    runs.add_argument("--blank", action="store_true", help="allow a blank for an official")
    runs.add_argument("--cores", type=_count, nargs="+", help="cores to verify on (default 1, and all)")
    runs.add_argument(
        "--processes", type=_count, help="processes that make ballots (default 1; all for many)"
    )
    runs.add_argument(
        "--keep", metavar="DIR", type=Path, help="keep the records there, and take them from there"
    )

    command = commands.add_parser("scenario", parents=[runs], help="elections of several shapes")
    command.add_argument("--voters", type=_count, nargs="+", default=[100, 1000])
    command.add_argument("--officials", type=_count, nargs="+", default=[4, 44])
    command.add_argument("--levels", type=_count, nargs="+", default=[3])
    tallies = ("homomorphic", "mixnet", "both")
    command.add_argument("--tally", choices=tallies, nargs="+", default=["homomorphic"])
    command.set_defaults(run=run_scenario)

    command = commands.add_parser("growth", parents=[runs], help="the same ballot in ever larger elections")
    command.add_argument("--voters", type=_count, nargs="+", default=[100, 1000, 10_000])
    command.add_argument("--officials", type=_count, default=4)
    command.add_argument("--levels", type=_count, default=3)
    command.add_argument("--svg", metavar="FILE", type=Path, help="draw the plot into a file")
    command.set_defaults(run=run_growth)

    command = commands.add_parser("peers", parents=[runs], help="other systems, where they are installed")
    command.add_argument("--voters", type=_count, default=100)
    command.add_argument("--officials", type=_count, default=4)
    command.add_argument("--levels", type=_count, default=3)
    command.add_argument("--electionguard", metavar="PYTHON", help="an interpreter that has electionguard")
    command.set_defaults(run=run_peers)

    command = commands.add_parser("shuffle", parents=[common], help="a shuffle with its proof")
    command.add_argument("--rows", type=_count, nargs="+", default=[1000, 10_000])
    command.add_argument("--width", type=_count, nargs="+", default=[1], help="ciphertexts of a row")
    command.set_defaults(run=run_shuffle)

    command = commands.add_parser("cluster", parents=[common], help="what cannot be shared of a verification")
    command.add_argument("--voters", type=_count, nargs="+", default=[1000, 10_000])
    command.add_argument("--officials", type=_count, nargs="+", default=[4])
    command.add_argument("--levels", type=_count, default=3)
    command.add_argument("--blank", action="store_true", help="allow a blank for an official")
    command.add_argument("--processes", type=_count, help="processes that make ballots")
    command.add_argument("--keep", metavar="DIR", type=Path, help="keep the records there")
    command.set_defaults(run=run_cluster)

    command = commands.add_parser("casting", parents=[common], help="voters who cast at once at a service")
    command.add_argument("--voters", type=_count, nargs="+", default=[1000])
    command.add_argument("--connections", type=_count, nargs="+", default=[50], help="that cast at once")
    command.add_argument("--store", choices=STORES, nargs="+", default=["sqlite"])
    command.add_argument("--officials", type=_count, default=4)
    command.add_argument("--levels", type=_count, default=3)
    command.add_argument("--blank", action="store_true", help="allow a blank for an official")
    command.add_argument("--processes", type=_count, default=1, help="processes that make ballots")
    command.add_argument("--folder", metavar="DIR", type=Path, help="where the stores are written")
    command.add_argument("--postgres", metavar="CONNINFO", help="a database, in which schemas are made")
    command.set_defaults(run=run_casting)

    command = commands.add_parser("floor", parents=[common], help="what the primitives cost here and now")
    command.set_defaults(run=run_floor)
    return parser


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no count: it is 1 or more")
    return int(text)


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"benchmarks: {error}")
