"""Ballots: every line encrypted and proven well-formed, bound to election, contest and credential, and signed.

:mod:`.voter` is the voter's device and holds secrets; what anyone can check is in :mod:`.checks`. How a kind of contest
becomes lines, weights and counts is in :mod:`.contest_kinds`.
"""

from .records import Ballot, BallotContest, ChallengedBallot, ContestOpening, confirmation_code, format_code

__all__ = [
    "Ballot",
    "BallotContest",
    "ChallengedBallot",
    "ContestOpening",
    "confirmation_code",
    "format_code",
]
