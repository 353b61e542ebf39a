"""Write-in: a text. A selection is a str, or None (or an empty text) for a blank.

A mark is the text in UTF-8. Texts are one when they are equal after normalisation (:func:`normalise`); what a voter's
device encrypts is the text as it was written.
"""

from __future__ import annotations

import unicodedata

from ...errors import SelectionError
from ...manifest.contests import WriteInContest
from .mark import MarkPlan
from .plan import Selection


def normalise(text: str) -> str:
    """What is compared: Unicode's NFKC with case folded (Unicode Standard, section 3.13, and Annex 15), white space at
    the ends removed and elsewhere made one space."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


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
        if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") for char in text):
            # What does not show could mark a ballot, and turn a report's lines around.
            raise SelectionError("the text has a character that is none to be read", item=item)
        if not normalise(text) and (mark or not self._text.allow_blank):
            raise SelectionError("the text is empty", item=item)
        return text
