"""What the tests of roles' key files share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PASSPHRASE = "correct horse battery staple"


def survive(keys: Any, path: Path) -> Any:
    """The same keys in a program started anew."""
    path.unlink(missing_ok=True)
    keys.save(path, passphrase=PASSPHRASE)
    again = type(keys).load(path, passphrase=PASSPHRASE)
    assert again is not keys
    assert again.public() == keys.public()
    return again
