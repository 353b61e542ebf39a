"""Stores for a board's log: :class:`MemoryStore`, :class:`SQLiteStore`, or an embedder's own
:class:`BoardStore`."""

from __future__ import annotations

from .base import BoardStore, ConflictError
from .memory import MemoryStore
from .sqlite import SQLiteStore

__all__ = ["BoardStore", "ConflictError", "MemoryStore", "SQLiteStore"]
