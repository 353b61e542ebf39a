"""A role's directory: its key file, and what it must remember from one command to the next.

Files: ``role.key`` (sealed under the passphrase), ``public.json`` (for the authority), ``settings.json`` (which role,
board and election), ``seen`` and ``memory`` (what was seen and done), and what a role adds. The directory has the mode
0700.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

import click

from ..board.memory import Memory
from ..errors import RecordError, RefusedError
from ..files import NO_LINK, is_temporary, write_file
from ..records import Record
from .passphrase import Passphrase
from .terminal import NotYetError, print_json

KEY = "role.key"
PUBLIC = "public.json"
SETTINGS = "settings.json"
MEMORY = "memory"
LOCK = "lock"
#: Which command makes a role's directory, where it is not the role's own `new`.
_MADE_BY = {"authority": "election new", "voter": "voter request"}
#: More than a file of settings has.
_MAX_SETTINGS = 2**16


class _Party(Protocol):
    """The keys of a party that the manifest names."""

    def public(self) -> Record: ...

    def save(self, path: Path, *, passphrase: str) -> None: ...


_Keys = TypeVar("_Keys", bound=_Party)


home_argument = click.argument("home", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))


class Home:
    """A role's directory. Raises RefusedError where it is none, or another role's, or others can write into it."""

    def __init__(self, path: Path, role: str) -> None:
        self.path = path
        self.role = role
        self._lock: IO[bytes] | None = None
        if path.exists():
            _check_owned(path)
        self._settings = _read_settings(path)
        if self._settings.get("role") != role:
            raise RefusedError(
                f"is the directory of no {role}: make one by `secretballot {_MADE_BY.get(role, f'{role} new')}`",
                item=str(path),
            )

    @classmethod
    def create(cls, path: Path, role: str, *, public: bool = False, **settings: str) -> Home:
        """A new directory; one of the same role that has no key yet is gone on with, and so is one that lacks the
        public file of ``public`` keys: a command that was cut short left it."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_owned(path)
        if (path / SETTINGS).exists():
            cls(path, role)  # Refuses another role's.
            if (path / KEY).exists() and ((path / PUBLIC).exists() or not public):
                raise RefusedError(f"there is a {role} already", item=str(path))
        elif not all(map(is_temporary, path.iterdir())):
            raise RefusedError("is not empty", item=str(path))
        # Not before: the rights to a directory that is something else are not ours to take.
        path.chmod(0o700)
        write_file(path / SETTINGS, _canonical({"role": role, **settings}))
        return cls(path, role)

    def get(self, name: str) -> str | None:
        """A setting."""
        return self._settings.get(name)

    def set(self, **settings: str) -> None:
        """Keeps settings."""
        changed = {**self._settings, **settings}
        if changed != self._settings:
            write_file(self.path / SETTINGS, _canonical(changed))
            self._settings = changed

    def file(self, name: str) -> Path:
        return self.path / name

    @property
    def key(self) -> Path:
        return self.path / KEY

    def make_keys(
        self, name: str, passphrase: Passphrase, load: Callable[..., _Keys], generate: Callable[[], _Keys]
    ) -> _Keys:
        """New keys in the directory, sealed, with their public file; or those that a command which was cut short made.
        Raises RefusedError where these have another name than is asked for."""
        if self.key.exists():
            keys = load(self.key, passphrase=passphrase.ask())
            members = keys.public().model_dump()
            if name not in (members.get("id"), members.get("origin")):
                raise RefusedError(f"there is another {self.role} already", item=str(self.path))
        else:
            keys = generate()
            keys.save(self.key, passphrase=passphrase.ask(new=True))
        write_file(self.file(PUBLIC), keys.public().to_body())
        return keys

    @property
    def memory(self) -> Memory:
        """What this role did once."""
        return Memory(self.path / MEMORY)

    def start_memory(self) -> None:
        """Makes the memory, before the key is made: whoever has a key and no memory has lost it."""
        if not self.key.exists():
            Memory(self.path / MEMORY, create=True)

    def lock(self) -> None:
        """Keeps other commands out of the directory while this one lasts; raises NotYetError where one is at work."""
        context = click.get_current_context(silent=True)
        if context is None or self._lock is not None:
            return
        try:
            import fcntl
        except ImportError:  # Windows: one command at a time, for its operator to see to.
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | NO_LINK
        self._lock = os.fdopen(os.open(self.path / LOCK, flags, 0o600), "r+b", buffering=0)
        context.call_on_close(self._lock.close)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NotYetError("another command is at work in this directory", item=str(self.path)) from None


def fingerprint(public: Path) -> str:
    """What two people compare of a public file: its SHA-256, four digits at a time."""
    digest = hashlib.sha256(public.read_bytes()).hexdigest()
    return " ".join(digest[place : place + 4] for place in range(0, len(digest), 4))


def labels_of(labels: tuple[str, ...], name: str) -> dict[str, str]:
    """Labels from LANGUAGE=TEXT; the id in English where there are none."""
    found = {}
    for label in labels:
        language, equals, text = label.partition("=")
        if not equals:
            raise click.UsageError("a label is LANGUAGE=TEXT, such as en=Trustee")
        found[language] = text
    return found or {"en": name}


id_option = click.option("--id", "role_id", required=True, help="The id in the manifest.")
label_option = click.option(
    "--label", "labels", multiple=True, metavar="LANGUAGE=TEXT", help="A name to be shown."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print a JSON object, and nothing else.")


def say(as_json: bool, text: str, **members: Any) -> None:
    """What a command has done: a line, or a JSON object."""
    if as_json:
        print_json(json.dumps(members, ensure_ascii=False).encode("utf-8", "replace"))
    else:
        click.echo(text)


def say_made(as_json: bool, who: str, home: Home, **members: Any) -> None:
    """That a party's keys are made, and what the authority is to be told of them."""
    public = home.file(PUBLIC)
    printed = fingerprint(public)
    lines = [f"{who}: give the authority {public}, and read them its fingerprint:", printed]
    if "vkey" in members:
        lines.append(members["vkey"])
    say(as_json, "\n".join(lines), **members, fingerprint=printed)


def _check_owned(path: Path) -> None:
    """Raises RefusedError where somebody else can put files into the directory. Root can everywhere."""
    if not hasattr(os, "geteuid"):  # Windows: rights are no bits there.
        return
    found = path.stat()
    if found.st_uid not in (0, os.geteuid()):
        raise RefusedError("belongs to another user: take a directory of your own", item=str(path))
    if found.st_mode & 0o022:
        raise RefusedError(
            "others can write into it: if all in it is yours, run `chmod go-w` on it", item=str(path)
        )


def _read_settings(path: Path) -> Mapping[str, str]:
    try:
        with (path / SETTINGS).open("rb") as file:
            settings = json.loads(file.read(_MAX_SETTINGS))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict) or not all(isinstance(value, str) for value in settings.values()):
        raise RecordError("is damaged", item=str(path / SETTINGS))
    return settings


def _canonical(settings: Mapping[str, str]) -> bytes:
    return json.dumps(settings, indent=2, sort_keys=True).encode("utf-8") + b"\n"
