"""Steps that wait for others: tried once, or again and again until a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import click

from ..client.wire import TooManyError, UnreachableError
from ..errors import DuplicateError, PhaseError, RefusedError

_T = TypeVar("_T")

#: Seconds between two looks at the log.
PAUSE = 1.0

wait_option = click.option(
    "--wait", type=click.FloatRange(min=0), default=0, metavar="SECONDS", help="Wait so long for the others."
)


class NotYetError(RefusedError):
    """A step for which others have to do theirs first."""


def until(wait: float, step: Callable[[], _T]) -> _T:
    """What a step gives, once it raises neither NotYetError nor PhaseError nor that a service is away; raises the last
    of these where the time is over."""
    end = time.monotonic() + wait
    while True:
        try:
            return step()
        except DuplicateError:
            raise
        except (NotYetError, PhaseError, TooManyError, UnreachableError):
            if time.monotonic() >= end:
                raise
        time.sleep(min(PAUSE, max(0.0, end - time.monotonic())))
