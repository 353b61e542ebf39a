"""A demonstration, and the record of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import Result

from .shared import VOTERS, run


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("demo") / "new" / "record"
    return folder, run("demo", "--voters", VOTERS, "--out", folder)


@pytest.fixture(scope="module")
def record(demonstration: tuple[Path, Result]) -> Path:
    return demonstration[0]


@pytest.fixture
def copy(record: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(record, tmp_path / "copy"))
