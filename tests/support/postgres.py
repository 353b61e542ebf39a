"""A PostgreSQL server for tests: in a directory of its own, on loopback, not as root, and gone with the tests."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

#: Where Debian puts the binaries, beside the PATH.
BINARIES = "/usr/lib/postgresql/*/bin"
USER = "tester"
#: With a character that a connection string in the form of a URL has to escape, and one of its own form.
PASSWORD = "wrong'st pass/word?"
OPTIONS = ("--auth=scram-sha-256", "--no-sync", "--no-locale", "--encoding=UTF8")
READY = "database system is ready to accept connections"

#: Ends the server when the pipe to this process is closed, however it ended, and takes its files along.
WATCH = """
"$@" & server=$!
exec 2> /dev/null
cat > /dev/null
kill -QUIT $server
wait $server
rm -rf "$HOME"
"""


def binary(name: str) -> str | None:
    """The path of a program of the server, the newest one."""

    def version(path: Path) -> int:
        digits = path.parts[-3].split(".")[0]
        return int(digits) if digits.isdecimal() else 0

    found = sorted(Path("/").glob(f"{BINARIES[1:]}/{name}"), key=version)
    return str(found[-1]) if found else shutil.which(name)


class Server:
    """A running server. ``schema`` gives names that were not used before."""

    def __init__(self, folder: Path, user: dict[str, Any], port: int) -> None:
        self._folder = folder
        self._user = user
        self.port = port
        self.log: list[str] = []
        self._names = itertools.count()
        self._start()

    def conninfo(self, port: int | None = None, **more: str) -> str:
        """The connection string, of another port where something stands between."""
        quoted = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        rest = "".join(f" {name}={value}" for name, value in more.items())
        return (
            f"host=127.0.0.1 port={port or self.port} user={USER} password='{quoted}' dbname=postgres{rest}"
        )

    def schema(self) -> str:
        """A new name."""
        return f"log_{next(self._names)}"

    def _start(self) -> None:
        command = [binary("postgres"), "-D", str(self._folder / "data")]
        self._watch = subprocess.Popen(
            ["sh", "-c", WATCH, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self._folder), "LC_ALL": "C"},
            **self._user,
        )
        if self._watch.stdin is None or self._watch.stderr is None:
            raise AssertionError
        self._leash, said = self._watch.stdin, self._watch.stderr
        for line in said:
            self.log.append(line)
            if READY in line:
                break
        else:
            self._leash.close()
            pytest.fail("the server did not start: " + "".join(self.log))
        self._listener = threading.Thread(target=self._listen, args=(said,), daemon=True)
        self._listener.start()

    def _listen(self, said: IO[str]) -> None:
        with said:
            self.log.extend(said)

    def stop(self) -> None:
        """Ends the server, whoever is connected, and waits for its end."""
        self._leash.close()
        self._watch.wait(timeout=60)
        self._listener.join()


@contextmanager
def running(**settings: str) -> Iterator[Server]:
    """A server with these settings beside its own, or a skipped test where there is none to be had."""
    initdb = binary("initdb")
    if initdb is None or binary("postgres") is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="secretballot-postgres-"))
    try:
        (folder / "password").write_text(PASSWORD)
        if user:
            for path in (folder, folder / "password"):
                os.chown(path, user["user"], user["group"])
        subprocess.run(
            [initdb, "-D", "data", "-U", USER, "--pwfile=password", *OPTIONS],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=120,
            **user,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        lines = {
            "listen_addresses": "'127.0.0.1'",
            "port": str(port),
            "unix_socket_directories": "''",
            "fsync": "on",
            "autovacuum": "off",
            "shared_buffers": "'16MB'",
            **settings,
        }
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in lines.items())
        server = Server(folder, user, port)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> dict[str, Any]:
    """Who runs the server: it refuses root."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")
