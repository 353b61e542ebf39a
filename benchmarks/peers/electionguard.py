"""ElectionGuard's Python library, in an interpreter of its own: it needs other versions of our dependencies, and Python
3.9 or 3.10. The interpreter is told with ``--electionguard``."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from ..processes import say
from ..shapes import Shape
from . import Measured

SCRIPT = Path(__file__).with_name("electionguard_script.py")
#: A ballot takes about a second for each handful of officials; more ballots would tell no more.
BALLOTS = 5


def measure(shape: Shape, interpreter: str | None) -> Measured:
    """One row; it says why where there are no figures."""
    python = shutil.which(interpreter or sys.executable)
    if python is None:
        return Measured("electionguard", "", note=f"there is no interpreter {interpreter}")
    ballots = min(shape.voters, BALLOTS)
    say(f"electionguard, {ballots} ballots")
    task = json.dumps({"officials": shape.officials, "levels": shape.levels, "ballots": ballots})
    # Isolated, so that the script's folder, where this module has the library's name, is not looked into.
    done = subprocess.run([python, "-I", str(SCRIPT)], input=task, capture_output=True, text=True)
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["it failed"]
        if "No module named 'electionguard'" in words[-1]:
            words = ["not installed: docs/howto/measure.md says how (Python 3.9 or 3.10)"]
        return Measured("electionguard", "", note=words[-1])
    figures = json.loads(done.stdout)
    return Measured(
        "electionguard",
        "4096 bits",
        ballots,
        make=figures["make"],
        verify=figures["verify"],
        ballot_bytes=figures["ballot_bytes"],
        note=f"{figures['version']}; ballots alone: no ceremony, log or tally" + _blank(shape),
    )


def _blank(shape: Shape) -> str:
    return "; its placeholder is the blank" if shape.blank else ""
