"""Contests whose marks are mixed whole: in the manifest, as plans, and through a voter's device."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from secretballot.ballot.checks import challenged_ballot, check_openings, decode_contests, parse_proofs
from secretballot.ballot.contest_kinds import MarkPlan, plan_contest
from secretballot.ballot.contest_kinds import write_in as write_in_module
from secretballot.ballot.contest_kinds.write_in import normalise
from secretballot.ballot.context import BallotContext
from secretballot.ballot.records import Ballot, BallotContest, ChallengedBallot, ContestOpening
from secretballot.ballot.voter import VoterDevice
from secretballot.credential import Credential
from secretballot.crypto.batch import verify_batch
from secretballot.crypto.embedding import embed
from secretballot.crypto.encoding import b64encode
from secretballot.crypto.group import Element, ristretto255
from secretballot.crypto.signing import SigningKey
from secretballot.errors import BallotError, InvalidProofError, ManifestError, SelectionError
from secretballot.manifest import Election
from secretballot.manifest import capacity as capacity_module
from secretballot.manifest.contests import MAX_RANKED, MAX_TEXT, RankingContest, WriteInContest
from secretballot.manifest.records import MIN_ROUNDS
from secretballot.records import parse_entry

from ..support import elections

PEOPLE = ("an", "binh", "chi", "dung")


def ranking(of: Sequence[str] = PEOPLE, **changed: Any) -> RankingContest:
    members = {
        "id": "board",
        "labels": {"en": "Board"},
        "options": elections.options(*of),
        "minimum": 1,
        "maximum": 3,
        "allow_blank": True,
        "methods": ("borda", "irv", "stv", "schulze"),
        "seats": 2,
    }
    return RankingContest(**{**members, **changed})


def write_in(**changed: Any) -> WriteInContest:
    members = {"id": "motto", "labels": {"en": "Motto"}, "max_bytes": 40, "allow_blank": True}
    return WriteInContest(**{**members, **changed})


def plan_of(contest: RankingContest | WriteInContest) -> MarkPlan:
    plan = plan_contest(contest, 5)
    assert isinstance(plan, MarkPlan)
    return plan


# The contests of a manifest.


def people(count: int) -> list[dict[str, Any]]:
    return [{"id": f"p{place}", "labels": {"en": "P"}} for place in range(count)]


@pytest.fixture(scope="module")
def body() -> bytes:
    """A manifest with a contest of either kind, and one of lines."""
    contests = (ranking(), write_in(), elections.choice())
    return elections.simulate(contests, roll_size=10, registrars=1, mixers=3, mixing_rounds=2).election.body


#: Changes of the ranking, what the refusal says, and neighbours that are accepted.
RANKINGS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"minimum": 0}, "minimum", {"minimum": 3}),
    ({"minimum": 4}, "between 4 and 3 of 4 options cannot be ranked", {"minimum": 3}),
    ({"maximum": 5}, "between 1 and 5 of 4 options cannot be ranked", {"maximum": 4}),
    ({"maximum": 0}, "maximum", {"maximum": 1}),
    ({"seats": 0}, "seats", {"seats": 1}),
    ({"seats": 4}, "4 seats need more than 4 options", {"seats": 3}),
    (
        {"methods": ["irv"]},
        "several seats are filled by the method stv, which is not",
        {"methods": ["irv", "stv"]},
    ),
    ({"methods": ["irv"], "seats": 2}, "by the method stv, which is not", {"methods": ["irv"], "seats": 1}),
    ({"methods": []}, "methods", {"methods": ["stv"]}),
    ({"methods": ["stv", "stv"]}, "the method id 'stv' stands twice", {"methods": ["stv", "borda"]}),
    ({"methods": ["stv", "plurality"]}, "methods", {"methods": ["stv", "schulze"]}),
    (
        {"options": [*people(2), people(1)[0]]},
        "the option id 'p0' stands twice",
        {"options": people(3)},
    ),
    (
        {"options": people(1), "maximum": 1, "seats": 1},
        "options",
        {"options": people(2), "maximum": 1, "seats": 1},
    ),
    ({"options": people(MAX_RANKED + 1)}, "options", {"options": people(MAX_RANKED)}),
    ({"allow_blank": "no"}, "allow_blank", {"allow_blank": False}),
    ({"tally": "mixnet"}, "tally", {}),
    ({"base": "roll"}, "base", {}),
    ({"id": "motto"}, "the contest id 'motto' stands twice", {"id": "board-2"}),
]
TEXTS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"max_bytes": 0}, "max_bytes", {"max_bytes": 1}),
    ({"max_bytes": MAX_TEXT + 1}, "max_bytes", {"max_bytes": MAX_TEXT}),
    ({"max_bytes": "40"}, "max_bytes", {"max_bytes": 40}),
    ({"allow_blank": None}, "allow_blank", {"allow_blank": False}),
    ({"options": people(2)}, "options", {}),
    ({"labels": {}}, "labels", {"labels": {"vi": "Khẩu hiệu"}}),
]
CASES = [(0, *case) for case in RANKINGS] + [(1, *case) for case in TEXTS]


@pytest.mark.parametrize(("place", "wrong", "reason", "right"), CASES)
def test_a_contest_is_refused_with_its_reason_beside_an_accepted_neighbour(
    body: bytes, place: int, wrong: Mapping[str, Any], reason: str, right: Mapping[str, Any]
) -> None:
    manifest = json.loads(body)
    base = manifest["contests"][place]
    manifest["contests"][place] = {**base, **right}
    Election(elections.canonical(manifest))
    manifest["contests"][place] = {**base, **wrong}
    with pytest.raises(ManifestError) as caught:
        Election(elections.canonical(manifest))
    assert reason in str(caught.value)


@pytest.mark.parametrize("member", ["minimum", "maximum", "allow_blank", "methods", "seats", "options"])
def test_every_member_of_a_ranking_is_needed(body: bytes, member: str) -> None:
    manifest = json.loads(body)
    del manifest["contests"][0][member]
    with pytest.raises(ManifestError, match=member):
        Election(elections.canonical(manifest))


def test_a_refusal_names_the_contest() -> None:
    for changed in ({"maximum": 5}, {"seats": 4}, {"methods": ("irv",)}, {"methods": ("stv", "stv")}):
        with pytest.raises(ManifestError) as caught:
            ranking(**changed)
        assert caught.value.item == "contest board"


# Mixers.


def mixing(manifest: dict[str, Any], mixers: int, rounds: int) -> None:
    manifest["mixers"] = manifest["mixers"][:mixers]
    manifest["mixing_rounds"] = rounds


@pytest.mark.parametrize(
    ("mixers", "rounds", "accepted"),
    [
        (3, 2, True),
        (3, 3, True),
        (2, 2, True),
        (3, 1, False),
        (3, 0, False),
        (2, 3, False),
        (1, 1, False),
        (0, 0, False),
    ],
)
def test_at_least_two_mix_and_no_more_than_there_are(
    body: bytes, mixers: int, rounds: int, accepted: bool
) -> None:
    assert MIN_ROUNDS == 2
    manifest = json.loads(body)
    mixing(manifest, mixers, rounds)
    if accepted:
        assert Election(elections.canonical(manifest)).manifest.mixing_rounds == rounds
        return
    reason = (
        "contest board: it is mixed: mixing_rounds is at least 2 and at most the number of mixers, which is "
        f"{mixers}; not {rounds}"
    )
    with pytest.raises(ManifestError, match=reason):
        Election(elections.canonical(manifest))


@pytest.mark.parametrize(("mixers", "rounds"), [(3, 2), (3, 0), (0, 2)])
def test_nobody_mixes_where_nothing_is_mixed(body: bytes, mixers: int, rounds: int) -> None:
    manifest = json.loads(body)
    del manifest["contests"][:2]
    mixing(manifest, mixers, rounds)
    with pytest.raises(ManifestError, match="there are mixers, and no contest to be mixed"):
        Election(elections.canonical(manifest))
    mixing(manifest, 0, 0)
    assert Election(elections.canonical(manifest)).manifest.mixers == ()


@pytest.mark.parametrize("tally", ["mixnet", "both"])
def test_a_contest_of_lines_that_is_mixed_needs_mixers_too(body: bytes, tally: str) -> None:
    manifest = json.loads(body)
    del manifest["contests"][:2]
    manifest["contests"][0]["tally"] = tally
    Election(elections.canonical(manifest))
    mixing(manifest, 0, 0)
    with pytest.raises(ManifestError, match="contest chair: it is mixed: mixing_rounds is at least 2"):
        Election(elections.canonical(manifest))


def test_no_more_ballots_than_can_be_mixed(body: bytes) -> None:
    manifest = json.loads(body)
    manifest["contests"][1]["max_bytes"] = 20
    manifest["capacity"] = 2**20
    Election(elections.canonical(manifest))
    manifest["capacity"] = 2**20 + 1
    with pytest.raises(
        ManifestError, match=r"contest board: a capacity of 1048577 is above the 1048576 that can be mixed"
    ):
        Election(elections.canonical(manifest))
    # What is not mixed may have more.
    del manifest["contests"][:2]
    mixing(manifest, 0, 0)
    Election(elections.canonical(manifest))


@pytest.mark.parametrize(
    ("contest", "capacity"),
    [
        # Rows of two, nine and 140 ciphertexts.
        (write_in(max_bytes=59), (2**28 - 32 * 12) // 288),
        (write_in(max_bytes=250), (2**28 - 32 * 33) // 736),
        (
            elections.choice(of=[f"o{number}" for number in range(280)], allow_blank=True).model_copy(
                update={"tally": "mixnet"}
            ),
            (2**28 - 32 * 426) // 9120,
        ),
    ],
)
def test_a_shuffle_has_room_beside_the_log(contest: Any, capacity: int) -> None:
    """A board that could not take it would find out when the votes have been cast."""
    moduli = [384]
    capacity_module.check_sizes((contest,), capacity, moduli)
    with pytest.raises(
        ManifestError, match=r"a shuffle would have up to .* bytes, the most is 268435456"
    ) as caught:
        capacity_module.check_sizes((contest,), capacity + 1, moduli)
    assert caught.value.item == f"contest {contest.id}"


@pytest.mark.parametrize("party", ["trustees.0", "registrars.0", "authority", "board", "mixers.0"])
def test_a_mixer_has_no_other_partys_key(body: bytes, party: str) -> None:
    manifest = json.loads(body)
    at: Any = manifest
    for part in party.split("."):
        at = at[int(part)] if part.isdigit() else at[part]
    manifest["mixers"][1]["signing_key"] = at["key" if party == "board" else "signing_key"]
    with pytest.raises(ManifestError, match="two parties have the same signing key"):
        Election(elections.canonical(manifest))


def test_a_trustee_may_mix_under_its_own_id_and_key(body: bytes) -> None:
    manifest = json.loads(body)
    trustee, mixer = manifest["trustees"][0], manifest["mixers"][1]
    mixer |= {"id": trustee["id"], "signing_key": trustee["signing_key"]}
    assert Election(elections.canonical(manifest)).manifest.mixer(trustee["id"]).id == trustee["id"]
    # Under another trustee's id, or another name, it is somebody else.
    for other in (manifest["trustees"][1]["id"], "mixer-2"):
        mixer["id"] = other
        with pytest.raises(ManifestError, match="two parties have the same signing key"):
            Election(elections.canonical(manifest))
    # An id alone is no key.
    mixer |= {"id": trustee["id"], "signing_key": b64encode(SigningKey.generate().verify_key.data)}
    Election(elections.canonical(manifest))


def test_mixers_have_ids_of_their_own(body: bytes) -> None:
    manifest = json.loads(body)
    manifest["mixers"][1]["id"] = manifest["mixers"][0]["id"]
    with pytest.raises(ManifestError, match="the mixer id 'mixer-1' stands twice"):
        Election(elections.canonical(manifest))


def test_an_unknown_mixer_is_named(body: bytes) -> None:
    manifest = Election(body).manifest
    assert manifest.mixer("mixer-3") == manifest.mixers[2]
    with pytest.raises(ManifestError, match="there is no mixer 'trustee-1'"):
        manifest.mixer("trustee-1")


# Rankings.


@st.composite
def rankings(draw: st.DrawFn) -> tuple[RankingContest, list[str]]:
    """A contest, and an order that it allows."""
    ids = [f"line{place}" for place in range(draw(st.integers(2, MAX_RANKED)))]
    maximum = draw(st.integers(1, len(ids)))
    minimum = draw(st.integers(1, maximum))
    blank = draw(st.booleans())
    contest = ranking(ids, minimum=minimum, maximum=maximum, allow_blank=blank, seats=1)
    size = 0 if blank and draw(st.booleans()) else draw(st.integers(minimum, maximum))
    return contest, list(draw(st.permutations(ids)))[:size]


@given(rankings())
@settings(max_examples=30)
def test_a_ranking_and_its_choices_are_inverse(case: tuple[RankingContest, list[str]]) -> None:
    contest, order = case
    plan = plan_of(contest)
    choices = plan.choices(order)
    assert choices == [int(option.removeprefix("line")) for option in order]
    assert plan.selection(choices) == order
    assert plan.choices(tuple(order)) == choices
    messages = plan.messages(choices)
    assert len(messages) == plan.num_ciphertexts
    assert plan.read(messages) == order


ORDERS: list[tuple[object, str]] = [
    ("an", "a list of option ids is needed"),
    ({"an"}, "a list of option ids is needed"),
    ({"an": 1}, "a list of option ids is needed"),
    (7, "a list of option ids is needed"),
    (["eve"], "there is no such option: there are an, binh, chi, dung"),
    (["an", None], "there is no such option"),
    (["an", 1], "there is no such option"),
    (["an", ["binh"]], "there is no such option"),
    (["chi", "an", "chi"], "an option is ranked twice"),
    (["an"], "from 2 to 3 options are to be ranked"),
    (["an", "binh", "chi", "dung"], "from 2 to 3 options are to be ranked"),
    ([], "from 2 to 3 options are to be ranked"),
    (None, "from 2 to 3 options are to be ranked"),
]


@pytest.mark.parametrize(("selection", "reason"), ORDERS)
def test_a_ranking_is_refused_with_its_reason(selection: object, reason: str) -> None:
    plan = plan_of(ranking(minimum=2, allow_blank=False))
    assert plan.choices(["chi", "an"]) == [2, 0]
    assert plan.choices(["dung", "chi", "an"]) == [3, 2, 0]
    with pytest.raises(SelectionError) as caught:
        plan.choices(selection)
    assert caught.value.message.startswith(reason)
    assert caught.value.item == "contest board"


def test_a_blank_ranking_where_it_is_allowed() -> None:
    plan = plan_of(ranking(minimum=2))
    assert plan.choices(None) == plan.choices([]) == plan.choices(()) == []
    assert plan.selection([]) == plan.read(plan.messages([])) == []
    with pytest.raises(SelectionError, match=r"from 2 to 3 options are to be ranked, or none$"):
        plan.choices(["an"])


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ([0, 4], "an option is ranked that there is none of"),
        ([255], "an option is ranked that there is none of"),
        ([1, 1], "an option is ranked twice"),
        ([0, 1, 2, 3], "from 1 to 3 options are to be ranked, or none"),
        ([256], "a mark has bytes"),
        ([0, -1], "a mark has bytes"),
    ],
)
def test_choices_that_are_no_ranking_are_refused(choices: list[int], reason: str) -> None:
    plan = plan_of(ranking())
    assert plan.selection([0, 3]) == ["an", "dung"]
    with pytest.raises(SelectionError, match=f"^contest board: {reason}$"):
        plan.selection(choices)
    if all(0 <= number < 256 for number in choices):
        with pytest.raises(SelectionError, match=f"^contest board: {reason}$"):
            plan.read(embed(ristretto255, bytes(choices), plan.width))


# Texts.

#: Text that can be read, and is not empty.
READABLE = st.characters(exclude_categories=("C", "Z"), max_codepoint=0xFFFF).filter(
    lambda char: not any(refused(char) for refused in write_in_module._REFUSED)
)
WORDS = st.text(READABLE, min_size=1, max_size=20).filter(normalise)


@given(WORDS, st.integers(0, 3))
@example("Nguyễn Thị Ánh", 0)
@example('"\\', 0)
@settings(max_examples=40)
def test_a_text_and_its_choices_are_inverse(text: str, spare: int) -> None:
    size = len(text.encode())
    plan = plan_of(write_in(max_bytes=size + spare))
    choices = plan.choices(text)
    assert bytes(choices).decode() == text
    assert plan.selection(choices) == text
    assert plan.read(plan.messages(choices)) == text
    assert len(plan.messages(choices)) == plan.num_ciphertexts
    # A byte less is too short.
    if size > 1:
        least = plan_of(write_in(max_bytes=size - 1))
        reason = f"a text of {size} bytes in UTF-8, and at most {size - 1} are allowed"
        with pytest.raises(SelectionError, match=reason):
            least.choices(text)


TEXT_CASES: list[tuple[object, str]] = [
    (b"An", "a text is needed"),
    (7, "a text is needed"),
    (["An"], "a text is needed"),
    ("An\ud800", "the text has a lone surrogate"),
    ("x" * 41, "a text of 41 bytes in UTF-8, and at most 40 are allowed"),
    ("é" * 20 + "x", "a text of 41 bytes in UTF-8, and at most 40 are allowed"),
    ("An\n", "character \\d of the text is refused: it does not show.*"),
    ("An\x00", "character \\d of the text is refused: it does not show.*"),
    ("An\tBinh", "character \\d of the text is refused: it does not show.*"),
    ("An\x85", "character \\d of the text is refused: it does not show.*"),
    ("A\u200bn", "character \\d of the text is refused: it does not show.*"),
    ("\u202enA", "character \\d of the text is refused: it does not show.*"),
    ("A\u00adn", "character \\d of the text is refused: it does not show.*"),
    ("An\ue000", "character \\d of the text is refused: it does not show.*"),
    ("An\uffff", "character \\d of the text is refused: it does not show.*"),
    (" ", "the text is empty"),
    ("\u3000\u00a0", "the text is empty"),
    ("", "the text is empty"),
    (None, "the text is empty"),
]


@pytest.mark.parametrize(("selection", "reason"), TEXT_CASES)
def test_a_text_is_refused_with_its_reason(selection: object, reason: str) -> None:
    plan = plan_of(write_in(allow_blank=False))
    for good in ("An", "x" * 40, "é" * 20, "An Bình", "\u3000An", "‑«An»‑"):
        assert plan.selection(plan.choices(good)) == good
    with pytest.raises(SelectionError, match=f"^contest motto: {reason}$"):
        plan.choices(selection)


def test_a_blank_text_where_it_is_allowed() -> None:
    plan = plan_of(write_in())
    assert plan.choices(None) == plan.choices("") == []
    assert plan.selection([]) == plan.read(plan.messages([])) == ""
    # White space is no blank, but nothing that was written either.
    with pytest.raises(SelectionError, match="the text is empty"):
        plan.choices("  ")


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        (b"\xff", "the text is not UTF-8"),
        (b"A\xc3", "the text is not UTF-8"),
        (b"\xc0\x80", "the text is not UTF-8"),
        ("\ud800".encode("utf-8", "surrogatepass"), "the text is not UTF-8"),
        (b"A\x00", "character \\d of the text is refused: it does not show.*"),
        ("A\u2066n".encode(), "character \\d of the text is refused: it does not show.*"),
        (b"x" * 41, "a text of 41 bytes in UTF-8, and at most 40 are allowed"),
        (b"  ", "the text is empty"),
    ],
)
def test_bytes_that_are_no_text_are_refused(mark: bytes, reason: str) -> None:
    plan = plan_of(write_in())
    assert plan.read(embed(ristretto255, "Chí".encode(), plan.width)) == "Chí"
    with pytest.raises(SelectionError, match=f"^contest motto: {reason}$"):
        plan.selection(list(mark))
    with pytest.raises(SelectionError, match=f"^contest motto: {reason}$"):
        plan.read(embed(ristretto255, mark, plan.width))


# Lines that no mark was encrypted in.


@pytest.mark.parametrize("contest", [ranking(), write_in()], ids=["ranking", "text"])
def test_elements_that_hold_no_mark_are_refused(contest: RankingContest | WriteInContest) -> None:
    plan = plan_of(contest)
    good = plan.messages([0, 1] if isinstance(contest, RankingContest) else list(b"An"))
    assert plan.read(good)
    identity = ristretto255.identity
    some = ristretto255.multiply_generator(ristretto255.random_scalar())
    for place in range(plan.width):
        for wrong in (identity, some):
            row = [*good[:place], wrong, *good[place + 1 :]]
            with pytest.raises(
                SelectionError, match=f"^contest {plan.id}: an element that holds no message$"
            ):
                plan.read(row)


def test_a_length_that_is_not_the_marks_is_refused() -> None:
    plan = plan_of(write_in())
    assert plan.width == 2
    full = embed(ristretto255, b"x" * 40, 2)
    other = embed(ristretto255, b"yy", 2)
    for row in ([other[0], full[1]], full[:1]):
        with pytest.raises(
            SelectionError, match=r"^contest motto: the message's length is not the one it says$"
        ):
            plan.read(row)
    with pytest.raises(SelectionError, match="no elements, no message"):
        plan.read([])


# What is one text.


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("An Bình", "an bình"),
        ("AN  BÌNH ", " an\u00a0bình"),
        ("Nguyễn", unicodedata.normalize("NFD", "Nguyễn")),
        ("NGUYỄN", unicodedata.normalize("NFD", "nguyễn")),
        ("Ｎｇｕｙễｎ", "nguyễn"),
        ("Đặng Thị Hường", unicodedata.normalize("NFD", "đặng thị hường")),
        # Marks in another order, and a letter that has one of them already.
        ("ệ", "e\u0302\u0323"),
        ("ệ", "ẹ\u0302"),
        ("Straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("№ 1", "no 1"),
        ("Σίσυφος", "σίσυφοσ"),
        ("a\u3000b", "A B"),
    ],
)
def test_forms_of_one_text(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bình", "Binh"),
        ("Bình", "Bính"),
        ("Đan", "Dan"),
        ("Hường", "Hướng"),
        ("Nguyễn", "Nguyên"),
        ("An Bình", "AnBình"),
        ("An-Bình", "An Bình"),
        ("An.", "An"),
    ],
)
def test_texts_that_are_two(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize("letter", ["\u04c0", "\u10a0", "\u10c5", "\u13a0", "\u2132", "\u2183"])
def test_letters_that_got_a_lower_case_after_unicode_3_2(letter: str) -> None:
    """Table B.2 of RFC 3454 does not map them, whatever Unicode Python has."""
    assert letter.lower() != letter
    assert normalise(letter) == letter
    assert normalise(f"{letter}\u0414") == f"{letter}\u0434"


def test_normalisation_is_without_corrigendum_4() -> None:
    assert normalise("\U0002f868") == "\U0002136a"
    assert unicodedata.normalize("NFKC", "\U0002f868") == "\u36fc"


@given(st.text(st.one_of(READABLE, st.sampled_from(" \u00a0\u2003")), max_size=12))
# Folding the case of this letter takes it apart.
@example("\u01f0")
def test_normalising_ends_and_sees_no_composition(text: str) -> None:
    result = normalise(text)
    assert normalise(result) == result
    assert unicodedata.is_normalized("NFKC", result)
    assert normalise(f"  {text}\u00a0") == result
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normalise(unicodedata.normalize(form, text)) == result


# Through a voter's device.

SELECTIONS: Mapping[str, Any] = {"board": ["dung", "an"], "motto": "Nguyễn Thị Ánh", "chair": "chi"}


@pytest.fixture(scope="module")
def context() -> BallotContext:
    return elections.ballot_context(elections.simulate((ranking(), write_in(), elections.choice())).election)


def new_device(context: BallotContext) -> VoterDevice:
    key = SigningKey.generate()
    return VoterDevice(context, Credential(key=key.verify_key.data, signatures=(b"",)), key)


@pytest.fixture
def device(context: BallotContext) -> VoterDevice:
    return new_device(context)


def cast(device: VoterDevice, selections: Mapping[str, Any] = SELECTIONS) -> Ballot:
    return Ballot.from_body(parse_entry(device.seal(selections).cast()).body)


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
