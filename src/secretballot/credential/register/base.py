"""What a registrar needs of its register, and nothing of keys."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ...errors import CredentialError, StoreError, check_type

#: Bytes of a voter's name in UTF-8: databases index no long texts.
MAX_VOTER_SIZE = 1000
#: Bytes of what is kept of a voter's access code.
MAX_CODE_SIZE = 256


@dataclass(frozen=True, repr=False)
class IssuedLine:
    """What a voter was issued: ``entry`` is the line for the log, ``serial`` its number, counted from 1."""

    serial: int
    voter: str
    #: The blinded message.
    request: bytes
    #: The blind signature.
    signature: bytes
    entry: bytes

    def __repr__(self) -> str:
        return f"<IssuedLine {self.serial}, redacted>"


class IssuanceRegister(ABC):
    """The roll of one registrar in one election, and what it issued, all or nothing.

    Serials are consecutive from 1 without a gap; a voter has one request, and a request serves one voter. What a
    method has written is durable when it returns. Every method may be called from several threads, and raises
    StoreError where the register cannot be read or written, or is closed, and ArgumentError for an
    argument of another type. A register is a context manager that closes itself.
    """

    @abstractmethod
    def bind(self, election: bytes, registrar: str) -> None:
        """Makes it the register of that registrar in the election of that id. Raises CredentialError where it is
        another's already: its serials would be those of two registers."""

    # The roll.

    @abstractmethod
    def add_voters(
        self, voters: Iterable[str] | Mapping[str, bytes | None], *, most: int | None = None
    ) -> None:
        """Puts voters on the roll, all of them or none: names, or a mapping from names to what is kept of each one's
        one-time access code (a hash that was made elsewhere, 1 to :data:`MAX_CODE_SIZE` bytes), or None.

        Raises CredentialError for a name that is given twice or is on the roll already, for what is no name
        (:func:`check_voter`), and where more than ``most`` voters would be on the roll, also of two who add at once.
        """

    @abstractmethod
    def is_on_roll(self, voter: str) -> bool:
        """Whether a name is on the roll."""

    @abstractmethod
    def roll_size(self) -> int:
        """How many voters are on the roll."""

    @abstractmethod
    def access_code(self, voter: str) -> bytes | None:
        """What is kept of the voter's access code, or None. Raises CredentialError for who is not on the roll."""

    @abstractmethod
    def set_access_code(self, voter: str, code: bytes | None) -> None:
        """Keeps something else of the voter's access code. Raises CredentialError for who is not on the roll."""

    # What was issued.

    @abstractmethod
    def find(self, voter: str, request: bytes) -> IssuedLine | None:
        """What the voter was issued for that request, or None where it may be issued.

        Raises CredentialError for who is not on the roll or was issued for another request, for a request of
        another voter, and for whoever comes new after :meth:`close_issuing`.
        """

    @abstractmethod
    def issue(self, voter: str, request: bytes, signature: bytes, line: Callable[[int], bytes]) -> IssuedLine:
        """Writes down what is issued, under the next serial, of which ``line`` makes the entry for the log; or gives
        what was issued for that request before.

        Raises CredentialError as :meth:`find`, and whatever ``line`` raises; then nothing is written, and no serial
        is used up.
        """

    @abstractmethod
    def count(self) -> int:
        """How many lines were issued."""

    @abstractmethod
    def entry(self, serial: int) -> bytes:
        """The entry for the log of the line with that serial. Raises StoreError where there is none."""

    def entries(self, start: int = 1) -> Iterator[bytes]:
        """The entries for the log from the serial ``start`` on: those that may not have reached it.

        Raises StoreError, at the call, unless ``1 <= start <= count() + 1``: whoever knows of later lines has seen
        another register than this, perhaps a newer copy.
        """
        check_type(start, int, "a serial")
        count = self.count()
        if not 1 <= start <= count + 1:
            raise StoreError(f"the register has {count} lines; there are none from {start} on")
        return (self.entry(serial) for serial in range(start, count + 1))

    @abstractmethod
    def close_issuing(self) -> None:
        """From now on nobody new is issued anything, here and in every other process; doing it twice does no harm."""

    @abstractmethod
    def issuing_closed(self) -> bool:
        """Whether :meth:`close_issuing` was called, ever."""

    @abstractmethod
    def close(self) -> None:
        """Releases the register; closing twice does no harm."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, redacted>"


def is_name(voter: str) -> bool:
    """Whether a text can stand on a roll."""
    check_type(voter, str, "a voter's name")
    try:
        size = len(voter.encode("utf-8"))
    except UnicodeEncodeError:
        return False
    return 0 < size <= MAX_VOTER_SIZE and "\0" not in voter and unicodedata.is_normalized("NFC", voter)


def read_name(text: str) -> str:
    """A name as it was typed or stands in a file: a letter with its marks may be one character or several, which look
    the same; on a roll it is what NFC (Unicode) makes of it, so that nobody is there twice."""
    check_type(text, str, "a voter's name")
    return unicodedata.normalize("NFC", text)


def check_voter(voter: str) -> None:
    """Returns nothing for a text that can stand on a roll. Raises CredentialError otherwise, without the name."""
    if not is_name(voter):
        raise CredentialError(
            f"a voter's name has 1 to {MAX_VOTER_SIZE} bytes in UTF-8, in NFC (Unicode), without null characters"
        )


def check_code(code: bytes | None) -> None:
    """Returns nothing for what may be kept of an access code. Raises CredentialError otherwise."""
    if code is not None:
        check_type(code, bytes, "what is kept of an access code, as bytes,")
        if not 0 < len(code) <= MAX_CODE_SIZE:
            raise CredentialError(f"of an access code 1 to {MAX_CODE_SIZE} bytes are kept, not {len(code)}")


def own_voters(voters: Iterable[str] | Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    """The names that :meth:`IssuanceRegister.add_voters` was given, each with its code. Raises as it does."""
    check_type(voters, Iterable, "voters' names")
    given = list(voters.items() if isinstance(voters, Mapping) else ((voter, None) for voter in voters))
    for voter, code in given:
        check_voter(voter)
        check_code(code)
    owned = dict(given)
    if len(owned) != len(given):
        raise twice()
    return owned


def check_room(size: int, most: int | None) -> None:
    """Returns nothing where a roll of ``size`` voters is not too long. Raises CredentialError otherwise."""
    if most is not None:
        check_type(most, int, "the most voters on the roll")
        if size > most:
            raise CredentialError(f"the roll has room for {most} voters, and these would make it {size}")


def answer(request: bytes, earlier: IssuedLine | None, *, closed: bool, taken: bool) -> IssuedLine | None:
    """The rules of :meth:`IssuanceRegister.find`, for a voter on the roll: ``earlier`` is what it was issued, ``taken``
    whether the request was signed."""
    if earlier is not None:
        if earlier.request != request:
            raise CredentialError("this voter has a credential already, for another request")
        return earlier
    if closed:
        raise CredentialError("issuing is closed")
    # The board takes no request twice: the line would be refused, and every later one for its serial.
    if taken:
        raise CredentialError("this request was signed for another voter")
    return None


def check_issuing(voter: str, request: bytes, signature: bytes, line: object) -> None:
    """Returns nothing for arguments of the right types; raises ArgumentError otherwise."""
    check_type(voter, str, "a voter's name")
    check_type(request, bytes, "a blinded message as bytes")
    check_type(signature, bytes, "a blind signature as bytes")
    check_type(line, Callable, "a function of a serial")  # type: ignore[arg-type]


def twice() -> CredentialError:
    """The error for a name that is there already; the name is not in it."""
    return CredentialError("a name is given twice, or is on the roll already")


def stranger() -> CredentialError:
    """The error for who is not on the roll."""
    return CredentialError("not on the roll")


def another() -> CredentialError:
    """The error for a register that somebody else has begun."""
    return CredentialError("the register is of another election or another registrar")


def no_line(serial: int, count: int) -> StoreError:
    """The error for a line that is not there."""
    return StoreError(f"the register has {count} lines and none {serial}")
