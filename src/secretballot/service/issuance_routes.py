"""What the registrar's service answers."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from ..crypto.encoding import b64decode, b64encode
from ..errors import EncodingError
from .bodies import read_body
from .issuance import IssuanceDesk
from .openapi import errors, takes
from .settings import Settings

#: Characters of a voter's name, and of what authenticates the voter.
MAX_NAME = 256
MAX_CODE = 4096


class IssuanceRequest(BaseModel):
    """A voter asks for a credential."""

    model_config = ConfigDict(extra="forbid", strict=True)

    voter: str = Field(min_length=1, max_length=MAX_NAME, description="The voter's name on the roll.")
    code: str = Field(
        max_length=MAX_CODE, repr=False, description="The access code, or what the deployer asks for."
    )
    request: str = Field(
        pattern="^[A-Za-z0-9_-]+$", description="The holder's blinded request, in base64url."
    )


class IssuanceAnswer(BaseModel):
    """The registrar's answer."""

    signature: str = Field(pattern="^[A-Za-z0-9_-]+$", description="The blind signature, in base64url.")


def read_request(body: bytes) -> IssuanceRequest:
    """What a voter asks for; raises EncodingError naming the member that is wrong, where it is one of these."""
    try:
        return IssuanceRequest.model_validate_json(body)
    except ValidationError as error:
        # Not what was sent: a code may be in it, be it as the name of a member.
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        item = where if where in IssuanceRequest.model_fields else "the body"
        raise EncodingError("a request has the texts voter, code and request", item=item) from None


def issuance_routes(desk: IssuanceDesk, settings: Settings) -> APIRouter:
    """The routes of a registrar."""
    routes = APIRouter(tags=["issuance"])

    @routes.post(
        "/v1/issuance",
        summary="A blind signature for a voter",
        response_description="The signature.",
        openapi_extra=takes(
            {"application/json": {"schema": IssuanceRequest.model_json_schema()}},
            f"Who asks, and for what; of at most {settings.max_body} bytes.",
        ),
        responses=errors(400, 403, 408, 413, 422),
    )
    async def issue(request: Request) -> IssuanceAnswer:
        """Once a voter. Asked again with the same request, it is the same: a lost reply loses no vote."""
        body = await read_body(request, settings.max_body, settings)
        asked = read_request(body)
        signature = await run_in_threadpool(desk.issue, asked.voter, asked.code, b64decode(asked.request))
        return IssuanceAnswer(signature=b64encode(signature))

    return routes
