"""The tally: which ballots count, their sum, the trustees' decryption shares, counts and outcomes.

:mod:`.trustee` holds a share of the election key; everything else is public: :mod:`.encrypted` adds, :mod:`.checks`
verifies shares and results, :mod:`.counting` turns logarithms into counts, :mod:`.log` adds the tally's entries to the
log's state machine.
"""

from .encrypted import EncryptedTally, RunningTally
from .log import ElectionLog
from .records import ContestResult, DecryptionShare, LineResult, Result

__all__ = [
    "ContestResult",
    "DecryptionShare",
    "ElectionLog",
    "EncryptedTally",
    "LineResult",
    "Result",
    "RunningTally",
]
