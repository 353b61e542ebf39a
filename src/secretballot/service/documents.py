"""The services' OpenAPI documents, for whoever has no service at hand."""

from __future__ import annotations

from typing import Any

from .app import create_app
from .board_routes import board_routes
from .issuance_routes import issuance_routes
from .settings import Settings


def documents() -> dict[str, dict[str, Any]]:
    """Both documents, each by the name of its file, as a service with the bounds of :class:`Settings` publishes it."""
    settings = Settings()
    # What a route does it does when it is asked, and nobody asks.
    nobody: Any = None
    routes = {"board": board_routes(nobody, settings), "issuance": issuance_routes(nobody, settings)}
    return {
        f"openapi-{area}.json": create_app(area, made, lambda: None, settings).openapi()
        for area, made in routes.items()
    }
