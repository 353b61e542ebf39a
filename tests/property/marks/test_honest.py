"""Marks that are cast, mixed and counted are what was chosen."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.ballot.contest_kinds import MarkPlan, plan_contest
from secretballot.ballot.contest_kinds.write_in import normalise
from secretballot.errors import TallyError
from secretballot.manifest import Contest
from secretballot.tally import Result
from secretballot.tally import marks as marks_module
from secretballot.tally.records import (
    BordaResult,
    ContestResult,
    RankingResult,
    RunoffResult,
    SchulzeResult,
    TextCount,
    TransferResult,
    WriteInResult,
)
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation

from ...support import elections
from .shared import (
    BLANK,
    BOARD,
    CONTESTS,
    FEW,
    MOTTO,
    PEOPLE,
    check_lines,
    check_methods,
    embedded,
    ranking_of,
    texts_of,
    verified,
)


def cast_all(contests: Sequence[Contest], ballots: Sequence[Mapping[str, Any]], **rest: Any) -> Simulation:
    """An election in which these ballots were cast; voting is open."""
    rest = {"roll_size": 8, **rest}
    simulation = elections.voting(contests, len(ballots), **rest)
    simulation.vote(ballots)
    return simulation


def plain_texts(chosen: Sequence[str | None]) -> list[TextCount]:
    """Each text's commonest form, with the votes of all its forms."""
    given = [text for text in chosen if text]
    out = []
    for one in {normalise(text) for text in given}:
        forms = Counter(text for text in given if normalise(text) == one)
        shown = min(text for text, votes in forms.items() if votes == max(forms.values()))
        out.append(TextCount(text=shown, count=sum(forms.values())))
    return sorted(out, key=lambda counted: (-counted.count, counted.text))


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
