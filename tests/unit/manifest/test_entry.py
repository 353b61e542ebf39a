"""A manifest's entry, its parties, and manifests that are made in Python."""

from __future__ import annotations

from fractions import Fraction

import pytest
from pydantic import ValidationError

from secretballot.crypto.signing import SigningKey
from secretballot.errors import ArgumentError, EncodingError, InvalidSignatureError, ManifestError
from secretballot.manifest import (
    Election,
    Manifest,
    Option,
    OutcomeRule,
    RatingContest,
    confidence_levels,
)
from secretballot.records import sign_body, sign_record

from ...support import elections

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
