"""Long calls of the compiled module look for signals between pieces of their work, so that Ctrl-C ends them.

The module is called by itself: of what is in Python around it, every line is a place where a handler may run.
"""

from __future__ import annotations

import gc
import importlib
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from tests.support.backends import needs_native

pytestmark = [
    needs_native,
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers"),
]

PIECES = 4
#: Items of so many pieces. The same object again and again, to need little memory.
MANY = PIECES * 2**16
#: Steps of so many pieces, in the search for logarithms.
STEPS = PIECES * 2**14

#: How many times each call goes through its items, with a look for signals after each piece: to read the coefficients,
#: to read the elements, and to do its work.
CALLS = {
    "BabySteps": 1,
    "BabySteps.find": 1,
    "check_integers": 1,
    "decode_elements": 1,
    "encode_elements": 2,
    "lookup_keys": 2,
    "sum": 1,
    "sum_columns": 1,
    "sum_columns, one row": 1,
    "sum_of_products": 3,
}
NAMES = pytest.mark.parametrize("name", CALLS)


def long_call(name: str) -> tuple[Callable[[], object], int]:
    """A call of several pieces, its arguments made; and more runs of a handler than it has with no look for signals the
    last time that it goes through its items. Then one may run before the call, and one after it."""
    native = importlib.import_module("secretballot.crypto.group._native")
    elements = [native.generator()] * MANY
    one = (1).to_bytes(32, "little") * MANY
    encodings = native.generator().encode() * MANY
    rows = [elements[:64]] * (MANY // 64)
    table = native.BabySteps(STEPS)
    call: Callable[[], object] = {
        "BabySteps": lambda: native.BabySteps(STEPS),
        "BabySteps.find": lambda: table.find(-elements[0]),
        "check_integers": lambda: native.check_integers(one),
        "decode_elements": lambda: native.decode_elements(encodings),
        "encode_elements": lambda: native.encode_elements(elements),
        "lookup_keys": lambda: native.lookup_keys(elements),
        "sum": lambda: native.sum(elements),
        "sum_columns": lambda: native.sum_columns(rows),
        "sum_columns, one row": lambda: native.sum_columns([elements]),
        "sum_of_products": lambda: native.sum_of_products(one, elements),
    }[name]
    return call, PIECES * (CALLS[name] - 1) + 3


@contextmanager
def alarms(handler: Callable[[], None]) -> Iterator[None]:
    """Within it, the handler is called at every look for signals: the timer is much faster than a piece.

    Nothing is collected meanwhile: libraries have callbacks of the collector, where a handler would run as well, and
    what it raises would be lost.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        handler()

    collects = gc.isenabled()
    gc.disable()
    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if collects:
            gc.enable()


@NAMES
def test_handlers_run_in_the_middle_of_a_call(name: str) -> None:
    call, least = long_call(name)
    ran = 0

    def count() -> None:
        nonlocal ran
        ran += 1

    with alarms(count):
        before = ran
        call()
        during = ran - before
    assert during >= least


@NAMES
def test_a_handler_that_raises_ends_the_call(name: str) -> None:
    class Stop(Exception):
        pass

    call, last = long_call(name)
    ran = 0
    ended: list[object] = []

    def stop() -> None:
        nonlocal ran
        ran += 1
        if ran == last:
            raise Stop

    with pytest.raises(Stop), alarms(stop):
        ended.append(call())
    assert not ended
