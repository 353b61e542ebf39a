"""The tutorial between parties, its very commands, each party in a process of its own over the loopback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..support import snippets

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "between-parties.md"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not beside the tests")


def script() -> str:
    blocks = snippets.code(PAGE, "bash")
    assert len(blocks) >= 10
    return "".join(blocks)


def test_the_tutorial(tmp_path: Path) -> None:
    binaries = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + script()],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    logs = [(tmp_path / name).read_text(encoding="utf-8") for name in ("board.log", "registrar.log")]
    assert ended.returncode == 0, (ended.stdout, ended.stderr, *logs)
    assert "VERIFIED: " in ended.stdout
    assert ", 0 failed, 0 not run" in ended.stdout
    assert re.search(r"Chi +2", ended.stdout)
    assert re.search(r"L7 .*passed", ended.stdout)
    # Whoever reads the services' logs finds no voter, and no line of issuance among the board's.
    for log in logs:
        assert "Voter" not in log
        assert "127.0.0.1" not in log
        assert "Traceback" not in log
    assert "/v1/issuance" not in logs[0]
    assert "/v1/entries" not in logs[1]
