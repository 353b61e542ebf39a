"""The contests of an election, and the rules that turn counts into outcomes.

Three kinds of contest come down to *lines*, each with named counts:

* ``rating``: a line for each of ``options`` (those rated), with a count for each of ``levels``;
* ``choice``: one line, with a count for each of ``options``;
* ``approval``: a line for each of ``options``, with the one count ``votes``.

A line left blank spoils no other line. Two kinds can only be tallied by mixing, since what is counted are whole marks:

* ``ranking``: ``options`` in an order of preference;
* ``write_in``: a text.
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

#: Options of a ranking: the place of each is one byte.
MAX_RANKED = 250
MAX_TEXT = 250

Base = Literal["collected", "roll"]
#: How a contest of lines is tallied: ballots are added up, or mixed line by line and decrypted, or both, and the two
#: results must agree.
TallyMethod = Literal["homomorphic", "mixnet", "both"]
#: How rankings are counted: see :mod:`secretballot.tally.methods`.
RankingMethod = Literal["borda", "irv", "stv", "schulze"]


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


class _LineContest(ManifestPart):
    id: Identifier
    labels: Labels
    options: Annotated[tuple[Option, ...], Field(fail_fast=True, min_length=1, max_length=MAX_OPTIONS)]
    #: What percentages are of.
    base: Base
    rules: Annotated[tuple[OutcomeRule, ...], Field(fail_fast=True)]
    tally: TallyMethod = "homomorphic"

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


class RatingContest(_LineContest):
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


class ChoiceContest(_LineContest):
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


class ApprovalContest(_LineContest):
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


class RankingContest(ManifestPart):
    """From ``minimum`` to ``maximum`` of ``options`` are put in an order, the most preferred first; with
    ``allow_blank``, none at all too. ``seats`` are to be filled by the method ``stv``; the others name one winner, and
    the order of all."""

    id: Identifier
    labels: Labels
    options: Annotated[tuple[Option, ...], Field(fail_fast=True, min_length=2, max_length=MAX_RANKED)]
    kind: Literal["ranking"] = "ranking"
    minimum: Annotated[int, Field(ge=1)]
    maximum: Annotated[int, Field(ge=1)]
    allow_blank: bool
    methods: Annotated[tuple[RankingMethod, ...], Field(fail_fast=True, min_length=1)]
    seats: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _check_ranking(self) -> Self:
        item = f"contest {self.id}"
        unique([option.id for option in self.options], item, "option")
        unique(list(self.methods), item, "method")
        if not self.minimum <= self.maximum <= len(self.options):
            raise ManifestError(
                f"between {self.minimum} and {self.maximum} of {len(self.options)} options cannot be ranked",
                item=item,
            )
        if self.seats >= len(self.options):
            raise ManifestError(f"{self.seats} seats need more than {len(self.options)} options", item=item)
        if self.seats > 1 and "stv" not in self.methods:
            raise ManifestError(
                "several seats are filled by the method stv, which is not among the methods", item=item
            )
        return self


class WriteInContest(ManifestPart):
    """A text of up to ``max_bytes`` bytes in UTF-8 is written; with ``allow_blank``, none too. How texts are made equal
    before they are counted: :mod:`secretballot.ballot.contest_kinds.write_in`."""

    id: Identifier
    labels: Labels
    kind: Literal["write_in"] = "write_in"
    max_bytes: Annotated[int, Field(ge=1, le=MAX_TEXT)]
    allow_blank: bool


#: Contests that are counted line by line.
LineContest = RatingContest | ChoiceContest | ApprovalContest
#: Contests of marks, which only mixing can tally.
MarkContest = RankingContest | WriteInContest
#: All of them.
Contest = Annotated[LineContest | MarkContest, Field(discriminator="kind")]


def tally_method(contest: LineContest | MarkContest) -> TallyMethod:
    """How the contest is tallied."""
    return contest.tally if isinstance(contest, LineContest) else "mixnet"


def is_summed(contest: LineContest | MarkContest) -> bool:
    """Whether the contest's ballots are added up."""
    return tally_method(contest) != "mixnet"


def is_mixed(contest: LineContest | MarkContest) -> bool:
    """Whether the contest's ballots are mixed and decrypted one by one."""
    return tally_method(contest) != "homomorphic"


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
