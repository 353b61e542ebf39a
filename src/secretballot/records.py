"""Published records: canonical JSON, and the signed line that the log holds.

A record is a frozen pydantic model without secrets. Its *body* is its JSON in the one canonical form: UTF-8, members
in the model's order, no white space, escapes only where JSON requires them. A body that is read must equal its own
re-encoding byte for byte, which refuses duplicate names, other number formats, unknown members and trailing data; what
is hashed and signed is always the bytes received.

A log entry is one line, itself JSON::

    {"body":<body>,"signature":"<Ed25519 over frame(tag, body), base64url>"}

Specification: ``docs/spec/records.md``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
)

from .crypto.encoding import MAX_JSON_INTEGER, PROTOCOL, Tag, b64decode, b64encode, frame
from .crypto.signing import SIGNATURE_SIZE, SigningKey, VerifyKey
from .errors import ArgumentError, EncodingError, InvalidSignatureError, SecretBallotError

#: Entries above this are refused unread. A ballot on 500 persons has some 300 kB; a manifest whose ballots would not
#: fit is refused (:mod:`secretballot.manifest.capacity`).
MAX_ENTRY_SIZE = 8 * 2**20

#: Characters of a member's name, and of a reason, in an error: a foreign record can make either of any length.
MAX_NAME, MAX_REASON = 64, 300

#: What a record's reader puts behind a last line that has no line feed. No entry ends so: this byte is in no UTF-8.
CUT_OFF = b"\xff"

MAX_LANGUAGES = 64
#: Bytes of a body up to which an unknown member is named.
NAMED_SIZE = 2**16
DIGEST_SIZE = 32

_PREFIX = b'{"body":'
_MIDDLE = b',"signature":"'
_SUFFIX = b'"}'
_SIGNATURE_CHARS = 86
_TAIL = len(_MIDDLE) + _SIGNATURE_CHARS + len(_SUFFIX)


def _reader(size: int | None) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if isinstance(value, str):
            try:
                return b64decode(value, size)
            except EncodingError as error:
                raise ValueError(error.message) from None
        if isinstance(value, bytes) and size is not None and len(value) != size:
            raise ValueError(f"{size} bytes are expected, there are {len(value)}")
        return value

    return read


def _blob_type(size: int | None) -> Any:
    schema: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9_-]*$", "contentEncoding": "base64url"}
    if size is not None:
        characters = -(-size * 4 // 3)
        schema |= {"minLength": characters, "maxLength": characters}
    return (
        BeforeValidator(_reader(size)),
        PlainSerializer(b64encode, return_type=str, when_used="json"),
        WithJsonSchema(schema),
    )


Blob = Annotated[bytes, *_blob_type(None)]
Digest = Annotated[bytes, *_blob_type(DIGEST_SIZE)]
Key = Annotated[bytes, *_blob_type(32)]
Signature = Annotated[bytes, *_blob_type(SIGNATURE_SIZE)]
Nonce = Annotated[bytes, *_blob_type(16)]

_IDENTIFIER = r"^[a-z0-9][a-z0-9._-]{0,63}$"
Identifier = Annotated[str, Field(pattern=_IDENTIFIER)]
LanguageTag = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


def _check_number(labels: Any) -> Any:
    # Before each of them is looked at.
    if isinstance(labels, dict) and len(labels) > MAX_LANGUAGES:
        raise ValueError(f"there are at most {MAX_LANGUAGES} languages")
    return labels


def _check_languages(labels: dict[str, str]) -> dict[str, str]:
    """Language tags do not differ in case alone (RFC 5646, section 2.1.1): who reads which would be open."""
    if len({tag.lower() for tag in labels}) != len(labels):
        raise ValueError("a language stands twice")
    return labels


Labels = Annotated[
    dict[LanguageTag, Text],
    Field(min_length=1, max_length=MAX_LANGUAGES),
    BeforeValidator(_check_number),
    AfterValidator(_check_languages),
]
Count = Annotated[int, Field(ge=0, le=MAX_JSON_INTEGER)]


def _read_ratio(value: Any) -> Any:
    # A Fraction that has no text here is refused as its text would be: what is made can be read again.
    text = _write_ratio(value) if isinstance(value, Fraction) else value
    if isinstance(text, str):
        if not re.fullmatch(r"(0|[1-9][0-9]{0,14})/[1-9][0-9]{0,14}", text):
            raise ValueError("a ratio is written as 2/3")
        ratio = Fraction(text)
        if _write_ratio(ratio) != text:
            raise ValueError("a ratio is written in lowest terms")
        return ratio
    return value


def _write_ratio(ratio: Fraction) -> str:
    return f"{ratio.numerator}/{ratio.denominator}"


Ratio = Annotated[
    Fraction,
    BeforeValidator(_read_ratio),
    PlainSerializer(_write_ratio, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^(0|[1-9][0-9]*)/[1-9][0-9]*$"}),
]


class Record(BaseModel):
    """The base of everything that is published.

    Made in Python with a member that is missing, unknown or wrong, it raises ``refusal``, which names the member.
    """

    refusal: ClassVar[type[SecretBallotError]] = EncodingError
    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    def __init__(self, **members: Any) -> None:
        try:
            super().__init__(**members)
        except ValidationError as error:
            raise self.refusal(describe(error), item=type(self).__name__) from None

    # What is read from JSON has no need of it: pydantic would call it for each record within a record.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    # Pydantic refuses it too, in several lines. A type checker that saw these would take any name for a member.
    if not TYPE_CHECKING:  # pragma: no branch

        def __setattr__(self, name: str, value: object) -> None:
            raise ArgumentError("a record cannot be changed", item=f"{type(self).__name__}.{name}")

        def __delattr__(self, name: str) -> None:
            raise ArgumentError("a record cannot be changed", item=f"{type(self).__name__}.{name}")

    def to_body(self) -> bytes:
        """The canonical JSON."""
        return self.model_dump_json().encode("utf-8")

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        """The record of a canonical body; raises EncodingError naming the first member that is wrong.

        A hostile body could make a list of errors that is much larger than itself. So lists stop at their first error
        (``fail_fast`` of each), and unknown members of a large body are left to the comparison with its re-encoding.
        """
        try:
            record = cls.model_validate_json(body, extra="forbid" if len(body) <= NAMED_SIZE else "ignore")
        except ValidationError as error:
            raise EncodingError(describe(error)) from None
        if record.to_body() != body:
            raise EncodingError("the JSON is not in its canonical form, or has members of no meaning")
        return record


def describe(error: ValidationError) -> str:
    """One short line of a pydantic error: where, and what; never the input, but for the beginning of a member's name
    or tag that is unknown."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(shorten(str(part), MAX_NAME) for part in first["loc"])
    what = shorten(str(first["msg"]), MAX_REASON)
    if _IDENTIFIER in what:
        what = "an id has 1 to 64 of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit"
    return f"{where}: {what}" if where else what


def shorten(text: str, size: int) -> str:
    """A foreign text as one printable line of so many characters, and an ellipsis where it was longer."""
    short = text if len(text) <= size else f"{text[:size]}…"
    # Line breaks and escapes would let a foreign record write lines of its own into a report or a terminal.
    return "".join(char if char.isprintable() else "?" for char in short)


def in_words(error: object) -> str:
    """What another library says of an error, or its kind where it says nothing: one line that can be printed."""
    try:
        said = str(error).strip()
    except Exception:  # noqa: BLE001 - one that was sent can lack what it speaks of
        said = ""
    return shorten(said.split("\n", 1)[0] or type(error).__name__, MAX_REASON)


def record_type(name: str) -> str:
    """The value of a record's first member, such as ``secretballot/1/ballot``."""
    return f"{PROTOCOL}/{name}"


class SignedEntry(NamedTuple):
    """A log entry taken apart: the exact body, its record type, and the signature over it."""

    body: bytes
    kind: str
    signature: bytes

    def verify(self, key: bytes) -> None:
        """Returns nothing if ``key`` (Ed25519, 32 bytes) signed the body; raises InvalidSignatureError."""
        VerifyKey(key).verify(signed_message(self.body), self.signature)


_SIGNED = frame(Tag.SIGNED_ENTRY.label)


def signed_message(body: bytes) -> bytes:
    """What an entry's signature is over."""
    return _SIGNED + frame(body)


def sign_record(record: Record, key: SigningKey) -> bytes:
    """The log entry of a record."""
    return sign_body(record.to_body(), key)


def sign_body(body: bytes, key: SigningKey) -> bytes:
    """The log entry of a body."""
    signature = b64encode(key.sign(signed_message(body))).encode("ascii")
    return _PREFIX + body + _MIDDLE + signature + _SUFFIX


_KIND = re.compile(rb'\{"record":"' + re.escape(PROTOCOL.encode()) + rb'/([a-z-]{1,40})"')


def kind_of(data: bytes) -> str:
    """The record type that an entry begins with; empty where it begins with none. The rest is not looked at."""
    kind = _KIND.match(data, len(_PREFIX)) if data.startswith(_PREFIX) else None
    return kind[1].decode("ascii") if kind else ""


def a_kind(kind: str) -> str:
    """A kind with its article, for messages."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _damage(data: bytes) -> str:
    """What became of an entry on its way, where its end tells."""
    if data.endswith(CUT_OFF):
        return " (it does not end in a line feed: the file was cut off)"
    if data.endswith(b"\r"):
        return " (it ends in a carriage return: line ends were changed in transfer)"
    return ""


def parse_entry(data: bytes) -> SignedEntry:
    """A log entry taken apart; raises EncodingError for anything that :func:`sign_body` would not have written, and
    InvalidSignatureError for a signature that is not in base64url.

    The signature is not verified here: who must sign depends on the record.
    """
    if len(data) > MAX_ENTRY_SIZE:
        raise EncodingError(f"an entry has at most {MAX_ENTRY_SIZE} bytes, not {len(data)}")
    middle = len(data) - _TAIL
    if (
        middle < len(_PREFIX)
        or not data.startswith(_PREFIX)
        or not data.endswith(_SUFFIX)
        or data[middle : middle + len(_MIDDLE)] != _MIDDLE
        or b"\n" in data
    ):
        raise EncodingError(f"not a signed entry{_damage(data)}")
    body = data[len(_PREFIX) : middle]
    kind = _KIND.match(body)
    if kind is None:
        raise EncodingError(f"not a record of {PROTOCOL}")
    text = data[middle + len(_MIDDLE) : -len(_SUFFIX)].decode("latin-1")
    try:
        signature = b64decode(text, SIGNATURE_SIZE)
    except EncodingError as error:
        raise InvalidSignatureError(f"the signature is {error.message}") from None
    return SignedEntry(body, kind[1].decode("ascii"), signature)
