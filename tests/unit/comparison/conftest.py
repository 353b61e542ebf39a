"""Directories of records, and a second history."""

from __future__ import annotations

from pathlib import Path

import pytest

from .shared import Finished, Folder


@pytest.fixture
def folder(finished: Finished, tmp_path: Path) -> Folder:
    return Folder(finished, tmp_path)


@pytest.fixture
def forked(finished: Finished) -> list[bytes]:
    """Another history of the same length: two ballots are exchanged."""
    one, other = finished.places("ballot")[:2]
    entries = [*finished.entries]
    entries[one], entries[other] = entries[other], entries[one]
    return entries
