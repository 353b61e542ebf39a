"""Whole elections whose every secret the attackers hold: made once a session, never changed by a test."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from secretballot.crypto.group import reference

from .accomplices import Held, hold


@pytest.fixture(scope="session")
def held() -> Held:
    """The election that is attacked."""
    return hold()


@pytest.fixture(scope="session")
def foreign() -> Held:
    """Another election of the same shape, at which the same attackers hold other keys."""
    return hold()


@pytest.fixture(scope="session")
def remembered() -> Iterator[None]:
    """Hundreds of records that differ in one place are verified: what the reference backend computes again and again,
    over the very same bytes and numbers, it computes once a worker. Both functions are of the group's arithmetic, and
    have no state. The native backend needs no such help."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "decode", cache(reference.decode))
        compute = cache(reference.sum_of_products)
        patch.setattr(
            reference, "sum_of_products", lambda numbers, points: compute(tuple(numbers), tuple(points))
        )
        yield
