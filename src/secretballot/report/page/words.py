"""The page's languages: sentences, numbers, and labels in the reader's language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from ...errors import ArgumentError
from ...verify import RULES, RuleResult
from ..explanations import explain
from ..words import PREFERRED, Named, counted, look_alikes, percent
from .elements import Content, Markup, code, element, escaped, filled, foreign

#: The languages that a page can be in.
LanguageName = Literal["vi", "en"]
#: All of them.
LANGUAGES: tuple[LanguageName, ...] = get_args(LanguageName)


@cache
def _texts(tag: LanguageName) -> dict[str, dict[str, str]]:
    """A language's file: ``sentences`` of the page; where it is not English, ``units`` by their English plural, and
    ``translations`` of what the verifier says, by the pattern of a whole text, whose groups are filled in. Titles of
    rules stand with their explanations."""
    texts: dict[str, dict[str, str]] = json.loads(
        files(__package__).joinpath(f"{tag}.json").read_text(encoding="utf-8")
    )
    return texts


def _titles(tag: LanguageName) -> dict[str, str]:
    """The rules' titles in the language, by the pattern of the English one."""
    return {re.escape(rule.title): explain(rule.id, tag).title for rule in RULES.values()}


class Language:
    """A language by its tag. What the verifier says is English; where there is a translation it is used, and where
    there is none the text is marked as English."""

    def __init__(self, tag: LanguageName) -> None:
        """Raises ArgumentError for a language that there is no page in."""
        if tag not in LANGUAGES:
            raise ArgumentError(f"there is no page in {tag!r}; there are {' and '.join(LANGUAGES)}")
        self.tag: str = tag
        texts = _texts(tag)
        self._sentences = texts["sentences"]
        self._units = texts.get("units", {})
        self._translations = _titles(tag) | texts.get("translations", {})

    def say(self, key: str, **values: Content) -> Markup:
        """A sentence of the page, filled in."""
        return filled(self._sentences[key], **values)

    def number(self, number: int) -> str:
        """A number with its thousands apart."""
        text = f"{number:,}"
        return text.replace(",", ".") if self.tag == "vi" else text

    def percent(self, count: int, base: int) -> str:
        """A count as a percentage of the base; empty where the base is 0."""
        text = percent(count, base)
        return text.replace(".", ",") if self.tag == "vi" else text

    def decimal(self, text: str) -> str:
        """A decimal number that is written with a point."""
        return text.replace(".", ",") if self.tag == "vi" else text

    def counted(self, number: int, unit: str) -> str:
        """``1 entry``, ``47 mục``: the unit is given in the English plural."""
        if self.tag == "vi":
            return f"{self.number(number)}\u00a0{self._units.get(unit, unit)}"
        return counted(number, unit).replace(str(number), self.number(number), 1).replace(" ", "\u00a0", 1)

    def label(self, labels: Mapping[str, str], otherwise: str) -> Markup:
        """The label in the page's language, or in one likely to be read, or in any; an id where there is none."""
        for text, tag in self._by_preference(labels):
            return self._foreign(text, tag)
        return foreign(otherwise)

    def _by_preference(self, labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The labels with their languages, the one that is shown first of all."""
        tags = {tag.lower(): tag for tag in labels}
        for wanted in (self.tag, *PREFERRED):
            if wanted in tags:
                yield labels[tags[wanted]], wanted
        for tag, text in labels.items():
            yield text, tag

    def names(self, named: Iterable[Named]) -> dict[str, Markup]:
        """The labels of options, contests or parties by their ids. Those that look alike have the id behind them."""
        labels = {one.id: one.labels for one in named}
        alike = look_alikes({name: next(self._by_preference(one))[0] for name, one in labels.items()})
        return {
            name: escaped([self.label(one, name), [" ", code(name)] if name in alike else None])
            for name, one in labels.items()
        }

    def _foreign(self, text: str, tag: str) -> Markup:
        return foreign(text, lang=None if tag == self.tag else tag)

    def title(self, rule: RuleResult) -> Markup:
        """A rule's title. The report's own stands where it is not the one that was translated."""
        return self.verifiers(rule.title)

    def step(self, step: str) -> Markup:
        """The name of a rule's step."""
        key = f"step {step}"
        return self.say(key) if key in self._sentences else foreign(step)

    def verifiers(self, text: str) -> Markup:
        """What the verifier says: a title, a reason, a warning."""
        if self.tag == "en":
            return foreign(text)
        for pattern, translation in self._translations.items():
            if found := re.fullmatch(pattern, text):
                return filled(
                    translation, **{name: foreign(part) for name, part in found.groupdict().items()}
                )
        return foreign(text, lang="en")

    def both(self, labels: Mapping[str, str], otherwise: str) -> Markup:
        """The label, and beneath it the one in the other language where that is another."""
        first = self.label(labels, otherwise)
        other = next((tag for tag in PREFERRED if tag != self.tag and tag in labels), None)
        if other is None or self.tag not in labels or labels[other] == labels[self.tag]:
            return first
        return Markup(first + element("span", self._foreign(labels[other], other), class_="other"))
