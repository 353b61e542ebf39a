"""Framing, tags, base64url and strict JSON: what is accepted, and beside it what is not."""

from __future__ import annotations

import hashlib

import pytest

from secretballot.crypto.encoding import (
    MAX_JSON_DEPTH,
    MAX_JSON_INTEGER,
    PROTOCOL,
    Tag,
    b64decode,
    b64encode,
    frame,
    parse_json,
    tagged_hash,
)
from secretballot.errors import EncodingError

# Frames.


def test_a_frame_is_lengths_and_bytes() -> None:
    assert frame() == b""
    assert frame(b"") == bytes(8)
    assert frame(b"ab", "é", 258) == (
        b"\0\0\0\0\0\0\0\2ab" + b"\0\0\0\0\0\0\0\2\xc3\xa9" + b"\0\0\0\0\0\0\0\x08" + b"\0\0\0\0\0\0\1\2"
    )


def test_fields_do_not_run_into_one_another() -> None:
    frames = {
        frame(*fields)
        for fields in (
            (b"ab", b"c"),
            (b"a", b"bc"),
            (b"abc",),
            (b"abc", b""),
            (b"", b"abc"),
            (b"", b"", b"abc"),
            (frame(b"ab", b"c"),),
            (b"a", b"b", b"c"),
        )
    }
    assert len(frames) == 8


def test_integers_of_a_frame() -> None:
    assert frame(0) == b"\0\0\0\0\0\0\0\x08" + bytes(8)
    assert frame(2**64 - 1) == b"\0\0\0\0\0\0\0\x08" + b"\xff" * 8
    for wrong in (-1, 2**64, -(2**64), 2**70):
        with pytest.raises(EncodingError, match="below 2"):
            frame(wrong)


def test_text_of_a_frame_has_a_utf_8() -> None:
    assert frame("\U0001f5f3") == frame(b"\xf0\x9f\x97\xb3")
    for wrong in ("\ud800", "a\udfffb"):
        with pytest.raises(EncodingError, match="surrogate"):
            frame(wrong)


# Tags.


def test_tags_are_unique_and_prefix_nothing() -> None:
    # A value given twice would make the second an alias of the first.
    assert list(Tag.__members__) == [tag.name for tag in Tag]
    labels = [tag.label for tag in Tag]
    assert len(set(labels)) == len(labels)
    assert PROTOCOL == "secretballot/1"
    for tag, label in zip(Tag, labels, strict=True):
        assert label == b"secretballot/1/" + tag.value.encode("ascii")


def test_a_tagged_hash_is_of_the_framed_tag_and_fields() -> None:
    tag = b"secretballot/1/election-id"
    expected = len(tag).to_bytes(8, "big") + tag + (1).to_bytes(8, "big") + b"x" + (8).to_bytes(8, "big")
    expected += (3).to_bytes(8, "big")
    assert tagged_hash(Tag.ELECTION_ID, b"x", 3) == hashlib.sha256(expected).digest()
    assert len({tagged_hash(tag, b"x") for tag in Tag}) == len(Tag)
    assert tagged_hash(Tag.ELECTION_ID) != tagged_hash(Tag.ELECTION_ID, b"")


# base64url.


@pytest.mark.parametrize(
    ("data", "text"),
    # RFC 4648, section 10, without padding; then the two characters of its section 5.
    [
        (b"", ""),
        (b"f", "Zg"),
        (b"fo", "Zm8"),
        (b"foo", "Zm9v"),
        (b"foob", "Zm9vYg"),
        (b"fooba", "Zm9vYmE"),
        (b"foobar", "Zm9vYmFy"),
        (b"\xfb\xff", "-_8"),
        (b"\xff\xff\xff", "____"),
        (b"\xfb\xef\xbe", "----"),
    ],
)
def test_base64url(data: bytes, text: str) -> None:
    assert b64encode(data) == text
    assert b64decode(text) == data
    assert b64decode(text, len(data)) == data
    for size in {len(data) - 1, len(data) + 1, 0, 32} - {len(data), -1}:
        with pytest.raises(EncodingError, match=f"{size} bytes are expected, there are {len(data)}"):
            b64decode(text, size)


@pytest.mark.parametrize(
    "text",
    [
        # Bits after the last byte: these would decode to b"f" and b"fo".
        "Zh",
        "Zj",
        "Zv",
        "Zm9",
        "Zm-",
        "Zm_",
        # Padding, whole or in part, or by itself.
        "Zg==",
        "Zg=",
        "Zm8=",
        "Zm9v====",
        "=",
        "====",
        "Z=g",
        "=Zg",
        # A length that no bytes have.
        "Z",
        "Zm9vY",
        # The other alphabet.
        "+_8",
        "-/8",
        "////",
        "++++",
        # White space, and what is no character of the alphabet.
        " Zg",
        "Zg ",
        "Z g",
        "Zg\n",
        "\nZg",
        "Zm9v\n",
        "Zm9v\r\n",
        "Zm\t9v",
        "Zg\0",
        "Zm9v.",
        "Zm9v,",
        "Zm9!",
        "%5A",
        # Not ASCII: look-alikes and surrogates.
        "Ｚｇ",
        "Zé",
        "Zm9v\u200b",
        "\ud800",
        "٣٣٣٣",
    ],
)
def test_text_that_is_not_canonical_base64url(text: str) -> None:
    with pytest.raises(EncodingError, match=r"not (canonical )?base64url"):
        b64decode(text)


# JSON.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("true", True),
        ("0", 0),
        ("-1", -1),
        ('""', ""),
        ("[]", []),
        ("{}", {}),
        ('{"a":[1,{"b":null}],"c":"d"}', {"a": [1, {"b": None}], "c": "d"}),
        ('{ "a" : 1 ,\n\t"b":\r2 }', {"a": 1, "b": 2}),
        ('"\\u00e9\\n\\"\\\\\\/"', 'é\n"\\/'),
        ('"é"', "é"),
        ('"\\ud83d\\uddf3"', "\U0001f5f3"),
        ('"\\\\ud800"', "\\ud800"),
        ('"\U0001f5f3"', "\U0001f5f3"),
        ("9007199254740991", MAX_JSON_INTEGER),
        ("-9007199254740991", -MAX_JSON_INTEGER),
        # The same name at another level.
        ('{"a":{"a":1},"b":[{"a":1},{"a":2}]}', {"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}),
        # Names that differ in case, or in their normal form, are different names.
        ('{"a":1,"A":2,"\\u00e9":3,"e\\u0301":4}', {"a": 1, "A": 2, "é": 3, "e\u0301": 4}),
    ],
)
def test_strict_json(text: str, value: object) -> None:
    assert parse_json(text.encode("utf-8")) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # Names that stand twice.
        ('{"a":1,"a":1}', "twice"),
        ('{"a":1,"b":2,"a":3}', "twice"),
        ('{"a":1,"\\u0061":1}', "twice"),
        ('[{"x":{"a":1,"a":1}}]', "twice"),
        ('{"":1,"":1}', "twice"),
        # What is no number in JSON, or no integer.
        ("NaN", "no NaN"),
        ('{"a":NaN}', "no NaN"),
        ("Infinity", "no Infinity"),
        ("[-Infinity]", "no -Infinity"),
        ("1.0", "not an integer"),
        ("-0.0", "not an integer"),
        ("0.5", "not an integer"),
        ("1e3", "not an integer"),
        ("1E3", "not an integer"),
        ("1e400", "not an integer"),
        ("1.", "after the JSON value"),
        (".5", "not JSON"),
        ("+1", "not JSON"),
        ("01", "after the JSON value"),
        ("-01", "after the JSON value|negative zero"),
        ("0x10", "after the JSON value"),
        ("1_000", "after the JSON value"),
        ("-", "not JSON"),
        ("٣", "not JSON"),
        ("1٣", "after the JSON value"),
        ("-0", "negative zero"),
        ("[-0]", "negative zero"),
        # Integers beyond 53 bits, and far beyond.
        ("9007199254740992", "53 bits"),
        ("-9007199254740992", "53 bits"),
        ("90071992547409910", "53 bits"),
        ("-90071992547409910", "53 bits"),
        ("9" * 5000, "53 bits"),
        ('{"a":[1' + "0" * 40 + "]}", "53 bits"),
        # Surrogates.
        ('"\\ud800"', "surrogate"),
        ('"\\udc00\\ud800"', "surrogate"),
        ('"\\ud800x"', "surrogate"),
        ('["a",{"b":"\\uDFFF"}]', "surrogate"),
        ('{"\\udfff":1}', "surrogate"),
        ('{"a":[{"\\ud83d":1}]}', "surrogate"),
        # Trailing and leading data.
        ("1 2", "after the JSON value"),
        ("{}{}", "after the JSON value"),
        ("[] ", "after the JSON value"),
        ("{}\n", "after the JSON value"),
        ("{}\0", "after the JSON value"),
        ("null,", "after the JSON value"),
        ("[]]", "after the JSON value"),
        ("\ufeff{}", "not JSON"),
        (" {}", "not JSON"),
        ("\n1", "not JSON"),
        # Not JSON at all.
        ("", "not JSON"),
        ("[", "not JSON"),
        ("[1,]", "not JSON"),
        ('{"a":1,}', "not JSON"),
        ("{a:1}", "not JSON"),
        ("{'a':1}", "not JSON"),
        ('{"a"}', "not JSON"),
        ('{1:"a"}', "not JSON"),
        ('"a', "not JSON"),
        ('"\\x41"', "not JSON"),
        ('"\\u12"', "not JSON"),
        ('"\\', "not JSON"),
        ('"a\nb"', "not JSON"),
        ('"a\tb"', "not JSON"),
        ('"\0"', "not JSON"),
        ("// a\n1", "not JSON"),
        ("True", "not JSON"),
        ("nul", "not JSON"),
        ("undefined", "not JSON"),
    ],
)
def test_what_strict_json_refuses(text: str, message: str) -> None:
    with pytest.raises(EncodingError, match=message):
        parse_json(text.encode("utf-8"))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b'"\xff"',
        b'"\x80"',
        b'"\xc0\xaf"',
        b'"\xc3"',
        b'"\xed\xa0\x80"',
        b'"\xed\xbf\xbf"',
        b'"\xf4\x90\x80\x80"',
        b'"\xf0\x80\x80\xaf"',
        '"a"'.encode("utf-16"),
        '"é"'.encode("latin-1"),
    ],
)
def test_bytes_that_are_not_utf_8(data: bytes) -> None:
    with pytest.raises(EncodingError, match="not UTF-8"):
        parse_json(data)


def test_other_encodings_of_unicode_are_not_guessed() -> None:
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-8-sig"):
        with pytest.raises(EncodingError):
            parse_json("[1]".encode(encoding))


def nested(depth: int, kind: str) -> bytes:
    if kind == "list":
        return b"[" * depth + b"]" * depth
    if kind == "object":
        return b'{"a":' * depth + b"1" + b"}" * depth
    return b'[{"a":' * (depth // 2) + b"[]" * (depth % 2) + b"1" * (1 - depth % 2) + b"}]" * (depth // 2)


@pytest.mark.parametrize("kind", ["list", "object", "both"])
def test_depth(kind: str) -> None:
    assert MAX_JSON_DEPTH == 16
    for depth in (1, 15, 16):
        parse_json(nested(depth, kind))
    for depth in (17, 18, 100, 100_000):
        with pytest.raises(EncodingError, match="deeper than 16"):
            parse_json(nested(depth, kind))


def test_depth_counts_what_is_open_and_no_text() -> None:
    assert parse_json(b"[" + b",".join([b"[]"] * 100) + b"]") == [[]] * 100
    assert parse_json(b'["' + b"[{" * 100 + b'"]') == ["[{" * 100]
    # Quotes and backslashes within text do not end it.
    assert parse_json(b'["\\"' + b"[" * 100 + b'"]') == ['"' + "[" * 100]
    assert parse_json(b'["\\\\","' + b"[" * 100 + b'"]') == ["\\", "[" * 100]
    for text in (b'["\\\\",' + b"[" * 17 + b"]" * 18, b'["\\"",' + b"[" * 17 + b"]" * 18):
        with pytest.raises(EncodingError, match="deeper than 16"):
            parse_json(text)
    # Brackets that close nothing do not buy depth.
    for text in (
        b"]" * 100 + b"[" * 110,
        b"[]" + b"]" * 100 + b"[" * 110 + b"]" * 110,
        b"}" * 1000 + b"[" * 1010,
    ):
        with pytest.raises(EncodingError):
            parse_json(text)
    # A text that does not end.
    with pytest.raises(EncodingError, match="not JSON"):
        parse_json(b'["' + b"[" * 100)
