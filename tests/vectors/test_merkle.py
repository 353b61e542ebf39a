"""The public vectors for RFC 6962 proofs (transparency-dev/merkle), `inclusion` and `consistency`.

`subtreeconsistency` is about subtrees, which RFC 9162 does not define and this project does not use.

Four cases, one of inclusion and three of consistency, are refused by policy and not by the algorithm's steps:
a root and a leaf hash of no bytes each, which are equal (here hashes have 32 bytes), and an old tree of size
0 with no proof, which a lenient verifier takes for the beginning of every tree (here size 0 proves nothing).

One more case goes the other way: the vectors accept, at equal sizes, two equal "roots" of twelve bytes; here
every root has 32, so that case is refused as it stands and accepted with roots of that length.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from secretballot.crypto.merkle import (
    EMPTY_ROOT,
    MemoryTree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from secretballot.errors import MerkleError

POLICY = {
    "testdata/inclusion/single-entry/empty-root-and-leaf.json",
    "testdata/consistency/additional/size1-is-zero-and-does-not-equal-size2.json",
    "testdata/consistency/additional/size1-is-zero-and-size2-is-not-zero.json",
    "testdata/consistency/additional/sizes-are-equal-zero-and-proof-is-empty.json",
}
SHORT_ROOTS = "testdata/consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"


def _decode(text: str | None) -> bytes:
    return base64.b64decode(text or "", validate=True)


def _cases(vectors: Path, kind: str) -> dict[str, dict[str, Any]]:
    cases: dict[str, dict[str, Any]] = json.loads((vectors / "rfc6962-merkle.json").read_text())[kind]
    assert len(cases) == 98
    return cases


def _inclusion(case: dict[str, Any]) -> None:
    verify_inclusion(
        _decode(case["leafHash"]),
        case["leafIdx"],
        case["treeSize"],
        _decode(case["root"]),
        [_decode(value) for value in case["proof"] or []],
    )


def _consistency(case: dict[str, Any]) -> None:
    verify_consistency(
        case["size1"],
        case["size2"],
        _decode(case["root1"]),
        _decode(case["root2"]),
        [_decode(value) for value in case["proof"] or []],
    )


def test_inclusion(vectors: Path) -> None:
    accepted = 0
    for name, case in _cases(vectors, "inclusion").items():
        if case["wantErr"]:
            try:
                _inclusion(case)
            except MerkleError:
                continue
            pytest.fail(f"{name} was accepted")
        _inclusion(case)
        accepted += 1
    assert accepted == 6


def test_consistency(vectors: Path) -> None:
    accepted = 0
    for name, case in _cases(vectors, "consistency").items():
        if case["wantErr"]:
            try:
                _consistency(case)
            except MerkleError:
                continue
            pytest.fail(f"{name} was accepted")
        if name == SHORT_ROOTS:
            with pytest.raises(MerkleError, match="old root: a hash has 32 bytes, not 12"):
                _consistency(case)
            for side in ("root1", "root2"):
                case[side] = base64.b64encode(hashlib.sha256(_decode(case[side])).digest()).decode()
        _consistency(case)
        accepted += 1
    assert accepted == 6


def test_cases_that_are_policy(vectors: Path) -> None:
    cases = _cases(vectors, "inclusion") | _cases(vectors, "consistency")
    for name in POLICY:
        case = cases[name]
        assert case["wantErr"]
        assert not case["proof"]
        with pytest.raises(MerkleError, match="32 bytes"):
            (_inclusion if "leafIdx" in case else _consistency)(case)
    # Size 0 is refused by itself, not only for those roots' lengths.
    for size, root in ((0, EMPTY_ROOT), (1, leaf_hash(b""))):
        with pytest.raises(MerkleError, match=f"from size 0 to size {size}"):
            verify_consistency(0, size, EMPTY_ROOT, root, [])


def test_example_of_the_rfc() -> None:
    # The tree over seven leaves that RFC 9162 section 2.1.5 draws, with its names for the nodes.
    leaves = [leaf_hash(bytes([index])) for index in range(7)]
    a, b, c, d, e, f, j = leaves
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, m = node_hash(g, h), node_hash(i, j)
    tree = MemoryTree()
    for leaf in leaves:
        tree.append(leaf)
    assert tree.root() == node_hash(k, m)
    assert tree.root(3) == node_hash(g, c)
    assert tree.root(4) == k
    assert tree.root(6) == node_hash(k, i)
    assert tree.inclusion(0, 7) == [b, h, m]
    assert tree.inclusion(3, 7) == [c, g, m]
    assert tree.inclusion(4, 7) == [f, j, k]
    assert tree.inclusion(6, 7) == [i, k]
    assert tree.consistency(3, 7) == [c, d, g, m]
    assert tree.consistency(4, 7) == [m]
    assert tree.consistency(6, 7) == [i, j, k]


def test_hash_definitions() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    left, right = leaf_hash(b"left"), leaf_hash(b"right")
    assert node_hash(left, right) == hashlib.sha256(b"\x01" + left + right).digest()
