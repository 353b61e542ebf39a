"""A record's body: canonical JSON, and nothing else."""

from __future__ import annotations

import json

import pytest

from secretballot.crypto.encoding import MAX_JSON_INTEGER
from secretballot.errors import ArgumentError, EncodingError

from .shared import BODY, SAMPLE, Sample, changed, sample


def member(name: str, text: str) -> bytes:
    """The body with another JSON text for one member."""
    value = json.dumps(json.loads(BODY)[name], ensure_ascii=False, separators=(",", ":"))
    return changed(f'"{name}":{value}', f'"{name}":{text}')


def test_a_body_is_the_canonical_json() -> None:
    assert SAMPLE.to_body() == BODY
    assert Sample.from_body(BODY) == SAMPLE
    again = json.dumps(json.loads(BODY), ensure_ascii=False, separators=(",", ":"))
    assert again.encode() == BODY


@pytest.mark.parametrize(
    "body",
    [
        # White space, before, between and after.
        b" " + BODY,
        BODY + b" ",
        BODY + b"\n",
        b"\n" + BODY,
        changed('"count":5', '"count": 5'),
        changed('"count":5', '"count" :5'),
        changed('"text":"x",', '"text":"x", '),
        changed("[{", "[ {"),
        changed('{"record"', '{ "record"'),
        # The members in another order, at either level.
        changed('"text":"x","count":5', '"count":5,"text":"x"'),
        changed('{"id":"a","count":0}', '{"count":0,"id":"a"}'),
        # A member twice, alike or not; a label twice.
        changed('"count":5', '"count":5,"count":5'),
        changed('"count":5', '"count":4,"count":5'),
        changed('"count":0', '"count":0,"count":0'),
        changed('"en":"Yes"', '"en":"No","en":"Yes"'),
        BODY[:-1] + b',"record":"secretballot/1/sample"}',
        # A member left out that has a default.
        changed('"text":"x",', ""),
        changed('"record":"secretballot/1/sample",', ""),
        # Escapes that JSON does not require, and others of what it requires.
        member("text", '"\\u0078"'),
        changed('"count":5', '"\\u0063ount":5'),
        changed('"Có"', '"C\\u00f3"'),
        changed('"2/3"', '"2\\/3"'),
        changed("secretballot/1", "secretballot\\/1"),
        # Numbers in another form.
        changed('"count":0', '"count":-0'),
    ],
)
def test_the_same_content_in_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(EncodingError, match="not in its canonical form"):
        Sample.from_body(body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        # Unknown members.
        (BODY[:-1] + b',"more":1}', "^more: "),
        (changed('"count":0', '"count":0,"more":1'), r"^inner\.0\.more: "),
        (changed('"count":5', '"Count":5'), "^Count: |^count: "),
        # Missing ones without a default.
        (changed('{"id":"a","count":0}', '{"id":"a"}'), r"^inner\.0\.count: "),
        (changed('{"id":"b-1","count":1}', "{}"), r"^inner\.1\.id: "),
        # Another type.
        (changed("1/sample", "1/samples"), "^record: "),
        (changed("1/sample", "2/sample"), "^record: "),
        (member("count", "5.0"), "^count: "),
        (member("count", "5e0"), "^count: "),
        (member("count", '"5"'), "^count: "),
        (member("count", "true"), "^count: "),
        (member("count", "null"), "^count: "),
        (member("count", "-1"), "^count: "),
        (member("count", str(MAX_JSON_INTEGER + 1)), "^count: "),
        (member("count", "1" + "0" * 30), "^count: "),
        (member("count", "1" + "0" * 5000), "^Invalid JSON"),
        (member("count", "05"), "^Invalid JSON"),
        (member("count", "+5"), "^Invalid JSON"),
        (member("count", "NaN"), "^count: |^Invalid JSON"),
        (member("count", "Infinity"), "^count: |^Invalid JSON"),
        (member("text", "5"), "^text: "),
        (member("text", '""'), "^text: "),
        (member("text", '"' + "x" * 1001 + '"'), "^text: "),
        (member("labels", "{}"), "^labels: "),
        (member("labels", '{"en":""}'), r"^labels\.en: "),
        (member("labels", '{"e":"Yes"}'), r"^labels\.e\."),
        (member("labels", '["en"]'), "^labels: "),
        (member("inner", "{}"), "^inner: "),
        (member("inner", "[1]"), r"^inner\.0: "),
        (member("digest", "[0]"), "^digest: "),
        # Not JSON, not an object, not UTF-8.
        (b"", "^Invalid JSON"),
        (b"{", "^Invalid JSON"),
        (b"null", "object"),
        (b"[]", "object"),
        (BODY[:-1], "^Invalid JSON"),
        (BODY + b"}", "^Invalid JSON"),
        (BODY + BODY, "^Invalid JSON"),
        (BODY + b"\0", "^Invalid JSON"),
        (b"\xef\xbb\xbf" + BODY, "^Invalid JSON"),
        (changed('"count":1}]', '"count":1},]'), "^Invalid JSON"),
        (BODY.replace("ó".encode(), b"\xf3"), "^Invalid JSON"),
        (BODY.replace("ó".encode(), b"\xed\xa0\x80"), "^Invalid JSON"),
        (member("text", '"\\ud800"'), "^Invalid JSON"),
        (member("text", '"a\nb"'), "^Invalid JSON"),
        (b"[" * 100_000, "^Invalid JSON"),
        (b'{"record":' * 100_000, "^Invalid JSON"),
    ],
)
def test_other_content_is_refused_and_the_place_named(body: bytes, message: str) -> None:
    with pytest.raises(EncodingError, match=message):
        Sample.from_body(body)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"\\', '\\"\\\\'),
        ("\b\t\n\f\r", "\\b\\t\\n\\f\\r"),
        ("\0\x01\x1f", "\\u0000\\u0001\\u001f"),
        ("/\x7f\u2028\u2029\ufeff", "/\x7f\u2028\u2029\ufeff"),
        ("é\u0301ệ\U0001f5f3", "é\u0301ệ\U0001f5f3"),
        ("x" * 1000, "x" * 1000),
        ("\U0001f5f3" * 1000, "\U0001f5f3" * 1000),
    ],
)
def test_the_escapes_of_the_canonical_form(value: str, text: str) -> None:
    body = sample(text=value).to_body()
    assert body == member("text", f'"{text}"')
    assert Sample.from_body(body).text == value
    escaped = "".join(f"\\u{ord(char):04x}" for char in value[:3] if ord(char) < 0x10000)
    if escaped and escaped != text:
        with pytest.raises(EncodingError):
            Sample.from_body(member("text", f'"{escaped}"'))


def test_upper_case_escapes_are_another_form() -> None:
    Sample.from_body(member("text", '"\\u001f"'))
    with pytest.raises(EncodingError, match="canonical"):
        Sample.from_body(member("text", '"\\u001F"'))
    with pytest.raises(EncodingError, match="canonical"):
        Sample.from_body(member("text", '"\\u000a"'))


def test_text_is_not_normalised() -> None:
    composed, decomposed = sample(text="\u00e9"), sample(text="e\u0301")
    assert composed.to_body() != decomposed.to_body()
    for one in (composed, decomposed):
        assert Sample.from_body(one.to_body()) == one


def test_a_record_is_frozen_and_strict() -> None:
    with pytest.raises(ArgumentError, match=r"^Sample\.count: a record cannot be changed$"):
        SAMPLE.count = 6  # type: ignore[misc]
    with pytest.raises(ArgumentError, match=r"^Sample\.more: a record cannot be changed$"):
        SAMPLE.more = 6  # type: ignore[attr-defined]
    with pytest.raises(ArgumentError, match=r"^Sample\.count: a record cannot be changed$"):
        del SAMPLE.count
    assert SAMPLE.to_body() == BODY
    for wrong in (
        {"count": True},
        {"count": 1.0},
        {"count": "1"},
        {"more": 1},
        {"blob": bytearray(b"x")},
        {"text": b"x"},
    ):
        with pytest.raises(EncodingError, match=f"^Sample: {next(iter(wrong))}: "):
            sample(**wrong)


def test_an_error_repeats_no_input_and_is_one_short_line() -> None:
    secret = "do-not-tell"
    for body in (
        member("text", json.dumps([secret])),
        member("count", f'"{secret}"'),
        member("digest", f'"{secret}"'),
        member("share", f'"{secret}"'),
        changed('"id":"a"', f'"id":"{secret}!"'),
    ):
        with pytest.raises(EncodingError) as caught:
            Sample.from_body(body)
        assert secret not in str(caught.value)
    for name in ("x" * 10_000, "a\nentry 5: fine", "\x1b[31m", "\u202e\u2028"):
        with pytest.raises(EncodingError) as caught:
            Sample.from_body(BODY[:-1] + f",{json.dumps(name)}:1}}".encode())
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 200
    with pytest.raises(EncodingError, match=r"^Sample: text: Input should be a valid string$"):
        sample(text=b"do-not-tell")
