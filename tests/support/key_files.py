"""What the tests of roles' key files share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from secretballot.crypto import key_file

PASSPHRASE = "correct horse battery staple"


def make_cheap(patch: pytest.MonkeyPatch) -> None:
    """Argon2id at libsodium's lowest cost."""
    patch.setattr(key_file, "OPERATIONS", key_file.ALLOWED_OPERATIONS[0])
    patch.setattr(key_file, "MEMORY", key_file.ALLOWED_MEMORY[0])


def survive(keys: Any, path: Path) -> Any:
    """The same keys in a program started anew."""
    path.unlink(missing_ok=True)
    keys.save(path, passphrase=PASSPHRASE)
    again = type(keys).load(path, passphrase=PASSPHRASE)
    assert again is not keys
    assert again.public() == keys.public()
    return again
