"""``secretballot check-code``: whether a ballot is in the record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click
from rich.text import Text

from ..ballot import format_code
from ..ballot.records import parse_code
from ..errors import BallotError
from ..report import Fate, Search, find_ballot
from ..report.words import counted
from .home import json_option
from .terminal import NOT_VERIFIED, ExitCode, Terminal, open_record, record_argument


@click.command("check-code")
@record_argument
@click.argument("code")
@json_option
@click.pass_context
def check_code(ctx: click.Context, record: Path, code: str, as_json: bool) -> None:
    """Look for the ballot with the confirmation CODE in the directory RECORD.

    Says whether it is there, and counted, replaced by another one of the same credential, or challenged. The record is
    not verified: `secretballot verify` does that.

    \b
    Exit codes: 0 found, 1 not found, or in the log against its rules,
    4 not found where some entries cannot be read.
    """
    try:
        wanted = parse_code(code)
    except BallotError as error:
        raise click.BadParameter(error.message, param_hint="'CODE'") from None
    search = find_ballot(open_record(record), wanted)
    if as_json:
        place = None if search.found is None else search.found._asdict()
        members = {"code": format_code(wanted), "fate": search.fate, "found": place}
        click.echo(json.dumps({**members, "unreadable": search.unreadable, "broken": search.broken}))
    else:
        Terminal().show(format_code(wanted), _told(search), *_warnings(search), NOT_VERIFIED)
    if search.found is not None:
        ctx.exit(ExitCode.FAILED if search.fate is Fate.OPEN else ExitCode.OK)
    ctx.exit(ExitCode.INCOMPLETE if search.unreadable else ExitCode.FAILED)


def _told(search: Search) -> str:
    found = search.found
    if found is None:
        if search.unreadable:
            return "not found among the entries that can be read"
        return "not found: the record has no ballot with this code"
    cast, other = f"cast, as entry {found.entry}", f"the same credential's entry {found.counts_instead}"
    match search.fate:
        case Fate.CHALLENGED:
            return f"challenged: entry {found.entry} opens this ballot, which never counts"
        case Fate.OPEN:
            return f"{cast}; whether it counts is open"
        case Fate.TO_BE_COUNTED:
            return f"{cast}, and to be counted: there is no result yet"
        case Fate.COUNTED_SO_FAR:
            return f"{cast}, and counted so far: voting is open"
        case Fate.REPLACED:
            return f"{cast}, and replaced: {other} counts"
        case Fate.NOT_COUNTED:
            return f"{cast}, but does not count: {other} does"
        case _:
            return f"{cast}, and counted"


def _warnings(search: Search) -> Iterable[Text]:
    warnings = [f"{one}, so that the record does not verify" for one in search.broken]
    if search.found is not None and search.found.again is not None:
        warnings.append(
            f"entry {search.found.again} is this ballot again, so that the record does not verify"
        )
    if search.unreadable:
        unread = counted(search.unreadable, "entries")
        warnings.append(f"{unread} cannot be read, and may be this ballot or another one in its place")
    return (Text(f"Warning: {warning}", style="yellow") for warning in warnings)
