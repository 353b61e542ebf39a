"""What stands between a client and a server, and cuts the line at the worst moment."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: The message of PostgreSQL's protocol that ends a transaction.
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


class Proxy:
    """Passes on what each side says, up to a message that ``cuts`` has an answer to.

    ``cuts`` tells of the next commits, one after the other: "before" they reach the server, "after" the server has
    answered, at "once" when they are passed on, or "not" at all. When it is empty, nothing is cut.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self.cuts: list[str] = []
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def refuse(self) -> None:
        """From now on, nobody is connected."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def close(self) -> None:
        """Ends all there is."""
        self.refuse()
        for one in self._open:
            _hang_up(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            self._open += [client, server]
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as ends:
            ends.callback(_hang_up, client)
            ends.callback(_hang_up, server)
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(2**16)
                    cut = self.cuts.pop(0) if source is client and COMMIT in data and self.cuts else "not"
                    if not data or cut == "before":
                        return
                    (server if source is client else client).sendall(data)
                    if cut == "after":
                        server.recv(2**16)
                    if cut != "not":
                        return


def _hang_up(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def between(port: int) -> Iterator[Proxy]:
    """A proxy before the server at that port of this machine."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
