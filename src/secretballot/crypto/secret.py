"""A wrapper for secrets: nothing shows, compares, pickles or serialises them by accident."""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")


class Secret(Generic[T]):
    """Holds one secret value. Only :meth:`reveal` gives it back; everything else is redacted or refused."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """The value. Each call stands in a role file and is there to be found by its name."""
        return self._value

    def __repr__(self) -> str:
        return "<Secret redacted>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("secrets are not compared with ==; use hmac.compare_digest on their bytes")

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise TypeError("a secret has no truth value")

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are never pickled")

    def __copy__(self) -> NoReturn:
        raise TypeError("secrets are never copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("secrets are never copied")
