"""Votes and lots."""

from __future__ import annotations

from typing import Any

from secretballot.tally.methods import Ranking, lots


def profile(names: str, **votes: int) -> dict[Ranking, int]:
    """A profile in letters: ``profile("AB", AB=3, B=1)``."""
    return {tuple(names.index(one) for one in ranking): number for ranking, number in votes.items()}


NO_LOTS = (0, 1, 2, 3, 4, 5, 6)


def draw(**changed: Any) -> tuple[int, ...]:
    arguments: dict[str, Any] = {
        "election_id": bytes(32),
        "root": bytes(range(32)),
        "contest": "chair",
        "options": tuple(f"option-{place}" for place in range(12)),
    }
    return lots(**{**arguments, **changed})
