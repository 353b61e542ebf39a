"""The phases of an election, and the authority's entry that opens the next one."""

from __future__ import annotations

from typing import Literal

from ..records import Digest, Record

#: ``setup`` begins with the manifest; ``closed`` with the result. The authority opens those between.
Phase = Literal["setup", "issuance", "voting", "tally", "closed"]
PHASES: tuple[Phase, ...] = ("setup", "issuance", "voting", "tally", "closed")


class PhaseChange(Record):
    """The authority opens a phase, and with it closes the one before."""

    record: Literal["secretballot/1/phase"] = "secretballot/1/phase"
    election: Digest
    phase: Literal["issuance", "voting", "tally"]
