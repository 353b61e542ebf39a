"""``secretballot verify``: every rule, from the record alone."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from ..board import ElectionRecord
from ..report import read_manifest, report_view
from ..verify import Report, Verdict, available_cores, local_workers, verify_record
from .progress import Stages
from .terminal import ElectionId, ExitCode, Terminal, open_record, record_argument

_EXIT = {
    Verdict.VERIFIED: ExitCode.OK,
    Verdict.FAILED: ExitCode.FAILED,
    Verdict.INCOMPLETE: ExitCode.INCOMPLETE,
}


#: Bytes of entries from which on further processes save more time than starting them takes.
LARGE = 4 * 2**20


@click.command()
@record_argument
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, and nothing else.")
@click.option("--election", type=ElectionId(), help="The election's id, as it was announced.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes that share the work, this one included. [default: one for each core, 1 for a small record]",
)
@click.pass_context
def verify(
    ctx: click.Context, record: Path, as_json: bool, election: bytes | None, workers: int | None
) -> None:
    """Verify the election record in the directory RECORD.

    \b
    Exit codes: 0 verified, 1 failed, 2 usage, 3 unreadable record,
    4 incomplete (an election still open, for example).
    """
    source = open_record(record)
    with Stages() as stages:
        report = verify_with_progress(stages, source, election, workers)
    if as_json:
        click.echo(report.to_body())
    else:
        out = Terminal()
        out.show(report_view(report, read_manifest(source, report.election), out.words, out.width))
    ctx.exit(_EXIT[report.verdict])


def verify_with_progress(
    stages: Stages, record: ElectionRecord, election_id: bytes | None, workers: int | None = None
) -> Report:
    """Verifies a record as a stage of its own; by so many processes, or as many as are worth it."""
    entries = size = 0
    for raw in record.entries():
        entries += 1
        size += len(raw)
    if workers is None:
        workers = available_cores() if size >= LARGE else 1
    with (
        stages.stage("verification", entries) as step,
        local_workers(workers - 1) if workers > 1 else nullcontext() as executor,
    ):
        return verify_record(record, election_id=election_id, progress=lambda _: step(), executor=executor)
