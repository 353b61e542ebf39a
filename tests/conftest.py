"""Fixtures for every kind of test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from .support import elections, key_files
from .support import postgres as postgres_module

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("default", deadline=None, max_examples=50)
settings.load_profile("default")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of official test vectors, which stands beside the project and is not part of it."""
    folder = Path(os.environ.get("SECRETBALLOT_VECTORS", ROOT.parent / "shared" / "vectors"))
    if not folder.is_dir():
        pytest.skip("the folder of official vectors is not here (set SECRETBALLOT_VECTORS)")
    return folder


@pytest.fixture(scope="session")
def finished() -> elections.Finished:
    """A finished election with every kind of contest and of entry, to be read and replayed; no test changes it."""
    return elections.finish()


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_module.Server]:
    """A PostgreSQL server, started when a test first asks for it."""
    with postgres_module.running() as server:
        yield server


@pytest.fixture
def cheap_key_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id at libsodium's lowest cost."""
    key_files.make_cheap(monkeypatch)
