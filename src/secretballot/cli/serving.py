"""Serving a role's directory over HTTP, by uvicorn."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..errors import BackendError, RefusedError
from .home import Home, Passphrase, home_argument, open_store, passphrase_options

_Command = TypeVar("_Command", bound=Callable[..., Any])


def serve_options(command: _Command) -> _Command:
    """Adds where to listen."""
    host = click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
    port = click.option(
        "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any."
    )
    certificate = click.option(
        "--tls-certificate",
        type=click.Path(exists=True, dir_okay=False),
        help="A PEM file; or let a proxy do TLS.",
    )
    key = click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), help="Its key.")
    at = click.option("--at", metavar="URL|DIR", help="For a registrar: the board. Remembered.")
    quiet = click.option("--quiet", is_flag=True, help="Write no line for each request.")
    return host(port(certificate(key(at(quiet(command))))))


@click.command()
@home_argument
@serve_options
@passphrase_options
def serve(home: Path, passphrase: Passphrase, **options: object) -> None:
    """Serve the board or the registrar in the directory DIR over HTTP, until it is interrupted.

    A line a request goes to stderr, as JSON, with nothing in it that leads to a voter. The first line on stdout is the
    address.
    """
    for role in ("board", "registrar"):
        try:
            found = Home(home, role)
        except RefusedError:
            continue
        serve_home(found, passphrase, **options)  # type: ignore[arg-type]
        return
    raise RefusedError("is the directory of no board and of no registrar", item=str(home))


def serve_home(
    home: Home,
    passphrase: Passphrase,
    *,
    host: str,
    port: int,
    tls_certificate: str | None,
    tls_key: str | None,
    at: str | None,
    quiet: bool,
) -> None:
    """Serves a directory until the process is told to end."""
    try:
        import uvicorn

        from ..service import deploy
    except ImportError as error:
        raise BackendError(f"{error.name} is not installed: install the extra `service`") from None
    if not quiet:
        logger = logging.getLogger("secretballot.service")
        logger.addHandler(logging.StreamHandler(sys.stderr))
        logger.setLevel(logging.INFO)
    text = passphrase.ask()
    with deploy.opened(home.role, home, text, at, open_store) as app:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            ssl_certfile=tls_certificate,
            ssl_keyfile=tls_key,
            # Addresses are written down nowhere.
            access_log=False,
            log_level="warning",
            server_header=False,
            date_header=False,
            timeout_keep_alive=30,
        )
        server = _Server(config, "https" if tls_certificate else "http")
        server.run()


def _server_class() -> type[Any]:
    import uvicorn

    class Server(uvicorn.Server):
        """Says where it listens, once it does: with port 0 nobody knows before."""

        def __init__(self, config: uvicorn.Config, scheme: str) -> None:
            super().__init__(config)
            self._scheme = scheme

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            for server in self.servers:
                for socket in server.sockets:
                    host, port = socket.getsockname()[:2]
                    shown = f"[{host}]" if ":" in host else host
                    click.echo(f"{self._scheme}://{shown}:{port}")

    return Server


def _Server(config: Any, scheme: str) -> Any:
    return _server_class()(config, scheme)
