"""Reading golden records: what is in a folder of theirs, and what is kept of a report on one.

``python -m tests.compat.golden`` prints what this installation says of each, as JSON.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secretballot.verify import Report, verify_record

FOLDER = Path(__file__).parent / "records"
SUMS = FOLDER.parent / "SHA256SUMS"


@dataclass(frozen=True)
class Golden:
    """A golden record, by its folder: ``record`` itself, what a verifier is ``given`` beside it, and the ``report``."""

    path: Path

    @property
    def name(self) -> str:
        """Release and kind."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def given(self) -> dict[str, Any]:
        """What to give to ``verify_record``."""
        given = json.loads((self.path / "given.json").read_bytes())
        return {
            "election_id": bytes.fromhex(given["election"]),
            "checkpoint": given["checkpoint"],
            "cosigners": given["cosigners"],
        }

    @property
    def report(self) -> bytes:
        """The report that its release wrote, without the line feed behind it."""
        return (self.path / "report.json").read_bytes().removesuffix(b"\n")

    def verify(self) -> Report:
        """What this release says."""
        return verify_record(self.path / "record", **self.given)


def records() -> list[Golden]:
    """All of them, the oldest release first."""
    return [Golden(path.parent) for path in sorted(FOLDER.glob("*/*/given.json"))]


def kept(report: Report) -> dict[str, Any]:
    """What must stay as it is: a later release may have more rules, and word titles and messages otherwise."""
    return {
        "verdict": report.verdict,
        "election": report.election,
        "entries": report.entries,
        "ballots": [report.ballots_cast, report.ballots_counted, report.ballots_challenged],
        "rules": {rule.rule: [rule.status, rule.checked, rule.failed] for rule in report.rules},
        "result": json.loads(report.result.to_body()) if report.result else None,
    }


def sums() -> str:
    """The SHA-256 of every file, in the form of sha256sum."""
    files = sorted(path for path in FOLDER.rglob("*") if path.is_file())
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(SUMS.parent).as_posix()}\n"
        for path in files
    )


if __name__ == "__main__":
    print(json.dumps({golden.name: kept(golden.verify()) for golden in records()}))
