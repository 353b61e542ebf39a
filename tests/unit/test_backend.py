"""Which backend is chosen, and what is said of it."""

from __future__ import annotations

import importlib
import logging
from types import ModuleType

import pytest

from secretballot.crypto import group
from secretballot.crypto.group import choose
from secretballot.crypto.group.reference import ristretto255 as reference
from secretballot.errors import BackendError
from tests.support.backends import native


def without_native(monkeypatch: pytest.MonkeyPatch) -> None:
    original = importlib.import_module

    def refuse(name: str) -> ModuleType:
        if name.endswith(".native"):
            raise ImportError("No module named '_native'")
        return original(name)

    monkeypatch.setattr(group.importlib, "import_module", refuse)


def test_reference_when_asked_for() -> None:
    chosen = choose("reference")
    assert (chosen.name, chosen.group) == ("reference", reference)
    assert "asks for it" in chosen.reason


@pytest.mark.parametrize("wanted", ["", "auto"])
def test_reference_where_native_was_not_built(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_native(monkeypatch)
    chosen = choose(wanted)
    assert (chosen.name, chosen.group) == ("reference", reference)
    assert "Rust" in chosen.reason


def test_native_that_was_not_built_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    without_native(monkeypatch)
    with pytest.raises(BackendError, match="no native backend"):
        choose("native")


def test_unknown_backend() -> None:
    with pytest.raises(BackendError, match="SECRETBALLOT_BACKEND is auto, native or reference, not 'Native'"):
        choose("Native")


@pytest.mark.skipif(native is None, reason="the native backend was not built (no Rust toolchain)")
@pytest.mark.parametrize("wanted", ["", "auto", "native"])
def test_native_where_it_was_built(wanted: str) -> None:
    chosen = choose(wanted)
    assert (chosen.name, chosen.group) == ("native", native)
    assert ("asks for it" in chosen.reason) == (wanted == "native")


@pytest.mark.parametrize("constant", [True, False])
def test_variable_time_is_told_once(
    constant: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(type(group.ristretto255), "constant_time", constant)
    monkeypatch.setattr(group, "_warned", False)
    with caplog.at_level(logging.WARNING, logger="secretballot"):
        group.warn_of_variable_time()
        group.warn_of_variable_time()
    assert len(caplog.messages) == (0 if constant else 1)
