"""Verification: every numbered rule, from the public record alone.

:mod:`.rules` lists the rules, :mod:`.engine` runs them, :mod:`.findings` is what they say. Nothing here can reach a
secret: no role file is importable from this package.
"""

from .engine import verify_entries, verify_record
from .findings import Finding, Report, RuleResult, Status, Verdict
from .rules import RULES, Rule

__all__ = [
    "RULES",
    "Finding",
    "Report",
    "Rule",
    "RuleResult",
    "Status",
    "Verdict",
    "verify_entries",
    "verify_record",
]
