"""Other systems on the same election shape: how long a ballot takes to make and to verify, and its bytes.

None of them is needed. One that is not installed is a row that says how to install it.
"""

from __future__ import annotations

from typing import NamedTuple


class Measured(NamedTuple):
    """A system's figures, or why there are none."""

    system: str
    #: What of it was measured: the group, the backend.
    variant: str
    voters: int = 0
    cores: int = 1
    #: Seconds a ballot.
    make: float = 0.0
    verify: float = 0.0
    #: Bytes of a ballot as the system writes it.
    ballot_bytes: float = 0.0
    #: What was measured in words, or why nothing was.
    note: str = ""

    @property
    def present(self) -> bool:
        """Whether there are figures."""
        return self.make > 0
