"""Whole elections whose every secret the attackers hold: made once a session, never changed by a test."""

from __future__ import annotations

import pytest

from .accomplices import Held, hold


@pytest.fixture(scope="session")
def held() -> Held:
    """The election that is attacked."""
    return hold()


@pytest.fixture(scope="session")
def foreign() -> Held:
    """Another election of the same shape, at which the same attackers hold other keys."""
    return hold()
