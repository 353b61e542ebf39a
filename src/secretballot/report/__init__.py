"""What a person reads of a record, a result or a report: rich renderables, without a terminal and without I/O.

:mod:`.words` chooses labels and makes foreign text safe to show, :mod:`.contents` reads a record lightly (it verifies
nothing), :mod:`.comparison` compares two, :mod:`.results` and :mod:`.text` lay out. The machine's form of a report is
its own JSON (:class:`secretballot.verify.Report`); :mod:`.junit` makes XML of it, and :mod:`.page` a page of HTML, for
which :mod:`.chronicle` reads along what a log tells of its course.
"""

from .comparison import Comparison, Relation, compare_records
from .contents import Fate, FoundBallot, RecordContents, Search, find_ballot, read_contents, read_manifest
from .results import outcomes_view, result_view
from .text import contents_view, report_view
from .words import Words

__all__ = [
    "Comparison",
    "Fate",
    "FoundBallot",
    "RecordContents",
    "Relation",
    "Search",
    "Words",
    "compare_records",
    "contents_view",
    "find_ballot",
    "outcomes_view",
    "read_contents",
    "read_manifest",
    "report_view",
    "result_view",
]
