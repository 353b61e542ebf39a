"""Every rule is explained, in every language, and the texts name only what there is."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files

import click
import pytest

from secretballot.cli import main
from secretballot.errors import ArgumentError
from secretballot.report import explanations, page
from secretballot.report.explanations import LANGUAGES, PARTS, Explanation, explain, headings
from secretballot.verify import RULES

EVERY = [(rule, language) for rule in RULES for language in LANGUAGES]


def _texts(language: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((files(explanations) / f"{language}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_has_every_part_and_nothing_more(language: str) -> None:
    texts = _texts(language)
    assert list(texts) == ["words", *RULES]
    own = [] if language == "en" else ["title", "unit"]
    for rule in RULES:
        assert list(texts[rule]) == [*own, *PARTS], rule
    assert set(headings(language)) == {*PARTS, "counts", "specified"}


def test_languages_have_texts_of_their_own() -> None:
    for rule in RULES:
        english, vietnamese = (explain(rule, language) for language in ("en", "vi"))
        assert english.title == RULES[rule].title
        assert not {*english[1:-1]} & {*vietnamese[1:-1]}


@pytest.mark.parametrize(("rule", "language"), EVERY)
def test_texts_are_sentences(rule: str, language: str) -> None:
    told = explain(rule, language)
    for part in PARTS:
        text = getattr(told, part)
        assert 20 < len(text) < 500, part
        assert re.fullmatch(r"\S.*\S", text)
        assert text[-1] in ".)", part
        assert "  " not in text
        assert "\n" not in text


@pytest.mark.parametrize(("rule", "language"), EVERY)
def test_they_name_rules_and_commands_that_there_are(rule: str, language: str) -> None:
    text = " ".join(explain(rule, language)[3:-1])
    assert {*re.findall(r"\b[A-Z][1-9]\b", text)} <= {*RULES}
    for words in re.findall(r"`secretballot ([a-z -]+)`", text):
        command: click.Command = main
        for word in words.split():
            assert isinstance(command, click.Group), words
            command = command.commands[word]
    options = {name for one in main.commands["verify"].params for name in one.opts}
    assert {*re.findall(r"`(--[a-z-]+)`", text)} <= options


@pytest.mark.parametrize(("rule", "language"), EVERY)
def test_both_languages_name_the_same(rule: str, language: str) -> None:
    """What a translation leaves out or adds in rules, commands, options and files would show."""
    text, other = (" ".join(explain(rule, one)[3:-1]) for one in (language, "en"))
    for named in (r"\b[A-Z][1-9]\b", r"`[^`]+`", r"\bSECURITY\.md\b"):
        assert {*re.findall(named, text)} == {*re.findall(named, other)}


def test_a_page_counts_in_the_same_units() -> None:
    """The titles it has from here."""
    counted = json.loads((files(page) / "vi.json").read_text(encoding="utf-8"))["units"]
    assert {rule: counted[RULES[rule].unit] for rule in RULES} == {
        rule: explain(rule, "vi").unit for rule in RULES
    }
    language = page.Language("vi")
    assert all(explain(rule, "vi").title in language.verifiers(RULES[rule].title) for rule in RULES)


def test_ids_in_lower_case() -> None:
    assert explain("l5") == explain("L5")


@pytest.mark.parametrize("unknown", ["L9", "", "L", "L5 ", "words", "\x1b[2J"])
def test_unknown_rules_are_told_the_known(unknown: str) -> None:
    with pytest.raises(ArgumentError, match=f"the rules are {', '.join(RULES)}$") as caught:
        explain(unknown)
    assert caught.value.message.isprintable()


def test_wrong_arguments() -> None:
    with pytest.raises(ArgumentError, match="a rule's id as text"):
        explain(5)  # type: ignore[arg-type]
    for ask in (lambda: explain("L5", "de"), lambda: headings("de")):
        with pytest.raises(ArgumentError, match="only in en, vi"):
            ask()


def test_what_an_explanation_has() -> None:
    assert Explanation._fields == ("rule", "title", "unit", *PARTS, "reference")
