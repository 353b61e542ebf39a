"""A record's body has one form: whatever else is read is refused, with no other error."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from secretballot.errors import EncodingError
from secretballot.tally.records import Result
from secretballot.testing.strategies import altered, garbage

BODY = Result(election=bytes(32), collected=47, roll=50, below_minimum_group=False, contests=()).to_body()


@given(altered(BODY))
@settings(max_examples=300)
def test_a_changed_body_is_refused_or_says_something_else(body: bytes) -> None:
    try:
        read = Result.from_body(body)
    except EncodingError:
        return
    assert read.to_body() != BODY
    assert read.to_body() == body == json.dumps(json.loads(body), separators=(",", ":")).encode()


@given(garbage(max_size=30))
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
