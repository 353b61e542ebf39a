"""What a log tells of its course, read along with a verification."""

from __future__ import annotations

from collections.abc import Sized
from pathlib import Path
from unittest.mock import patch

import pytest

from secretballot.board import ElectionRecord
from secretballot.board.records import PhaseChange
from secretballot.errors import RecordError
from secretballot.manifest import Manifest
from secretballot.records import kind_of
from secretballot.report import chronicle as chronicle_module
from secretballot.report.chronicle import Chronicle, ChronicledRecord
from secretballot.tally import DecryptionShare, Result
from secretballot.verify import verify_record

from ..support import elections
from ..support.pages import chronicle_of

Finished = elections.Finished


@pytest.fixture(scope="module")
def record(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> ElectionRecord:
    return elections.store_board(finished).export(str(tmp_path_factory.mktemp("chronicle") / "record"))


def test_the_few_are_read_and_the_many_counted(finished: Finished) -> None:
    chronicle = chronicle_of(finished.entries)
    assert chronicle.entries == len(finished.entries)
    assert chronicle.election == finished.simulation.election
    assert chronicle.unread == 0
    for kind in ("issuance", "ballot", "challenged-ballot"):
        places = finished.places(kind)
        span = chronicle.spans[kind]
        assert (span.first, span.last, span.count) == (places[0], places[-1], len(places))
    assert [one.index for one in chronicle.events] == [
        place
        for place in range(len(finished.entries))
        if kind_of(finished.entries[place]) not in chronicle.spans
    ]
    assert isinstance(chronicle.events[0].record, Manifest)
    assert isinstance(chronicle.events[-1].record, Result)
    phases = [one.record.phase for one in chronicle.events if isinstance(one.record, PhaseChange)]
    assert phases == ["issuance", "voting", "tally"]
    shares = [one.record.trustee for one in chronicle.events if isinstance(one.record, DecryptionShare)]
    assert shares == ["trustee-1", "trustee-3"]


def test_nothing_that_an_entry_is_raises(finished: Finished) -> None:
    raw = finished.entries[0]
    broken = [
        b"",
        b"\xff",
        raw[:-1],
        raw.replace(b'"nonce"', b'"nonsense"'),
        b'{"body":{"record":"secretballot/1/seal"}',
    ]
    for entries in (broken, broken[::-1], [raw, *broken], [*broken[:3], raw]):
        chronicle = chronicle_of(entries)
        assert chronicle.entries == len(entries)
        assert (chronicle.election is None) is (entries[0] is not raw)
    assert chronicle_of([broken[3]]).events[0].record is None
    # A second manifest, or one that does not come first, is none.
    assert chronicle_of([raw, raw]).unread == 1
    event = chronicle_of([raw, finished.entries[-1][:-3]]).events[1]
    assert (event.kind, event.record) == ("result", None)


def test_a_hostile_record_of_many_few(finished: Finished) -> None:
    with patch.object(chronicle_module, "MAX_EVENTS", 3):
        chronicle = chronicle_of([finished.entries[0], *[finished.entries[-1]] * 10])
    assert (len(chronicle.events), chronicle.unread) == (3, 8)


def test_a_hostile_record_of_many_kinds() -> None:
    """Nothing is kept of what is not shown."""
    chronicle = chronicle_of(
        b'{"body":{"record":"secretballot/1/%s"' % (b"a" * size) for size in range(1, 40)
    )
    assert (chronicle.entries, chronicle.unread) == (39, 39)
    kept = {name: value for name, value in vars(chronicle).items() if isinstance(value, Sized)}
    assert not any(map(len, kept.values())), kept


def test_a_record_is_read_as_it_is_verified(record: ElectionRecord, finished: Finished) -> None:
    """The log's files are opened once; what is told is what was verified, whatever stands there afterwards."""
    followed = ChronicledRecord(record.path)
    assert followed.chronicle == Chronicle()
    report = verify_record(followed)
    assert report == verify_record(record)
    assert followed.chronicle == chronicle_of(finished.entries, record.checkpoint())
    assert verify_record(followed) == report
    assert followed.chronicle == chronicle_of(finished.entries, record.checkpoint())
    # Who stops in the middle has told nothing.
    next(iter(followed.entries()))
    assert followed.chronicle.entries == len(finished.entries)


def test_what_is_no_record(tmp_path: Path) -> None:
    with pytest.raises(RecordError):
        ChronicledRecord(tmp_path)
