"""Labels in the reader's language, and foreign text made safe to show.

A record is written by others: its labels may hold control characters that move a terminal's cursor or turn the order
of the letters round. Every string of a record goes through :meth:`Words.clean` before it is shown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from fractions import Fraction

#: The languages that are looked for first, in order, where the output can show every letter.
PREFERRED = ("vi", "en")

_UNSAFE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
#: Format characters that some scripts need within words: the zero-width joiners.
_ALLOWED = frozenset("\u200c\u200d")
#: Characters of a foreign text that are shown where it is bounded: a label has at most 1,000, a finding can quote more.
MAX_TEXT = 400
#: Combining marks on one letter that are shown. Scripts need three or four; a hundred are drawn over the lines above.
MAX_MARKS = 4
#: The pictures of the control characters begin here; the last is of DEL.
_PICTURES, _DEL, _DEL_PICTURE = 0x2400, "\x7f", "\u2421"
_RELATIONS = {">=": "≥", "<=": "≤"}


class Words:
    """How to write things. Where ``unicode`` is false, labels are in English, or are ids, and signs are ASCII."""

    def __init__(self, *, unicode: bool = True) -> None:
        self.unicode = unicode
        self.tick = "✓" if unicode else "ok"
        self.cross = "✗" if unicode else "no"

    def clean(self, text: str) -> str:
        """The text on one line, each control, format and private character replaced by one that says so."""
        instead = "\ufffd" if self.unicode else "?"
        return "".join(
            instead if unicodedata.category(c) in _UNSAFE and c not in _ALLOWED else c for c in text
        )

    def label(self, labels: Mapping[str, str], otherwise: str) -> str:
        """The label in the preferred language, or in any; ``otherwise`` (an id) where none can be shown."""
        if not self.unicode:
            return self.clean(labels.get("en", otherwise))
        language = next((tag for tag in PREFERRED if tag in labels), None)
        return self.clean(labels[language] if language else next(iter(labels.values()), otherwise))

    def both(self, labels: Mapping[str, str], otherwise: str) -> str:
        """The label, with the English one in parentheses where that is another."""
        label = self.label(labels, otherwise)
        english = self.clean(labels.get("en", label))
        return label if english == label else f"{label} ({english})"

    def titles(self, labels: Mapping[str, str], otherwise: str) -> list[str]:
        """The label, and the English one on a line of its own where that is another."""
        label = self.label(labels, otherwise)
        english = self.clean(labels.get("en", label))
        return [label] if english == label else [label, english]

    def relation(self, relation: str) -> str:
        """``>=`` and the like as a sign."""
        return _RELATIONS.get(relation, relation) if self.unicode else relation


def percent(count: int, base: int) -> str:
    """A count as a percentage of the base, rounded half up to two places, as published figures are. Of ten thousand and
    more there is a place for each further digit of the base: nothing less than a half is rounded to 50."""
    if base == 0:
        return ""
    places = max(2, len(str(base)) - 2)
    scale = 10**places
    rounded = int(Fraction(count * 100 * scale, base) + Fraction(1, 2))
    return f"{rounded // scale}.{rounded % scale:0{places}}%"


def counted(number: int, unit: str) -> str:
    """``1 entry``, ``2 entries``: the unit is given in the plural."""
    if number == 1:
        unit = unit.removesuffix("ies") + "y" if unit.endswith("ies") else unit.removesuffix("s")
    return f"{number} {unit}"


def listed(names: Sequence[str]) -> str:
    """``L1``, ``L1 and L2``, ``L1, L2 and L4``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def visible(text: str) -> str:
    """The text with every character that steers written out: NUL as its picture, an override of the direction as
    ``⟨U+202E⟩``; so too each mark above :data:`MAX_MARKS` on a letter. What is left can stand in HTML and XML."""
    out, marks = [], 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        steers = category in _UNSAFE and char not in _ALLOWED
        out.append(_written_out(char) if steers or marks > MAX_MARKS else char)
    return "".join(out)


def _written_out(char: str) -> str:
    if char < " ":
        return chr(_PICTURES + ord(char))
    return _DEL_PICTURE if char == _DEL else f"⟨U+{ord(char):04X}⟩"


def shortened(text: str, limit: int = MAX_TEXT) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= limit else f"{text[:limit]}…"
