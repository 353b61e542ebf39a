"""Serving a role's directory over HTTP, by uvicorn."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ..errors import BackendError, RefusedError
from .home import Home, home_argument
from .passphrase import Passphrase, passphrase_options
from .place import BoardOptions
from .registrar import RegistrarAtWork
from .stores import open_board


@dataclass(frozen=True)
class ServeOptions:
    """Where a service listens, and how; ``at`` is a registrar's board."""

    host: str
    port: int
    tls_certificate: str | None
    tls_key: str | None
    at: str | None
    behind_proxy: bool
    quiet: bool


def serve_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds where to listen; the command gets ``serving``."""
    names = [field.name for field in fields(ServeOptions)]

    @click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
    @click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any.")
    @click.option(
        "--tls-certificate",
        type=click.Path(exists=True, dir_okay=False),
        help="A PEM file; or let a proxy do TLS.",
    )
    @click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), help="Its key.")
    @click.option("--at", metavar="URL|DIR", help="For a registrar: the board. Remembered.")
    @click.option(
        "--behind-proxy", is_flag=True, help="A proxy on this machine says who asks, by X-Forwarded-For."
    )
    @click.option("--quiet", is_flag=True, help="Write no line for each request.")
    @wraps(command)
    def with_serving(**given: Any) -> Any:
        return command(serving=ServeOptions(**{name: given.pop(name) for name in names}), **given)

    return with_serving


@click.command()
@home_argument
@serve_options
@passphrase_options
def serve(home: Path, passphrase: Passphrase, serving: ServeOptions) -> None:
    """Serve the board or the registrar in the directory DIR over HTTP, until it is interrupted.

    A line a request goes to stderr, as JSON, with nothing in it that leads to a voter. The first line on stdout is the
    address.
    """
    for role in ("board", "registrar"):
        try:
            found = Home(home, role)
        except RefusedError:
            continue
        serve_home(found, passphrase, serving)
        return
    raise RefusedError("is the directory of no board and of no registrar", item=str(home))


def serve_home(home: Home, passphrase: Passphrase, serving: ServeOptions) -> None:
    """Serves a directory until the process is told to end."""
    try:
        from ..service import deploy
        from ..service.serve import Server, config_of
    except ImportError as error:
        raise BackendError(
            f"{error.name} is not installed: install the extra `service`, by pip install '.[service]' in a checkout"
        ) from None
    if not serving.quiet:
        logger = logging.getLogger("secretballot.service")
        logger.addHandler(logging.StreamHandler(sys.stderr))
        logger.setLevel(logging.INFO)
    with _opened(deploy, home, passphrase.ask(), serving.at) as app:
        config = config_of(
            app,
            serving.host,
            serving.port,
            serving.tls_certificate,
            serving.tls_key,
            serving.behind_proxy,
        )
        Server(config, click.echo).run([_listen(serving.host, serving.port)])


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise RefusedError(
            f"cannot be listened at: {error.strerror or error}", item=f"{host}:{port}"
        ) from None


@contextmanager
def _opened(deploy: Any, home: Home, passphrase: str, at: str | None) -> Iterator[Any]:
    """The application of a role's directory, while the block lasts."""
    if home.role == "board":
        with open_board(home, passphrase) as board:
            yield deploy.board_app(board)
        return
    role = RegistrarAtWork(home, passphrase, BoardOptions(at))
    role.audit()  # Nothing is issued from an older copy.
    app, publisher = deploy.issuance_app(role.registrar(), role.register, role.access)
    publisher.start()
    try:
        yield app
    finally:
        publisher.stop()
        role.register.close()
        role.access.close()
