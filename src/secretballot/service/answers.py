"""The JSON that a service answers with: these models are sent, and are what OpenAPI says of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ..board.records import Phase
from ..records import Count

#: A SHA-256 as it stands in paths and answers.
HEXADECIMAL = "^[0-9a-f]{64}$"


class HealthAnswer(BaseModel):
    """The service can work."""

    status: Literal["ok"] = "ok"


class StatusAnswer(BaseModel):
    """Where the election is, by the board's own word."""

    size: Count = Field(description="How many entries the log has.")
    phase: Phase
    election: Annotated[str, Field(pattern=HEXADECIMAL)] | None = Field(
        description="The election's id; null while the log is empty."
    )
    issued: dict[str, Count] = Field(description="Each registrar's lines in the register.")
    cast: Count = Field(description="Ballots that were cast, those that a later one replaces included.")
    challenged: Count = Field(description="Ballots that were opened.")


class ConsistencyAnswer(BaseModel):
    """That the log of the old size is the beginning of that of the new one (RFC 9162, section 2.1.4)."""

    old: Count
    new: Count
    proof: list[Annotated[str, Field(pattern="^[A-Za-z0-9_-]{43}$")]] = Field(
        max_length=64, description="Hashes of 32 bytes, in base64url."
    )
