"""The table of rules, and that the specification tells each of them where the table says."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations, product
from pathlib import Path

import pytest

from secretballot.ceremony.state import CeremonyState
from secretballot.crypto.cosignature import CosignatureVerifier
from secretballot.crypto.note import Checkpoint
from secretballot.crypto.signing import VerifyKey
from secretballot.manifest import Election
from secretballot.tally import ElectionLog, Result
from secretballot.verify import RULES, Pins, Rule
from secretballot.verify.conclusion import Conclusion, Tally

from ..support import elections

DOCS = Path(__file__).resolve().parents[2] / "docs"

needs_docs = pytest.mark.skipif(
    not (DOCS / "spec").is_dir(), reason="the specification is not beside the tests"
)


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _anchors(text: str) -> set[str]:
    """The anchors of a page: its labels, and its headings' slugs as MyST makes them."""
    labels = set(re.findall(r"^\(([\w-]+)\)=$", text, re.M))
    headings = re.findall(r"^#{1,3} (.+)$", text, re.M)
    return labels | {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def test_table() -> None:
    assert list(RULES) == [rule.id for rule in RULES.values()]
    assert len({rule.title for rule in RULES.values()}) == len(RULES)
    for rule in RULES.values():
        assert re.fullmatch(r"[A-Z][1-9]", rule.id)
        assert all(rule)


@needs_docs
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_reference_resolves(rule: Rule) -> None:
    name, _, anchor = rule.reference.partition("#")
    anchors = _anchors(_page(name))
    assert not anchor or anchor in anchors


@needs_docs
def test_specification_tells_every_rule_once() -> None:
    page = _page("spec/rules.md")
    assert re.findall(r"^### ([A-Z]\d+): (.+)$", page, re.M) == [
        (rule.id, rule.title) for rule in RULES.values()
    ]
    named = set(re.findall(r"\b[A-Z]\d\b", page))
    assert named == set(RULES), "an id that is none, or a rule that is not told"


#: What the table of statuses asks of a record, by its words: of what to compare with, and of what the record has.
CONDITIONS: dict[str, Callable[[set[str]], bool]] = {
    "no election id was given to compare with": lambda has: "id" not in has,
    "no checkpoint was pinned": lambda has: "checkpoint" not in has,
    "no cosigner was pinned": lambda has: "cosigner" not in has,
    "has no manifest that can be read": lambda has: "manifest" not in has,
    "has no result": lambda has: "result" not in has,
    "has nothing to be mixed": lambda has: "mixed" not in has,
    "has no contest that is tallied twice": lambda has: "both" not in has,
    "has no contest with outcome rules": lambda has: "ruled" not in has,
    "has nothing to be added up": lambda has: "summed" not in has,
    "has no complaint": lambda has: "complaint" not in has,
    "has no challenged ballot": lambda has: "challenge" not in has,
    "has neither a ballot nor a challenged one": lambda has: has.isdisjoint({"ballot", "challenge"}),
    "has no ballot": lambda has: "ballot" not in has,
    "else": lambda has: True,
}
PARTS = ("id", "manifest", "result", "complaint", "challenge", "ballot", "checkpoint", "cosigner")
RULE = elections.rule("elected", "chi", ">", "1/2")
#: What an election has, whose one contest is tallied in this way.
TALLIES = {
    "homomorphic": {"summed"},
    "mixnet": {"mixed", "ruled"},
    "both": {"summed", "mixed", "both", "ruled"},
}


def _status(rule: str, has: set[str], election: Election) -> str:
    """The status that the engine gives to a rule without items."""
    pins = Pins(
        Checkpoint("o", 1, bytes(32)) if "checkpoint" in has else None,
        [CosignatureVerifier("w", VerifyKey(bytes(32)))] if "cosigner" in has else [],
    )
    log = ElectionLog()
    log._election = election
    if "result" in has:
        log.result = Result(election=bytes(32), collected=0, roll=1, below_minimum_group=True, contests=())
    if "complaint" in has:
        ceremony = CeremonyState(election)
        ceremony.complaints["trustee-1"] = "trustee-2"
        log._ceremony = ceremony
    conclusion = Conclusion(
        log=log,
        rules={one: Tally() for one in RULES},
        pins=pins,
        announced=bytes(32) if "id" in has else None,
        has_manifest="manifest" in has,
        entries=1,
        ballots=2 * ("ballot" in has),
        challenges=2 * ("challenge" in has),
    )
    return conclusion.result(rule).status.value


@needs_docs
def test_the_table_of_statuses_is_what_the_verifier_does() -> None:
    table = re.search(
        r"^\| the record \| rules \| status \|\n\|[-|]+\|\n((?:\|.*\n)+)", _page("spec/rules.md"), re.M
    )
    assert table is not None
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table[1].splitlines()]
    assert [row[0] for row in rows] == list(CONDITIONS)
    made = {
        tally: elections.simulate(
            [
                elections.choice().model_copy(
                    update={"tally": tally, "rules": (RULE,) if "ruled" in has else ()}
                )
            ]
        ).election
        for tally, has in TALLIES.items()
    }
    for size, tally in product(range(len(PARTS) + 1), TALLIES):
        election = made[tally]
        for parts in combinations(PARTS, size):
            has = {*parts, *TALLIES[tally]}
            for rule in RULES:
                told = next(
                    status
                    for condition, rules, status in rows
                    if CONDITIONS[condition](has) and (rules == "all" or rule in rules.split(", "))
                )
                assert _status(rule, has, election) == told, (rule, has)


@needs_docs
def test_every_rule_says_what_it_must() -> None:
    sections = re.split(r"^### ", _page("spec/rules.md"), flags=re.M)[1:]
    of_rules = [section for section in sections if re.match(r"[A-Z]\d: ", section)]
    assert len(of_rules) == len(RULES)
    for section in of_rules:
        own = section.split("\n## ")[0]
        for part in ("**Checks**", "**Counts**", "**Does not apply", "**A failure means**"):
            assert own.count(part) == 1, f"{part} of {own.splitlines()[0]}"


@needs_docs
def test_an_anchor_that_is_not_there_is_seen() -> None:
    anchors = _anchors("(label)=\n# Page one\n## Signed entries\n#### Too deep\n")
    assert anchors == {"label", "page-one", "signed-entries"}
