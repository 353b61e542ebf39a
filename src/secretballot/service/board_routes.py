"""What the board's service answers. An entry of whatever kind is posted in one place: who may post it, its signature
says, and when, the log's state."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from ..client.local import LocalBoard
from ..client.wire import TooManyError
from ..crypto.encoding import b64encode
from ..errors import BoardError, EncodingError
from ..manifest.capacity import MAX_ATTACHMENT_SIZE
from .bodies import read_body
from .settings import Settings

#: A place in a log, or a size: what JSON's readers read exactly.
MAX_SIZE = 2**53 - 1

Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="A SHA-256 in hexadecimal.")]
Size = Annotated[int, Query(ge=0, le=MAX_SIZE)]

_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_NOTE = {"text/plain": {"schema": {"type": "string"}}}


def _takes(content: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": content}}


def _gives(content: dict[str, Any], description: str, status: int = 200) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": description, "content": content}}


def board_routes(board: LocalBoard, settings: Settings) -> APIRouter:
    """The routes of a board."""
    routes = APIRouter(tags=["board"])
    #: Bodies that are held in memory whole.
    large = asyncio.Semaphore(settings.attachments_at_once)

    @routes.get("/v1/status", summary="Where the election is")
    def status() -> dict[str, Any]:
        return board_status(board)

    @routes.get("/v1/checkpoint", responses=_gives(_NOTE, "A signed note (C2SP tlog-checkpoint)."))
    def checkpoint() -> Response:
        """The newest checkpoint, with the cosignatures that stand on it."""
        return PlainTextResponse(board.checkpoint())

    @routes.get("/v1/consistency", summary="A consistency proof (RFC 9162, section 2.1.4)")
    def consistency(old: Size, new: Size) -> dict[str, Any]:
        return {"old": old, "new": new, "proof": [b64encode(one) for one in board.consistency(old, new)]}

    @routes.post(
        "/v1/cosignatures",
        openapi_extra=_takes(_NOTE),
        responses=_gives(_NOTE, "The checkpoint with all cosignatures that are kept."),
    )
    async def add_cosignature(request: Request) -> Response:
        """Keeps a cosigner's line on a checkpoint of this board."""
        data = await read_body(request, settings.max_body, settings)
        return PlainTextResponse(await run_in_threadpool(board.add_cosignature, _text(data)))

    @routes.get(
        "/v1/entries", responses=_gives({"application/jsonl": {"schema": {"type": "string"}}}, "Entries.")
    )
    def entries(start: Size = 0, stop: Size = MAX_SIZE) -> Response:
        """Entries, a line each, from ``start`` up to and without ``stop``, as far as one answer goes: ask again for the
        rest."""
        return Response(_lines(board, start, stop, settings.max_range), media_type="application/jsonl")

    @routes.post(
        "/v1/entries",
        status_code=201,
        openapi_extra=_takes({"application/json": {"schema": {"type": "object"}}}),
        responses=_gives(_NOTE, "The receipt (C2SP tlog-proof).", 201),
    )
    async def submit(request: Request) -> Response:
        """Appends a signed entry. Sent again, it is answered the same: a lost reply loses nothing."""
        raw = await read_body(request, settings.max_entry, settings)
        return PlainTextResponse(await run_in_threadpool(board.submit, raw), status_code=201)

    @routes.get("/v1/receipts/{leaf}", responses=_gives(_NOTE, "The receipt."))
    def receipt(leaf: Digest) -> Response:
        """The receipt of the entry with this leaf hash (RFC 6962), under the newest checkpoint."""
        return PlainTextResponse(board.board.receipt_of(bytes.fromhex(leaf)))

    @routes.post(
        "/v1/attachments",
        status_code=201,
        openapi_extra=_takes(_BYTES),
        responses=_gives(_NOTE, "Its digest, in hexadecimal.", 201),
    )
    async def attach(request: Request) -> Response:
        """Keeps an attachment: the entry that names it, a line feed, and the attachment's bytes."""
        if large.locked():
            raise TooManyError("others are sending attachments")
        async with large:
            body = await read_body(request, settings.max_attachment, settings)
            raw, _, data = body.partition(b"\n")
            digest = await run_in_threadpool(board.board.attach, raw, data)
        return PlainTextResponse(digest.hex(), status_code=201)

    @routes.get("/v1/attachments/{digest}", responses=_gives(_BYTES, "The attachment."))
    def attachment(digest: Digest, size: Annotated[int, Query(ge=0, le=MAX_ATTACHMENT_SIZE)]) -> Response:
        data = board.attachment(bytes.fromhex(digest), size)
        return Response(data, media_type="application/octet-stream")

    return routes


def board_status(board: LocalBoard) -> dict[str, Any]:
    """Where the election is, by the board's own word."""
    log = board.board.catch_up()
    members: dict[str, Any] = {"size": log.size, "phase": log.phase, "election": None}
    if log.size:
        members["election"] = log.election.id.hex()
        members["issued"] = dict(log.issued)
        members["cast"] = len(log.cast)
        members["challenged"] = len(log.challenged)
    return members


def _lines(board: LocalBoard, start: int, stop: int, limit: int) -> bytes:
    """Entries up to so many bytes; one at least, where there is one."""
    size = board.board.catch_up().size
    if start > size:
        raise BoardError(f"the log has {size} entries: none from {start} on")
    lines = []
    for raw in board.entries(start, max(start, min(stop, size))):
        lines.append(raw + b"\n")
        limit -= len(raw) + 1
        if limit <= 0:
            break
    return b"".join(lines)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise EncodingError("a note is UTF-8") from None
