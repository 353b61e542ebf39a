"""Words, tables and the light reader: every kind of contest, and results that do not fit their manifest."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from secretballot import (
    ApprovalContest,
    ChoiceContest,
    Election,
    ElectionRecord,
    Manifest,
    Option,
    OutcomeRule,
    RatingContest,
    confidence_levels,
    verify_record,
    write_record,
)
from secretballot.report import Words, contents_view, outcomes_view, read_contents, report_view, result_view
from secretballot.report.words import counted, listed, percent
from secretballot.tally import ContestResult, LineResult, Result
from secretballot.testing import Simulation
from secretballot.verify import Status, Verdict, verify_entries

from ..support import elections

WORDS = Words()
ASCII = Words(unicode=False)


def options(*ids: str) -> tuple[Option, ...]:
    return tuple(Option(id=id_, labels={"vi": f"Ông {id_}", "en": f"Mr {id_}"}) for id_ in ids)


def render(view: RenderableType, width: int = 80) -> str:
    console = Console(width=width, markup=False, highlight=False, color_system=None)
    with console.capture() as capture:
        console.print(view)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


RATING = RatingContest(
    id="ratings",
    labels={"vi": "Xếp loại"},
    options=options("a", "b"),
    base="collected",
    rules=(),
    levels=tuple(Option(id=f"l{i}", labels={"en": f"level {i}"}) for i in range(1, 6)),
    allow_blank=True,
)
CHOICE = ChoiceContest(
    id="chair",
    labels={"en": "Chair"},
    options=options("x", "y", "z"),
    base="roll",
    rules=(
        OutcomeRule(
            id="elected",
            labels={"vi": "trúng cử", "en": "elected"},
            count_of="x",
            relation=">=",
            threshold=Fraction(1, 2),
            base="roll",
        ),
    ),
    allow_blank=False,
)
APPROVAL = ApprovalContest(
    id="members",
    labels={"fr": "Membres"},
    options=options("p", "q"),
    base="collected",
    rules=(
        OutcomeRule(
            id="in",
            labels={"en": "in"},
            count_of="votes",
            relation=">",
            threshold=Fraction(1, 2),
            base="collected",
        ),
    ),
    minimum=0,
    maximum=2,
    allow_blank=True,
)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> ElectionRecord:
    """A record with a contest of each kind."""
    simulation = Simulation(
        [RATING, CHOICE, APPROVAL], roll_size=3, trustees=1, quorum=1, minimum_group=3, revoting="first"
    )
    simulation.hold_ceremony()
    simulation.issue(3)
    for ratings, choice, approved in (
        ({"a": "l1", "b": "l5"}, "x", ["p"]),
        ({"a": "l1", "b": None}, "x", ["p", "q"]),
        ({"a": "l2", "b": "l5"}, "z", []),
    ):
        simulation.vote([*[{"ratings": ratings, "chair": choice, "members": approved}]])
        simulation.holders.pop(0)
    simulation.tally()
    return simulation.export(str(tmp_path_factory.mktemp("kinds") / "record"))


@pytest.fixture(scope="module")
def manifest(record: ElectionRecord) -> Manifest:
    election = read_contents(record).election
    assert isinstance(election, Election)
    return election.manifest


def result_of(*lines: LineResult, contest: str = "chair") -> Result:
    return Result(
        election=bytes(32),
        collected=3,
        roll=3,
        below_minimum_group=False,
        contests=(ContestResult(id=contest, lines=lines),),
    )


class TestWords:
    def test_the_preferred_language_and_what_stands_in(self) -> None:
        both = {"fr": "élevé", "en": "high", "vi": "cao"}
        assert (WORDS.label(both, "id"), WORDS.both(both, "id")) == ("cao", "cao (high)")
        assert WORDS.titles(both, "id") == ["cao", "high"]
        assert (WORDS.label({"en": "high"}, "id"), WORDS.both({"en": "high"}, "id")) == ("high", "high")
        assert WORDS.titles({"en": "high"}, "id") == ["high"]
        assert WORDS.both({"fr": "élevé"}, "id") == "élevé"
        assert WORDS.label({}, "id") == "id"

    def test_without_unicode(self) -> None:
        assert ASCII.both({"vi": "cao", "en": "high"}, "id") == "high"
        assert ASCII.both({"vi": "cao"}, "id") == "id"
        assert ASCII.titles({"vi": "cao"}, "id") == ["id"]
        assert ASCII.relation(">=") == ">="
        assert (WORDS.relation(">="), WORDS.relation("<=")) == ("≥", "≤")
        assert (WORDS.relation(">"), ASCII.tick) == (">", "ok")

    @pytest.mark.parametrize(
        "bad", ["\x1b", "\n", "\x00", "\x9b", "\u202e", "\u2066", "\u2028", "\ud800", "\ue000"]
    )
    def test_controls_are_shown_as_such(self, bad: str) -> None:
        assert WORDS.clean(f"a{bad}b") == "a\ufffdb"
        assert ASCII.clean(f"a{bad}b") == "a?b"

    def test_figures_behind_a_label_from_the_right_keep_their_order(self) -> None:
        """Shown in its direction, what follows it would be turned round too: the last count would stand first."""
        for label in ("\u05d0\u05d1", "Ann \u0627", "\u0661"):
            assert WORDS.label({"en": label}, "id") == WORDS.both({"en": label}, "id") == f"{label}\u200e"
            assert WORDS.both({"vi": "An", "en": label}, "id") == f"An ({label}\u200e)"
            assert ASCII.both({"en": label}, "id") == label
        assert WORDS.label({"en": "Ann 1"}, "id") == "Ann 1"

    def test_names_that_look_alike_have_their_ids(self) -> None:
        for one, other in (
            ("Nguyễn Văn Hùng", "Nguyễn Văn Hùng"),
            ("Nguyễn Văn Hùng", unicodedata.normalize("NFD", "Nguyễn  Văn Hùng ")),
            ("An", "\uff21N."),
            ("!", "!"),
        ):
            pair = [
                Option(id=id_, labels={"vi": label}) for id_, label in (("a", one), ("b", other), ("c", "Tý"))
            ]
            assert WORDS.names(pair) == {"a": f"{one} [a]", "b": f"{other} [b]", "c": "Tý"}
        names = {"a": "an", "b": "ân", "c": "1", "d": "2", "e": "!", "f": "?"}
        assert WORDS.names([Option(id=id_, labels={"vi": name}) for id_, name in names.items()]) == names

    def test_letters_survive(self) -> None:
        for text in (
            "Nguyễn Thị Kim Ngân",
            "Nguye\u0302\u0303n",
            "می\u200cخواهم",
            "क्\u200dष",
            "日本",
            "葛\U000e0100",
        ):
            assert WORDS.clean(text) == text

    @pytest.mark.parametrize(
        ("count", "base", "expected"),
        [
            (437, 485, "90.10%"),
            (464, 485, "95.67%"),
            (25, 47, "53.19%"),
            (1, 800, "0.13%"),
            (1, 3, "33.33%"),
            (2, 3, "66.67%"),
            (3, 3, "100.00%"),
            (0, 3, "0.00%"),
            (0, 0, ""),
        ],
    )
    def test_percent(self, count: int, base: int, expected: str) -> None:
        assert percent(count, base) == expected

    def test_counted(self) -> None:
        assert [counted(1, unit) for unit in ("entries", "ids", "proofs", "ceremonies")] == [
            "1 entry",
            "1 id",
            "1 proof",
            "1 ceremony",
        ]
        assert counted(0, "entries") == "0 entries"
        unit = "ballots, cast or challenged"
        assert [counted(number, unit) for number in (1, 2)] == ["1 ballot, cast or challenged", f"2 {unit}"]

    def test_listed(self) -> None:
        assert listed(["L1"]) == "L1"
        assert listed(["L1", "L2"]) == "L1 and L2"
        assert listed(["L1", "L2", "L4"]) == "L1, L2 and L4"


class TestKinds:
    def test_the_result_of_each(self, record: ElectionRecord, manifest: Manifest) -> None:
        report = verify_record(record)
        assert report.verdict.value == "verified"
        text = render(report_view(report, manifest, WORDS, 80))
        assert "\nWarning: a quorum of one" in text
        # What the record says is indented.
        text = re.sub("^  ", "", text, flags=re.M)
        # More levels than fit side by side: downwards, beneath each line's name.
        assert "Ông a\n  level 1  2  66.67%\n  level 2  1  33.33%" in text
        assert "Ông b\n  level 1  0   0.00%" in text
        assert "  blank    1  33.33%" in text
        assert (
            "Percentages are of the whole roll, 3.\nÔng x  2  66.67%\nÔng y  0   0.00%\nÔng z  1  33.33%\n\n"
            in text
        )
        spaces = " " * 14
        assert f"votes\n{'─' * 27}\nÔng p{spaces}2 66.67%\nÔng q{spaces}1 33.33%\n" in text
        assert "trúng cử (elected)\n  Ông x ≥ 1/2 of the whole roll, 3: Chair (2)" in text
        assert "votes > 1/2 of the 3 ballots collected: Ông p (2)" in text

    def test_no_name_is_taken_for_the_verdict(self) -> None:
        """Only the verifier speaks at the margin: no label begins a line there, nor a part of one that was wrapped."""
        said = "VERIFIED: 24 rules passed, 0 failed, 0 not run, 8 not applicable"
        labels = {"vi": said, "en": f"{'x' * 79} {said}"}
        people = tuple(Option(id=one, labels=labels) for one in ("an", "binh"))
        rules = tuple(rule.model_copy(update={"labels": labels}) for rule in elections.RULES)
        texts = {"labels": labels, "options": people, "rules": rules}
        made = elections.simulate([elections.rating().model_copy(update=texts)], labels=labels)
        lines = tuple(
            LineResult(id=one.id, counts=(0, 0, 3), blank=0, outcomes=("dismissal",)) for one in people
        )
        report = elections.verify(made, list(made.store.entries()))
        report = report.model_copy(update={"result": result_of(*lines, contest="officials")})
        for width in (40, 80, 200):
            shown = render(report_view(report, made.manifest, WORDS, width), width).splitlines()
            assert sum("VERIFIED" in line for line in shown) > 6
            assert not [line for line in shown if line.startswith(("VERIFIED", "x"))]

    def test_what_the_record_says(self, record: ElectionRecord) -> None:
        text = render(contents_view(read_contents(record), WORDS))
        assert "Contest ratings (rate each of 2, blank allowed)\nXếp loại\n" in text
        assert "Contest chair (choose one of 3, no blank)" in text
        assert "Contest members (approve 0 to 2 of 2, blank allowed)\nMembres\n" in text
        assert "Outcome where x ≥ 1/2 of the whole roll: trúng cử (elected)" in text
        assert "Outcome where votes > 1/2 of the ballots collected: in" in text
        assert "Người giữ khóa 1 (Trustee 1); 1 of 1 are needed" in text
        assert "the first ballot of a credential counts" in text
        assert "no result over fewer than 3 ballots" in text
        published = text.split("Result as published\n")[1]
        assert "trúng cử (elected)\n  Ông x ≥ 1/2 of the whole roll, 3: Chair (2)\n" in published
        assert published.endswith("in\n  votes > 1/2 of the 3 ballots collected: Ông p (2)")


class TestConsequences:
    """One fault makes others: the first failing step is named as what the rest may come of."""

    def lines(
        self, record: ElectionRecord, manifest: Manifest, *, election_id: bytes | None = None
    ) -> list[str]:
        report = verify_record(record, election_id=election_id)
        assert report.verdict is Verdict.FAILED
        return render(report_view(report, manifest, WORDS, 80)).splitlines()

    def test_of_a_changed_manifest(self, record: ElectionRecord, manifest: Manifest, tmp_path: Path) -> None:
        lines = [entry.replace(b'"Chair"', b'"Chain"') for entry in record.entries()]
        changed = write_record(tmp_path / "record", lines, record.checkpoint().decode())
        lines = self.lines(changed, manifest)
        place = lines.index("What follows may be consequences of M2.")
        assert lines[place - 1] == lines[place + 1] == ""
        assert lines[place + 2] == "Log"
        assert [line for line in lines if "may be consequences" in line] == [lines[place]]
        # Where the id was given, and is another one, that rule stands in the same step.
        lines = self.lines(changed, manifest, election_id=bytes(32))
        assert "What follows may be consequences of M2 and M3." in lines

    def test_of_a_changed_entry(self, record: ElectionRecord, manifest: Manifest, tmp_path: Path) -> None:
        lines = list(record.entries())
        lines[-5] = lines[-5][:-88] + lines[-6][-88:]  # Another ballot's signature.
        changed = write_record(tmp_path / "record", lines, record.checkpoint().decode())
        lines = self.lines(changed, manifest)
        place = lines.index("What follows may be consequences of L4, L5 and L8.")
        assert lines[place + 2] == "Ceremony"

    def test_of_nothing_where_only_one_step_failed(self, record: ElectionRecord, manifest: Manifest) -> None:
        lines = self.lines(record, manifest, election_id=bytes(32))
        assert not [line for line in lines if "consequences" in line]


class TestMisfits:
    """A published result need not fit its manifest: it is shown all the same."""

    def test_no_manifest(self, record: ElectionRecord) -> None:
        report = verify_record(record)
        contents = read_contents(record)
        contents.election = None
        for view in (report_view(report, None, WORDS, 80), contents_view(contents, WORDS)):
            text = render(view)
            assert "Contest chair" in text
            assert "count 1" in text
            assert not text.endswith("\n")

    def test_another_contest(self, manifest: Manifest) -> None:
        line = LineResult(id="x", counts=(1, 2), blank=0, outcomes=("elected",))
        result = result_of(line, contest="other")
        assert "Contest other" in render(result_view(result, manifest, WORDS))
        assert render(outcomes_view(result, manifest, WORDS)) == ""

    def test_other_counts_lines_and_rules(self, manifest: Manifest) -> None:
        odd = LineResult(id="nobody", counts=(7,), blank=0, outcomes=("elected",))
        more = LineResult(id="chair", counts=(1,) * 9, blank=0, outcomes=("unknown",))
        text = render(result_view(result_of(odd, more), manifest, WORDS))
        assert "nobody\n  count 1  7  233.33%" in text
        assert "  count 9" in text
        text = render(outcomes_view(result_of(odd, more), manifest, WORDS))
        assert "Ông x ≥ 1/2 of the whole roll, 3: nobody (7)" in text
        odd = LineResult(id="p", counts=(), blank=0, outcomes=("in",))
        assert "Ông p" in render(outcomes_view(result_of(odd, contest="members"), manifest, WORDS))
        assert "count" not in render(result_view(result_of(odd, contest="members"), manifest, WORDS))

    def test_everybody_for_whom_a_rule_holds_is_beneath_it(self) -> None:
        """Nobody is said to be below a half of whom two thirds think so."""
        contest = elections.rating("members", ("an", "binh", "chi"), rules=elections.RULES)
        made = elections.simulate([contest]).manifest
        severe, mild = (rule.id for rule in elections.RULES)
        lines = [
            LineResult(id=one, counts=(9 - low, 0, low), blank=0, outcomes=outcomes)
            for one, low, outcomes in (("an", 6, (severe, mild)), ("binh", 5, (mild,)), ("chi", 4, ()))
        ]
        shown = render(outcomes_view(result_of(*lines, contest="members"), made, WORDS))
        assert "≥ 2/3 of the 3 ballots collected: AN (6)\n" in shown
        assert shown.endswith("> 1/2 of the 3 ballots collected: AN (6), BINH (5)")

    @pytest.mark.parametrize("base", [7, 300, 9_999, 10_000, 10_001, 99_999, 123_456, 10**8 + 1])
    def test_what_is_less_than_a_threshold_is_not_rounded_up_to_it(self, base: int) -> None:
        for threshold in (Fraction(1, 2), Fraction(2, 3), Fraction(1)):
            count = ceil(base * threshold) - 1
            assert Fraction(percent(count, base).rstrip("%")) < 100 * threshold, percent(count, base)
        assert Fraction(percent(1, base).rstrip("%")) > 0

    def test_rows_of_different_lengths(self, manifest: Manifest) -> None:
        lines = [LineResult(id=i, counts=c, blank=0, outcomes=()) for i, c in (("p", (1,)), ("q", (1, 2, 3)))]
        text = render(result_view(result_of(*lines, contest="members"), manifest, WORDS))
        assert "Ông q" in text

    def test_no_lines_at_all(self, manifest: Manifest) -> None:
        for contest in ("chair", "ratings", "members", "other"):
            assert render(result_view(result_of(contest=contest), manifest, WORDS))


class TestLayout:
    LONG = "Chủ nhiệm Ủy ban Văn hóa, Giáo dục, Thanh niên, Thiếu niên và Nhi đồng"

    def manifest_of(self, contest: RatingContest, manifest: Manifest) -> Manifest:
        return manifest.model_copy(update={"contests": (contest,)})

    def test_long_names_wrap_and_figures_do_not(self, manifest: Manifest) -> None:
        contest = RatingContest(
            id="officials",
            labels={"en": "Officials"},
            options=(Option(id="a", labels={"vi": self.LONG}),),
            base="collected",
            rules=(),
            levels=confidence_levels(),
            allow_blank=True,
        )
        line = LineResult(id="a", counts=(323, 146, 106), blank=100, outcomes=())
        result = result_of(line, contest="officials").model_copy(update={"collected": 675})
        view = result_view(
            result,
            self.manifest_of(contest, manifest),
            WORDS,
            notes={"a": self.LONG},
            published={"a": (323, 146, 106)},
        )
        text = render(view)
        assert max(map(len, text.splitlines())) <= 80
        assert "323/146/106   ✓" in text
        assert text.replace("\n", " ").count("đồng") == 2
        assert text.count("47.85%") == 1
        missing = result_view(result, self.manifest_of(contest, manifest), WORDS, published={})
        assert "✗" in render(missing)

    def test_a_level_with_a_long_label(self, manifest: Manifest) -> None:
        levels = tuple(Option(id=f"l{i}", labels={"en": "a level whose label is long " * 3}) for i in (1, 2))
        contest = RATING.model_copy(update={"levels": levels})
        line = LineResult(id="a", counts=(1, 2), blank=0, outcomes=())
        text = render(
            result_view(result_of(line, contest="ratings"), self.manifest_of(contest, manifest), WORDS)
        )
        assert max(map(len, text.splitlines())) <= 80
        assert "1  33.33%" in text or "1 33.33%" in text

    def test_a_narrow_result_keeps_its_names(self, manifest: Manifest) -> None:
        lines = [LineResult(id=i, counts=(2,), blank=1, outcomes=()) for i in ("p", "q")]
        view = result_view(result_of(*lines, contest="members"), manifest, WORDS)
        matrix, listing = "Ông p              2 66.67%", "Ông p\n  votes  2  66.67%\nÔng q\n"
        assert matrix in render(view, 27)
        assert listing not in render(view, 27)
        assert listing in render(view, 26)

    @pytest.mark.parametrize("width", [40, 52, 53, 80])
    def test_a_rule_is_read_at_any_width(self, record: ElectionRecord, width: int) -> None:
        """Its id and its status stand on one line, and its count there or beneath."""
        lines = list(record.entries())
        lines[-3] = lines[-3][:-1]
        report = verify_entries(lines, record.checkpoint())
        text = render(report_view(report.model_copy(update={"result": None}), None, WORDS, width), width)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text
        for rule in report.rules:
            status = {Status.NOT_APPLICABLE: "n/a", Status.FAILED: "FAILED"}.get(rule.status, rule.status)
            (line,) = [line for line in text.splitlines() if line.startswith(f"{rule.rule}  ")]
            assert re.search(rf"  {status}(  |$)", line)
        count = f"{report.rule('L1').failed} of {report.rule('L1').checked} entries"
        assert (f"\n    {count}\n" in text) == (width < 53)
        assert (f"  FAILED   {count}\n" in text) == (width >= 53)


def test_no_readable_manifest(tmp_path: Path) -> None:
    (tmp_path / "entries.jsonl").write_bytes(b"x\n")
    (tmp_path / "checkpoint").write_bytes(b"x")
    text = render(contents_view(read_contents(ElectionRecord(tmp_path)), WORDS))
    assert "there is no readable manifest" in text
    assert "Checkpoint  unreadable: " in text
    assert "1  unreadable" in text
