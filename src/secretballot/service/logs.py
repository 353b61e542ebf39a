"""What a service writes down: a line a request, as JSON, with nothing in it that leads to a voter.

No address, no header, no query, no body, no name and no code; of an entry not even its place. Issuance and board have
loggers of their own, ``secretballot.service.issuance`` and ``secretballot.service.board``, and share no line.
"""

from __future__ import annotations

import json
import logging
from typing import Any


def log_request(area: str, method: str, route: str, status: int, seconds: float, error: str | None) -> None:
    """A request that was answered. ``route`` is the pattern, without what was put in its place."""
    members: dict[str, Any] = {
        "method": method,
        "route": route,
        "status": status,
        "seconds": round(seconds, 3),
    }
    if error is not None:
        members["error"] = error
    logging.getLogger(f"secretballot.service.{area}").info(json.dumps(members))
