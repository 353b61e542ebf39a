"""Verification: every numbered rule, from the public record alone.

:mod:`.run` is where to begin; :mod:`.rules` lists the rules, :mod:`.engine` runs them, :mod:`.findings` is what they
say; :mod:`.pins` is what an auditor brings along, :mod:`.shard` the work that any process can do, :mod:`.workers` the
processes of this machine.
Nothing here can reach a secret: no role file is importable from this package.
"""

from .findings import Finding, Report, RuleResult, Status, Verdict
from .pins import Pins
from .rules import RULES, Rule
from .run import verify_entries, verify_record
from .workers import available_cores, local_workers

__all__ = [
    "RULES",
    "Finding",
    "Pins",
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
