"""Fixtures of whole elections by the commands."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from secretballot.cli import main

from ..support.roles import Run
from ..support.second import SecondVerifier


@pytest.fixture(scope="session")
def second() -> SecondVerifier:
    return SecondVerifier()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a directory with a passphrase in it; asserts its exit code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pass").write_text("a long passphrase\n", encoding="utf-8")
    for name in ("chi", "dung", "nobody"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"chair": name}), encoding="utf-8")

    def run(
        *arguments: str, code: int = 0, board: bool = True, given: str | None = None, keys: str | None = None
    ) -> Result:
        options = ["--passphrase-file", keys or "pass"] if given is None or keys else []
        group, command = arguments[0], arguments[1]
        if command in ("status", "export"):
            options = []
        if board and group not in ("board",) and command not in ("new",):
            options += ["--board-passphrase-file", "pass"]
        result = CliRunner().invoke(main, [*arguments, *options], input=given)
        assert result.exit_code == code, (arguments, result.output, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit | click.ClickException)
        assert "Traceback" not in result.output
        return result

    return run
