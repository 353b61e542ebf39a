"""How large an election is, and what that makes of a ballot: points, multiplications, bytes."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from secretballot.ballot.contest_kinds import LinePlan
from secretballot.ballot.contest_kinds.rating import RatingPlan
from secretballot.manifest import Option, RatingContest, confidence_levels

#: A credential (its key, the signature, its preparation) and the entry's signature, in bytes.
SIGNATURES = (32 + 384 + 32) + 64


class Cost(NamedTuple):
    """What a ballot is made of, whatever the implementation."""

    #: Elements that a verifier decodes and multiplies: those of ciphertexts, and commitments.
    points: int
    #: Multiplications by secret scalars that a device makes.
    multiplications: int
    #: Cryptographic bytes, without base64 and JSON.
    raw_bytes: int


class Shape:
    """A rating election: ``voters`` who all vote, ``officials`` to rate, ``levels`` to choose from, blanks or none."""

    def __init__(self, voters: int, officials: int, levels: int = 3, blank: bool = False) -> None:
        self.voters = voters
        self.officials = officials
        self.levels = levels
        self.blank = blank

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Shape:
        return cls(members["voters"], members["officials"], members["levels"], members["blank"])

    def to_json(self) -> dict[str, Any]:
        return {
            "voters": self.voters,
            "officials": self.officials,
            "levels": self.levels,
            "blank": self.blank,
        }

    def with_voters(self, voters: int) -> Shape:
        """The same ballot with another number of voters."""
        return Shape(voters, self.officials, self.levels, self.blank)

    @property
    def name(self) -> str:
        """A name for a directory; two shapes never share one."""
        return f"{self.voters}-voters-{self.officials}-officials-{self.levels}-levels" + "-blank" * self.blank

    @cached_property
    def contest(self) -> RatingContest:
        """The only contest; raises ManifestError for a shape that no election can have."""
        levels = confidence_levels()
        if self.levels != len(levels):
            levels = tuple(
                Option(id=f"level-{i}", labels={"en": f"Level {i}"}) for i in range(1, self.levels + 1)
            )
        return RatingContest(
            id="officials",
            labels={"en": "Officials"},
            options=tuple(
                Option(id=f"official-{i}", labels={"en": f"Official {i}"})
                for i in range(1, self.officials + 1)
            ),
            levels=levels,
            allow_blank=self.blank,
            base="collected",
            rules=(),
        )

    @cached_property
    def plan(self) -> LinePlan:
        """The library's own plan: it knows how many ciphertexts a line needs for so many levels and voters."""
        return RatingPlan(self.contest, self.voters)

    @cached_property
    def cost(self) -> Cost:
        form = self.plan.form
        ciphertexts, equations = self.plan.num_ciphertexts, form.num_equations
        return Cost(
            points=2 * ciphertexts + equations,
            # Three to encrypt; and three for the two equations that each branch has of a ciphertext.
            multiplications=3 * (ciphertexts + equations // 2),
            raw_bytes=64 * ciphertexts + form.proof_size + SIGNATURES,
        )
