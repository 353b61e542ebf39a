"""Starts a process for a stage, with the cores and the backend that it shall use."""

from __future__ import annotations

import json
import logging
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from secretballot.verify import available_cores

ROOT = Path(__file__).resolve().parents[1]


def run_stage(
    task: dict[str, Any], *, cores: int | None = None, backend: str | None = None
) -> dict[str, Any]:
    """Runs a :mod:`.worker` and returns its figures; raises RuntimeError with its last words where it fails.

    ``cores`` limits the threads of the native backend, and ``backend`` is a value of SECRETBALLOT_BACKEND.
    """
    environment = dict(os.environ)
    if cores is not None:
        environment["RAYON_NUM_THREADS"] = str(cores)
    if backend is not None:
        environment["SECRETBALLOT_BACKEND"] = backend
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.worker"],
        input=json.dumps(task),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=environment,
        text=True,
    )
    if process.returncode:
        raise RuntimeError(f"the stage {task['stage']} ended with exit code {process.returncode}")
    figures: dict[str, Any] = json.loads(process.stdout)
    return figures


def machine() -> dict[str, Any]:
    """What a reader of the figures has to know of where they come from."""
    return {
        "secretballot": version("secretballot"),
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": available_cores(),
        "load": os.getloadavg()[0],
    }


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        logging.getLogger(__name__).debug("no /proc/cpuinfo")
    return platform.processor()
