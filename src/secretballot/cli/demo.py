"""``secretballot demo``: a whole vote on published figures, every role played for real."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import click
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .. import data
from ..ballot.contest_kinds import Selection
from ..board.store import SQLiteStore
from ..data import LEVELS, Dataset, draw_selections, expected_counts
from ..data.marks import load_marks, mark_names
from ..errors import ManifestError
from ..manifest import Contest, Option, RatingContest, confidence_levels
from ..manifest.contests import TallyMethod
from ..report import Words, outcomes_view, result_view
from ..report.text import ballots_line, verdict_line
from ..report.words import counted
from ..tally import ContestResult, Result
from ..testing import Simulation
from ..verify import Verdict
from .demo_marks import Outcome, show_marks
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


class Planned(NamedTuple):
    """What a demonstration is to hold."""

    id: str
    title: Mapping[str, str]
    roll_size: int
    contest: Contest
    ballots: Sequence[Mapping[str, Selection]]


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
@click.option(
    "--tally",
    type=click.Choice(get_args(TallyMethod)),
    help="Add the ballots up, mix them, or both. [default: homomorphic; rankings and texts are always mixed]",
)
@click.option("--list", "list_datasets", is_flag=True, help="List the datasets.")
@click.pass_context
def demo(
    ctx: click.Context,
    dataset: str,
    out: Path | None,
    voters: int | None,
    tally: TallyMethod | None,
    list_datasets: bool,
) -> None:
    """Hold a whole vote whose totals are those of a published one: a confidence vote, or one by rankings or texts.

    Every role is real: registrar, voters and their devices, board, mixers (2, where ballots are mixed), trustees (3, of
    whom 2 decrypt), auditor. Who rated whom how was never published: the ballots are drawn so that they add up to the
    published counts.

    Exit code 1 where a count differs from the published one, or verification fails.
    """
    terminal = Terminal()
    if list_datasets:
        terminal.show(_datasets(terminal.words))
        return
    try:
        show: Callable[[Outcome], bool]
        if dataset in mark_names():
            planned, show = _plan_marks(terminal, dataset, voters, tally)
        else:
            planned, show = _plan_ratings(terminal, dataset, voters, tally or "homomorphic")
    except ManifestError as error:
        raise click.UsageError(str(error)) from None
    if out is not None:
        _prepare(out)
    with tempfile.TemporaryDirectory(prefix="secretballot-") as scratch, Stages() as stages:
        outcome = _hold(planned, Path(scratch), out or Path(scratch) / "record", stages)
    same = show(outcome)
    _show_verification(terminal, outcome)
    terminal.show("", *_where(outcome, out))
    took = ", ".join(f"{name} {seconds:.1f}" for name, seconds in stages.seconds.items())
    terminal.show("", Text(f"Seconds: {took}; {sum(stages.seconds.values()):.1f} in all", style="dim"))
    ctx.exit(ExitCode.OK if same and outcome.report.verdict is Verdict.VERIFIED else ExitCode.FAILED)


def _plan_ratings(
    terminal: Terminal, dataset: str, voters: int | None, tally: TallyMethod
) -> tuple[Planned, Callable[[Outcome], bool]]:
    figures = data.load(dataset)
    selections = draw_selections(figures, voters)
    planned = Planned(
        figures.id,
        figures.title,
        figures.roll_size,
        confidence_contest(figures, tally),
        [{CONTEST: selection} for selection in selections],
    )
    return planned, lambda outcome: _show(terminal, figures, selections, outcome)


def _plan_marks(
    terminal: Terminal, dataset: str, voters: int | None, tally: TallyMethod | None
) -> tuple[Planned, Callable[[Outcome], bool]]:
    if tally not in (None, "mixnet"):
        raise ManifestError("rankings and texts can only be mixed", item=f"dataset {dataset!r}")
    vote = load_marks(dataset)
    contest, selections = vote.contest(), vote.selections()
    if voters is not None and voters > len(selections):
        raise ManifestError(
            f"from 1 to {len(selections)} voters are possible, not {voters}", item=f"dataset {dataset}"
        )
    chosen = selections[:voters]
    planned = Planned(vote.id, vote.title, len(chosen), contest, [{contest.id: one} for one in chosen])
    expected = vote.winner if len(chosen) == len(selections) else None
    return planned, lambda outcome: show_marks(terminal, vote, len(chosen), expected, outcome)


def _prepare(out: Path) -> None:
    """Makes the record's directory now: nobody wants to hear after the election that it cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        problem = "is not empty" if any(out.iterdir()) else ""
    except OSError as error:
        problem = f"cannot be made: {error.strerror}"
    if problem:
        raise click.BadParameter(f"{click.format_filename(out)} {problem}", param_hint="'--out'")


def _hold(planned: Planned, scratch: Path, folder: Path, stages: Stages) -> Outcome:
    """The election from its keys to the verified record."""
    voters = len(planned.ballots)
    with SQLiteStore(scratch / "board.sqlite") as store:
        with stages.stage("keys", 1):
            simulation = Simulation(
                [planned.contest],
                labels=planned.title,
                roll_size=planned.roll_size,
                trustees=TRUSTEES,
                quorum=QUORUM,
                origin=f"secretballot.example/{planned.id}",
                store=store,
                on_event=lambda event: stages.step(),
            )
        with stages.stage("ceremony", _CEREMONY_STEPS):
            simulation.hold_ceremony()
        with stages.stage("credentials", voters):
            simulation.issue(voters)
        with stages.stage("ballots", voters):
            simulation.vote(planned.ballots, challenge_every=CHALLENGE_EVERY)
        with stages.stage("tally", simulation.manifest.mixing_rounds + TRUSTEES - len(ABSENT) + 1) as step:
            simulation.tally(absent=ABSENT)
            record = simulation.export(str(folder))
            step()
    report = verify_with_progress(stages, record, simulation.election.id)
    return Outcome(record, simulation.manifest, simulation.election.id.hex(), report)


def confidence_contest(figures: Dataset, tally: TallyMethod = "homomorphic") -> RatingContest:
    """The contest of a published vote: each of its officials is rated."""
    return RatingContest(
        id=CONTEST,
        labels={"vi": "Lấy phiếu tín nhiệm", "en": "Confidence vote"},
        options=tuple(Option(id=official.id, labels={"vi": official.name}) for official in figures.officials),
        base=figures.base,
        rules=tuple(rule.outcome_rule() for rule in figures.rules),
        levels=confidence_levels(),
        allow_blank=True,
        tally=tally,
    )


def _show(terminal: Terminal, figures: Dataset, selections: Selections, outcome: Outcome) -> bool:
    """Prints what came of it; returns whether every count is the expected one."""
    words, result = terminal.words, outcome.report.result
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
    return same


def _show_verification(terminal: Terminal, outcome: Outcome) -> None:
    words, report = terminal.words, outcome.report
    terminal.show("", Text("Verification", style="bold"), verdict_line(report), ballots_line(report))
    absent = " and ".join(f"trustee {place + 1}" for place in ABSENT)
    if outcome.manifest.mixing_rounds:
        terminal.show(f"Mixed by {counted(outcome.manifest.mixing_rounds, 'mixers')}, each line apart")
    terminal.show(
        f"Decrypted by {TRUSTEES - len(ABSENT)} of {TRUSTEES} trustees ({absent} was absent; {QUORUM} are needed)"
    )
    for rule in report.rules:
        for finding in rule.findings:
            terminal.show(_item(words, f"{rule.rule} {finding.item}: {finding.message}"))


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


def _where(outcome: Outcome, out: Path | None) -> list[RenderableType]:
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
    table.add_row("dataset", "ballots", "rated", "", style="bold")
    for name in data.names():
        figures = data.load(name)
        title = words.label(figures.title, name) + ("" if figures.complete else " (incomplete)")
        table.add_row(name, str(figures.ballots_collected), str(len(figures.officials)), title)
    for name in mark_names():
        vote = load_marks(name)
        what = "rankings" if vote.kind == "ranking" else "texts"
        table.add_row(name, str(len(vote.selections())), what, words.label(vote.title, name))
    return table
