"""Elements of HTML and SVG from which nothing that a record says can break out.

Text that is not :class:`Markup` is escaped wherever it is put: what is forgotten shows as ``&lt;`` and is no hole.
Characters that steer instead of being read (controls, overrides of the direction) are written out.
"""

from __future__ import annotations

import html
import string
from collections.abc import Iterable

from ..words import MAX_TEXT, shortened, visible

_VOID = frozenset({"meta", "wbr"})


class Markup(str):
    """Text that is HTML already. Only this module and constants of the program make it."""

    __slots__ = ()


#: What an element may hold.
Content = str | int | None | Iterable["Content"]


def escaped(content: Content) -> Markup:
    """The content as HTML: markup as it is, text escaped, None as nothing, several one after the other."""
    if content is None:
        return Markup()
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(html.escape(visible(content)))
    if isinstance(content, int):
        return Markup(content)
    return Markup("".join(map(escaped, content)))


def element(tag: str, /, *content: Content, **attributes: str | int | None) -> Markup:
    """An element. An attribute's name has ``_`` for ``-``, and a last ``_`` where Python has a word of that name; one
    whose value is None is left out."""
    parts = [f"<{tag}"]
    for key, value in attributes.items():
        if value is not None:
            parts.append(f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"')
    if tag in _VOID:
        return Markup("".join([*parts, ">"]))
    return Markup("".join([*parts, ">", escaped(content), f"</{tag}>"]))


def foreign(text: str, *, lang: str | None = None, limit: int = MAX_TEXT) -> Markup:
    """A text that somebody else wrote: bounded, with a direction of its own that ends where the text does."""
    return element("bdi", shortened(text, limit), dir="auto", lang=lang)


def code(text: str) -> Markup:
    """A name of the formats, such as an id: left to right whatever stands around it."""
    return element("code", shortened(text), dir="ltr")


def filled(template: str, /, **values: Content) -> Markup:
    """A sentence of ours with its ``{places}`` filled; what is filled in is escaped as everywhere."""
    parts: list[Content] = []
    for literal, name, _, _ in string.Formatter().parse(template):
        parts.append(literal)
        if name is not None:
            parts.append(values[name])
    return escaped(parts)
