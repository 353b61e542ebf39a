"""A device that does not keep to the rules: its lines are counted with their reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from secretballot.ballot.contest_kinds import MarkPlan
from secretballot.crypto.group import Element, ristretto255
from secretballot.errors import BallotError, SelectionError
from secretballot.tally import Result
from secretballot.tally import marks as marks_module
from secretballot.tally.lines import decrypt_rows
from secretballot.tally.records import (
    InvalidLine,
    TextCount,
)
from secretballot.testing import Simulation

from ...support import elections
from .shared import (
    BLANK,
    BOARD,
    FEW,
    MOTTO,
    check_lines,
    check_methods,
    embedded,
    ranking_of,
    texts_of,
    verified,
)


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
