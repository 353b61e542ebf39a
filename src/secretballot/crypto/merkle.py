"""Merkle trees over a log: hashes, inclusion proofs and consistency proofs (RFC 6962 section 2, RFC 9162
section 2).

The hash is SHA-256; a leaf is hashed after the byte 0x00 and an inner node after 0x01, so neither passes for
the other. Names: *level* 0 holds the leaf hashes, and node ``index`` of level ``level`` is the root of the
complete subtree over the leaves ``index * 2**level`` up to ``(index + 1) * 2**level``. Such a node never
changes once it is there, so it may be kept, and a proof reads only some log2(size) of them.

A proof says something about the *pair* of size and root. Whoever verifies takes both from one signed
checkpoint: an algorithm alone cannot tell trees of different sizes apart whose paths have the same shape.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

from ..errors import MerkleError

#: Bytes of every hash.
HASH_SIZE = 32
#: The largest size of a tree, a uint64 in RFC 6962 section 3.5.
MAX_SIZE = 2**64 - 1
#: The most hashes an inclusion proof has at that size.
MAX_INCLUSION_PROOF = 64

#: The root of the tree without leaves: the hash of no bytes (RFC 9162 section 2.1.1).
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The 32-byte hash of an entry of any length (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The 32-byte hash of two subtrees' roots (RFC 9162 section 2.1.1). Raises MerkleError unless both have
    32 bytes."""
    _check_hash(left, "left node")
    _check_hash(right, "right node")
    return _node_hash(left, right)


class NodeSource(Protocol):
    """Whatever keeps the hashes of complete subtrees: a :class:`MemoryTree`, a board's store."""

    def node(self, level: int, index: int) -> bytes:
        """The 32-byte root of the complete subtree over the leaves ``index * 2**level`` and following."""


class Frontier:
    """A tree that only grows, held as the roots of its largest complete subtrees: one for each 1-bit of its
    size."""

    __slots__ = ("_hashes", "_size")

    def __init__(self) -> None:
        self._size = 0
        #: From the leftmost and largest subtree to the rightmost and smallest.
        self._hashes: list[bytes] = []

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    def append(self, leaf: bytes) -> tuple[bytes, ...]:
        """Adds one leaf hash (32 bytes) and returns the nodes that it completes, one a level from level 0 on.

        The node returned for level ``l`` has the index ``leaf index >> l``. Raises MerkleError for a hash of
        another length, or where the tree is full.
        """
        _check_hash(leaf, f"leaf {self._size}")
        if self._size == MAX_SIZE:
            raise MerkleError("the tree is full")
        node = leaf
        completed = [node]
        # Each trailing 1-bit of the size is a complete left sibling that waits for this node.
        level = 0
        while self._size >> level & 1:
            node = _node_hash(self._hashes.pop(), node)
            completed.append(node)
            level += 1
        self._hashes.append(node)
        self._size += 1
        return tuple(completed)

    def root(self) -> bytes:
        """The 32-byte root over all leaves so far; :data:`EMPTY_ROOT` without any."""
        return _fold(self._hashes)

    def state(self) -> tuple[int, tuple[bytes, ...]]:
        """The size, and the roots of the complete subtrees from left to right: for :meth:`from_state`."""
        return self._size, tuple(self._hashes)

    @classmethod
    def from_state(cls, size: int, hashes: Sequence[bytes]) -> Frontier:
        """The frontier of a :meth:`state` that was kept.

        Raises MerkleError for a size out of range, for a number of hashes other than the size's 1-bits, and
        for a hash that has not 32 bytes. Whether the hashes are the right ones cannot be seen from them.
        """
        _check_size(size)
        if len(hashes) != size.bit_count():
            raise MerkleError(f"a tree of {size} leaves has {size.bit_count()} subtrees, not {len(hashes)}")
        for index, value in enumerate(hashes):
            _check_hash(value, f"subtree {index}")
        frontier = cls()
        frontier._size = size
        frontier._hashes = list(hashes)
        return frontier

    @classmethod
    def from_nodes(cls, size: int, nodes: NodeSource) -> Frontier:
        """The frontier of the first ``size`` leaves of ``nodes``. Raises MerkleError as
        :meth:`from_state`."""
        _check_size(size)
        return cls.from_state(size, _complete_subtrees(0, size, nodes))


class MemoryTree:
    """A tree in memory that keeps every complete subtree: some 64 bytes of hashes a leaf."""

    __slots__ = ("_frontier", "_levels")

    def __init__(self) -> None:
        self._frontier = Frontier()
        self._levels: list[list[bytes]] = []

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._frontier.size

    def append(self, leaf: bytes) -> int:
        """Adds one leaf hash (32 bytes) and returns its index. Raises MerkleError for another length."""
        index = self._frontier.size
        for level, value in enumerate(self._frontier.append(leaf)):
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(value)
        return index

    def node(self, level: int, index: int) -> bytes:
        """A complete subtree's root, as in :class:`NodeSource`. Raises MerkleError where there is none
        (yet)."""
        if not (0 <= level < len(self._levels) and 0 <= index < len(self._levels[level])):
            raise MerkleError(f"there is no complete subtree {index} at level {level}")
        return self._levels[level][index]

    def frontier(self) -> Frontier:
        """A copy of the present frontier."""
        return Frontier.from_state(*self._frontier.state())

    def root(self, size: int | None = None) -> bytes:
        """The root over the first ``size`` leaves, by default all. Raises MerkleError for more than there
        are."""
        if size is None:
            return self._frontier.root()
        self._check_within(size)
        return root(size, self)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """:func:`inclusion_proof` in this tree. Raises MerkleError for a size beyond it."""
        self._check_within(size)
        return inclusion_proof(index, size, self)

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """:func:`consistency_proof` in this tree. Raises MerkleError for a size beyond it."""
        self._check_within(new_size)
        return consistency_proof(old_size, new_size, self)

    def _check_within(self, size: int) -> None:
        if size > self.size:
            raise MerkleError(f"the tree has {self.size} leaves, not {size}")


def root(size: int, nodes: NodeSource) -> bytes:
    """The 32-byte root over the first ``size`` leaves (RFC 9162 section 2.1.1). Raises MerkleError for a size
    out of range."""
    _check_size(size)
    return _subtree_root(0, size, nodes)


def inclusion_proof(index: int, size: int, nodes: NodeSource) -> list[bytes]:
    """The hashes that lead from leaf ``index`` to the root over the first ``size`` leaves: PATH of RFC 9162
    section 2.1.3.1, the leaf's sibling first.

    At most 64 hashes of 32 bytes. Raises MerkleError unless ``0 <= index < size``.
    """
    _check_size(size)
    if not 0 <= index < size:
        raise MerkleError(f"a tree of {size} leaves has no leaf {index}")
    proof: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            proof.append(_subtree_root(middle, stop, nodes))
            stop = middle
        else:
            proof.append(_subtree_root(start, middle, nodes))
            start = middle
    proof.reverse()
    return proof


def consistency_proof(old_size: int, new_size: int, nodes: NodeSource) -> list[bytes]:
    """The hashes that show the tree over the first ``old_size`` leaves to be the beginning of the one over
    ``new_size``: PROOF of RFC 9162 section 2.1.4.1.

    Empty where the sizes are equal. Raises MerkleError unless ``0 < old_size <= new_size``.
    """
    _check_consistency_sizes(old_size, new_size)
    proof: list[bytes] = []
    start, stop = 0, new_size
    while stop != old_size:
        middle = start + _split(stop - start)
        if old_size <= middle:
            proof.append(_subtree_root(middle, stop, nodes))
            stop = middle
        else:
            proof.append(_subtree_root(start, middle, nodes))
            start = middle
    # On the left edge the subtree is the old tree itself, whose root the verifier has.
    if start > 0:
        proof.append(_subtree_root(start, stop, nodes))
    proof.reverse()
    return proof


def verify_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Returns nothing if ``proof`` leads from the leaf hash ``leaf`` at ``index`` to ``root``, the root of
    the tree of ``size`` leaves (RFC 9162 section 2.1.3.2).

    Raises MerkleError otherwise, also unless ``0 <= index < size``, and for any hash that has not 32 bytes.
    """
    _check_hash(leaf, "leaf hash")
    _check_hash(root, "root")
    _check_proof(proof)
    _check_size(size)
    if not 0 <= index < size:
        raise MerkleError(f"a tree of {size} leaves has no leaf {index}")
    fn, sn = index, size - 1
    r = leaf
    for p in proof:
        if sn == 0:
            raise MerkleError("the inclusion proof is too long")
        if fn & 1 or fn == sn:
            r = _node_hash(p, r)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            r = _node_hash(r, p)
        fn >>= 1
        sn >>= 1
    if sn != 0:
        raise MerkleError("the inclusion proof is too short")
    if r != root:
        raise MerkleError("the inclusion proof does not lead to the root")


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Returns nothing if ``proof`` shows the tree with ``old_root`` to be the beginning of the one with
    ``new_root`` (RFC 9162 section 2.1.4.2).

    Raises MerkleError otherwise, also unless ``0 < old_size <= new_size`` (every tree begins with the empty
    one, so size 0 would prove nothing), and for any hash that has not 32 bytes. Equal sizes need equal roots
    and no proof.
    """
    _check_hash(old_root, "old root")
    _check_hash(new_root, "new root")
    _check_proof(proof)
    _check_consistency_sizes(old_size, new_size)
    if old_size == new_size:
        if proof:
            raise MerkleError("the consistency proof is too long")
        if old_root != new_root:
            raise MerkleError("two roots are given for one size")
        return
    if not proof:
        raise MerkleError("the consistency proof is too short")
    # An old tree that is complete is itself a node of the new one, so its root is left out of the proof.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else proof
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise MerkleError("the consistency proof is too long")
        if fn & 1 or fn == sn:
            fr = _node_hash(c, fr)
            sr = _node_hash(c, sr)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            sr = _node_hash(sr, c)
        fn >>= 1
        sn >>= 1
    if sn != 0:
        raise MerkleError("the consistency proof is too short")
    if fr != old_root:
        raise MerkleError("the consistency proof does not lead to the old root")
    if sr != new_root:
        raise MerkleError("the consistency proof does not lead to the new root")


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two below ``size``, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _complete_subtrees(start: int, stop: int, nodes: NodeSource) -> list[bytes]:
    """The roots of the largest complete subtrees over a range of leaves that is itself a subtree, left to
    right."""
    hashes: list[bytes] = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        value = nodes.node(level, start >> level)
        _check_hash(value, f"node {start >> level} of level {level}")
        hashes.append(value)
        start += 1 << level
    return hashes


def _subtree_root(start: int, stop: int, nodes: NodeSource) -> bytes:
    return _fold(_complete_subtrees(start, stop, nodes))


def _fold(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    value = hashes[-1]
    for left in reversed(hashes[:-1]):
        value = _node_hash(left, value)
    return value


def _check_hash(value: bytes, item: str) -> None:
    if len(value) != HASH_SIZE:
        raise MerkleError(f"a hash has {HASH_SIZE} bytes, not {len(value)}", item=item)


def _check_proof(proof: Sequence[bytes]) -> None:
    for index, value in enumerate(proof):
        _check_hash(value, f"proof hash {index}")


def _check_size(size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise MerkleError("the size of a tree is at least 0 and below 2**64")


def _check_consistency_sizes(old_size: int, new_size: int) -> None:
    _check_size(new_size)
    if not 0 < old_size <= new_size:
        raise MerkleError(f"no consistency proof leads from size {old_size} to size {new_size}")
