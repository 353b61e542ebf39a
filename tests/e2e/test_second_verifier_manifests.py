"""Both verifiers read the same manifests, and refuse the same, to the byte of every limit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from secretballot.crypto.encoding import b64decode, b64encode
from secretballot.records import parse_entry
from secretballot.testing import Simulation

from ..support import elections
from ..support.second import SecondVerifier, agreed
from .test_second_verifier import ranking, tallied, write_in

Change = Callable[[dict[str, Any]], object]


def member(name: str, value: Any) -> Change:
    return lambda body: body.update({name: value})


def of_contest(place: int, **members: Any) -> Change:
    return lambda body: body["contests"][place].update(members)


def of_party(kind: str, **members: Any) -> Change:
    return lambda body: body[kind][0].update(members)


def of_board(origin: str) -> Change:
    return lambda body: body["board"].update(origin=origin)


def named(count: int, length: int = 4) -> list[dict[str, Any]]:
    return [{"id": f"{place:0{length}}", "labels": {"en": "x"}} for place in range(count)]


def rules(*thresholds: str, **members: Any) -> list[dict[str, Any]]:
    labels = {"labels": {"en": "R"}, "count_of": "low", "relation": ">", "base": "roll"}
    return [
        {"id": f"r{place}", **labels, "threshold": threshold, **members}
        for place, threshold in enumerate(thresholds)
    ]


def reordered(rule: dict[str, Any]) -> dict[str, Any]:
    order = ("id", "labels", "count_of", "relation", "threshold", "base")
    return {name: rule[name] for name in order}


def of_choice(capacity: int) -> Change:
    """A choice of one of two alone, which is mixed."""

    def change(body: dict[str, Any]) -> None:
        choice = {**body["contests"][1], "options": named(2), "tally": "mixnet", "allow_blank": False}
        body.update(capacity=capacity, contests=[choice])

    return change


def with_rules(*thresholds: str, **members: Any) -> Change:
    return of_contest(0, rules=[reordered(rule) for rule in rules(*thresholds, **members)])


def same_key(body: dict[str, Any]) -> None:
    body["board"]["key"] = body["authority"]["signing_key"]


def trustee_who_mixes(same_id: bool) -> Change:
    def change(body: dict[str, Any]) -> None:
        trustee = body["trustees"][0]
        body["mixers"][0].update(signing_key=trustee["signing_key"])
        if same_id:
            body["mixers"][0].update(id=trustee["id"])

    return change


def key_with(change: Callable[[bytearray], object]) -> Change:
    def changed(body: dict[str, Any]) -> None:
        data = bytearray(b64decode(body["registrars"][0]["key"]))
        change(data)
        body["registrars"][0]["key"] = b64encode(bytes(data))

    return changed


def flip(place: int, bit: int) -> Callable[[bytearray], object]:
    def change(data: bytearray) -> None:
        data[place] ^= bit

    return change


#: A change of the manifest, and whether it can work then. Contests: 0 a rating that is tallied twice, 1 a choice, 2 an
#: approval, 3 a ranking, 4 a text.
MANIFESTS: dict[str, tuple[Change, bool]] = {
    "as it is": (lambda body: None, True),
    "nobody on the roll": (member("roll_size", 0), False),
    "capacity below the roll": (member("capacity", 4), False),
    "capacity at most what can be mixed": (of_choice(2**20), True),
    "capacity above what can be mixed": (of_choice(2**20 + 1), False),
    "a number that is none": (member("capacity", 10.5), False),
    "a number as true": (member("capacity", True), False),
    "minimum group at the roll": (member("minimum_group", 5), True),
    "minimum group above the roll": (member("minimum_group", 6), False),
    "quorum of all": (member("quorum", 3), True),
    "quorum above": (member("quorum", 4), False),
    "another revoting": (member("revoting", "none"), False),
    "no contests": (member("contests", []), False),
    "a nonce of 15 bytes": (member("nonce", b64encode(bytes(15))), False),
    "one round": (member("mixing_rounds", 1), False),
    "three rounds of two mixers": (member("mixing_rounds", 3), False),
    "an unknown member": (member("note", 1), False),
    "a language with a digit": (member("labels", {"e1": "x"}), False),
    "a language with subtags": (member("labels", {"zh-Hant-TW": "x", "en": "y"}), True),
    "a language twice": (member("labels", {"en": "x", "EN": "y"}), False),
    "64 languages": (member("labels", {f"en-{place}": "x" for place in range(64)}), True),
    "65 languages": (member("labels", {f"en-{place}": "x" for place in range(65)}), False),
    "no languages": (member("labels", {}), False),
    "a text of 1000 code points": (member("labels", {"en": "\U0001f5f3" * 1000}), True),
    "a text of 1001 code points": (member("labels", {"en": "x" * 1001}), False),
    "an empty text": (member("labels", {"en": ""}), False),
    "an id of 64": (of_contest(1, id="a" * 64), True),
    "an id of 65": (of_contest(1, id="a" * 65), False),
    "an id in upper case": (of_contest(1, id="A"), False),
    "an id that begins with a dot": (of_contest(1, id=".a"), False),
    "an id with a line feed": (of_contest(1, id="a\n"), False),
    "an id twice": (of_contest(1, id="officials"), False),
    "options twice": (of_contest(1, options=named(1) * 2), False),
    "one option to choose or leave blank": (of_contest(1, options=named(1)), True),
    "one option to choose": (of_contest(1, options=named(1), allow_blank=False), False),
    "1000 options": (of_contest(0, options=named(1000)), True),
    "1001 options": (of_contest(0, options=named(1001)), False),
    "one level": (of_contest(0, levels=named(1)), False),
    "eight levels": (of_contest(0, levels=named(8), rules=[]), True),
    "nine levels": (of_contest(0, levels=named(9), rules=[]), False),
    "a threshold of nothing": (with_rules("0/1"), True),
    "a threshold above all": (with_rules("3/2"), True),
    "a threshold with 15 digits": (with_rules("999999999999999/999999999999998"), True),
    "a threshold with 16 digits": (with_rules("1000000000000000/3"), False),
    "a threshold that is not in lowest terms": (with_rules("2/4"), False),
    "a threshold over nothing": (with_rules("1/0"), False),
    "a threshold that is no fraction": (with_rules("1"), False),
    "a threshold below nothing": (with_rules("-1/2"), False),
    "a rule of no count": (with_rules("1/2", count_of="blank"), False),
    "a rule with an equality": (with_rules("1/2", relation="=="), False),
    "a rule twice": (with_rules("1/2", "1/3", id="r"), False),
    "as many may be approved as there are": (of_contest(2, maximum=3), True),
    "more may be approved": (of_contest(2, maximum=4), False),
    "more must be approved than may": (of_contest(2, minimum=3), False),
    "none has to be approved": (of_contest(2, minimum=0), True),
    "none may be approved": (of_contest(2, minimum=0, maximum=0), False),
    "an approval of 256 options and totals": (
        of_contest(2, options=named(256), minimum=1, maximum=256, allow_blank=False),
        True,
    ),
    "an approval of 256 options and 257 totals": (
        of_contest(2, options=named(256), minimum=0, maximum=256),
        False,
    ),
    "as many ranked as there are": (of_contest(3, maximum=4), True),
    "more ranked": (of_contest(3, maximum=5), False),
    "nothing ranked at least": (of_contest(3, minimum=0), False),
    "250 to rank": (of_contest(3, options=named(250), maximum=250), True),
    "251 to rank": (of_contest(3, options=named(251)), False),
    "no method": (of_contest(3, methods=[]), False),
    "a method twice": (of_contest(3, methods=["stv", "stv"]), False),
    "as many seats as options": (of_contest(3, seats=4), False),
    "several seats without stv": (of_contest(3, methods=["irv"]), False),
    "a text of 250 bytes": (of_contest(4, max_bytes=250), True),
    "a text of 251 bytes": (of_contest(4, max_bytes=251), False),
    "an origin of 200": (of_board("~" * 200), True),
    "an origin of 201": (of_board("~" * 201), False),
    "an origin with a plus": (of_board("a+b"), False),
    "an origin with a space": (of_board("a b"), False),
    "an origin of other characters": (of_board("bầu"), False),
    "an empty origin": (of_board(""), False),
    "a trustee twice": (of_party("trustees", id="trustee-2"), False),
    "a trustee's key of nothing": (of_party("trustees", key=b64encode(bytes(32))), False),
    "a trustee's key that is none": (of_party("trustees", key=b64encode(b"\x01" + bytes(31))), False),
    "a signing key that is none": (of_party("trustees", signing_key=b64encode(bytes(32))), True),
    "a signing key twice": (same_key, False),
    "a trustee who mixes": (trustee_who_mixes(True), True),
    "a trustee who mixes by another name": (trustee_who_mixes(False), False),
    "an issuing key with another exponent": (key_with(flip(-1, 2)), False),
    "an issuing key that is even": (key_with(flip(-6, 1)), False),
    "an issuing key with a byte behind": (key_with(lambda data: data.append(0)), False),
    "an issuing key that is shorter": (key_with(flip(33, 0x80)), False),
}


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    contests = [
        tallied(elections.rating(rules=elections.RULES), "both"),
        elections.choice(),
        elections.approval(),
        ranking(),
        write_in(),
    ]
    return elections.simulate(contests)


def changed(simulation: Simulation, change: Change) -> bytes:
    (raw,) = simulation.store.entries()
    return elections.rewrite(raw, simulation.authority._key, change)


def test_manifests(second: SecondVerifier, simulation: Simulation, tmp_path: Path) -> None:
    records = {}
    for name, (change, _) in MANIFESTS.items():
        raw = changed(simulation, change)
        records[name] = (raw + b"\n", elections.checkpoint(simulation, [raw]))
    said = agreed(second, tmp_path, records)
    works = {name: "M1" not in judgement.failed for name, judgement in said.items()}
    assert works == {name: can_work for name, (_, can_work) in MANIFESTS.items()}
    assert all("L1" not in said[name].failed for name in said)


def alone(*contests: dict[str, Any], **members: Any) -> Change:
    """The manifest with these contests and no others."""

    def change(body: dict[str, Any]) -> None:
        body.update(contests=list(contests), **members)
        if all(contest.get("tally") == "homomorphic" for contest in contests):
            body.update(mixers=[], mixing_rounds=0)

    return change


def long(count: int) -> list[dict[str, Any]]:
    """Options with the longest ids."""
    return named(count, 64)


def ruled(count: int, length: int) -> list[dict[str, Any]]:
    """So many outcome rules with ids of a length."""
    return [
        reordered({**one, "id": f"{place:0{length}}"}) for place, one in enumerate(rules(*["1/2"] * count))
    ]


def padding(count: int) -> list[dict[str, Any]]:
    """Rules of which a line's outcomes, in a result, have so many bytes and some more."""
    lengths = [57] * (count // 60) + [count % 60 + 4]
    return [
        {**rule, "id": f"{place:0{length}}", "count_of": "chi"}
        for place, (rule, length) in enumerate(zip(ruled(len(lengths), 4), lengths, strict=True))
    ]


def limits(body: dict[str, Any]) -> dict[str, tuple[Callable[[int], Change], int]]:
    """Manifests with a number, and the largest of these with which they can work."""
    rating, choice, approval, ranked, text = body["contests"]
    summed = {**rating, "tally": "homomorphic", "rules": []}
    wordy = {**summed, "options": long(1000), "rules": ruled(99, 64)}
    one_seat = {**ranked, "seats": 1, "maximum": 1, "options": long(133)}
    return {
        "bytes of an attachment": (
            lambda n: alone({**text, "max_bytes": 250}, capacity=n, roll_size=1, minimum_group=1),
            364_720,
        ),
        "steps to logarithms": (
            lambda n: alone({**summed, "options": named(n), "levels": named(8)}, capacity=131_071),
            128,
        ),
        "outcomes": (lambda n: alone({**summed, "options": named(1000), "rules": ruled(n, 4)}), 100),
        "bytes of a result": (lambda n: alone(wordy, one_seat, {**choice, "rules": padding(n)}), 53_625),
        "bytes of a result with texts": (
            lambda n: alone(*({**text, "id": f"t{place}", "max_bytes": 111} for place in range(n))),
            27,
        ),
        "bytes of a ballot": (lambda n: alone({**choice, "options": named(n)}, capacity=1000), 360),
        "bytes of a ballot with an approval": (
            lambda n: alone(
                {**approval, "options": named(n), "minimum": 1, "maximum": n // 2}, capacity=1000
            ),
            361,
        ),
    }


def test_the_largest_manifests(second: SecondVerifier, simulation: Simulation, tmp_path: Path) -> None:
    (raw,) = simulation.store.entries()
    records, expected = {}, {}
    for name, (make, most) in limits(json.loads(parse_entry(raw).body)).items():
        for number in (most, most + 1):
            entry = changed(simulation, make(number))
            records[f"{name}: {number}"] = (entry + b"\n", elections.checkpoint(simulation, [entry]))
            expected[f"{name}: {number}"] = number == most
    said = agreed(second, tmp_path, records)
    assert {name: "M1" not in judgement.failed for name, judgement in said.items()} == expected
