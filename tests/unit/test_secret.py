"""The wrapper for secrets: only reveal() gives the value back."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import traceback

import pytest
from pydantic import BaseModel, ConfigDict

from secretballot.crypto.secret import Secret

VALUE = b"correct horse battery staple"
SHOWN = "<Secret redacted>"


@pytest.fixture
def secret() -> Secret[bytes]:
    return Secret(VALUE)


def hides(text: str) -> bool:
    return "horse" not in text and VALUE.hex() not in text


def test_reveal_gives_the_value_itself(secret: Secret[bytes]) -> None:
    assert secret.reveal() is VALUE
    items = [1, 2]
    assert Secret(items).reveal() is items


@pytest.mark.parametrize("spec", ["", "s", "r", ">40", "x"])
def test_every_text_is_redacted(secret: Secret[bytes], spec: str) -> None:
    assert repr(secret) == str(secret) == SHOWN
    assert format(secret, spec) == SHOWN
    assert f"{secret!r} {secret!s} {secret!a}" == f"{SHOWN} {SHOWN} {SHOWN}"
    assert "%s %r" % (secret, secret) == f"{SHOWN} {SHOWN}"  # noqa: UP031
    assert repr([secret, {"a": secret}]) == f"[{SHOWN}, {{'a': {SHOWN}}}]"


def test_redacted_in_a_dataclass_and_in_a_log(
    secret: Secret[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    @dataclasses.dataclass
    class Holder:
        secret: Secret[bytes]

    assert hides(repr(Holder(secret)))
    logging.getLogger("test").warning("state: %s %r", secret, Holder(secret))
    assert SHOWN in caplog.text
    assert hides(caplog.text)


def test_redacted_in_a_traceback_with_locals(secret: Secret[bytes]) -> None:
    try:
        raise RuntimeError(secret)
    except RuntimeError as error:
        text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert SHOWN in text
    assert hides(text)


def test_comparison_is_refused(secret: Secret[bytes]) -> None:
    for other in (secret, Secret(VALUE), VALUE, None):
        with pytest.raises(TypeError, match="compare_digest"):
            secret == other  # noqa: B015
        with pytest.raises(TypeError, match="compare_digest"):
            secret != other  # noqa: B015
    with pytest.raises(TypeError):
        secret < secret  # type: ignore[operator]  # noqa: B015
    with pytest.raises(TypeError, match="compare_digest"):
        Secret(VALUE) in [secret]  # noqa: B015


def test_no_hash_and_no_truth_value(secret: Secret[bytes]) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(secret)
    with pytest.raises(TypeError, match="unhashable"):
        {secret}  # noqa: B018
    for value in (secret, Secret(b""), Secret(0)):
        with pytest.raises(TypeError, match="truth value"):
            bool(value)
        with pytest.raises(TypeError, match="truth value"):
            not value  # noqa: B018


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_is_refused(secret: Secret[bytes], protocol: int) -> None:
    for value in (secret, [secret], {"a": secret}):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(value, protocol)


def test_copying_is_refused(secret: Secret[bytes]) -> None:
    with pytest.raises(TypeError, match="never copied"):
        copy.copy(secret)
    for value in (secret, [secret], {"a": secret}):
        with pytest.raises(TypeError, match="never copied"):
            copy.deepcopy(value)


def test_it_is_not_serialised_by_accident(secret: Secret[bytes]) -> None:
    class Record(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        secret: Secret[bytes]

    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps({"a": secret})
    record = Record(secret=secret)
    assert hides(repr(record))
    with pytest.raises(ValueError, match="Unable to serialize"):
        record.model_dump_json()
    for taken in (bytes, int, list, tuple, iter, len, memoryview):
        with pytest.raises(TypeError):
            taken(secret)  # type: ignore[operator]


def test_no_further_attributes(secret: Secret[bytes]) -> None:
    assert not hasattr(secret, "__dict__")
    with pytest.raises(TypeError):
        vars(secret)
    with pytest.raises(AttributeError):
        secret.note = VALUE  # type: ignore[attr-defined]
