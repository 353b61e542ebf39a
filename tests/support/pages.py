"""Pages of reports in tests: a reader of their structure, and reports to be shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any, NamedTuple

from secretballot.report.chronicle import Chronicle
from secretballot.report.page import Language, LanguageName, Subject, Verifier, render_page
from secretballot.verify import Report, verify_entries

VOID = {"meta", "wbr"}
MADE = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


class Element(NamedTuple):
    tag: str
    attributes: dict[str, str | None]
    text: list[str]


class Structure(HTMLParser):
    """Every element of a page, in order; raises where one is not closed by its own end."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.declarations: list[str] = []
        self._open: list[Element] = []
        self.feed(page.decode("utf-8"))
        self.close()
        assert not self._open, self._open

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), attrs
        element = Element(tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text.append(data)

    def all(self, *tags: str) -> list[Element]:
        return [one for one in self.elements if one.tag in tags]

    def texts(self, *tags: str) -> list[str]:
        return ["".join(one.text) for one in self.all(*tags)]

    def by_id(self, name: str) -> Element:
        (found,) = [one for one in self.elements if one.attributes.get("id") == name]
        return found

    def text_of(self, name: str) -> str:
        return "".join(self.by_id(name).text)


def chronicle_of(entries: Iterable[bytes], checkpoint: bytes = b"") -> Chronicle:
    chronicle = Chronicle(checkpoint=checkpoint)
    for raw in entries:
        chronicle.add(raw)
    return chronicle


def subject_of(
    entries: Iterable[bytes], checkpoint: bytes, language: LanguageName = "en", **rest: Any
) -> Subject:
    """A report on the entries, ready to be shown."""
    listed = [*entries]
    pins, announced = rest.pop("pins", None), rest.pop("announced", None)
    attachments = rest.pop("attachments", None)
    report = verify_entries(listed, checkpoint, pins=pins, election_id=announced, attachments=attachments)
    return show(report, chronicle_of(listed, checkpoint), language, pins=pins, announced=announced, **rest)


def show(report: Report, chronicle: Chronicle | None, language: LanguageName = "en", **rest: Any) -> Subject:
    verifier = Verifier("0.0", "reference")
    return Subject(report, Language(language), verifier, chronicle=chronicle, **({"made": MADE} | rest))


def read(subject: Subject) -> Structure:
    return Structure(render_page(subject))
