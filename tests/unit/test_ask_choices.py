"""What a voter is asked in a terminal, in a contest of each kind."""

from __future__ import annotations

import json
from typing import Any

import click
import pytest
from click.testing import CliRunner

from secretballot.cli.choices import ask_choices
from secretballot.manifest.contests import RankingContest, WriteInContest

from ..support import elections

RANKING = RankingContest(
    id="order",
    labels={"en": "Order"},
    options=elections.options("ant", "bee", "cow"),
    minimum=1,
    maximum=3,
    allow_blank=True,
    methods=("irv",),
    seats=1,
)
TEXT = WriteInContest(id="text", labels={"en": "Text"}, max_bytes=10, allow_blank=True)


def ask(contest: Any, typed: str) -> tuple[Any, str]:
    """The choice, or the exit code; and what was shown."""

    @click.command()
    def command() -> None:
        (choice,) = ask_choices([contest]).values()
        click.echo(json.dumps(choice))

    result = CliRunner().invoke(command, input=typed)
    return json.loads(result.stdout) if result.exit_code == 0 else result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("contest", "typed", "chosen"),
    [
        (elections.rating(), "1\n3\n", {"an": "high", "binh": "low"}),
        (elections.rating(), "-\n2\n", {"an": None, "binh": "confidence"}),
        (elections.rating(), "0\n4\nhigh\n1\n1\n", {"an": "high", "binh": "high"}),
        (elections.rating(allow_blank=False), "-\n\n1\n2\n", {"an": "high", "binh": "confidence"}),
        (elections.choice(), "2\n", "dung"),
        (elections.choice(), "-\n", None),
        (elections.choice(allow_blank=False), "-\n3\n", "em"),
        (elections.approval(), "3 1\n", ["khoa", "giang"]),
        (elections.approval(), "\n", None),
        (elections.approval(), "4\n0\nx\n-1\n1,2\n2\n", ["hoa"]),
        (RANKING, "3 1 2\n", ["cow", "ant", "bee"]),
        (RANKING, "\n", None),
        (TEXT, "Bà An\n", "Bà An"),
        (TEXT, "\n", None),
        (TEXT.model_copy(update={"allow_blank": False}), "\nx\n", "x"),
        (elections.rating(), "1\n", 1),
        (elections.choice(), "", 1),
    ],
)
def test_what_is_typed_is_chosen(contest: Any, typed: str, chosen: Any) -> None:
    choice, shown = ask(contest, typed)
    assert choice == chosen
    assert any(label in shown for label in contest.labels.values())


def test_names_are_shown_without_what_moves_a_cursor() -> None:
    contest = elections.choice().model_copy(update={"labels": {"en": "Chair\x1b[2J"}})
    assert "\x1b" not in ask(contest, "1\n")[1]
