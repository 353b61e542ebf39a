"""How large an election is, and what that makes of a ballot: points, multiplications, bytes."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal, NamedTuple

from secretballot.ballot.contest_kinds import LinePlan
from secretballot.ballot.contest_kinds.rating import RatingPlan
from secretballot.manifest import Option, RatingContest, confidence_levels
from secretballot.manifest.records import MIN_ROUNDS

#: A credential (its key, the signature, its preparation) and the entry's signature, in bytes.
SIGNATURES = (32 + 384 + 32) + 64
#: The trustees that decrypt, where one of a simulation's three is absent.
SHARES = 2

Tally = Literal["homomorphic", "mixnet", "both"]


class Cost(NamedTuple):
    """What a ballot is made of, whatever the implementation."""

    #: Elements that a verifier decodes and multiplies: those of ciphertexts, and commitments.
    points: int
    #: Multiplications by secret scalars that a device makes.
    multiplications: int
    #: Cryptographic bytes, without base64 and JSON.
    raw_bytes: int
    #: Elements that are decoded and multiplied after voting: those of its rows in every shuffle and share.
    mixing_points: int = 0


class Shape:
    """A rating election: ``voters`` who all vote, ``officials`` to rate, ``levels`` to choose from, blanks or none."""

    def __init__(
        self,
        voters: int,
        officials: int,
        levels: int = 3,
        blank: bool = False,
        tally: Tally = "homomorphic",
    ) -> None:
        self.voters = voters
        self.officials = officials
        self.levels = levels
        self.blank = blank
        self.tally: Tally = tally

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Shape:
        return cls(**members)

    def to_json(self) -> dict[str, Any]:
        return {
            "voters": self.voters,
            "officials": self.officials,
            "levels": self.levels,
            "blank": self.blank,
            "tally": self.tally,
        }

    def with_voters(self, voters: int) -> Shape:
        """The same ballot with another number of voters."""
        return Shape(voters, self.officials, self.levels, self.blank, self.tally)

    @property
    def name(self) -> str:
        """A name for a directory; two shapes never share one."""
        parts = [f"{self.voters}-voters-{self.officials}-officials-{self.levels}-levels"]
        parts += ["blank"] * self.blank + [self.tally] * self.is_mixed
        return "-".join(parts)

    @property
    def is_mixed(self) -> bool:
        return self.tally != "homomorphic"

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
            tally=self.tally,
        )

    @cached_property
    def plan(self) -> LinePlan:
        """The library's own plan: it knows how many ciphertexts a line needs for so many levels and voters."""
        return RatingPlan(self.contest, self.voters)

    @cached_property
    def cost(self) -> Cost:
        form = self.plan.form
        ciphertexts, equations = self.plan.num_ciphertexts, form.num_equations
        # A row's in a shuffle, and its pads and what became of them in a share.
        row = MIN_ROUNDS * (4 + 4 * self.plan.width) + SHARES * 2 * self.plan.width
        return Cost(
            points=2 * ciphertexts + equations,
            # Three to encrypt; and three for the two equations that each branch has of a ciphertext.
            multiplications=3 * (ciphertexts + equations // 2),
            raw_bytes=64 * ciphertexts + form.proof_size + SIGNATURES,
            mixing_points=self.officials * row if self.is_mixed else 0,
        )
