"""Laws of the encodings: frames are injective, base64url has one form."""

from __future__ import annotations

import base64

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from secretballot.crypto.encoding import (
    Tag,
    b64decode,
    b64encode,
    frame,
    tagged_hash,
)
from secretballot.errors import EncodingError

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
fields = st.one_of(st.binary(max_size=12), texts, st.integers(0, 2**64 - 1))


def split(data: bytes) -> list[bytes]:
    """The fields of a frame: that there is an inverse makes it injective."""
    out = []
    while data:
        size = int.from_bytes(data[:8], "big")
        assert len(data) >= 8 + size
        out.append(data[8 : 8 + size])
        data = data[8 + size :]
    return out


def as_bytes(field: bytes | str | int) -> bytes:
    if isinstance(field, int):
        return field.to_bytes(8, "big")
    return field.encode("utf-8") if isinstance(field, str) else field


@given(st.lists(fields, max_size=6))
def test_a_frame_can_be_taken_apart(values: list[bytes | str | int]) -> None:
    assert split(frame(*values)) == [as_bytes(value) for value in values]


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
@settings(max_examples=200)
def test_frames_are_equal_just_where_the_fields_are(first: list[bytes], second: list[bytes]) -> None:
    assert (frame(*first) == frame(*second)) == (first == second)
    assert (tagged_hash(Tag.CREDENTIAL, *first) == tagged_hash(Tag.CREDENTIAL, *second)) == (first == second)


@given(st.lists(fields, max_size=4), st.sampled_from(Tag), st.sampled_from(Tag))
def test_a_hash_is_under_one_tag(values: list[bytes | str | int], one: Tag, other: Tag) -> None:
    assert (tagged_hash(one, *values) == tagged_hash(other, *values)) == (one is other)
    assert len(tagged_hash(one, *values)) == 32


# base64url.


@given(st.binary(max_size=100))
def test_base64url_round_trip(data: bytes) -> None:
    text = b64encode(data)
    assert text == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert b64decode(text) == b64decode(text, len(data)) == data


@given(
    st.one_of(
        st.text("AQgwZh-_=+/ \n", max_size=12),
        st.text(max_size=8),
        st.binary(max_size=9).map(lambda data: base64.urlsafe_b64encode(data).decode()),
    )
)
@settings(max_examples=300)
def test_text_is_refused_unless_it_is_what_would_be_written(text: str) -> None:
    try:
        data = b64decode(text)
    except EncodingError:
        return
    assert b64encode(data) == text


@given(st.binary(min_size=1, max_size=40), st.data())
@settings(max_examples=100)
def test_another_text_is_never_the_same_bytes(data: bytes, draw: st.DataObject) -> None:
    text = b64encode(data)
    place = draw.draw(st.integers(0, len(text)))
    other = draw.draw(st.sampled_from("ABgw09-_+/= \n\t"))
    for changed in (text[:place] + other + text[place:], text[:place] + other + text[place + 1 :], text[:-1]):
        assume(changed != text)
        try:
            assert b64decode(changed) != data
        except EncodingError:
            continue
