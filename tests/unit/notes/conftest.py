"""A tree of entries, and the checkpoint of it."""

from __future__ import annotations

import pytest

from secretballot.crypto.merkle import MemoryTree, leaf_hash
from secretballot.crypto.note import (
    Checkpoint,
    sign_checkpoint,
)

from .shared import BOARD, ENTRIES, ORIGIN


@pytest.fixture(scope="module")
def tree() -> MemoryTree:
    made = MemoryTree()
    for entry in ENTRIES:
        made.append(leaf_hash(entry))
    return made


@pytest.fixture(scope="module")
def checkpoint_note(tree: MemoryTree) -> str:
    return sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root()), BOARD)
