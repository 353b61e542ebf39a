"""What is published of the tally."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from ..board.attachments import digest_of
from ..crypto.encoding import MAX_JSON_INTEGER, Tag, tagged_hash
from ..manifest.capacity import MAX_INVALID, MAX_TEXTS
from ..records import Blob, Count, Digest, Identifier, Record, Text

Counts = Annotated[tuple[Count, ...], Field(fail_fast=True)]
Identifiers = Annotated[tuple[Identifier, ...], Field(fail_fast=True)]


class DecryptionShare(Record):
    """A trustee's share of every sum's decryption, with one proof for all.

    ``basis`` is the root of the log at the end of voting: which ballots were added up. ``shares`` holds an element (32
    bytes) for each ciphertext of the tally, in its order; ``proof`` is a batchable
    proof that each is the trustee's secret times the ciphertext's pad (Chaum and Pedersen, over all at once).
    """

    record: Literal["secretballot/1/decryption-share"] = "secretballot/1/decryption-share"
    election: Digest
    trustee: Identifier
    basis: Digest
    shares: Blob
    proof: Blob


class BatchFile(Record):
    """An attachment of one batch: the contest and line that it is of (a contest of marks is its only line), the SHA-256
    of its bytes, and how many there are."""

    contest: Identifier
    line: Identifier
    digest: Digest
    size: Count


def digest_file(contest: str, line: str, data: bytes) -> BatchFile:
    """What names an attachment."""
    return BatchFile(contest=contest, line=line, digest=digest_of(data), size=len(data))


class MixRound(Record):
    """A round of mixing: every batch shuffled by one mixer. ``round`` counts from 1, and ``basis`` says what was mixed:
    the root of the log at the end of voting, or what stands for the round before (:func:`basis_of`).

    An attachment holds the batch's rows, re-encrypted, and behind them the proof (``docs/spec/shuffle.md``).
    """

    record: Literal["secretballot/1/mix-round"] = "secretballot/1/mix-round"
    election: Digest
    mixer: Identifier
    round: Annotated[int, Field(ge=1, le=MAX_JSON_INTEGER)]
    basis: Digest
    batches: Annotated[tuple[BatchFile, ...], Field(fail_fast=True, min_length=1)]


def basis_of(round_: MixRound) -> bytes:
    """The 32 bytes that stand for a round in what follows it."""
    return tagged_hash(Tag.MIX_BASIS, round_.to_body())


class LineShare(Record):
    """A trustee's share of the decryption of every mixed line; ``basis`` stands for the last round.

    An attachment holds an element (32 bytes) for each ciphertext of the batch, and behind them one proof for all.
    """

    record: Literal["secretballot/1/line-share"] = "secretballot/1/line-share"
    election: Digest
    trustee: Identifier
    basis: Digest
    batches: Annotated[tuple[BatchFile, ...], Field(fail_fast=True, min_length=1)]


class LineResult(Record):
    """A line's counts in the order of the contest's count names; ``blank`` are the ballots without one of them.

    ``outcomes`` are the rules that the line falls under, in the manifest's order: the first is its outcome.
    """

    id: Identifier
    counts: Annotated[tuple[Count, ...], Field(fail_fast=True)]
    blank: Count
    outcomes: Annotated[tuple[Identifier, ...], Field(fail_fast=True)]

    @property
    def valid(self) -> int:
        """How many ballots gave the line a valid mark."""
        return sum(self.counts)

    def share(self, place: int, base: int) -> Fraction:
        """A count as an exact fraction of the base; 0 where the base is 0."""
        return Fraction(self.counts[place], base) if base else Fraction(0)


class ContestResult(Record):
    """The lines of a contest, in the manifest's order."""

    kind: Literal["lines"] = "lines"
    id: Identifier
    lines: Annotated[tuple[LineResult, ...], Field(fail_fast=True)]


class InvalidLine(Record):
    """A mixed line that is no mark of the contest: its place among the lines, from 0, and what is wrong with it."""

    line: Count
    reason: Text


InvalidLines = Annotated[tuple[InvalidLine, ...], Field(fail_fast=True, max_length=MAX_INVALID)]


class BordaResult(Record):
    """Borda's count: for each option twice its points, in the manifest's order."""

    method: Literal["borda"] = "borda"
    half_points: Counts


class RunoffRound(Record):
    """A round of the instant runoff; ``excluded`` is null in the last."""

    votes: Counts
    exhausted: Count
    excluded: Identifier | None
    by_lot: bool


class RunoffResult(Record):
    """The instant runoff; ``winner`` is null where nobody ranked anything."""

    method: Literal["irv"] = "irv"
    rounds: Annotated[tuple[RunoffRound, ...], Field(fail_fast=True)]
    winner: Identifier | None


class TransferStage(Record):
    """A stage of the single transferable vote, in hundred-thousandths of a vote. After it the votes of ``passed_on``
    are passed on, since it is excluded, or its surplus."""

    votes: Counts
    lost: Count
    elected: Identifiers
    passed_on: Identifier | None
    excluded: bool
    by_lot: bool


class TransferResult(Record):
    """The single transferable vote: who is elected, in order; the quota in hundred-thousandths of a vote."""

    method: Literal["stv"] = "stv"
    quota: Count
    stages: Annotated[tuple[TransferStage, ...], Field(fail_fast=True)]
    elected: Identifiers


class SchulzeResult(Record):
    """Schulze's method: ``above`` is how many rank the option of the row above that of the column; ``order`` has groups
    of options that tie, winners first; ``condorcet_winner`` is null where no option wins against each other one."""

    method: Literal["schulze"] = "schulze"
    above: Annotated[tuple[Counts, ...], Field(fail_fast=True)]
    order: Annotated[tuple[Identifiers, ...], Field(fail_fast=True)]
    condorcet_winner: Identifier | None


MethodResult = Annotated[
    BordaResult | RunoffResult | TransferResult | SchulzeResult, Field(discriminator="method")
]


class RankingResult(Record):
    """The rankings of a contest, counted by each of its methods, in the manifest's order. Of the lines that are
    invalid, the first :data:`MAX_INVALID` are listed."""

    kind: Literal["ranking"] = "ranking"
    id: Identifier
    valid: Count
    blank: Count
    invalid: Count
    invalid_lines: InvalidLines
    methods: Annotated[tuple[MethodResult, ...], Field(fail_fast=True)]


class TextCount(Record):
    """How often a text was written: the commonest of the forms that are one when they are normalised."""

    text: str
    count: Count


class WriteInResult(Record):
    """The texts of a contest, the most frequent first. Beyond :data:`MAX_TEXTS`, ``others`` are the votes for texts
    that are not listed."""

    kind: Literal["write_in"] = "write_in"
    id: Identifier
    valid: Count
    blank: Count
    invalid: Count
    invalid_lines: InvalidLines
    texts: Annotated[tuple[TextCount, ...], Field(fail_fast=True, max_length=MAX_TEXTS)]
    others: Count


AnyContestResult = Annotated[ContestResult | RankingResult | WriteInResult, Field(discriminator="kind")]


class Result(Record):
    """The counts of an election. ``collected`` is the number of ballots that count; ``roll`` the manifest's roll.

    ``below_minimum_group`` is true where fewer ballots than the manifest's minimum were counted.
    """

    record: Literal["secretballot/1/result"] = "secretballot/1/result"
    election: Digest
    collected: Count
    roll: Count
    below_minimum_group: bool
    contests: Annotated[tuple[AnyContestResult, ...], Field(fail_fast=True)]
