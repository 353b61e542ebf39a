"""The page for embedders' tests: its code is run, and its tables name what there is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from secretballot.ballot import Ballot
from secretballot.errors import SecretBallotError
from secretballot.manifest import Manifest
from secretballot.records import parse_entry
from secretballot.testing import Simulation, strategies

from ..support.snippets import DOCS, code

PAGE = DOCS / "reference" / "testing.md"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not beside the tests")


class Form:
    """An embedder's form, for the page's own tests."""

    def __init__(self, manifest: Manifest) -> None:
        self._choices: dict[str, Any] = {}

    def mark(self, choices: dict[str, Any]) -> None:
        self._choices = choices

    def read(self) -> dict[str, Any]:
        return self._choices


def _queue(entry: bytes) -> bool:
    """Takes a ballot that is signed by its key."""
    try:
        signed = parse_entry(entry)
        signed.verify(Ballot.from_body(signed.body).credential.key)
    except SecretBallotError:
        return False
    return True


def test_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {
        "my_form": Form,
        "my_page": lambda manifest, result: " ".join(one.id for one in result.contests),
        "my_queue": _queue,
    }
    exec(compile("".join(code(PAGE, "python")), PAGE.name, "exec", dont_inherit=True), names)  # noqa: S102 - the page's own code
    assert capsys.readouterr().out == "".join(code(PAGE, "text"))
    tests = [name for name in names if name.startswith("test_")]
    assert len(tests) == 4
    for name in tests:
        names[name]()


def test_the_tables_name_what_there_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text, re.M)
    named = {name for row in rows for name in re.findall(r"`(\w+)", row)}
    arguments = set(inspect.signature(Simulation).parameters)
    assert arguments <= named
    for name in named - arguments:
        assert hasattr(Simulation, name) or hasattr(strategies, name), name
