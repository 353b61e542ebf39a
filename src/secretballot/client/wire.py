"""How an error travels: its class's name, message, item and culprit, as JSON; and the status of HTTP beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import BaseModel, Field

from .. import errors
from ..errors import (
    ArgumentError,
    BackendError,
    BoardError,
    CredentialError,
    DuplicateError,
    EncodingError,
    PhaseError,
    RecordError,
    SecretBallotError,
    StoreError,
)

#: Characters of a message that are taken from another machine.
MAX_MESSAGE = 2000
#: An entry whose attachments are not all there.
MISSING = 424
#: Anything else that is refused.
REFUSED = 422


class ErrorAnswer(BaseModel):
    """Why a request was refused. No secret and no choice of a voter is in it."""

    error: str = Field(
        description="The error's class: one of `secretballot.errors`, or `TooManyError`, `TooLargeError`, "
        "`TooSlowError` or `NotThereError`."
    )
    message: str = Field(description="What is wrong, in one line. Its wording may change.")
    item: str | None = Field(description="What it is wrong with, such as `entry 17`.")
    culprit: str | None = Field(description="Whose fault it is, such as `trustee mai`.")


class TooManyError(BoardError):
    """A service that was asked too often: ask again, ``seconds`` later."""

    def __init__(self, message: str, seconds: int = 1) -> None:
        super().__init__(message)
        self.seconds = seconds


class NotThereError(BoardError):
    """What was asked for is not there, or not yet. Who asked gets the BoardError that a board raises."""


class UnreachableError(BoardError):
    """A service that does not answer, or with something else than it should."""


#: The status of an error, by the first of these classes that it is of.
_STATUS: tuple[tuple[type[SecretBallotError], int], ...] = (
    (StoreError, 503),
    (RecordError, 503),
    (PhaseError, 409),
    (DuplicateError, 409),
    (EncodingError, 400),
    # The service itself is wrong: nothing that is sent to it is an argument.
    (ArgumentError, 500),
    (BackendError, 500),
    (CredentialError, 403),
    (NotThereError, 404),
)


def status_of(error: SecretBallotError) -> int:
    """The status of HTTP that an error is answered with."""
    if type(error) is BoardError and (error.item or "").startswith("attachment "):
        return MISSING
    return next((status for kind, status in _STATUS if isinstance(error, kind)), REFUSED)


def error_body(error: SecretBallotError) -> ErrorAnswer:
    """What an error is answered with."""
    return ErrorAnswer(
        error=type(error).__name__, message=error.message, item=error.item, culprit=error.culprit
    )


def read_error(data: bytes, status: int) -> SecretBallotError:
    """The error that a service answered with: of its class, or of the nearest one that is made of a message alone.

    What is no such answer is an UnreachableError with the status.
    """
    try:
        members = json.loads(data)
        name, message = members["error"], members["message"]
        item, culprit = members.get("item"), members.get("culprit")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return UnreachableError(f"the service answered with status {status} and no error of ours")
    if not isinstance(name, str) or not isinstance(message, str):
        return UnreachableError(f"the service answered with status {status} and no error of ours")
    kind = _KINDS.get(name, BoardError)
    while kind.__init__ is not SecretBallotError.__init__:
        kind = kind.__base__  # type: ignore[assignment]
    return kind(
        _line(message) or "the service refused it, and says no reason",
        item=_line(item) if isinstance(item, str) else None,
        culprit=_line(culprit) if isinstance(culprit, str) else None,
    )


def _line(text: str) -> str:
    """A text from another machine as one printable line."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:MAX_MESSAGE])


def _tree(root: type[SecretBallotError]) -> Iterator[type[SecretBallotError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


_KINDS = {kind.__name__: kind for kind in _tree(SecretBallotError) if kind.__module__ == errors.__name__}
