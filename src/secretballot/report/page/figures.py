"""Pictures of counts, as SVG inside the page. Every figure that they show stands in a table beside them too.

Widths are percentages, so that a picture fills the page and the phone alike, and its letters stay of one size.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from .elements import Content, Markup, element

BAR_HEIGHT, GAUGE_HEIGHT, LINE_REACH = 26, 7, 5
#: The share from which on a part has room for its count, on a phone too.
LABELLED = Fraction(9, 100)
#: How near to each other two thresholds' texts may stand in one row, and how many rows there may be.
SCALE_GAP, SCALE_ROWS, SCALE_HEIGHT = Fraction(15, 100), range(2, 9), 16
#: Shades of levels, from the best to the worst; see the style sheet.
SHADES = 8


class Part(NamedTuple):
    """A part of a bar: the class that colours it, and its size."""

    style: str
    size: int


class Gauge(NamedTuple):
    """One count of a line against the thresholds of its rules, all as fractions of the same base."""

    size: int
    base: int
    thresholds: Sequence[Fraction]
    style: str


def shade(place: int, of: int) -> str:
    """The class of a level by its place: three levels have the best, the middle and the worst shade."""
    return f"s{place * (SHADES - 1) // max(1, of - 1)}"


def bar(parts: Sequence[Part], whole: int, gauges: Sequence[Gauge]) -> Markup:
    """A stacked bar of parts of ``whole``, and beneath it each gauge with a line at each threshold.

    What the parts lack of the whole stays empty. Counts that are above it (a false result can have any) are drawn to
    their own sum.
    """
    whole = max(whole, sum(part.size for part in parts), 1)
    height = BAR_HEIGHT + sum(GAUGE_HEIGHT + 2 * LINE_REACH for _ in gauges)
    shapes: list[Content] = [element("rect", class_="whole", width="100%", height=BAR_HEIGHT)]
    begin = Fraction(0)
    for part in parts:
        share = Fraction(part.size, whole)
        if part.size:
            shapes.append(
                element(
                    "rect", class_=part.style, x=_percent(begin), width=_percent(share), height=BAR_HEIGHT
                )
            )
            if share >= LABELLED:
                middle = _percent(begin + share / 2)
                shapes.append(
                    element(
                        "text",
                        part.size,
                        class_=f"on-{part.style}",
                        x=middle,
                        y=BAR_HEIGHT // 2,
                        dy="0.35em",
                    )
                )
        begin += share
    top = BAR_HEIGHT
    for gauge in gauges:
        shapes += _gauge(gauge, top + LINE_REACH)
        top += GAUGE_HEIGHT + 2 * LINE_REACH
    return element("svg", shapes, class_="bar", width="100%", height=height, aria_hidden="true")


def scale(thresholds: Sequence[tuple[Fraction, str]]) -> Markup:
    """What stands at the thresholds' lines, beneath all the bars; each in the first row where it touches no other."""
    shapes: list[Content] = []
    ends: list[Fraction] = []
    for threshold, text in thresholds:
        at = min(threshold, Fraction(1))
        row = next((row for row, end in enumerate(ends) if at - end >= SCALE_GAP), len(ends))
        row = min(row, SCALE_ROWS[-1] - 1)
        ends[row : row + 1] = [at]
        where = "end" if at > 1 - SCALE_GAP / 2 else "start" if at < SCALE_GAP / 2 else "middle"
        shapes.append(
            element(
                "text",
                text,
                x=_percent(at),
                y=(row + 1) * SCALE_HEIGHT - 4,
                text_anchor=where,
                class_="scale",
            )
        )
    height = max(SCALE_ROWS[0], len(ends)) * SCALE_HEIGHT
    return element("svg", shapes, class_="axis", width="100%", height=height, aria_hidden="true")


def _gauge(gauge: Gauge, top: int) -> list[Content]:
    share = min(Fraction(gauge.size, gauge.base), Fraction(1)) if gauge.base else Fraction(0)
    shapes: list[Content] = [
        element("rect", class_="track", y=top, width="100%", height=GAUGE_HEIGHT),
        element("rect", class_=gauge.style, y=top, width=_percent(share), height=GAUGE_HEIGHT),
    ]
    for threshold in gauge.thresholds:
        x = _percent(min(threshold, Fraction(1)))
        shapes.append(
            element(
                "line",
                class_="threshold",
                x1=x,
                x2=x,
                y1=top - LINE_REACH,
                y2=top + GAUGE_HEIGHT + LINE_REACH,
            )
        )
    return shapes


def swatch(style: str) -> Markup:
    """A part's colour and pattern, for the key."""
    shape: Content = element("rect", class_=style, width="100%", height="100%")
    if style == "threshold":
        track = element("rect", class_="track", y=4, width="100%", height=GAUGE_HEIGHT)
        shape = [track, element("line", class_="threshold", x1=9, x2=9, y1=0, y2=14)]
    return element("svg", shape, class_="swatch", width=18, height=14, aria_hidden="true")


def patterns() -> Markup:
    """What tells the parts apart where there is no colour; once a page."""
    hatch = element(
        "pattern",
        element("rect", class_="ground", width=6, height=6),
        element("rect", class_="stripe", width=2, height=6),
        id="hatch",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    dots = element(
        "pattern",
        element("rect", class_="paper", width=6, height=6),
        element("circle", class_="dot", cx=3, cy=3, r=1),
        id="dots",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
    )
    return element(
        "svg", element("defs", hatch, dots), class_="patterns", width=0, height=0, aria_hidden="true"
    )


def mark(name: str) -> Markup:
    """The sign beside a verdict or a status: a tick, a cross, an open circle, a dash. It differs in form, not in colour
    alone."""
    shapes = {
        "tick": element("path", d="M4 12.5 9.5 18 20 6.5"),
        "cross": element("path", d="M5.5 5.5 18.5 18.5 M18.5 5.5 5.5 18.5"),
        "open": element("path", d="M12 4 A8 8 0 1 0 12.01 4 M12 8 V13 M12 15.5 V16"),
        "dash": element("path", d="M6 12 H18"),
    }
    return element("svg", shapes[name], class_=f"mark {name}", viewBox="0 0 24 24", aria_hidden="true")


def _percent(share: Fraction) -> str:
    """A share with four digits behind the point: no picture needs more."""
    return f"{float(share) * 100:.4f}".rstrip("0").rstrip(".") + "%"
