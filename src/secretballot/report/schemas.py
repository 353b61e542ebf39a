"""JSON Schemas (draft 2020-12) of what is published, exported from the models.

They say which members there are, of which types and within which limits. They cannot say what canonical JSON is, in
which order members stand, or what a signature is worth: ``docs/spec/records.md`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from ..ballot import Ballot, ChallengedBallot
from ..board import PhaseChange
from ..board.records import Seal
from ..ceremony import CeremonyCommitment, CeremonyComplaint, CeremonyConfirmation, CeremonyMessage
from ..credential import Issuance
from ..manifest import Manifest
from ..records import Record
from ..tally import DecryptionShare, LineShare, MixRound, Result
from ..verify import Report
from .comparison import Comparison

DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: The models by the last part of their record type.
MODELS: Mapping[str, type[Record]] = {
    "manifest": Manifest,
    "phase": PhaseChange,
    "ceremony-commitment": CeremonyCommitment,
    "ceremony-message": CeremonyMessage,
    "ceremony-confirmation": CeremonyConfirmation,
    "ceremony-complaint": CeremonyComplaint,
    "issuance": Issuance,
    "ballot": Ballot,
    "challenged-ballot": ChallengedBallot,
    "seal": Seal,
    "decryption-share": DecryptionShare,
    "mix-round": MixRound,
    "line-share": LineShare,
    "result": Result,
    "report": Report,
    "comparison": Comparison,
}


class _Generator(GenerateJsonSchema):
    def field_is_required(self, field: Any, total: bool) -> bool:
        """Every member of a canonical body is written out, those with a default too."""
        return True


def schemas() -> dict[str, dict[str, object]]:
    """The schemas by file name, such as ``ballot.schema.json``; each one's ``$id`` is its file name."""
    return {f"{name}.schema.json": _schema(name, model) for name, model in MODELS.items()}


def _schema(name: str, model: type[Record]) -> dict[str, object]:
    body = _tidy(model.model_json_schema(mode="serialization", schema_generator=_Generator))
    own = {"$schema": DIALECT, "$id": f"{name}.schema.json", "title": f"secretballot 1: {name}"}
    return own | {key: value for key, value in body.items() if key != "title"}


def _tidy(schema: Any) -> Any:
    """The schema without defaults and the members' made-up titles, with maps closed to names of another form."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties", "$defs"):
            # The keys in here are names, and no keywords.
            out[key] = {name: _tidy(item) for name, item in value.items()}
        elif key not in ("default", "title", "discriminator"):
            out[key] = _tidy(value)
    if "patternProperties" in out:
        out["additionalProperties"] = False
    return out
