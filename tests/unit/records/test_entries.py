"""An entry: a body and its signature."""

from __future__ import annotations

import json

import pytest

from secretballot import records
from secretballot.crypto.encoding import b64encode
from secretballot.crypto.secret import Secret
from secretballot.crypto.signing import SigningKey
from secretballot.errors import EncodingError, InvalidKeyError, InvalidSignatureError
from secretballot.records import (
    MAX_ENTRY_SIZE,
    parse_entry,
    record_type,
    sign_body,
    sign_record,
    signed_message,
)

from .shared import BODY, SAMPLE, changed, sample

KEY = SigningKey(Secret(bytes(range(32))))


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
