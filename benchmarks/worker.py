"""One stage, in the process that was started for it: ``python -m benchmarks.worker``, with a task as JSON on standard
input and the figures as JSON on standard output. Not for people: :mod:`.processes` starts it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from secretballot.crypto.group import backend

from . import coordinating, polls, shuffling
from .floor import Gauge
from .making import make_record
from .shapes import Shape
from .verifying import measure


def run(task: dict[str, Any]) -> dict[str, Any]:
    """The figures of a task, with named tuples as objects."""
    if task["stage"] == "floor":
        figures = {"floor": Gauge().measure(task["repeats"])._asdict()}
    elif task["stage"] == "shuffle":
        figures = shuffling.make(task)
    elif task["stage"] == "verify-shuffle":
        figures = shuffling.check(task)
    elif task["stage"] == "prepare-casting":
        figures = polls.prepare(task)
    elif task["stage"] == "append":
        figures = polls.append(task)
    elif task["stage"] == "coordinate":
        figures = coordinating.measure(Path(task["path"]), task["voters"], task["repeats"])._asdict()
    else:
        shape, path = Shape.from_json(task["shape"]), Path(task["path"])
        if task["stage"] == "make":
            made = make_record(shape, path, parts=task["repeats"], processes=task["processes"])
            figures = made._asdict() | {"floor": made.floor._asdict()}
        else:
            verified = measure(shape, path, cores=task["cores"], repeats=task["repeats"])
            figures = verified._asdict() | {"floor": verified.floor._asdict()}
    return figures | {"backend": backend.name}


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin))))
