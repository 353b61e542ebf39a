"""Whole small elections whose lines are mixed: results are a plain count of the selections, and a line that is no
mark spoils no other."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.ballot.contest_kinds import MarkPlan, plan_contest
from secretballot.ballot.contest_kinds.write_in import normalise
from secretballot.crypto.embedding import embed
from secretballot.crypto.group import Element, ristretto255
from secretballot.errors import BallotError, SelectionError, TallyError
from secretballot.manifest import Contest, LineContest
from secretballot.manifest.contests import RankingContest, WriteInContest
from secretballot.tally import Result
from secretballot.tally import marks as marks_module
from secretballot.tally.lines import decrypt_rows
from secretballot.tally.methods import lots
from secretballot.tally.methods.borda import borda
from secretballot.tally.methods.irv import instant_runoff
from secretballot.tally.methods.schulze import condorcet_winner, pairwise, schulze
from secretballot.tally.methods.stv import single_transferable_vote
from secretballot.tally.records import (
    BordaResult,
    ContestResult,
    InvalidLine,
    RankingResult,
    RunoffResult,
    SchulzeResult,
    TextCount,
    TransferResult,
    WriteInResult,
)
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation

from ..support import elections

PEOPLE = ("an", "binh", "chi", "dung")
BOARD = RankingContest(
    id="board",
    labels={"en": "Board"},
    options=elections.options(*PEOPLE),
    minimum=1,
    maximum=3,
    allow_blank=True,
    methods=("stv", "borda", "irv", "schulze"),
    seats=2,
)
MOTTO = WriteInContest(id="motto", labels={"en": "Motto"}, max_bytes=40, allow_blank=True)


def tallied(contest: Contest, how: str) -> Contest:
    return contest.model_copy(update={"tally": how})


CONTESTS: tuple[Contest, ...] = (
    BOARD,
    tallied(elections.rating(rules=elections.RULES), "mixnet"),
    tallied(elections.choice(), "mixnet"),
    elections.choice("added", ("x", "y")),
    tallied(elections.approval(), "both"),
    MOTTO,
    tallied(elections.rating("twice", ("em",)), "both"),
    tallied(elections.approval("some", ("giang", "hoa"), minimum=0), "mixnet"),
)

TEXTS = ["Đoàn kết", "ĐOÀN  KẾT", "đoàn kết", "Đoàn kết", "Tự do", "", None, "Tư do"]
ORDERS: list[list[str] | None] = [
    ["an", "binh"],
    ["chi"],
    ["an", "chi", "dung"],
    [],
    ["dung", "binh", "an"],
    ["an", "binh"],
    None,
    ["binh"],
]


def ballot(number: int, draw: random.Random) -> Mapping[str, Any]:
    """What a voter chooses; marks by their number, lines at random."""
    levels = ["high", "confidence", "low", None]
    return {
        "board": ORDERS[number],
        "officials": {"an": draw.choice(levels), "binh": draw.choice(levels)},
        "chair": draw.choice(["chi", "dung", "em", None]),
        "added": draw.choice(["x", "y", None]),
        "committee": draw.choice([[], ["giang"], ["hoa", "khoa"], {"giang", "khoa"}]),
        "motto": TEXTS[number],
        "twice": {"em": draw.choice(levels)},
        "some": draw.choice([[], ["giang"], ["giang", "hoa"]]),
    }


def cast_all(contests: Sequence[Contest], ballots: Sequence[Mapping[str, Any]], **rest: Any) -> Simulation:
    """An election in which these ballots were cast; voting is open."""
    rest = {"roll_size": 8, **rest}
    simulation = elections.voting(contests, len(ballots), **rest)
    simulation.vote(ballots)
    return simulation


def ranking_of(result: Result, contest: str = "board") -> RankingResult:
    (found,) = [one for one in result.contests if one.id == contest]
    assert isinstance(found, RankingResult)
    return found


def texts_of(result: Result, contest: str = "motto") -> WriteInResult:
    (found,) = [one for one in result.contests if one.id == contest]
    assert isinstance(found, WriteInResult)
    return found


def verified(simulation: Simulation) -> bool:
    """The record as an auditor gets it, with its attachments."""
    entries = list(simulation.store.entries())
    report = elections.verify(simulation, entries, attachments=simulation.log.attachments)
    return report.verdict == "verified"


def check_lines(contests: Sequence[Contest], ballots: Sequence[Mapping[str, Any]], result: Result) -> None:
    """The contests of lines are what a teller counts who sees the ballots."""
    lines = [contest for contest in contests if isinstance(contest, LineContest)]
    found = {
        one.id: {line.id: (line.counts, line.blank) for line in one.lines}
        for one in result.contests
        if isinstance(one, ContestResult)
    }
    assert found == elections.plain_count(lines, ballots)


def plain_texts(chosen: Sequence[str | None]) -> list[TextCount]:
    """Each text's commonest form, with the votes of all its forms."""
    given = [text for text in chosen if text]
    out = []
    for one in {normalise(text) for text in given}:
        forms = Counter(text for text in given if normalise(text) == one)
        shown = min(text for text, votes in forms.items() if votes == max(forms.values()))
        out.append(TextCount(text=shown, count=sum(forms.values())))
    return sorted(out, key=lambda counted: (-counted.count, counted.text))


def check_methods(simulation: Simulation, chosen: Sequence[list[str] | None], result: RankingResult) -> None:
    """Each method over the rankings that were chosen, and the lots drawn from the log's end of voting."""
    profile = Counter(tuple(PEOPLE.index(one) for one in order) for order in chosen if order)
    drawn = lots(simulation.election.id, simulation.log.tally.root, "board", PEOPLE)
    stv, points, runoff, order = result.methods
    assert isinstance(stv, TransferResult)
    assert isinstance(points, BordaResult)
    assert isinstance(runoff, RunoffResult)
    assert isinstance(order, SchulzeResult)

    stages, quota, elected = single_transferable_vote(profile, 4, 2, drawn)
    assert stv.quota == quota
    assert stv.elected == tuple(PEOPLE[place] for place in elected)
    assert [
        (one.votes, one.lost, one.elected, one.passed_on, one.excluded, one.by_lot) for one in stv.stages
    ] == [
        (one.votes, one.lost, named(one.elected), name(one.passed_on), one.excluded, one.by_lot)
        for one in stages
    ]

    assert points.half_points == tuple(borda(profile, 4))

    rounds, winner = instant_runoff(profile, 4, drawn)
    assert runoff.winner == name(winner)
    assert [(one.votes, one.exhausted, one.excluded, one.by_lot) for one in runoff.rounds] == [
        (one.votes, one.exhausted, name(one.excluded), one.by_lot) for one in rounds
    ]

    above = pairwise(profile, 4)
    assert order.above == tuple(map(tuple, above))
    assert order.order == tuple(map(named, schulze(above)))
    assert order.condorcet_winner == name(condorcet_winner(above))


def name(place: int | None) -> str | None:
    return None if place is None else PEOPLE[place]


def named(places: Sequence[int]) -> tuple[str, ...]:
    return tuple(PEOPLE[place] for place in places)


# Honest elections.


@pytest.fixture(scope="module", params=[0, 1], ids=["eight voters", "others"])
def honest(request: pytest.FixtureRequest) -> tuple[Simulation, list[Mapping[str, Any]], Result]:
    """Every kind of contest, mixed and added up; a challenge, a revote and an absent trustee."""
    draw = random.Random(request.param)
    ballots = [ballot(number, draw) for number in range(8)]
    draw.shuffle(ballots)
    simulation = elections.voting(CONTESTS, 8, roll_size=9)
    simulation.vote([ballots[-1], *ballots[1:]], challenge_every=5)
    simulation.board.submit(simulation.seal(0, ballots[0]).cast())
    return simulation, ballots, simulation.tally(absent=[0])


Honest = tuple[Simulation, list[Mapping[str, Any]], Result]


def test_mixed_lines_are_what_was_chosen(honest: Honest) -> None:
    _, ballots, result = honest
    assert result.collected == 8
    assert [contest.id for contest in result.contests] == [contest.id for contest in CONTESTS]
    check_lines(CONTESTS, ballots, result)


def test_rankings_are_what_was_chosen(honest: Honest) -> None:
    simulation, ballots, result = honest
    found = ranking_of(result)
    assert (found.valid, found.blank, found.invalid, found.invalid_lines) == (6, 2, 0, ())
    check_methods(simulation, [one["board"] for one in ballots], found)


def test_texts_are_what_was_chosen_and_forms_of_one_are_added(honest: Honest) -> None:
    _, ballots, result = honest
    found = texts_of(result)
    assert (found.valid, found.blank, found.invalid, found.others) == (6, 2, 0, 0)
    assert list(found.texts) == plain_texts([one["motto"] for one in ballots])
    assert found.texts == (
        TextCount(text="Đoàn kết", count=4),
        TextCount(text="Tư do", count=1),
        TextCount(text="Tự do", count=1),
    )


def test_outcomes_follow_from_mixed_counts(honest: Honest) -> None:
    _, ballots, result = honest
    (officials,) = [one for one in result.contests if one.id == "officials"]
    assert isinstance(officials, ContestResult)
    for line in officials.lines:
        low = sum(one["officials"][line.id] == "low" for one in ballots)
        assert line.outcomes == ("dismissal",) * (3 * low >= 16) + ("may-resign",) * (low > 4)


def test_the_record_is_verified(honest: Honest) -> None:
    simulation, _, _ = honest
    assert verified(simulation)


def test_the_lines_are_mixed(honest: Honest) -> None:
    """Each batch apart: the rows that are decrypted are none of those that were cast, nor in their order."""
    simulation, _, _ = honest
    mixing = simulation.log.mixing
    assert [batch.name for batch in mixing.batches] == [
        "contest board",
        "contest officials, line an",
        "contest officials, line binh",
        "contest chair",
        "contest committee, line giang",
        "contest committee, line hoa",
        "contest committee, line khoa",
        "contest motto",
        "contest twice, line em",
        "contest some, line giang",
        "contest some, line hoa",
    ]
    for place, batch in enumerate(mixing.batches):
        cast, mixed = bytes(mixing._inputs(batch)), bytes(mixing.rows(place))
        assert len(cast) == len(mixed) == 8 * batch.row_size

        def elements(rows: bytes) -> set[bytes]:
            return {rows[at : at + 32] for at in range(0, len(rows), 32)}

        assert not elements(cast) & elements(mixed)


# Counting texts alone.

#: Forms of few texts, so that many are one.
FORMS = st.sampled_from(["a", "A", " a", "B", "b", "é", "e\u0301", "É", "ﬁ", "fi", "a b", "A  b", ""])


@settings(max_examples=25)
@given(st.lists(FORMS, max_size=12), st.randoms(use_true_random=False))
def test_texts_are_counted_whatever_their_forms_and_order(
    given_texts: list[str], shuffled: random.Random
) -> None:
    plan = plan_contest(MOTTO, 8)
    assert isinstance(plan, MarkPlan)
    rows = [tuple(embedded("motto", text.encode())) for text in given_texts]
    found = marks_module._write_in(MOTTO, marks_module._Read(plan, rows))
    assert (found.valid, found.blank, found.invalid) == (
        sum(map(bool, given_texts)),
        given_texts.count(""),
        0,
    )
    assert list(found.texts) == plain_texts(given_texts)
    shuffled.shuffle(rows)
    assert marks_module._write_in(MOTTO, marks_module._Read(plan, rows)) == found


# Blank ballots, few ballots, none.

BLANK: Mapping[str, Any] = {"board": None, "chair": None, "motto": ""}
FEW: tuple[Contest, ...] = (BOARD, tallied(elections.choice(), "mixnet"), MOTTO)


def test_blank_ballots_elect_nobody() -> None:
    simulation = cast_all(FEW, [BLANK] * 3)
    result = simulation.tally()
    check_lines(FEW, [BLANK] * 3, result)
    found, texts = ranking_of(result), texts_of(result)
    assert (found.valid, found.blank, found.invalid) == (0, 3, 0)
    assert (texts.valid, texts.blank, texts.invalid, texts.texts) == (0, 3, 0, ())
    check_methods(simulation, [], found)
    stv, points, runoff, order = found.methods
    assert isinstance(stv, TransferResult)
    assert (stv.elected, stv.stages) == ((), ())
    assert isinstance(runoff, RunoffResult)
    assert runoff.winner is None
    assert isinstance(points, BordaResult)
    assert set(points.half_points) == {0}
    assert isinstance(order, SchulzeResult)
    assert order.order == (PEOPLE,)
    assert verified(simulation)


def test_one_ballot_alone() -> None:
    only = {"board": ["chi", "an"], "chair": "em", "motto": "  Tự do"}
    simulation = cast_all(FEW, [only])
    result = simulation.tally()
    check_lines(FEW, [only], result)
    assert result.collected == ranking_of(result).valid == 1
    check_methods(simulation, [["chi", "an"]], ranking_of(result))
    assert texts_of(result).texts == (TextCount(text="  Tự do", count=1),)
    assert verified(simulation)


def test_nobody_voted() -> None:
    simulation = elections.voting(FEW, 2, roll_size=3)
    result = simulation.tally()
    assert simulation.log.mixing.needed == 0
    assert simulation.log.mixing.rounds == []
    check_lines(FEW, [], result)
    found, texts = ranking_of(result), texts_of(result)
    assert (result.collected, found.valid, found.blank, found.invalid) == (0, 0, 0, 0)
    assert (texts.valid, texts.blank, texts.invalid, texts.texts) == (0, 0, 0, ())
    check_methods(simulation, [], found)
    assert verified(simulation)


@pytest.mark.parametrize("contests", [(BOARD,), (MOTTO,)], ids=["ranking", "text"])
def test_a_contest_of_marks_alone_has_no_sums(contests: tuple[Contest, ...]) -> None:
    simulation = cast_all(
        contests, [{contests[0].id: None}, {contests[0].id: ["an"] if contests[0] is BOARD else "An"}]
    )
    result = simulation.tally()
    (found,) = result.contests
    assert isinstance(found, RankingResult | WriteInResult)
    assert (found.valid, found.blank) == (1, 1)
    assert simulation.log.shares == {}
    assert verified(simulation)


def test_a_group_that_is_too_small_is_not_decrypted() -> None:
    ballots = [{"board": ["an"], "chair": "chi", "motto": "A"}, BLANK, BLANK]
    simulation = cast_all(FEW, ballots[:2], minimum_group=3)
    with pytest.raises(TallyError, match="2 ballots are fewer than the minimum group of 3"):
        simulation.tally()
    # The lines are mixed, and every trustee may accept it.
    assert simulation.log.mixing.is_complete
    for holder in simulation.key_holders[:2]:
        trustee = DecryptingTrustee(holder)
        with pytest.raises(TallyError, match="2 ballots are fewer than the minimum group of 3"):
            trustee.decrypt_lines(simulation.log.mixing)
        simulation.send(trustee.decrypt_lines(simulation.log.mixing, accept_small_group=True))
    result = simulation.log.compute_result()
    assert result.below_minimum_group
    assert ranking_of(result).valid == 1
    # A ballot more is enough.
    result = cast_all(FEW, ballots, minimum_group=3).tally()
    assert not result.below_minimum_group
    assert ranking_of(result).blank == 2


def test_fewer_shares_than_a_quorum_give_no_result() -> None:
    simulation = cast_all(FEW, [BLANK])
    with pytest.raises(TallyError, match="2 shares of the mixed lines are needed, there are 1"):
        simulation.tally(absent=[0, 2])


# A device that does not keep to the rules.


def seal_rows(
    simulation: Simulation,
    monkeypatch: pytest.MonkeyPatch,
    voter: int,
    rows: Mapping[str, Sequence[Element]],
    otherwise: Mapping[str, Any] = BLANK,
) -> None:
    """Casts a ballot that has these elements in place of marks, with proofs that hold."""
    with monkeypatch.context() as patch:
        for plan in simulation.log.context.plans:
            if plan.id in rows:
                assert isinstance(plan, MarkPlan)
                patch.setattr(plan, "messages", lambda choices, row=rows[plan.id]: list(row))
        sealed = simulation.seal(voter, otherwise)
    simulation.board.submit(sealed.cast())


def embedded(contest: str, mark: bytes) -> list[Element]:
    """A mark, whatever it says."""
    return embed(ristretto255, mark, 1 if contest == "board" else 2)


def random_element() -> Element:
    return ristretto255.multiply_generator(ristretto255.random_scalar())


NO_MARK = "an element that holds no message"
GOOD: list[Mapping[str, Any]] = [
    {"board": ["an", "chi"], "chair": "chi", "motto": "Một"},
    {"board": ["chi"], "chair": "em", "motto": "một"},
    {"board": None, "chair": None, "motto": "Hai"},
]
#: What a hostile device encrypts, and why it is invalid.
HOSTILE: list[tuple[str, str, Any]] = [
    ("board", NO_MARK, lambda: [ristretto255.identity]),
    ("board", NO_MARK, lambda: [random_element()]),
    ("board", "an option is ranked twice", lambda: embedded("board", bytes([1, 1]))),
    ("board", "an option is ranked that there is none of", lambda: embedded("board", bytes([0, 4]))),
    (
        "board",
        "from 1 to 3 options are to be ranked, or none",
        lambda: embedded("board", bytes([0, 1, 2, 3])),
    ),
    ("motto", NO_MARK, lambda: [random_element(), random_element()]),
    ("motto", NO_MARK, lambda: [embedded("motto", b"An")[0], ristretto255.identity]),
    ("motto", "the text is not UTF-8", lambda: embedded("motto", b"\xff")),
    ("motto", "the text is empty", lambda: embedded("motto", b" ")),
    (
        "motto",
        "character \\d of the text is refused: it does not show.*",
        lambda: embedded("motto", b"A\x1b[2J"),
    ),
    (
        "motto",
        "a text of 41 bytes in UTF-8, and at most 40 are allowed",
        lambda: embedded("motto", b"x" * 41),
    ),
    (
        "motto",
        "the message's length is not the one it says",
        lambda: [embedded("motto", b"An")[0], embedded("motto", b"x" * 40)[1]],
    ),
]


@pytest.fixture(scope="module", params=["board", "motto"])
def hostile(request: pytest.FixtureRequest) -> tuple[Simulation, str, list[str], Result]:
    """Three honest ballots, and one for each way to encrypt what is no mark of one contest."""
    contest = request.param
    cases = [case for case in HOSTILE if case[0] == contest]
    voters = len(GOOD) + len(cases)
    simulation = elections.voting(FEW, voters, roll_size=voters)
    with pytest.MonkeyPatch.context() as monkeypatch:
        for voter, (_, _, row) in enumerate(cases):
            seal_rows(simulation, monkeypatch, len(GOOD) + voter, {contest: row()})
    simulation.vote(GOOD)
    return simulation, contest, [reason for _, reason, _ in cases], simulation.tally()


Hostile = tuple[Simulation, str, list[str], Result]


def test_lines_that_are_no_marks_are_counted_with_their_reasons(hostile: Hostile) -> None:
    simulation, contest, reasons, result = hostile
    found = ranking_of(result) if contest == "board" else texts_of(result)
    assert found.invalid == len(reasons)
    for found_reason, reason in zip(
        sorted(one.reason for one in found.invalid_lines), sorted(reasons), strict=True
    ):
        assert re.fullmatch(reason, found_reason)
    places = [one.line for one in found.invalid_lines]
    assert places == sorted(set(places))
    assert set(places) <= set(range(simulation.log.tally.ballots))
    assert verified(simulation)


def test_nothing_else_is_lost(hostile: Hostile) -> None:
    simulation, contest, reasons, result = hostile
    hidden = len(reasons)
    assert result.collected == 3 + hidden
    check_lines(FEW, [*GOOD, *[BLANK] * hidden], result)
    found, texts = ranking_of(result), texts_of(result)
    # The hostile ballots are blank in every other contest.
    spoiled = (hidden, 0) if contest == "board" else (0, hidden)
    assert (found.valid, found.blank, found.invalid) == (2, 1 + spoiled[1], spoiled[0])
    assert (texts.valid, texts.blank, texts.invalid) == (3, spoiled[0], spoiled[1])
    check_methods(simulation, [one["board"] for one in GOOD], found)
    assert texts.texts == (TextCount(text="Một", count=2), TextCount(text="Hai", count=1))
    assert texts.others == 0


def test_the_lines_that_are_named_are_those_that_cannot_be_read(hostile: Hostile) -> None:
    """Anybody who decrypts again finds each at its place."""
    simulation, contest, _, result = hostile
    mixing, shares = simulation.log.mixing, simulation.log._quorum(simulation.log.line_shares)
    (place,) = [place for place, batch in enumerate(mixing.batches) if batch.contest == contest]
    plan = mixing.batches[place].plan
    assert isinstance(plan, MarkPlan)
    again = []
    for line, row in enumerate(decrypt_rows(mixing, place, shares)):
        try:
            plan.read(row)
        except SelectionError as error:
            again.append(InvalidLine(line=line, reason=error.message))
    found = ranking_of(result) if contest == "board" else texts_of(result)
    assert list(found.invalid_lines) == again


def test_what_a_challenge_opens_is_no_other_line_than_was_encrypted() -> None:
    """A device that encrypts no mark is found by a challenge."""
    simulation = elections.voting(FEW, 1, roll_size=3)
    with pytest.MonkeyPatch.context() as monkeypatch:
        for plan in simulation.log.context.plans:
            if plan.id == "board":
                monkeypatch.setattr(plan, "messages", lambda choices: [random_element()])
        sealed = simulation.seal(0, BLANK)
    with pytest.raises(BallotError, match="contest board: the opening does not give these ciphertexts"):
        simulation.board.submit(sealed.challenge())
    # An honest one is taken.
    simulation.board.submit(simulation.seal(0, BLANK).challenge())


def test_what_is_listed_is_bounded_and_all_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first invalid lines, and the most frequent texts."""
    monkeypatch.setattr(marks_module, "MAX_INVALID", 1)
    monkeypatch.setattr(marks_module, "MAX_TEXTS", 2)
    texts = ["Ba", "Hai", "hai", "Ba", "Bốn", "ba"]
    simulation = elections.voting((MOTTO, BOARD, elections.choice()), 8, roll_size=8)
    for voter in (6, 7):
        seal_rows(simulation, monkeypatch, voter, {"motto": embedded("motto", b"\xff")})
    simulation.vote([{**BLANK, "motto": text} for text in texts])
    result = simulation.tally()
    found = texts_of(result)
    assert (found.valid, found.blank, found.invalid, found.others) == (6, 0, 2, 1)
    assert found.texts == (TextCount(text="Ba", count=3), TextCount(text="Hai", count=2))
    assert [one.reason for one in found.invalid_lines] == ["the text is not UTF-8"]
    assert ranking_of(result).blank == 8
