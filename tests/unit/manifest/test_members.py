"""Every member of a manifest: what is refused beside what is accepted."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from secretballot.crypto.discrete_log import MAX_RANGE
from secretballot.crypto.encoding import b64encode
from secretballot.crypto.group import ristretto255
from secretballot.errors import ManifestError
from secretballot.manifest import (
    Election,
    Manifest,
    election_id,
)

from ...support import elections
from .shared import ONE, Change, both, change, levels, persons


def element() -> str:
    return b64encode(ristretto255.multiply_generator(ristretto255.random_scalar()).encode())


def der(key: Any) -> str:
    return b64encode(
        key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def same(source: str, target: str) -> Change:
    """Copies one member over another."""

    def apply(manifest: dict[str, Any]) -> None:
        at: Any = manifest
        for part in source.split("."):
            at = at[int(part)] if isinstance(at, list) else at[part]
        change(target, copy.deepcopy(at))(manifest)

    return apply


def drop(*names: str) -> Change:
    def apply(manifest: dict[str, Any]) -> None:
        for name in names:
            del manifest[name]

    return apply


#: A member, a value that is refused, what the refusal says, and a value that is accepted (None: the one it has).
VALUES: list[tuple[str, object, str, object]] = [
    ("contests.1.id", "officials", "contest id 'officials' stands twice", "other"),
    ("contests.0.options.1.id", "an", "contest officials: the option id 'an' stands twice", "ba"),
    ("contests.0.levels.1.id", "high", "level id 'high' stands twice", "middle"),
    ("contests.0.rules.1.id", "dismissal", "rule id 'dismissal' stands twice", "resigns"),
    ("trustees.1.id", "trustee-1", "trustee id 'trustee-1' stands twice", "t"),
    ("registrars.1.id", "registrar-1", "registrar id 'registrar-1' stands twice", "r"),
    ("quorum", 4, "a quorum of 4 needs at least 4 trustees, there are 3", 3),
    ("quorum", 0, "quorum", 1),
    ("quorum", True, "quorum", 1),
    ("capacity", 9, "the capacity of 9 is below the roll of 10", 11),
    ("capacity", MAX_RANGE, "beyond the 17179869183 that can be counted", MAX_RANGE - 1),
    ("roll_size", 0, "roll_size", 3),
    ("roll_size", "10", "roll_size", None),
    ("minimum_group", 11, "a minimum group of 11 is above the roll of 10", 10),
    ("minimum_group", 0, "minimum_group", 1),
    ("revoting", "best", "revoting", "first"),
    ("contests", [], "contests", None),
    ("trustees", [], "trustees", None),
    ("registrars", [], "registrars", None),
    ("nonce", b64encode(bytes(15)), "nonce", b64encode(bytes(16))),
    ("nonce", b64encode(bytes(17)), "nonce", b64encode(bytes(16))),
    ("trustees.1.key", b64encode(b"\xff" * 32), "trustee trustee-2: the key is refused", element()),
    ("trustees.1.key", b64encode(bytes(32)), "trustee trustee-2: the key is refused", element()),
    ("trustees.1.key", b64encode(bytes(31)), "32 bytes are expected", element()),
    ("registrars.1.key", b64encode(b"key"), "registrar registrar-2: the key is refused: not a DER", None),
    ("registrars.1.key", der(ec.generate_private_key(ec.SECP256R1())), "not an RSA public key", None),
    ("registrars.1.key", der(rsa.generate_private_key(65537, 2048)), "3072 or 4096 bits, not 2048", None),
    ("contests.0.rules.0.count_of", "best", "rule dismissal is about 'best', which is not counted", "high"),
    ("contests.0.rules.0.count_of", "an", "which is not counted", "confidence"),
    ("contests.1.options", [], "options", [ONE]),
    ("contests.2.maximum", 4, "between 1 and 4 of 3 options cannot be approved", 3),
    ("contests.2.minimum", 3, "between 3 and 2 of 3 options cannot be approved", 2),
    ("contests.2.minimum", -1, "minimum", 0),
    ("contests.2.maximum", 0, "maximum", 1),
    ("contests.1.kind", "ranking", "contests", None),
    ("contests.1.kind", "rating", "contests", None),
    ("contests.1.base", "valid", "base", "roll"),
    ("contests.0.rules.0.threshold", "4/6", "lowest terms", "3/5"),
    ("contests.0.rules.0.threshold", "1", "a ratio is written as 2/3", "1/1"),
    ("contests.0.rules.0.threshold", "1/0", "a ratio is written as 2/3", "0/1"),
    ("contests.0.rules.0.threshold", "0.5", "a ratio is written as 2/3", "1/2"),
    ("contests.0.rules.0.threshold", "-1/2", "a ratio is written as 2/3", "3/2"),
    ("contests.0.rules.0.threshold", "01/2", "a ratio is written as 2/3", "1/2"),
    ("contests.0.rules.0.threshold", f"1/{10**15}", "a ratio is written as 2/3", f"1/{10**15 - 1}"),
    ("contests.0.rules.0.threshold", "1/2\n", "a ratio is written as 2/3", "1/2"),
    ("contests.0.rules.0.threshold", 1, "threshold", "1/2"),
    ("contests.0.rules.0.relation", "==", "relation", "<="),
    ("labels", {}, "labels", {"vi": "Tên"}),
    ("labels", {"en": ""}, "labels", {"en": "-"}),
    ("labels", {"en": "x" * 1001}, "labels", {"en": "x" * 1000}),
    ("labels", {"e": "x"}, "labels", {"en-Latn-GB": "x"}),
    ("labels", {"zh_Hant": "x"}, "labels", {"zh-Hant": "x"}),
    ("labels", {"en-": "x"}, "labels", {"en-GB": "x"}),
    ("contests.0.id", "Officials", "contests", "officials-2"),
    ("contests.0.id", "", "contests", "o"),
    ("contests.0.id", ".a", "contests", "a._-"),
    ("contests.0.id", "a" * 65, "contests", "a" * 64),
    ("contests.0.id", "a\n", "contests", "a"),
    ("board.origin", "a+b", "board", "example.org/a"),
    ("board.origin", "a b", "board", "a-b"),
    ("board.origin", "a" * 201, "board", "a" * 200),
    ("board.key", b64encode(bytes(33)), "board", b64encode(bytes(32))),
    ("board.key", b64encode(bytes(32)) + "=", "board", b64encode(bytes(32))),
    ("board.key", b64encode(bytes(32))[:-1] + "B", "not canonical base64url", b64encode(bytes(32))),
    ("note", "x", "note", None),
    ("record", "secretballot/1/result", "record", None),
    ("record", "secretballot/2/manifest", "record", None),
]

SAME_SIGNER = "two parties have the same signing key"

#: The same for what is more than one value: the changes themselves.
CHANGES: dict[str, tuple[Change, str, Change]] = {
    "trustees sign alike": (same("trustees.0.signing_key", "trustees.1.signing_key"), SAME_SIGNER, both()),
    "board and authority": (same("authority.signing_key", "board.key"), SAME_SIGNER, both()),
    "registrar and trustee": (
        same("trustees.0.signing_key", "registrars.0.signing_key"),
        SAME_SIGNER,
        same("trustees.0.key", "registrars.0.signing_key"),
    ),
    "trustees' keys alike": (
        same("trustees.0.key", "trustees.2.key"),
        "two trustees have the same key",
        change("trustees.2.key", element()),
    ),
    "registrars' keys alike": (
        same("registrars.0.key", "registrars.1.key"),
        "two registrars have the same key",
        both(),
    ),
    "nothing to choose": (
        both(change("contests.1.options", [ONE]), change("contests.1.allow_blank", False)),
        "contest chair: there is nothing to choose from",
        change("contests.1.options", [ONE]),
    ),
    "one level": (levels(1), "levels", levels(2)),
    "nine levels": (levels(9), "levels", levels(8)),
    "options": (persons(1001), "options", persons(1000)),
    "sums": (
        both(change("contests.2.maximum", 65), persons(1000, 2)),
        "contest committee: too many different numbers of too many options",
        both(change("contests.2.maximum", 64), persons(1000, 2)),
    ),
    "member missing": (drop("revoting"), "revoting", both()),
}

PAIRS = [
    *(
        pytest.param(change(p, w), reason, both() if r is None else change(p, r), id=f"{p} {n}")
        for n, (p, w, reason, r) in enumerate(VALUES)
    ),
    *(pytest.param(*changes, id=name) for name, changes in CHANGES.items()),
]


@pytest.mark.parametrize(("wrong", "reason", "neighbour"), PAIRS)
def test_refused_with_its_reason_beside_an_accepted_neighbour(
    manifest: dict[str, Any], wrong: Change, reason: str, neighbour: Change
) -> None:
    accepted = copy.deepcopy(manifest)
    neighbour(accepted)
    assert Election(elections.canonical(accepted)).manifest.record == "secretballot/1/manifest"
    wrong(manifest)
    with pytest.raises(ManifestError) as caught:
        Election(elections.canonical(manifest))
    assert reason in str(caught.value)


def test_the_base_is_accepted_and_its_body_round_trips(simulation: elections.Simulation) -> None:
    body = simulation.election.body
    assert elections.canonical(json.loads(body)) == body
    assert Manifest.from_body(body) == simulation.manifest
    assert Manifest.from_body(body).to_body() == body
    assert Election.from_manifest(simulation.manifest) == simulation.election
    assert simulation.election.id == election_id(body)
    assert hash(Election(body)) == hash(simulation.election)
    assert simulation.election != simulation.election.id
    assert simulation.election.id.hex() in repr(simulation.election)


@pytest.mark.parametrize(
    "garble",
    [
        lambda body: b"",
        lambda body: b"\xff",
        lambda body: b"[" * 100_000,
        lambda body: body[:-1],
        lambda body: body + b" ",
        lambda body: b" " + body,
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body.replace(b'"quorum":2', b'"quorum": 2'),
        lambda body: body.replace(b'"quorum":2', b'"quorum":2.0'),
        lambda body: body.replace(b'"quorum":2', b'"quorum":1,"quorum":2'),
        lambda body: body.replace(b'"quorum":2', b'"quorum":2,"quorum":2'),
        lambda body: body.replace(b"quorum", b"qu\\u006frum"),
        lambda body: body.replace(b'"en":"Simulation"', b'"en":"\\u0053imulation"'),
        lambda body: body.replace(b'"en":"Simulation"', b'"en":"\\ud800"'),
        lambda body: body.replace(b'"en":"Simulation"', b'"en":"Simulation","en":"Simulation"'),
        lambda body: body.replace(b'"en":"Simulation"', b'"en":"a\\/b"'),
    ],
)
def test_a_body_that_is_not_canonical_is_refused(
    simulation: elections.Simulation, garble: Callable[[bytes], bytes]
) -> None:
    body = simulation.election.body
    assert garble(body) != body
    with pytest.raises(ManifestError):
        Election(garble(body))


def test_members_in_another_order_are_refused(manifest: dict[str, Any]) -> None:
    with pytest.raises(ManifestError, match="canonical"):
        Election(elections.canonical(dict(reversed(manifest.items()))))


def leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], object]]:
    if isinstance(value, dict):
        return [leaf for name, item in value.items() for leaf in leaves(item, (*path, name))]
    if isinstance(value, list):
        return [leaf for place, item in enumerate(value) for leaf in leaves(item, (*path, place))]
    return [(path, value)]


def test_every_member_is_in_the_election_id(
    simulation: elections.Simulation, manifest: dict[str, Any]
) -> None:
    """Each leaf is changed alone; whatever is still a manifest has another id."""
    seen = {simulation.election.id}
    accepted = 0
    found = leaves(manifest)
    for path, value in found:
        changed = copy.deepcopy(manifest)
        at: Any = changed
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = other(path, value)
        body = elections.canonical(changed)
        assert election_id(body) not in seen
        seen.add(election_id(body))
        try:
            assert Election(body) != simulation.election
            accepted += 1
        except ManifestError:
            # What else the manifest says depends on these.
            assert path[-1] in ("record", "kind", "key", "count_of", "mixing_rounds", "tally") or path[
                2:
            ] == ("levels", 2, "id")
    assert len(seen) == len(found) + 1
    assert accepted > len(found) * 3 // 4


def other(path: tuple[str | int, ...], value: object) -> object:
    """Another value of the same kind."""
    swaps: dict[object, object] = {
        "last": "first", "homomorphic": "mixnet",
        "collected": "roll", "roll": "collected", ">": "<", ">=": "<=", "2/3": "3/4", "1/2": "1/3"
    }  # fmt: skip
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1 if path[-1] in ("capacity", "maximum", "quorum") else value - 1
    if value in swaps:
        return swaps[value]
    text = str(value)
    return b64encode(bytes(len(text) * 3 // 4)) if path[-1] in ("nonce", "key", "signing_key") else text + "2"
