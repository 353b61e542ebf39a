"""The tally: which ballots count, whose shares decrypt, what is refused and whose fault it is, and the counts."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from secretballot.ballot.contest_kinds import plan_election
from secretballot.crypto.elgamal import Ciphertext, EncryptionKey
from secretballot.crypto.encoding import b64encode
from secretballot.crypto.group import ristretto255
from secretballot.errors import ArgumentError, DuplicateError, PhaseError, TallyError
from secretballot.manifest import Election
from secretballot.records import parse_entry
from secretballot.tally import DecryptionShare, ElectionLog, LineResult, Result
from secretballot.tally.checks import check_share
from secretballot.tally.encrypted import EncryptedTally, RunningTally
from secretballot.tally.result import count
from secretballot.tally.trustee import DecryptingTrustee
from secretballot.testing import Simulation
from secretballot.verify import Verdict

from ..support import elections


def chair(option: str | None) -> dict[str, Any]:
    return {"chair": option}


def closed(*ballots: dict[str, Any], **rest: Any) -> Simulation:
    """Voting is closed; nothing is decrypted."""
    simulation = elections.voting([elections.choice()], max(1, len(ballots)), **rest)
    simulation.vote(ballots)
    simulation.close_voting()
    return simulation


def share_of(simulation: Simulation, place: int) -> bytes:
    return DecryptingTrustee(simulation.key_holders[place]).decrypt(simulation.log.tally)


@pytest.fixture(scope="module")
def two() -> Simulation:
    """Two ballots of three, closed. Tests submit nothing to it: they use boards of their own."""
    return closed(chair("chi"), chair("em"))


def board_of(simulation: Simulation) -> Simulation:
    """The same election on a board and a log of its own."""
    same = object.__new__(Simulation)
    same.__dict__.update(simulation.__dict__)
    same.store = elections.store_of(list(simulation.store.entries()))
    same.log = ElectionLog()
    same.board = elections.Board(same.store, same.board_keys, same.log)
    return same


# Which ballots count.


@pytest.mark.parametrize(
    ("revoting", "counted", "replaced"),
    [("last", ["em", "em", "chi"], [0, 1, 3]), ("first", ["chi", "dung", "chi"], [3, 4, 5])],
)
def test_revoting(revoting: str, counted: list[str], replaced: list[int]) -> None:
    simulation = elections.voting([elections.choice()], 3, revoting=revoting)
    first = simulation.log.size
    for voter, option in ((0, "chi"), (1, "dung"), (2, "chi"), (0, "dung"), (0, "em"), (1, "em")):
        simulation.board.submit(simulation.seal(voter, chair(option)).cast())
        assert simulation.log.running is not None
    result = simulation.tally()
    assert result.collected == 3
    expected = elections.plain_count(simulation.manifest.contests, [chair(one) for one in counted])
    assert elections.counts_of(result) == expected
    assert simulation.log.running is not None
    assert sorted(place - first for place in simulation.log.running.replaced) == replaced
    assert elections.verify(simulation, list(simulation.store.entries())).verdict is Verdict.VERIFIED


def test_a_challenged_ballot_never_counts() -> None:
    simulation = elections.voting([elections.choice()], 2)
    simulation.board.submit(simulation.seal(1, chair("em")).challenge())
    simulation.vote([chair("chi")], challenge_every=1)
    result = simulation.tally()
    assert elections.counts_of(result) == {"chair": {"chair": ((1, 0, 0), 0)}}


def test_sums_are_of_the_counting_ballots_alone(two: Simulation) -> None:
    key = EncryptionKey(ristretto255, ristretto255.multiply_generator(ristretto255.scalar(9)))

    def encrypted(value: int) -> Ciphertext:
        return key.encrypt(ristretto255.scalar(value), ristretto255.random_scalar())

    def plain(tally: EncryptedTally) -> object:
        (ciphertext,) = tally.ciphertexts
        return ciphertext.data - ciphertext.pad * ristretto255.scalar(9)

    one, other, again = encrypted(1), encrypted(20), encrypted(300)
    for revoting, total, replaced, together in (
        ("last", 320, [4], 1),
        ("last", 320, [4], 3),
        ("first", 21, [6], 1),
        ("first", 21, [6], 3),
    ):
        manifest = two.manifest.model_copy(update={"revoting": revoting})
        election = Election.from_manifest(manifest)
        running = RunningTally(election, plan_election(election))
        assert running.close(b"").ciphertexts == ()
        for voter, index, ballot in ((b"a", 4, one), (b"b", 5, other), (b"a", 6, again)):
            running.count(voter, index, ristretto255.encode_elements(ballot))
            if together == 1:
                running.add(ballot)
        if together == 3:  # As a shard's sum.
            running.add([one.pad + other.pad + again.pad, one.data + other.data + again.data])
        assert running.ballots == 2
        assert running.replaced == replaced
        tally = running.close(b"root")
        assert (tally.ballots, tally.root) == (2, b"root")
        assert plain(tally) == ristretto255.multiply_generator(ristretto255.scalar(total))


# Who decrypts.


@pytest.mark.parametrize("absent", [[], [0], [1], [2]])
def test_any_quorum_of_trustees(two: Simulation, absent: list[int]) -> None:
    simulation = board_of(two)
    for place in {0, 1, 2} - set(absent):
        simulation.board.submit(share_of(simulation, place))
    result = simulation.log.compute_result()
    assert elections.counts_of(result) == {"chair": {"chair": ((1, 0, 1), 0)}}
    simulation.board.submit(simulation.authority.publish(result))
    assert simulation.log.phase == "closed"
    assert elections.verify(simulation, list(simulation.store.entries())).verdict is Verdict.VERIFIED


def test_fewer_than_a_quorum_give_no_result(two: Simulation, finished: elections.Finished) -> None:
    simulation = board_of(two)
    simulation.board.submit(share_of(simulation, 1))
    with pytest.raises(TallyError, match="2 decryption shares are needed, there are 1"):
        simulation.log.compute_result()
    full = board_of(two)
    for place in (0, 1):
        full.board.submit(share_of(full, place))
    with pytest.raises(TallyError, match="2 decryption shares are needed, there are 1"):
        simulation.board.submit(full.authority.publish(full.log.compute_result()))
    assert simulation.log.phase == "tally"
    with pytest.raises(TallyError, match="2 decryption shares are needed, there are 0"):
        count(finished.simulation.election, (), finished.simulation.log.tally, {})


def test_the_simulation_says_so_too() -> None:
    simulation = elections.voting([elections.choice()], 1)
    simulation.vote([chair("chi")])
    with pytest.raises(TallyError, match="2 decryption shares are needed, there are 1"):
        simulation.tally(absent=[0, 2])


def test_a_trustee_posts_one_share(two: Simulation) -> None:
    simulation = board_of(two)
    simulation.board.submit(share_of(simulation, 1))
    # The same share under another proof: the trustee was started again, and nobody is at fault.
    with pytest.raises(DuplicateError, match="this share of trustee trustee-2 was posted before") as caught:
        simulation.board.submit(share_of(simulation, 1))
    assert caught.value.culprit is None
    other = resigned(simulation, 1, **off_by_generator(simulation))
    with pytest.raises(DuplicateError, match="another share was posted before") as caught:
        simulation.board.submit(other)
    assert caught.value.culprit == "trustee trustee-2"


# Wrong shares.


def resigned(simulation: Simulation, place: int, **members: str) -> bytes:
    """A trustee's share with members changed, under the trustee's own signature."""
    key = simulation.trustees[place]._signing
    return elections.rewrite(share_of(simulation, place), key, lambda body: body.update(members))


def members(entry: bytes) -> dict[str, str]:
    body: dict[str, str] = json.loads(parse_entry(entry).body)
    return body


def off_by_generator(simulation: Simulation) -> dict[str, str]:
    share = DecryptionShare.from_body(parse_entry(share_of(simulation, 1)).body)
    elements = ristretto255.decode_elements(share.shares)
    return {"shares": b64encode((elements[0] + ristretto255.generator).encode() + share.shares[32:])}


WRONG: dict[str, Callable[[Simulation], dict[str, str]]] = {
    "another element": off_by_generator,
    "another trustee's": lambda s: {k: members(share_of(s, 0))[k] for k in ("shares", "proof")},
    "another proof of the same": lambda s: {"proof": members(share_of(s, 0))["proof"]},
    "an earlier proof of its own shares": lambda s: {"shares": members(share_of(s, 0))["shares"]},
    "the identity": lambda s: {"shares": b64encode(bytes(32))},
    "no element": lambda s: {"shares": b64encode(b"\xff" * 32)},
    "none": lambda s: {"shares": ""},
    "one too many": lambda s: {"shares": b64encode(ristretto255.generator.encode() * 2)},
    "half of one": lambda s: {"shares": b64encode(bytes(31))},
    "no proof": lambda s: {"proof": ""},
    "a proof of zeros": lambda s: {"proof": b64encode(bytes(96))},
    "a longer proof": lambda s: {"proof": members(share_of(s, 1))["proof"] + "AAAA"},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_share_names_its_trustee(two: Simulation, what: str) -> None:
    simulation = board_of(two)
    entry = resigned(simulation, 1, **WRONG[what](simulation))
    with pytest.raises(TallyError) as caught:
        simulation.board.submit(entry)
    assert caught.value.culprit == "trustee trustee-2"
    assert simulation.log.shares == {}
    # The others go on without it.
    for place in (0, 2):
        simulation.board.submit(share_of(simulation, place))
    assert simulation.log.compute_result().collected == 2


def test_a_share_is_bound_to_trustee_election_and_the_logs_root(two: Simulation) -> None:
    tally, election = two.log.tally, two.election
    public = two.log.group_public
    assert public is not None
    keys = public.verification_keys
    record = DecryptionShare.from_body(parse_entry(share_of(two, 1)).body)
    shares = check_share(election, keys[1], tally, record)
    assert shares == tuple(ristretto255.decode_elements(record.shares))
    other = Election.from_manifest(two.manifest.model_copy(update={"nonce": bytes(16)}))
    moved = tally._replace(root=bytes(32))
    more = tally._replace(ciphertexts=tally.ciphertexts * 2)
    summed = tally._replace(ciphertexts=(tally.ciphertexts[0]._replace(pad=tally.ciphertexts[0].data),))
    renamed = record.model_copy(update={"trustee": "trustee-1"})
    with pytest.raises(PhaseError, match="of other ballots") as refused:
        check_share(election, keys[1], moved, record)
    assert refused.value.culprit is None
    for arguments in (
        (other, keys[1], tally, record),
        (election, keys[0], tally, record),
        (election, keys[1], moved, record.model_copy(update={"basis": moved.root})),
        (election, keys[1], more, record),
        (election, keys[1], summed, record),
        (election, keys[1], tally, renamed),
    ):
        with pytest.raises(TallyError) as caught:
            check_share(*arguments)
        assert caught.value.culprit == f"trustee {arguments[3].trustee}"
    with pytest.raises(TallyError, match="there is nothing to decrypt"):
        check_share(election, keys[1], EncryptedTally(0, (), b""), record)


# What a trustee will not do.


def test_a_small_group_is_not_decrypted_unless_that_is_accepted() -> None:
    simulation = closed(chair("chi"), minimum_group=2, roll_size=4)
    trustee = DecryptingTrustee(simulation.key_holders[0])
    assert trustee.id == "trustee-1"
    with pytest.raises(TallyError, match="1 ballots are fewer than the minimum group of 2"):
        trustee.decrypt(simulation.log.tally)
    for holder in simulation.key_holders:
        entry = DecryptingTrustee(holder).decrypt(simulation.log.tally, accept_small_group=True)
        simulation.board.submit(entry)
    result = simulation.log.compute_result()
    assert result.below_minimum_group
    simulation.board.submit(simulation.authority.publish(result))
    report = elections.verify(simulation, list(simulation.store.entries()))
    assert report.verdict is Verdict.VERIFIED
    assert any("minimum group" in warning for warning in report.warnings)
    # As large as the minimum is large enough.
    enough = closed(chair("chi"), chair("em"), minimum_group=2, roll_size=4)
    assert not results(enough).below_minimum_group


def test_a_trustee_decrypts_one_tally(two: Simulation) -> None:
    trustee = DecryptingTrustee(two.key_holders[0])
    tally = two.log.tally
    trustee.decrypt(tally)
    trustee.decrypt(tally)
    for other in (
        tally._replace(root=bytes(32)),
        tally._replace(ballots=3),
        tally._replace(ciphertexts=tally.ciphertexts * 2),
    ):
        with pytest.raises(TallyError, match="another tally was decrypted before"):
            trustee.decrypt(other)


def test_a_tally_that_is_changed_afterwards_is_another(two: Simulation) -> None:
    """What was decrypted is remembered in a copy of the trustee's own."""
    trustee = DecryptingTrustee(two.key_holders[0])
    ciphertexts = list(two.log.tally.ciphertexts)
    tally = two.log.tally._replace(ciphertexts=ciphertexts)  # type: ignore[arg-type]
    trustee.decrypt(tally)
    trustee.decrypt(two.log.tally)
    ciphertexts[0] = Ciphertext(ciphertexts[0].data, ciphertexts[0].pad)
    with pytest.raises(TallyError, match="another tally was decrypted before"):
        trustee.decrypt(tally)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_decrypting_trustee_is_never_copied(two: Simulation, duplicate: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="a DecryptingTrustee is"):
        duplicate(DecryptingTrustee(two.key_holders[0]))


@pytest.mark.parametrize(
    "members",
    [{"ballots": "2"}, {"ciphertexts": None}, {"ciphertexts": (None,)}, {"ciphertexts": "x"}, {"root": None}],
)
def test_a_tally_of_other_things(two: Simulation, members: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        DecryptingTrustee(two.key_holders[0]).decrypt(two.log.tally._replace(**members))


# Nobody voted.


def test_zero_ballots() -> None:
    simulation = closed(minimum_group=2)
    trustee = DecryptingTrustee(simulation.key_holders[0])
    with pytest.raises(TallyError, match="fewer than the minimum group"):
        trustee.decrypt(simulation.log.tally)
    with pytest.raises(TallyError, match="there is nothing to decrypt"):
        trustee.decrypt(simulation.log.tally, accept_small_group=True)
    result = simulation.log.compute_result()
    assert (result.collected, result.below_minimum_group) == (0, True)
    assert elections.counts_of(result) == {"chair": {"chair": ((0, 0, 0), 0)}}
    assert result.contests[0].lines[0].outcomes == ()
    simulation.board.submit(simulation.authority.publish(result))
    assert elections.verify(simulation, list(simulation.store.entries())).verdict is Verdict.VERIFIED


# Counting.


@pytest.mark.parametrize("capacity", [5, 10_000, 200_000])
def test_large_capacities_have_several_ciphertexts_a_line(capacity: int) -> None:
    contests = [elections.rating(rules=elections.RULES), elections.approval()]
    simulation = elections.voting(contests, 4, capacity=capacity)
    ballots: list[dict[str, Any]] = [
        {"officials": {"an": "low", "binh": "high"}, "committee": ["giang", "hoa"]},
        {"officials": {"an": "low", "binh": "confidence"}, "committee": ["hoa"]},
        {"officials": {"an": "low", "binh": None}, "committee": []},
        {"officials": {"an": "high", "binh": "low"}, "committee": ["hoa", "khoa"]},
    ]
    simulation.vote(ballots)
    result = simulation.tally()
    assert elections.counts_of(result) == elections.plain_count(contests, ballots)
    width = {5: 1, 10_000: 2, 200_000: 3}[capacity]
    assert len(simulation.log.tally.ciphertexts) == 2 * width + 3
    an, binh = result.contests[0].lines
    assert (an.outcomes, binh.outcomes) == (("dismissal", "may-resign"), ())
    assert (an.counts, an.blank, an.valid) == ((1, 0, 3), 0, 4)
    assert (binh.counts, binh.blank, binh.valid) == ((1, 1, 1), 1, 3)


def test_approval_totals() -> None:
    contest = elections.approval(minimum=2, maximum=3, allow_blank=False)
    simulation = elections.voting([contest], 3)
    chosen = [["giang", "hoa"], ["giang", "hoa", "khoa"], ["khoa", "giang"]]
    simulation.vote([{"committee": one} for one in chosen])
    result = simulation.tally()
    assert [(line.id, line.counts, line.blank) for line in result.contests[0].lines] == [
        ("giang", (3,), 0),
        ("hoa", (2,), 1),
        ("khoa", (2,), 1),
    ]


def test_a_sum_that_is_no_count(two: Simulation) -> None:
    """Only ballots whose proofs did not hold can bring it about; then no count is made up."""
    plans = plan_election(two.election)
    tally = two.log.tally
    (ciphertext,) = tally.ciphertexts
    shares = {holder.share.index: [ciphertext.pad * holder.share.share] for holder in two.key_holders[:2]}
    assert count(two.election, plans, tally, shares).collected == 2

    def shifted(value: int, ballots: int = 2) -> EncryptedTally:
        data = ciphertext.data + ristretto255.multiply_generator(ristretto255.scalar(value))
        return tally._replace(ballots=ballots, ciphertexts=(ciphertext._replace(data=data),))

    with pytest.raises(TallyError, match="does not decrypt to counts"):
        count(two.election, plans, shifted(6**3), shares)
    with pytest.raises(TallyError, match="contest chair, line chair: a line counts more marks than ballots"):
        count(two.election, plans, shifted(1), shares)
    assert count(two.election, plans, shifted(1, 3), shares).collected == 3
    with pytest.raises(TallyError, match="does not decrypt to counts"):
        count(two.election, plans, tally, {1: shares[2], 2: shares[1]})


# The published result.


def results(simulation: Simulation) -> Result:
    for place in (0, 1):
        simulation.board.submit(share_of(simulation, place))
    return simulation.log.compute_result()


def with_line(result: Result, **update: object) -> Result:
    contest = result.contests[0]
    line = contest.lines[0].model_copy(update=update)
    return result.model_copy(update={"contests": (contest.model_copy(update={"lines": (line,)}),)})


def test_a_result_that_differs_in_anything_is_refused(two: Simulation) -> None:
    simulation = board_of(two)
    good = results(simulation)
    line = good.contests[0].lines[0]
    assert (line.counts, line.blank) == ((1, 0, 1), 0)
    for wrong, reason in (
        (good.model_copy(update={"collected": 3}), "2 ballots count, on a roll of 5"),
        (good.model_copy(update={"roll": 4}), "2 ballots count, on a roll of 5"),
        (good.model_copy(update={"below_minimum_group": True}), "2 ballots count"),
        (with_line(good, counts=(2, 0, 0)), "not those that the shares decrypt to"),
        (with_line(good, counts=(1, 1)), "not those that the shares decrypt to"),
        (with_line(good, blank=1), "not those that the shares decrypt to"),
        (with_line(good, id="other"), "not those that the shares decrypt to"),
        (
            with_line(good, outcomes=("elected",)),
            "the manifest has no rule that an outcome could follow from",
        ),
        (good.model_copy(update={"contests": ()}), "not those that the shares decrypt to"),
        (good.model_copy(update={"contests": good.contests * 2}), "not those that the shares decrypt to"),
    ):
        with pytest.raises(TallyError, match=reason):
            simulation.board.submit(simulation.authority.publish(wrong))
        assert simulation.log.phase == "tally"
    simulation.board.submit(simulation.authority.publish(good))
    assert simulation.log.phase == "closed"


def test_shares_of_a_base_are_exact() -> None:
    line = LineResult(id="a", counts=(19, 2, 25), blank=1, outcomes=())
    assert [line.share(place, 47) for place in range(3)] == [
        Fraction(19, 47),
        Fraction(2, 47),
        Fraction(25, 47),
    ]
    assert line.share(2, 0) == 0
    assert line.valid == 46
