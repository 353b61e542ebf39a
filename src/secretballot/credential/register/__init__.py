"""The registrar's register: the roll, and what was issued to whom. :class:`MemoryRegister`, :class:`SQLiteRegister`,
:mod:`PostgresRegister <.postgres>`, or an embedder's own :class:`IssuanceRegister`.

It holds personal data: who is on the roll, and who asked for a credential with which request. The request is blinded,
so that neither it nor anything else in the register tells which ballot is whose.
"""

from __future__ import annotations

from .base import IssuanceRegister, IssuedLine
from .memory import MemoryRegister
from .sqlite import SQLiteRegister

__all__ = ["IssuanceRegister", "IssuedLine", "MemoryRegister", "SQLiteRegister"]
