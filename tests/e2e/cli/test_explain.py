"""``secretballot explain``, and where ``verify`` sends its reader to it."""

from __future__ import annotations

import json
import shutil
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from secretballot.cli import main
from secretballot.report import explanations
from secretballot.report.explanations import PARTS, explain, headings, specification
from secretballot.verify import RULES

from ...support import elections

SPECIFICATION = Path(__file__).parents[3] / "docs" / "spec"


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert "Traceback" not in result.output
    return result


def _words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_rule(language: str) -> None:
    told = explain("T3", language)
    shown = run("explain", "t3", "--lang", language)
    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"T3  {told.title}\n")
    words = headings(language)
    places = [_words(shown.stdout).index(f"{words[part]} {getattr(told, part)}") for part in PARTS]
    assert places == sorted(places)
    assert f"{words['counts']}: {told.unit}\n" in shown.stdout
    last = [
        f"{words['specified']}:",
        f"  {SPECIFICATION / 'tally.md'}#counts",
        f"  {SPECIFICATION / 'rules.md'}",
    ]
    assert shown.stdout.splitlines()[-3:] == last


def test_where_the_specification_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of an installation, where no checkout runs; where there is none, its place in the source."""
    monkeypatch.setattr(explanations, "_CHECKOUT", tmp_path / "none")
    info, pages = tmp_path / "lib" / "secretballot-1.dist-info", tmp_path / "share/doc/secretballot/spec"
    for folder in (info, pages):
        folder.mkdir(parents=True)
    names = sorted(path.name for path in SPECIFICATION.glob("*.md"))
    for name in names:
        (pages / name).write_text("")
    (info / "METADATA").write_text("Name: secretballot\nVersion: 1\n")
    (info / "RECORD").write_text("".join(f"../share/doc/secretballot/spec/{name},,\n" for name in names))
    monkeypatch.setattr(explanations, "distribution", lambda _: Distribution.at(info))
    assert all(specification(name) == pages / name for name in names)
    shown = run("explain", "L5").stdout
    assert shown.endswith(f"Specified in:\n  {pages / 'board.md'}#checkpoint\n  {pages / 'rules.md'}\n")
    for name in names:
        (pages / name).unlink()

    def absent(_: str) -> Distribution:
        raise PackageNotFoundError

    assert specification("rules.md") is None
    monkeypatch.setattr(explanations, "distribution", absent)
    assert specification("rules.md") is None
    assert run("explain", "L5").stdout.endswith("\n  docs/spec/board.md#checkpoint\n  docs/spec/rules.md\n")


def test_every_page_that_a_rule_names_is_installed() -> None:
    project = tomllib.loads((SPECIFICATION.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    (pattern,) = project["tool"]["setuptools"]["data-files"]["share/doc/secretballot/spec"]
    installed = {path.name for path in SPECIFICATION.parents[1].glob(pattern)}
    assert {rule.reference.partition("#")[0].removeprefix("spec/") for rule in RULES.values()} <= installed


def test_all_of_them_a_line_each() -> None:
    listed = run("explain").stdout.splitlines()
    assert listed == [f"{rule.id}  {rule.title}" for rule in RULES.values()]
    assert run("explain", "--lang", "vi").stdout.splitlines()[0] == f"M1  {explain('M1', 'vi').title}"


def test_several() -> None:
    shown = run("explain", "B2", "l5").stdout
    assert shown.index(explain("B2").title) < shown.index(explain("L5").title)


def test_json() -> None:
    shown = json.loads(run("explain", "B2", "--json").stdout)
    assert shown == {"language": "en", "rules": [{**explain("B2")._asdict(), "step": "ballot"}]}
    everything = json.loads(run("explain", "--lang", "vi", "--json").stdout)
    assert [one["rule"] for one in everything["rules"]] == list(RULES)
    assert everything["rules"][3]["title"] == explain("L1", "vi").title


def test_what_there_is_not() -> None:
    refused = run("explain", "Z9")
    assert refused.exit_code == 2
    last = refused.stderr.splitlines()[-1]
    assert last == f"Error: Invalid value for 'RULE': there is no rule 'Z9'; the rules are {', '.join(RULES)}"
    assert run("explain", "L5", "--lang", "de").exit_code == 2


def test_verify_says_which_rules_to_ask_about(tmp_path: Path, finished: elections.Finished) -> None:
    finished.simulation.export(str(tmp_path / "good"))
    assert "secretballot explain" not in run("verify", tmp_path / "good").stdout
    shutil.copytree(tmp_path / "good", tmp_path / "bad")
    entries = tmp_path / "bad" / "entries.jsonl"
    lines = entries.read_bytes().splitlines(keepends=True)
    entries.write_bytes(b"".join(lines[:-1]))
    cut = run("verify", tmp_path / "bad")
    assert cut.exit_code == 1
    assert cut.stdout.splitlines()[-1] == "What that means, and what to do: secretballot explain L5"
    # Of the first step in which a rule failed: the rest may be consequences.
    # Another log than was sealed, L8 says too.
    entries.write_bytes(b"".join([*lines[:3], b"garbage\n", *lines[4:]]))
    broken = run("verify", tmp_path / "bad").stdout
    (*_, hint) = broken.splitlines()
    assert hint.endswith("secretballot explain L1 L5 L8")
    assert "K1 " in broken
