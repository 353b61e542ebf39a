"""The voter's device, what it publishes, and the checks of ballots and of challenged ones."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from secretballot.ballot import voter
from secretballot.ballot.checks import challenged_ballot, check_openings, decode_contests, parse_proofs
from secretballot.ballot.context import BallotContext
from secretballot.ballot.records import (
    Ballot,
    ChallengedBallot,
    ContestOpening,
    code_of,
    confirmation_code,
    format_code,
    parse_code,
)
from secretballot.ballot.voter import SealedBallot, VoterDevice
from secretballot.credential import Credential
from secretballot.crypto.batch import verify_batch
from secretballot.crypto.encoding import Tag
from secretballot.crypto.group import ristretto255
from secretballot.crypto.sigma import session
from secretballot.crypto.signing import SigningKey
from secretballot.errors import (
    ArgumentError,
    BallotError,
    EncodingError,
    InvalidProofError,
    InvalidSignatureError,
    SelectionError,
)
from secretballot.manifest import Contest
from secretballot.records import SignedEntry, parse_entry

from ..support import elections

SELECTIONS: Mapping[str, Any] = {
    "officials": {"an": "low", "binh": None},
    "chair": "dung",
    "committee": ["giang", "khoa"],
}


def context_of(*contests: Contest, **rest: Any) -> BallotContext:
    return elections.ballot_context(elections.simulate(contests, **rest).election)


@pytest.fixture(scope="module")
def context() -> BallotContext:
    """Every kind of contest, under a key of nobody's."""
    return context_of(*elections.CONTESTS)


def device_of(context: BallotContext) -> VoterDevice:
    """A device whose credential nobody signed: that is not what these checks are about."""
    key = SigningKey.generate()
    return VoterDevice(context, Credential(key=key.verify_key.data, signatures=(b"",)), key)


@pytest.fixture
def device(context: BallotContext) -> VoterDevice:
    return device_of(context)


def check(context: BallotContext, ballot: Ballot) -> None:
    """Everything that is checked of contests."""
    verify_batch(ristretto255, parse_proofs(context, ballot, decode_contests(context, ballot), "ballot"))


def cast(sealed: SealedBallot) -> tuple[SignedEntry, Ballot]:
    signed = parse_entry(sealed.cast())
    return signed, Ballot.from_body(signed.body)


def challenge(sealed: SealedBallot) -> tuple[ChallengedBallot, Ballot]:
    challenged = ChallengedBallot.from_body(parse_entry(sealed.challenge()).body)
    return challenged, challenged_ballot(challenged)


# Sealing.


def test_every_kind_is_sealed_and_checked(context: BallotContext, device: VoterDevice) -> None:
    sealed = device.seal(SELECTIONS)
    signed, ballot = cast(sealed)
    assert ballot.election == context.election.id
    assert [contest.id for contest in ballot.contests] == ["officials", "chair", "committee"]
    assert sealed.code == code_of(signed.body)
    signed.verify(ballot.credential.key)
    check(context, ballot)


KINDS = [
    (
        elections.rating(),
        [{"an": "high", "binh": "low"}, {"an": None, "binh": "confidence"}, {"an": None, "binh": None}],
    ),
    (elections.rating(allow_blank=False), [{"an": "high", "binh": "high"}, {"an": "low", "binh": "low"}]),
    (elections.choice(), [None, "chi", "em"]),
    (elections.choice(allow_blank=False), ["chi", "em"]),
    (elections.approval(), [[], ["giang"], {"giang", "khoa"}]),
    (elections.approval(minimum=0, maximum=3, allow_blank=False), [[], ["giang", "hoa", "khoa"]]),
    (elections.approval(minimum=2, maximum=2, allow_blank=False), [["giang", "hoa"]]),
]


@pytest.mark.parametrize("capacity", [5, 200_000])
@pytest.mark.parametrize(("contest", "selections"), KINDS)
def test_each_kind_through_check_batch_and_opening(
    contest: Contest, selections: Sequence[Any], capacity: int
) -> None:
    context = context_of(contest, capacity=capacity)
    device = device_of(context)
    for selection in selections:
        _, ballot = cast(device.seal({contest.id: selection}))
        check(context, ballot)
        challenged, ballot = challenge(device.seal({contest.id: selection}))
        check(context, ballot)
        (plan,) = context.plans
        expected = plan.selection(plan.choices(selection))
        assert check_openings(context, ballot, challenged.openings) == [expected]


def test_two_ballots_of_one_choice_have_nothing_in_common(
    context: BallotContext, device: VoterDevice
) -> None:
    one, two = (cast(device.seal(SELECTIONS))[1] for _ in range(2))
    decoded = decode_contests(context, one)
    for own, other in zip(decoded, decode_contests(context, two), strict=True):
        assert not set(own) & set(other)
    for a, b in zip(one.contests, two.contests, strict=True):
        assert a.proof != b.proof
    # All of a ballot's randomness is drawn apart: no two pads are alike.
    pads = [pad for elements in decoded for pad in elements[::2]]
    assert len(set(pads)) == len(pads)


def test_a_choice_is_made_for_every_contest_and_for_no_other(device: VoterDevice) -> None:
    for missing in SELECTIONS:
        rest = {contest: chosen for contest, chosen in SELECTIONS.items() if contest != missing}
        with pytest.raises(SelectionError, match=f"contest {missing}: a selection is missing"):
            device.seal(rest)
    listed = ", ".join(SELECTIONS)
    with pytest.raises(SelectionError, match=f"^there is no such contest: there are {listed}$"):
        device.seal({**SELECTIONS, "mayor": "chi"})
    with pytest.raises(SelectionError, match="there is no such contest"):
        device.seal({**SELECTIONS, "mayor": "chi", 7: "chi"})  # type: ignore[dict-item]
    with pytest.raises(SelectionError, match="contest chair, line chair: there is no such choice"):
        device.seal({**SELECTIONS, "chair": "an"})


def test_blanks_where_they_are_not_allowed() -> None:
    context = context_of(elections.rating(allow_blank=False), elections.choice(allow_blank=False))
    device = device_of(context)
    good = {"officials": {"an": "low", "binh": "high"}, "chair": "chi"}
    check(context, cast(device.seal(good))[1])
    with pytest.raises(SelectionError, match="line binh: a blank is not allowed"):
        device.seal({**good, "officials": {"an": "low", "binh": None}})
    with pytest.raises(SelectionError, match="line chair: a blank is not allowed"):
        device.seal({**good, "chair": None})


def test_a_device_holds_the_credentials_own_key(context: BallotContext) -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    with pytest.raises(BallotError, match="the ballot key is not the credential's"):
        VoterDevice(context, Credential(key=key.verify_key.data, signatures=(b"",)), other)


# Cast or challenge.


def test_a_ballot_is_cast_once_and_gives_the_same_bytes_again(device: VoterDevice) -> None:
    sealed = device.seal(SELECTIONS)
    entry = sealed.cast()
    assert sealed.cast() == entry
    with pytest.raises(BallotError, match="cast or challenged before"):
        sealed.challenge()
    assert sealed.cast() == entry


def test_a_challenged_ballot_is_never_cast_nor_opened_again(device: VoterDevice) -> None:
    sealed = device.seal(SELECTIONS)
    entry = sealed.challenge()
    with pytest.raises(BallotError, match="was challenged and can never be cast"):
        sealed.cast()
    with pytest.raises(BallotError, match="cast or challenged before"):
        sealed.challenge()
    # What was published does not hold the signature that would cast it.
    signed = parse_entry(entry)
    challenged = ChallengedBallot.from_body(signed.body)
    body, ballot = challenged.ballot.encode(), challenged_ballot(challenged)
    assert code_of(body) == sealed.code
    with pytest.raises(InvalidSignatureError):
        SignedEntry(body, "ballot", signed.signature).verify(ballot.credential.key)


def test_the_code_of_an_entry(device: VoterDevice, finished: elections.Finished) -> None:
    """Of a ballot's or a challenge's; a ballot's body, or whatever else, has none."""
    cast, opened = device.seal(SELECTIONS), device.seal(SELECTIONS)
    entry, challenge_entry = cast.cast(), opened.challenge()
    assert confirmation_code(entry) == cast.code
    assert confirmation_code(challenge_entry) == opened.code
    for wrong in (parse_entry(entry).body, entry[:-1], b"", entry.replace(b'"contests"', b'"CONTESTS"')):
        with pytest.raises(EncodingError):
            confirmation_code(wrong)
    with pytest.raises(BallotError, match="of the kind manifest"):
        confirmation_code(finished.entries[0])


@pytest.mark.parametrize("size", [0, 19, 21])
def test_a_code_has_twenty_bytes(size: int) -> None:
    with pytest.raises(ArgumentError, match=f"20 bytes, not {size}"):
        format_code(bytes(size))


def test_a_cast_in_the_middle_of_a_challenge(device: VoterDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from another thread: once the openings are taken, nothing casts the ballot."""
    sealed = device.seal(SELECTIONS)
    tried: list[str] = []

    def made(**members: Any) -> ChallengedBallot:
        for step in (sealed.cast, sealed.challenge):
            with pytest.raises(BallotError, match=r"was challenged|cast or challenged before") as caught:
                step()
            tried.append(caught.value.message)
        return ChallengedBallot(**members)

    monkeypatch.setattr(voter, "ChallengedBallot", made)
    assert parse_entry(sealed.challenge()).kind == "challenged-ballot"
    assert len(tried) == 2


def test_others_wait_while_a_ballot_is_cast(device: VoterDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second cast must find the entry, and no ballot without openings that seems to be challenged."""
    sealed = device.seal(SELECTIONS)
    sign, outcomes, threads = voter.sign_body, list[bytes](), list[threading.Thread]()

    def signing(body: bytes, key: SigningKey) -> bytes:
        assert sealed._lock.locked()
        threads.append(threading.Thread(target=lambda: outcomes.append(sealed.cast())))
        threads[-1].start()
        return sign(body, key)

    monkeypatch.setattr(voter, "sign_body", signing)
    entry = sealed.cast()
    for thread in threads:
        thread.join()
    assert outcomes == [entry]


def test_the_randomness_is_forgotten(device: VoterDevice) -> None:
    for end in (SealedBallot.cast, SealedBallot.challenge):
        sealed = device.seal(SELECTIONS)
        assert sealed._openings is not None
        end(sealed)
        assert sealed._openings is None


# Openings.


def test_the_opening_gives_what_the_voter_chose(context: BallotContext, device: VoterDevice) -> None:
    challenged, ballot = challenge(device.seal(SELECTIONS))
    assert check_openings(context, ballot, challenged.openings) == list(SELECTIONS.values())


def lie(opening: ContestOpening, what: str) -> ContestOpening:
    zero, order = bytes(32), ristretto255.order.to_bytes(32, "little")
    one = ristretto255.encode_integers([1])
    first, *rest = opening.choices
    return {
        "another choice": opening.model_copy(update={"choices": (2 if first == 3 else first ^ 1, *rest)}),
        "no such choice": opening.model_copy(update={"choices": (9, *rest)}),
        "a line less": opening.model_copy(update={"choices": tuple(rest)}),
        "a line more": opening.model_copy(update={"choices": (*opening.choices, 0)}),
        "other randomness": opening.model_copy(update={"randomness": one + opening.randomness[32:]}),
        "zero randomness": opening.model_copy(update={"randomness": zero + opening.randomness[32:]}),
        "unreduced": opening.model_copy(update={"randomness": order + opening.randomness[32:]}),
        "a scalar less": opening.model_copy(update={"randomness": opening.randomness[32:]}),
        "a scalar more": opening.model_copy(update={"randomness": opening.randomness + one}),
        "half a scalar": opening.model_copy(update={"randomness": opening.randomness[:-1]}),
    }[what]


LIES = {
    "another choice": "the opening does not give these ciphertexts",
    "no such choice": "the opening is malformed",
    "a line less": "the opening is malformed",
    "a line more": "the opening is malformed",
    "other randomness": "the opening does not give these ciphertexts",
    "zero randomness": "the wrong randomness",
    "unreduced": "the opening is malformed",
    "a scalar less": "the wrong randomness",
    "a scalar more": "the wrong randomness",
    "half a scalar": "the opening is malformed",
}


@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("what", LIES)
def test_a_lying_opening_is_refused(
    context: BallotContext, device: VoterDevice, what: str, place: int
) -> None:
    challenged, ballot = challenge(device.seal(SELECTIONS))
    openings = list(challenged.openings)
    openings[place] = lie(openings[place], what)
    with pytest.raises(BallotError, match=LIES[what]) as caught:
        check_openings(context, ballot, openings)
    assert caught.value.item == f"contest {context.plans[place].id}"


def test_a_lying_opening_of_a_choice(context: BallotContext, device: VoterDevice) -> None:
    challenged, ballot = challenge(device.seal(SELECTIONS))
    head, chair, tail = challenged.openings
    assert check_openings(context, ballot, [head, chair, tail])
    for other in {0, 1, 2, 3} - set(chair.choices):
        with pytest.raises(BallotError, match=r"contest chair: the opening does not give these ciphertexts"):
            check_openings(context, ballot, [head, chair.model_copy(update={"choices": (other,)}), tail])


def test_openings_are_the_manifests_contests_in_order(context: BallotContext, device: VoterDevice) -> None:
    challenged, ballot = challenge(device.seal(SELECTIONS))
    openings = challenged.openings
    for wrong in (openings[::-1], openings[:2], (*openings, openings[0]), (openings[0],) * 3):
        with pytest.raises(BallotError, match="the openings are not the manifest's contests, in its order"):
            check_openings(context, ballot, wrong)


def test_an_opening_of_another_ballot(context: BallotContext, device: VoterDevice) -> None:
    one, ballot = challenge(device.seal(SELECTIONS))
    other, _ = challenge(device.seal(SELECTIONS))
    check_openings(context, ballot, one.openings)
    with pytest.raises(BallotError, match="the opening does not give these ciphertexts"):
        check_openings(context, ballot, other.openings)


def test_what_is_within_a_challenge_is_a_ballot_of_the_same_election(device: VoterDevice) -> None:
    challenged, _ = challenge(device.seal(SELECTIONS))
    for text in ("", "{}", challenged.ballot[:-1], challenged.ballot + " "):
        with pytest.raises(BallotError, match="the challenged ballot is malformed"):
            challenged_ballot(challenged.model_copy(update={"ballot": text}))
    with pytest.raises(BallotError, match="another election's"):
        challenged_ballot(challenged.model_copy(update={"election": bytes(32)}))


# Ballots that are not as they should be.


def tampered(ballot: Ballot, place: int, **members: object) -> Ballot:
    contests = list(ballot.contests)
    contests[place] = contests[place].model_copy(update=members)
    return ballot.model_copy(update={"contests": tuple(contests)})


def test_contests_are_the_manifests_in_order(context: BallotContext, device: VoterDevice) -> None:
    _, ballot = cast(device.seal(SELECTIONS))
    contests = ballot.contests
    for wrong in (contests[::-1], contests[:2], (*contests, contests[0]), (contests[0],) * 3):
        with pytest.raises(BallotError, match="the contests are not the manifest's, in its order"):
            decode_contests(context, ballot.model_copy(update={"contests": wrong}))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_ciphertexts_that_are_malformed(context: BallotContext, device: VoterDevice, place: int) -> None:
    _, ballot = cast(device.seal(SELECTIONS))
    own = ballot.contests[place].ciphertexts
    name = context.plans[place].id
    for wrong, reason in (
        (own[:-1], f"ciphertexts have {len(own)} bytes, not {len(own) - 1}"),
        (own[:-32], f"ciphertexts have {len(own)} bytes, not"),
        (own[:-64], f"ciphertexts have {len(own)} bytes, not"),
        (own + own[:64], f"ciphertexts have {len(own)} bytes, not"),
        (b"", f"ciphertexts have {len(own)} bytes, not 0"),
        (bytes(32) + own[32:], "a ciphertext is malformed"),
        (b"\xff" * 32 + own[32:], "a ciphertext is malformed"),
    ):
        with pytest.raises(BallotError, match=f"contest {name}: .*{reason}"):
            decode_contests(context, tampered(ballot, place, ciphertexts=wrong))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_proofs_that_are_malformed_or_do_not_hold(
    context: BallotContext, device: VoterDevice, place: int
) -> None:
    _, ballot = cast(device.seal(SELECTIONS))
    own = ballot.contests[place].proof
    name = context.plans[place].id
    for wrong in (own[:-1], own + b"\0", b"", bytes(32) + own[32:], own[:-32] + b"\xff" * 32):
        with pytest.raises(BallotError, match=f"contest {name}: the proof is malformed"):
            check(context, tampered(ballot, place, proof=wrong))
    last = int.from_bytes(own[-32:], "little")
    changed = own[:-32] + ristretto255.encode_integers([(last + 1) % ristretto255.order])
    with pytest.raises(InvalidProofError, match=f"ballot, contest {name}: the proof does not verify"):
        check(context, tampered(ballot, place, proof=changed))


def test_a_ciphertext_of_no_allowed_choice_has_no_proof(context: BallotContext, device: VoterDevice) -> None:
    """Adding G to a line's data encrypts another weight: the proof that stood before does not hold of it."""
    _, ballot = cast(device.seal(SELECTIONS))
    for place in range(3):
        own = decode_contests(context, ballot)[place]
        own[1] = own[1] + ristretto255.generator
        data = ristretto255.encode_elements(own)
        with pytest.raises(InvalidProofError):
            check(context, tampered(ballot, place, ciphertexts=data))


def test_proofs_are_bound_to_contest_credential_election_and_key() -> None:
    twins = context_of(elections.choice("one"), elections.choice("two"))
    device = device_of(twins)
    _, ballot = cast(device.seal({"one": "chi", "two": "chi"}))
    check(twins, ballot)
    swapped = tampered(ballot, 0, ciphertexts=ballot.contests[1].ciphertexts, proof=ballot.contests[1].proof)
    with pytest.raises(InvalidProofError, match="contest one"):
        check(twins, swapped)
    copied = ballot.credential.model_copy(update={"key": SigningKey.generate().verify_key.data})
    with pytest.raises(InvalidProofError):
        check(twins, ballot.model_copy(update={"credential": copied}))
    renewed = twins.election.manifest.model_copy(update={"nonce": bytes(16)})
    elsewhere = BallotContext(type(twins.election).from_manifest(renewed), twins.key.element)
    with pytest.raises(InvalidProofError):
        check(elsewhere, ballot)
    other_key = elections.ballot_context(twins.election)
    with pytest.raises(InvalidProofError):
        check(other_key, ballot)
    # Each of them is in the session, whatever else the statement holds.
    key = ballot.credential.key
    parts = (twins.election.id, twins.key.element.encode(), "one", key)
    assert twins.proof_session("one", key) == session(ristretto255, Tag.BALLOT_PROOF, *parts)
    contexts = [(twins, "one", key), (twins, "two", key), (twins, "one", copied.key)]
    contexts += [(elsewhere, "one", key), (other_key, "one", key)]
    assert len({context.proof_session(contest, one) for context, contest, one in contexts}) == 5


# Codes.


def test_codes_are_read_as_they_are_written(device: VoterDevice) -> None:
    code = device.seal(SELECTIONS).code
    text = format_code(code)
    assert len(code) == 20
    assert [len(group) for group in text.split("-")] == [4] * 8
    for typed in (text, text.lower(), text.replace("-", " "), text.replace("-", ""), f" {text} "):
        assert parse_code(typed) == code


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text + "A",
        lambda text: text + "-AAAA-AAAA",
        lambda text: text + "========",
        lambda text: "1" + text[1:],
        lambda text: "é" + text[1:],
    ],
)
def test_a_code_that_is_none(change: Any) -> None:
    with pytest.raises(BallotError, match="32 letters and digits"):
        parse_code(change(format_code(bytes(20))))


def test_a_code_is_of_the_very_bytes(device: VoterDevice) -> None:
    signed, _ = cast(device.seal(SELECTIONS))
    changed = bytearray(signed.body)
    changed[-20] ^= 1
    assert code_of(signed.body) != code_of(bytes(changed))
