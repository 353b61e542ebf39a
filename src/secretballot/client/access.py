"""What a role asks of a board, wherever it is. Nothing that it answers is believed without a check."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from ..board.attachments import Posting


class BoardAccess(ABC):
    """A board. Every method raises the SecretBallotError that the board raises, or UnreachableError where it does not
    answer. Asking again is harmless: the same entry, sent again, gets its receipt again."""

    #: What it is called in messages.
    name: str

    @abstractmethod
    def checkpoint(self) -> str:
        """The newest signed checkpoint."""

    @abstractmethod
    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries from ``start`` up to and without ``stop``. Fewer may come: then it is to be asked again."""

    @abstractmethod
    def submit(self, raw: bytes) -> str:
        """Appends an entry, and gives its receipt."""

    @abstractmethod
    def attach(self, raw: bytes, data: bytes) -> None:
        """Keeps an attachment of an entry, which is to be submitted next."""

    @abstractmethod
    def attachment(self, digest: bytes, size: int) -> bytes:
        """An attachment of the log."""

    @abstractmethod
    def receipt(self, raw: bytes) -> str:
        """The receipt of an entry that is in the log; raises BoardError if it is not."""

    @abstractmethod
    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """The hashes that show the log of the old size to be the beginning of that of the new one."""

    @abstractmethod
    def add_cosignature(self, note: str) -> str:
        """Hands in a checkpoint with a cosigner's line, and gives the one with all cosignatures."""

    def post(self, message: Posting) -> str:
        """Attachments, and then the entry that names them; gives its receipt."""
        for data in message.attachments:
            self.attach(message.entry, data)
        return self.submit(message.entry)

    def close(self) -> None:  # noqa: B027 - not every board has something to close
        """Lets go of what the access holds; closing twice does no harm."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
