"""The page of commands: it names every command, its exit codes are those that there are, its JSON is what is read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from secretballot.ballot.contest_kinds import plan_contest
from secretballot.cli import main
from secretballot.cli.election import _manifest
from secretballot.cli.terminal import ExitCode

from ..support import elections

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "commands.md"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not beside the tests")


def section(title: str) -> str:
    return f"\n{PAGE.read_text(encoding='utf-8')}".split(f"\n{title}\n")[1].split("\n## ")[0]


def test_every_command_is_named() -> None:
    table = section("# Commands, by role")
    for name, command in main.commands.items():
        assert f"`{name}" in table, name
        if isinstance(command, click.Group):
            (row,) = re.findall(
                rf"^\|[^|]*\|([^|]*`{name} new`[^|]*|[^|]*`{name} request`[^|]*)\|", table, re.M
            )
            named = {words.split()[-1] for words in re.findall(r"`([^`]+)`", row)} - {"serve"}
            assert named == set(command.commands) - {"serve"}


def test_the_exit_codes() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", section("## Exit codes"), re.M)}
    assert told == {int(code) for code in ExitCode} - {ExitCode.CLOSED_PIPE}


def test_the_draft(tmp_path: Path) -> None:
    (draft,) = re.findall(r"```json\n(.*?)```", section("## A draft"), re.S)
    (tmp_path / "draft.json").write_text(draft, encoding="utf-8")
    simulation = elections.simulate([elections.rating()])
    manifest = simulation.manifest
    parties = []
    for number, party in enumerate([manifest.board, *manifest.registrars, *manifest.trustees]):
        parties.append(tmp_path / f"{number}.json")
        parties[-1].write_bytes(party.to_body())
    made = _manifest(tmp_path / "draft.json", tuple(parties), manifest.authority)
    assert (made.roll_size, made.capacity, made.revoting) == (481, 481, "last")
    assert [level.id for level in made.contests[0].levels] == ["high", "confidence", "low"]  # type: ignore[union-attr]


def test_the_choices() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", section("## Choices"), re.S)
    choices = json.loads(block)
    for contest in (elections.rating(), elections.choice(), elections.approval()):
        plan_contest(contest, 10).choices(choices.pop(contest.id))
    assert choices == {"order": ["hue", "vinh"], "proposal": "more shade"}
