"""Prime-order groups: the interface, and ristretto255."""

import logging

from .interface import Element, FixedBase, Group, Scalar
from .reference import ristretto255

__all__ = ["Element", "FixedBase", "Group", "Scalar", "ristretto255", "warn_of_variable_time"]

_logger = logging.getLogger("secretballot")
_warned = False


def warn_of_variable_time() -> None:
    """Logs a warning, once a process, where the backend's time depends on secrets. Every role that holds a secret of
    the group calls it before its first use."""
    global _warned
    if not ristretto255.constant_time and not _warned:
        _warned = True
        _logger.warning(
            "the %s backend in use takes variable time: keep roles with secrets on machines of their own",
            ristretto255.name,
        )
