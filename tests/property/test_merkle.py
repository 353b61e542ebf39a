"""The Merkle tree against RFC 9162's recursive definitions, and every proof's neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretballot.crypto import merkle
from secretballot.crypto.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    MemoryTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from secretballot.errors import MerkleError

LEAVES = [leaf_hash(index.to_bytes(2, "big")) for index in range(130)]
FULL = MemoryTree()
for _leaf in LEAVES:
    FULL.append(_leaf)


def split(size: int) -> int:
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def naive_root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(old: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*naive_subproof(old, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], False), naive_root(leaves[:k])]


def path_shape(index: int, size: int) -> str:
    """On which side each hash of an inclusion proof stands, from the root down."""
    if size == 1:
        return ""
    k = split(size)
    return "R" + path_shape(index, k) if index < k else "L" + path_shape(index - k, size - k)


def consistency_shape(old: int, new: int, whole: bool = True) -> str:
    if old == new:
        return "O" if whole else "N"
    k = split(new)
    if old <= k:
        return "R" + consistency_shape(old, k, whole)
    return "L" + consistency_shape(old - k, new - k, False)


def neighbours(proof: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Every proof with one hash changed, dropped, doubled, added, swapped with another or of another
    length."""
    proof = list(proof)
    extra = leaf_hash(b"another")
    for place, value in enumerate(proof):
        for bit in (0, 128, 255):
            flipped = bytearray(value)
            flipped[bit // 8] ^= 1 << bit % 8
            yield [*proof[:place], bytes(flipped), *proof[place + 1 :]]
        yield [*proof[:place], *proof[place + 1 :]]
        yield [*proof[:place], value, *proof[place:]]
        yield [*proof[:place], value[:-1], *proof[place + 1 :]]
        yield [*proof[:place], value + b"\0", *proof[place + 1 :]]
        yield [*proof[:place], b"", *proof[place:]]
        for other in range(place):
            swapped = list(proof)
            swapped[place], swapped[other] = swapped[other], swapped[place]
            yield swapped
    yield [extra, *proof]
    yield [*proof, extra]
    yield [*proof, b""]


def refuse_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    with pytest.raises(MerkleError):
        verify_inclusion(leaf, index, size, root, proof)


def refuse_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    with pytest.raises(MerkleError):
        verify_consistency(old, new, old_root, new_root, proof)


def test_frontier_is_the_definition() -> None:
    frontier = Frontier()
    for size in range(131):
        expected = naive_root(LEAVES[:size])
        assert frontier.root() == expected
        assert frontier.size == size
        assert FULL.root(size) == merkle.root(size, FULL) == expected
        assert Frontier.from_nodes(size, FULL).state() == frontier.state()
        kept = Frontier.from_state(*frontier.state())
        assert (kept.root(), kept.state()) == (expected, frontier.state())
        if size < 130:
            completed = frontier.append(LEAVES[size])
            assert [FULL.node(level, size >> level) for level in range(len(completed))] == list(completed)
            # The last one returned is the largest that ends here.
            assert (size + 1) % 2 ** (len(completed) - 1) == 0
            assert (size + 1) % 2 ** len(completed) != 0
    assert FULL.root() == FULL.frontier().root() == naive_root(LEAVES)


def test_a_copied_frontier_is_apart() -> None:
    copy = FULL.frontier()
    copy.append(LEAVES[0])
    assert FULL.frontier().size == FULL.size == 130


@given(st.lists(st.binary(max_size=40), max_size=40))
def test_tree_of_any_entries(entries: list[bytes]) -> None:
    tree = MemoryTree()
    assert [tree.append(leaf_hash(entry)) for entry in entries] == list(range(len(entries)))
    assert tree.size == len(entries)
    assert tree.root() == naive_root([leaf_hash(entry) for entry in entries])
    for index, entry in enumerate(entries):
        verify_inclusion(leaf_hash(entry), index, tree.size, tree.root(), tree.inclusion(index, tree.size))


def test_inclusion_is_the_definition() -> None:
    for size in [*range(1, 41), 64, 65, 127, 128, 129, 130]:
        for index in range(size):
            proof = FULL.inclusion(index, size)
            assert proof == naive_path(index, LEAVES[:size])
            verify_inclusion(LEAVES[index], index, size, FULL.root(size), proof)


def test_consistency_is_the_definition() -> None:
    for new in [*range(1, 41), 64, 65, 130]:
        for old in range(1, new + 1):
            proof = FULL.consistency(old, new)
            assert proof == naive_subproof(old, LEAVES[:new], True)
            verify_consistency(old, new, FULL.root(old), FULL.root(new), proof)


def test_neighbours_of_inclusion_are_refused() -> None:
    for size in range(1, 34):
        root = FULL.root(size)
        for index in range(size):
            leaf = LEAVES[index]
            proof = FULL.inclusion(index, size)
            for changed in neighbours(proof):
                refuse_inclusion(leaf, index, size, root, changed)
            refuse_inclusion(LEAVES[index + 1], index, size, root, proof)
            refuse_inclusion(leaf, index, size, FULL.root(size + 1), proof)
            for value in (leaf[:-1], leaf + b"\0", b""):
                refuse_inclusion(value, index, size, root, proof)
            for value in (root[:-1], root + b"\0", b""):
                refuse_inclusion(leaf, index, size, value, proof)
            for other in (-1, index - 1, index + 1, index ^ 2, size, size + index, index + 2**64):
                if other != index:
                    refuse_inclusion(leaf, other, size, root, proof)
            for other in {0, 1, size - 1, size + 1, size * 2, size // 2, 2**64 - 1, 2**64, -size} - {size}:
                # RFC 9162's steps see a size by the shape of its path and by nothing else.
                if 0 <= index < other < 2**64 and path_shape(index, other) == path_shape(index, size):
                    verify_inclusion(leaf, index, other, root, proof)
                else:
                    refuse_inclusion(leaf, index, other, root, proof)


def test_neighbours_of_consistency_are_refused() -> None:
    for new in range(1, 34):
        new_root = FULL.root(new)
        for old in range(1, new + 1):
            old_root = FULL.root(old)
            proof = FULL.consistency(old, new)
            for changed in neighbours(proof):
                refuse_consistency(old, new, old_root, new_root, changed)
            refuse_consistency(old, new, FULL.root(old + 1), new_root, proof)
            refuse_consistency(old, new, old_root, FULL.root(new + 1), proof)
            if old != new:
                refuse_consistency(old, new, new_root, old_root, proof)
                refuse_consistency(old, new, old_root, old_root, proof)
                refuse_consistency(old, new, new_root, new_root, proof)
                refuse_consistency(new, old, new_root, old_root, proof)
            for value in (old_root[:-1], old_root + b"\0", b""):
                refuse_consistency(old, new, value, new_root, proof)
            for value in (new_root[:-1], new_root + b"\0", b""):
                refuse_consistency(old, new, old_root, value, proof)
            for other_old, other_new in (
                (old - 1, new),
                (old + 1, new),
                (old, new - 1),
                (old, new + 1),
                (old * 2, new),
                (0, new),
                (-1, new),
                (old, 2**64),
            ):
                if 0 < other_old <= other_new < 2**64 and (
                    consistency_shape(other_old, other_new) == consistency_shape(old, new)
                ):
                    verify_consistency(other_old, other_new, old_root, new_root, proof)
                else:
                    refuse_consistency(other_old, other_new, old_root, new_root, proof)


class CountingSource:
    """The tree over 2**40 leaves that are all alike, and how often it is read."""

    def __init__(self) -> None:
        self.reads = 0
        self.levels = [leaf_hash(b"")]
        for _ in range(40):
            self.levels.append(node_hash(self.levels[-1], self.levels[-1]))

    def node(self, level: int, index: int) -> bytes:
        self.reads += 1
        assert (index + 1) << level <= 2**40
        return self.levels[level]


@given(st.integers(1, 2**40), st.data())
def test_proofs_read_few_nodes(size: int, data: st.DataObject) -> None:
    source = CountingSource()
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    proof = inclusion_proof(index, size, source)
    assert source.reads <= 80
    verify_inclusion(leaf_hash(b""), index, size, merkle.root(size, source), proof)
    source.reads = 0
    path = consistency_proof(old, size, source)
    assert source.reads <= 80
    verify_consistency(old, size, merkle.root(old, source), merkle.root(size, source), path)


hashes = st.one_of(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.sampled_from(LEAVES[:4]))


@given(hashes, st.integers(), st.integers(), hashes, st.lists(hashes, max_size=70))
def test_garbage_gives_merkle_errors(
    leaf: bytes, index: int, size: int, root: bytes, proof: list[bytes]
) -> None:
    for check in (
        lambda: verify_inclusion(leaf, index, size, root, proof),
        lambda: verify_consistency(index, size, leaf, root, proof),
    ):
        try:
            check()
        except MerkleError:
            continue
        assert proof == []
        assert leaf == root


def test_messages_say_what_is_wrong() -> None:
    root = FULL.root(7)
    path = FULL.inclusion(3, 7)
    for proof, message in (
        ([*path, LEAVES[0]], "inclusion proof is too long"),
        (path[:-1], "inclusion proof is too short"),
        (path[::-1], "not lead to the root"),
        ([path[0], path[1][:-1], path[2]], "proof hash 1: a hash has 32 bytes, not 31"),
    ):
        with pytest.raises(MerkleError, match=message):
            verify_inclusion(LEAVES[3], 3, 7, root, proof)
    path = FULL.consistency(3, 7)
    for proof, message in (
        ([*path, LEAVES[0]], "consistency proof is too long"),
        (path[:-1], "consistency proof is too short"),
        ([], "consistency proof is too short"),
        ([path[0], path[1], LEAVES[0], path[3]], "not lead to the old root"),
        ([path[0], LEAVES[0], path[2], path[3]], "not lead to the new root"),
        ([*path[:3], b""], "proof hash 3: a hash has 32 bytes, not 0"),
    ):
        with pytest.raises(MerkleError, match=message):
            verify_consistency(3, 7, FULL.root(3), root, proof)


def test_proof_beyond_64_hashes_is_refused() -> None:
    refuse_inclusion(LEAVES[0], 0, MAX_SIZE, LEAVES[0], LEAVES[:65])
    refuse_consistency(1, MAX_SIZE, LEAVES[0], LEAVES[0], LEAVES[:66])


def test_arguments_out_of_range() -> None:
    for index, size in ((0, 0), (-1, 5), (5, 5), (0, 131), (0, -1)):
        with pytest.raises(MerkleError):
            FULL.inclusion(index, size)
    for old, new in ((0, 5), (-1, 5), (6, 5), (1, 131), (0, 0), (-2, -1)):
        with pytest.raises(MerkleError):
            FULL.consistency(old, new)
    for level, index in ((-1, 0), (8, 0), (0, -1), (0, 130), (7, 1), (1, 65)):
        with pytest.raises(MerkleError, match="no complete subtree"):
            FULL.node(level, index)
    for size in (-1, 131):
        with pytest.raises(MerkleError):
            FULL.root(size)
    with pytest.raises(MerkleError):
        inclusion_proof(0, 2**64, FULL)


def test_hashes_of_another_length() -> None:
    tree = MemoryTree()
    for value in (b"", LEAVES[0][:-1], LEAVES[0] + b"\0"):
        with pytest.raises(MerkleError, match="leaf 0: a hash has 32 bytes"):
            tree.append(value)
        with pytest.raises(MerkleError, match="left node"):
            node_hash(value, LEAVES[0])
        with pytest.raises(MerkleError, match="right node"):
            node_hash(LEAVES[0], value)
        with pytest.raises(MerkleError, match="subtree 1"):
            Frontier.from_state(3, [LEAVES[0], value])
    assert tree.size == 0
    assert tree.root() == tree.root(0) == EMPTY_ROOT


def test_states_that_are_none() -> None:
    for size, count in ((0, 1), (1, 0), (3, 1), (3, 3), (4, 2)):
        with pytest.raises(MerkleError, match="subtrees"):
            Frontier.from_state(size, LEAVES[:count])
    for size in (-1, 2**64):
        with pytest.raises(MerkleError, match="size of a tree"):
            Frontier.from_state(size, LEAVES[:1])
        with pytest.raises(MerkleError, match="size of a tree"):
            Frontier.from_nodes(size, FULL)


def test_full_tree() -> None:
    frontier = Frontier.from_state(MAX_SIZE - 1, LEAVES[:63])
    frontier.append(LEAVES[0])
    with pytest.raises(MerkleError, match="full"):
        frontier.append(LEAVES[0])


class LyingSource:
    def node(self, level: int, index: int) -> bytes:
        return b"short"


def test_a_source_of_other_lengths_is_refused() -> None:
    with pytest.raises(MerkleError, match="node 0 of level 2"):
        merkle.root(4, LyingSource())
    with pytest.raises(MerkleError):
        inclusion_proof(0, 4, LyingSource())
    with pytest.raises(MerkleError):
        Frontier.from_nodes(4, LyingSource())
