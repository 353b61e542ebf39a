"""What the strategies for embedders' tests draw: all of it valid, of every kind, and elections that verify."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from secretballot.ballot.contest_kinds import plan_election
from secretballot.errors import ArgumentError, BackendError, EncodingError, ManifestError, SelectionError
from secretballot.manifest import Election, Manifest, is_mixed
from secretballot.tally import Result
from secretballot.testing import strategies
from secretballot.verify import Verdict

from ..support import elections

#: The first that is found will do: none is made smaller.
FIND = settings(max_examples=500, database=None, phases=[Phase.generate])


@given(st.data(), strategies.manifests())
@settings(max_examples=30)
def test_a_manifest_works_and_its_choices_are_taken(data: st.DataObject, manifest: Manifest) -> None:
    election = Election.from_manifest(manifest)
    assert Election(election.body).manifest == manifest
    chosen = data.draw(strategies.choices(manifest))
    for plan in plan_election(election):
        assert plan.selection(plan.choices(chosen[plan.id])) == chosen[plan.id]


@given(st.data(), strategies.manifests(max_contests=2))
@settings(max_examples=30)
def test_a_result_adds_up(data: st.DataObject, manifest: Manifest) -> None:
    result = data.draw(strategies.results(manifest))
    assert Result.from_body(result.to_body()) == result
    assert [one.id for one in result.contests] == [one.id for one in manifest.contests]
    assert result.collected <= manifest.roll_size
    assert result.below_minimum_group == (result.collected < manifest.minimum_group)
    for found in result.contests:
        if found.kind == "lines":
            # Of each line every ballot has one mark, or none.
            assert all(line.valid + line.blank == result.collected for line in found.lines)
        else:
            assert (found.valid + found.blank, found.invalid) == (result.collected, 0)


@given(strategies.elections())
@settings(max_examples=6)
def test_an_election_verifies_and_has_the_counts_of_its_ballots(small: strategies.SmallElection) -> None:
    simulation = small.hold()
    result = simulation.log.result
    assert result is not None
    counted = strategies.count(simulation.manifest, small.counted, root=simulation.log.closing_root)
    assert result == counted
    report = elections.verify(
        simulation,
        list(simulation.store.entries()),
        election_id=simulation.election.id,
        attachments=simulation.board.state.attachments,
    )
    assert report.verdict is Verdict.VERIFIED


@pytest.mark.parametrize("kind", strategies.KINDS)
def test_every_kind_of_contest_is_drawn(kind: strategies.Kind) -> None:
    for is_one in (is_mixed, lambda contest: contest.allow_blank, lambda contest: not contest.allow_blank):
        found = find(strategies.contests(kinds=[kind]), is_one, settings=FIND)
        assert found.kind == kind


def test_what_matters_in_an_election_is_drawn() -> None:
    few = strategies.elections(kinds=["choice"])
    assert find(few, lambda one: one.absent and one.again, settings=FIND).trustees > 1
    assert find(few, lambda one: one.revoting == "last" and one.counted != one.ballots, settings=FIND).again
    assert find(few, lambda one: not one.ballots, settings=FIND).again == {}
    lines = strategies.contests(kinds=["rating"], tallies=["both"])
    assert find(lines, lambda one: one.rules != (), settings=FIND).tally == "both"


@given(st.data(), st.binary(max_size=20))
def test_altered_bytes_are_others(data: st.DataObject, raw: bytes) -> None:
    assert data.draw(strategies.altered(raw)) != raw


@given(st.data(), strategies.manifests(max_contests=1, max_options=2))
def test_an_altered_manifest_is_refused_or_another_election(data: st.DataObject, manifest: Manifest) -> None:
    election = Election.from_manifest(manifest)
    try:
        other = Election(data.draw(strategies.altered(election.body)))
    except (EncodingError, ManifestError):
        return
    assert other.id != election.id
    assert other.manifest != manifest


@given(
    strategies.manifests(max_contests=10, max_options=20)
    | strategies.manifests(max_contests=1, max_options=200)
)
@settings(max_examples=20, deadline=None)
def test_the_largest_that_are_drawn_are_valid(manifest: Manifest) -> None:
    assert max(len(getattr(contest, "options", ())) for contest in manifest.contests) <= 200


@pytest.mark.parametrize(
    "limits",
    [
        {"kinds": ["raiting"]},
        {"kinds": "rating"},
        {"kinds": []},
        {"tallies": ["homo"]},
        {"tallies": []},
        {"max_options": 0},
        {"max_options": "6"},
        {"max_options": 67},
        {"max_contests": 0},
        {"max_contests": 11},
        {"max_contests": 10, "max_options": 21},
    ],
)
def test_limits_that_are_none(limits: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        strategies.contest_lists(**limits)


def test_what_is_no_ballot_is_not_counted() -> None:
    manifest = find(strategies.manifests(kinds=["choice"], max_contests=1), lambda one: True, settings=FIND)
    (contest,) = manifest.contests
    marked = {contest.id: contest.options[0].id}
    assert strategies.count(manifest, [marked]).collected == 1
    for ballot in ({}, {**marked, "an": None, "binh": None}, "chair"):
        with pytest.raises(SelectionError):
            strategies.count(manifest, [ballot])  # type: ignore[list-item]
    with pytest.raises(ArgumentError, match="32 bytes"):
        strategies.count(manifest, [marked], root=b"root")
    for draw in (strategies.selections, strategies.choices):
        with pytest.raises(ArgumentError):
            draw("chair")  # type: ignore[operator]


def test_without_hypothesis_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "secretballot.testing.strategies")
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(BackendError, match="install the extra `testing`"):
        importlib.import_module("secretballot.testing.strategies")
