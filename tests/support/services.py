"""Services on the loopback, as they are deployed: uvicorn, in a thread of the test's process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from secretballot.service.serve import Server, config_of


@contextmanager
def running(app: Any, **options: Any) -> Iterator[str]:
    """The service's URL, while the block lasts."""
    urls: queue.Queue[str] = queue.Queue()
    server = Server(config_of(app, **options), urls.put)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield urls.get(timeout=60)
    finally:
        server.should_exit = True
        thread.join(60)
