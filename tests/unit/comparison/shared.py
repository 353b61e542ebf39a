"""Records of one election in new directories."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import secretballot as sb
from secretballot.board.record import write_record
from secretballot.crypto.merkle import EMPTY_ROOT
from secretballot.report import Comparison, compare_records

from ...support import elections

Finished = elections.Finished


def root_of(entries: Sequence[bytes]) -> bytes:
    return elections.replay(entries).frontier.root() if entries else EMPTY_ROOT


class Folder:
    """Makes records of one election in new directories."""

    def __init__(self, finished: Finished, path: Path) -> None:
        self.finished = finished
        self.keys = finished.simulation.board_keys
        self._path = path
        self._number = 0

    def record(self, entries: Sequence[bytes], checkpoint: bytes | str | None = None) -> sb.ElectionRecord:
        """By default under the board's checkpoint over exactly these entries."""
        if checkpoint is None:
            checkpoint = elections.checkpoint(self.finished.simulation, entries)
        text = checkpoint if isinstance(checkpoint, str) else checkpoint.decode()
        self._number += 1
        return write_record(self._path / str(self._number), entries, text)

    def compare(self, one: Sequence[bytes], other: Sequence[bytes]) -> Comparison:
        return compare_records(self.record(one), self.record(other))
