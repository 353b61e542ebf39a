"""Both verifiers find the same faults, and name the same rules: one fault at least for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from secretballot.verify import RULES

from ..support import elections
from ..support.second import Judgement, SecondVerifier, agreed
from ..unit import test_mixing, test_verify


def finished_with_faults(finished: elections.Finished) -> Iterator[tuple[str, bytes, bytes]]:
    """The finished election with each of the faults of the reference verifier's tests."""
    for rule, (fault, _) in test_verify.FAULTS.items():
        entries = list(finished.entries)
        fault(finished, entries)
        yield (
            rule,
            b"".join(raw + b"\n" for raw in entries),
            elections.checkpoint(finished.simulation, entries),
        )


@pytest.fixture(scope="module")
def said(
    second: SecondVerifier, finished: elections.Finished, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Judgement]:
    records = {rule: (entries, note) for rule, entries, note in finished_with_faults(finished)}
    records["L5"] = (records["L1"][0], records["M2"][1])
    return agreed(second, tmp_path_factory.mktemp("faults"), records)


@pytest.mark.parametrize("rule", [*test_verify.FAULTS, "L5"])
def test_a_fault_of_every_rule(said: dict[str, Judgement], rule: str) -> None:
    assert said[rule].verdict == "failed"
    assert rule in said[rule].failed


def test_faults_of_mixing(second: SecondVerifier, tmp_path: Path) -> None:
    done = test_mixing.Done(test_mixing.closed())
    done.simulation.export(str(tmp_path / "good"))
    files = {path.name: path.read_bytes() for path in (tmp_path / "good" / "attachments").iterdir()}
    records: dict[str, tuple[bytes, bytes]] = {}
    attachments: dict[str, Mapping[str, bytes]] = {}
    expected: dict[str, str] = {}
    for name, (change, rule) in test_mixing.FAULTS.items():
        entries = list(done.entries)
        change(done, entries)
        records[name] = (
            b"".join(raw + b"\n" for raw in entries),
            elections.checkpoint(done.simulation, entries),
        )
        attachments[name], expected[name] = files, rule
    note = elections.checkpoint(done.simulation, done.entries)
    for place, damaged in enumerate(files):
        data = files[damaged]
        changed = {0: None, 1: data[:-1] + bytes([data[-1] ^ 1]), 2: data[:-1]}[place % 3]
        name = f"damaged {place}"
        records[name] = (b"".join(raw + b"\n" for raw in done.entries), note)
        attachments[name] = (
            {**files, damaged: changed} if changed else {k: v for k, v in files.items() if k != damaged}
        )
        expected[name] = "X"
    said = agreed(second, tmp_path, records, attachments)
    for name, rule in expected.items():
        assert said[name].verdict == "failed", name
        assert any(failed.startswith(rule) for failed in said[name].failed), name
    assert {"X1", "X2", "X3", "T5"} <= {rule for one in said.values() for rule in one.failed}


def test_every_rule_is_among_them() -> None:
    """Those of pins have tests of their own."""
    mixing = {rule for _, rule in test_mixing.FAULTS.values()} | {"T5"}
    assert {*test_verify.FAULTS, *mixing, "L5", "M3", "L6", "L7"} == set(RULES)
