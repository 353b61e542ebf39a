"""The documents as a checkout has them: where their links lead, and that they list what the code has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from secretballot.ballot import Ballot, BallotContest, ChallengedBallot, ContestOpening
from secretballot.board.records import PhaseChange
from secretballot.ceremony import CeremonyCommitment, CeremonyComplaint, CeremonyConfirmation, CeremonyMessage
from secretballot.credential import Credential, Issuance
from secretballot.crypto.discrete_log import MAX_RANGE
from secretballot.crypto.encoding import MAX_JSON_INTEGER, Tag
from secretballot.crypto.merkle import MAX_INCLUSION_PROOF
from secretballot.crypto.note import MAX_NOTE_SIZE, MAX_SIGNATURES
from secretballot.crypto.receipt import MAX_RECEIPT_SIZE
from secretballot.crypto.shuffle import MAX_ROWS
from secretballot.manifest import (
    ApprovalContest,
    Authority,
    BoardKey,
    ChoiceContest,
    Manifest,
    MixerKey,
    Option,
    OutcomeRule,
    RankingContest,
    RatingContest,
    RegistrarKey,
    TrusteeKey,
    WriteInContest,
)
from secretballot.manifest.capacity import MAX_BALLOT_SIZE, MAX_OUTCOMES, MAX_SEARCH_STEPS, MAX_SUM_TERMS
from secretballot.manifest.contests import MAX_LEVELS, MAX_OPTIONS, MAX_RANKED, MAX_TEXT, MIN_LEVELS
from secretballot.manifest.election import MAX_EXCESS
from secretballot.manifest.records import MAX_MIXERS, MAX_REGISTRARS, MAX_TRUSTEES
from secretballot.records import MAX_ENTRY_SIZE, MAX_LANGUAGES, Labels, Record
from secretballot.tally import ContestResult, DecryptionShare, LineResult, LineShare, MixRound, Result
from secretballot.tally.records import (
    BatchFile,
    BordaResult,
    InvalidLine,
    RankingResult,
    RunoffResult,
    RunoffRound,
    SchulzeResult,
    TextCount,
    TransferResult,
    TransferStage,
    WriteInResult,
)
from secretballot.verify import Report, RuleResult

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

pytestmark = pytest.mark.skipif(
    not (DOCS / "spec").is_dir(), reason="the specification is not beside the tests"
)


def _links(page: Path) -> Iterator[tuple[Path, str]]:
    """Where the links of a page lead within the project: the file, and the anchor, which may be empty."""
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target and not target.startswith("mailto:"):
            name, _, anchor = target.partition("#")
            yield (page.parent / name).resolve() if name else page, anchor


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as MyST makes them."""
    headings = re.findall(r"^#{1,3} (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def _pages() -> list[Path]:
    pages = [page for page in DOCS.rglob("*.md") if "_build" not in page.parts]
    return sorted([*pages, *ROOT.glob("*.md"), ROOT / "tests" / "README.md"])


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead_in_a_checkout(page: Path) -> None:
    for path, anchor in _links(page):
        assert path.exists(), path
        if anchor and path.suffix == ".md":
            assert anchor in _anchors(path), f"{path.name}#{anchor}"


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One two\n[a](schemas/x.json) `[b](c)` [d](page.md#one-two)\n```\n[e](f)\n```\n[g](#h)\n"
    )
    assert list(_links(page)) == [(tmp_path / "schemas/x.json", ""), (page, "one-two"), (page, "h")]
    assert _anchors(page) == {"one-two"}


# What the pages list, and what the code has.


def _spec(name: str) -> str:
    return (DOCS / "spec" / name).read_text(encoding="utf-8")


def test_limits() -> None:
    table = _spec("encoding.md").split("## Limits")[1]
    rows = re.findall(r"^\| (?!limit|---)([^|]*) \| ([^|]*) \| [^|]*\|$", table, re.M)
    numbers = [[int(n.replace(" ", "")) for n in re.findall(r"\d+(?: \d{3})*", value)] for _, value in rows]
    assert numbers == [
        [MAX_ENTRY_SIZE, 2],
        [MAX_EXCESS],
        [MAX_BALLOT_SIZE, 2],
        [MAX_JSON_INTEGER, 2, 1],
        [MAX_RANGE, 2],
        [MAX_SUM_TERMS, 2],
        [MAX_OUTCOMES],
        [MAX_SEARCH_STEPS, 2],
        [MAX_TRUSTEES, MAX_REGISTRARS, MAX_MIXERS],
        [MAX_ROWS, 2],
        [MAX_RANKED, MAX_TEXT],
        [MAX_OPTIONS],
        [MIN_LEVELS, MAX_LEVELS],
        [1, MAX_LANGUAGES, 1, 1000],
        [MAX_NOTE_SIZE, MAX_SIGNATURES],
        [MAX_RECEIPT_SIZE, MAX_INCLUSION_PROOF],
    ]
    labels = TypeAdapter(Labels)
    for size in (1, 1000):
        labels.validate_python({"en": "\U0010ffff" * size})
    for size in (0, 1001):
        with pytest.raises(ValidationError):
            labels.validate_python({"en": "x" * size})


def test_tags() -> None:
    table = _spec("encoding.md").split("## Tags")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `([a-z-]+)` \|", table, re.M)
    assert len(listed) == len(set(listed))
    assert {f"secretballot/1/{tag}".encode() for tag in listed} == {tag.label for tag in Tag}


def _after(name: str, marker: str) -> str:
    text = _spec(name)
    assert text.count(marker) == 1, marker
    return text.split(marker)[1]


def _table(name: str, marker: str) -> list[str]:
    """The names in the first column of the first table after the marker."""
    table = re.search(r"^\|.*\n\|[-|]+\|\n((?:\|.*\n)+)", _after(name, marker), re.M)
    assert table is not None
    return re.findall(r"^\| `([a-z_]+)` \|", table[1], re.M)


def _sentence(name: str, marker: str) -> list[str]:
    """The names in the sentence that the marker begins: not what stands in brackets, as `id` (id) does."""
    (sentence, *_) = re.split(r"[.;](?:\s|$)", re.sub(r"\([^()]*\)", "", _after(name, marker)))
    return re.findall(r"`([a-z_]+)`", sentence)


@pytest.mark.parametrize(
    ("names", "page", "marker", "model"),
    [
        (_table, "manifest.md", "## Manifest's members", Manifest),
        (_sentence, "manifest.md", "**Trustee**:", TrusteeKey),
        (_sentence, "manifest.md", "**Registrar**:", RegistrarKey),
        (_sentence, "manifest.md", "**Mixer**:", MixerKey),
        (_sentence, "manifest.md", "**A ranking**, in this order:", RankingContest),
        (_sentence, "manifest.md", "**A text**, in this order:", WriteInContest),
        (_sentence, "manifest.md", "**Authority**:", Authority),
        (_sentence, "manifest.md", "**Board**:", BoardKey),
        (_sentence, "manifest.md", "**Option**:", Option),
        (_sentence, "manifest.md", "**Outcome rule**, in this order:", OutcomeRule),
        (_sentence, "board.md", "Record `phase`; members in order:", PhaseChange),
        (_sentence, "ceremony.md", "Record `ceremony-commitment`; members in order:", CeremonyCommitment),
        (_sentence, "ceremony.md", "Record `ceremony-message`; members in order:", CeremonyMessage),
        (_sentence, "ceremony.md", "Record `ceremony-confirmation`; members in order:", CeremonyConfirmation),
        (_sentence, "ceremony.md", "Record `ceremony-complaint`; members in order:", CeremonyComplaint),
        (_table, "credential.md", "Its own members, in order:", Credential),
        (_table, "credential.md", "Record `issuance`", Issuance),
        (_table, "ballot.md", "Record `ballot`", Ballot),
        (_sentence, "ballot.md", "Each of `contests` has, in order:", BallotContest),
        (_table, "ballot.md", "Record `challenged-ballot`", ChallengedBallot),
        (_sentence, "ballot.md", "Each opening has, in order:", ContestOpening),
        (
            _sentence,
            "tally.md",
            "Record `decryption-share`, in the phase `tally`; members in order:",
            DecryptionShare,
        ),
        (_table, "tally.md", "which it ends. Members in order:", Result),
        (_sentence, "tally.md", "A contest of lines:", ContestResult),
        (_sentence, "tally.md", "A ranking, in order:", RankingResult),
        (_sentence, "tally.md", "A text, in order:", WriteInResult),
        (_sentence, "tally.md", "`invalid_lines` lists the first 100 invalid lines, each", InvalidLine),
        (_sentence, "tally.md", "Each of `texts` has", TextCount),
        (_sentence, "tally.md", "**`borda`**: members", BordaResult),
        (_sentence, "tally.md", "**`irv`**: members", RunoffResult),
        (_sentence, "tally.md", "Each round:", RunoffRound),
        (_sentence, "tally.md", "**`stv`**: members", TransferResult),
        (_sentence, "tally.md", "Members of a stage:", TransferStage),
        (_sentence, "tally.md", "**`schulze`**: members", SchulzeResult),
        (_sentence, "mixing.md", "members of each, in order:", BatchFile),
        (_sentence, "mixing.md", "Record `mix-round`, in the phase `tally`; members in order:", MixRound),
        (_sentence, "mixing.md", "Record `line-share`, in the phase `tally`; members in order:", LineShare),
        (_table, "tally.md", "Each line, in order:", LineResult),
        (_sentence, "rules.md", "Members in order:", Report),
        (_sentence, "rules.md", "Each of `rules`, in the order of this page:", RuleResult),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_members_in_their_order(
    names: Callable[[str, str], list[str]], page: str, marker: str, model: type[Record]
) -> None:
    assert names(page, marker) == list(model.model_fields)


def test_members_of_contests() -> None:
    common = _table("manifest.md", "## Contests")
    rows = _after("manifest.md", "and after them those of its kind:").split("\n\n")[1]
    own: dict[str, list[str]] = {}
    kind = ""
    for named, member in re.findall(r"^\| (?:`([a-z]+)`)? ?\| `([a-z_]+)` \|", rows, re.M):
        kind = named or kind
        own.setdefault(kind, []).append(member)
    models = {"rating": RatingContest, "choice": ChoiceContest, "approval": ApprovalContest}
    assert {name: common + members for name, members in own.items()} == {
        name: list(model.model_fields) for name, model in models.items()
    }
