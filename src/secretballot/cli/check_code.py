"""``secretballot check-code``: whether a ballot is in the record."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.text import Text

from ..ballot import format_code
from ..ballot.records import parse_code
from ..errors import BallotError
from ..report import FoundBallot, find_ballot
from ..report.words import counted
from .home import json_option
from .terminal import ExitCode, Terminal, open_record, record_argument


@click.command("check-code")
@record_argument
@click.argument("code")
@json_option
@click.pass_context
def check_code(ctx: click.Context, record: Path, code: str, as_json: bool) -> None:
    """Look for the ballot with the confirmation CODE in the directory RECORD.

    Says whether it was cast or challenged, and whether another ballot of the same credential counts in its place.
    Nothing is verified: `secretballot verify` does that.

    Exit codes: 0 found, 1 not found, 4 not found where some entries cannot be read.
    """
    try:
        wanted = parse_code(code)
    except BallotError as error:
        raise click.BadParameter(error.message, param_hint="'CODE'") from None
    found, unreadable = find_ballot(open_record(record), wanted)
    out = Terminal()
    if as_json:
        place = None if found is None else found._asdict()
        click.echo(json.dumps({"code": format_code(wanted), "found": place, "unreadable": unreadable}))
    else:
        out.show(format_code(wanted), _fate(found, unreadable))
    if unreadable and not as_json:
        warning = f"{counted(unreadable, 'entries')} cannot be read, and may be this ballot or another one in its place"
        out.show(Text(f"Warning: {warning}", style="yellow"))
    if found is not None:
        ctx.exit(ExitCode.OK)
    ctx.exit(ExitCode.INCOMPLETE if unreadable else ExitCode.FAILED)


def _fate(found: FoundBallot | None, unreadable: int) -> str:
    if found is None:
        if unreadable:
            return "not found among the entries that can be read"
        return "not found: the record has no ballot with this code"
    if found.challenged:
        return f"challenged: entry {found.entry} opens this ballot, which never counts"
    cast, other = f"cast, as entry {found.entry}", f"the same credential's entry {found.counts_instead}"
    if found.counts_instead is None:
        return cast
    if found.counts_instead > found.entry:
        return f"{cast}, and replaced: {other} counts"
    return f"{cast}, but does not count: {other} does"
