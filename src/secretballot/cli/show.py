"""``secretballot show``: what a record says, without verifying it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..report import RecordContents, contents_view, read_contents
from .home import json_option
from .terminal import NOT_VERIFIED, ExitCode, Terminal, open_record, print_json, record_argument


@click.command()
@record_argument
@json_option
@click.pass_context
def show(ctx: click.Context, record: Path, as_json: bool) -> None:
    """Show what the election record in the directory RECORD holds. Nothing is verified.

    Exit code 3 where the record has no readable manifest.
    """
    contents = read_contents(open_record(record))
    if as_json:
        print_json(json.dumps(_members(contents), ensure_ascii=False).encode("utf-8", "replace"))
        ctx.exit(ExitCode.OK if contents.election else ExitCode.UNREADABLE)
    out = Terminal()
    out.show(NOT_VERIFIED, "", contents_view(contents, out.words))
    ctx.exit(ExitCode.OK if contents.election else ExitCode.UNREADABLE)


def _members(contents: RecordContents) -> dict[str, Any]:
    election, checkpoint, result = contents.election, contents.checkpoint, contents.result
    return {
        "election": election and election.id.hex(),
        "phase": contents.phase,
        "entries": contents.entries,
        "kinds": dict(contents.kinds),
        "unreadable": contents.unreadable,
        "problems": contents.problems,
        "checkpoint": checkpoint and {"size": checkpoint.size, "root": checkpoint.root.hex()},
        "checkpoint_problem": contents.checkpoint_problem or None,
        "manifest": election and json.loads(election.body),
        "result": result and json.loads(result.to_body()),
    }
