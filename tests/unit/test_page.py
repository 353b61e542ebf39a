"""The page of a report: every verdict, every contest, both languages; its structure."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from rich.console import Console

from secretballot.crypto.cosignature import CosignatureSigner
from secretballot.crypto.merkle import leaf_hash
from secretballot.crypto.note import parse_note
from secretballot.crypto.signing import SigningKey
from secretballot.errors import ArgumentError
from secretballot.manifest import RankingContest, WriteInContest
from secretballot.records import sign_record
from secretballot.report import Words, result_view
from secretballot.report.page import LANGUAGES, Language, LanguageName, content_security_policy
from secretballot.report.page import document as document_module
from secretballot.tally import ContestResult, Result
from secretballot.verify import RULES, Finding, Pins, Report, Status, Verdict

from ..support import elections
from ..support.cosigners import NOW
from ..support.pages import Structure, chronicle_of, read, show, subject_of

Finished = elections.Finished
#: What a page says of a record that is verified, and of no other.
VERDICTS = {
    "en": {"verified": "Verified", "failed": "Failed", "incomplete": "Incomplete"},
    "vi": {"verified": "Đã kiểm chứng", "failed": "Không đạt", "incomplete": "Chưa đầy đủ"},
}
both = pytest.mark.parametrize("language", LANGUAGES)


def mixed() -> tuple[list[bytes], bytes, Any]:
    contests = [
        elections.rating(rules=elections.RULES),
        elections.choice(),
        elections.approval(),
        RankingContest(
            id="order",
            labels={"vi": "Thứ tự"},
            options=elections.options("x", "y", "z"),
            minimum=1,
            maximum=3,
            allow_blank=True,
            methods=("borda", "irv", "stv", "schulze"),
            seats=2,
        ),
        WriteInContest(id="text", labels={"en": "Text"}, max_bytes=40, allow_blank=True),
    ]
    simulation = elections.voting(contests, 3, roll_size=4)
    marks = (("low", ["x", "z"], "<b>Người"), ("high", ["x"], "<b>Người"), ("low", ["z"], None))
    simulation.vote(
        [
            {"officials": {"an": level, "binh": None}, "chair": "chi", "committee": ["giang"]}
            | {"order": order, "text": text}
            for level, order, text in marks
        ]
    )
    simulation.tally(absent=[0])
    entries = list(simulation.store.entries())
    return entries, elections.checkpoint(simulation, entries), simulation.log.attachments


@pytest.fixture(scope="module")
def every_kind() -> tuple[list[bytes], bytes, Any]:
    """A record with a contest of each kind."""
    return mixed()


@pytest.fixture(scope="module")
def whole(finished: Finished) -> tuple[list[bytes], bytes]:
    return finished.entries, elections.checkpoint(finished.simulation, finished.entries)


def broken(finished: Finished) -> list[bytes]:
    """With another ballot's signature under one."""
    places = finished.places("ballot")
    entries = list(finished.entries)
    entries[places[0]] = entries[places[0]][:-88] + entries[places[1]][-88:]
    return entries


class TestVerdicts:
    @both
    def test_each(self, language: LanguageName, finished: Finished, whole: tuple[list[bytes], bytes]) -> None:
        entries, checkpoint = whole
        records = {
            Verdict.VERIFIED: (entries, checkpoint),
            Verdict.FAILED: (broken(finished), checkpoint),
            Verdict.INCOMPLETE: (entries[:-1], elections.checkpoint(finished.simulation, entries[:-1])),
        }
        for verdict, (lines, note) in records.items():
            subject = subject_of(lines, note, language)
            assert subject.report.verdict is verdict
            page = read(subject)
            words = VERDICTS[language]
            assert page.text_of("verdict-title") == words[verdict.value]
            assert page.texts("title") == [subject.language.say("document of", verdict=words[verdict.value])]
            assert page.by_id("verdict").attributes["class"] == f"verdict {verdict.value}"
            # The verdict is the first section, and no other verdict's words are anywhere.
            assert page.all("section")[0].attributes["id"] == "verdict"
            text = "".join(page.by_id("verdict").text + page.text_of("results").split())
            for other in set(words) - {verdict.value}:
                assert words[other] not in text
                means = str(subject.language.say(f"{other} means", rules="#")).split("#")[0]
                assert means not in page.texts("body")[0]
            leaves = str(subject.language.say("verified leaves"))
            assert (leaves in page.texts("body")[0]) is (verdict is Verdict.VERIFIED)
            unverified = str(subject.language.say("unverified result"))
            verified = str(subject.language.say("verified result"))
            assert (verified in page.text_of("results")) is (verdict is Verdict.VERIFIED)
            if subject.report.result is not None:
                # At the head of the section, and with each table of counts.
                tables = [one for one in page.texts("caption") if unverified in one]
                assert len(tables) == (0 if verdict is Verdict.VERIFIED else 4)
                assert (unverified in page.text_of("results")) is (verdict is not Verdict.VERIFIED)

    def test_a_report_that_contradicts_itself_has_no_page(self, whole: tuple[list[bytes], bytes]) -> None:
        """Nothing but the rules makes a page say verified."""
        entries, checkpoint = whole
        report = subject_of(entries, checkpoint).report
        finding = Finding(item="i", message="m", culprit=None)
        for change in (
            {"status": Status.FAILED, "failed": 1},
            {"status": Status.PASSED, "failed": 1},
            {"findings": (finding,)},
            {"status": Status.NOT_RUN},
        ):
            rules = (*report.rules[:-1], report.rules[-1].model_copy(update=change))
            with pytest.raises(ArgumentError, match="the report says verified, and its rules"):
                show(report.model_copy(update={"rules": rules}), None)
        with pytest.raises(ArgumentError, match="its rules incomplete"):
            show(report.model_copy(update={"rules": ()}), None)
        for verdict in (Verdict.FAILED, Verdict.INCOMPLETE):
            with pytest.raises(ArgumentError, match="and its rules verified"):
                show(report.model_copy(update={"verdict": verdict}), None)

    def test_another_records_course_is_not_told(self, whole: tuple[list[bytes], bytes]) -> None:
        entries, checkpoint = whole
        subject = subject_of(entries, checkpoint)
        other = chronicle_of(elections.voting([elections.choice()], 1).store.entries())
        as_long = replace(other, entries=len(entries))
        for chronicle in (chronicle_of(entries[:-1]), other, as_long, None):
            shown = show(subject.report, chronicle)
            assert (shown.course, shown.manifest, shown.checkpoint) == (None, None, None)
            page = read(shown)
            assert page.text_of("verdict-title") == "Verified"
            assert not [one for one in page.elements if one.attributes.get("id") in ("parties", "timeline")]
            digits = subject.report.election
            assert " ".join(digits[at : at + 4] for at in range(0, 64, 4)) in page.text_of("fingerprints")
            # Counts are still there, under their ids.
            assert "officials" in page.text_of("results")

    @both
    def test_garbage(self, language: LanguageName) -> None:
        page = read(subject_of([b"\x00garbage", b"{}"], b"garbage", language))
        assert page.text_of("verdict-title") == VERDICTS[language]["failed"]
        assert page.texts("h1") == [str(Language(language).say("no title"))]
        empty = read(subject_of([], b"", language))
        assert empty.text_of("verdict-title") == VERDICTS[language]["failed"]

    def test_there_is_no_page_in_another_language(self) -> None:
        with pytest.raises(ArgumentError, match="no page in 'fr'"):
            Language("fr")  # type: ignore[arg-type]


class TestStructure:
    @both
    def test_a_whole_document(
        self, language: LanguageName, every_kind: tuple[list[bytes], bytes, Any]
    ) -> None:
        entries, checkpoint, attachments = every_kind
        page = read(subject_of(entries, checkpoint, language, attachments=attachments))
        assert page.declarations == ["DOCTYPE html"]
        assert page.text_of("verdict-title") == VERDICTS[language]["verified"]
        (root,) = page.all("html")
        assert root.attributes == {"lang": language}
        levels = [int(one.tag[1]) for one in page.all("h1", "h2", "h3", "h4")]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
        assert len(set(ids)) == len(ids)
        for link in page.all("a"):
            assert (link.attributes["href"] or "")[1:] in ids
        for section in page.all("section"):
            assert section.attributes["aria-labelledby"] in ids

    def test_tables_say_what_they_are(self, every_kind: tuple[list[bytes], bytes, Any]) -> None:
        entries, checkpoint, attachments = every_kind
        page = read(subject_of(entries, checkpoint, attachments=attachments))
        assert len(page.all("table")) == len(page.all("caption")) > 8
        assert all(page.texts("caption"))
        assert {one.attributes["scope"] for one in page.all("th")} == {"col", "row", "rowgroup"}
        assert all("".join(one.text).strip() for one in page.all("th"))
        # Every picture is beside a table that has its figures, and is left out where a page is read aloud.
        assert page.all("figure")
        assert all(one.attributes["aria-hidden"] == "true" for one in page.all("svg"))

    def test_nothing_is_fetched_or_run(self, every_kind: tuple[list[bytes], bytes, Any]) -> None:
        entries, checkpoint, attachments = every_kind
        page = read(subject_of(entries, checkpoint, attachments=attachments))
        assert not page.all("script", "link", "img", "iframe", "object", "embed", "form", "base", "input")
        for one in page.elements:
            assert not [name for name in one.attributes if name.startswith("on")]
            assert "style" not in one.attributes
            assert (one.attributes.get("href") or "#").startswith("#")
            assert "src" not in one.attributes
        (style,) = page.texts("style")
        assert not re.search(r"@import|url\((?!#)", style)

    def test_the_policy(self, whole: tuple[list[bytes], bytes]) -> None:
        page = read(subject_of(*whole))
        (style,) = page.texts("style")
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        assert content_security_policy() == policy
        metas = [one.attributes for one in page.all("meta")]
        assert metas[:2] == [
            {"charset": "utf-8"},
            {"http-equiv": "Content-Security-Policy", "content": policy},
        ]


class TestContents:
    def test_what_is_told(self, finished: Finished, whole: tuple[list[bytes], bytes]) -> None:
        entries, checkpoint = whole
        subject = subject_of(entries, checkpoint)
        page = read(subject)
        report = subject.report
        told = page.text_of("subject")
        for part in (
            report.election,
            f"{len(entries)}\u00a0entries",
            "2026-03-04 05:06 UTC",
            "reference backend",
        ):
            assert part in told
        assert "none pinned" in told
        for rule in RULES.values():
            assert page.text_of(f"rule-{rule.id}") == rule.id
            assert rule.reference in page.text_of("rules")
        fingerprints = page.text_of("fingerprints")
        keys = [finished.simulation.manifest.board.key, finished.simulation.manifest.authority.signing_key]
        for data in (bytes.fromhex(report.election), *keys):
            digits = data.hex()
            assert " ".join(digits[at : at + 4] for at in range(0, 64, 4)) in fingerprints
        assert "did not decrypt" in page.text_of("parties")
        assert f"compare the election's id with the one announced: {report.election}" in page.text_of(
            "warnings"
        )
        assert "Voting closed" in page.text_of("timeline")
        assert f"Checkpoint signed over {len(entries)}\u00a0entries" in page.text_of("timeline")

    @both
    def test_the_root_of_a_log_that_was_changed_is_not_shown_as_its_own(
        self, finished: Finished, whole: tuple[list[bytes], bytes], language: LanguageName
    ) -> None:
        """The good log's checkpoint beside it would otherwise pass a comparison by hand."""
        say, entries = Language(language).say, Language(language).counted(len(finished.entries), "entries")
        for listed, root, end in (
            (whole[0], "root", "end"),
            (broken(finished), "unproven root", "unproven end"),
        ):
            page = read(subject_of(listed, whole[1], language))
            headings = page.texts("th")
            assert [
                key for key in ("root", "unproven root") if str(say(key, entries=entries)) in headings
            ] == [root]
            cells = page.texts("td")
            assert [key for key in ("end", "unproven end") if str(say(key, entries=entries)) in cells] == [
                end
            ]

    def test_every_rule_has_its_status_and_count(self, whole: tuple[list[bytes], bytes]) -> None:
        subject = subject_of(*whole)
        text = read(subject).text_of("rules").replace("\u00a0", " ")
        for rule in subject.report.rules:
            row = text.split(rule.title)[1]
            after = row.split(rule.reference)[1]
            counted = subject.language.counted(rule.checked, rule.unit).replace("\u00a0", " ")
            expected = f"{rule.status.value}{counted if rule.checked else '–'}"
            assert after.startswith(expected), rule

    def test_contests_and_parties_that_are_called_the_same(self) -> None:
        same = {"en": "Hùng"}
        contests = [
            one.model_copy(update={"labels": same}) for one in (elections.choice("b"), elections.rating("c"))
        ]
        simulation = elections.simulate(contests)
        trustees = tuple(one.model_copy(update={"labels": same}) for one in simulation.manifest.trustees)
        manifest = simulation.manifest.model_copy(update={"trustees": trustees})
        entries = [sign_record(manifest, SigningKey.generate())]
        result = Result(
            election=bytes(32),
            collected=0,
            roll=1,
            below_minimum_group=True,
            contests=tuple(ContestResult(id=one, lines=()) for one in ("b", "c", "d")),
        )
        subject = subject_of(entries, b"x")
        page = read(show(subject.report.model_copy(update={"result": result}), subject.chronicle))
        assert page.texts("h3")[-3:] == ["Hùng b", "Hùng c", "d"]
        assert "Hùng trustee-1" in page.text_of("parties")
        shown = io.StringIO()
        Console(file=shown).print(result_view(result, manifest, Words()))
        assert re.findall(r"Hùng \[.\]", shown.getvalue()) == ["Hùng [b]", "Hùng [c]"]

    def test_a_failed_rule_says_how_many_failed(
        self, finished: Finished, whole: tuple[list[bytes], bytes]
    ) -> None:
        subject = subject_of(broken(finished), whole[1])
        rule = subject.report.rule("L4")
        text = read(subject).text_of("rules").replace("\u00a0", " ")
        assert f"{rule.reference}failed1 of {rule.checked} signatures" in text.split(rule.title)[1]

    def test_findings_name_item_message_and_culprit(
        self, finished: Finished, whole: tuple[list[bytes], bytes]
    ) -> None:
        report = subject_of(*whole).report
        findings = tuple(Finding(item=f"entry {i}", message=f"bad {i}", culprit="mai") for i in range(15))
        rule = report.rules[-2].model_copy(
            update={"status": Status.FAILED, "failed": 40, "findings": findings}
        )
        failed = report.model_copy(
            update={"rules": (*report.rules[:-2], rule, report.rules[-1]), "verdict": Verdict.FAILED}
        )
        page = read(show(failed, chronicle_of(finished.entries)))
        text = page.text_of("findings")
        assert all(f"entry {i}bad {i}mai" in text for i in range(15))
        assert page.texts("summary") == ["5 more"]
        assert "and 25 more" in text
        assert "consequence" not in text
        cause = report.rules[3].model_copy(
            update={"status": Status.FAILED, "failed": 1, "findings": findings[:1]}
        )
        rules = (*failed.rules[:3], cause, *failed.rules[4:])
        text = read(show(failed.model_copy(update={"rules": rules}), None)).text_of("findings")
        assert f"What follows after {cause.rule} may be a consequence." in text

    def test_results_of_people(self, whole: tuple[list[bytes], bytes]) -> None:
        """Of each person the counts, the shares, a bar, a line at each threshold, and the outcome."""
        page = read(subject_of(*whole))
        results = page.text_of("results")
        assert "AN0 0.00%0 0.00%4 100.00%0 0.00%dismissal" in results
        assert "dismissallow confidence ≥ 2/3 of the 4 ballots collectedAN" in results
        assert "may-resignlow confidence > 1/2 of the 4 ballots collectedAN" in results
        assert "thin bar: low confidence, of the 4 ballots collected; lines at > 1/2, ≥ 2/3" in results
        lines = [one.attributes["x1"] for one in page.all("line") if one.attributes["x1"] != "9"]
        assert lines == ["50%", "66.6667%"] * 2
        assert "As published in the record, and verified." in results

    @both
    def test_every_kind_of_contest(
        self, language: LanguageName, every_kind: tuple[list[bytes], bytes, Any]
    ) -> None:
        entries, checkpoint, attachments = every_kind
        page = read(subject_of(entries, checkpoint, language, attachments=attachments))
        results = page.text_of("results")
        say = Language(language).say
        for key in ("borda", "irv", "stv", "schulze", "other texts"):
            assert (str(say(key)) in results) is (key != "other texts")
        assert "<b>Người2" in results
        assert str(say("elected", who="X, Z")) in results
        assert "Thứ tự" in results
        assert ("66,67%" if language == "vi" else "66.67%") in results
        assert {"en": "Mixer 1", "vi": "Bên xáo trộn 1"}[language] in page.text_of("mixing")
        assert page.text_of("parties").count(str(say("did not decrypt"))) == 1

    def test_vietnamese(self, whole: tuple[list[bytes], bytes]) -> None:
        page = read(subject_of(*whole, "vi"))
        text = page.text_of("results")
        for level in ("tín nhiệm cao", "tín nhiệm", "tín nhiệm thấp"):
            assert level in page.texts("th")
        assert "100,00%" in text
        # What has no translation is said to be English.
        english = [one for one in page.all("bdi") if one.attributes.get("lang") == "en"]
        assert "Committee" in {"".join(one.text) for one in english}
        assert not [one for one in english if "".join(one.text) in {rule.title for rule in RULES.values()}]

    def test_pins(self, finished: Finished, whole: tuple[list[bytes], bytes]) -> None:
        entries, checkpoint = whole
        signer = CosignatureSigner("witness.example/w1", SigningKey.generate())
        text = parse_note(checkpoint)[0]
        cosigned = checkpoint + signer.cosign(text, NOW).line().encode()
        pins = Pins(finished.simulation.board_keys.sign(1, leaf_hash(entries[0])), [signer.verifier])
        subject = subject_of(entries, cosigned, pins=pins, announced=finished.simulation.election.id)
        assert subject.report.verdict is Verdict.VERIFIED
        page = read(subject)
        told = page.text_of("subject")
        assert f"the election id {subject.report.election}, as announced" in told
        assert "a checkpoint over 1\u00a0entry" in told
        assert "1 of the cosigners witness.example/w1" in told
        assert "Cosigned by witness.example/w1 on 2023-11-14 22:13 UTC" in page.text_of("timeline")
        assert "Root of the pinned checkpoint, over 1\u00a0entry" in page.text_of("fingerprints")
        # A line that is not the cosigner's has no time here.
        forged = checkpoint + signer.cosign(text, NOW).line().encode().replace(b"A", b"B")
        assert "Cosigned" not in read(
            subject_of(entries, forged, pins=Pins(None, [signer.verifier]))
        ).text_of("timeline")


def test_the_style_sheet_cannot_end_its_element() -> None:
    assert "</" not in document_module._STYLE


def test_reports_as_they_are_read_back(whole: tuple[list[bytes], bytes]) -> None:
    """A report that was kept as JSON has the same page."""
    subject = subject_of(*whole)
    again = Report.from_body(subject.report.to_body())
    assert isinstance(read(show(again, subject.chronicle)), Structure)
    assert again == subject.report


def test_a_record_that_cannot_be_read_has_no_course(whole: tuple[list[bytes], bytes]) -> None:
    """Line ends that were converted: what entries would have been is not told beside a verdict that knows of none."""
    entries, checkpoint = whole
    subject = subject_of([raw + b"\r" for raw in entries], checkpoint)
    assert subject.chronicle is not None
    assert subject.course is None
    ids = {one.attributes.get("id") for one in read(subject).elements}
    assert not ids & {"timeline", "parties"}
    assert {"timeline", "parties"} <= {one.attributes.get("id") for one in read(subject_of(*whole)).elements}
