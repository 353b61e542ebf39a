"""``secretballot check-code``: whether a ballot is in the record."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from ..ballot import format_code
from ..ballot.records import parse_code
from ..errors import BallotError
from ..report import find_ballot
from ..report.words import counted
from .terminal import ExitCode, Terminal, open_record, record_argument


@click.command("check-code")
@record_argument
@click.argument("code")
@click.pass_context
def check_code(ctx: click.Context, record: Path, code: str) -> None:
    """Look for the ballot with the confirmation CODE in the directory RECORD.

    Says whether it was cast, challenged, or replaced by another ballot of the same credential. Nothing is
    verified: `secretballot verify` does that.

    Exit codes: 0 found, 1 not found, 4 not found where some entries cannot be read.
    """
    try:
        wanted = parse_code(code)
    except BallotError as error:
        raise click.BadParameter(error.message, param_hint="'CODE'") from None
    found, unreadable = find_ballot(open_record(record), wanted)
    if found is None and unreadable:
        fate = "not found among the entries that can be read"
    elif found is None:
        fate = "not found: the record has no ballot with this code"
    elif found.challenged:
        fate = f"challenged: entry {found.entry} opens this ballot, which never counts"
    elif found.counts_instead is not None:
        fate = f"cast, as entry {found.entry}, and replaced: the same credential's entry {found.counts_instead} counts"
    else:
        fate = f"cast, as entry {found.entry}"
    out = Terminal()
    out.show(format_code(wanted), fate)
    if unreadable:
        warning = f"{counted(unreadable, 'entries')} cannot be read, and may be this ballot or another one in its place"
        out.show(Text(f"Warning: {warning}", style="yellow"))
    if found is not None:
        ctx.exit(ExitCode.OK)
    ctx.exit(ExitCode.INCOMPLETE if unreadable else ExitCode.FAILED)
