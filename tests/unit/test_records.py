"""Canonical bodies and signed entries: one form is accepted, and each of its neighbours refused."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any, Literal

import pytest

from secretballot import records
from secretballot.crypto.encoding import MAX_JSON_INTEGER, b64encode
from secretballot.crypto.secret import Secret
from secretballot.crypto.signing import SigningKey
from secretballot.errors import ArgumentError, EncodingError, InvalidKeyError, InvalidSignatureError
from secretballot.records import (
    MAX_ENTRY_SIZE,
    Blob,
    Count,
    Digest,
    Identifier,
    Key,
    Labels,
    Ratio,
    Record,
    Signature,
    Text,
    parse_entry,
    record_type,
    sign_body,
    sign_record,
    signed_message,
)

KEY = SigningKey(Secret(bytes(range(32))))


class Inner(Record):
    id: Identifier
    count: Count


class Sample(Record):
    record: Literal["secretballot/1/sample"] = "secretballot/1/sample"
    digest: Digest = bytes(32)
    blob: Blob = b"\xfb\xff"
    text: Text = "x"
    count: Count = 5
    share: Ratio = Fraction(2, 3)
    labels: Labels
    inner: tuple[Inner, ...] = (Inner(id="a", count=0), Inner(id="b-1", count=1))


def sample(**members: Any) -> Sample:
    return Sample(**{"labels": {"en": "Yes", "vi": "Có"}} | members)


SAMPLE = sample()
BODY = (
    '{"record":"secretballot/1/sample","digest":"' + "A" * 43 + '","blob":"-_8","text":"x","count":5,'
    '"share":"2/3","labels":{"en":"Yes","vi":"Có"},"inner":[{"id":"a","count":0},{"id":"b-1","count":1}]}'
).encode()


def changed(old: str, new: str) -> bytes:
    assert BODY.count(old.encode()) == 1
    return BODY.replace(old.encode(), new.encode())


def member(name: str, text: str) -> bytes:
    """The body with another JSON text for one member."""
    value = json.dumps(json.loads(BODY)[name], ensure_ascii=False, separators=(",", ":"))
    return changed(f'"{name}":{value}', f'"{name}":{text}')


# Bodies.


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


# Types.


class OneBlob(Record):
    blob: Blob


class OneDigest(Record):
    digest: Digest


class OneKey(Record):
    key: Key


class OneSignature(Record):
    signature: Signature


class OneRatio(Record):
    ratio: Ratio


class OneId(Record):
    id: Identifier


class OneLabels(Record):
    labels: Labels


def body_of(name: str, value: Any) -> bytes:
    return json.dumps({name: value}, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("kind", "name", "size"),
    [(OneDigest, "digest", 32), (OneKey, "key", 32), (OneSignature, "signature", 64)],
)
def test_blobs_of_one_size(kind: type[Record], name: str, size: int) -> None:
    data = bytes(range(size))
    body = body_of(name, b64encode(data))
    made = kind(**{name: data})
    assert made.to_body() == body
    assert kind.from_body(body) == made
    for wrong in (b"", data[:-1], data + b"\0", data[:16], data * 2):
        message = f"^{name}: .*{size} bytes are expected, there are {len(wrong)}"
        with pytest.raises(EncodingError, match=message):
            kind.from_body(body_of(name, b64encode(wrong)))
        with pytest.raises(EncodingError, match=f"{size} bytes are expected"):
            kind(**{name: wrong})
    text = b64encode(data)
    for other in (
        text + "=",
        text + "==",
        text[:-1],
        text + "A",
        " " + text,
        text + "\n",
        text.replace("E", "+", 1),
    ):
        with pytest.raises(EncodingError, match=f"^{name}: "):
            kind.from_body(body_of(name, other))
    # Bits after the last byte.
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = text[:-1] + last[last.index(text[-1]) + 1]
    with pytest.raises(EncodingError, match="not canonical base64url"):
        kind.from_body(body_of(name, other))
    schema = kind.model_json_schema()["properties"][name]
    assert schema["minLength"] == schema["maxLength"] == len(text)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 31, 33, 1000])
def test_blobs_of_any_size(size: int) -> None:
    made = OneBlob(blob=bytes(size))
    assert OneBlob.from_body(made.to_body()) == made
    assert made.to_body() == body_of("blob", "A" * -(-size * 4 // 3))
    assert "minLength" not in OneBlob.model_json_schema()["properties"]["blob"]
    wrong: Any
    for wrong in ("A", "Zg==", "é", "A A", 5, None, [0], {}):
        with pytest.raises(EncodingError, match=r"^blob: "):
            OneBlob.from_body(body_of("blob", wrong))


@pytest.mark.parametrize(
    "text",
    ["2/3", "0/1", "1/1", "5/4", "1/999999999999999", "999999999999999/1", "999999999999999/999999999999998"],
)
def test_ratios(text: str) -> None:
    made = OneRatio.from_body(body_of("ratio", text))
    assert made.ratio == Fraction(text)
    assert made.to_body() == body_of("ratio", text)
    assert OneRatio(ratio=Fraction(text)) == made


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2/4", "lowest terms"),
        ("4/2", "lowest terms"),
        ("3/3", "lowest terms"),
        ("0/2", "lowest terms"),
        ("0/0", "written as 2/3"),
        ("1/0", "written as 2/3"),
        ("1", "written as 2/3"),
        ("0", "written as 2/3"),
        ("-1/2", "written as 2/3"),
        ("1/-2", "written as 2/3"),
        ("+1/2", "written as 2/3"),
        ("01/2", "written as 2/3"),
        ("1/02", "written as 2/3"),
        ("00/1", "written as 2/3"),
        (" 1/2", "written as 2/3"),
        ("1/2 ", "written as 2/3"),
        ("1/2\n", "written as 2/3"),
        ("1 /2", "written as 2/3"),
        ("1/2/3", "written as 2/3"),
        ("1_0/3", "written as 2/3"),
        ("0.5", "written as 2/3"),
        ("1e1/3", "written as 2/3"),
        ("", "written as 2/3"),
        ("/", "written as 2/3"),
        ("1/", "written as 2/3"),
        ("/2", "written as 2/3"),
        ("١/٢", "written as 2/3"),
        ("1000000000000000/3", "written as 2/3"),
        ("1/1000000000000001", "written as 2/3"),
        (1, "Fraction"),
        (0.5, "Fraction"),
        (True, "Fraction"),
        (None, "Fraction"),
        ([1, 2], "Fraction"),
    ],
)
def test_what_is_no_ratio(text: Any, message: str) -> None:
    with pytest.raises(EncodingError, match=f"^ratio: .*{message}"):
        OneRatio.from_body(body_of("ratio", text))


@pytest.mark.parametrize(
    "value", [Fraction(-1, 2), Fraction(10**15, 3), Fraction(1, 10**15), 1, 0.5, True, None]
)
def test_a_ratio_that_could_not_be_read_again_is_not_made(value: Any) -> None:
    with pytest.raises(EncodingError, match=r"^OneRatio: ratio: "):
        OneRatio(ratio=value)


def test_identifiers() -> None:
    for good in ("a", "0", "a.b_c-d", "a" * 64, "9-"):
        assert OneId.from_body(body_of("id", good)).id == good
    for wrong in ("", "A", "-a", ".a", "_a", "a" * 65, "a b", "a\n", "\na", "é", "a/b", "а", "a\0", 5, None):
        with pytest.raises(EncodingError, match=r"^id: "):
            OneId.from_body(body_of("id", wrong))


def test_labels() -> None:
    tags = ["en", "zh-Hant-TW", "de-1996", "abcdefgh", "FR", "vi-" + "x" * 8]
    labels = dict.fromkeys(tags, "x")
    assert OneLabels.from_body(body_of("labels", labels)).labels == labels
    many = {f"aa-{number}": "x" for number in range(64)}
    assert OneLabels.from_body(body_of("labels", many)).labels == many
    for wrong in (
        "",
        "e",
        "abcdefghi",
        "en-",
        "-en",
        "en_US",
        "en-123456789",
        "en--US",
        "e1",
        "en\n",
        " en",
        "é",
    ):
        with pytest.raises(EncodingError, match=r"^labels"):
            OneLabels.from_body(body_of("labels", {"vi": "x", wrong: "x"}))
    content: Any
    for content in (
        {"en": "x", "EN": "x"},
        {},
        many | {"bb": "x"},
        {"en": ""},
        {"en": "x" * 1001},
        {"en": 5},
        {"en": None},
        [],
        "en",
    ):
        with pytest.raises(EncodingError, match=r"^labels"):
            OneLabels.from_body(body_of("labels", content))


def test_the_type_of_a_record() -> None:
    assert record_type("sample") == SAMPLE.record


# Entries.


def test_an_entry_is_body_and_signature() -> None:
    entry = sign_record(SAMPLE, KEY)
    signature = KEY.sign(signed_message(BODY))
    assert entry == b'{"body":' + BODY + b',"signature":"' + b64encode(signature).encode() + b'"}'
    assert json.loads(entry) == {"body": json.loads(BODY), "signature": b64encode(signature)}
    parsed = parse_entry(entry)
    assert parsed == (BODY, "sample", signature)
    parsed.verify(KEY.verify_key.data)
    label = b"secretballot/1/signed-entry"
    framed = len(label).to_bytes(8, "big") + label + len(BODY).to_bytes(8, "big") + BODY
    assert signed_message(BODY) == framed


def test_the_signature_is_over_this_body_by_this_key() -> None:
    parsed = parse_entry(sign_record(SAMPLE, KEY))
    key = KEY.verify_key.data
    other = changed('"count":5', '"count":6')
    wrong = [
        parsed._replace(body=other),
        parsed._replace(body=BODY + b" "),
        parsed._replace(signature=KEY.sign(BODY)),
        parsed._replace(signature=parsed.signature[:-1]),
        parsed._replace(signature=bytes(64)),
        parse_entry(sign_record(sample(count=6), KEY))._replace(body=BODY),
    ]
    wrong += [
        parsed._replace(
            signature=parsed.signature[:at] + bytes([parsed.signature[at] ^ 1]) + parsed.signature[at + 1 :]
        )
        for at in range(64)
    ]
    for one in wrong:
        with pytest.raises(InvalidSignatureError):
            one.verify(key)
    with pytest.raises(InvalidSignatureError):
        parsed.verify(SigningKey.generate().verify_key.data)
    for size in (0, 31, 33):
        with pytest.raises(InvalidKeyError):
            parsed.verify(key[:size].ljust(size, b"\0"))
    # A whole entry whose signature is another body's.
    entry, second = sign_record(SAMPLE, KEY), sign_record(sample(count=6), KEY)
    with pytest.raises(InvalidSignatureError):
        parse_entry(entry[:-88] + second[-88:]).verify(key)


ENTRY = sign_record(SAMPLE, KEY)


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"{}",
        b'{"body":',
        ENTRY[:-1],
        ENTRY[1:],
        ENTRY + b"\n",
        ENTRY + b" ",
        ENTRY + b"}",
        b" " + ENTRY,
        b"\n" + ENTRY,
        b"\xef\xbb\xbf" + ENTRY,
        # A line feed within.
        ENTRY.replace(b'"text":"x"', b'"text":"\n"'),
        ENTRY.replace(b'"count":5', b'"count":\n5'),
        # Another prefix, middle or end.
        ENTRY.replace(b'{"body":', b'{"Body":'),
        ENTRY.replace(b'{"body":', b'{ "body":'),
        ENTRY.replace(b'{"body":', b'{"body" :'),
        ENTRY.replace(b'{"body":', b'["body":'),
        ENTRY.replace(b',"signature":"', b', "signature":"'),
        ENTRY.replace(b',"signature":"', b',"signature": "'),
        ENTRY.replace(b',"signature":"', b',"Signature":"'),
        ENTRY.replace(b',"signature":"', b',"signatur":"'),
        ENTRY[:-2] + b'" }',
        ENTRY[:-2] + b"'}",
        ENTRY[:-1] + b',"more":1}',
        # The signature's text one character shorter or longer, at either end.
        ENTRY[:-3] + ENTRY[-2:],
        ENTRY[:-2] + b"A" + ENTRY[-2:],
        ENTRY[:-88] + ENTRY[-87:],
        ENTRY[:-88] + b"A" + ENTRY[-88:],
        # The two the other way round.
        b'{"signature":"' + ENTRY[-88:-2] + b'","body":' + BODY + b"}",
        # Too short for what it must hold: prefix and tail overlap, or meet.
        ENTRY[:8] + ENTRY[-101:],
        ENTRY[-102:],
        ENTRY[:7] + ENTRY[-102:],
    ],
)
def test_what_is_no_entry(entry: bytes) -> None:
    assert entry != ENTRY
    with pytest.raises(EncodingError, match="not a signed entry"):
        parse_entry(entry)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        BODY[1:],
        b" " + BODY,
        b'{"record":"secretballot/2/sample"}',
        b'{"record":"secretballot/1/"}',
        b'{"record":"secretballot/1/Sample"}',
        b'{"record":"secretballot/1/sample1"}',
        b'{"record":"secretballot/1/sample/x"}',
        b'{"record":"secretballot/1/' + b"a" * 41 + b'"}',
        b'{"record":"secretballot/1/sample',
        b'{"record": "secretballot/1/sample"}',
        b'{"count":5,"record":"secretballot/1/sample"}',
        b'{"Record":"secretballot/1/sample"}',
        b'{"record":"secretballot.1/sample"}',
    ],
)
def test_a_body_that_is_no_record_of_this_protocol(body: bytes) -> None:
    with pytest.raises(EncodingError, match=r"not a record of secretballot/1$"):
        parse_entry(sign_body(body, KEY))


@pytest.mark.parametrize("kind", ["a", "ballot", "ceremony-commitment", "a" * 40])
def test_the_kind_of_an_entry(kind: str) -> None:
    entry = sign_body(b'{"record":"' + record_type(kind).encode() + b'","more":1}', KEY)
    parsed = parse_entry(entry)
    assert parsed.kind == kind
    parsed.verify(KEY.verify_key.data)


@pytest.mark.parametrize(
    "text",
    [
        b"A" * 84 + b"==",
        b"A" * 85 + b"=",
        b"A" * 85 + b"B",
        b"A" * 85 + b"P",
        b"A" * 85 + b"+",
        b"A" * 85 + b" ",
        b"A" * 85 + b'"',
        b"A" * 85 + b"\xe9",
        b"A" * 85 + b"\\",
        b"/" * 86,
        b"\0" * 86,
    ],
)
def test_a_signature_that_is_not_canonical_base64url(text: bytes) -> None:
    assert parse_entry(ENTRY[:-88] + b"A" * 86 + ENTRY[-2:]).signature == bytes(64)
    with pytest.raises(InvalidSignatureError, match="base64url"):
        parse_entry(ENTRY[:-88] + text + ENTRY[-2:])


def test_the_size_of_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_ENTRY_SIZE == 8 * 2**20
    monkeypatch.setattr(records, "MAX_ENTRY_SIZE", len(ENTRY))
    parse_entry(ENTRY)
    monkeypatch.setattr(records, "MAX_ENTRY_SIZE", len(ENTRY) - 1)
    with pytest.raises(EncodingError, match=f"at most {len(ENTRY) - 1} bytes, not {len(ENTRY)}"):
        parse_entry(ENTRY)


def test_every_entry_that_parses_is_what_would_be_signed() -> None:
    # Each changed byte gives another entry, no entry, or a signature that does not verify; never the same content.
    for place in range(len(ENTRY)):
        other = ENTRY[:place] + bytes([ENTRY[place] ^ 1]) + ENTRY[place + 1 :]
        try:
            parsed = parse_entry(other)
        except (EncodingError, InvalidSignatureError):
            continue
        assert parsed.body in other
        with pytest.raises(InvalidSignatureError):
            parsed.verify(KEY.verify_key.data)
