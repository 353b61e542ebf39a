"""The log from where a role stands: the board itself, or its service over HTTP, and a log that follows it.

:mod:`.access` is what a role asks of a board; :mod:`.local` and :mod:`.remote` answer; :mod:`.follower` keeps a log in
step with it and trusts it for nothing; :mod:`.votes` keeps what a voter sent; :mod:`.wire` is how errors travel.
"""

from .access import BoardAccess
from .follower import Follower
from .local import LocalBoard

__all__ = ["BoardAccess", "Follower", "LocalBoard"]
