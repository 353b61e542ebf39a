"""The page's languages: both say the same, and what the verifier says is translated."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from secretballot.manifest import Option
from secretballot.report.page import Language, LanguageName
from secretballot.verify import RULES


def texts(tag: str) -> dict[str, dict[str, str]]:
    path = files("secretballot.report.page").joinpath(f"{tag}.json")
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_both_say_the_same_things() -> None:
    english, vietnamese = texts("en")["sentences"], texts("vi")["sentences"]
    assert list(english) == list(vietnamese)
    for key, sentence in english.items():
        places = [sorted(re.findall(r"\{(\w*)\}", one)) for one in (sentence, vietnamese[key])]
        assert places[0] == places[1], key


def test_every_rule_and_unit_is_translated() -> None:
    vietnamese = Language("vi")
    for rule in RULES.values():
        assert 'lang="en"' not in vietnamese.verifiers(rule.title), rule.title
        assert rule.unit in texts("vi")["units"]


def test_every_reason_and_warning_is_translated() -> None:
    """Each text of the verifier's conclusion, its places filled with what stands there."""
    source = files("secretballot.verify").joinpath("conclusion.py").read_text(encoding="utf-8")
    said = [
        "any 2 of the 3 mixers can tell whose a mixed line is, where the board lets in no others",
        "1 of 3 trustees so far",
        *re.findall(r'Status\.NOT_\w+, f?"([^"]+)"', source),
        *re.findall(r'yield f?"([^"]+)"', source),
    ]
    assert len(said) > 12
    places = {"{self.log.phase}": "voting", "{self.log.election.id.hex()}": "ab" * 32}
    for text in said:
        for place, filled in places.items():
            text = text.replace(place, filled)
        assert 'lang="en"' not in Language("vi").verifiers(text), text


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["1,234\u00a0ballots", "1\u00a0entry", "12.50%"]),
        ("vi", ["1.234\u00a0phiếu", "1\u00a0mục", "12,50%"]),
    ],
)
def test_numbers(language: LanguageName, expected: list[str]) -> None:
    one = Language(language)
    assert [one.counted(1234, "ballots"), one.counted(1, "entries"), one.percent(1, 8)] == expected


def test_labels() -> None:
    english, vietnamese = Language("en"), Language("vi")
    assert english.label({"VI": "cao", "fr": "haut"}, "id") == '<bdi dir="auto" lang="vi">cao</bdi>'
    assert vietnamese.label({"VI": "cao"}, "id") == '<bdi dir="auto">cao</bdi>'
    assert english.label({"fr": "haut"}, "id") == '<bdi dir="auto" lang="fr">haut</bdi>'
    assert english.label({}, "<id>") == '<bdi dir="auto">&lt;id&gt;</bdi>'
    assert 'class="other"' not in english.both({"en": "x", "vi": "x"}, "id")
    assert 'class="other"' in english.both({"en": "x", "vi": "y"}, "id")


def test_names_that_look_alike_have_their_ids() -> None:
    """Whichever language each of them is shown in."""
    labels = {"a": {"vi": "Hùng"}, "b": {"en": "HÙNG", "vi": "An"}, "c": {"vi": "Hưng"}}
    pair = [Option(id=id_, labels=one) for id_, one in labels.items()]
    assert Language("en").names(pair) == {
        "a": '<bdi dir="auto" lang="vi">Hùng</bdi> <code dir="ltr">a</code>',
        "b": '<bdi dir="auto">HÙNG</bdi> <code dir="ltr">b</code>',
        "c": '<bdi dir="auto" lang="vi">Hưng</bdi>',
    }
    assert "<code" not in "".join(Language("vi").names(pair).values())
    # What is cut off tells nobody apart.
    long = [Option(id=id_, labels={"vi": "a" * 500 + id_}) for id_ in ("b", "c")]
    assert all("…</bdi> <code" in name for name in Language("vi").names(long).values())
