"""Framing, tags and base64url: what is accepted, and beside it what is not."""

from __future__ import annotations

import hashlib

import pytest

from secretballot.crypto.encoding import (
    PROTOCOL,
    Tag,
    b64decode,
    b64encode,
    frame,
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
