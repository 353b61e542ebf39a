"""The types of a record's members."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from secretballot.crypto.encoding import b64encode
from secretballot.errors import EncodingError
from secretballot.records import (
    Blob,
    Digest,
    Identifier,
    Key,
    Labels,
    Ratio,
    Record,
    Signature,
    record_type,
)

from .shared import SAMPLE


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
