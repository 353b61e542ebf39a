"""Published confidence votes, bundled for the demonstration and for tests.

Each is a JSON file with its sources and the outcome rules of its date. The ballots were secret: only totals
are known, so :func:`draw_selections` makes up ballots that add up to them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from importlib import resources
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from ..errors import ManifestError
from ..manifest.contests import Base, OutcomeRule, confidence_levels
from ..records import Count, Identifier, Labels, Record, Text, describe

__all__ = [
    "DEFAULT",
    "LEVELS",
    "Dataset",
    "Official",
    "SourcedRule",
    "draw_selections",
    "expected_counts",
    "load",
    "names",
]

#: The one complete vote.
DEFAULT = "brvt-2018"

#: The ids of the three levels, from the best on.
LEVELS = tuple(level.id for level in confidence_levels())

_SUFFIX = ".json"


class SourcedRule(OutcomeRule):
    """An outcome rule, with a sentence that says which law it is from and how that was read."""

    source: Text

    def outcome_rule(self) -> OutcomeRule:
        """The rule as a manifest holds it."""
        return OutcomeRule(**{name: getattr(self, name) for name in OutcomeRule.model_fields})


class Official(Record):
    """Someone who was rated, and the published counts. ``id`` is the name in ASCII."""

    id: Identifier
    position: Text
    name: Text
    high: Count
    confidence: Count
    low: Count

    def counts(self) -> dict[str, int]:
        """The published counts, by level."""
        return {level: getattr(self, level) for level in LEVELS}


class Dataset(Record):
    """One vote as published.

    ``base`` is what its percentages are of: the ballots collected, or the whole roll. ``roll_size`` is the
    total of deputies; where that is not known it equals ``ballots_collected``, and ``notes`` say so. Unless
    ``complete``, more people were rated than ``officials`` lists. ``rules`` go from the most severe on.
    """

    id: Identifier
    title: Labels
    date: date
    body: Text
    ballots_collected: Annotated[int, Field(ge=1)]
    roll_size: Annotated[int, Field(ge=1)]
    base: Base
    complete: bool
    notes: Annotated[tuple[Text, ...], Field(min_length=1)]
    sources: Annotated[tuple[Text, ...], Field(min_length=1)]
    rules: Annotated[tuple[SourcedRule, ...], Field(min_length=1)]
    officials: Annotated[tuple[Official, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        item = f"dataset {self.id}"
        if self.ballots_collected > self.roll_size:
            raise ManifestError("more ballots were collected than the roll has names", item=item)
        if len({official.id for official in self.officials}) != len(self.officials):
            raise ManifestError("two officials have one id", item=item)
        for official in self.officials:
            if sum(official.counts().values()) > self.ballots_collected:
                raise ManifestError(f"{official.id} has more ratings than there are ballots", item=item)
        return self


def names() -> tuple[str, ...]:
    """The ids of the bundled datasets, sorted."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX)))


def load(name: str) -> Dataset:
    """The dataset of that id. Raises ManifestError for an unknown one, listing those that there are."""
    known = names()
    if name not in known:
        raise ManifestError(
            f"there is no such dataset; the known ones are {', '.join(known)}", item=f"dataset {name!r}"
        )
    try:
        return Dataset.model_validate_json(resources.files(__name__).joinpath(name + _SUFFIX).read_bytes())
    except ValidationError as error:
        raise ManifestError(describe(error), item=f"dataset {name}") from None


def draw_selections(dataset: Dataset, voters: int | None = None) -> list[dict[str, str | None]]:
    """Ballots that add up to the published counts: one for each collected, id to level or None (blank).

    Each official's ratings are shuffled on their own, by the operating system's generator: nothing is known
    of how the ratings of different officials went together. With ``voters``, a random choice of that many
    of the ballots, whose totals :func:`expected_counts` gives. Raises ManifestError for ``voters`` outside
    1 to the ballots collected.
    """
    collected = dataset.ballots_collected
    if voters is not None and not 1 <= voters <= collected:
        raise ManifestError(
            f"from 1 to {collected} voters are possible, not {voters}", item=f"dataset {dataset.id}"
        )
    random = secrets.SystemRandom()
    selections: list[dict[str, str | None]] = [{} for _ in range(collected)]
    for official in dataset.officials:
        ratings: list[str | None] = [
            level for level, count in official.counts().items() for _ in range(count)
        ]
        ratings += [None] * (collected - len(ratings))
        random.shuffle(ratings)
        for selection, rating in zip(selections, ratings, strict=True):
            selection[official.id] = rating
    return selections if voters is None else random.sample(selections, voters)


def expected_counts(selections: Sequence[dict[str, str | None]]) -> dict[str, dict[str, int]]:
    """The totals of drawn ballots: official id to level to count. Blanks are not counted."""
    totals: dict[str, dict[str, int]] = {}
    for selection in selections:
        for official, rating in selection.items():
            counts = totals.setdefault(official, dict.fromkeys(LEVELS, 0))
            if rating is not None:
                counts[rating] += 1
    return totals
