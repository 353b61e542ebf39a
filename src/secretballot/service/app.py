"""The application: routes, bounds, errors and the log, put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

import anyio
import anyio.to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..client.wire import ErrorAnswer, TooManyError, error_body, status_of
from ..errors import SecretBallotError, StoreError
from .answers import HealthAnswer
from .bodies import TooLargeError, TooSlowError
from .logs import log_request
from .openapi import Service, errors
from .rates import Rates, network_of
from .settings import Settings

#: What stands in every answer: it is for programs, and for nobody's page.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STATUS: dict[type[SecretBallotError], int] = {TooManyError: 429, TooLargeError: 413, TooSlowError: 408}

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def create_app(
    area: str,
    routes: APIRouter,
    health: Callable[[], object],
    settings: Settings | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """A service of one area, ``board`` or ``issuance``: they share no line of a log, and best no machine.

    ``health`` raises where the service cannot work. ``clock`` gives seconds that only grow, for the rates.
    """
    app = Service(area)
    app.include_router(routes)
    bounds = settings or Settings()
    #: Of those that look at the health: they wait for nobody else, and nobody for them.
    looking = anyio.CapacityLimiter(4)

    @app.get(
        "/health",
        operation_id="health",
        tags=["health"],
        summary="Whether the service can work",
        response_description="It can.",
        responses=errors(),
    )
    async def healthy() -> HealthAnswer:
        """For monitoring. It looks at the store, for some seconds at most."""
        try:
            with anyio.fail_after(bounds.health_seconds):
                await anyio.to_thread.run_sync(health, abandon_on_cancel=True, limiter=looking)
        except TimeoutError:
            raise StoreError(f"the store does not answer within {bounds.health_seconds:g} seconds") from None
        return HealthAnswer()

    _answer_errors(app, area)
    app.add_middleware(_Bound, area=area, settings=bounds, clock=clock)
    return app


class _Bound:
    """Around every request: how often and how many at once, the headers of every answer, a line in the log, and no
    traceback, whatever breaks."""

    def __init__(self, app: ASGIApp, area: str, settings: Settings, clock: Callable[[], float]) -> None:
        self._app = app
        self._area = area
        self._posts = Rates(settings.posts, settings.remembered, clock)
        self._reads = Rates(settings.reads, settings.remembered, clock)
        self._at_once = settings.at_once
        self._now = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        answered: list[int] = []
        failed: list[str] = []

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                failed.append(headers.get("X-Error", ""))
            await send(message)

        self._now += 1
        try:
            try:
                self._admit(scope)
                await self._app(scope, receive, answer)
            except SecretBallotError as error:
                await _refuse(error)(scope, receive, answer)
            except asyncio.CancelledError:
                # The service ends, and this request was still not over: what it asked for can be asked again.
                failed.append("CancelledError")
                if not answered:
                    await _refuse(TooManyError("the service is ending"))(scope, receive, answer)
            except Exception as error:  # noqa: BLE001 - nobody is shown a traceback, and the next request is served
                failed.append(type(error).__name__)
                if not answered:
                    broken = _own("BoardError", "internal error: please report it")
                    await _answer(500, broken)(scope, receive, answer)
        finally:
            self._now -= 1
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "none")
        status = answered[0] if answered else 0
        seconds = time.monotonic() - started
        log_request(self._area, method, route, status, seconds, next(filter(None, failed), None))

    def _admit(self, scope: Scope) -> None:
        rates = self._reads if scope["method"] in ("GET", "HEAD") else self._posts
        client = scope.get("client")
        rates.take(network_of(client[0]) if client else "")
        if self._now > self._at_once:
            raise TooManyError("the service is busy")


def _answer_errors(app: FastAPI, area: str) -> None:
    @app.exception_handler(SecretBallotError)
    async def refused(request: Request, error: SecretBallotError) -> Response:
        return _refuse(error)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        wrong = [".".join(map(str, one["loc"][1:])) for one in error.errors()]
        return _answer(400, _own("EncodingError", f"malformed: {', '.join(wrong)}"[:200]))

    @app.exception_handler(HTTPException)
    async def nowhere(request: Request, error: HTTPException) -> Response:
        headers = {"Allow": ", ".join(_allowed(app, request.scope))} if error.status_code == 405 else {}
        told = f"this is a service of secretballot for {area}, and has no such path"
        message = told if error.status_code == 404 else error.detail
        return _answer(error.status_code, _own("RefusedError", message), headers)


def _allowed(app: FastAPI, scope: Scope) -> list[str]:
    """The methods of a path. The router knows those of one of its routes alone."""
    return [
        method
        for method in sorted(_METHODS)
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in app.router.routes)
    ]


def _refuse(error: SecretBallotError) -> Response:
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), status_of(error))
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, TooManyError) else {}
    return _answer(status, error_body(error), headers)


def _answer(status: int, body: ErrorAnswer, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    return JSONResponse(body.model_dump(), status_code=status, headers={"X-Error": body.error, **headers})


def _own(error: str, message: str) -> ErrorAnswer:
    return ErrorAnswer(error=error, message=message, item=None, culprit=None)
