"""What OpenAPI says of an operation and its own types do not: bodies, errors, and what holds for all of them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from .. import __version__
from ..client.wire import ErrorAnswer
from ..records import record_type
from ..tally import ElectionLog

Content = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]

#: An entry of the log, sent and answered.
ENTRY: Content = {"application/json": {"schema": {"$ref": "#/components/schemas/Entry"}}}

_ERROR = {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorAnswer.__name__}"}}}
_ERROR_NAME = {"X-Error": {"description": "The error's class again.", "schema": {"type": "string"}}}
_WAIT = {
    "Retry-After": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}

_ERRORS = {
    400: "Malformed. It never becomes right by being sent again.",
    403: "Refused: the credential, or the voter's code, is not one that is accepted here.",
    404: "It is not there, or not yet.",
    408: "The body took too long to arrive. Send it again.",
    409: "Too early, too late, or there already.",
    413: "More bytes than are taken.",
    422: "A check refused it. It never becomes right by being sent again.",
    424: "An attachment that the entry names is missing. Send the attachment, and then the entry again.",
    429: "Asked too often, or too many at once. Ask again after the time in `Retry-After`.",
    500: "The service broke down. Nothing is known of what became of the request: send it again.",
    503: "The store cannot read or write. Send it again later.",
}
#: What any request can meet.
_ALWAYS = (429, 500, 503)

_KINDS = ("manifest", "phase", *sorted(ElectionLog.records))
_COMPONENTS: dict[str, Any] = {
    ErrorAnswer.__name__: ErrorAnswer.model_json_schema(),
    "Entry": {
        "type": "object",
        "description": "A signed line of the log, without its line feed. The bytes count, not what they mean: no white "
        "space, and members in the order of the specification, which also has a schema of each kind of body.",
        "required": ["body", "signature"],
        "additionalProperties": False,
        "properties": {
            "body": {
                "type": "object",
                "required": ["record"],
                "properties": {"record": {"enum": [record_type(kind) for kind in _KINDS]}},
            },
            "signature": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]{86}$",
                "description": "Ed25519, in base64url.",
            },
        },
    },
}
_ABOUT = """\
Whatever is refused is answered with the same object, `ErrorAnswer`; so are a path that there is none of (404) and a
method that the path has none of (405, with `Allow`).

Every request may be sent again: the same bytes get the same answer, and nothing is appended twice. Members may be added
to answers, so that those that are not known are to be passed over; whatever else would change for a client gets another
first part of the path than `/v1`.
"""
_TAGS = {
    "board": "The log: what is signed and posted, read and proven. Nothing that is read needs to be believed.",
    "issuance": "The registrar: a blind signature for each voter on the roll.",
    "health": "For whoever runs the service.",
}


def takes(content: Content, description: str) -> dict[str, Any]:
    """An operation's body, which it reads by itself, for ``openapi_extra``."""
    return {"requestBody": {"required": True, "description": description, "content": content}}


def gives(content: Content, description: str, status: int = 200) -> Responses:
    """An operation's answer that is no model, for ``responses``."""
    return {status: {"description": description, "content": content}}


def errors(*statuses: int) -> Responses:
    """The statuses that an operation refuses with, and those that any does, for ``responses``."""
    found: Responses = {}
    for status in sorted({*statuses, *_ALWAYS}):
        headers = _ERROR_NAME | _WAIT if status == 429 else _ERROR_NAME
        found[status] = {"description": _ERRORS[status], "content": _ERROR, "headers": headers}
    return found


def octets(limit: int) -> Content:
    """So many bytes at most."""
    return {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary", "maxLength": limit}}
    }


def text(limit: int | None = None, pattern: str | None = None) -> Content:
    """A text in UTF-8, of so many bytes at most."""
    schema: dict[str, Any] = {"type": "string"}
    if limit is not None:
        schema["maxLength"] = limit
    if pattern is not None:
        schema["pattern"] = pattern
    return {"text/plain": {"schema": schema}}


class Service(FastAPI):
    """An application that publishes what is said here. ``area`` is that of its routes."""

    def __init__(self, area: str) -> None:
        super().__init__(
            title=f"secretballot {area}",
            summary=_TAGS[area],
            description=_ABOUT,
            version=__version__,
            license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
            openapi_tags=[{"name": name, "description": _TAGS[name]} for name in (area, "health")],
            generate_unique_id_function=lambda route: route.name,
            # The pages would load scripts from elsewhere.
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas |= _COMPONENTS
            # FastAPI's own form of a malformed request, which is never sent here.
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for path in document["paths"].values():
                for operation in path.values():
                    operation["responses"] = {
                        status: response
                        for status, response in operation["responses"].items()
                        if "HTTPValidationError" not in str(response)
                    }
        return super().openapi()
