"""Where a voter's choices come from: a file, a pipe, or the voter, who is asked. Never an argument: whoever is on the
machine can read those, and a shell writes them down."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ..ballot.contest_kinds import Selection
from ..errors import EncodingError
from ..manifest.contests import ApprovalContest, ChoiceContest, Contest, Option, RatingContest, WriteInContest
from ..report import Words

#: Bytes of a file.
_MAX_CHOICES = 2**20
#: What is typed for a blank.
_BLANK = "-"

choices_option = click.option(
    "--choices",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="A JSON file, or - for stdin: an object with the choice for each contest. [default: they are asked for]",
)


def read_choices(file: Path) -> Mapping[str, Selection]:
    """The choices in a file."""
    with click.open_file(str(file), "rb") as opened:
        data = opened.read(_MAX_CHOICES + 1)
    try:
        choices = json.loads(data)
    except (ValueError, RecursionError):
        raise EncodingError("is not JSON", item=str(file)) from None
    if not isinstance(choices, dict):
        raise EncodingError("is no JSON object", item=str(file))
    return choices


def ask_choices(contests: Iterable[Contest]) -> Mapping[str, Selection]:
    """The choices that the voter types."""
    return {contest.id: _ask(contest, Words()) for contest in contests}


def _ask(contest: Contest, words: Words) -> Any:
    click.echo(f"\n{words.label(contest.labels, contest.id)}", err=True)
    match contest:
        case RatingContest():
            _show(contest.levels, words, blank=contest.allow_blank)
            return {
                option: _pick(name, contest.levels, contest.allow_blank)
                for option, name in words.names(contest.options).items()
            }
        case ChoiceContest():
            _show(contest.options, words, blank=contest.allow_blank)
            return _pick("choice", contest.options, contest.allow_blank)
        case WriteInContest():
            text = click.prompt(
                "text", default="" if contest.allow_blank else None, show_default=False, err=True
            )
            return text or None
        case _:
            _show(contest.options, words, blank=False)
            how = "approved" if isinstance(contest, ApprovalContest) else "in your order"
            return _pick_several(f"numbers with spaces between, {how}", contest.options) or None


def _show(options: Sequence[Option], words: Words, *, blank: bool) -> None:
    for number, name in enumerate(words.names(options).values(), 1):
        click.echo(f"  {number}  {name}", err=True)
    if blank:
        click.echo(f"  {_BLANK}  (blank)", err=True)


def _pick(text: str, options: Sequence[Option], blank: bool) -> str | None:
    numbers = [str(number) for number in range(1, len(options) + 1)]
    allowed = [*numbers, _BLANK] if blank else numbers
    typed = click.prompt(text, type=click.Choice(allowed), show_choices=False, err=True)
    return None if typed == _BLANK else options[int(typed) - 1].id


def _pick_several(text: str, options: Sequence[Option]) -> list[str]:
    def read(typed: str) -> list[str]:
        numbers = typed.split()
        if not all(number.isdecimal() and 1 <= int(number) <= len(options) for number in numbers):
            raise click.UsageError(f"numbers from 1 to {len(options)}")
        return [options[int(number) - 1].id for number in numbers]

    found: list[str] = click.prompt(text, default="", show_default=False, value_proc=read, err=True)
    return found
