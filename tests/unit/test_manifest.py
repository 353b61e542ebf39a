"""The manifest: what is refused, each beside a neighbour that is accepted; its body and the election's id."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import ValidationError

from secretballot.ballot.contest_kinds import plan_contest
from secretballot.crypto.discrete_log import MAX_RANGE
from secretballot.crypto.encoding import b64encode
from secretballot.crypto.group import ristretto255
from secretballot.crypto.signing import SigningKey
from secretballot.errors import ArgumentError, EncodingError, InvalidSignatureError, ManifestError
from secretballot.manifest import (
    Election,
    Manifest,
    Option,
    OutcomeRule,
    RatingContest,
    capacity,
    confidence_levels,
    election_id,
)
from secretballot.records import sign_body, sign_record

from ..support import elections

Change = Callable[[dict[str, Any]], object]

ONE = {"id": "a", "labels": {"en": "A"}}


@pytest.fixture(scope="module")
def simulation() -> elections.Simulation:
    return elections.simulate(elections.CONTESTS, roll_size=10, trustees=3, registrars=2, minimum_group=3)


@pytest.fixture
def manifest(simulation: elections.Simulation) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(simulation.election.body)
    return loaded


def element() -> str:
    return b64encode(ristretto255.multiply_generator(ristretto255.random_scalar()).encode())


def der(key: Any) -> str:
    return b64encode(
        key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def change(path: str, value: object) -> Change:
    """Sets the member at a path such as ``contests.0.id``."""

    def apply(manifest: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        at: Any = manifest
        for part in parents:
            at = at[int(part)] if isinstance(at, list) else at[part]
        at[int(last) if isinstance(at, list) else last] = value

    return apply


def same(source: str, target: str) -> Change:
    """Copies one member over another."""

    def apply(manifest: dict[str, Any]) -> None:
        at: Any = manifest
        for part in source.split("."):
            at = at[int(part)] if isinstance(at, list) else at[part]
        change(target, copy.deepcopy(at))(manifest)

    return apply


def both(*changes: Change) -> Change:
    def apply(manifest: dict[str, Any]) -> None:
        for one in changes:
            one(manifest)

    return apply


def drop(*names: str) -> Change:
    def apply(manifest: dict[str, Any]) -> None:
        for name in names:
            del manifest[name]

    return apply


def levels(count: int) -> Change:
    made = [{"id": f"l{i}", "labels": {"en": f"Level {i}"}} for i in range(count)]
    return both(change("contests.0.levels", made), change("contests.0.rules", []))


def persons(count: int, place: int = 0) -> Change:
    made = [{"id": f"p{i}", "labels": {"en": f"P {i}"}} for i in range(count)]
    return change(f"contests.{place}.options", made)


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


# The entry.


def test_the_entry_is_signed_by_the_manifests_authority(simulation: elections.Simulation) -> None:
    entry = simulation.authority.announce(simulation.election)
    assert Election.from_entry(entry) == simulation.election
    with pytest.raises(ManifestError, match="authority's key"):
        simulation.election.to_entry(SigningKey.generate())
    forged = sign_body(simulation.election.body, SigningKey.generate())
    with pytest.raises(InvalidSignatureError):
        Election.from_entry(forged)
    with pytest.raises(EncodingError):
        Election.from_entry(entry[:-1])
    with pytest.raises(EncodingError):
        Election.from_entry(entry + b"\n")


def test_another_record_is_no_manifest(simulation: elections.Simulation) -> None:
    joined, entry = simulation.trustees[0].join(simulation.election)
    assert "trustee-1" in repr(joined)
    with pytest.raises(ManifestError, match="begins with a ceremony-commitment"):
        Election.from_entry(entry)
    odd = sign_body(b'{"record":"secretballot/1/issuance"}', SigningKey.generate())
    with pytest.raises(ManifestError, match="begins with an issuance and not with a manifest"):
        Election.from_entry(odd)


def test_parties_are_found_by_id(simulation: elections.Simulation) -> None:
    manifest = simulation.manifest
    assert [manifest.trustee_index(f"trustee-{i}") for i in (1, 2, 3)] == [1, 2, 3]
    assert manifest.registrar("registrar-2") is manifest.registrars[1]
    assert [key.to_der() for key in simulation.election.issuing_keys] == [r.key for r in manifest.registrars]
    with pytest.raises(ManifestError, match="no trustee 'trustee-4'"):
        manifest.trustee_index("trustee-4")
    with pytest.raises(ManifestError, match="no registrar 'trustee-1'"):
        manifest.registrar("trustee-1")


# In Python.


def test_a_rule_made_in_python_is_checked_when_it_is_written() -> None:
    good = {"id": "r", "labels": {"en": "R"}, "count_of": "low", "relation": ">", "base": "roll"}
    assert OutcomeRule.model_validate({**good, "threshold": Fraction(1, 2)}).threshold == Fraction(1, 2)
    for wrong in (1, 0.5, True, None):
        with pytest.raises(ValidationError):
            OutcomeRule.model_validate({**good, "threshold": wrong})


def test_a_part_of_the_manifest_that_is_made_wrong_is_a_manifest_error(
    simulation: elections.Simulation,
) -> None:
    """One line that names part and member, and never pydantic's own error; a key that is private is not shown."""
    good = {name: getattr(simulation.manifest, name) for name in type(simulation.manifest).model_fields}
    for member, value in (
        ("contests", list(simulation.manifest.contests)),
        ("trustees", tuple(simulation.trustees)),
        ("board", simulation.board_keys),
        ("quorum", "2"),
        ("labels", None),
    ):
        with pytest.raises(ManifestError, match=rf"^Manifest: {member}[.:]") as caught:
            Manifest(**{**good, member: value})
        assert "\n" not in str(caught.value)
    with pytest.raises(ManifestError, match=r"^Option: labels: Field required$"):
        Option(id="a")  # type: ignore[call-arg]
    with pytest.raises(ManifestError, match=r"^RatingContest: options.1.id: "):
        RatingContest(
            id="r",
            labels={"en": "R"},
            options=({"id": "a", "labels": {"en": "A"}}, {"id": "B!", "labels": {"en": "B"}}),  # type: ignore[arg-type]
            levels=confidence_levels(),
            allow_blank=True,
            base="roll",
            rules=(),
        )


def test_a_record_is_frozen_and_its_errors_show_no_input(simulation: elections.Simulation) -> None:
    with pytest.raises(ArgumentError, match=r"^Manifest\.quorum: a record cannot be changed$"):
        simulation.manifest.quorum = 1  # type: ignore[misc]
    with pytest.raises(EncodingError) as caught:
        OutcomeRule.from_body(b'{"id":"TELL-TALE"}')
    assert "TELL-TALE" not in str(caught.value)
    wrong = simulation.manifest.trustees[0].model_dump() | {"key": bytes(31)}
    with pytest.raises(ValidationError, match="32 bytes are expected, there are 31"):
        type(simulation.manifest.trustees[0]).model_validate(wrong)


def test_signing_a_record_is_signing_its_body(simulation: elections.Simulation) -> None:
    key = SigningKey.generate()
    assert sign_record(simulation.manifest, key) == sign_body(simulation.election.body, key)


# Sizes.


def test_how_many_digits_a_ciphertext_bears() -> None:
    assert capacity.digits_per_ciphertext(1) == 34
    assert capacity.digits_per_ciphertext(2**17 - 1) == 2
    assert capacity.digits_per_ciphertext(2**17) == 1
    assert capacity.digits_per_ciphertext(MAX_RANGE - 1) == 1
    with pytest.raises(ManifestError):
        capacity.digits_per_ciphertext(MAX_RANGE)
    assert [capacity.width(choices, 2**17 - 1) for choices in (1, 2, 3, 4, 5, 6)] == [1, 1, 1, 2, 2, 3]


@pytest.mark.parametrize("votes", [10, 10_000, 200_000])
@pytest.mark.parametrize(
    "contest",
    [
        *elections.CONTESTS,
        elections.rating(allow_blank=False),
        elections.choice(allow_blank=False),
        elections.approval(minimum=0, maximum=3),
        elections.approval(minimum=2, maximum=2, allow_blank=False),
    ],
)
def test_the_size_that_is_reckoned_is_the_size_of_a_ballot(contest: elections.Contest, votes: int) -> None:
    plan = plan_contest(contest, votes)
    real = 64 * plan.num_ciphertexts + plan.form.proof_size
    assert capacity.contest_size(contest, votes) == real


def test_a_ballot_that_would_be_too_large_names_its_largest_contest(
    manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = [capacity.contest_size(contest, 10) for contest in elections.CONTESTS]
    assert max(sizes) == sizes[2]
    body = elections.canonical(manifest)
    monkeypatch.setattr(capacity, "MAX_BALLOT_SIZE", sum(sizes))
    assert Election(body)
    monkeypatch.setattr(capacity, "MAX_BALLOT_SIZE", sum(sizes) - 1)
    with pytest.raises(ManifestError, match=f"contest committee: a ballot would have {sum(sizes)} bytes"):
        Election(body)


def test_a_thousand_options_at_the_largest_count_are_too_large_in_truth(manifest: dict[str, Any]) -> None:
    both(persons(1000), levels(8))(manifest)
    assert Election(elections.canonical(manifest))
    change("capacity", 200_000)(manifest)
    with pytest.raises(ManifestError, match="contest officials: a ballot would have"):
        Election(elections.canonical(manifest))


def many_rules(count: int, length: int = 3) -> Change:
    made = [
        {
            "id": f"{i:03}".ljust(length, "x"),
            "labels": {"en": "R"},
            "count_of": "l0",
            "relation": ">=",
            "threshold": "0/1",
            "base": "roll",
        }
        for i in range(count)
    ]
    return both(levels(2), change("contests.0.rules", made))


def short(manifest: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Contests of two options, with the longest ids."""
    one = manifest["contests"][1] | {"options": [dict(ONE, id=name) for name in "yn"], "allow_blank": False}
    return [one | {"id": f"{i:05}".ljust(64, "x")} for i in range(count)]


def test_a_result_that_fits_no_entry(manifest: dict[str, Any]) -> None:
    """The whole election would go well, and its result be refused."""
    both(many_rules(100, 64), persons(1000))(manifest)
    large = manifest["contests"][0]
    more = short(manifest, 9000)
    manifest["contests"] = [large, *more[:6000]]
    assert Election(elections.canonical(manifest))
    manifest["contests"] = [large, *more]
    with pytest.raises(ManifestError, match=r"^contest officials: a result would have up to \d+ bytes"):
        Election(elections.canonical(manifest))


def test_a_challenge_that_fits_no_entry(manifest: dict[str, Any]) -> None:
    """The ballot fits; opened, and escaped as a text, it would not, and nobody could challenge a device."""
    contests = short(manifest, 14_500)
    manifest["contests"] = contests[:12_000]
    assert Election(elections.canonical(manifest))
    manifest["contests"] = contests
    with pytest.raises(ManifestError, match=r": a challenged-ballot would have up to \d+ bytes, the most is"):
        Election(elections.canonical(manifest))


def test_too_many_outcomes(manifest: dict[str, Any]) -> None:
    """Lines times rules, over all contests."""
    both(many_rules(100), persons(1000))(manifest)
    assert Election(elections.canonical(manifest))
    extra = {**manifest["contests"][0]["rules"][0], "id": "one-more", "count_of": "chi"}
    manifest["contests"][1]["rules"] = [extra]
    with pytest.raises(ManifestError, match=r"^contest chair: too many rules for too many lines"):
        Election(elections.canonical(manifest))


def test_too_many_steps_to_find_the_counts(manifest: dict[str, Any]) -> None:
    """Small ballots can ask verifiers for hours of work; no real election does."""
    one = manifest["contests"][1]
    many = [{"id": f"o{i}", "labels": {"en": "O"}} for i in range(34)]

    def choices(count: int) -> None:
        manifest["contests"] = [one | {"id": f"c{i}", "options": many} for i in range(count)]

    manifest |= {"roll_size": 1, "capacity": 1, "minimum_group": 1}
    choices(512)
    assert capacity.MAX_SEARCH_STEPS == 512 * 2**17
    assert Election(elections.canonical(manifest))
    choices(513)
    with pytest.raises(ManifestError, match=r"^contest c512: the counts would take more than \d+ steps"):
        Election(elections.canonical(manifest))


@pytest.mark.parametrize(
    ("people", "count", "voters", "steps"),
    [
        (50, 3, 500, 560_700),
        (500, 3, 500, 5_607_000),
        (500, 8, 500, 11_464_500),
        (500, 3, 131_071, 65_717_500),
        (500, 8, 10**6, 4_004_000),
        (500, 8, 10**7, 12_652_000),
    ],
)
def test_real_elections_are_far_within_the_limits(
    manifest: dict[str, Any], people: int, count: int, voters: int, steps: int
) -> None:
    both(persons(people), levels(count), change("capacity", voters))(manifest)
    manifest["contests"][0]["allow_blank"] = True
    del manifest["contests"][1:]
    election = Election(elections.canonical(manifest))
    assert capacity.search_steps(election.manifest.contests[0], voters) == steps


def test_a_capacity_that_asks_too_much_has_a_larger_one_that_does_not(manifest: dict[str, Any]) -> None:
    both(persons(500), levels(8), change("capacity", 131_071))(manifest)
    manifest["contests"][0]["allow_blank"] = True
    with pytest.raises(ManifestError, match=r"a larger capacity, whose digits are fewer"):
        Election(elections.canonical(manifest))
    manifest["capacity"] = 131_072
    assert Election(elections.canonical(manifest))
