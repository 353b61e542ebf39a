"""The tally: which ballots count, their sum or their mixing, the trustees' decryption shares, counts and outcomes.

:mod:`.trustee` holds a share of the election key, and :mod:`.mixer` knows for a moment which line is whose;
everything else is public. Sums: :mod:`.encrypted` adds, :mod:`.checks` verifies shares, :mod:`.counting` turns
logarithms into counts. Mixing: :mod:`.batches` says what is mixed together, :mod:`.mixing` verifies rounds and
shares, :mod:`.lines` and :mod:`.marks` read and count what is decrypted, the latter by :mod:`.methods`. :mod:`.log`
adds the tally's entries to the log's state machine."""

from .encrypted import EncryptedTally, RunningTally
from .log import ElectionLog
from .mixing import Mixing
from .records import (
    ContestResult,
    DecryptionShare,
    LineResult,
    LineShare,
    MixRound,
    RankingResult,
    Result,
    WriteInResult,
)

__all__ = [
    "ContestResult",
    "DecryptionShare",
    "ElectionLog",
    "EncryptedTally",
    "LineResult",
    "LineShare",
    "MixRound",
    "Mixing",
    "RankingResult",
    "Result",
    "RunningTally",
    "WriteInResult",
]
