"""``secretballot diff``: whether two copies of a record are of one log."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import RenderableType
from rich.text import Text

from ..report import Comparison, Relation, Words, compare_records
from ..report.comparison import ComparedEntry, ComparedRecord
from ..report.words import counted
from .terminal import ExitCode, Terminal, open_record, print_json

#: As ``record_argument``: whether it can be read is for the record to say.
_DIRECTORY = click.Path(readable=False, path_type=Path)


@click.command()
@click.argument("a", type=_DIRECTORY)
@click.argument("b", type=_DIRECTORY)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON, and nothing else.")
@click.pass_context
def diff(ctx: click.Context, a: Path, b: Path, as_json: bool) -> None:
    """Compare the records in the directories A and B: entries, checkpoint, attachments.

    Two records of one log are the same, or one is the beginning of the other. Nothing is verified:
    `secretballot verify` does that.

    \b
    Exit codes: 0 the same, 1 they differ, 3 unreadable record,
    4 one is the beginning of the other.
    """
    comparison = compare_records(open_record(a), open_record(b))
    if as_json:
        print_json(comparison.to_body())
    else:
        out = Terminal()
        out.show(*_lines(comparison, out.words))
    if not comparison.agrees:
        ctx.exit(ExitCode.FAILED)
    ctx.exit(ExitCode.OK if comparison.relation is Relation.SAME else ExitCode.INCOMPLETE)


def _lines(comparison: Comparison, words: Words) -> Iterable[RenderableType]:
    for name, record in (("A", comparison.a), ("B", comparison.b)):
        yield _one(name, record)
    yield ""
    yield _relation(comparison)
    first = comparison.first_difference
    if first is not None:
        for name, entry in (("A", first.a), ("B", first.b)):
            yield f"  {name}: {_entry(entry)}"
    yield from (Text(f"{words.cross} {one}", style="red") for one in comparison.differences)
    yield from comparison.remarks
    if comparison.contradiction:
        yield ""
        yield Text(f"PROOF OF TWO HISTORIES: {comparison.contradiction}.", style="bold red")
        yield "Keep both records: with them anybody can check it."


def _one(name: str, record: ComparedRecord) -> str:
    election = record.election or "unknown: there is no readable manifest"
    checkpoint = (
        f"checkpoint: {record.problem}" if record.problem else "the board's checkpoint is over all of them"
    )
    return f"{name}: election {election}\n   {counted(record.entries, 'entries')}; {checkpoint}"


def _relation(comparison: Comparison) -> Text:
    common = counted(comparison.common, "entries")
    unread = [name for name, one in (("A", comparison.a), ("B", comparison.b)) if not one.election]
    style = "bold red"
    match comparison.relation:
        case Relation.FORKED if comparison.altered:
            text = f"{comparison.altered} WAS CHANGED"
            rest = f"its entries, from {comparison.common} on, are not what the board signed; the other's are"
        case Relation.FORKED if unread and not comparison.contradiction:
            text, rest = "CANNOT BE COMPARED", f"the manifest of {' and '.join(unread)} cannot be read"
        case Relation.FORKED if comparison.common == 0 and not comparison.contradiction:
            text, rest = "TWO ELECTIONS", "the first entries, the manifests, are not the same"
        case Relation.FORKED:
            text, rest = "FORKED", f"the first {common} are the same, entry {comparison.common} is not"
        case _ if comparison.contradiction:
            text, rest = (
                "FORKED",
                f"the first {common} are the same, and the checkpoints are of two histories",
            )
        case Relation.SAME if comparison.agrees:
            text, style, rest = "SAME", "bold green", common
        case Relation.SAME:
            text, rest = "DIFFERENT", f"the {common} are the same, but not all beside them"
        case relation:
            short, long = ("A", "B") if relation is Relation.A_BEGINS_B else ("B", "A")
            text, style = f"{short} IS THE BEGINNING OF {long}", "bold yellow"
            rest = f"{common} are the same, and {long} goes on"
    return Text(text, style=style).append(f": {rest}", style="default not bold")


def _entry(entry: ComparedEntry | None) -> str:
    if entry is None:
        return "ends here"
    return f"{entry.kind or 'no kind of entry'}, {entry.summary}\n     SHA-256 {entry.sha256}"
