"""A log, a clock and a cosigner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ...support.cosigners import Clock, Made, PlainLog, new_cosigner, numbered


@pytest.fixture
def log() -> PlainLog:
    return PlainLog(numbered(12))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def made(log: PlainLog, tmp_path: Path, clock: Clock) -> Iterator[Made]:
    keys, cosigner = new_cosigner(tmp_path, log.verifier, clock=clock)
    with cosigner:
        yield keys, cosigner
