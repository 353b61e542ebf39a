"""Prime-order groups: the interface, and ristretto255 by the backend that is there.

``SECRETBALLOT_BACKEND`` chooses it: ``native`` (an error where it was not built), ``reference``, or ``auto``, which is
the default: native where it was built, reference elsewhere.
"""

import importlib
import logging
import os
from typing import NamedTuple

from ...errors import BackendError
from .interface import Element, FixedBase, Group, Scalar

__all__ = [
    "Backend",
    "Element",
    "FixedBase",
    "Group",
    "Scalar",
    "backend",
    "ristretto255",
    "warn_of_variable_time",
]

#: The environment's variable that chooses.
VARIABLE = "SECRETBALLOT_BACKEND"

_logger = logging.getLogger("secretballot")


class Backend(NamedTuple):
    """The backend in use: its name, the group, and why it is this one."""

    name: str
    group: Group
    reason: str


def choose(wanted: str) -> Backend:
    """The backend for a value of ``SECRETBALLOT_BACKEND``; raises BackendError for one that is not to be had."""
    if wanted not in ("", "auto", "native", "reference"):
        raise BackendError(f"{VARIABLE} is auto, native or reference, not {wanted[:40]!r}")
    if wanted != "reference":
        try:
            group: Group = importlib.import_module(f"{__name__}.native").ristretto255
        except ImportError as error:
            if wanted == "native":
                raise BackendError(f"there is no native backend: {error}") from None
            reason = "the native backend was not built: install with a Rust toolchain (1.89 or newer)"
        else:
            return Backend(
                "native", group, f"{VARIABLE} asks for it" if wanted == "native" else "it was built"
            )
    else:
        reason = f"{VARIABLE} asks for it"
    return Backend("reference", importlib.import_module(f"{__name__}.reference").ristretto255, reason)


backend = choose(os.environ.get(VARIABLE, ""))
ristretto255 = backend.group

_warned = False


def warn_of_variable_time() -> None:
    """Logs a warning, once a process, where the backend's time depends on secrets. Every role that holds a secret of
    the group calls it before its first use."""
    global _warned
    if not ristretto255.constant_time and not _warned:
        _warned = True
        _logger.warning(
            "the %s backend in use takes variable time: keep roles with secrets on machines of their own",
            backend.name,
        )
