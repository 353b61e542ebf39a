"""Every target under its seeds, and some thousand inputs that atheris makes of them; ``make fuzz`` goes on."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from secretballot.errors import EncodingError, SecretBallotError
from secretballot.verify import Verdict

from . import records, targets
from .edits import VerdictError
from .targets import TARGETS, FuzzError, Target

#: Inputs of all targets in turn: some ten seconds.
RUNS = 10_000


def test_inputs_that_are_made_up(tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: it has no wheel for this machine")
    command = [sys.executable, "-m", "tests.fuzz", "all", f"--runs={RUNS}", f"--corpus={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert not list(tmp_path.glob("*/finding-*")), done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
    assert "stat::number_of_executed_units" in done.stderr


@pytest.mark.parametrize("name", sorted(set(TARGETS) - {"all", "record", "directory"}))
def test_every_seed_is_read(name: str) -> None:
    """What a fuzzer begins with is to reach what lies behind the first refusals."""
    read = 0
    for seed in TARGETS[name].seeds():
        targets.run(TARGETS[name], seed)
        with suppress(SecretBallotError):  # Some are refused, on the way there.
            TARGETS[name].read(seed)
            read += 1
    assert read or name == "service-error"


def _untyped(data: bytes) -> None:
    raise ValueError


def _several_lines(data: bytes) -> None:
    raise EncodingError("one\ntwo")


def _long(data: bytes) -> None:
    raise EncodingError("x" * 5000)


def _other(data: bytes) -> None:
    targets.same(data, data + b"x")


@pytest.mark.parametrize(
    ("read", "finding"),
    [(_untyped, ValueError), (_several_lines, FuzzError), (_long, FuzzError), (_other, FuzzError)],
)
def test_a_finding_is_one(read: Callable[[bytes], object], finding: type[Exception]) -> None:
    with pytest.raises(finding):
        targets.run(Target(read, lambda: []), b"data")


def test_a_typed_error_is_no_finding() -> None:
    def refuse(data: bytes) -> None:
        raise EncodingError("is refused")

    targets.run(Target(refuse, lambda: []), b"data")


def test_a_changed_record_that_is_verified_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    real = records.verify_entries
    monkeypatch.setattr(
        records,
        "verify_entries",
        lambda *given: real(*given).model_copy(update={"verdict": Verdict.VERIFIED}),
    )
    with pytest.raises(VerdictError):
        records.record(records.record_seeds()[0])
