"""``python -m tests.fuzz TARGET… [--seconds S | --runs N]``: atheris (libFuzzer) looks for inputs that are findings.

Each target runs in a process of its own. An input that is a finding is written into the directory ``--corpus``, beside
those that reached new code, and the command ends in 1.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

#: Bytes of an input: as an entry of the elections that inputs are made of has.
MAX_SIZE = 16384
#: Every target in one process.
ALL = "all"
#: Megabytes and seconds that no input may need.
MEMORY, SECONDS = 1024, 20


def main(arguments: list[str]) -> int:
    """Every target that is named, or all of them; the first that finds something ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help="default: all of them")
    parser.add_argument("--seconds", type=int, default=0, help="for each target")
    parser.add_argument(
        "--runs", type=int, default=0, help="inputs of a target that takes 0.1 ms; of the others, fewer"
    )
    parser.add_argument("--corpus", type=Path, help="a directory that keeps inputs; default: none is kept")
    parser.add_argument("--here", action="store_true", help="in this process: of one target")
    given = parser.parse_args(arguments)
    if given.here:
        fuzz(given.targets[0], given.seconds, given.runs, given.corpus)
    names = given.targets or [name for name in _targets() if name != ALL]
    for name in names:
        command = [
            sys.executable,
            "-m",
            "tests.fuzz",
            "--here",
            name,
            f"--seconds={given.seconds}",
            f"--runs={given.runs}",
        ]
        if given.corpus is not None:
            command.append(f"--corpus={given.corpus}")
        print(name, flush=True)
        # libFuzzer ends its process at once: whatever is left behind goes with this directory.
        with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
            if subprocess.run(command, check=False, env=os.environ | {"TMPDIR": scratch}).returncode:
                return 1
    return 0


def fuzz(name: str, seconds: int, runs: int, corpus: Path | None) -> None:
    """One target, in this process, which ends with it."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["secretballot"]):
        targets = _targets()
    target = targets[name]
    run = importlib.import_module("tests.fuzz.targets").run

    with tempfile.TemporaryDirectory() as own:
        begun = (corpus / name) if corpus is not None else Path(own)
        begun.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(target.seeds()):
            (begun / f"seed-{number}").write_bytes(seed)
        options = [
            f"-max_len={MAX_SIZE}",
            f"-rss_limit_mb={MEMORY}",
            f"-timeout={SECONDS}",
            f"-max_total_time={seconds}",
            f"-runs={max(1, int(runs * 0.1 / target.cost)) if runs else -1}",
            f"-artifact_prefix={begun}/finding-",
            "-verbosity=0",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, str(begun)], lambda data: run(target, data))
        atheris.Fuzz()


def _targets() -> Any:
    return importlib.import_module("tests.fuzz.targets").TARGETS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
