"""A record with a member of most types, and its body."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

from secretballot.records import (
    Blob,
    Count,
    Digest,
    Identifier,
    Labels,
    Ratio,
    Record,
    Text,
)


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
