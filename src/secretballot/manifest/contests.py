"""The contests of an election, and the rules that turn counts into outcomes.

Every kind of contest comes down to *lines*, each with named counts:

* ``rating``: a line for each of ``options`` (those rated), with a count for each of ``levels``;
* ``choice``: one line, with a count for each of ``options``;
* ``approval``: a line for each of ``options``, with the one count ``votes``.

A line left blank spoils no other line.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..errors import ManifestError
from ..records import Identifier, Labels, Ratio, Record

#: The one count of an approval line.
VOTES = "votes"
MIN_LEVELS, MAX_LEVELS = 2, 8
MAX_OPTIONS = 1000

Base = Literal["collected", "roll"]


class ManifestPart(Record):
    """The base of the manifest and all that it holds."""

    refusal = ManifestError


class Option(ManifestPart):
    """Something that can be chosen or rated, or a level that can be given."""

    id: Identifier
    labels: Labels


class OutcomeRule(ManifestPart):
    """A line falls under the rule when ``count_of / base`` stands in ``relation`` to ``threshold``, as exact fractions.

    ``base`` is the ballots collected, or the whole roll. A contest's rules are listed from the most severe on; a line's
    outcome is the first that it falls under.
    """

    id: Identifier
    labels: Labels
    count_of: Identifier
    relation: Literal[">", ">=", "<", "<="]
    threshold: Ratio
    base: Base

    def holds(self, count: int, collected: int, roll: int) -> bool:
        """Whether a line with ``count`` falls under the rule; never where the base is 0."""
        base = collected if self.base == "collected" else roll
        if base == 0:
            return False
        # count / base and the threshold, both times the two denominators: a fraction would look for a common divisor.
        share, threshold = count * self.threshold.denominator, self.threshold.numerator * base
        match self.relation:
            case ">":
                return share > threshold
            case ">=":
                return share >= threshold
            case "<":
                return share < threshold
            case "<=":
                return share <= threshold


class _Contest(ManifestPart):
    id: Identifier
    labels: Labels
    options: Annotated[tuple[Option, ...], Field(fail_fast=True, min_length=1, max_length=MAX_OPTIONS)]
    #: What percentages are of.
    base: Base
    rules: Annotated[tuple[OutcomeRule, ...], Field(fail_fast=True)]

    def count_names(self) -> tuple[str, ...]:
        """The names of the counts of each of the contest's lines, in order."""
        raise NotImplementedError  # pragma: no cover - each kind has its own

    def line_ids(self) -> tuple[str, ...]:
        """The contest's lines, in order."""
        return tuple(option.id for option in self.options)

    @model_validator(mode="after")
    def _check_ids(self) -> Self:
        unique([option.id for option in self.options], f"contest {self.id}", "option")
        unique([rule.id for rule in self.rules], f"contest {self.id}", "rule")
        for rule in self.rules:
            if rule.count_of not in self.count_names():
                raise ManifestError(
                    f"rule {rule.id} is about {rule.count_of!r}, which is not counted",
                    item=f"contest {self.id}",
                )
        return self


class RatingContest(_Contest):
    """Each of ``options`` is given one of ``levels``."""

    kind: Literal["rating"] = "rating"
    levels: Annotated[tuple[Option, ...], Field(fail_fast=True, min_length=MIN_LEVELS, max_length=MAX_LEVELS)]
    allow_blank: bool

    def count_names(self) -> tuple[str, ...]:
        return tuple(level.id for level in self.levels)

    @model_validator(mode="after")
    def _check_levels(self) -> Self:
        unique([level.id for level in self.levels], f"contest {self.id}", "level")
        return self


class ChoiceContest(_Contest):
    """One of ``options`` is chosen."""

    kind: Literal["choice"] = "choice"
    allow_blank: bool

    def count_names(self) -> tuple[str, ...]:
        return tuple(option.id for option in self.options)

    def line_ids(self) -> tuple[str, ...]:
        return (self.id,)

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        if len(self.options) + self.allow_blank < 2:
            raise ManifestError("there is nothing to choose from", item=f"contest {self.id}")
        return self


class ApprovalContest(_Contest):
    """From ``minimum`` to ``maximum`` of ``options`` are approved; with ``allow_blank``, none at all too."""

    kind: Literal["approval"] = "approval"
    minimum: Annotated[int, Field(ge=0)]
    maximum: Annotated[int, Field(ge=1)]
    allow_blank: bool

    def count_names(self) -> tuple[str, ...]:
        return (VOTES,)

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if not self.minimum <= self.maximum <= len(self.options):
            raise ManifestError(
                f"between {self.minimum} and {self.maximum} of {len(self.options)} options cannot be approved",
                item=f"contest {self.id}",
            )
        return self


Contest = Annotated[RatingContest | ChoiceContest | ApprovalContest, Field(discriminator="kind")]


def unique(ids: list[str], item: str, what: str) -> None:
    """Raises ManifestError where an id stands twice."""
    seen: set[str] = set()
    for value in ids:
        if value in seen:
            raise ManifestError(f"the {what} id {value!r} stands twice", item=item)
        seen.add(value)


def confidence_levels() -> tuple[Option, ...]:
    """The three levels of the Vietnamese confidence vote, in Vietnamese and English."""
    return (
        Option(id="high", labels={"vi": "tín nhiệm cao", "en": "high confidence"}),
        Option(id="confidence", labels={"vi": "tín nhiệm", "en": "confidence"}),
        Option(id="low", labels={"vi": "tín nhiệm thấp", "en": "low confidence"}),
    )
