"""The corpus of tampered records: each is refused by the rules that it names, and every rule is broken by one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from secretballot.board import examiner
from secretballot.board.examiner import Examiner
from secretballot.ceremony.state import CeremonyState
from secretballot.crypto import batch, disjunction, equality, shuffle
from secretballot.crypto.signing import VerifyKey
from secretballot.errors import EncodingError, RecordError
from secretballot.tally import ElectionLog, checks
from secretballot.tally.mixing import Mixing
from secretballot.testing import tamper
from secretballot.testing.tamper import ATTACKS, Attack, Case, Elections
from secretballot.testing.tamper.__main__ import main
from secretballot.testing.tamper.case import files_of
from secretballot.verify import RULES, Pins, Verdict, verify_record

from ..support.elections import shared_rsa_keys
from .accomplices import failed, findings

pytestmark = pytest.mark.usefixtures("remembered")

#: Rules that only something from outside the record can break: a mutation of the record alone does not.
FROM_OUTSIDE = {"M3", "L6", "L7"}

#: Rules that never fail alone. By the specification B2 fails with B1, X2 with X1 and T3 with T2; what T5 finds, a proof
#: of X2 or a line of T3 is wrong for.
NEVER_ALONE = {"B1", "X1", "T2", "T5"}
#: For each other rule an attack that breaks it and nothing else.
ALONE = {
    "M1": "empty-log",
    "M2": "manifest-by-another",
    "M3": "another-election",
    "L1": "entry-of-garbage",
    "L2": "result-of-another-election",
    "L3": "ballot-after-the-close",
    "L4": "signature-of-another",
    "L5": "checkpoint-by-another",
    "L6": "log-forked",
    "L7": "cosignature-missing",
    "L8": "seal-again",
    "K1": "commitment-again",
    "K2": "message-before-the-last-commitment",
    "K3": "confirmation-forged",
    "K4": "complaint-ignored",
    "K5": "complaint-again",
    "C1": "credentials-above-the-roll",
    "C2": "credential-signed-twice",
    "C3": "ballot-stuffed",
    "B2": "ballot-copied",
    "B3": "ballot-replayed",
    "H1": "challenge-that-lies",
    "H2": "cast-ballot-opened",
    "X2": "rows-exchanged",
    "X3": "line-share-again",
    "T1": "share-of-fewer-sums",
    "T3": "counts-exchanged",
    "T4": "outcome-missing",
}


#: What mutations break, at least, of what is looked at here.
BROKEN = {
    "sums": {"M1", "M2", "L1", "L2", "L3", "L4", "L5", "L8", "K1", "K2", "K3", "C1", "B3", "H2", "T1"},
    "twice": {"X1", "X2", "X3"},
}


@pytest.fixture(scope="module")
def elections() -> Elections:
    with shared_rsa_keys():
        return tamper.hold_elections()


def check(case: Case, folder: Path) -> None:
    """The verifier says of the case what the case says of itself."""
    case.write(folder)
    if case.verdict is None:
        with pytest.raises(RecordError):
            verify_record(folder, **case.given)
        return
    report = verify_record(folder, **case.given)
    assert report.verdict is case.verdict, (case.name, findings(report))
    assert set(case.rules) <= failed(report), (case.name, findings(report))
    assert bool(case.rules) == (case.verdict is Verdict.FAILED), case.name


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_every_attack_breaks_the_rules_that_it_names(
    attack: Attack, elections: Elections, tmp_path: Path
) -> None:
    check(attack.case(elections), tmp_path / "record")


@pytest.mark.parametrize("name", ["sums", "twice"])
def test_every_mutation_breaks_the_rules_that_it_names(
    name: str, elections: Elections, tmp_path: Path
) -> None:
    good = next(case for case in tamper.attacks(elections) if case.name == f"good-{name}")
    check(good, tmp_path / "good")
    broken: set[str] = set()
    names = [f"{name}-{case.name}" for case in tamper.mutations(tmp_path / "good")]
    assert len({one.lower() for one in names}) == len(names) > 500
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", one) for one in names)
    for case in tamper.mutations(tmp_path / "good"):
        # Of the election that is mixed, what the other one has not.
        if name == "sums" or re.search("mix-round|line-share|seal|result", case.name):
            check(case, tmp_path / case.name)
            broken |= set(case.rules)
    assert broken >= BROKEN[name]
    assert not broken & FROM_OUTSIDE


def test_every_rule_is_broken_by_an_attack() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", name) for name in names)
    assert {rule for attack in ATTACKS for rule in attack.rules} == set(RULES)


@pytest.mark.parametrize("rule", sorted(ALONE))
def test_a_verifier_that_leaves_a_rule_out_does_not_pass(
    rule: str, elections: Elections, tmp_path: Path
) -> None:
    """There is an attack that breaks this rule and no other: whoever does not check it does not refuse the record."""
    attack = next(attack for attack in ATTACKS if attack.name == ALONE[rule])
    case = attack.case(elections)
    assert failed(verify_record(case.write(tmp_path / "record"), **case.given)) == {rule}


def test_every_rule_that_can_be_broken_alone_is() -> None:
    assert set(ALONE) == set(RULES) - NEVER_ALONE


def test_a_corpus_lists_what_it_holds(elections: Elections, tmp_path: Path) -> None:
    chosen = [attack.case(elections) for attack in ATTACKS if attack.name in WRITTEN]
    assert [case.name for case in chosen] == WRITTEN
    assert tamper.corpus(tmp_path / "corpus", chosen) == len(WRITTEN)
    listed = json.loads((tmp_path / "corpus/index.json").read_text())
    assert listed["corpus"] == "secretballot/1/tampered-records"
    for case, entry in zip(chosen, listed["cases"], strict=True):
        given = {
            "election_id": entry["election"] and bytes.fromhex(entry["election"]),
            "checkpoint": entry["checkpoint"] and (tmp_path / "corpus" / entry["checkpoint"]).read_text(),
            "cosigners": entry["cosigners"],
        }
        report = verify_record(tmp_path / "corpus" / entry["record"], **given)
        assert report.verdict == entry["verdict"] == case.verdict
        assert set(entry["rules"]) <= failed(report)
        assert entry["exit_code"] == {"verified": 0, "failed": 1, "incomplete": 4}[report.verdict]
    with pytest.raises(RecordError, match="not empty"):
        tamper.corpus(tmp_path / "corpus", chosen)


#: One of each verdict, and one with each of what is given from outside.
WRITTEN = ["another-election", "log-forked", "cosignature-missing", "cosignature-good", "result-missing"]


def test_cases_are_attacks_and_mutations(elections: Elections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secretballot.testing.tamper.listing.ATTACKS", ATTACKS[:2])
    monkeypatch.setattr("secretballot.testing.tamper.listing.hold_elections", lambda: elections)
    names = [case.name for case in tamper.cases()]
    assert names[:4] == ["good-sums", "good-twice", "empty-log", "manifest-missing"]
    assert {name.partition("-")[0] for name in names[4:]} == {"sums", "twice"}


def test_a_case_is_written_into_an_empty_directory(elections: Elections, tmp_path: Path) -> None:
    case = next(tamper.attacks(elections))
    case.write(tmp_path / "record")
    for path, what in ((tmp_path / "record", "not empty"), (tmp_path / "record" / "checkpoint", "written")):
        with pytest.raises(RecordError, match=what):
            case.write(path)
    with pytest.raises(RecordError, match="written"):
        tamper.corpus(tmp_path / "record" / "checkpoint", [case])


def test_mutations_of_a_record_that_is_not_good(elections: Elections, tmp_path: Path) -> None:
    """What cannot be read is passed over; without a manifest there is nothing to begin with."""
    twice = elections.twice
    ballot, challenge = twice.place("ballot"), twice.place("challenged-ballot")
    entries = twice.replaced(challenge, twice.updated(challenge, ballot="no ballot"))
    entries[ballot] = b"garbage"
    entries[twice.place("mix-round")] = b'{"body":{"record":"secretballot/1/mix-round"'
    case = Case("bad", "", files_of(entries, twice.sign(entries)), ())
    names = {one.name for one in tamper.mutations(case.write(tmp_path / "bad"))}
    assert f"entry-{challenge}-challenged-ballot-ballot-changed" in names
    assert f"entry-{ballot}--dropped" in names
    assert not any("attachment" in name or "mix-round-more" in name for name in names)
    empty = Case("empty", "", files_of([], b""), ())
    with pytest.raises(EncodingError, match="entry 0"):
        next(tamper.mutations(empty.write(tmp_path / "empty")))


def test_the_command_writes_a_corpus(elections: Elections, tmp_path: Path) -> None:
    run, folder = CliRunner().invoke, str(tmp_path / "corpus")
    with patch("secretballot.testing.tamper.listing.cases", lambda: [ATTACKS[0].case(elections)]):
        done, again = run(main, [folder]), run(main, [folder])
    assert (done.exit_code, done.stdout) == (0, "1 records, listed in index.json\n")
    assert (again.exit_code, again.stdout) == (3, "")
    assert again.stderr == f"{folder}: the directory is not empty\n"


def neglect(patch: pytest.MonkeyPatch, where: object, name: str) -> None:
    """A verifier that leaves a check out."""
    patch.setattr(where, name, lambda *_: [])


#: Checks, and attacks that nothing else finds: a verifier that leaves the check out verifies the record.
FOUND_BY: dict[str, tuple[object, str, set[str]]] = {
    "phases": (ElectionLog, "_check_in", {"ballot-after-the-close", "ballot-again-after-the-close"}),
    "proofs of ballots": (batch, "find_invalid", {"ballot-copied", "mark-double", "mark-negative"}),
    "images of proofs": (disjunction._Images, "check", {"mark-that-shows"}),
    "openings": (Examiner, "_check_openings", {"challenge-that-lies"}),
    "credentials": (examiner, "check_credential", {"credential-of-another", "credential-by-another-key"}),
    "the register's lines": (ElectionLog, "_check_issuance", {"credentials-above-the-roll"}),
    "the register's bound": (ElectionLog, "_check_bound", {"ballot-stuffed"}),
    "copies": (ElectionLog, "_check_ballot_new", {"ballot-replayed", "challenged-ballot-cast"}),
    "opened ballots": (ElectionLog, "_check_challenge_new", {"cast-ballot-opened"}),
    "the end of a ceremony": (CeremonyState, "check_complete", {"confirmation-missing", "complaint-ignored"}),
    "signatures": (VerifyKey, "verify", {"signature-of-another", "share-by-another"}),
    "shuffles": (shuffle, "verify", {"rows-exchanged", "round-copied"}),
    "the basis of what is mixed": (Mixing, "_check_basis", {"round-of-another-basis"}),
    "shares of lines": (equality, "verify", {"line-share-false"}),
    "shares of sums": (checks, "verify_batchable", {"share-false"}),
    "counts": (ElectionLog, "_check_counts", {"counts-exchanged", "vote-moved"}),
    "outcomes": (ElectionLog, "_check_outcomes", {"outcome-missing", "outcome-invented"}),
    "the checkpoint": (ElectionLog, "check_checkpoint", {"checkpoint-by-another"}),
    "the pinned checkpoint": (Pins, "check_checkpoint", {"log-forked", "log-rolled-back"}),
}


@pytest.mark.parametrize("check", FOUND_BY)
def test_an_attack_is_found_by_the_very_check_that_it_is_on(
    check: str, elections: Elections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records are right in everything else: a verifier that finds some other fault in them may lack the check."""
    where, name, attacks = FOUND_BY[check]
    made = {attack.name: attack.case(elections) for attack in ATTACKS if attack.name in attacks}
    assert made.keys() == attacks
    for case in made.values():
        case.write(tmp_path / case.name)
    neglect(monkeypatch, where, name)
    for case in made.values():
        report = verify_record(tmp_path / case.name, **case.given)
        assert report.verdict is not Verdict.FAILED, (case.name, findings(report))
