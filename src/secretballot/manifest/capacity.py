"""How many digits of a count one ciphertext can hold.

A line's counts are the digits, to the base capacity + 1, of one small logarithm. A ciphertext
holds as many digits as the logarithm can bear; further digits go into further ciphertexts of the line.
"""

from __future__ import annotations

from ..crypto.discrete_log import MAX_RANGE
from ..errors import ManifestError
from ..records import MAX_ENTRY_SIZE
from .contests import ApprovalContest, Contest

_POINT = _SCALAR = 32
#: Of an entry's bytes, what may be ciphertexts and proofs: base64 makes four of three, and a challenge's opening and
#: the credential's signatures want room too.
MAX_BALLOT_SIZE = MAX_ENTRY_SIZE // 2
#: The most ciphertexts that the branches over approvals' sums may name together. Each branch names every line, so that
#: the work on a ballot would grow with the square of its size.
MAX_SUM_TERMS = 2**16


def digit_base(capacity: int) -> int:
    """The base of the digits: one more than the largest count."""
    return capacity + 1


def digits_per_ciphertext(capacity: int) -> int:
    """The most digits whose every value stays below the bound on logarithms; raises ManifestError if not even one."""
    base = digit_base(capacity)
    digits = 0
    while base ** (digits + 1) <= MAX_RANGE:
        digits += 1
    if digits == 0:
        raise ManifestError(
            f"a capacity of {capacity} ballots is beyond the {MAX_RANGE - 1} that can be counted"
        )
    return digits


def width(choices: int, capacity: int) -> int:
    """How many ciphertexts a line with that many choices (blank included) has."""
    return max(1, -(-(choices - 1) // digits_per_ciphertext(capacity)))


def contest_size(contest: Contest, capacity: int) -> int:
    """The bytes of a contest's ciphertexts and proof in a ballot (``docs/spec/ballot.md``)."""
    choices = len(contest.count_names()) + 1
    if not isinstance(contest, ApprovalContest):
        choices -= not contest.allow_blank
    own = width(choices, capacity)
    line = 2 * own * _POINT + _clause(choices, 2 * own, own)
    size = len(contest.line_ids()) * line
    if isinstance(contest, ApprovalContest):
        size += _clause(_totals(contest), 2, 1)
    return size


def _totals(contest: ApprovalContest) -> int:
    return contest.maximum - contest.minimum + 1 + (contest.allow_blank and contest.minimum > 0)


def _clause(branches: int, equations: int, scalars: int) -> int:
    return branches * equations * _POINT + (branches - 1 + branches * scalars) * _SCALAR


def check_sizes(contests: tuple[Contest, ...], capacity: int) -> None:
    """Raises ManifestError where a count or a ballot would be too large."""
    digits_per_ciphertext(capacity)
    size = sum(contest_size(contest, capacity) for contest in contests)
    if size > MAX_BALLOT_SIZE:
        largest = max(contests, key=lambda contest: contest_size(contest, capacity))
        raise ManifestError(
            f"a ballot would have {size} bytes, the most is {MAX_BALLOT_SIZE}", item=f"contest {largest.id}"
        )
    terms = 0
    for contest in contests:
        if isinstance(contest, ApprovalContest):
            terms += _totals(contest) * len(contest.options)
            if terms > MAX_SUM_TERMS:
                raise ManifestError(
                    "too many different numbers of too many options may be approved",
                    item=f"contest {contest.id}",
                )
