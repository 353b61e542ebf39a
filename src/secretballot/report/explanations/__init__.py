"""The rules explained for whoever reads that one failed: a file of texts a language, each with every rule.

Titles and units are English in :mod:`secretballot.verify.rules`, and those of other languages stand with their texts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, PackagePath, distribution
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import ArgumentError, check_type
from ...verify import RULES

#: The languages that there are texts in.
LANGUAGES = ("en", "vi")
#: The parts of an explanation, in the order in which they are told.
PARTS = ("asks", "why", "innocent", "malicious", "fault", "remedy")
#: The specification in a checkout that runs; nothing in an installation.
_CHECKOUT = Path(__file__).parents[4] / "docs" / "spec"


class Explanation(NamedTuple):
    """A rule in plain words: what it asks and why, what may have broken it (by accident, or by intent), whose fault
    that may be, and what to do."""

    rule: str
    title: str
    #: What the count of checked items counts.
    unit: str
    asks: str
    why: str
    innocent: str
    malicious: str
    fault: str
    remedy: str
    #: Where it is specified, beneath ``docs``.
    reference: str


def explain(rule: str, language: str = "en") -> Explanation:
    """The explanation of a rule by its id, in upper or lower case. Raises ArgumentError, which lists the ids, where
    there is no such rule, and where there are no texts in the language."""
    check_type(rule, str, "a rule's id as text")
    if rule.upper() not in RULES:
        raise ArgumentError(f"there is no rule {rule!r}; the rules are {', '.join(RULES)}")
    return _explanations(language)[rule.upper()]


def headings(language: str = "en") -> Mapping[str, str]:
    """What stands over each part of an explanation, and ``counts`` and ``specified``, by name."""
    words: dict[str, str] = _texts(language)["words"]
    return words


def specification(page: str) -> Path | None:
    """A page of the specification by its name, such as ``rules.md``: of the checkout that runs, or of what is
    installed; None where neither has it."""
    if (_CHECKOUT / page).is_file():
        return (_CHECKOUT / page).resolve()
    ends = f"share/doc/secretballot/spec/{page}"
    places = (Path(str(file.locate())) for file in _installed() if file.match(ends))
    return next((place.resolve() for place in places if place.is_file()), None)


@lru_cache
def _installed() -> list[PackagePath]:
    """The files of the installation."""
    try:
        return distribution("secretballot").files or []
    except PackageNotFoundError:
        return []


@lru_cache
def _explanations(language: str) -> dict[str, Explanation]:
    texts = _texts(language)
    return {rule: _explanation(rule, texts[rule]) for rule in RULES}


def _explanation(rule: str, texts: Mapping[str, str]) -> Explanation:
    table = RULES[rule]
    # In the files, a text may stand on several lines.
    parts = {part: " ".join(texts[part].split()) for part in PARTS}
    title, unit = texts.get("title", table.title), texts.get("unit", table.unit)
    return Explanation(rule=rule, title=title, unit=unit, reference=table.reference, **parts)


@lru_cache
def _texts(language: str) -> dict[str, Any]:
    if language not in LANGUAGES:
        raise ArgumentError(f"there are no explanations in {language!r}, only in {', '.join(LANGUAGES)}")
    return tomllib.loads((files(__package__) / f"{language}.toml").read_text(encoding="utf-8"))
