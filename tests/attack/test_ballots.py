"""What a voter, or somebody with a voter's ballot, may try: all of it is refused by the board and found in a record."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence

import pytest

from secretballot.ballot.checks import check_openings
from secretballot.ballot.contest_kinds import ContestPlan, plan_contest
from secretballot.ballot.contest_kinds.plan import _branch
from secretballot.ballot.context import BallotContext
from secretballot.ballot.records import Ballot, BallotContest, ChallengedBallot, code_of
from secretballot.board.board import Board
from secretballot.crypto.group import ristretto255
from secretballot.crypto.signing import SigningKey
from secretballot.errors import (
    BallotError,
    DuplicateError,
    InvalidSignatureError,
    PhaseError,
    SecretBallotError,
)
from secretballot.records import parse_entry, sign_body, sign_record
from secretballot.testing import Simulation
from secretballot.testing.tamper.by_devices import resigned
from secretballot.verify import Verdict

from ..support import elections
from .accomplices import BALLOTS, CHALLENGE, CONTESTS, TALLY, Held, failed, findings, named, selection

#: The ballot of voter 2, who votes once.
PLACE = 18
BAD_POINTS = {
    "identity": bytes(32),
    "all ones": b"\xff" * 32,
    "negative": b"\x01" + bytes(31),
    "not below the prime": (2**255 - 19).to_bytes(32, "little"),
    "not on the curve": b"\x06" + bytes(31),
    "the generator with its high bit": ristretto255.generator.encode()[:31]
    + bytes([ristretto255.generator.encode()[31] | 0x80]),
}
ORDER = ristretto255.order

pytestmark = pytest.mark.usefixtures("remembered")


def check_refused(held: Held, raw: bytes, *rules: str, place: int = PLACE) -> None:
    """The board refuses the entry with a typed error; in a record it is found under one of the rules, though everybody
    after it colludes."""
    board = held.board_at(place)
    with pytest.raises(SecretBallotError):
        board.submit(raw)
    assert board.state.size == place
    report = held.shown(place, raw)
    assert report.verdict is Verdict.FAILED
    assert failed(report) & set(rules), findings(report)
    assert named(report, place), findings(report)


def contests_of(held: Held, place: int = PLACE) -> list[BallotContest]:
    ballot = held.record(place)
    assert isinstance(ballot, Ballot)
    return list(ballot.contests)


def with_contests(held: Held, contests: Sequence[BallotContest]) -> bytes:
    return held.updated(PLACE, contests=tuple(contests))


# Copies.


def test_a_ballot_copied_under_another_credential(held: Held) -> None:
    """Voter 2 does not know what voter 1 chose, and wants to choose the same."""
    for place in (17, CHALLENGE):
        record = held.record(place)
        ballot = Ballot.from_body(record.ballot.encode()) if isinstance(record, ChallengedBallot) else record
        assert isinstance(ballot, Ballot)
        check_refused(held, with_contests(held, ballot.contests), "B2")
        check_refused(held, with_contests(held, [ballot.contests[0], contests_of(held)[1]]), "B2")


@pytest.mark.parametrize("member", ["ciphertexts", "proof"])
@pytest.mark.parametrize("contest", [0, 1])
def test_half_a_contest_copied(held: Held, member: str, contest: int) -> None:
    contests = contests_of(held)
    other = contests_of(held, 17)[contest]
    contests[contest] = contests[contest].model_copy(update={member: getattr(other, member)})
    check_refused(held, with_contests(held, contests), "B2")


def test_a_ballot_key_exchanged(held: Held) -> None:
    """The ballot as it is, cast with another credential: by its owner, and by whoever has no credential."""
    ballot = held.record(PLACE)
    other = held.record(17)
    assert isinstance(ballot, Ballot)
    assert isinstance(other, Ballot)
    check_refused(
        held, sign_record(ballot.model_copy(update={"credential": other.credential}), held.key(17)), "B2"
    )
    stranger = SigningKey.generate()
    credential = ballot.credential.model_copy(update={"key": stranger.verify_key.data})
    check_refused(held, sign_record(ballot.model_copy(update={"credential": credential}), stranger), "C2")
    check_refused(held, sign_record(ballot, stranger), "L4")


def test_a_ciphertext_made_fresh_under_the_old_proof(held: Held) -> None:
    """Re-encryption hides where a ciphertext came from, and proves nothing."""
    key = held.log(PLACE).context.key.element
    contests = contests_of(held)
    points = ristretto255.decode_elements(contests[0].ciphertexts)
    r = ristretto255.random_scalar()
    fresh = [points[0] + ristretto255.generator * r, points[1] + key * r, *points[2:]]
    contests[0] = contests[0].model_copy(update={"ciphertexts": ristretto255.encode_elements(fresh)})
    check_refused(held, with_contests(held, contests), "B2")


@pytest.fixture(scope="module")
def twins() -> Simulation:
    """Two contests that differ in nothing but their id."""
    return elections.voting((elections.rating("first"), elections.rating("second")), 1)


def test_equal_contests_of_one_ballot_exchanged(twins: Simulation) -> None:
    choices = {"first": {"an": "high", "binh": "low"}, "second": {"an": "low", "binh": "low"}}
    body = parse_entry(twins.seal(0, choices).cast()).body
    ballot = Ballot.from_body(body)
    first, second = ballot.contests
    key = twins.holders[0].signing_key
    swapped = (second.model_copy(update={"id": "first"}), first.model_copy(update={"id": "second"}))
    size = twins.log.size
    for contests, what in (
        (swapped, "does not verify"),
        ((first, first.model_copy(update={"id": "second"})), "does not verify"),
        ((second, first), "in its order"),
        ((first, first), "in its order"),
        ((first,), "in its order"),
        ((first, second, second), "in its order"),
        ((first, second.model_copy(update={"id": "s\u0435cond"})), "an id has 1 to 64 of"),
        ((first, second.model_copy(update={"id": "second\n"})), "an id has 1 to 64 of"),
    ):
        with pytest.raises(SecretBallotError, match=what):
            twins.board.submit(sign_record(ballot.model_copy(update={"contests": contests}), key))
    assert twins.log.size == size
    twins.board.submit(sign_body(body, key))


def test_lines_of_one_contest_exchanged(held: Held) -> None:
    contests = contests_of(held)
    for place, contest in enumerate(contests):
        lines = contest.ciphertexts[64:128] + contest.ciphertexts[:64]
        changed = [*contests]
        changed[place] = contest.model_copy(update={"ciphertexts": lines})
        check_refused(held, with_contests(held, changed), "B2")
        changed[place] = contest.model_copy(update={"ciphertexts": contest.ciphertexts[:64] * 2})
        check_refused(held, with_contests(held, changed), "B2")


# Ballots that say what no ballot may.


def cheating(plan: ContestPlan, weights: Callable[[int], int], *, own_statement: bool) -> ContestPlan:
    """A plan whose choices weigh something else. With ``own_statement`` the proof is a good one, of a statement that
    nobody asked for; without, it is over the right statement, which is false."""
    changed = copy.copy(plan)
    lines = []
    for line in plan.lines:
        mine = tuple(tuple(weights(w) % ORDER for w in choice) for choice in line.weights)
        shapes = tuple(map(_branch, mine)) if own_statement else line.shapes
        lines.append(line._replace(weights=mine, shapes=shapes))
    changed.lines = tuple(lines)
    return changed


def context_with(held: Held, place: int, plan: ContestPlan) -> BallotContext:
    context = copy.copy(held.log(PLACE).context)
    context.plans = (*context.plans[:place], plan, *context.plans[place + 1 :])
    return context


@pytest.mark.parametrize("own_statement", [True, False], ids=["another statement", "a false statement"])
@pytest.mark.parametrize(
    "weights",
    [lambda w: -w, lambda w: 2 * w, lambda w: w + 1, lambda w: w * 5, lambda w: w - 1],
    ids=["negative", "double", "one too many", "the next digit", "one too few"],
)
@pytest.mark.parametrize("contest", [0, 1])
def test_marks_of_another_weight(
    held: Held, contest: int, weights: Callable[[int], int], own_statement: bool
) -> None:
    plan = cheating(held.log(PLACE).context.plans[contest], weights, own_statement=own_statement)
    device = held.device(2, context_with(held, contest, plan))
    check_refused(held, device.seal(selection("high", "low", "hoa")).cast(), "B2")


def approving(held: Held, minimum: int, maximum: int) -> ContestPlan:
    other = CONTESTS[1].model_copy(update={"minimum": minimum, "maximum": maximum})
    return plan_contest(other, held.simulation.manifest.capacity)


def test_more_approved_than_may_be(held: Held) -> None:
    """One of two may be approved, or none. A proof of as many branches, that one or two are, is of another statement;
    and so is one of the right sums over lines that are left out."""
    device = held.device(2, context_with(held, 1, approving(held, 1, 2)))
    check_refused(held, device.seal(selection("high", "low", "giang", "hoa")).cast(), "B2")
    check_refused(held, device.seal(selection("high", "low", "giang")).cast(), "B2")
    # The right statement, though the sum is 2: the false branch is taken for the true one.
    honest = approving(held, 0, 1)
    wide = approving(held, 0, 2)

    class Lying(type(honest)):  # type: ignore[misc]
        def choices(self, selection: object) -> list[int]:
            return wide.choices(selection)

        def sum_branch(self, choices: Sequence[int]) -> int:
            return 1

    lying = copy.copy(honest)
    lying.__class__ = Lying
    device = held.device(2, context_with(held, 1, lying))
    check_refused(held, device.seal(selection("high", "low", "giang", "hoa")).cast(), "B2")


def test_the_sums_clause_left_out(held: Held) -> None:
    """The clauses of the lines alone, as a proof of their own: each line is well-formed, the sum is not."""
    honest = approving(held, 0, 1)
    wide = approving(held, 0, 2)

    class Silent(type(honest)):  # type: ignore[misc]
        def choices(self, selection: object) -> list[int]:
            return wide.choices(selection)

        def sum_shapes(self) -> tuple[object, ...]:
            return ()

    silent = copy.copy(honest)
    silent.__class__ = Silent
    device = held.device(2, context_with(held, 1, silent))
    raw = device.seal(selection("high", "low", "giang", "hoa")).cast()
    check_refused(held, raw, "B2")
    # Filled up with the end of an honest proof.
    ballot = Ballot.from_body(parse_entry(raw).body)
    proof = ballot.contests[1].proof
    whole = contests_of(held)[1].proof
    filled = ballot.contests[1].model_copy(update={"proof": proof + whole[len(proof) :]})
    check_refused(held, with_contests(held, [ballot.contests[0], filled]), "B2")


def test_a_ballot_for_another_key_or_another_election(held: Held, foreign: Held) -> None:
    """To another election's key, to a key of the attacker's own, and for another election."""
    choices = selection("high", "low", "hoa")
    mine = ristretto255.multiply_generator(ristretto255.random_scalar())
    for key in (foreign.log(PLACE).context.key.element, mine, -held.log(PLACE).context.key.element):
        context = BallotContext(held.simulation.election, key)
        check_refused(held, held.device(2, context).seal(choices).cast(), "B2")
    device = held.device(2, foreign.log(PLACE).context)
    raw = device.seal(choices).cast()
    check_refused(held, raw, "L2")
    # With the election's id put right.
    body = Ballot.from_body(parse_entry(raw).body).model_copy(
        update={"election": held.simulation.election.id}
    )
    check_refused(held, sign_record(body, held.key(PLACE)), "B2")


# Points and scalars.


def places(data: bytes, size: int) -> Iterator[int]:
    """The first and last element of each kind of place, and one within."""
    yield from {0, 32, (size // 64) * 32, size - 32} & set(range(0, len(data), 32))


@pytest.mark.parametrize("point", BAD_POINTS.values(), ids=BAD_POINTS.keys())
@pytest.mark.parametrize("member", ["ciphertexts", "proof"])
def test_points_that_are_none(held: Held, member: str, point: bytes) -> None:
    contests = contests_of(held)
    data = getattr(contests[0], member)
    # Of the proof, commitments: two equations in each of two branches of two lines.
    for at in places(data, len(data) if member == "ciphertexts" else 8 * 32):
        contests[0] = contests[0].model_copy(update={member: data[:at] + point + data[at + 32 :]})
        check_refused(held, with_contests(held, contests), "B1", "B2")


def test_scalars_that_are_not_reduced(held: Held) -> None:
    """Every challenge and response of a proof, with the order added: the same number, other bytes."""
    for place, contest in enumerate(contests_of(held)):
        commitments = 32 * (8 if place == 0 else 12)
        for at in range(commitments, len(contest.proof), 32):
            value = int.from_bytes(contest.proof[at : at + 32], "little") + ORDER
            proof = contest.proof[:at] + value.to_bytes(32, "little") + contest.proof[at + 32 :]
            contests = contests_of(held)
            contests[place] = contest.model_copy(update={"proof": proof})
            with pytest.raises(BallotError, match="not below the group's order"):
                held.board_at(PLACE).submit(with_contests(held, contests))
    check_refused(held, with_contests(held, contests), "B2")


def test_proofs_of_another_length(held: Held) -> None:
    contest = contests_of(held)[0]
    for proof in (
        b"",
        contest.proof[:-1],
        contest.proof[:-32],
        contest.proof + b"\0",
        contest.proof + bytes(32),
        b"\0" + contest.proof,
        contest.proof * 2,
    ):
        changed = contest.model_copy(update={"proof": proof})
        check_refused(held, with_contests(held, [changed, contests_of(held)[1]]), "B2")
    for ciphertexts in (b"", contest.ciphertexts[:-1], contest.ciphertexts[:64], contest.ciphertexts * 2):
        changed = contest.model_copy(update={"ciphertexts": ciphertexts})
        check_refused(held, with_contests(held, [changed, contests_of(held)[1]]), "B1")


def test_challenges_moved_between_branches(held: Held) -> None:
    """The branches' challenges add up to the hash: moving one from branch to branch keeps the sum and nothing else."""
    contest = contests_of(held)[0]
    at = 8 * 32
    value = (int.from_bytes(contest.proof[at : at + 32], "little") + 1) % ORDER
    proof = contest.proof[:at] + value.to_bytes(32, "little") + contest.proof[at + 32 :]
    check_refused(
        held, with_contests(held, [contest.model_copy(update={"proof": proof}), contests_of(held)[1]]), "B2"
    )


def test_a_ballot_negated(held: Held) -> None:
    """Every point replaced by its inverse, ciphertexts and commitments alike: a vote that takes one away."""
    contests = []
    for place, contest in enumerate(contests_of(held)):
        commitments = 32 * (8 if place == 0 else 12)
        proof = negated(contest.proof[:commitments]) + contest.proof[commitments:]
        contests.append(
            contest.model_copy(update={"ciphertexts": negated(contest.ciphertexts), "proof": proof})
        )
    check_refused(held, with_contests(held, contests), "B2")


def negated(data: bytes) -> bytes:
    return ristretto255.encode_elements([-element for element in ristretto255.decode_elements(data)])


# Casting and challenging.


def signed_again(held: Held, place: int) -> bytes:
    """The entry under another good signature."""
    again = resigned(held.key(place), parse_entry(held.entries[place]).body)
    parse_entry(again).verify(held.key(place).verify_key.data)
    assert again != held.entries[place]
    return again


def test_an_older_ballot_played_again(held: Held) -> None:
    """Voter 0 voted again, and the last counts. The first ballot comes back, as it was and under a new signature."""
    first, last = BALLOTS[0], BALLOTS[-1]
    counts = elections.counts_of(held.log(len(held.entries)).compute_result())
    assert counts["officials"] == {"an": ((2, 1), 0), "binh": ((1, 2), 0)}
    assert counts["committee"] == {"giang": ((0,), 3), "hoa": ((2,), 1)}
    board = held.board_at(last + 1)
    receipt = board.submit(held.entries[first])
    assert f"\nindex {first}\n" in receipt
    assert board.state.size == last + 1
    with pytest.raises(DuplicateError, match=f"entry {first}"):
        board.submit(signed_again(held, first))
    for raw in (held.entries[first], signed_again(held, first)):
        report = held.shown(last, held.entries[last], raw)
        assert report.verdict is Verdict.FAILED
        assert failed(report) == {"B3"}
        assert named(report, last + 1)


def test_one_code_for_two_voters(held: Held) -> None:
    """Clash: a device hands the ballot of one voter to the next. The log has it once, whoever sends it how often."""
    board = held.board_at(PLACE + 1)
    receipts = {board.submit(held.entries[PLACE]) for _ in range(3)}
    assert len(receipts) == 1
    assert board.state.size == PLACE + 1
    codes = {code_of(parse_entry(held.entries[place]).body) for place in BALLOTS}
    assert len(codes) == len(BALLOTS)
    report = held.shown(PLACE, held.entries[PLACE], signed_again(held, PLACE))
    assert failed(report) == {"B3"}
    # The one who was given it has no ballot in the log: one credential votes less than were issued.
    assert report.ballots_counted == 3


def test_a_ballot_is_cast_or_opened_and_never_both(held: Held) -> None:
    challenged = held.record(CHALLENGE)
    assert isinstance(challenged, ChallengedBallot)
    cast = sign_body(challenged.ballot.encode(), held.key(CHALLENGE))
    board = held.board_at(CHALLENGE + 1)
    with pytest.raises(DuplicateError, match="challenged"):
        board.submit(cast)
    report = held.shown(CHALLENGE + 1, cast)
    assert failed(report) == {"B3"}
    # The other way round: a ballot that was cast is opened, by a device that kept its randomness.
    board = held.board_at(CHALLENGE)
    board.submit(cast)
    with pytest.raises(DuplicateError, match="is not to be opened"):
        board.submit(held.entries[CHALLENGE])
    report = held.shown(CHALLENGE, cast, held.entries[CHALLENGE])
    assert failed(report) == {"H2"}
    # Opened twice.
    report = held.shown(CHALLENGE, held.entries[CHALLENGE], signed_again(held, CHALLENGE))
    assert failed(report) == {"H2"}


def test_the_board_casts_a_ballot_that_was_challenged(held: Held) -> None:
    """It knows the body, and every signature that the ballot key ever made; none of them casts it."""
    challenged = held.record(CHALLENGE)
    assert isinstance(challenged, ChallengedBallot)
    body = challenged.ballot.encode()
    for place in (CHALLENGE, 17):
        signature = held.entries[place][-(86 + 2) :]
        raw = b'{"body":' + body + b',"signature":"' + signature
        with pytest.raises(InvalidSignatureError):
            held.board_at(CHALLENGE).submit(raw)
        report = held.shown(CHALLENGE, raw)
        assert failed(report) == {"L4"}


def test_a_challenge_that_lies(held: Held, foreign: Held) -> None:
    """The device encrypted something else than it shows; or opens in a form of its own."""
    record = held.record(CHALLENGE)
    assert isinstance(record, ChallengedBallot)
    officials, committee = record.openings
    r = officials.randomness
    zero = bytes(32)
    raised = (int.from_bytes(r[:32], "little") + ORDER).to_bytes(32, "little")
    openings = {
        "other marks": (officials.model_copy(update={"choices": (0, 1)}), committee),
        "a mark that is none": (officials.model_copy(update={"choices": (0, 2)}), committee),
        "marks too few": (officials.model_copy(update={"choices": (1,)}), committee),
        "marks too many": (officials.model_copy(update={"choices": (1, 1, 1)}), committee),
        "two approved": (officials, committee.model_copy(update={"choices": (1, 1)})),
        "randomness exchanged": (officials.model_copy(update={"randomness": r[32:] + r[:32]}), committee),
        "randomness of zero": (officials.model_copy(update={"randomness": zero + r[32:]}), committee),
        "randomness above the order": (
            officials.model_copy(update={"randomness": raised + r[32:]}),
            committee,
        ),
        "randomness too short": (officials.model_copy(update={"randomness": r[:-1]}), committee),
        "randomness too long": (officials.model_copy(update={"randomness": r + zero}), committee),
        "no randomness": (officials.model_copy(update={"randomness": b""}), committee),
        "contests exchanged": (committee, officials),
        "one contest": (officials,),
        "one contest twice": (officials, committee, committee),
        "another election's": foreign.record(CHALLENGE).openings,  # type: ignore[attr-defined]
    }
    for name, changed in openings.items():
        raw = held.updated(CHALLENGE, openings=changed)
        with pytest.raises(BallotError):
            held.board_at(CHALLENGE).submit(raw)
        report = held.shown(CHALLENGE, raw)
        assert failed(report) == {"H1"}, (name, findings(report))
    context = held.log(CHALLENGE).context
    with pytest.raises(BallotError, match="not the manifest's contests"):
        check_openings(context, Ballot.from_body(record.ballot.encode()), ())


def test_a_challenge_of_somebody_elses_ballot(held: Held) -> None:
    """Nobody can open or spoil a ballot without its ballot key."""
    report = held.shown(
        CHALLENGE, sign_record(held.record(CHALLENGE), held.simulation.holders[0].signing_key)
    )
    assert failed(report) == {"L4"}


@pytest.mark.parametrize("stop", [1, 10, 11, 14, 21, 23, 24])
def test_a_ballot_before_voting_opens_or_after_it_closes(held: Held, stop: int) -> None:
    """Under a good credential; the board refuses it, and a board that does not is found."""
    raw = held.entries[PLACE]
    # With shares of its own: the board proves anew those that its store holds.
    entries = held.collude([entry for entry in held.entries[:TALLY] if entry != raw])
    stop -= stop > PLACE
    board = Board(elections.store_of(entries[:stop]), held.simulation.board_keys, type(held.log(0))())
    for late in (raw, held.entries[CHALLENGE]) if stop < CHALLENGE else (raw,):
        with pytest.raises(PhaseError):
            board.submit(late)
    report = held.verify([*entries[:stop], raw, *entries[stop:]])
    assert "L3" in failed(report)
    assert named(report, stop)


def test_a_voters_own_ballots_may_be_recombined_by_nobody_else(held: Held) -> None:
    """Proofs are bound to the ballot key and not to the ballot: the owner may vote in one contest as before, and the
    board, who has all of the parts, cannot sign them."""
    first, last = contests_of(held, BALLOTS[0]), contests_of(held, BALLOTS[-1])
    raw = held.updated(BALLOTS[-1], contests=(first[0], last[1]))
    assert held.shown(BALLOTS[-1], raw).verdict is Verdict.VERIFIED
    body = parse_entry(raw).body
    for place in (BALLOTS[0], BALLOTS[-1]):
        forged = b'{"body":' + body + b',"signature":"' + held.entries[place][-88:]
        assert failed(held.shown(BALLOTS[-1], forged)) == {"L4"}
