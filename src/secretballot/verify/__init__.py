"""Verification: every numbered rule, from the public record alone.

:mod:`.rules` lists the rules, :mod:`.engine` runs them, :mod:`.findings` is what they say; :mod:`.shard` is the work
that any process can do, :mod:`.workers` the processes of this machine. Nothing here can reach a secret: no role file is
importable from this package.
"""

from .engine import verify_entries, verify_record
from .findings import Finding, Report, RuleResult, Status, Verdict
from .rules import RULES, Rule
from .workers import available_cores, local_workers

__all__ = [
    "RULES",
    "Finding",
    "Report",
    "Rule",
    "RuleResult",
    "Status",
    "Verdict",
    "available_cores",
    "local_workers",
    "verify_entries",
    "verify_record",
]
