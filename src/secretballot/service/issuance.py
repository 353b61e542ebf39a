"""The registrar's desk: a voter is authenticated, the request is signed, and the register's line goes to the board.

The line waits for nobody: it is durable in the register before the voter has the signature, and is posted after it, in
the order of the register. A board that is away gets it later.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from ..client.access import BoardAccess
from ..credential.register.base import read_name
from ..credential.registrar import Registrar
from ..errors import CredentialError, RefusedError
from .rates import Rates

_logger = logging.getLogger("secretballot.service.issuance")
#: Seconds until lines that the board did not take are posted again.
AGAIN = 5.0
#: Seconds that lines which are being posted may keep the service from ending: they are in the register.
LAST = 10.0


class Authenticator(Protocol):
    """Who decides whether whoever asks is the voter: the deployer's hook."""

    def __call__(self, voter: str, code: str) -> None:
        """Returns nothing if the code, or whatever was sent in its place, is the voter's. Raises CredentialError, the
        same for a voter who is not on the roll."""


class Publisher:
    """Posts the register's lines to the board, in their order. ``lines`` gives those from a serial on, ``posted`` how
    many the board has."""

    def __init__(
        self, board: BoardAccess, lines: Callable[[int], Iterable[bytes]], posted: Callable[[], int]
    ) -> None:
        self._board = board
        self._lines = lines
        self._posted = posted
        self._wake = threading.Event()
        self._ended = False
        #: Whether the board refuses a line: the register is another's, or an older copy. Not once it has all lines.
        self.is_refused = False
        self._thread: threading.Thread | None = None

    def publish(self) -> int:
        """Posts what the board has not; gives how many lines that were. Raises what the board raises."""
        count = 0
        for line in self._lines(self._posted() + 1):
            self._board.submit(line)
            count += 1
        self.is_refused = False
        return count

    def start(self) -> None:
        """Posts in the background from now on, until :meth:`stop`."""
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()
        self.notify()

    def notify(self) -> None:
        """Says that there is a line to be posted."""
        self._wake.set()

    def stop(self, timeout: float = LAST) -> None:
        """Ends the thread, once it has posted what it can; a board that does not answer is left after ``timeout``
        seconds."""
        self._ended = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        waits: float | None = None
        while True:
            self._wake.wait(waits)
            self._wake.clear()
            waits = None
            try:
                self.publish()
            except Exception as error:  # noqa: BLE001 - a thread that died would post no line any more
                # Which line it is, is not written down.
                _logger.warning("register lines wait for the board: %s", type(error).__name__)
                self.is_refused = self.is_refused or isinstance(error, CredentialError)
                waits = AGAIN
            if self._ended:
                return


class IssuanceDesk:
    """A registrar that is asked over the network. ``codes`` counts the wrong tries at a voter's code: the right one is
    answered however many there were, or anybody could keep a voter out. ``publisher`` is told of each new line."""

    def __init__(
        self,
        registrar: Registrar,
        authenticate: Authenticator,
        codes: Rates,
        publisher: Publisher | None = None,
    ) -> None:
        self._registrar = registrar
        self._authenticate = authenticate
        self._codes = codes
        self._publisher = publisher

    def issue(self, voter: str, code: str, request: bytes) -> bytes:
        """The blind signature. Raises CredentialError, TooManyError for too many wrong tries at one name, and
        RefusedError where register and log contradict each other."""
        if self._publisher is not None and self._publisher.is_refused:
            raise RefusedError("issuing is stopped: the board refuses the register's lines")
        voter = read_name(voter)
        try:
            self._authenticate(voter, code)
        except CredentialError:
            self._codes.take(voter)
            raise
        signature, _ = self._registrar.issue(voter, request)
        if self._publisher is not None:
            self._publisher.notify()
        return signature
