"""Records with very many wrong things in them: a few errors are made, not one for each."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from secretballot import records
from secretballot.ballot.records import Ballot
from secretballot.errors import EncodingError

MANY = 200_000


@pytest.mark.parametrize(
    "members",
    [
        b'"contests":[' + b"0," * MANY + b"0]",
        b",".join(b'"x%d":0' % i for i in range(MANY)),
    ],
    ids=["items", "names"],
)
def test_the_errors_are_few(members: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of all of them took hundreds of times the body's size, before any signature was looked at."""
    counts = []

    def describe(error: ValidationError) -> str:
        counts.append(error.error_count())
        return "wrong"

    monkeypatch.setattr(records, "describe", describe)
    with pytest.raises(EncodingError, match="wrong"):
        Ballot.from_body(b'{"record":"secretballot/1/ballot",' + members + b"}")
    assert 1 <= counts[0] <= len(Ballot.model_fields)
