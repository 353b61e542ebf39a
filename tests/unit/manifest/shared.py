"""Changes of a manifest's members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], object]

ONE = {"id": "a", "labels": {"en": "A"}}


def change(path: str, value: object) -> Change:
    """Sets the member at a path such as ``contests.0.id``."""

    def apply(manifest: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        at: Any = manifest
        for part in parents:
            at = at[int(part)] if isinstance(at, list) else at[part]
        at[int(last) if isinstance(at, list) else last] = value

    return apply


def both(*changes: Change) -> Change:
    def apply(manifest: dict[str, Any]) -> None:
        for one in changes:
            one(manifest)

    return apply


def levels(count: int) -> Change:
    made = [{"id": f"l{i}", "labels": {"en": f"Level {i}"}} for i in range(count)]
    return both(change("contests.0.levels", made), change("contests.0.rules", []))


def persons(count: int, place: int = 0) -> Change:
    made = [{"id": f"p{i}", "labels": {"en": f"P {i}"}} for i in range(count)]
    return change(f"contests.{place}.options", made)
