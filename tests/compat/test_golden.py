"""Records of every release verify for ever, and their reports can be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from secretballot.crypto.group import Group
from secretballot.testing import tamper
from secretballot.verify import RULES, Report, Status, Verdict, verify_record

from ..support.backends import BACKENDS, name_of
from .golden import SUMS, Golden, kept, records, sums

RECORDS = records()
ROOT = Path(__file__).parents[2]

every_record = pytest.mark.parametrize("golden", RECORDS, ids=lambda golden: golden.name)


@cache
def said(backend: str) -> dict[str, Any]:
    """What a process with this backend says of every golden record."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.compat.golden"],
        env=os.environ | {"SECRETBALLOT_BACKEND": backend},
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    out: dict[str, Any] = json.loads(done.stdout)
    return out


def test_no_file_was_changed() -> None:
    assert SUMS.read_text(encoding="utf-8") == sums()


def test_every_release_has_every_kind() -> None:
    kinds = {golden.path.name for golden in RECORDS}
    assert kinds >= {"rating", "mixed", "twice", "marks", "challenged"}


@every_record
@pytest.mark.parametrize("group", BACKENDS, ids=name_of)
def test_a_golden_record_is_verified_as_ever(golden: Golden, group: Group) -> None:
    """The verdict, the result, and for each rule of its release the same items, by each backend."""
    then, now = (
        kept(Report.from_body(golden.report)),
        said(type(group).__module__.rpartition(".")[2])[golden.name],
    )
    assert now["verdict"] == then["verdict"] == Verdict.VERIFIED
    assert {rule: now["rules"][rule] for rule in then["rules"]} == then["rules"]
    assert now | {"rules": None} == then | {"rules": None}


@every_record
def test_a_golden_report_is_still_read(golden: Golden) -> None:
    report = Report.from_body(golden.report)
    assert report.to_body() == golden.report
    assert report.result is not None


def test_between_them_they_have_an_item_of_every_rule() -> None:
    """But for complaints, which no finished election has."""
    passed = {
        rule.rule
        for golden in RECORDS
        for rule in Report.from_body(golden.report).rules
        if rule.status is Status.PASSED
    }
    assert passed == set(RULES) - {"K5"}


@every_record
def test_a_golden_record_that_is_changed_is_refused(golden: Golden, tmp_path: Path) -> None:
    """By whoever changes one entry of each kind: the good record is no accident."""
    changed = [case for case in tamper.mutations(golden.path / "record") if "-more" in case.name]
    assert len(changed) >= 10
    for case in changed:
        report = verify_record(case.write(tmp_path / case.name))
        assert report.verdict is Verdict.FAILED
        assert all(report.rule(rule).failed for rule in case.rules)
