"""Write-in: a text. A selection is a str, or None (or an empty text) for a blank.

A mark is the text in UTF-8. Texts are one when they are equal after normalisation (:func:`normalise`); what a voter's
device encrypts is the text as it was written.
"""

from __future__ import annotations

import stringprep
import unicodedata
from collections.abc import Callable

from ...errors import SelectionError
from ...manifest.contests import WriteInContest
from .mark import MarkPlan
from .plan import Selection


def normalise(text: str) -> str:
    """What is compared: the profile of RFC 3491 (nameprep), which folds case and normalises by NFKC, with every run of
    spaces made one, and none at the ends.

    Its tables (RFC 3454) are of Unicode 3.2, and do not change: every counter has the same, whatever its Unicode."""
    mapped = "".join([_fold(char) for char in text])
    spaced = unicodedata.ucd_3_2_0.normalize("NFKC", mapped).split(" ")
    return " ".join([word for word in spaced if word])


def _fold(char: str) -> str:
    """Table B.2 of RFC 3454. The standard library's is of its own Unicode: a letter that has got a lower case since 3.2
    is mapped to it, as U+10A0 to U+2D00, which the RFC's table does not."""
    folded = stringprep.map_table_b2(char)
    return char if any(map(stringprep.in_table_a1, folded)) else folded


#: Characters of no text: unassigned in Unicode 3.2, mapped to nothing, controls and separators of lines, private, no
#: characters, surrogates, not plain text, of descriptions, changing the display, tags.
_REFUSED: tuple[Callable[[str], bool], ...] = (
    stringprep.in_table_a1,
    stringprep.in_table_b1,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


class WriteInPlan(MarkPlan):
    """Texts of up to ``max_bytes`` bytes."""

    def __init__(self, contest: WriteInContest) -> None:
        super().__init__(contest)
        self._text = contest

    def choices(self, selection: Selection) -> list[int]:
        text = "" if selection is None else selection
        if not isinstance(text, str):
            raise SelectionError("a text is needed", item=f"contest {self.id}")
        try:
            mark = text.encode("utf-8")
        except UnicodeEncodeError:
            raise SelectionError("the text has a lone surrogate", item=f"contest {self.id}") from None
        self.check(mark)
        return list(mark)

    def check(self, mark: bytes) -> str:
        item = f"contest {self.id}"
        if len(mark) > self._text.max_bytes:
            raise SelectionError(
                f"a text of {len(mark)} bytes in UTF-8, and at most {self._text.max_bytes} are allowed",
                item=item,
            )
        try:
            text = mark.decode("utf-8")
        except UnicodeDecodeError:
            raise SelectionError("the text is not UTF-8", item=item) from None
        for place, char in enumerate(text, 1):
            # They could break a report's lines, turn them around, or mark a ballot with what does not show. Which it is
            # is not told: it is of the choice.
            if any(refused(char) for refused in _REFUSED):
                raise SelectionError(
                    f"character {place} of the text is refused: it does not show, or is younger than Unicode 3.2 "
                    "(an emoji, for example)",
                    item=item,
                )
        if not normalise(text) and (mark or not self._text.allow_blank):
            raise SelectionError("the text is empty", item=item)
        return text
