"""The whole page: a document that is complete in itself, fetches nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from .blocks import paragraph, section
from .checks import rules
from .course import course
from .elements import Content, Markup, element, escaped
from .fingerprints import fingerprints
from .opening import findings, masthead, verifier_name, warnings, what_was_verified
from .results import results
from .subject import Subject
from .timeline import timeline

_STYLE = files(__package__).joinpath("page.css").read_text(encoding="utf-8")


def render_page(subject: Subject) -> bytes:
    """The page in UTF-8. What it says of the record is the report's; it holds no word of a verdict but that one's."""
    return f"<!DOCTYPE html>\n{_document(subject)}\n".encode()


def content_security_policy() -> str:
    """Nothing is fetched, run, framed or sent; the one style sheet is known by its hash."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _document(subject: Subject) -> Markup:
    language = subject.language
    verdict = language.say(subject.report.verdict.value)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        # Before all else: it holds for what comes after it.
        element("meta", http_equiv="Content-Security-Policy", content=content_security_policy()),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", language.say("document of", verdict=verdict)),
        # Not escaped, as the style sheet is the program's own: its hash is that of these very bytes.
        element("style", Markup(_STYLE)),
    )
    body = element("body", masthead(subject), element("main", _sections(subject)), _footer(subject))
    return element("html", head, body, lang=language.tag)


def _sections(subject: Subject) -> list[Content]:
    return [
        findings(subject),
        warnings(subject),
        what_was_verified(subject),
        results(subject),
        fingerprints(subject),
        rules(subject),
        *course(subject),
        timeline(subject),
    ]


def _footer(subject: Subject) -> Markup:
    language = subject.language
    text = paragraph(language.say("about text", verifier=verifier_name(subject)))
    again = element(
        "code", f"secretballot verify RECORD --election {subject.report.election or 'ID'}", dir="ltr"
    )
    return element(
        "footer",
        section(
            "about", language.say("about"), text, paragraph(escaped([language.say("again"), ": ", again]))
        ),
    )
