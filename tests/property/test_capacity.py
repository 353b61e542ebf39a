"""What a manifest reckons of its entries is what they have, or more; the limits refuse what could not end."""

from __future__ import annotations

from collections.abc import Sequence
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from secretballot.ballot.contest_kinds import plan_contest
from secretballot.ballot.records import Ballot, BallotContest, ChallengedBallot, ContestOpening
from secretballot.credential.records import Credential
from secretballot.crypto.signing import SigningKey
from secretballot.errors import ManifestError
from secretballot.manifest import Contest, capacity
from secretballot.records import Record, parse_entry, sign_record
from secretballot.tally.records import ContestResult, DecryptionShare, LineResult, Result
from secretballot.testing.strategies import LINES, contest_lists

from ..support import elections
from .test_contest_kinds import CAPACITIES, contests

KEY = SigningKey.generate()
#: Contests that are added up, with long and short ids, and rules.
WHOLE = contest_lists(kinds=LINES, tallies=["homomorphic"], max_contests=4)


def entry_size(record: Record) -> int:
    return len(sign_record(record, KEY))


def real_sizes(made: Sequence[Contest], ballots: int, moduli: Sequence[int]) -> dict[str, int]:
    """The sizes of entries that are made from the plans which devices and trustees use."""
    plans = [plan_contest(contest, ballots) for contest in made]
    election = bytes(32)
    ballot = Ballot(
        election=election,
        credential=Credential(key=bytes(32), signatures=tuple(bytes(32 + size) for size in moduli)),
        contests=tuple(
            BallotContest(
                id=plan.id,
                ciphertexts=bytes(64 * plan.num_ciphertexts),
                proof=bytes(plan.form.proof_size),
            )
            for plan in plans
        ),
    )
    openings = tuple(
        ContestOpening(
            id=plan.id,
            choices=tuple(len(line.weights) - 1 for line in plan.lines),
            randomness=bytes(32 * plan.num_ciphertexts),
        )
        for plan in plans
    )
    challenged = ChallengedBallot(election=election, ballot=ballot.to_body().decode(), openings=openings)
    total = sum(plan.num_ciphertexts for plan in plans)
    share = DecryptionShare(
        election=election,
        trustee="t" * 64,
        basis=bytes(32),
        shares=bytes(32 * total),
        proof=bytes(32 * (total + 2)),
    )
    results = []
    for contest in made:
        counts = (ballots,) * len(contest.count_names())
        rules = tuple(rule.id for rule in contest.rules)
        results.append(
            ContestResult(
                id=contest.id,
                lines=tuple(
                    LineResult(id=line, counts=counts, blank=ballots, outcomes=rules)
                    for line in contest.line_ids()
                ),
            )
        )
    result = Result(
        election=election,
        collected=ballots,
        roll=ballots,
        below_minimum_group=False,
        contests=tuple(results),
    )
    return {
        "ballot": entry_size(ballot),
        "challenged-ballot": entry_size(challenged),
        "decryption-share": entry_size(share),
        "result": entry_size(result),
    }


@given(WHOLE, CAPACITIES, st.lists(st.sampled_from([384, 512]), min_size=1, max_size=4))
def test_the_entries_that_are_reckoned_are_those_that_are_made(
    made: tuple[Contest, ...], ballots: int, moduli: list[int]
) -> None:
    reckoned = capacity.entry_sizes(made, ballots, moduli)
    real = real_sizes(made, ballots, moduli)
    assert reckoned["ballot"] == real["ballot"]
    assert reckoned["challenged-ballot"] == real["challenged-ballot"]
    assert reckoned["decryption-share"] == real["decryption-share"]
    # A comma too many after the last line of each contest.
    assert real["result"] <= reckoned["result"] <= real["result"] + len(made)


@given(WHOLE, CAPACITIES)
def test_what_fits_is_accepted_and_what_does_not_is_refused(made: tuple[Contest, ...], ballots: int) -> None:
    largest = max(real_sizes(made, ballots, [384]).values())
    for limit, good in ((largest + len(made), True), (largest - 1, False)):
        with patch.object(capacity, "MAX_ENTRY_SIZE", limit):
            try:
                capacity.check_sizes(made, ballots, [384])
                assert good
            except ManifestError:
                assert not good


@given(contests(), CAPACITIES)
def test_the_steps_that_are_reckoned_are_those_of_the_plan(contest: Contest, ballots: int) -> None:
    plan = plan_contest(contest, ballots)
    steps = 0
    for digits in plan.digits:
        root = round((plan.base**digits) ** 0.5)
        steps += root + (root * root < plan.base**digits)
    assert capacity.search_steps(contest, ballots) == steps * len(plan.lines)


def test_no_entry_of_an_election_is_larger_than_reckoned(finished: elections.Finished) -> None:
    manifest = finished.simulation.manifest
    moduli = [registrar.public_key().modulus_bytes for registrar in manifest.registrars]
    reckoned = capacity.entry_sizes(manifest.contests, manifest.capacity, moduli)
    seen = set()
    for raw in finished.entries:
        kind = parse_entry(raw).kind
        if kind in reckoned:
            seen.add(kind)
            assert len(raw) <= reckoned[kind] <= len(raw) + 200
    assert seen == set(reckoned)
