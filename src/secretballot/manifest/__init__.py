"""What an election is: contests, rules, roles and parameters. Its body's hash is the election's id."""

from .contests import (
    ApprovalContest,
    ChoiceContest,
    Contest,
    Option,
    OutcomeRule,
    RatingContest,
    confidence_levels,
)
from .election import Election
from .records import (
    MAX_REGISTRARS,
    Authority,
    BoardKey,
    Manifest,
    RegistrarKey,
    TrusteeKey,
    election_id,
)

__all__ = [
    "MAX_REGISTRARS",
    "ApprovalContest",
    "Authority",
    "BoardKey",
    "ChoiceContest",
    "Contest",
    "Election",
    "Manifest",
    "Option",
    "OutcomeRule",
    "RatingContest",
    "RegistrarKey",
    "TrusteeKey",
    "confidence_levels",
    "election_id",
]
