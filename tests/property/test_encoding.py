"""Laws of the encodings: frames are injective, base64url and JSON have one form, and no bytes leak another error."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from secretballot.crypto.encoding import (
    MAX_JSON_INTEGER,
    Tag,
    b64decode,
    b64encode,
    frame,
    parse_json,
    tagged_hash,
)
from secretballot.errors import EncodingError

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
fields = st.one_of(st.binary(max_size=12), texts, st.integers(0, 2**64 - 1))
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-MAX_JSON_INTEGER, MAX_JSON_INTEGER), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


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


# JSON.


@given(json_values, st.booleans())
@settings(max_examples=100)
def test_json_round_trip(value: Any, ascii_only: bool) -> None:
    for separators in ((",", ":"), (" , ", " : ")):
        text = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
        assert parse_json(text.encode("utf-8")) == value


@given(json_values, st.data())
@settings(max_examples=200)
def test_changed_json_is_refused_or_read_as_others_read_it(value: Any, draw: st.DataObject) -> None:
    data = bytearray(json.dumps(value, ensure_ascii=draw.draw(st.booleans())).encode("utf-8"))
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.integers(0, len(data)))
        piece = draw.draw(
            st.sampled_from([b"", b"\\", b'"', b"[", b"}", b",", b"0", b"-", b".5", b"e9", b"\xff", b" "])
        )
        data[place : place + draw.draw(st.integers(0, 2))] = piece
    try:
        read = parse_json(bytes(data))
    except EncodingError:
        return
    assert read == json.loads(bytes(data).decode("utf-8"))
    assert parse_json(json.dumps(read).encode()) == read


@given(st.one_of(st.binary(max_size=30), st.text('[]{}":,\\u0d8-eE.1 ntf', max_size=30).map(str.encode)))
@settings(max_examples=500)
def test_no_bytes_leak_another_error(data: bytes) -> None:
    try:
        parse_json(data)
    except EncodingError:
        return


@given(st.dictionaries(texts, st.integers(0, 9), min_size=1, max_size=4), st.data())
def test_a_name_that_stands_twice_is_refused(value: dict[str, int], draw: st.DataObject) -> None:
    name = draw.draw(st.sampled_from(sorted(value)))
    pairs = [*value.items(), (name, draw.draw(st.integers(0, 9)))]
    draw.draw(st.randoms(use_true_random=False)).shuffle(pairs)
    body = ",".join(
        f"{json.dumps(key, ensure_ascii=draw.draw(st.booleans()))}:{number}" for key, number in pairs
    )
    for text in ("{" + body + "}", '[{"x":{' + body + "}}]"):
        with pytest.raises(EncodingError, match="twice"):
            parse_json(text.encode("utf-8"))


@given(st.integers())
def test_integers_of_at_most_53_bits(value: int) -> None:
    for number in (value, value * 2**30, value + MAX_JSON_INTEGER, value - MAX_JSON_INTEGER):
        text = str(number).encode()
        if abs(number) <= MAX_JSON_INTEGER:
            assert parse_json(text) == number
        else:
            with pytest.raises(EncodingError, match="53 bits"):
                parse_json(text)


@given(st.floats())
def test_no_float_is_read(value: float) -> None:
    with pytest.raises(EncodingError):
        parse_json(json.dumps(value).encode())
