"""The backends of ristretto255 that are here."""

from __future__ import annotations

import importlib

import pytest

from secretballot.crypto.group import Group
from secretballot.crypto.group.reference import ristretto255 as reference

try:
    native: Group | None = importlib.import_module("secretballot.crypto.group.native").ristretto255
except ImportError:
    native = None

#: Every backend of ristretto255 that is here.
BACKENDS: list[Group] = [reference] if native is None else [reference, native]

needs_native = pytest.mark.skipif(
    native is None, reason="the native backend was not built (no Rust toolchain)"
)


def name_of(group: Group) -> str:
    """A test's id for a group: its name, and which backend it is."""
    return f"{group.name}-{type(group).__module__.rpartition('.')[2]}"
