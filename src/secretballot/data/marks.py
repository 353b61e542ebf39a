"""Votes by rankings and by texts, bundled for the demonstration: each ballot as it was given, and how often."""

from __future__ import annotations

import secrets
from importlib import resources
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from ..errors import ManifestError
from ..manifest.contests import MAX_TEXT, Option, RankingContest, WriteInContest
from ..records import Count, Identifier, Labels, Record, Text, describe

__all__ = ["RankedBallots", "RankedVote", "TextVote", "WrittenBallots", "load_marks", "mark_names"]

_FOLDER, _SUFFIX = "marks", ".json"
_T = TypeVar("_T")


class RankedBallots(Record):
    """How many ballots gave one ranking: options' ids, the most preferred first."""

    votes: Annotated[int, Field(ge=1)]
    ranking: tuple[Identifier, ...]


class WrittenBallots(Record):
    """How many ballots had one text, written in exactly this way; an empty one is a blank."""

    votes: Annotated[int, Field(ge=1)]
    text: str


class _MarkVote(Record):
    id: Identifier
    title: Labels
    notes: Annotated[tuple[Text, ...], Field(min_length=1)]
    sources: Annotated[tuple[Text, ...], Field(min_length=1)]
    #: Who was elected, or which text was the most frequent.
    winner: str


class RankedVote(_MarkVote):
    """A vote by rankings, of which every ballot is known."""

    kind: Literal["ranking"]
    options: Annotated[tuple[Option, ...], Field(min_length=2)]
    ballots: Annotated[tuple[RankedBallots, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        known = {option.id for option in self.options}
        for one in self.ballots:
            if not known.issuperset(one.ranking) or len(set(one.ranking)) != len(one.ranking):
                raise ManifestError(
                    "a ranking has an option that is none, or twice", item=f"dataset {self.id}"
                )
        if self.winner not in known:
            raise ManifestError("the winner is none of the options", item=f"dataset {self.id}")
        return self

    def contest(self) -> RankingContest:
        """The contest, counted by every method."""
        return RankingContest(
            id="ranking",
            labels=self.title,
            options=self.options,
            minimum=1,
            maximum=len(self.options),
            allow_blank=True,
            methods=("schulze", "irv", "borda", "stv"),
            seats=1,
        )

    def selections(self) -> list[tuple[str, ...]]:
        """A selection for each ballot, in an order drawn at random."""
        return _shuffled([one.ranking for one in self.ballots for _ in range(one.votes)])


class TextVote(_MarkVote):
    """A vote by free texts, of which every ballot is known."""

    kind: Literal["write_in"]
    max_bytes: Annotated[Count, Field(ge=1, le=MAX_TEXT)]
    ballots: Annotated[tuple[WrittenBallots, ...], Field(min_length=1)]

    def contest(self) -> WriteInContest:
        """The contest."""
        return WriteInContest(id="write-in", labels=self.title, max_bytes=self.max_bytes, allow_blank=True)

    def selections(self) -> list[str]:
        """A selection for each ballot, in an order drawn at random."""
        return _shuffled([one.text for one in self.ballots for _ in range(one.votes)])


def _shuffled(items: list[_T]) -> list[_T]:
    secrets.SystemRandom().shuffle(items)
    return items


_VOTES: TypeAdapter[RankedVote | TextVote] = TypeAdapter(
    Annotated[RankedVote | TextVote, Field(discriminator="kind")]
)


def mark_names() -> tuple[str, ...]:
    """The ids of the bundled votes by rankings and texts, sorted."""
    files = (entry.name for entry in resources.files(__package__).joinpath(_FOLDER).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX)))


def load_marks(name: str) -> RankedVote | TextVote:
    """The vote of that id. Raises ManifestError for an unknown one, listing those that there are."""
    known = mark_names()
    if name not in known:
        raise ManifestError(
            f"there is no such vote; the known ones are {', '.join(known)}", item=f"dataset {name!r}"
        )
    file = resources.files(__package__).joinpath(_FOLDER, name + _SUFFIX)
    try:
        return _VOTES.validate_json(file.read_bytes())
    except ValidationError as error:
        raise ManifestError(describe(error), item=f"dataset {name}") from None
