"""Prime-order groups: the interface, and ristretto255."""

from .interface import Element, FixedBase, Group, Scalar
from .reference import ristretto255

__all__ = ["Element", "FixedBase", "Group", "Scalar", "ristretto255"]
