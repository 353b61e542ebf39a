"""``secretballot demo``: a whole confidence vote on published figures, every role played for real."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .. import data
from ..board import ElectionRecord
from ..board.store import SQLiteStore
from ..data import LEVELS, Dataset, draw_selections, expected_counts
from ..errors import ManifestError
from ..manifest import Manifest, Option, RatingContest, confidence_levels
from ..report import Words, outcomes_view, result_view
from ..report.text import ballots_line, verdict_line
from ..tally import ContestResult, Result
from ..testing import Simulation
from ..verify import Report, Verdict
from .progress import Stages
from .terminal import ExitCode, Terminal
from .verify import verify_with_progress

CONTEST = "officials"
TRUSTEES, QUORUM = 3, 2
#: Places, from 0, of the trustees who are not there to decrypt.
ABSENT = (2,)
#: Every so many voters have a ballot opened before they cast another.
CHALLENGE_EVERY = 10
#: Steps of the ceremony: each trustee posts three messages.
_CEREMONY_STEPS = 3 * TRUSTEES

Selections = Sequence[Mapping[str, str | None]]


class _Outcome(NamedTuple):
    """What the demonstration ends with."""

    record: ElectionRecord
    manifest: Manifest
    election: str
    report: Report


@click.command()
@click.argument("dataset", default=data.DEFAULT, metavar="[DATASET]")
@click.option(
    "--out",
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    help="Keep the record here (a new or empty directory).",
)
@click.option(
    "--voters",
    type=click.IntRange(min=1),
    help="Only so many of the ballots, chosen at random; at most those of --list.",
)
@click.option("--list", "list_datasets", is_flag=True, help="List the datasets.")
@click.pass_context
def demo(ctx: click.Context, dataset: str, out: Path | None, voters: int | None, list_datasets: bool) -> None:
    """Hold a whole confidence vote whose totals are those of a published one.

    Every role is real: registrar, voters and their devices, board, trustees (3, of whom 2 decrypt), auditor. Who
    voted how was never published: the ballots are drawn so that they add up to the published counts.

    Exit code 1 where a count differs from the published one, or verification fails.
    """
    terminal = Terminal()
    if list_datasets:
        terminal.show(_datasets(terminal.words))
        return
    try:
        figures = data.load(dataset)
        selections = draw_selections(figures, voters)
    except ManifestError as error:
        raise click.UsageError(str(error)) from None
    if out is not None:
        _prepare(out)
    with tempfile.TemporaryDirectory(prefix="secretballot-") as scratch, Stages() as stages:
        outcome = _hold(figures, selections, Path(scratch), out or Path(scratch) / "record", stages)
    same = _show(terminal, figures, selections, outcome)
    terminal.show("", *_where(outcome, out))
    took = ", ".join(f"{name} {seconds:.1f}" for name, seconds in stages.seconds.items())
    terminal.show("", Text(f"Seconds: {took}; {sum(stages.seconds.values()):.1f} in all", style="dim"))
    ctx.exit(ExitCode.OK if same and outcome.report.verdict is Verdict.VERIFIED else ExitCode.FAILED)


def _prepare(out: Path) -> None:
    """Makes the record's directory now: nobody wants to hear after the election that it cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        problem = "is not empty" if any(out.iterdir()) else ""
    except OSError as error:
        problem = f"cannot be made: {error.strerror}"
    if problem:
        raise click.BadParameter(f"{click.format_filename(out)} {problem}", param_hint="'--out'")


def _hold(figures: Dataset, selections: Selections, scratch: Path, folder: Path, stages: Stages) -> _Outcome:
    """The election from its keys to the verified record."""
    with SQLiteStore(scratch / "board.sqlite") as store:
        with stages.stage("keys", 1):
            simulation = Simulation(
                [confidence_contest(figures)],
                labels=figures.title,
                roll_size=figures.roll_size,
                trustees=TRUSTEES,
                quorum=QUORUM,
                origin=f"secretballot.example/{figures.id}",
                store=store,
                on_event=lambda event: stages.step(),
            )
        with stages.stage("ceremony", _CEREMONY_STEPS):
            simulation.hold_ceremony()
        with stages.stage("credentials", len(selections)):
            simulation.issue(len(selections))
        with stages.stage("ballots", len(selections)):
            simulation.vote(
                [{CONTEST: selection} for selection in selections], challenge_every=CHALLENGE_EVERY
            )
        with stages.stage("tally", TRUSTEES - len(ABSENT) + 1) as step:
            simulation.tally(absent=ABSENT)
            record = simulation.export(str(folder))
            step()
    report = verify_with_progress(stages, record, simulation.election.id)
    return _Outcome(record, simulation.manifest, simulation.election.id.hex(), report)


def confidence_contest(figures: Dataset) -> RatingContest:
    """The contest of a published vote: each of its officials is rated."""
    return RatingContest(
        id=CONTEST,
        labels={"vi": "Lấy phiếu tín nhiệm", "en": "Confidence vote"},
        options=tuple(Option(id=official.id, labels={"vi": official.name}) for official in figures.officials),
        base=figures.base,
        rules=tuple(rule.outcome_rule() for rule in figures.rules),
        levels=confidence_levels(),
        allow_blank=True,
    )


def _show(terminal: Terminal, figures: Dataset, selections: Selections, outcome: _Outcome) -> bool:
    """Prints what came of it; returns whether every count is the expected one."""
    words, report, result = terminal.words, outcome.report, outcome.report.result
    terminal.show(*(Text(title, style="bold") for title in words.titles(figures.title, figures.id)))
    terminal.show(Text(f"{len(figures.officials)} officials, {_turnout(figures, selections)}"), "")
    same = False
    if result is None:
        terminal.show(Text("There is no result.", style="bold red"))
    else:
        drawn = len(selections) < figures.ballots_collected
        expected = {
            official: tuple(counts[level] for level in LEVELS)
            for official, counts in expected_counts([dict(selection) for selection in selections]).items()
        }
        same = _equal(result, expected, len(selections))
        # Positions are in Vietnamese alone.
        officials = figures.officials if words.unicode else ()
        notes = {official.id: official.position for official in officials}
        heading = "drawn" if drawn else "published"
        terminal.show(
            result_view(result, outcome.manifest, words, notes=notes, published=expected, heading=heading),
            "",
            _comparison(same, heading),
            "",
            Text("Outcome rules", style="bold"),
            outcomes_view(result, outcome.manifest, words),
        )
    if not figures.complete:
        terminal.show(
            "", Text("About these figures", style="bold"), *(_item(words, note) for note in figures.notes)
        )
    terminal.show("", Text("Verification", style="bold"), verdict_line(report), ballots_line(report))
    absent = " and ".join(f"trustee {place + 1}" for place in ABSENT)
    terminal.show(
        f"Decrypted by {TRUSTEES - len(ABSENT)} of {TRUSTEES} trustees ({absent} was absent; {QUORUM} are needed)"
    )
    for rule in report.rules:
        for finding in rule.findings:
            terminal.show(_item(words, f"{rule.rule} {finding.item}: {finding.message}"))
    return same


def _turnout(figures: Dataset, selections: Selections) -> str:
    if len(selections) == figures.ballots_collected:
        return f"{len(selections)} ballots, a roll of {figures.roll_size}."
    return f"{len(selections)} of the {figures.ballots_collected} ballots, a roll of {figures.roll_size}."


def _equal(result: Result, expected: Mapping[str, tuple[int, ...]], ballots: int) -> bool:
    counted = {
        line.id: line.counts
        for contest in result.contests
        if isinstance(contest, ContestResult)
        for line in contest.lines
    }
    return counted == dict(expected) and result.collected == ballots


def _comparison(same: bool, heading: str) -> Text:
    what = "the published one" if heading == "published" else "that of the ballots drawn"
    if same:
        return Text(f"Every count equals {what}.", style="green")
    return Text(f"NOT every count equals {what}.", style="bold red")


def _where(outcome: _Outcome, out: Path | None) -> list[RenderableType]:
    if out is None:
        return [
            Text(f"Election {outcome.election}"),
            Text("The record was in a temporary directory and is removed; keep it with --out DIR."),
        ]
    path = click.format_filename(out)
    return [
        Text(f"Election {outcome.election}"),
        Text(f"Record   {path}"),
        Text("Verify it yourself:"),
        Text(f"  secretballot verify {shlex.quote(path)} \\\n    --election {outcome.election}"),
    ]


def _item(words: Words, text: str) -> Padding:
    return Padding(Text(words.clean(text)), (0, 0, 0, 2))


def _datasets(words: Words) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_column()
    table.add_row("dataset", "ballots", "officials", "", style="bold")
    for name in data.names():
        figures = data.load(name)
        title = words.label(figures.title, name) + ("" if figures.complete else " (incomplete)")
        table.add_row(name, str(figures.ballots_collected), str(len(figures.officials)), title)
    return table
