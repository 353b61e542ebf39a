"""A board, and a registrar, behind a service (:mod:`secretballot.service`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from ..crypto.encoding import b64decode, b64encode
from ..crypto.merkle import HASH_SIZE, leaf_hash
from ..errors import EncodingError, RefusedError
from ..records import MAX_ENTRY_SIZE
from .access import BoardAccess
from .exchange import Service, is_here

__all__ = ["RemoteBoard", "RemoteRegistrar", "Service"]

#: Bytes of entries in one answer: more than a service gives, with the entry that reaches its bound.
MAX_ENTRIES = 4 * MAX_ENTRY_SIZE


class RemoteBoard(BoardAccess):
    """The board behind a service."""

    def __init__(self, service: Service | str) -> None:
        self._service = Service(service) if isinstance(service, str) else service
        self.name = self._service.url

    def checkpoint(self) -> str:
        return _text(self._service.ask("GET", "/v1/checkpoint"))

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        range_ = {"start": start, "stop": stop}
        *lines, rest = self._service.ask("GET", "/v1/entries", params=range_, limit=MAX_ENTRIES).split(b"\n")
        if rest:
            raise EncodingError("the service's last entry does not end in a line feed")
        if any(len(line) > MAX_ENTRY_SIZE for line in lines):
            raise EncodingError(f"the service gives an entry of more than {MAX_ENTRY_SIZE} bytes")
        return iter(lines)

    def submit(self, raw: bytes) -> str:
        return _text(self._service.ask("POST", "/v1/entries", content=raw))

    def attach(self, raw: bytes, data: bytes) -> None:
        self._service.ask("POST", "/v1/attachments", content=raw + b"\n" + data)

    def attachment(self, digest: bytes, size: int) -> bytes:
        path = f"/v1/attachments/{digest.hex()}"
        return self._service.ask("GET", path, params={"size": size}, limit=size)

    def receipt(self, raw: bytes) -> str:
        return _text(self._service.ask("GET", f"/v1/receipts/{leaf_hash(raw).hex()}"))

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        answer = self._service.ask("GET", "/v1/consistency", params={"old": old_size, "new": new_size})
        proof = _members(answer, "proof")["proof"]
        if not isinstance(proof, list) or not all(isinstance(one, str) for one in proof):
            raise EncodingError("the service's proof is none")
        return [b64decode(one, HASH_SIZE) for one in proof]

    def add_cosignature(self, note: str) -> str:
        return _text(self._service.ask("POST", "/v1/cosignatures", content=note.encode("utf-8")))

    def close(self) -> None:
        self._service.close()


class RemoteRegistrar:
    """The registrar behind a service. Raises RefusedError for a URL without TLS, unless it is of this machine: whoever
    listens could take the access code."""

    def __init__(self, service: Service | str) -> None:
        url = service if isinstance(service, str) else service.url
        if url.startswith("http://") and not is_here(url):
            raise RefusedError("an access code is sent by https:// alone", item=url)
        self._service = Service(service) if isinstance(service, str) else service
        self.name = self._service.url

    def issue(self, voter: str, code: str, request: bytes) -> bytes:
        """The blind signature for a voter's request, whom the access code authenticates. Asked again with the same, it
        answers the same. Raises CredentialError where it is refused, and EncodingError for a lone surrogate."""
        try:
            body = json.dumps(
                {"voter": voter, "code": code, "request": b64encode(request)}, ensure_ascii=False
            ).encode()
        except UnicodeEncodeError:
            raise EncodingError("a name or an access code has a lone surrogate") from None
        head = {"Content-Type": "application/json"}
        answer = self._service.ask("POST", "/v1/issuance", content=body, headers=head)
        signature = _members(answer, "signature")["signature"]
        if not isinstance(signature, str):
            raise EncodingError("the service's signature is none")
        return b64decode(signature)

    def close(self) -> None:
        """Closes the connections."""
        self._service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise EncodingError("the service's answer is not UTF-8") from None


def _members(data: bytes, *names: str) -> dict[str, Any]:
    try:
        members = json.loads(data)
    except (ValueError, RecursionError):
        raise EncodingError("the service's answer is not JSON") from None
    if not isinstance(members, dict) or not members.keys() >= set(names):
        raise EncodingError(f"the service's answer lacks {' and '.join(names)}")
    return members
