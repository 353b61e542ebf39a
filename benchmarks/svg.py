"""Line plots on logarithmic axes, as SVG: for papers and pages, without a plotting library."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

#: Dark enough on white, and told apart by people who see few colours (Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
WIDTH, HEIGHT = 460, 330
#: Space around a panel's axes, in pixels.
LEFT, RIGHT, TOP, BOTTOM = 74, 24, 64, 58
#: Height of a line of the legend.
LINE = 19
DASH = ' stroke-dasharray="6 4"'
#: Two labels of the y axis stand no closer than this.
APART = 16


class Series(NamedTuple):
    """A line through points (x, y), all above 0."""

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


class Panel(NamedTuple):
    """One pair of axes."""

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]


class _Axis:
    """A logarithmic axis over at least a power of ten, so that small differences look small."""

    def __init__(self, values: Iterable[float], start: float, end: float) -> None:
        known = list(values)
        low, high = _step_down(min(known)), _step_up(max(known))
        if high < 10 * low:
            low = 10.0 ** math.floor(math.log10(low))
            high = max(high, 10 * low)
        self._low, self._high = math.log10(low), math.log10(high)
        self._start, self._end = start, end

    def place(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[tuple[float, bool]]:
        """The steps 1, 2 and 5 of each power of ten, and whether it is a power."""
        out = []
        for power in range(math.floor(self._low), math.ceil(self._high) + 1):
            for digit in (1, 2, 5):
                value = digit * 10.0**power
                if self._low - 1e-9 <= math.log10(value) <= self._high + 1e-9:
                    out.append((value, digit == 1))
        return out


def render(title: str, panels: Sequence[Panel]) -> str:
    """The document. Panels stand side by side, each with its legend below it."""
    width = len(panels) * WIDTH
    height = HEIGHT + LINE * max((len(panel.series) + 1) // 2 for panel in panels) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12" '
        'fill="#222">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        _text(width / 2, 24, title, size=14, weight="bold"),
    ]
    for place, panel in enumerate(panels):
        parts.append(f'<g transform="translate({place * WIDTH} 0)">')
        parts += _panel(panel)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel) -> list[str]:
    points = [point for series in panel.series for point in series.points]
    x = _Axis((p[0] for p in points), LEFT, WIDTH - RIGHT)
    y = _Axis((p[1] for p in points), HEIGHT - BOTTOM, TOP)
    parts = [_text((LEFT + WIDTH - RIGHT) / 2, TOP - 14, panel.title, size=13)]
    parts += _grid(x, y)
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 42, panel.x_label))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(_text(16, middle, panel.y_label, turned=True))
    for place, series in enumerate(panel.series):
        colour = COLOURS[place % len(COLOURS)]
        parts.append(_line(series, colour, [(x.place(a), y.place(b)) for a, b in series.points]))
        column, row = place % 2, place // 2
        parts += _legend(series, colour, LEFT + column * 190, HEIGHT + row * LINE)
    return parts


def _grid(x: _Axis, y: _Axis) -> list[str]:
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    parts = []
    for value, power in x.ticks():
        at = x.place(value)
        parts.append(_rule(at, top, at, bottom, "#d9d9d9" if power else "#f0f0f0"))
        if power:
            parts.append(_text(at, bottom + 19, _number(value)))
    taken: list[float] = []
    # Powers of ten first: they keep their labels where there is no room for all.
    for value, power in sorted(y.ticks(), key=lambda tick: not tick[1]):
        at = y.place(value)
        parts.append(_rule(left, at, right, at, "#d9d9d9" if power else "#f0f0f0"))
        if all(abs(at - other) >= APART for other in taken):
            taken.append(at)
            parts.append(_text(left - 8, at + 4, _number(value), anchor="end"))
    parts.append(f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#222" stroke-width="1"/>')
    return parts


def _line(series: Series, colour: str, places: Sequence[tuple[float, float]]) -> str:
    path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in places)
    dash = DASH if series.dashed else ""
    line = f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
    if series.dashed:
        return line
    return line + "".join(_dot(a, b, colour) for a, b in places)


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def _legend(series: Series, colour: str, left: float, top: float) -> list[str]:
    sample = _line(series._replace(dashed=True), colour, [(left, top), (left + 26, top)])
    if not series.dashed:
        sample = sample.replace(DASH, "") + _dot(left + 13, top, colour)
    return [sample, _text(left + 34, top + 4, series.name, anchor="start")]


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}" stroke-width="1"/>'


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 12,
    weight: str = "normal",
    anchor: str = "middle",
    turned: bool = False,
) -> str:
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}"{turn}>{escape(text)}</text>'
    )


def _number(value: float) -> str:
    # A narrow space between thousands.
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 1 else f"{value:g}"


def _step_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return max(step for step in (power, 2 * power, 5 * power) if step <= value)


def _step_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return min(step for step in (2 * power, 5 * power, 10 * power) if step > value)
