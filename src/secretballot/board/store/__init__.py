"""Stores for a board's log: :class:`MemoryStore`, :class:`FilesStore`, :class:`SQLiteStore`, or an embedder's own
:class:`BoardStore`."""

from __future__ import annotations

from .base import BoardStore, ConflictError
from .files import FilesStore
from .memory import MemoryStore
from .sqlite import SQLiteStore

__all__ = ["BoardStore", "ConflictError", "FilesStore", "MemoryStore", "SQLiteStore"]
