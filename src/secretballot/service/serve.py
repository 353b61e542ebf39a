"""Serving an application by uvicorn, until the process is told to end."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from .connections import bounded, room_for
from .settings import Settings


def config_of(
    app: FastAPI,
    host: str = "127.0.0.1",
    port: int = 0,
    certificate: str | None = None,
    key: str | None = None,
    behind_proxy: bool = False,
    settings: Settings | None = None,
) -> uvicorn.Config:
    """How a service is served: connections are bounded, addresses are written down nowhere, and answers say nothing of
    the server."""
    settings = settings or Settings()
    settings = settings._replace(connections=room_for(settings.connections))
    if behind_proxy:  # All connections are of its address.
        settings = settings._replace(connections_of_address=settings.connections)
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=bounded(settings),
        ws="none",
        ssl_certfile=certificate,
        ssl_keyfile=key,
        access_log=False,
        log_level="warning",
        # An application of the embedder's may start there what posts the register's lines.
        lifespan="on",
        server_header=False,
        date_header=False,
        timeout_keep_alive=settings.idle_seconds,
        # Whoever reads no answer does not keep the service from ending.
        timeout_graceful_shutdown=math.ceil(settings.unread_seconds),
        # A header that says where a request comes from is anybody's word, unless a proxy sets it.
        proxy_headers=behind_proxy,
    )


class Server(uvicorn.Server):
    """Says where it listens once it does, since with port 0 nobody knows before."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[str], object]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        scheme = "https" if self.config.is_ssl else "http"
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                self._announce(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
