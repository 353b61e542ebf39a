"""Pages of reference that are made from the code leave nothing out, and the glossary has the words of the reports."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import get_args

import click
import pytest

import secretballot
from secretballot.board import Phase
from secretballot.cli import main
from secretballot.errors import SecretBallotError
from secretballot.report.explanations import LANGUAGES, PARTS, explain
from secretballot.report.schemas import MODELS
from secretballot.testing.tamper import ATTACKS
from secretballot.verify import RULES, Status, Verdict

DOCS = Path(__file__).resolve().parents[2] / "docs"

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the documentation is not beside the tests")

#: Packages with an ``__all__`` that are no part of the public names, and why.
INTERNAL = {
    "secretballot.cli": "the page of commands tells it",
    "secretballot.crypto": "hazardous material, for this package alone",
}


@pytest.fixture(scope="module")
def generated() -> ModuleType:
    """What writes the pages, which is no part of the package and needs Sphinx."""
    pytest.importorskip("sphinx", reason="Sphinx is not installed (the extra docs)")
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        return importlib.import_module("generated")
    finally:
        sys.path.pop(0)


def _directives(name: str) -> list[Path]:
    """The pages on which a directive stands."""
    return [
        page for page in DOCS.rglob("*.md") if f"```{{generated-{name}}}" in page.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("name", ["commands", "rules", "schemas", "attacks", "api"])
def test_each_stands_on_a_page(generated: ModuleType, name: str) -> None:
    assert callable(getattr(generated, name))
    assert len(_directives(name)) == (len(LANGUAGES) if name == "rules" else 1)


def test_every_command_with_every_option(generated: ModuleType) -> None:
    sections = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", generated.commands(), re.M | re.S))

    def check(path: str, command: click.Command) -> int:
        if isinstance(command, click.Group):
            return sum(check(f"{path} {name}", inner) for name, inner in command.commands.items())
        for param in command.params:
            named = f"`{param.opts[0]}" if isinstance(param, click.Option) else param.make_metavar(context)
            assert named in sections[path], (path, param.name)
        return 1

    context = click.Context(main)
    assert check("secretballot", main) == len(sections) > 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_with_every_part(generated: ModuleType, language: str) -> None:
    text = generated.rules(language)
    assert re.findall(r"^## (\w+): ", text, re.M) == list(RULES)
    for rule in RULES:
        told = explain(rule, language)
        assert all(getattr(told, part) in text for part in PARTS)
    # Where each is specified, a page with that heading.
    page = (DOCS / "spec" / "rules.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^### ([A-Z]\d: .+)$", page, re.M))
    slugs = {re.sub(r"[^\w\- ]", "", one).lower().replace(" ", "-") for one in headings}
    assert set(re.findall(r"\.\./spec/rules\.md#([^)]+)", text)) == slugs


def test_every_schema_has_a_purpose_and_a_page(generated: ModuleType) -> None:
    rows = re.findall(
        r'^\| <a href="([^"]+)">[^<]+</a> \| (.+) \| \[[^]]+\]\((.+)\) \|$', generated.schemas(), re.M
    )
    assert [file for file, _, _ in rows] == [f"../spec/schemas/{name}.schema.json" for name in MODELS]
    for _, purpose, page in rows:
        assert purpose.endswith((".", ":"))
        assert (DOCS / "reference" / page.partition("#")[0]).is_file()


def test_every_attack_with_its_rules_and_source(generated: ModuleType) -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.*) \| (.*) \|$", generated.attacks(), re.M)
    assert rows == [(one.name, one.title, ", ".join(one.rules) or one.verdict, one.source) for one in ATTACKS]


def _all_of(name: str) -> set[str]:
    return {f"{name}.{one}" for one in getattr(importlib.import_module(name), "__all__", ())}


def test_no_public_name_is_missing(generated: ModuleType) -> None:
    listed = {f"secretballot.{name}" for name in secretballot.__all__}
    for module in pkgutil.walk_packages(secretballot.__path__, "secretballot."):
        internal = f"{module.name}.".startswith(tuple(f"{one}." for one in INTERNAL))
        if not internal and not module.name.endswith(".__main__"):
            listed |= _all_of(module.name)
    assert listed == {one for package in generated.PACKAGES for one in _all_of(package)}
    written = set(re.findall(r"^\.\. (?:auto\w+|py:data):: (\S+)$", generated.api(), re.M))
    above = {name.rpartition(".")[2] for name in listed if name.count(".") == 1}
    assert written == {
        name for name in listed if name.count(".") == 1 or name.rpartition(".")[2] not in above
    }
    assert len(written) > 100


def test_every_public_name_is_documented(generated: ModuleType) -> None:
    for package in generated.PACKAGES:
        module = importlib.import_module(package)
        for name in module.__all__:
            value = getattr(module, name)
            code = inspect.isclass(value) or inspect.isfunction(value)
            assert inspect.getdoc(value) if code else generated.comment_on(package, name), (package, name)


def _errors(root: type[SecretBallotError]) -> dict[str, type[SecretBallotError]]:
    """What the package may raise, by the name under which the page has it."""
    out = {}
    for child in root.__subclasses__():
        own = child.__module__.startswith("secretballot.")
        if own and not child.__module__.startswith(("secretballot.cli.", "secretballot.service.")):
            inside = child.__module__.removeprefix("secretballot.errors")
            out[f"{inside}.{child.__name__}" if inside else child.__name__] = child
        out |= _errors(child)
    return out


def test_every_error_stands_below_its_own() -> None:
    for module in pkgutil.walk_packages(secretballot.__path__, "secretballot."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    page = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8").split("\n## ")[0]
    told = {
        name.replace("board.store.", "board.store.base."): below
        for name, below in re.findall(r"^\| `([\w.]+)` \| `(\w+)`", page, re.M)
    }
    errors = _errors(SecretBallotError)
    assert told == {name: error.__bases__[0].__name__ for name, error in errors.items()}


# The glossary.


def _glossary() -> list[tuple[str, str]]:
    """English and Vietnamese of every row."""
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    return [
        (english.strip(), vietnamese.strip())
        for english, vietnamese in re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", text, re.M)
        if english != "English"
    ]


def test_the_glossary_has_each_word_once() -> None:
    words = [word for english, _ in _glossary() for word in english.split(", ")]
    assert [word for word in words if words.count(word) > 1] == []


def test_the_glossary_has_the_words_of_the_reports() -> None:
    words = {word for english, _ in _glossary() for word in english.split(", ")}
    assert {*map(str, Status), *map(str, Verdict)} <= words
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert all(f"`{phase}`" in text for phase in get_args(Phase))
    # What rules count, in the singular.
    singular = {"entries": "entry", "ceremonies": "key ceremony", "ids": "election's id"}
    singular |= {"manifests": "manifest", "shares": "decryption share", "rounds": "round of mixing"}
    singular |= {"ballots": "encrypted ballot"}
    for rule in RULES.values():
        noun = rule.unit.partition(",")[0]
        assert singular.get(noun, noun.removesuffix("s")) in words, rule.unit


def test_the_glossary_has_the_vietnamese_of_the_explanations() -> None:
    vietnamese = " | ".join(translated for _, translated in _glossary())
    units = {explain(rule, "vi").unit.partition(",")[0] for rule in RULES}
    assert {unit for unit in units if unit not in vietnamese} == set()
