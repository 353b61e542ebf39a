"""A text and the bytes that it is encrypted as; which forms are one text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from secretballot.ballot.contest_kinds import write_in as write_in_module
from secretballot.ballot.contest_kinds.write_in import normalise
from secretballot.crypto.embedding import embed
from secretballot.crypto.group import ristretto255
from secretballot.errors import SelectionError
from secretballot.manifest.contests import RankingContest, WriteInContest

from .shared import plan_of, ranking, write_in

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
