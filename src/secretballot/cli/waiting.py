"""Steps that wait for others: tried once, or again and again until a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import click

from ..client.wire import TooManyError, UnreachableError
from ..errors import DuplicateError, PhaseError
from .terminal import NotYetError

_T = TypeVar("_T")

#: Seconds between two looks at the log.
PAUSE = 1.0

wait_option = click.option(
    "--wait", type=click.FloatRange(min=0), default=0, metavar="SECONDS", help="Wait so long for the others."
)


def until(wait: float, step: Callable[[], _T]) -> _T:
    """What a step gives, once it raises neither NotYetError nor PhaseError nor that a service is away. When the time is
    over, a phase that is another is a NotYetError too: the command is to be run again later."""
    end = time.monotonic() + wait
    while True:
        try:
            return step()
        except DuplicateError:
            raise
        except (NotYetError, PhaseError, TooManyError, UnreachableError) as error:
            if time.monotonic() >= end:
                if isinstance(error, PhaseError):
                    raise NotYetError(error.message, item=error.item) from None
                raise
        time.sleep(min(PAUSE, max(0.0, end - time.monotonic())))
