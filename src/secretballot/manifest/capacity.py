"""How many digits of a count one ciphertext can hold, and how much an election asks of its entries and its verifiers.

A line's counts are the digits, to the base capacity + 1, of one small logarithm. A ciphertext
holds as many digits as the logarithm can bear; further digits go into further ciphertexts of the line.

Everything that a manifest will ask for is reckoned before it is accepted: an election whose ballot, challenge, share or
result fits no entry could not end. Specification: ``docs/spec/manifest.md``, "Capacity".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isqrt

from ..crypto.blind_rsa import PREFIX_SIZE
from ..crypto.discrete_log import MAX_RANGE
from ..crypto.embedding import width as embedding_width
from ..crypto.encoding import MAX_JSON_INTEGER
from ..errors import ManifestError
from ..records import DIGEST_SIZE, MAX_ENTRY_SIZE, record_type
from .contests import (
    ApprovalContest,
    Contest,
    LineContest,
    MarkContest,
    RankingContest,
    WriteInContest,
    is_mixed,
    is_summed,
)

_POINT = _SCALAR = _KEY = 32
#: Bytes of an entry around its body: the members' names, and a signature of 86 characters.
_ENVELOPE = len('{"body":,"signature":""}') + 86
#: The longest id. Shares are reckoned with it; they are smaller than ballots by far.
_LONGEST_ID = "x" * 64
#: Of an entry's bytes, what may be ciphertexts and proofs: base64 makes four of three, and a challenge's opening and
#: the credential's signatures want room too.
MAX_BALLOT_SIZE = MAX_ENTRY_SIZE // 2
#: The most ciphertexts that the branches over approvals' sums may name together. Each branch names every line, so that
#: the work on a ballot would grow with the square of its size.
MAX_SUM_TERMS = 2**16
#: The most outcomes that a result can have: lines times rules, of all contests. Real votes have some 50 lines and two
#: rules; 500 lines and 200 rules fit. Each is looked at by every verifier.
MAX_OUTCOMES = 100_000
#: The most bytes of a batch's attachment: its rows and the proof of its shuffle, of as many ballots as the capacity.
MAX_ATTACHMENT_SIZE = 2**28
#: Invalid lines, and texts, that a result lists of a contest of marks. All are counted, and the record has all of them.
MAX_INVALID, MAX_TEXTS = 100, 1000
#: The most steps that the search for all sums can take (:mod:`secretballot.crypto.discrete_log`): a minute on the
#: native backend, ten on the reference. 500 lines at three levels and blank need at most 65 717 500, whatever the
#: capacity; at eight levels, 11 464 500 with 500 voters and 4 004 000 with a million.
MAX_SEARCH_STEPS = 2**26


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


def num_ciphertexts(contest: Contest, capacity: int) -> int:
    """How many ciphertexts a contest has in a ballot."""
    if isinstance(contest, MarkContest):
        return mark_width(contest)
    return len(contest.line_ids()) * width(_choices(contest), capacity)


def mark_width(contest: MarkContest) -> int:
    """How many ciphertexts a whole mark takes: places of options, one byte each, or a text's bytes."""
    return embedding_width(contest.maximum if isinstance(contest, RankingContest) else contest.max_bytes)


def contest_size(contest: Contest, capacity: int) -> int:
    """The bytes of a contest's ciphertexts and proof in a ballot (``docs/spec/ballot.md``)."""
    if isinstance(contest, MarkContest):
        return mark_width(contest) * (2 * _POINT + _POINT + _SCALAR)
    choices = _choices(contest)
    own = width(choices, capacity)
    line = 2 * own * _POINT + _clause(choices, 2 * own, own)
    size = len(contest.line_ids()) * line
    if isinstance(contest, ApprovalContest):
        size += _clause(_totals(contest), 2, 1)
    return size


def attachment_size(contest: Contest, capacity: int) -> int:
    """The most bytes of a shuffle of one of the contest's batches (``docs/spec/mixing.md``); 0 if it is not mixed."""
    if not is_mixed(contest):
        return 0
    own = mark_width(contest) if isinstance(contest, MarkContest) else width(_choices(contest), capacity)
    return capacity * (2 * _POINT * own + 5 * _POINT) + (6 + 3 * own) * _POINT


def search_steps(contest: Contest, capacity: int) -> int:
    """The most giant steps that finding a contest's sums takes: for each ciphertext, the root of its range."""
    if isinstance(contest, MarkContest) or not is_summed(contest):
        return 0
    base, most = digit_base(capacity), digits_per_ciphertext(capacity)
    digits = _choices(contest) - 1
    full, rest = divmod(digits, most)
    line = full * _root(base**most) + (_root(base**rest) if rest else 0)
    return len(contest.line_ids()) * line


def _root(value: int) -> int:
    """The root of a number from 1, rounded up."""
    return isqrt(value - 1) + 1


def _choices(contest: LineContest) -> int:
    """The choices of a line, blank included where there is one."""
    choices = len(contest.count_names()) + 1
    if not isinstance(contest, ApprovalContest):
        choices -= not contest.allow_blank
    return choices


def _totals(contest: ApprovalContest) -> int:
    return contest.maximum - contest.minimum + 1 + (contest.allow_blank and contest.minimum > 0)


def _clause(branches: int, equations: int, scalars: int) -> int:
    return branches * equations * _POINT + (branches - 1 + branches * scalars) * _SCALAR


def entry_sizes(contests: Sequence[Contest], capacity: int, moduli: Sequence[int]) -> dict[str, int]:
    """The most bytes, by the kind of entry, that an entry of this election has, without its line feed.

    ``moduli`` are the bytes of the registrars' RSA moduli. A ballot's size is exact.
    """
    ciphertexts = {contest.id: num_ciphertexts(contest, capacity) for contest in contests}
    head = {"election": _blob(DIGEST_SIZE)}
    ballot = {
        "record": record_type("ballot"),
        **head,
        "credential": {"key": _blob(_KEY), "signatures": [_blob(PREFIX_SIZE + size) for size in moduli]},
        "contests": [
            {
                "id": contest.id,
                "ciphertexts": _blob(2 * _POINT * ciphertexts[contest.id]),
                "proof": _blob(contest_size(contest, capacity) - 2 * _POINT * ciphertexts[contest.id]),
            }
            for contest in contests
        ],
    }
    challenged = {
        "record": record_type("challenged-ballot"),
        **head,
        # Escaped by being a text within JSON.
        "ballot": _json(ballot),
        "openings": [
            {
                "id": contest.id,
                "choices": _longest_opening(contest),
                "randomness": _blob(_SCALAR * ciphertexts[contest.id]),
            }
            for contest in contests
        ],
    }
    total = sum(ciphertexts[contest.id] for contest in contests if is_summed(contest))
    share = {
        "record": record_type("decryption-share"),
        **head,
        "trustee": _LONGEST_ID,
        "basis": _blob(DIGEST_SIZE),
        "shares": _blob(_POINT * total),
        "proof": _blob(_POINT * (total + 1) + _SCALAR),
    }
    sizes = {
        "ballot": _ENVELOPE + len(_json(ballot)),
        "challenged-ballot": _ENVELOPE + len(_json(challenged)),
        "result": _ENVELOPE + _result_size(contests, capacity, head),
    }
    if total:
        sizes["decryption-share"] = _ENVELOPE + len(_json(share))
    batches = [
        {"contest": contest.id, "line": line, "digest": _blob(DIGEST_SIZE), "size": MAX_JSON_INTEGER}
        for contest in contests
        if is_mixed(contest)
        for line in (contest.line_ids() if isinstance(contest, LineContest) else [contest.id])
    ]
    if batches:
        mixed = {
            "record": record_type("mix-round"),
            **head,
            "mixer": _LONGEST_ID,
            "round": 255,
            "basis": _blob(DIGEST_SIZE),
        }
        sizes["mix-round"] = _ENVELOPE + len(_json({**mixed, "batches": batches}))
        # As long, but for the names of its members, which are longer than a round's.
        sizes["line-share"] = sizes["mix-round"] + len("trustee")
    return sizes


def _longest_opening(contest: Contest) -> list[int]:
    """What a challenge opens of a contest, where it takes the most digits."""
    match contest:
        case RankingContest():
            return [len(contest.options) - 1] * contest.maximum
        case WriteInContest():
            return [255] * contest.max_bytes
        case _:
            return [_choices(contest) - 1] * len(contest.line_ids())


def _result_size(contests: Sequence[Contest], capacity: int, head: Mapping[str, object]) -> int:
    """A result in which every count is the largest and every rule holds. Its lines are only counted, not made."""
    result = {
        "record": record_type("result"),
        **head,
        "collected": capacity,
        "roll": capacity,
        "below_minimum_group": False,
        "contests": [{"id": contest.id, "lines": []} for contest in contests],
    }
    return len(_json(result)) + sum(_contest_result_size(contest, capacity) for contest in contests)


def _contest_result_size(contest: Contest, capacity: int) -> int:
    """What a contest adds to a result."""
    if isinstance(contest, MarkContest):
        return _mark_result_size(contest)
    line = {
        "id": "",
        "counts": [capacity] * len(contest.count_names()),
        "blank": capacity,
        "outcomes": [rule.id for rule in contest.rules],
    }
    ids = contest.line_ids()
    return len('"kind":"lines",') + len(ids) * (len(_json(line)) + 1) + sum(map(len, ids))


def _mark_result_size(contest: MarkContest) -> int:
    """More than the result of a contest of marks ever has: what it lists is bounded, whatever the ballots."""
    size = 1000 + MAX_INVALID * 200
    if isinstance(contest, WriteInContest):
        # Quotation marks and backslashes are escaped.
        return size + MAX_TEXTS * (2 * contest.max_bytes + 60)
    options = len(contest.options)
    ids = sum(len(option.id) + 3 for option in contest.options)
    each = {
        "borda": options * 20,
        "irv": options * (options * 20 + 200),
        "stv": 2 * (options + 1) * (options * 20 + 300) + 3 * ids,
        "schulze": options * options * 20 + ids,
    }
    return size + sum(200 + each[method] for method in contest.methods)


def _blob(size: int) -> str:
    """A text as long as that many bytes in base64url."""
    return "A" * -(-4 * size // 3)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def check_sizes(contests: tuple[Contest, ...], capacity: int, moduli: Sequence[int]) -> None:
    """Raises ManifestError where a count, an entry or the work on them would be too large.

    ``moduli`` are the bytes of the registrars' RSA moduli.
    """
    if any(isinstance(contest, LineContest) for contest in contests):
        digits_per_ciphertext(capacity)
    size = sum(contest_size(contest, capacity) for contest in contests)
    if size > MAX_BALLOT_SIZE:
        raise ManifestError(
            f"a ballot would have {size} bytes, the most is {MAX_BALLOT_SIZE}",
            item=_largest(contests, capacity),
        )
    terms = outcomes = steps = 0
    for contest in contests:
        item = f"contest {contest.id}"
        if isinstance(contest, ApprovalContest):
            terms += _totals(contest) * len(contest.options)
        if isinstance(contest, LineContest):
            outcomes += len(contest.line_ids()) * len(contest.rules)
        steps += search_steps(contest, capacity)
        if terms > MAX_SUM_TERMS:
            raise ManifestError("too many different numbers of too many options may be approved", item=item)
        if outcomes > MAX_OUTCOMES:
            raise ManifestError(
                f"too many rules for too many lines: more than {MAX_OUTCOMES} outcomes", item=item
            )
        if steps > MAX_SEARCH_STEPS:
            raise ManifestError(
                f"the counts would take more than {MAX_SEARCH_STEPS} steps to find; "
                "a larger capacity, whose digits are fewer to a sum, takes less",
                item=item,
            )
    for contest in contests:
        size = attachment_size(contest, capacity)
        if size > MAX_ATTACHMENT_SIZE:
            raise ManifestError(
                f"a shuffle would have up to {size} bytes, the most is {MAX_ATTACHMENT_SIZE}",
                item=f"contest {contest.id}",
            )
    for kind, size in entry_sizes(contests, capacity, moduli).items():
        if size > MAX_ENTRY_SIZE:
            measure = _contest_result_size if kind == "result" else contest_size
            item = f"contest {max(contests, key=lambda one: measure(one, capacity)).id}"
            raise ManifestError(
                f"a {kind} would have up to {size} bytes, the most is {MAX_ENTRY_SIZE}", item=item
            )


def _largest(contests: Sequence[Contest], capacity: int) -> str:
    return f"contest {max(contests, key=lambda contest: contest_size(contest, capacity)).id}"
