"""Elements of which nobody knows how one is a multiple of others: what a commitment to a permutation is made with.

They are hashed to the group (RFC 9380, appendix B for ristretto255) from their number alone, under a domain that names
the ciphersuite: nobody chooses them, and a proof never carries them. Equal ones, or the identity, would let a shuffle
be forged; that this happens has a chance of 2**-200, and is checked all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from functools import lru_cache

from ..errors import CryptoError
from .encoding import PROTOCOL
from .group import Element, FixedBase, Group

#: The most of them: the most rows of a shuffle. Each is kept, in some 250 bytes.
MAX_GENERATORS = 2**20


class Generators:
    """A group's: ``blinding`` is number 0, and the others are those from 1 on."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._domain = f"{PROTOCOL}/shuffle-generator/{group.suite}".encode("ascii")
        self._made: list[Element] = []
        self._keys: set[Hashable] = {group.lookup_keys([one])[0] for one in (group.identity, group.generator)}
        self._lock = threading.Lock()
        self._grow(1)
        self.blinding = self._made[0]
        self.blinding_table: FixedBase = group.fixed_base(self.blinding)

    def first(self, count: int) -> Sequence[Element]:
        """The first ``count`` after ``blinding``; raises CryptoError for more than MAX_GENERATORS."""
        if not 0 <= count <= MAX_GENERATORS:
            raise CryptoError(f"a shuffle has at most {MAX_GENERATORS} rows, not {count}")
        with self._lock:
            self._grow(1 + count)
        return self._made[1 : 1 + count]

    def _grow(self, count: int) -> None:
        numbers = range(len(self._made), count)
        if not numbers:
            return
        made = self._group.hash_to_elements([number.to_bytes(8, "big") for number in numbers], self._domain)
        keys = self._group.lookup_keys(made)
        if len(self._keys.union(keys)) != len(self._keys) + len(made):
            raise CryptoError("two generators are equal, or one is the identity")
        self._keys.update(keys)
        self._made += made


@lru_cache(maxsize=4)
def generators(group: Group) -> Generators:
    """The group's generators, made once and as many as were asked for."""
    return Generators(group)
