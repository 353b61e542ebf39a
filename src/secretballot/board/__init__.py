"""The bulletin board: an append-only log that checks before it appends and answers with a receipt.

:mod:`.entry` takes an entry apart, :mod:`.examiner` checks it by itself, and :mod:`.state` against everything the log
says so far, without I/O; :mod:`.board` is the role, with the key of :mod:`.keys`; :mod:`.store` keeps the entries;
:mod:`.floor` keeps what was signed last apart from them; :mod:`.record` is the directory that an auditor copies;
:mod:`.receipts` checks what the board promised; :mod:`.cosigner` is the role of an outsider who signs the board's
checkpoints as long as they are of one history.
"""

from .entry import Entry
from .record import ElectionRecord
from .records import Phase, PhaseChange
from .state import LogState

__all__ = ["ElectionRecord", "Entry", "LogState", "Phase", "PhaseChange"]
