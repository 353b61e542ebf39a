"""Contests of rankings and texts in a manifest, and who mixes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from secretballot.crypto.encoding import b64encode
from secretballot.crypto.signing import SigningKey
from secretballot.errors import ManifestError
from secretballot.manifest import Election
from secretballot.manifest import capacity as capacity_module
from secretballot.manifest.contests import MAX_RANKED, MAX_TEXT
from secretballot.manifest.records import MIN_ROUNDS

from ...support import elections
from .shared import ranking, write_in

# The contests of a manifest.


def people(count: int) -> list[dict[str, Any]]:
    return [{"id": f"p{place}", "labels": {"en": "P"}} for place in range(count)]


@pytest.fixture(scope="module")
def body() -> bytes:
    """A manifest with a contest of either kind, and one of lines."""
    contests = (ranking(), write_in(), elections.choice())
    return elections.simulate(contests, roll_size=10, registrars=1, mixers=3, mixing_rounds=2).election.body


#: Changes of the ranking, what the refusal says, and neighbours that are accepted.
RANKINGS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"minimum": 0}, "minimum", {"minimum": 3}),
    ({"minimum": 4}, "between 4 and 3 of 4 options cannot be ranked", {"minimum": 3}),
    ({"maximum": 5}, "between 1 and 5 of 4 options cannot be ranked", {"maximum": 4}),
    ({"maximum": 0}, "maximum", {"maximum": 1}),
    ({"seats": 0}, "seats", {"seats": 1}),
    ({"seats": 4}, "4 seats need more than 4 options", {"seats": 3}),
    (
        {"methods": ["irv"]},
        "several seats are filled by the method stv, which is not",
        {"methods": ["irv", "stv"]},
    ),
    ({"methods": ["irv"], "seats": 2}, "by the method stv, which is not", {"methods": ["irv"], "seats": 1}),
    ({"methods": []}, "methods", {"methods": ["stv"]}),
    ({"methods": ["stv", "stv"]}, "the method id 'stv' stands twice", {"methods": ["stv", "borda"]}),
    ({"methods": ["stv", "plurality"]}, "methods", {"methods": ["stv", "schulze"]}),
    (
        {"options": [*people(2), people(1)[0]]},
        "the option id 'p0' stands twice",
        {"options": people(3)},
    ),
    (
        {"options": people(1), "maximum": 1, "seats": 1},
        "options",
        {"options": people(2), "maximum": 1, "seats": 1},
    ),
    ({"options": people(MAX_RANKED + 1)}, "options", {"options": people(MAX_RANKED)}),
    ({"allow_blank": "no"}, "allow_blank", {"allow_blank": False}),
    ({"tally": "mixnet"}, "tally", {}),
    ({"base": "roll"}, "base", {}),
    ({"id": "motto"}, "the contest id 'motto' stands twice", {"id": "board-2"}),
]
TEXTS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"max_bytes": 0}, "max_bytes", {"max_bytes": 1}),
    ({"max_bytes": MAX_TEXT + 1}, "max_bytes", {"max_bytes": MAX_TEXT}),
    ({"max_bytes": "40"}, "max_bytes", {"max_bytes": 40}),
    ({"allow_blank": None}, "allow_blank", {"allow_blank": False}),
    ({"options": people(2)}, "options", {}),
    ({"labels": {}}, "labels", {"labels": {"vi": "Khẩu hiệu"}}),
]
CASES = [(0, *case) for case in RANKINGS] + [(1, *case) for case in TEXTS]


@pytest.mark.parametrize(("place", "wrong", "reason", "right"), CASES)
def test_a_contest_is_refused_with_its_reason_beside_an_accepted_neighbour(
    body: bytes, place: int, wrong: Mapping[str, Any], reason: str, right: Mapping[str, Any]
) -> None:
    manifest = json.loads(body)
    base = manifest["contests"][place]
    manifest["contests"][place] = {**base, **right}
    Election(elections.canonical(manifest))
    manifest["contests"][place] = {**base, **wrong}
    with pytest.raises(ManifestError) as caught:
        Election(elections.canonical(manifest))
    assert reason in str(caught.value)


@pytest.mark.parametrize("member", ["minimum", "maximum", "allow_blank", "methods", "seats", "options"])
def test_every_member_of_a_ranking_is_needed(body: bytes, member: str) -> None:
    manifest = json.loads(body)
    del manifest["contests"][0][member]
    with pytest.raises(ManifestError, match=member):
        Election(elections.canonical(manifest))


def test_a_refusal_names_the_contest() -> None:
    for changed in ({"maximum": 5}, {"seats": 4}, {"methods": ("irv",)}, {"methods": ("stv", "stv")}):
        with pytest.raises(ManifestError) as caught:
            ranking(**changed)
        assert caught.value.item == "contest board"


# Mixers.


def mixing(manifest: dict[str, Any], mixers: int, rounds: int) -> None:
    manifest["mixers"] = manifest["mixers"][:mixers]
    manifest["mixing_rounds"] = rounds


@pytest.mark.parametrize(
    ("mixers", "rounds", "accepted"),
    [
        (3, 2, True),
        (3, 3, True),
        (2, 2, True),
        (3, 1, False),
        (3, 0, False),
        (2, 3, False),
        (1, 1, False),
        (0, 0, False),
    ],
)
def test_at_least_two_mix_and_no_more_than_there_are(
    body: bytes, mixers: int, rounds: int, accepted: bool
) -> None:
    assert MIN_ROUNDS == 2
    manifest = json.loads(body)
    mixing(manifest, mixers, rounds)
    if accepted:
        assert Election(elections.canonical(manifest)).manifest.mixing_rounds == rounds
        return
    reason = (
        "contest board: it is mixed: mixing_rounds is at least 2 and at most the number of mixers, which is "
        f"{mixers}; not {rounds}"
    )
    with pytest.raises(ManifestError, match=reason):
        Election(elections.canonical(manifest))


@pytest.mark.parametrize(("mixers", "rounds"), [(3, 2), (3, 0), (0, 2)])
def test_nobody_mixes_where_nothing_is_mixed(body: bytes, mixers: int, rounds: int) -> None:
    manifest = json.loads(body)
    del manifest["contests"][:2]
    mixing(manifest, mixers, rounds)
    with pytest.raises(ManifestError, match="there are mixers, and no contest to be mixed"):
        Election(elections.canonical(manifest))
    mixing(manifest, 0, 0)
    assert Election(elections.canonical(manifest)).manifest.mixers == ()


@pytest.mark.parametrize("tally", ["mixnet", "both"])
def test_a_contest_of_lines_that_is_mixed_needs_mixers_too(body: bytes, tally: str) -> None:
    manifest = json.loads(body)
    del manifest["contests"][:2]
    manifest["contests"][0]["tally"] = tally
    Election(elections.canonical(manifest))
    mixing(manifest, 0, 0)
    with pytest.raises(ManifestError, match="contest chair: it is mixed: mixing_rounds is at least 2"):
        Election(elections.canonical(manifest))


def test_no_more_ballots_than_can_be_mixed(body: bytes) -> None:
    manifest = json.loads(body)
    manifest["contests"][1]["max_bytes"] = 20
    manifest["capacity"] = 2**20
    Election(elections.canonical(manifest))
    manifest["capacity"] = 2**20 + 1
    with pytest.raises(
        ManifestError, match=r"contest board: a capacity of 1048577 is above the 1048576 that can be mixed"
    ):
        Election(elections.canonical(manifest))
    # What is not mixed may have more.
    del manifest["contests"][:2]
    mixing(manifest, 0, 0)
    Election(elections.canonical(manifest))


@pytest.mark.parametrize(
    ("contest", "capacity"),
    [
        # Rows of two, nine and 140 ciphertexts.
        (write_in(max_bytes=59), (2**28 - 32 * 12) // 288),
        (write_in(max_bytes=250), (2**28 - 32 * 33) // 736),
        (
            elections.choice(of=[f"o{number}" for number in range(280)], allow_blank=True).model_copy(
                update={"tally": "mixnet"}
            ),
            (2**28 - 32 * 426) // 9120,
        ),
    ],
)
def test_a_shuffle_has_room_beside_the_log(contest: Any, capacity: int) -> None:
    """A board that could not take it would find out when the votes have been cast."""
    moduli = [384]
    capacity_module.check_sizes((contest,), capacity, moduli)
    with pytest.raises(
        ManifestError, match=r"a shuffle would have up to .* bytes, the most is 268435456"
    ) as caught:
        capacity_module.check_sizes((contest,), capacity + 1, moduli)
    assert caught.value.item == f"contest {contest.id}"


@pytest.mark.parametrize("party", ["trustees.0", "registrars.0", "authority", "board", "mixers.0"])
def test_a_mixer_has_no_other_partys_key(body: bytes, party: str) -> None:
    manifest = json.loads(body)
    at: Any = manifest
    for part in party.split("."):
        at = at[int(part)] if part.isdigit() else at[part]
    manifest["mixers"][1]["signing_key"] = at["key" if party == "board" else "signing_key"]
    with pytest.raises(ManifestError, match="two parties have the same signing key"):
        Election(elections.canonical(manifest))


def test_a_trustee_may_mix_under_its_own_id_and_key(body: bytes) -> None:
    manifest = json.loads(body)
    trustee, mixer = manifest["trustees"][0], manifest["mixers"][1]
    mixer |= {"id": trustee["id"], "signing_key": trustee["signing_key"]}
    assert Election(elections.canonical(manifest)).manifest.mixer(trustee["id"]).id == trustee["id"]
    # Under another trustee's id, or another name, it is somebody else.
    for other in (manifest["trustees"][1]["id"], "mixer-2"):
        mixer["id"] = other
        with pytest.raises(ManifestError, match="two parties have the same signing key"):
            Election(elections.canonical(manifest))
    # An id alone is no key.
    mixer |= {"id": trustee["id"], "signing_key": b64encode(SigningKey.generate().verify_key.data)}
    Election(elections.canonical(manifest))


def test_mixers_have_ids_of_their_own(body: bytes) -> None:
    manifest = json.loads(body)
    manifest["mixers"][1]["id"] = manifest["mixers"][0]["id"]
    with pytest.raises(ManifestError, match="the mixer id 'mixer-1' stands twice"):
        Election(elections.canonical(manifest))


def test_an_unknown_mixer_is_named(body: bytes) -> None:
    manifest = Election(body).manifest
    assert manifest.mixer("mixer-3") == manifest.mixers[2]
    with pytest.raises(ManifestError, match="there is no mixer 'trustee-1'"):
        manifest.mixer("trustee-1")
