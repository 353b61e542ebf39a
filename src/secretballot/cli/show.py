"""``secretballot show``: what a record says, without verifying it."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from ..report import contents_view, read_contents
from .terminal import ExitCode, Terminal, open_record, record_argument


@click.command()
@record_argument
@click.pass_context
def show(ctx: click.Context, record: Path) -> None:
    """Show what the election record in the directory RECORD holds. Nothing is verified.

    Exit code 3 where the record has no readable manifest.
    """
    contents = read_contents(open_record(record))
    out = Terminal()
    notice = "NOT VERIFIED: this is what the record says. `secretballot verify` checks it."
    out.show(Text(notice, style="bold yellow"), "", contents_view(contents, out.words))
    ctx.exit(ExitCode.OK if contents.election else ExitCode.UNREADABLE)
