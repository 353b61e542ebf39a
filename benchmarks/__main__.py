"""``python -m benchmarks [--voters N ...] [--officials N ...] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import platform
import sys

from secretballot.crypto.group import backend

from . import floor as floors
from .stages import Shape, ratios, run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--voters", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--officials", type=int, nargs="+", default=[4, 44])
    parser.add_argument("--json", metavar="FILE", help="write the figures to a file as well")
    options = parser.parse_args()
    figures = []
    print(
        f"{backend.name} backend, {platform.machine()}; microseconds a ballot, ratios to the floor of the same run"
    )
    print(
        "officials voters | issue   seal  submit  tally  verify | seal/floor verify/floor tally/verify bytes/raw"
    )
    for officials in options.officials:
        for voters in options.voters:
            shape = Shape(voters, officials)
            floor = floors.measure()
            stages = run(shape)
            ratio = ratios(shape, stages, floor)
            micros = [round(1e6 * s) for s in stages[:5]]
            print(
                f"{officials:9d} {voters:6d} | " + " ".join(f"{m:6d}" for m in micros) + " | "
                f"{ratio['seal']:10.2f} {ratio['verify']:12.2f} {ratio['tally to verify']:12.3f} "
                f"{ratio['record bytes']:9.2f}"
            )
            figures.append(
                {**shape._asdict(), "stages": stages._asdict(), "floor": floor._asdict(), "ratios": ratio}
            )
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"backend": backend.name, "python": sys.version, "runs": figures}, file, indent=1)


main()
