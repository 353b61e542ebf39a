"""The bundled datasets: their figures, their sources, and the ballots drawn from them."""

from __future__ import annotations

import csv
import json
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from secretballot import data
from secretballot.ballot.contest_kinds.write_in import normalise
from secretballot.data import Dataset, draw_selections, expected_counts, load, names
from secretballot.data.marks import RankedVote, TextVote, load_marks, mark_names
from secretballot.errors import ArgumentError, EncodingError, ManifestError
from secretballot.manifest.contests import OutcomeRule
from secretballot.tally.methods.schulze import condorcet_winner, pairwise, schulze

NAMES = ("brvt-2018", "na-2013", "na-2014", "na-2018", "na-2023", "vinh-phuc-2023")
BALLOTS = {
    "brvt-2018": 47,
    "vinh-phuc-2023": 47,
    "na-2018": 475,
    "na-2023": 481,
    "na-2014": 485,
    "na-2013": 492,
}
ROWS = {"brvt-2018": 11, "vinh-phuc-2023": 7, "na-2018": 25, "na-2023": 5, "na-2014": 8, "na-2013": 14}
BODIES = {"brvt-2018": "Bà Rịa - Vũng Tàu", "vinh-phuc-2023": "Vĩnh Phúc"}

every_dataset = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def published() -> Path:
    """The folder of collected figures, which stands beside the project and is not part of it."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "confidence"
    if not folder.is_dir():
        pytest.skip("the folder of published figures is not here")
    return folder


def document(name: str = "brvt-2018") -> dict[str, Any]:
    text = resources.files(data).joinpath(f"{name}.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def test_names_are_the_bundled_ones() -> None:
    assert names() == NAMES
    assert data.DEFAULT in NAMES


@every_dataset
def test_says_what_it_is(name: str) -> None:
    dataset = load(name)
    assert dataset.id == name
    assert set(dataset.title) == {"vi", "en"}
    assert dataset.ballots_collected == BALLOTS[name]
    assert len(dataset.officials) == ROWS[name]
    assert dataset.complete == (name == "brvt-2018")
    assert dataset.complete or dataset.notes[0].startswith("Incomplete")
    assert any("roll_size" in note for note in dataset.notes)
    assert all("github.com/" in source or source.startswith("http") for source in dataset.sources)


@every_dataset
def test_no_row_exceeds_the_ballots(name: str) -> None:
    dataset = load(name)
    for official in dataset.officials:
        total = sum(official.counts().values())
        assert dataset.ballots_collected - 5 <= total <= dataset.ballots_collected
    if dataset.complete:
        assert all(sum(o.counts().values()) == dataset.ballots_collected for o in dataset.officials)


@every_dataset
def test_rules_are_those_of_the_date(name: str) -> None:
    dataset = load(name)
    year = dataset.date.year
    severe, mild = dataset.rules
    resolution = "96/2023" if year == 2023 else "85/2014" if year == 2018 else "35/2012"
    base = "collected" if year == 2023 else "roll"
    assert dataset.base == base
    assert (severe.relation, mild.relation) == (">" if year < 2015 else ">=", ">")
    assert severe.threshold > mild.threshold
    for rule in dataset.rules:
        assert resolution in rule.source
        assert rule.base == base
        plain = rule.outcome_rule()
        assert type(plain) is OutcomeRule
        assert plain.model_dump() == rule.model_dump(exclude={"source"})


def test_the_real_case_of_over_half_low() -> None:
    dataset = load("vinh-phuc-2023")
    fallen = {
        official.id: [
            rule.id
            for rule in dataset.rules
            if rule.holds(official.low, dataset.ballots_collected, dataset.roll_size)
        ]
        for official in dataset.officials
    }
    assert {name: rules for name, rules in fallen.items() if rules} == {"le-duy-thanh": ["over-half-low"]}


@every_dataset
def test_figures_agree_with_the_collected_ones(name: str, published: Path) -> None:
    dataset = load(name)
    body = BODIES.get(name)
    with (published / ("councils.csv" if body else f"{name}.csv")).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if body:
        rows = [row for row in rows if (row["body"], row["date"]) == (body, dataset.date.isoformat())]
        assert {row["ballots_collected"] for row in rows} == {str(dataset.ballots_collected)}
        assert body in dataset.body
    columns = ("position", "name", "high", "confidence", "low")
    expected = [tuple(row[column] for column in columns) for row in rows]
    assert [tuple(str(getattr(o, column)) for column in columns) for o in dataset.officials] == expected


@pytest.mark.parametrize("name", ["", "nowhere", "../data/brvt-2018", "brvt-2018.json", "__init__"])
def test_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ManifestError) as caught:
        load(name)
    assert all(known in str(caught.value) for known in NAMES)
    assert caught.value.item == f"dataset {name!r}"


def test_damaged_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"id":"broken"}')
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    with pytest.raises(ManifestError) as caught:
        load("broken")
    assert caught.value.item == "dataset broken"


def test_is_frozen_and_strict() -> None:
    dataset = load("brvt-2018")
    with pytest.raises(ArgumentError, match=r"^Dataset\.roll_size: "):
        dataset.roll_size = 48  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Dataset.model_validate_json(json.dumps(document() | {"surprise": 1}))
    assert Dataset.model_validate_json(json.dumps(document())) == dataset


def test_a_row_above_the_ballots_is_refused() -> None:
    changed = document()
    changed["officials"][3]["low"] += 1
    with pytest.raises(ManifestError, match="nguyen-van-tho has more ratings"):
        Dataset.model_validate_json(json.dumps(changed))


def test_one_id_twice_is_refused() -> None:
    changed = document()
    changed["officials"][1]["id"] = changed["officials"][0]["id"]
    with pytest.raises(ManifestError, match="one id"):
        Dataset.model_validate_json(json.dumps(changed))


def test_more_ballots_than_names_are_refused() -> None:
    with pytest.raises(ManifestError, match="roll"):
        Dataset.model_validate_json(json.dumps(document() | {"roll_size": 46}))


@every_dataset
def test_drawn_ballots_add_up_to_the_published_counts(name: str) -> None:
    dataset = load(name)
    selections = draw_selections(dataset)
    assert len(selections) == dataset.ballots_collected
    officials = [official.id for official in dataset.officials]
    assert all(list(selection) == officials for selection in selections)
    assert expected_counts(selections) == {official.id: official.counts() for official in dataset.officials}
    for official in dataset.officials:
        blanks = sum(selection[official.id] is None for selection in selections)
        assert blanks == dataset.ballots_collected - sum(official.counts().values())


def test_each_draw_is_another_one_and_columns_are_independent() -> None:
    dataset = load("na-2018")
    first, second = draw_selections(dataset), draw_selections(dataset)
    for official in dataset.officials:
        assert [s[official.id] for s in first] != [s[official.id] for s in second]
    # Were the columns shuffled together, whoever rates one official low would rate every official low.
    assert len({tuple(selection.values()) for selection in first}) > dataset.ballots_collected // 2


def test_fewer_voters_are_a_random_part_of_the_ballots() -> None:
    dataset = load("na-2023")
    some = draw_selections(dataset, 100)
    assert len(some) == 100
    for official, counts in expected_counts(some).items():
        published = next(o for o in dataset.officials if o.id == official).counts()
        assert all(count <= published[level] for level, count in counts.items())
        # All of the first 100 of the sorted ratings would be "high".
        assert sum(counts.values()) <= 100
        assert counts != {"high": 100, "confidence": 0, "low": 0}
    everyone = draw_selections(dataset, dataset.ballots_collected)
    assert expected_counts(everyone) == expected_counts(draw_selections(dataset))


@pytest.mark.parametrize("voters", [-1, 0, 48])
def test_an_impossible_number_of_voters_is_refused(voters: int) -> None:
    with pytest.raises(ManifestError, match="from 1 to 47"):
        draw_selections(load("brvt-2018"), voters)


def test_one_voter_is_enough() -> None:
    (selection,) = draw_selections(load("brvt-2018"), 1)
    assert sum(sum(counts.values()) for counts in expected_counts([selection]).values()) == 11


def test_expected_counts_of_nothing() -> None:
    assert expected_counts([]) == {}
    assert expected_counts([{"a": None}]) == {"a": {"high": 0, "confidence": 0, "low": 0}}


# Rankings and texts.


def test_the_votes_by_rankings_and_texts() -> None:
    assert mark_names() == ("debian-2002", "village-head")
    ranked, written = map(load_marks, mark_names())
    assert isinstance(ranked, RankedVote)
    assert isinstance(written, TextVote)
    assert Counter(ranked.selections()) == Counter({one.ranking: one.votes for one in ranked.ballots})
    assert sum(one.votes for one in ranked.ballots) == 475
    texts = written.selections()
    assert len(texts) == 47
    assert max(len(text.encode()) for text in texts) <= written.max_bytes
    assert len({normalise(text) for text in texts}) == 6
    assert all(vote.sources and vote.notes for vote in (ranked, written))


def test_the_winner_that_is_on_record() -> None:
    vote = load_marks("debian-2002")
    assert isinstance(vote, RankedVote)
    ids = [option.id for option in vote.options]
    profile = Counter(tuple(ids.index(option) for option in one) for one in vote.selections())
    above = pairwise(profile, len(ids))
    assert [ids[place] for place in schulze(above)[0]] == [vote.winner]
    assert ids[condorcet_winner(above) or 0] == vote.winner


def test_votes_that_are_none() -> None:
    with pytest.raises(
        ManifestError, match="there is no such vote; the known ones are debian-2002, village-head"
    ):
        load_marks("nobody")
    vote = load_marks("debian-2002")
    assert isinstance(vote, RankedVote)
    members = vote.model_dump()
    for changes in (
        {"winner": "nobody"},
        {"ballots": ({"votes": 1, "ranking": ("nobody",)},)},
        {"ballots": ({"votes": 1, "ranking": ("bdale-garbee",) * 2},)},
        {"ballots": ({"votes": 0, "ranking": ("bdale-garbee",)},)},
    ):
        with pytest.raises((ManifestError, EncodingError)):
            RankedVote(**{**members, **changes})
