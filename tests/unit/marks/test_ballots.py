"""Marks in a voter's ballot and in its challenge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from secretballot.ballot.checks import challenged_ballot, check_openings, decode_contests, parse_proofs
from secretballot.ballot.context import BallotContext
from secretballot.ballot.records import Ballot, BallotContest, ChallengedBallot, ContestOpening
from secretballot.ballot.voter import VoterDevice
from secretballot.crypto.batch import verify_batch
from secretballot.crypto.group import Element, ristretto255
from secretballot.errors import BallotError, InvalidProofError, ManifestError, SelectionError
from secretballot.records import parse_entry

from ...support import elections
from .shared import PEOPLE, SELECTIONS, cast, new_device, plan_of, write_in


def challenge(
    device: VoterDevice, selections: Mapping[str, Any] = SELECTIONS
) -> tuple[ChallengedBallot, Ballot]:
    challenged = ChallengedBallot.from_body(parse_entry(device.seal(selections).challenge()).body)
    return challenged, challenged_ballot(challenged)


def check(context: BallotContext, ballot: Ballot) -> None:
    verify_batch(ristretto255, parse_proofs(context, ballot, decode_contests(context, ballot), "ballot"))


def with_contest(ballot: Ballot, place: int, **changed: bytes) -> Ballot:
    contests = list(ballot.contests)
    contests[place] = contests[place].model_copy(update=changed)
    return ballot.model_copy(update={"contests": tuple(contests)})


@pytest.mark.parametrize(
    "selections",
    [
        SELECTIONS,
        {"board": [], "motto": "", "chair": None},
        {"board": ["chi", "binh", "an"], "motto": "x" * 40, "chair": "em"},
    ],
)
def test_a_sealed_ballot_verifies_and_its_challenge_opens_to_the_selection(
    context: BallotContext, device: VoterDevice, selections: Mapping[str, Any]
) -> None:
    check(context, cast(device, selections))
    challenged, ballot = challenge(device, selections)
    check(context, ballot)
    assert check_openings(context, ballot, challenged.openings) == list(selections.values())


def test_two_ballots_of_one_mark_have_nothing_in_common(context: BallotContext, device: VoterDevice) -> None:
    one, two = (decode_contests(context, cast(device))[:2] for _ in range(2))
    for own, other in zip(one, two, strict=True):
        assert not set(own) & set(other)
    pads = [pad for elements in one for pad in elements[::2]]
    assert len(set(pads)) == len(pads)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("half", ["pad", "data"])
def test_a_changed_half_of_any_ciphertext_is_refused(
    context: BallotContext, device: VoterDevice, place: int, half: str
) -> None:
    ballot = cast(device)
    check(context, ballot)
    elements = decode_contests(context, ballot)[place]
    for at in range(half == "data", len(elements), 2):
        changed: list[Element] = list(elements)
        changed[at] = changed[at] + ristretto255.generator
        wrong = with_contest(ballot, place, ciphertexts=ristretto255.encode_elements(changed))
        with pytest.raises(InvalidProofError) as caught:
            check(context, wrong)
        assert context.plans[place].id in str(caught.value)


def test_a_mark_re_encrypted_by_another_is_refused(context: BallotContext, device: VoterDevice) -> None:
    """The same mark under other randomness, with the proof that was made for it."""
    ballot = cast(device)
    pad, data = decode_contests(context, ballot)[0]
    r = ristretto255.random_scalar()
    moved = [pad + ristretto255.multiply_generator(r), data + context.key.element * r]
    with pytest.raises(InvalidProofError):
        check(context, with_contest(ballot, 0, ciphertexts=ristretto255.encode_elements(moved)))


@pytest.mark.parametrize("place", [0, 1])
def test_a_mark_moved_to_another_credential_is_refused(context: BallotContext, place: int) -> None:
    one, two = cast(new_device(context)), cast(new_device(context))
    taken = one.contests[place]
    moved = with_contest(two, place, ciphertexts=taken.ciphertexts, proof=taken.proof)
    with pytest.raises(InvalidProofError):
        check(context, moved)
    with pytest.raises(InvalidProofError):
        check(context, one.model_copy(update={"credential": two.credential}))
    # A proof alone is of its own ciphertexts.
    with pytest.raises(InvalidProofError):
        check(context, with_contest(two, place, proof=taken.proof))


def test_a_mark_moved_to_another_contest_is_refused() -> None:
    """Two contests of one form: only their ids tell the proofs apart."""
    context = elections.ballot_context(elections.simulate((write_in(), write_in(id="other"))).election)
    ballot = cast(new_device(context), {"motto": "An", "other": "An"})
    check(context, ballot)
    first, second = ballot.contests
    swapped = (
        BallotContest(id="motto", ciphertexts=second.ciphertexts, proof=second.proof),
        BallotContest(id="other", ciphertexts=first.ciphertexts, proof=first.proof),
    )
    with pytest.raises(InvalidProofError):
        check(context, ballot.model_copy(update={"contests": swapped}))


@pytest.mark.parametrize("place", [0, 1])
def test_lengths_that_are_one_off_are_refused(
    context: BallotContext, device: VoterDevice, place: int
) -> None:
    ballot = cast(device)
    own = ballot.contests[place]
    count = context.plans[place].num_ciphertexts
    for wrong in (own.ciphertexts[:-1], own.ciphertexts + b"\0", own.ciphertexts[64:], own.ciphertexts * 2):
        with pytest.raises(
            BallotError, match=f"{count} ciphertexts have {64 * count} bytes, not {len(wrong)}"
        ):
            check(context, with_contest(ballot, place, ciphertexts=wrong))
    for proof in (b"", own.proof[:-1], own.proof + b"\0", own.proof + bytes(32)):
        with pytest.raises(BallotError, match="the proof is malformed"):
            check(context, with_contest(ballot, place, proof=proof))
    for at in range(0, len(own.proof), 32):
        changed = own.proof[:at] + ristretto255.generator.encode() + own.proof[at + 32 :]
        with pytest.raises((BallotError, InvalidProofError)):
            check(context, with_contest(ballot, place, proof=changed))


def lies(opening: ContestOpening) -> list[tuple[dict[str, Any], str]]:
    one = ristretto255.encode_integers([1])
    other = tuple(reversed(opening.choices))
    return [
        ({"choices": other}, "the opening does not give these ciphertexts|the opening is malformed"),
        (
            {"choices": opening.choices[:-1]},
            "the opening does not give these ciphertexts|the opening is malformed",
        ),
        ({"choices": (*opening.choices, 256)}, "the opening is malformed: a mark has bytes"),
        ({"choices": (*opening.choices, opening.choices[0])}, "the opening (is malformed|does not give)"),
        ({"choices": opening.choices * 100}, "the opening is malformed"),
        ({"randomness": one + opening.randomness[32:]}, "the opening does not give these ciphertexts"),
        ({"randomness": bytes(32) + opening.randomness[32:]}, "the wrong randomness"),
        ({"randomness": opening.randomness[32:]}, "the wrong randomness"),
        ({"randomness": opening.randomness + one}, "the wrong randomness"),
        ({"randomness": opening.randomness[:-1]}, "the opening is malformed"),
    ]


@pytest.mark.parametrize("place", [0, 1])
def test_a_lying_opening_of_a_mark_is_refused(
    context: BallotContext, device: VoterDevice, place: int
) -> None:
    challenged, ballot = challenge(device)
    assert check_openings(context, ballot, challenged.openings)
    for changed, reason in lies(challenged.openings[place]):
        openings = list(challenged.openings)
        openings[place] = openings[place].model_copy(update=changed)
        with pytest.raises(BallotError, match=reason) as caught:
            check_openings(context, ballot, openings)
        assert caught.value.item == f"contest {context.plans[place].id}"


SECRET = "zebra7"


@pytest.mark.parametrize(
    ("contest", "selection"),
    [
        ("board", [SECRET]),
        ("board", ["an", SECRET]),
        ("board", SECRET),
        ("board", {SECRET: 1}),
        ("motto", SECRET * 10),
        ("motto", SECRET + "\ud800"),
        ("motto", SECRET + "\n"),
        ("motto", SECRET.encode()),
        ("motto", [SECRET]),
        (SECRET, "an"),
    ],
)
def test_a_refusal_tells_nothing_of_what_was_chosen(
    device: VoterDevice, contest: str, selection: object
) -> None:
    with pytest.raises(SelectionError) as caught:
        device.seal({**SELECTIONS, contest: selection})
    error: BaseException | None = caught.value
    assert SECRET not in f"{error} {error!r}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_refusal_does_not_tell_which_option_was_ranked(device: VoterDevice) -> None:
    """The manifest's options are all listed, or none."""
    for wrong in (["an", "an"], ["an", "binh", "chi", "dung"], ["an", "eve"]):
        with pytest.raises(SelectionError) as caught:
            device.seal({**SELECTIONS, "board": wrong})
        text = str(caught.value)
        named = [option for option in PEOPLE if f" {option}" in text.replace("contest board: an ", "")]
        assert named in ([], list(PEOPLE))


@pytest.mark.parametrize(
    "char",
    [
        "\0",
        "\n",
        "\x7f",
        "\u00ad",  # a soft hyphen
        "\u034f",  # joins what stands around it
        "\u200b",
        "\u200e",
        "\u2028",
        "\u202e",  # turns the line around
        "\u2ff0",
        "\ue000",
        "\ufe0f",
        "\ufffd",
        "\uffff",
        "\U0001f600",  # younger than the tables
        "\U000e0041",
    ],
)
def test_characters_of_no_text(char: str) -> None:
    plan = plan_of(write_in(max_bytes=20))
    assert plan.choices("ab")
    for text in (char, f"a{char}b"):
        with pytest.raises(SelectionError, match=r"^contest motto: character \d of the text is refused"):
            plan.choices(text)


def test_a_result_of_many_texts_that_is_too_large() -> None:
    texts = [write_in(max_bytes=250).model_copy(update={"id": f"text-{number}"}) for number in range(20)]
    with pytest.raises(ManifestError, match="a result would have up to") as caught:
        elections.simulate(texts)
    assert caught.value.item == "contest text-0"
    with pytest.raises(ManifestError) as caught:
        elections.simulate([elections.choice(), *texts])
    assert caught.value.item == "contest text-0"
