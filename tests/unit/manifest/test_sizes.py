"""Elections that are too large to be held."""

from __future__ import annotations

from typing import Any

import pytest

from secretballot.ballot.contest_kinds import plan_contest
from secretballot.crypto.discrete_log import MAX_RANGE
from secretballot.errors import ManifestError
from secretballot.manifest import (
    Election,
    capacity,
)

from ...support import elections
from .shared import ONE, Change, both, change, levels, persons


def test_how_many_digits_a_ciphertext_bears() -> None:
    assert capacity.digits_per_ciphertext(1) == 34
    assert capacity.digits_per_ciphertext(2**17 - 1) == 2
    assert capacity.digits_per_ciphertext(2**17) == 1
    assert capacity.digits_per_ciphertext(MAX_RANGE - 1) == 1
    with pytest.raises(ManifestError):
        capacity.digits_per_ciphertext(MAX_RANGE)
    assert [capacity.width(choices, 2**17 - 1) for choices in (1, 2, 3, 4, 5, 6)] == [1, 1, 1, 2, 2, 3]


@pytest.mark.parametrize("votes", [10, 10_000, 200_000])
@pytest.mark.parametrize(
    "contest",
    [
        *elections.CONTESTS,
        elections.rating(allow_blank=False),
        elections.choice(allow_blank=False),
        elections.approval(minimum=0, maximum=3),
        elections.approval(minimum=2, maximum=2, allow_blank=False),
    ],
)
def test_the_size_that_is_reckoned_is_the_size_of_a_ballot(contest: elections.Contest, votes: int) -> None:
    plan = plan_contest(contest, votes)
    real = 64 * plan.num_ciphertexts + plan.form.proof_size
    assert capacity.contest_size(contest, votes) == real


def test_a_ballot_that_would_be_too_large_names_its_largest_contest(
    manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [capacity.contest_size(contest, 10) for contest in elections.CONTESTS]
    assert max(sizes) == sizes[2]
    body = elections.canonical(manifest)
    monkeypatch.setattr(capacity, "MAX_BALLOT_SIZE", sum(sizes))
    assert Election(body)
    monkeypatch.setattr(capacity, "MAX_BALLOT_SIZE", sum(sizes) - 1)
    with pytest.raises(ManifestError, match=f"contest committee: a ballot would have {sum(sizes)} bytes"):
        Election(body)


def test_a_thousand_options_at_the_largest_count_are_too_large_in_truth(manifest: dict[str, Any]) -> None:
    both(persons(1000), levels(8))(manifest)
    assert Election(elections.canonical(manifest))
    change("capacity", 200_000)(manifest)
    with pytest.raises(ManifestError, match="contest officials: a ballot would have"):
        Election(elections.canonical(manifest))


def many_rules(count: int, length: int = 3) -> Change:
    made = [
        {
            "id": f"{i:03}".ljust(length, "x"),
            "labels": {"en": "R"},
            "count_of": "l0",
            "relation": ">=",
            "threshold": "0/1",
            "base": "roll",
        }
        for i in range(count)
    ]
    return both(levels(2), change("contests.0.rules", made))


def short(manifest: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Contests of two options, with the longest ids."""
    one = manifest["contests"][1] | {"options": [dict(ONE, id=name) for name in "yn"], "allow_blank": False}
    return [one | {"id": f"{i:05}".ljust(64, "x")} for i in range(count)]


def test_a_result_that_fits_no_entry(manifest: dict[str, Any]) -> None:
    """The whole election would go well, and its result be refused."""
    both(many_rules(100, 64), persons(1000))(manifest)
    large = manifest["contests"][0]
    more = short(manifest, 9000)
    manifest["contests"] = [large, *more[:6000]]
    assert Election(elections.canonical(manifest))
    manifest["contests"] = [large, *more]
    with pytest.raises(ManifestError, match=r"^contest officials: a result would have up to \d+ bytes"):
        Election(elections.canonical(manifest))


def test_a_challenge_that_fits_no_entry(manifest: dict[str, Any]) -> None:
    """The ballot fits; opened, and escaped as a text, it would not, and nobody could challenge a device."""
    contests = short(manifest, 14_500)
    manifest["contests"] = contests[:12_000]
    assert Election(elections.canonical(manifest))
    manifest["contests"] = contests
    with pytest.raises(ManifestError, match=r": a challenged-ballot would have up to \d+ bytes, the most is"):
        Election(elections.canonical(manifest))


def test_too_many_outcomes(manifest: dict[str, Any]) -> None:
    """Lines times rules, over all contests."""
    both(many_rules(100), persons(1000))(manifest)
    assert Election(elections.canonical(manifest))
    extra = {**manifest["contests"][0]["rules"][0], "id": "one-more", "count_of": "chi"}
    manifest["contests"][1]["rules"] = [extra]
    with pytest.raises(ManifestError, match=r"^contest chair: too many rules for too many lines"):
        Election(elections.canonical(manifest))


def test_too_many_steps_to_find_the_counts(manifest: dict[str, Any]) -> None:
    """Small ballots can ask verifiers for hours of work; no real election does."""
    one = manifest["contests"][1]
    many = [{"id": f"o{i}", "labels": {"en": "O"}} for i in range(34)]

    def choices(count: int) -> None:
        manifest["contests"] = [one | {"id": f"c{i}", "options": many} for i in range(count)]

    manifest |= {"roll_size": 1, "capacity": 1, "minimum_group": 1}
    choices(512)
    assert capacity.MAX_SEARCH_STEPS == 512 * 2**17
    assert Election(elections.canonical(manifest))
    choices(513)
    with pytest.raises(ManifestError, match=r"^contest c512: the counts would take more than \d+ steps"):
        Election(elections.canonical(manifest))


@pytest.mark.parametrize(
    ("people", "count", "voters", "steps"),
    [
        (50, 3, 500, 560_700),
        (500, 3, 500, 5_607_000),
        (500, 8, 500, 11_464_500),
        (500, 3, 131_071, 65_717_500),
        (500, 8, 10**6, 4_004_000),
        (500, 8, 10**7, 12_652_000),
    ],
)
def test_real_elections_are_far_within_the_limits(
    manifest: dict[str, Any], people: int, count: int, voters: int, steps: int
) -> None:
    both(persons(people), levels(count), change("capacity", voters))(manifest)
    manifest["contests"][0]["allow_blank"] = True
    del manifest["contests"][1:]
    election = Election(elections.canonical(manifest))
    assert capacity.search_steps(election.manifest.contests[0], voters) == steps


def test_a_capacity_that_asks_too_much_has_a_larger_one_that_does_not(manifest: dict[str, Any]) -> None:
    both(persons(500), levels(8), change("capacity", 131_071))(manifest)
    manifest["contests"][0]["allow_blank"] = True
    with pytest.raises(ManifestError, match=r"a larger capacity, whose digits are fewer"):
        Election(elections.canonical(manifest))
    manifest["capacity"] = 131_072
    assert Election(elections.canonical(manifest))
