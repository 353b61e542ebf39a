"""The documentation's code: every fenced block of a page, and whether it is run.

A block that is not run says why, in a comment on the line before it: ``<!-- not run: it needs a server -->``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<excuse>[^\n]+) -->\n)?^(?P<fence>```+)(?P<language>[^\n]*)\n(?P<text>.*?)^(?P=fence)$",
    re.M | re.S,
)


class Block(NamedTuple):
    """A fenced block: its page and line, its language, and why it is not run (empty where it is)."""

    page: Path
    line: int
    language: str
    text: str
    excuse: str

    @property
    def name(self) -> str:
        """Where it stands."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start("fence")) + 1,
            found["language"].strip(),
            found["text"],
            found["excuse"] or "",
        )
        for found in _BLOCK.finditer(text)
    ]


def code(page: Path, language: str) -> list[str]:
    """The blocks of a language that are run."""
    return [block.text for block in blocks(page) if block.language == language and not block.excuse]
