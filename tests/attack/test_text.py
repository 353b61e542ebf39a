"""JSON and text that two readers would read otherwise: none of it gets into a log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from secretballot.ballot.records import format_code, parse_code
from secretballot.errors import BallotError, EncodingError, ManifestError, SecretBallotError
from secretballot.manifest import Election
from secretballot.records import parse_entry, sign_body
from secretballot.verify import Verdict

from ..support.elections import canonical
from .accomplices import Held, failed

pytestmark = pytest.mark.usefixtures("remembered")


def check_no_manifest(held: Held, body: bytes) -> None:
    """Not by itself, not as entry 0 under the authority's signature."""
    with pytest.raises(ManifestError):
        Election(body)
    raw = sign_body(body, held.key(0))
    with pytest.raises(SecretBallotError):
        held.board_at(0).submit(raw)
    report = held.verify([raw, *held.entries[1:]])
    assert report.verdict is Verdict.FAILED
    assert "M1" in failed(report)


def manifest(held: Held) -> bytes:
    return parse_entry(held.entries[0]).body


REPLACED = {
    "a member twice, the same": (b'"quorum":2', b'"quorum":2,"quorum":2'),
    "a member twice, another": (b'"quorum":2', b'"quorum":1,"quorum":2'),
    "a member twice within a label": (b'{"en":"Simulation"}', b'{"en":"Other","en":"Simulation"}'),
    "a language twice": (b'{"en":"Simulation"}', b'{"en":"Simulation","EN":"Other"}'),
    "a member more": (b'"quorum":2', b'"quorum":2,"threshold":1'),
    "a member in upper case": (b'"quorum":2', b'"Quorum":2'),
    "a comment": (b'"quorum":2', b'"quorum":2/*3*/'),
    "a trailing comma": (b'"quorum":2', b'"quorum":2,'),
    "a float": (b'"quorum":2', b'"quorum":2.0'),
    "an exponent": (b'"quorum":2', b'"quorum":2e0'),
    "an exponent that is large": (b'"quorum":2', b'"quorum":1e400'),
    "a plus sign": (b'"quorum":2', b'"quorum":+2'),
    "a leading zero": (b'"quorum":2', b'"quorum":02'),
    "a negative zero": (b'"minimum":0', b'"minimum":-0'),
    "hexadecimal": (b'"quorum":2', b'"quorum":0x2'),
    "NaN": (b'"quorum":2', b'"quorum":NaN'),
    "infinity": (b'"quorum":2', b'"quorum":Infinity'),
    "text for a number": (b'"quorum":2', b'"quorum":"2"'),
    "true for a number": (b'"quorum":2', b'"quorum":true'),
    "a number for a truth": (b'"allow_blank":false', b'"allow_blank":0'),
    "text for a truth": (b'"allow_blank":false', b'"allow_blank":"false"'),
    "null": (b'"quorum":2', b'"quorum":null'),
    "2**53": (b'"capacity":4', b'"capacity":9007199254740992'),
    "2**64": (b'"roll_size":4', b'"roll_size":18446744073709551616'),
    "below zero": (b'"quorum":2', b'"quorum":-2'),
    "zero": (b'"quorum":2', b'"quorum":0'),
    "an escape": (b'"Simulation"', b'"Simul\\u0061tion"'),
    "an escaped slash": (b'"secretballot/1/manifest"', b'"secretballot\\/1\\/manifest"'),
    "an escape in upper case": (b'"Simulation"', b'"Simulation\\u001F"'),
    "a lone surrogate": (b'"Simulation"', b'"Simulation\\ud800"'),
    "a pair of surrogates": (b'"Simulation"', b'"Simulation\\ud83d\\ude00"'),
    "a surrogate in UTF-8": (b'"Simulation"', b'"Simulation\xed\xa0\x80"'),
    "overlong UTF-8": (b'"Simulation"', b'"\xc1\x93imulation"'),
    "Latin-1": (b'"Simulation"', b'"Simulati\xf3n"'),
    "beyond Unicode": (b'"Simulation"', b'"Simulation\xf4\x90\x80\x80"'),
    "a raw control character": (b'"Simulation"', b'"Simu\x01lation"'),
    "a raw tab": (b'"Simulation"', b'"Simu\tlation"'),
    "a NUL in an id": (b'"id":"authority"', b'"id":"authority\\u0000"'),
    "a line feed behind an id": (b'"id":"authority"', b'"id":"authority\\n"'),
    "a space behind an id": (b'"id":"authority"', b'"id":"authority "'),
    "an id in upper case": (b'"id":"authority"', b'"id":"Authority"'),
    "an id in Cyrillic": (b'"id":"authority"', '"id":"аuthority"'.encode()),
    "an id with a joiner": (b'"id":"authority"', '"id":"auth\u200dority"'.encode()),
    "an id in full width": (b'"id":"authority"', '"id":"ａuthority"'.encode()),
    "an id with a path": (b'"id":"authority"', b'"id":"../authority"'),
    "a long id": (b'"id":"authority"', b'"id":"' + b"a" * 65 + b'"'),
    "an empty id": (b'"id":"authority"', b'"id":""'),
    "an empty label": (b'{"en":"Simulation"}', b'{"en":""}'),
    "no labels": (b'{"en":"Simulation"}', b"{}"),
    "a language that is none": (b'{"en":"Simulation"}', b'{"e":"Simulation"}'),
    "a language with a line feed": (b'{"en":"Simulation"}', b'{"en\\n":"Simulation"}'),
    "a ratio not in lowest terms": (b'"threshold":"1/2"', b'"threshold":"2/4"'),
    "a ratio as a decimal": (b'"threshold":"1/2"', b'"threshold":"0.5"'),
    "a ratio as a number": (b'"threshold":"1/2"', b'"threshold":0.5'),
    "a ratio over nothing": (b'"threshold":"1/2"', b'"threshold":"1/0"'),
    "a ratio below zero": (b'"threshold":"1/2"', b'"threshold":"-1/2"'),
    "a ratio with a space": (b'"threshold":"1/2"', b'"threshold":"1 /2"'),
    "a ratio in Arabic digits": (b'"threshold":"1/2"', '"threshold":"١/٢"'.encode()),
    "a ratio with a line feed": (b'"threshold":"1/2"', b'"threshold":"1/2\\n"'),
    "a kind of contest that is none": (b'"kind":"rating"', b'"kind":"ranking"'),
    "another kind of contest": (b'"kind":"rating"', b'"kind":"choice"'),
    "a relation that is none": (b'"relation":">"', b'"relation":"=>"'),
    "an origin with a line feed": (b'"origin":"', b'"origin":"\\n'),
    "an origin with a plus": (b'"origin":"', b'"origin":"+'),
    "an origin in Cyrillic": (b'"origin":"s', '"origin":"ѕ'.encode()),
}


@pytest.mark.parametrize("name", REPLACED)
def test_manifests_that_two_readers_would_read_otherwise(held: Held, name: str) -> None:
    old, new = REPLACED[name]
    body = manifest(held)
    assert body.count(old) >= 1
    check_no_manifest(held, body.replace(old, new, 1))


def test_a_manifest_in_another_form(held: Held) -> None:
    body = manifest(held)
    tree = json.loads(body)
    for changed in (
        b"\xef\xbb\xbf" + body,
        body.decode().encode("utf-16"),
        body + b"\n",
        b" " + body,
        body + body,
        body + b"\0",
        json.dumps(tree).encode(),
        json.dumps(tree, sort_keys=True, separators=(",", ":")).encode(),
        json.dumps(tree, indent=1).encode(),
        canonical([tree]),
        canonical(body.decode()),
        b"",
        b"null",
        b"{}",
    ):
        with pytest.raises(ManifestError):
            Election(changed)


def swapped(first: str, second: str) -> Callable[[Any], None]:
    def swap(body: Any) -> None:
        body[first], body[second] = body[second], body[first]

    return swap


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["trustees"].append(m["trustees"][0]),
        lambda m: m["trustees"][1].update(id="trustee-1"),
        lambda m: m["trustees"][1].update(key=m["trustees"][0]["key"]),
        lambda m: m["trustees"][1].update(signing_key=m["trustees"][0]["signing_key"]),
        lambda m: m["trustees"][0].update(signing_key=m["authority"]["signing_key"]),
        lambda m: m["registrars"][0].update(signing_key=m["board"]["key"]),
        lambda m: m["trustees"][0].update(key="A" * 43),
        lambda m: m["trustees"][0].update(key="_" * 42 + "8"),
        lambda m: m["contests"].append(m["contests"][0]),
        lambda m: m["contests"][0]["options"].append(m["contests"][0]["options"][0]),
        lambda m: m["contests"][0]["levels"][1].update(id="high"),
        lambda m: m["contests"][0]["rules"][0].update(count_of="medium"),
        lambda m: m["contests"][0].update(options=[]),
        lambda m: m["contests"][0].update(levels=m["contests"][0]["levels"][:1]),
        lambda m: m["contests"][1].update(minimum=2),
        lambda m: m["contests"][1].update(maximum=3),
        lambda m: m["contests"][1].update(maximum=0),
        lambda m: m.update(quorum=4),
        lambda m: m.update(capacity=3),
        lambda m: m.update(minimum_group=5),
        lambda m: m.update(roll_size=0),
        lambda m: m.update(contests=[]),
        lambda m: m.update(trustees=[]),
        lambda m: m.update(registrars=[]),
        lambda m: m.update(nonce="AAAA"),
        lambda m: m["registrars"][0].update(key=""),
        lambda m: m["registrars"][0].update(key=m["registrars"][0]["key"][:-4]),
        lambda m: m["registrars"][0].update(key="A" + m["registrars"][0]["key"]),
        lambda m: m.update(revoting="LAST"),
        swapped("quorum", "trustees"),
    ],
)
def test_manifests_that_cannot_work(held: Held, change: Callable[[Any], None]) -> None:
    body = json.loads(manifest(held))
    change(body)
    check_no_manifest(held, canonical(body))


@pytest.mark.parametrize(
    "character", ["\u202e", "\u2066", "\u200b", "\x7f", "\u2028", "\ufeff", "\u0301", "\u0000", "\x1b"]
)
def test_labels_are_bytes_and_nothing_is_normalised(held: Held, character: str) -> None:
    """A label may hold what a display must take care of; it is in the election's id as it is, and as nothing else."""
    body = json.loads(manifest(held))
    body["labels"]["en"] = f"Simulation{character}"
    election = Election(canonical(body))
    assert election.id != held.simulation.election.id
    assert election.manifest.labels["en"] == f"Simulation{character}"
    assert Election(election.body).id == election.id


def test_texts_that_look_alike_are_other_elections(held: Held) -> None:
    ids = set()
    for text in ("Ti\u1ebfng", "Tie\u0302\u0301ng", "Ti\u00ea\u0301ng", "TI\u1ebeNG", "Ti\u1ebfng "):
        body = json.loads(manifest(held))
        body["labels"]["en"] = text
        ids.add(Election(canonical(body)).id)
    assert len(ids) == 5


def test_codes_that_a_voter_types() -> None:
    code = bytes(range(20))
    text = format_code(code)
    assert parse_code(text.lower().replace("-", " ")) == code
    for wrong in (
        "",
        text[:-1],
        text + "A",
        text.replace("A", "\u0410", 1),
        text.lower().replace("i", "\u0131", 1),
        text.lower().replace("s", "\u017f", 1),
        text.replace("A", "1", 1),
        text.replace("A", "=", 1),
        text + "\n",
        "\uff21" * 32,
        "A" * 100_000,
    ):
        if wrong != text.lower():
            with pytest.raises(BallotError):
                parse_code(wrong)


def test_errors_do_not_repeat_what_they_were_given(held: Held) -> None:
    """A foreign member's name can be of any length and hold anything."""
    body = parse_entry(held.entries[18]).body
    for size in (100, 1_000_000):
        name = b"\\u001b[2J" + b"n" * size
        raw = sign_body(body.replace(b',"election"', b',"' + name + b'":0,"election"', 1), held.key(18))
        report = held.verify(held.replaced(18, raw))
        (finding,) = report.rule("L1").findings
        assert len(finding.message) < 500
        tag = b"k" * size
        with pytest.raises(ManifestError) as error:
            Election(manifest(held).replace(b'"kind":"rating"', b'"kind":"' + tag + b'"', 1))
        assert len(str(error.value)) < 1000


def test_a_record_is_no_other_record(held: Held) -> None:
    """The body of one kind under the name of another."""
    kinds = [
        "ceremony-commitment",
        "ceremony-message",
        "ceremony-confirmation",
        "issuance",
        "ballot",
        "result",
    ]
    for kind in kinds:
        body = parse_entry(held.entries[1]).body.replace(b"1/ceremony-commitment", b"1/" + kind.encode())
        if kind == "ceremony-commitment":
            continue
        with pytest.raises(EncodingError):
            held.board_at(2).submit(sign_body(body, held.key(1)))
