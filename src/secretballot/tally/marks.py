"""Marks that were mixed whole, decrypted, read and counted: rankings and texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..ballot.contest_kinds import MarkPlan
from ..ballot.contest_kinds.write_in import normalise
from ..crypto.group import Element
from ..errors import SelectionError
from ..manifest.capacity import MAX_INVALID, MAX_TEXTS
from ..manifest.contests import RankingContest, WriteInContest
from .lines import decrypt_rows
from .methods import Profile, lots
from .methods.borda import borda
from .methods.irv import instant_runoff
from .methods.schulze import condorcet_winner, pairwise, schulze
from .methods.stv import single_transferable_vote
from .mixing import Mixing
from .records import (
    BordaResult,
    InvalidLine,
    LineShare,
    MethodResult,
    RankingResult,
    RunoffResult,
    RunoffRound,
    SchulzeResult,
    TextCount,
    TransferResult,
    TransferStage,
    WriteInResult,
)


def count_marks(mixing: Mixing, shares: Mapping[int, LineShare]) -> dict[str, RankingResult | WriteInResult]:
    """The results of the contests of marks, by id, from the shares of a quorum by trustee index."""
    out: dict[str, RankingResult | WriteInResult] = {}
    for place, batch in enumerate(mixing.batches):
        if not isinstance(batch.plan, MarkPlan):
            continue
        rows = decrypt_rows(mixing, place, shares) if mixing.ballots else []
        out[batch.plan.id] = count_rows(batch.plan, rows, mixing.election.id, mixing.root)
    return out


def count_rows(
    plan: MarkPlan, rows: Sequence[tuple[Element, ...]], election_id: bytes, root: bytes
) -> RankingResult | WriteInResult:
    """The result of a contest of marks, of decrypted rows; ``root``, the log's at the end of voting, draws lots."""
    read = _Read(plan, rows)
    match plan.contest:
        case RankingContest() as contest:
            ids = [option.id for option in contest.options]
            return _ranking(contest, read, lots(election_id, root, contest.id, ids))
        case WriteInContest() as contest:
            return _write_in(contest, read)


class _Read:
    """The lines of a batch, read."""

    def __init__(self, plan: MarkPlan, rows: Sequence[tuple[Element, ...]]) -> None:
        self.invalid = 0
        self.invalid_lines: list[InvalidLine] = []
        self.blank = 0
        #: What was given, and how often: a ranking as ids of options, a text as itself.
        self.marks: Counter[str | tuple[str, ...]] = Counter()
        for line, row in enumerate(rows):
            try:
                selection = plan.read(row)
            except SelectionError as error:
                self.invalid += 1
                if len(self.invalid_lines) < MAX_INVALID:
                    self.invalid_lines.append(InvalidLine(line=line, reason=error.message))
                continue
            if not selection:
                self.blank += 1
            else:
                self.marks[selection if isinstance(selection, str) else tuple(selection)] += 1

    @property
    def valid(self) -> int:
        return sum(self.marks.values())


def _ranking(contest: RankingContest, read: _Read, drawn: Sequence[int]) -> RankingResult:
    ids = [option.id for option in contest.options]
    places = {option: place for place, option in enumerate(ids)}
    profile = {tuple(places[option] for option in mark): votes for mark, votes in read.marks.items()}
    return RankingResult(
        id=contest.id,
        valid=read.valid,
        blank=read.blank,
        invalid=read.invalid,
        invalid_lines=tuple(read.invalid_lines),
        methods=tuple(_method(name, profile, ids, contest.seats, drawn) for name in contest.methods),
    )


def _method(
    name: str, profile: Profile, ids: Sequence[str], seats: int, drawn: Sequence[int]
) -> MethodResult:
    def named(place: int | None) -> str | None:
        return None if place is None else ids[place]

    match name:
        case "borda":
            return BordaResult(half_points=tuple(borda(profile, len(ids))))
        case "irv":
            rounds, winner = instant_runoff(profile, len(ids), drawn)
            return RunoffResult(
                rounds=tuple(
                    RunoffRound(
                        votes=one.votes,
                        exhausted=one.exhausted,
                        excluded=named(one.excluded),
                        by_lot=one.by_lot,
                    )
                    for one in rounds
                ),
                winner=named(winner),
            )
        case "stv":
            stages, quota, elected = single_transferable_vote(profile, len(ids), seats, drawn)
            return TransferResult(
                quota=quota,
                stages=tuple(
                    TransferStage(
                        votes=one.votes,
                        lost=one.lost,
                        elected=tuple(ids[place] for place in one.elected),
                        passed_on=named(one.passed_on),
                        excluded=one.excluded,
                        by_lot=one.by_lot,
                    )
                    for one in stages
                ),
                elected=tuple(ids[place] for place in elected),
            )
        case _:
            above = pairwise(profile, len(ids))
            return SchulzeResult(
                above=tuple(map(tuple, above)),
                order=tuple(tuple(ids[place] for place in group) for group in schulze(above)),
                condorcet_winner=named(condorcet_winner(above)),
            )


def _write_in(contest: WriteInContest, read: _Read) -> WriteInResult:
    forms: dict[str, Counter[str]] = {}
    for text, votes in read.marks.items():
        forms.setdefault(normalise(str(text)), Counter())[str(text)] += votes
    counted = []
    for several in forms.values():
        # The commonest form; of those as common, the first by code points.
        shown = min(several, key=lambda text: (-several[text], text))
        counted.append(TextCount(text=shown, count=sum(several.values())))
    counted.sort(key=lambda one: (-one.count, one.text))
    return WriteInResult(
        id=contest.id,
        valid=read.valid,
        blank=read.blank,
        invalid=read.invalid,
        invalid_lines=tuple(read.invalid_lines),
        texts=tuple(counted[:MAX_TEXTS]),
        others=sum(one.count for one in counted[MAX_TEXTS:]),
    )
