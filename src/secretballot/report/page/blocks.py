"""What sections are made of: headings, tables that scroll on a phone, lists of facts, fingerprints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .elements import Content, Markup, element

#: Hexadecimal digits that stand together in a fingerprint.
GROUP = 4


def section(name: str, heading: Content, *content: Content, style: str | None = None) -> Markup:
    """A section with its heading; ``name`` is its fragment."""
    title = element("h2", heading, id=f"{name}-title")
    return element("section", title, *content, id=name, class_=style, aria_labelledby=f"{name}-title")


def paragraph(*content: Content, style: str | None = None) -> Markup:
    """A paragraph."""
    return element("p", *content, class_=style)


def table(
    caption: Content,
    headings: Sequence[Content],
    rows: Iterable[Sequence[Content]],
    *,
    numbers: Iterable[int] = (),
    style: str | None = None,
) -> Markup:
    """A table with its caption. The first cell of a row is its heading; ``numbers`` are the columns of figures."""
    return grouped_table(caption, headings, [(None, rows)], numbers=numbers, style=style)


def grouped_table(
    caption: Content,
    headings: Sequence[Content],
    groups: Iterable[tuple[Content, Iterable[Sequence[Content]]]],
    *,
    numbers: Iterable[int] = (),
    style: str | None = None,
) -> Markup:
    """The same with its rows in groups, each below its name unless that is None."""
    figures = frozenset(numbers)

    def classed(place: int) -> str | None:
        return "number" if place in figures else None

    def row(cells: Sequence[Content]) -> Markup:
        head = element("th", cells[0], scope="row", class_=classed(0))
        return element(
            "tr",
            head,
            [element("td", cell, class_=classed(place)) for place, cell in enumerate(cells[1:], 1)],
        )

    bodies: list[Content] = []
    for name, rows in groups:
        title = element("th", name, scope="rowgroup", colspan=len(headings))
        bodies.append(
            element("tbody", None if name is None else element("tr", title, class_="group"), map(row, rows))
        )
    head = [element("th", one, scope="col", class_=classed(place)) for place, one in enumerate(headings)]
    whole = element(
        "table", element("caption", caption), element("thead", element("tr", head)), bodies, class_=style
    )
    # Whoever has no mouse scrolls it with the keys.
    return element("div", whole, class_="scroll", tabindex=0)


def facts(pairs: Iterable[tuple[Content, Content]]) -> Markup:
    """Names and what they are."""
    return element("dl", [element("div", element("dt", name), element("dd", value)) for name, value in pairs])


def grouped(data: bytes) -> Markup:
    """Bytes in hexadecimal, in groups of four digits, to be read aloud and compared."""
    text = data.hex()
    groups = [element("span", text[at : at + GROUP]) for at in range(0, len(text), GROUP)]
    # A space between, so that it is copied and read as groups; without one the whole is found by a search.
    return element(
        "code", [part for group in groups for part in (group, " ")][:-1], class_="fingerprint", dir="ltr"
    )


def bullets(items: Iterable[Content], *, style: str | None = None) -> Markup:
    """A list."""
    return element("ul", [element("li", item) for item in items], class_=style)
