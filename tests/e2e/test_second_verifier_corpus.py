"""Both verifiers refuse the corpus of tampered records, and name the same rules.

All attacks, and of the mutations one in ``SECRETBALLOT_MUTATIONS``, 40 unless it is set: with 1 it is all of them.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from secretballot.errors import RecordError
from secretballot.testing import tamper
from secretballot.testing.tamper import ATTACKS, Case, Elections
from secretballot.verify import RULES, verify_record

from ..support.elections import shared_rsa_keys
from ..support.second import Judgement, SecondVerifier, of_report

STEP = int(os.environ.get("SECRETBALLOT_MUTATIONS", "40"))


@pytest.fixture(scope="module")
def elections() -> Elections:
    with shared_rsa_keys():
        return tamper.hold_elections()


def check(second: SecondVerifier, cases: Iterable[Case], folder: Path) -> None:
    """Both say of the cases what these say of themselves, and the same of each rule."""
    together = defaultdict(list)
    for case in cases:
        case.write(folder / case.name)
        together[options(case, folder)].append(case)
    for given, several in together.items():
        code, judgements, _ = second(*given, *(folder / case.name for case in several))
        assert code == next((case.exit_code for case in several if case.exit_code), 0)
        for case, said in zip(several, judgements, strict=True):
            assert said.verdict == case.verdict, case.name
            assert set(case.rules) <= said.failed, case.name
            assert said == reference(case, folder / case.name), case.name


def options(case: Case, folder: Path) -> tuple[str, ...]:
    """What the second verifier is given beside the record."""
    out = [word for vkey in case.cosigners for word in ("--cosigner", vkey)]
    if case.election_id is not None:
        out += ["--election", case.election_id.hex()]
    if case.checkpoint is not None:
        pinned = folder / f"{case.name}.checkpoint"
        pinned.write_text(case.checkpoint, encoding="utf-8")
        out += ["--checkpoint", str(pinned)]
    return tuple(out)


def reference(case: Case, record: Path) -> Judgement:
    """What the reference verifier says."""
    try:
        return of_report(verify_record(record, **case.given))
    except RecordError:
        return Judgement(None, {})


@pytest.mark.parametrize("half", [0, 1])
def test_attacks(second: SecondVerifier, elections: Elections, tmp_path: Path, half: int) -> None:
    """Every rule is broken by one of them."""
    cases = list(tamper.attacks(elections))
    assert len(cases) > len(ATTACKS)
    assert {rule for case in cases for rule in case.rules} == set(RULES)
    check(second, cases[half::2], tmp_path)


@pytest.mark.parametrize("name", ["sums", "twice"])
def test_mutations(second: SecondVerifier, elections: Elections, tmp_path: Path, name: str) -> None:
    good = next(case for case in tamper.attacks(elections) if case.name == f"good-{name}")
    cases = list(tamper.mutations(good.write(tmp_path / good.name)))
    check(second, cases[::STEP], tmp_path)
