"""The phases of an election, and the authority's entries: one opens the next phase, one seals what was cast."""

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


class Seal(Record):
    """The authority's word on which ballots are decrypted: ``basis`` is the root of the log up to the entry that closed
    voting, that one included.

    The trustees each decrypt one set of ballots. Shown two logs, they would decrypt two, whose difference can be a
    single ballot; so no one decrypts what the authority did not seal, and it seals once.
    """

    record: Literal["secretballot/1/seal"] = "secretballot/1/seal"
    election: Digest
    basis: Digest
