"""``secretballot verify``: every rule, from the record alone."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import BinaryIO

import click

from ..board import ElectionRecord
from ..crypto.note import MAX_NOTE_SIZE
from ..errors import ArgumentError, SecretBallotError
from ..report import read_manifest, report_view
from ..verify import Pins, Report, Verdict, verify_record
from .documents import Documents, document_options
from .progress import Stages
from .sharing import Sharing, sharing_options
from .terminal import ElectionId, ExitCode, Terminal, open_record, print_json, record_argument

_EXIT = {
    Verdict.VERIFIED: ExitCode.OK,
    Verdict.FAILED: ExitCode.FAILED,
    Verdict.INCOMPLETE: ExitCode.INCOMPLETE,
}


@click.command()
@record_argument
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, and nothing else.")
@click.option("--election", type=ElectionId(), help="The election's id, as it was announced.")
@click.option(
    "--checkpoint",
    "pinned",
    type=click.File("rb"),
    help="A file with a checkpoint of this log from elsewhere: the log must begin with it.",
)
@click.option(
    "--cosigner",
    "cosigners",
    metavar="VKEY",
    multiple=True,
    help="The key of a cosigner who must have signed the record's checkpoint. Can be given several times.",
)
@click.option(
    "--cosigners-needed", "needed", type=click.IntRange(min=1), help="How many of them. [default: all]"
)
@document_options
@sharing_options
@click.pass_context
def verify(
    ctx: click.Context,
    record: Path,
    as_json: bool,
    election: bytes | None,
    pinned: BinaryIO | None,
    cosigners: tuple[str, ...],
    needed: int | None,
    documents: Documents,
    sharing: Sharing,
) -> None:
    """Verify the election record in the directory RECORD.

    \b
    Exit codes: 0 verified, 1 failed, 2 usage, 3 unreadable record,
    4 incomplete (an election still open, for example).
    """
    checkpoint = pinned.read(MAX_NOTE_SIZE + 1) if pinned is not None else None
    _check_pins(checkpoint, cosigners, needed)
    # Standard input has no name that is a path.
    held = getattr(pinned, "name", None)
    source = documents.follow(open_record(record), Path(held) if isinstance(held, str) else None)
    with Stages() as stages:
        report = verify_with_progress(stages, source, election, sharing, checkpoint, cosigners, needed)
    try:
        # First: whoever closes the pipe of what is printed still has them.
        documents.write(report, source, Pins(checkpoint, cosigners, needed), election)
    finally:
        if as_json:
            print_json(report.to_body())
        else:
            out = Terminal()
            out.show(report_view(report, read_manifest(source, report.election), out.words, out.width))
    ctx.exit(_EXIT[report.verdict])


def _check_pins(checkpoint: bytes | None, cosigners: tuple[str, ...], needed: int | None) -> None:
    """What cannot be pinned is an error of usage, and none of the record's."""
    try:
        Pins(checkpoint)
    except SecretBallotError as error:
        raise click.BadParameter(f"it is no checkpoint: {error}", param_hint="'--checkpoint'") from None
    try:
        Pins(None, cosigners, needed)
    except ArgumentError as error:
        raise click.BadParameter(error.message, param_hint="'--cosigners-needed'") from None
    except SecretBallotError as error:
        raise click.BadParameter(str(error), param_hint="'--cosigner'") from None


def verify_with_progress(
    stages: Stages,
    record: ElectionRecord,
    election_id: bytes | None,
    sharing: Sharing = Sharing(),  # noqa: B008 - it does not change
    checkpoint: bytes | None = None,
    cosigners: tuple[str, ...] = (),
    cosigners_needed: int | None = None,
) -> Report:
    """Verifies a record as a stage of its own, with whoever shares it."""
    entries = size = 0
    for raw in record.entries():
        entries += 1
        size += len(raw)
    with ExitStack() as stack:
        # A cluster can be long in answering, or in not answering.
        with nullcontext() if sharing.scheduler is None else stages.stage("cluster"):
            executor, workers = stack.enter_context(sharing.executor(size))
        step = stack.enter_context(stages.stage("verification", entries))
        return verify_record(
            record,
            election_id=election_id,
            checkpoint=checkpoint,
            cosigners=cosigners,
            cosigners_needed=cosigners_needed,
            progress=lambda _: step(),
            executor=executor,
            workers=workers,
        )
