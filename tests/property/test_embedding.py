"""Messages as elements: each has one, each element at most one, and what no message was embedded as is refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from secretballot.crypto import embedding
from secretballot.crypto.embedding import MAX_MESSAGE, PIECE_SIZE, embed, extract, width
from secretballot.crypto.group import Group, ristretto255
from secretballot.errors import CryptoError, EncodingError, InvalidElementError
from tests.support.backends import BACKENDS, name_of
from tests.support.p256 import p256

GROUPS = pytest.mark.parametrize("group", BACKENDS, ids=name_of)
G = ristretto255


@given(st.binary(max_size=MAX_MESSAGE), st.integers(0, 2))
@example(b"", 0)
@example(bytes(MAX_MESSAGE), 0)
@example(b"\xff" * 29, 0)
@settings(max_examples=30)
def test_what_is_embedded_is_extracted(message: bytes, spare: int) -> None:
    count = width(len(message)) + spare
    elements = embed(G, message, count)
    assert len(elements) == count
    assert extract(G, elements) == message
    assert embed(G, message, count) == elements


def test_the_backends_embed_alike() -> None:
    for message in (b"", b"a", "Nguyễn Thị Ánh".encode(), bytes(range(90))):
        encoded = {group.encode_elements(embed(group, message, width(len(message)))) for group in BACKENDS}
        assert len(encoded) == 1


def test_widths() -> None:
    for size, count in ((0, 1), (29, 1), (30, 2), (59, 2), (60, 3), (MAX_MESSAGE, 9)):
        assert width(size) == count
    for size in (-1, MAX_MESSAGE + 1):
        with pytest.raises(EncodingError, match=f"at most {MAX_MESSAGE} bytes, not {size}"):
            width(size)
    for message, count in ((bytes(30), 1), (b"", 0), (bytes(MAX_MESSAGE + 1), 20)):
        with pytest.raises(EncodingError, match=f"a message of {len(message)} bytes is too long"):
            embed(G, message, count)


@GROUPS
def test_only_the_lowest_counter_is_accepted(group: Group) -> None:
    (element,) = embed(group, b"one", 1)
    piece = element.encode()[1:-1]
    valid = []
    for high in range(2):
        for low in range(0, 256, 2):
            try:
                valid += group.decode_elements(bytes([low]) + piece + bytes([high]))
            except InvalidElementError:
                continue
    assert valid[0] == element
    assert len(valid) > 20
    for other in valid[1:]:
        with pytest.raises(EncodingError, match="an element that holds no message"):
            extract(group, [other])


@GROUPS
def test_elements_that_hold_no_message(group: Group) -> None:
    with pytest.raises(EncodingError, match="an element that holds no message"):
        extract(group, [group.identity])
    with pytest.raises(EncodingError, match="no elements, no message"):
        extract(group, [])
    one, two = embed(group, bytes(40), 2)
    assert extract(group, [one, two]) == bytes(40)
    for wrong in ([one], [two, one, one], [one + two, two]):
        with pytest.raises(EncodingError):
            extract(group, wrong)


@given(st.binary(min_size=PIECE_SIZE, max_size=PIECE_SIZE))
@settings(max_examples=30)
def test_lengths_and_padding(data: bytes) -> None:
    """Any 30 bytes can be put into an element: they are a message only with a true length, and zeros behind it."""
    element = embedding._embed_piece(G, data)
    size = data[0]
    if size < PIECE_SIZE and not any(data[1 + size :]):
        assert extract(G, [element]) == data[1 : 1 + size]
    else:
        with pytest.raises(EncodingError, match="the message's length is not the one it says"):
            extract(G, [element])


def test_a_group_of_other_encodings() -> None:
    with pytest.raises(CryptoError, match="messages cannot be embedded in P-256"):
        embed(p256, b"", 1)
