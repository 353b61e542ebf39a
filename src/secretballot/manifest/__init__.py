"""What an election is: contests, rules, roles and parameters. Its body's hash is the election's id."""

from .contests import (
    ApprovalContest,
    ChoiceContest,
    Contest,
    LineContest,
    MarkContest,
    Option,
    OutcomeRule,
    RankingContest,
    RatingContest,
    WriteInContest,
    confidence_levels,
    is_mixed,
    is_summed,
)
from .election import Election
from .records import (
    MAX_REGISTRARS,
    Authority,
    BoardKey,
    Manifest,
    MixerKey,
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
    "LineContest",
    "Manifest",
    "MarkContest",
    "MixerKey",
    "Option",
    "OutcomeRule",
    "RankingContest",
    "RatingContest",
    "RegistrarKey",
    "TrusteeKey",
    "WriteInContest",
    "confidence_levels",
    "election_id",
    "is_mixed",
    "is_summed",
]
