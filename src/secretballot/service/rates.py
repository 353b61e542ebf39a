"""How often somebody may ask: a bucket for each, which fills with time.

Addresses and names are not kept, but a keyed hash of them, under a key of this process and of this table: what one
table counts cannot be put together with what another counts, or with anything after a restart.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, ip_address, ip_network

from ..client.wire import TooManyError
from .settings import Rate


def network_of(address: str) -> str:
    """Whose address it is: of IPv6 the network of 64 bits, since whoever has one address there has all of them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))


class Rates:
    """Buckets of one rate. ``clock`` gives seconds that only grow. Safe from several threads."""

    def __init__(self, rate: Rate, remembered: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._remembered = remembered
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        #: What was left, and when; whoever asked last stands last.
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> None:
        """Counts a request; raises TooManyError where there was one too many."""
        with self.counted(who):
            pass

    @contextmanager
    def counted(self, who: str) -> Iterator[None]:
        """Counts what is done in the block, unless it raises. Raises TooManyError, before, where that is one too
        many."""
        name = hashlib.blake2b(who.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()
        self._change(name, -1)
        try:
            yield
        except BaseException:
            self._change(name, 1)
            raise

    def _change(self, name: bytes, by: int) -> None:
        with self._lock:
            now = self._clock()
            left, then = self._left.pop(name, (self._rate.burst, now))
            left = min(self._rate.burst, left + (now - then) * self._rate.per_second)
            enough = left + by >= 0
            self._left[name] = (min(self._rate.burst, left + by) if enough else left, now)
            if len(self._left) > self._remembered:
                self._left.popitem(last=False)
        if not enough:
            wait = math.ceil((1 - left) / self._rate.per_second)
            raise TooManyError("asked too often", seconds=max(1, wait))
