"""The table of rules, and that the specification tells each of them where the table says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from secretballot.verify import RULES, Rule

DOCS = Path(__file__).resolve().parents[2] / "docs"

needs_docs = pytest.mark.skipif(
    not (DOCS / "spec").is_dir(), reason="the specification is not beside the tests"
)


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _anchors(text: str) -> set[str]:
    """The anchors of a page: its labels, and its headings' slugs as MyST makes them."""
    labels = set(re.findall(r"^\(([\w-]+)\)=$", text, re.M))
    headings = re.findall(r"^#{1,3} (.+)$", text, re.M)
    return labels | {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def test_table() -> None:
    assert list(RULES) == [rule.id for rule in RULES.values()]
    assert len({rule.title for rule in RULES.values()}) == len(RULES)
    for rule in RULES.values():
        assert re.fullmatch(r"[A-Z][1-9]", rule.id)
        assert all(rule)


@needs_docs
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_reference_resolves(rule: Rule) -> None:
    name, _, anchor = rule.reference.partition("#")
    anchors = _anchors(_page(name))
    assert not anchor or anchor in anchors


@needs_docs
def test_specification_tells_every_rule_once() -> None:
    page = _page("spec/rules.md")
    assert re.findall(r"^### ([A-Z]\d+): (.+)$", page, re.M) == [
        (rule.id, rule.title) for rule in RULES.values()
    ]
    for rule in RULES:
        assert len(re.findall(rf"\b{rule}\b", page)) == 1, rule


@needs_docs
def test_every_rule_says_what_it_must() -> None:
    sections = re.split(r"^### ", _page("spec/rules.md"), flags=re.M)[1:]
    for section in sections:
        own = section.split("\n## ")[0]
        for part in ("**Checks**", "**Counts**", "**Does not apply", "**A failure means**"):
            assert own.count(part) == 1, f"{part} of {own.splitlines()[0]}"


@needs_docs
def test_an_anchor_that_is_not_there_is_seen() -> None:
    anchors = _anchors("(label)=\n# Page one\n## Signed entries\n#### Too deep\n")
    assert anchors == {"label", "page-one", "signed-entries"}
