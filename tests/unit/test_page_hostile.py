"""The page of a hostile record: every text in it, results that fit no manifest, courses that no log has."""

from __future__ import annotations

import re

import pytest

from secretballot.ceremony import CeremonyComplaint
from secretballot.crypto.cosignature import CosignatureSigner
from secretballot.crypto.note import parse_note
from secretballot.crypto.signing import SigningKey
from secretballot.manifest import Option, RatingContest
from secretballot.manifest.contests import MAX_OPTIONS
from secretballot.report.chronicle import Event
from secretballot.report.page import LANGUAGES, Language, LanguageName
from secretballot.tally import ContestResult, LineResult, RankingResult, Result, WriteInResult
from secretballot.tally.records import (
    BordaResult,
    InvalidLine,
    RunoffResult,
    RunoffRound,
    TextCount,
    TransferResult,
    TransferStage,
)
from secretballot.testing import Simulation
from secretballot.verify import Finding, Pins, Status, Verdict

from ..support import elections
from ..support.pages import Structure, chronicle_of, read, show, subject_of

Finished = elections.Finished
HOSTILE = "<script>alert('x')</script>]]>\u202e\x00&amp;\"'"
SHOWN = "<script>alert('x')</script>]]>⟨U+202E⟩\u2400&amp;\"'"
both = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def whole(finished: Finished) -> tuple[list[bytes], bytes]:
    return finished.entries, elections.checkpoint(finished.simulation, finished.entries)


def results_tables(page: Structure) -> list[str]:
    """The captions of the tables of the results."""
    text = page.text_of("results")
    return [one for one in page.texts("caption") if one in text]


@pytest.fixture(scope="module")
def hostile() -> Simulation:
    label = {"en": HOSTILE + "x" * 900}
    options = tuple(Option(id=one, labels=label) for one in ("a", "b"))
    contest = RatingContest(
        id="r",
        labels=label,
        options=options,
        base="roll",
        rules=(elections.rule("odd", "a", ">", "1/2").model_copy(update={"labels": label}),),
        levels=options,
        allow_blank=True,
    )
    return elections.simulate([contest], labels=label)


@both
def test_every_text_of_a_record(hostile: Simulation, language: LanguageName) -> None:
    entries = list(hostile.store.entries())
    subject = subject_of(entries, b"x", language)
    result = Result(
        election=hostile.election.id,
        collected=3,
        roll=5,
        below_minimum_group=False,
        contests=(
            ContestResult(id="r", lines=(LineResult(id="a", counts=(2, 1), blank=0, outcomes=("odd",)),)),
            ContestResult(
                id="other",
                lines=(LineResult(id="z", counts=(1,) * 9, blank=2**53 - 1, outcomes=("no",)),),
            ),
            ContestResult(id="empty", lines=()),
            WriteInResult(
                id="w",
                valid=2,
                blank=0,
                invalid=1,
                others=3,
                invalid_lines=(InvalidLine(line=7, reason=HOSTILE),),
                texts=(TextCount(text=HOSTILE, count=2),) * 60,
            ),
            RankingResult(
                id="k",
                valid=0,
                blank=0,
                invalid=0,
                invalid_lines=(),
                methods=(
                    BordaResult(half_points=(3, 4)),
                    RunoffResult(
                        rounds=(RunoffRound(votes=(1,), exhausted=0, excluded="q", by_lot=True),),
                        winner=None,
                    ),
                ),
            ),
        ),
    )
    finding = Finding(item=HOSTILE, message=HOSTILE * 1000, culprit=HOSTILE)
    rules = tuple(
        rule.model_copy(
            update={"status": Status.FAILED, "failed": 1, "findings": (finding,), "reason": HOSTILE}
        )
        if rule.rule == "M2"
        else rule
        for rule in subject.report.rules
    )
    report = subject.report.model_copy(
        update={"result": result, "rules": rules, "warnings": (HOSTILE,), "verdict": Verdict.FAILED}
    )
    page = read(show(report, subject.chronicle, language))
    assert not page.all("script")
    text = page.texts("body")[0]
    assert text.count(SHOWN) > 15
    tables = [one for one in page.texts("caption") if str(Language(language).say("unverified result")) in one]
    assert len(tables) == len(results_tables(page)) == 7
    assert HOSTILE not in text
    assert f"{Language(language).say('other texts')}23" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    # Every one stands in an element of its own direction.
    isolated = "".join("".join(one.text) for one in page.all("bdi"))
    assert isolated.count(SHOWN) == text.count(SHOWN)
    assert max(map(len, page.texts("bdi"))) < 600


def test_a_hostile_course(finished: Finished, whole: tuple[list[bytes], bytes]) -> None:
    """Complaints of and about nobody, entries that cannot be read, more phases than there are."""
    subject = subject_of(*whole)
    chronicle = chronicle_of(finished.entries, whole[1])
    complaint = CeremonyComplaint(
        election=finished.simulation.election.id, trustee="trustee-1", accused="nobody", reason=HOSTILE
    )
    phase = next(one for one in chronicle.events if one.kind == "phase")
    chronicle.events = [
        *chronicle.events[:4],
        Event(4, "ceremony-complaint", complaint),
        *[Event(place, "phase", phase.record) for place in range(5, 900)],
        Event(900, "phase", None),
        Event(901, "mix-round", None),
    ]
    page = read(show(subject.report, chronicle))
    assert f"Complaint of Trustee 1 about nobody: {SHOWN}" in page.text_of("parties")
    text = page.text_of("timeline")
    assert "A trustee complains" in text
    # The manifest, the commitments as one step, and three of ballots and credentials; then the 898 others.
    assert f"Entries that are not shown here: {1 + 1 + 3 + 898 - 300}" in text
    assert text.count("Issuance of credentials opened") < 300


def test_many_cosigners_far_in_the_future(finished: Finished, whole: tuple[list[bytes], bytes]) -> None:
    signers = [CosignatureSigner(f"w{place}", SigningKey.generate()) for place in range(12)]
    pins = Pins(None, [one.verifier for one in signers], 1)
    line = signers[0].cosign(parse_note(whole[1])[0], 2**63 - 1).line().encode()
    page = read(subject_of(whole[0], whole[1] + line, pins=pins))
    assert "1 of the cosigners w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, …" in page.text_of("subject")
    assert f"Cosigned by w0 on {2**63 - 1}" in page.text_of("timeline")


def test_a_page_is_bounded(whole: tuple[list[bytes], bytes]) -> None:
    report = subject_of(*whole).report
    line = LineResult(id="x", counts=(1, 2, 3), blank=0, outcomes=())
    many = ContestResult(id="officials", lines=(line,) * 20_000)
    assert report.result is not None
    result = report.result.model_copy(update={"contests": (many,)})
    page = read(show(report.model_copy(update={"result": result}), chronicle_of(whole[0])))
    assert "and 19,000 more lines, which are not shown" in page.text_of("results")


def test_as_many_people_as_a_manifest_can_have_are_shown() -> None:
    """Nobody falls under a rule unseen."""
    people = [f"p{place}" for place in range(MAX_OPTIONS)]
    simulation = elections.simulate(
        [elections.rating(people=people, rules=elections.RULES)], roll_size=1, minimum_group=1
    )
    subject = subject_of(simulation.store.entries(), b"x")
    lines = [LineResult(id=one, counts=(1, 0, 0), blank=0, outcomes=()) for one in people[:-1]]
    lines.append(LineResult(id=people[-1], counts=(0, 0, 1), blank=0, outcomes=("dismissal", "may-resign")))
    result = Result(
        election=simulation.election.id,
        collected=1,
        roll=1,
        below_minimum_group=False,
        contests=(ContestResult(id="officials", lines=tuple(lines)),),
    )
    report = subject.report.model_copy(update={"result": result})
    text = read(show(report, subject.chronicle)).text_of("results")
    assert "the 1 ballots collectedP999" in text
    assert "not shown" not in text


@both
def test_rounds_and_invalid_lines_that_are_left_out_are_counted(
    whole: tuple[list[bytes], bytes], language: LanguageName
) -> None:
    report, say = subject_of(*whole).report, Language(language).say
    one, stage = (1,) * 3, {"votes": (1,) * 3, "lost": 0, "elected": (), "passed_on": None}
    for rounds in (100, 101):
        runoff = RunoffRound(votes=one, exhausted=0, excluded="q", by_lot=False)
        made = TransferStage(**stage, excluded=False, by_lot=False)
        methods = (
            RunoffResult(rounds=(runoff,) * rounds, winner="q"),
            TransferResult(quota=1, stages=(made,) * (rounds + 1), elected=("q",)),
        )
        lines = tuple(InvalidLine(line=place, reason="x") for place in range(50))
        ranking = RankingResult(
            id="k", valid=0, blank=0, invalid=rounds - 50, invalid_lines=lines, methods=methods
        )
        assert report.result is not None
        result = report.result.model_copy(update={"contests": (ranking,)})
        text = read(
            show(report.model_copy(update={"result": result}), chronicle_of(whole[0]), language)
        ).text_of("results")
        for key, number in (
            ("more rounds", rounds - 100),
            ("more rounds", rounds - 99),
            ("more lines", rounds - 100),
        ):
            assert (str(say(key, number=number)) in text) is (number > 0)
