"""Tables of plain text, and the file of figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Column(NamedTuple):
    """A column's heading, and the digits after the point where its values are fractions."""

    heading: str
    digits: int = 0


def table(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> str:
    """Numbers to the right, text to the left; None is an empty place. A row that is too short ends in a remark, which
    may be as long as it likes."""
    headings = [column.heading for column in columns]
    lines = [[_cell(value, column) for value, column in zip(row, columns, strict=False)] for row in rows]
    whole = [row for row in rows if len(row) == len(columns)]
    widths, left = [], []
    for i, heading in enumerate(headings):
        # The remark at the end of a short row makes no column wider.
        cells = [line[i] for line in lines if len(line) == len(columns) or i < len(line) - 1]
        widths.append(max(map(len, [heading, *cells])))
        left.append(any(isinstance(row[i], str) for row in whole) or not whole)
    return "\n".join(
        "  ".join(
            cell.ljust(width) if to_left or len(line) < len(columns) else cell.rjust(width)
            for cell, width, to_left in zip(line, widths, left, strict=False)
        ).rstrip()
        for line in [headings, *lines]
    )


def micros(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(1e6 * seconds)


def write_json(path: Path, figures: dict[str, Any]) -> None:
    """Writes figures for a program to read; makes the directory where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _cell(value: Any, column: Column) -> str:
    if value is None:
        return ""
    return f"{value:.{column.digits}f}" if isinstance(value, float) else str(value)
