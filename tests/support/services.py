"""Services on the loopback, as they are deployed: uvicorn, in a thread of the test's process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


@contextmanager
def running(app: Any) -> Iterator[str]:
    """The service's URL, while the block lasts."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, access_log=False, log_level="error", lifespan="off", server_header=False)
    server = uvicorn.Server(config)
    started = threading.Event()
    startup = server.startup

    async def signal_startup(sockets: Any = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = signal_startup  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    try:
        if not started.wait(30):
            raise RuntimeError("the service does not start")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
