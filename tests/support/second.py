"""The second verifier (``tests/second_verifier``), made ready to run."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from secretballot.verify import Report, Status, verify_record

FOLDER = Path(__file__).parents[1] / "second_verifier"
#: From this version on, Node runs TypeScript as it is.
STRIPS_TYPES = (22, 18)


class Judgement(NamedTuple):
    """What a verifier says of a record: the verdict, and of each rule its status, and how many items it checked and
    how many of these failed. No verdict where there is no record."""

    verdict: str | None
    rules: dict[str, tuple[str, int, int]]

    @property
    def failed(self) -> set[str]:
        return {rule for rule, (status, _, _) in self.rules.items() if status == Status.FAILED}


def of_report(report: Report) -> Judgement:
    """What the reference verifier says."""
    rules = {rule.rule: (str(rule.status), rule.checked, rule.failed) for rule in report.rules}
    return Judgement(str(report.verdict), rules)


class SecondVerifier:
    """Installs and, for an older Node, compiles it where that was not done; skips without Node or npm."""

    def __init__(self) -> None:
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            pytest.skip("the second verifier needs Node and npm")
        self._node = node
        version = self._run([node, "--version"]).stdout.strip().removeprefix("v").split(".")
        strips = (int(version[0]), int(version[1])) >= STRIPS_TYPES
        self._main = FOLDER / ("src/main.ts" if strips else "build/main.js")
        # It warns of what it does not yet call stable.
        self._options = ["--disable-warning=ExperimentalWarning"] if strips else []
        # Several processes of tests may come here at once.
        with (FOLDER / "package.json").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            installed = FOLDER / "node_modules" / ".package-lock.json"
            if not _is_newer(installed, [FOLDER / "package.json"]):
                self._run(
                    [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
                )
                installed.touch()
            if not strips and not _is_newer(self._main, (FOLDER / "src").iterdir()):
                self._run([node, "node_modules/typescript/bin/tsc"])
                self._main.touch()

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done

    def __call__(self, *arguments: str | Path) -> tuple[int, list[Judgement], str]:
        """Exit code, a judgement for each record among the arguments, and what went to standard error."""
        command = [self._node, *self._options, str(self._main), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        return (
            done.returncode,
            [_judgement(json.loads(line)) for line in done.stdout.splitlines()],
            done.stderr,
        )

    def evaluate(self, module: str, expression: str) -> Any:
        """The value of an expression over what a module exports, as ``module``."""
        url = json.dumps(self._main.with_stem(module).as_uri())
        code = f"import * as module from {url}; console.log(JSON.stringify({expression}))"
        done = self._run([self._node, *self._options, "--input-type=module", "--eval", code])
        return json.loads(done.stdout)


def _judgement(said: dict[str, Any]) -> Judgement:
    rules = {rule["id"]: (rule["status"], rule["checked"], rule["failed"]) for rule in said["rules"]}
    return Judgement(said["verdict"], rules)


def _is_newer(made: Path, sources: Any) -> bool:
    return made.exists() and all(made.stat().st_mtime >= source.stat().st_mtime for source in sources)


def agreed(
    second: SecondVerifier,
    folder: Path,
    records: Mapping[str, tuple[bytes, bytes]],
    attachments: Mapping[str, Mapping[str, bytes]] | None = None,
) -> dict[str, Judgement]:
    """What both verifiers say of records, each the bytes of its entries and of its checkpoint, and of its attachments
    by their digests."""
    for name, (entries, checkpoint) in records.items():
        (folder / name).mkdir()
        (folder / name / "entries.jsonl").write_bytes(entries)
        (folder / name / "checkpoint").write_bytes(checkpoint)
        for digest, data in (attachments or {}).get(name, {}).items():
            (folder / name / "attachments").mkdir(exist_ok=True)
            (folder / name / "attachments" / digest).write_bytes(data)
    _, judgements, _ = second(*(folder / name for name in records))
    said = dict(zip(records, judgements, strict=True))
    assert said == {name: of_report(verify_record(folder / name)) for name in records}
    return said
