"""Labels in the reader's language, and foreign text made safe to show.

A record is written by others: its labels may hold control characters that move a terminal's cursor or turn the order
of the letters round. Every string of a record goes through :meth:`Words.clean` before it is shown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from json import dumps
from typing import Protocol

#: The languages that are looked for first, in order, where the output can show every letter.
PREFERRED = ("vi", "en")

_UNSAFE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
#: Letters and marks for which nothing is drawn.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
#: What gives the letter before it another form: zero-width joiners, selectors of variants (of Mongolian, and of all).
_FORMING = frozenset(
    map(chr, (0x200C, 0x200D, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
#: Letters that have several forms: of scripts without upper and lower case; and pictures.
_FORMED = frozenset({"Lo", "So"})
#: Directions of letters and figures that are written from the right, and the mark that ends their reach.
_RIGHT, _LEFT_TO_RIGHT = frozenset({"R", "AL", "AN"}), "\u200e"
#: Characters of a foreign text that are shown where it is bounded: a label has at most 1,000, a finding can quote more.
MAX_TEXT = 400
#: Combining marks on one letter that are shown. Scripts need three or four; a hundred are drawn over the lines above.
MAX_MARKS = 4
#: The pictures of the control characters begin here; the last is of DEL.
_PICTURES, _DEL, _DEL_PICTURE = 0x2400, "\x7f", "\u2421"
_RELATIONS = {">=": "≥", "<=": "≤"}


class Named(Protocol):
    """What has an id, and labels for readers."""

    @property
    def id(self) -> str: ...

    @property
    def labels(self) -> Mapping[str, str]: ...


class Words:
    """How to write things. Where ``unicode`` is false, labels are in English, or are ids, and signs are ASCII."""

    def __init__(self, *, unicode: bool = True) -> None:
        self.unicode = unicode
        self.tick = "✓" if unicode else "ok"
        self.cross = "✗" if unicode else "no"

    def clean(self, text: str) -> str:
        """The text on one line, each control, format and private character replaced by one that says so, and each for
        which nothing is drawn."""
        instead = "\ufffd" if self.unicode else "?"
        return "".join(char if is_read else instead for char, is_read in _characters(text))

    def label(self, labels: Mapping[str, str], otherwise: str) -> str:
        """The label in the preferred language, or in any; ``otherwise`` (an id) where none can be shown."""
        if not self.unicode:
            return self.clean(labels.get("en", otherwise))
        language = next((tag for tag in PREFERRED if tag in labels), None)
        return self._closed(labels[language] if language else next(iter(labels.values()), otherwise))

    def _closed(self, label: str) -> str:
        """A label made safe. One that is written from the right ends in a mark, so that the figures behind it on a line
        keep their order."""
        clean = self.clean(label)
        from_right = self.unicode and any(unicodedata.bidirectional(char) in _RIGHT for char in clean)
        return clean + _LEFT_TO_RIGHT if from_right else clean

    def both(self, labels: Mapping[str, str], otherwise: str) -> str:
        """The label, with the English one in parentheses where that is another."""
        label, *english = self.titles(labels, otherwise)
        return f"{label} ({english[0]})" if english else label

    def titles(self, labels: Mapping[str, str], otherwise: str) -> list[str]:
        """The label, and the English one on a line of its own where that is another."""
        label = self.label(labels, otherwise)
        english = self._closed(labels["en"]) if "en" in labels else label
        return [label] if english == label else [label, english]

    def names(self, named: Iterable[Named], *, both: bool = False) -> dict[str, str]:
        """The labels of options, contests or parties by their ids, with the English ones if ``both`` are wanted. Those
        that look alike have the id behind them."""
        labels = {one.id: one.labels for one in named}
        alike = look_alikes({name: self.label(one, name) for name, one in labels.items()})
        write = self.both if both else self.label
        return {
            name: write(one, name) + (f" [{name}]" if name in alike else "") for name, one in labels.items()
        }

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
    """``1 entry``, ``2 entries``: the unit is given in the plural, and can have more behind a comma."""
    noun, comma, rest = unit.partition(",")
    if number == 1:
        noun = noun.removesuffix("ies") + "y" if noun.endswith("ies") else noun.removesuffix("s")
    return f"{number} {noun}{comma}{rest}"


def look_alikes(texts: Mapping[str, str]) -> frozenset[str]:
    """The keys of the texts that cannot be told from another one of them by their letters and digits, whatever their
    case, spaces and signs, or not before they are cut off. (A letter of another script that only looks the same is
    another one.)"""
    alike: dict[str, list[str]] = {}
    for key, text in texts.items():
        folded = unicodedata.normalize("NFKC", shortened(text)).casefold()
        letters = "".join(char for char in folded if unicodedata.category(char)[0] in "LNM")
        alike.setdefault(letters or text, []).append(key)
    return frozenset(key for keys in alike.values() if len(keys) > 1 for key in keys)


def listed(names: Sequence[str]) -> str:
    """``L1``, ``L1 and L2``, ``L1, L2 and L4``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def visible(text: str) -> str:
    """The text with every character that steers, or cannot be seen, written out: NUL as its picture, an override of the
    direction as ``⟨U+202E⟩``; so too each mark above :data:`MAX_MARKS` on a letter. What is left can stand in HTML and
    XML."""
    out, marks = [], 0
    for char, is_read in _characters(text):
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        out.append(char if is_read and marks <= MAX_MARKS else _written_out(char))
    return "".join(out)


def _characters(text: str) -> Iterator[tuple[str, bool]]:
    """Each character, and whether a reader sees it, or the form that it gives to a letter."""
    base = ""
    for char in text:
        category = unicodedata.category(char)
        if char in _FORMING:
            yield char, base in _FORMED
            continue
        is_read = category not in _UNSAFE and char not in _UNSEEN
        yield char, is_read
        if not category.startswith("M"):
            base = category if is_read else ""


def _written_out(char: str) -> str:
    if char < " ":
        return chr(_PICTURES + ord(char))
    return _DEL_PICTURE if char == _DEL else f"⟨U+{ord(char):04X}⟩"


def steerless(json: str) -> str:
    """The same JSON with every character that steers as an escape. It can only stand in a string."""
    return "".join(
        dumps(char)[1:-1] if unicodedata.category(char) in _UNSAFE and char != "\n" else char for char in json
    )


def shortened(text: str, limit: int = MAX_TEXT) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= limit else f"{text[:limit]}…"
