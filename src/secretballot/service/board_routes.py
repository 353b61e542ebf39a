"""What the board's service answers. An entry of whatever kind is posted in one place: who may post it, its signature
says, and when, the log's state."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BeforeValidator, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, StreamingResponse

from ..board.entry import Cast, Challenged, Entry
from ..client.local import LocalBoard
from ..client.wire import NotThereError
from ..crypto.encoding import b64encode
from ..errors import BoardError, EncodingError, RefusedError
from ..manifest.capacity import MAX_ATTACHMENT_SIZE
from .answers import HEXADECIMAL, ConsistencyAnswer, StatusAnswer
from .bodies import Body, read_body
from .openapi import ENTRY, errors, gives, octets, takes, text
from .rates import Rates
from .sending import Places, Whole, lines
from .settings import Settings

#: A place in a log, or a size: what JSON's readers read exactly.
MAX_SIZE = 2**53 - 1

Digest = Annotated[str, Path(pattern=HEXADECIMAL, description="A SHA-256, in hexadecimal.")]


def _decimal(text: Any) -> Any:
    """Pydantic reads many texts as numbers: here each number has one."""
    if isinstance(text, str) and not re.fullmatch("0|[1-9][0-9]{0,15}", text):
        raise ValueError("a number is decimal, without sign, point or leading zeros")
    return text


def _number(description: str, most: int = MAX_SIZE) -> tuple[Any, ...]:
    """What makes an int a number of the query, from 0 up to ``most``."""
    return Field(ge=0, le=most), BeforeValidator(_decimal), Query(description=description)


def board_routes(
    board: LocalBoard, settings: Settings, clock: Callable[[], float] = time.monotonic
) -> APIRouter:
    """The routes of a board. Those that answer no model say themselves what they answer."""
    routes = APIRouter(tags=["board"])
    casts = Rates(settings.casts, settings.remembered, clock)
    # Attachments are in memory whole.
    sent = Places(settings.attachments_sent_at_once, "others are sending attachments")
    asked = Places(settings.attachments_asked_at_once, "others are asking for attachments")

    def admit(entry: Entry, signer: bytes) -> AbstractContextManager[None]:
        # What the store does not take, as where the disk is full, is no cast.
        is_cast = isinstance(entry.facts, Cast | Challenged)
        return casts.counted(signer.hex()) if is_cast else nullcontext()

    @routes.get(
        "/v1/status",
        summary="Where the election is",
        response_description="Size, phase and counts.",
        responses=errors(),
    )
    def status() -> StatusAnswer:
        """By the board's own word: to be shown, and not to be relied on."""
        return board_status(board)

    @routes.get(
        "/v1/manifest",
        summary="The manifest",
        response_class=Response,
        responses=gives(ENTRY, "Entry 0, without its line feed.") | errors(404),
    )
    def manifest() -> Response:
        """Whose manifest it is, its election id tells: compare that with the announced one."""
        if not board.board.catch_up().size:
            raise NotThereError("the log is empty")
        return _entry(board, 0)

    @routes.get(
        "/v1/result",
        summary="The result",
        response_class=Response,
        responses=gives(ENTRY, "The entry that ends the log, without its line feed.") | errors(404),
    )
    def result() -> Response:
        """As the authority signed it. Whether it follows from the ballots, verifying the record tells."""
        log = board.board.catch_up()
        if log.phase != "closed":
            raise NotThereError("there is no result yet")
        return _entry(board, log.size - 1)

    @routes.get(
        "/v1/checkpoint",
        summary="The newest checkpoint",
        response_class=Response,
        responses=gives(text(), "A signed note (C2SP tlog-checkpoint).") | errors(404),
    )
    def checkpoint() -> Response:
        """Signed by the board over all entries, with the cosignatures that stand on it."""
        with _absence():
            return PlainTextResponse(board.checkpoint())

    @routes.get(
        "/v1/consistency",
        summary="A consistency proof",
        response_description="The proof, without hashes where the sizes are equal or the old one is 0.",
        responses=errors(400, 404, 422),
    )
    def consistency(
        old: Annotated[int, *_number("The size of the older checkpoint, in entries.")],
        new: Annotated[int, *_number("The size of the newer one, and at most the log's.")],
    ) -> ConsistencyAnswer:
        """Shows that the log of the old size is the beginning of that of the new one (RFC 9162, section 2.1.4)."""
        if old > new:
            raise RefusedError(f"nothing leads from {old} entries back to {new}")
        with _absence():
            proof = board.consistency(old, new)
        return ConsistencyAnswer(old=old, new=new, proof=[b64encode(one) for one in proof])

    @routes.post(
        "/v1/cosignatures",
        summary="Add cosignatures",
        openapi_extra=takes(text(settings.max_body), "The checkpoint with the cosigners' lines behind it."),
        response_class=Response,
        responses=gives(text(), "The checkpoint with all cosignatures that are kept.")
        | errors(400, 408, 413, 422),
    )
    async def add_cosignature(request: Request) -> Response:
        """Keeps the lines of cosigners that this board knows on a checkpoint that it signed."""
        data = await read_body(request, settings.max_body, settings)
        return PlainTextResponse(await run_in_threadpool(board.add_cosignature, _text(data)))

    @routes.get(
        "/v1/entries",
        summary="Entries, in their order",
        response_class=Response,
        responses=gives(
            {"application/jsonl": {"schema": {"type": "string"}}}, "Entries, each ended by a line feed."
        )
        | errors(400, 404),
    )
    def entries(
        start: Annotated[int, *_number("The place of the first, from 0.")] = 0,
        stop: Annotated[int, *_number("The place behind the last.")] = MAX_SIZE,
    ) -> Response:
        """As far as one answer goes: ask again for the rest. None where `start` is the log's size, or `stop` not above
        it."""
        size = board.board.catch_up().size
        if start > size:
            raise NotThereError(f"the log has {size} entries: none from {start} on")
        pieces = lines(board.entries, start, min(stop, size), settings)
        # What is wrong is found with the first piece, while there can be another answer.
        first = next(pieces, b"")
        return StreamingResponse(chain([first], pieces), media_type="application/jsonl")

    @routes.post(
        "/v1/entries",
        status_code=201,
        summary="Append an entry",
        openapi_extra=takes(ENTRY, f"A signed entry, of at most {settings.max_entry} bytes."),
        response_class=Response,
        responses=gives(text(), "The receipt (C2SP tlog-proof).", 201)
        | errors(400, 403, 408, 409, 413, 422, 424),
    )
    async def submit(request: Request) -> Response:
        """Of whatever kind: who may post it, its signature says, and when, the phase. Sent again, it gets a receipt for
        the same place."""
        raw = await read_body(request, settings.max_entry, settings)
        receipt = await run_in_threadpool(board.submit, raw, admit)
        return PlainTextResponse(receipt, status_code=201)

    @routes.get(
        "/v1/receipts/{leaf}",
        summary="The receipt of an entry",
        response_class=Response,
        responses=gives(text(), "The receipt (C2SP tlog-proof).") | errors(400, 404),
    )
    def receipt(leaf: Digest) -> Response:
        """Of the entry with this leaf hash (RFC 6962), under the newest checkpoint."""
        with _absence():
            return PlainTextResponse(board.board.receipt_of(bytes.fromhex(leaf)))

    @routes.post(
        "/v1/attachments",
        status_code=201,
        summary="Keep an attachment",
        openapi_extra=takes(
            octets(settings.max_attachment),
            "The entry that names it, a line feed, and the attachment's bytes.",
        ),
        response_class=Response,
        responses=gives(text(pattern=HEXADECIMAL), "Its digest, in hexadecimal.", 201)
        | errors(400, 408, 409, 413, 422),
    )
    async def attach(request: Request) -> Response:
        """Of an entry that could be the next but for what it names. The entry is to be posted once all of its
        attachments are there."""
        body = Body(request, settings.max_attachment, settings)
        # Whoever could post no entry that names it holds no place, and nothing in memory.
        raw = await body.line(settings.max_entry)
        awaited = await run_in_threadpool(board.board.awaited, raw)
        body.at_most(max((size for _, size in awaited), default=MAX_ATTACHMENT_SIZE))
        if not awaited:
            return await _sent_again(body)
        with sent.taken():
            digest = await run_in_threadpool(board.board.attach, raw, await body.rest())
        return PlainTextResponse(digest.hex(), status_code=201)

    async def _sent_again(body: Body) -> Response:
        """The entry is in the log, and so is what it names: it is looked at, and not kept."""
        hashed, size = hashlib.sha256(), 0
        while part := await body.part():
            hashed.update(part)
            size += len(part)
        if not await run_in_threadpool(board.board.is_attached, hashed.digest(), size):
            raise RefusedError("the entry names no such attachment", item=f"attachment {hashed.hexdigest()}")
        return PlainTextResponse(hashed.hexdigest(), status_code=201)

    @routes.get(
        "/v1/attachments/{digest}",
        summary="An attachment",
        response_class=Response,
        responses=gives(octets(MAX_ATTACHMENT_SIZE), "Its bytes.") | errors(400, 404),
    )
    async def attachment(
        digest: Digest,
        size: Annotated[int, *_number("Its size in bytes, as the entry names it.", MAX_ATTACHMENT_SIZE)],
    ) -> Response:
        """By the digest and size that an entry names."""
        with asked.taken() as place:
            data = await run_in_threadpool(_attachment, board, bytes.fromhex(digest), size)
            return Whole(data, settings, place.pop_all())

    return routes


def board_status(board: LocalBoard) -> StatusAnswer:
    """Where the election is, by the board's own word."""
    log = board.board.catch_up()
    return StatusAnswer(
        size=log.size,
        phase=log.phase,
        election=log.election.id.hex() if log.size else None,
        issued=dict(log.issued),
        cast=len(log.cast),
        challenged=len(log.challenged),
    )


def _attachment(board: LocalBoard, digest: bytes, size: int) -> bytes:
    with _absence():
        return board.attachment(digest, size)


def _entry(board: LocalBoard, place: int) -> Response:
    (raw,) = board.entries(place, place + 1)
    return Response(raw, media_type="application/json")


@contextmanager
def _absence() -> Iterator[None]:
    """Within it, what the board has not is not there, rather than a request that a check refused."""
    try:
        yield
    except BoardError as error:
        if type(error) is not BoardError:
            raise
        raise NotThereError(error.message, item=error.item) from None


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise EncodingError("a note is UTF-8") from None
