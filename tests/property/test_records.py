"""A record's body has one form: whatever else is read is refused, with no other error."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.errors import EncodingError
from secretballot.tally.records import Result

BODY = Result(election=bytes(32), collected=47, roll=50, below_minimum_group=False, contests=()).to_body()
PIECES = [
    b"",
    b"\\",
    b'"',
    b"[",
    b"}",
    b",",
    b"0",
    b"-",
    b".5",
    b"e9",
    b"\xff",
    b" ",
    b"NaN",
    b'"roll":50,',
    b"7",
]


@given(st.data())
@settings(max_examples=300)
def test_a_changed_body_is_refused_or_says_something_else(draw: st.DataObject) -> None:
    data = bytearray(BODY)
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.integers(0, len(data)))
        piece = draw.draw(st.sampled_from(PIECES))
        data[place : place + draw.draw(st.integers(0, 2))] = piece
    body = bytes(data)
    try:
        read = Result.from_body(body)
    except EncodingError:
        return
    assert (read.to_body() == BODY) == (body == BODY)
    assert read.to_body() == body == json.dumps(json.loads(body), separators=(",", ":")).encode()


@given(st.one_of(st.binary(max_size=30), st.text('[]{}":,\\u0d8-eE.1 ntf', max_size=30).map(str.encode)))
@settings(max_examples=300)
def test_no_bytes_leak_another_error(data: bytes) -> None:
    for body in (data, BODY[: len(data)] + data, data + BODY, BODY + data):
        try:
            assert Result.from_body(body).to_body() == body
        except EncodingError:
            continue


@given(st.one_of(st.integers(), st.floats()))
def test_numbers_are_integers_of_at_most_53_bits(value: float) -> None:
    body = BODY.replace(b'"roll":50', f'"roll":{json.dumps(value)}'.encode())
    try:
        assert Result.from_body(body).roll == value
    except EncodingError:
        assert not (isinstance(value, int) and 0 <= value < 2**53)
