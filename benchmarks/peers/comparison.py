"""Ours and the others in one run, and the ratios between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..scenario import Settings, run
from ..shapes import Shape
from ..tables import Column, micros
from . import Measured, belenios, electionguard

#: Voters of the reference backend's election: it takes some hundred milliseconds a ballot.
REFERENCE_VOTERS = 10

COLUMNS = (
    Column("system"),
    Column("variant"),
    Column("ballots"),
    Column("cores"),
    Column("make µs"),
    Column("verify µs"),
    Column("bytes"),
    Column("make ×", 2),
    Column("verify ×", 2),
    Column("remarks"),
)


def compare(shape: Shape, settings: Settings, interpreter: str | None) -> list[Measured]:
    """Ours first: every ratio is to its first row, on one core."""
    measured = _ours(run(shape, settings))
    few = settings._replace(backend="reference", cores=[1], repeats=1)
    if measured[0].variant != "reference backend":
        measured += _ours(run(shape.with_voters(min(shape.voters, REFERENCE_VOTERS)), few))
    measured += belenios.measure(shape, settings.repeats)
    measured.append(electionguard.measure(shape, interpreter))
    return measured


def _ours(figures: dict[str, Any]) -> list[Measured]:
    made = figures["made"]
    return [
        Measured(
            "secretballot",
            f"{figures['backend']} backend",
            figures["shape"]["voters"],
            verified["cores"],
            made["seal"],
            verified["verify"],
            made["ballot_bytes"],
            "the whole record",
        )
        for verified in figures["verified"]
    ]


def rows(measured: Sequence[Measured]) -> list[list[Any]]:
    """A system without figures is a short row, which ends in the reason."""
    ours = measured[0]
    out: list[list[Any]] = []
    for row in measured:
        if not row.present:
            out.append([row.system, row.variant, row.note])
            continue
        times = [micros(row.make), micros(row.verify), round(row.ballot_bytes)]
        ratios = [row.make / ours.make, row.verify / ours.verify]
        out.append([row.system, row.variant, row.voters, row.cores, *times, *ratios, row.note])
    return out
