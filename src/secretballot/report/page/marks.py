"""Rankings and texts as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from ...manifest.contests import MAX_RANKED, RankingContest
from ...tally.methods.stv import UNIT
from ...tally.records import (
    BordaResult,
    MethodResult,
    RankingResult,
    RunoffResult,
    SchulzeResult,
    TransferResult,
    WriteInResult,
)
from .blocks import bullets, paragraph, table
from .elements import Content, Markup, code, element, escaped, filled, foreign
from .subject import Subject

#: Texts, invalid lines, rounds and options that are shown; a result that does not fit its manifest may have any number.
MAX_SHOWN, MAX_ROUNDS = 50, 100


def marks(subject: Subject, result: RankingResult | WriteInResult) -> Markup:
    """A contest of marks: how many were valid, and what they come to."""
    return _Marks(subject, result).all()


class _Marks:
    def __init__(self, subject: Subject, result: RankingResult | WriteInResult) -> None:
        self._subject = subject
        self._language = subject.language
        self._result = result
        contest = subject.contest(result.id)
        self._name = subject.contest_name(result.id)
        self._options = self._language.names(contest.options if isinstance(contest, RankingContest) else ())

    def all(self) -> Markup:
        """Heading, numbers, invalid lines, and each method or the texts."""
        result, language = self._result, self._language
        numbers = {
            "valid": language.number(result.valid),
            "blank": language.number(result.blank),
            "invalid": language.number(result.invalid),
        }
        parts: list[Content] = [element("h3", self._name), paragraph(language.say("marks are", **numbers))]
        if isinstance(result, WriteInResult):
            parts.append(self._texts(result))
        else:
            parts += [self._method(method) for method in result.methods]
        if result.invalid_lines:
            rows = [(one.line, foreign(one.reason)) for one in result.invalid_lines[:MAX_SHOWN]]
            headings = [language.say("mixed line"), language.say("reason")]
            parts.append(table(self._caption("invalid lines"), headings, rows))
            parts.append(self._more("more lines", result.invalid - len(rows)))
        return element("div", parts, class_="contest")

    def _texts(self, result: WriteInResult) -> Markup:
        language = self._language
        rows: list[tuple[Content, Content]] = [
            (foreign(one.text), language.number(one.count)) for one in result.texts[:MAX_SHOWN]
        ]
        rest = sum(one.count for one in result.texts[MAX_SHOWN:]) + result.others
        if rest:
            rows.append((element("em", language.say("other texts")), language.number(rest)))
        headings = [language.say("text"), language.say("count")]
        return table(self._caption("texts"), headings, rows, numbers=[1])

    def _method(self, method: MethodResult) -> list[Content]:
        title = self._language.say(method.method)
        caption = self._caption("method", method=title)
        parts: list[Content] = [element("h4", title)]
        match method:
            case BordaResult():
                parts.append(self._borda(method, caption))
            case RunoffResult():
                parts += self._runoff(method, caption)
            case TransferResult():
                parts += self._transfer(method, caption)
            case SchulzeResult():
                parts += self._schulze(method, caption)
        return parts

    def _borda(self, method: BordaResult, caption: Content) -> Markup:
        language = self._language
        points = zip(self._names(len(method.half_points)), method.half_points, strict=False)
        ordered = sorted(points, key=lambda row: -row[1])
        rows = [(name, self._decimal(Fraction(twice, 2))) for name, twice in ordered]
        return table(caption, [language.say("option"), language.say("points")], rows, numbers=[1])

    def _runoff(self, method: RunoffResult, caption: Content) -> Iterator[Content]:
        language = self._language
        rounds = method.rounds[:MAX_ROUNDS]
        yield self._rounds("round", [one.votes for one in rounds], 1, caption)
        yield self._more("more rounds", len(method.rounds) - len(rounds))
        told = [
            self._told("excluded", number, [one.excluded], by_lot=one.by_lot)
            for number, one in enumerate(rounds, 1)
            if one.excluded is not None
        ]
        yield bullets(told, style="plain") if told else None
        winner = [method.winner] if method.winner else []
        yield paragraph(language.say("elected", who=self._who(winner)), style="elected")

    def _transfer(self, method: TransferResult, caption: Content) -> Iterator[Content]:
        language = self._language
        stages = method.stages[:MAX_ROUNDS]
        yield paragraph(language.say("quota", number=self._decimal(Fraction(method.quota, UNIT))))
        yield self._rounds("stage", [one.votes for one in stages], UNIT, caption)
        yield self._more("more rounds", len(method.stages) - len(stages))
        told: list[Content] = []
        for number, one in enumerate(stages, 1):
            if one.elected:
                told.append(self._told("stage elected", number, one.elected))
            if one.passed_on is not None:
                key = "stage excluded" if one.excluded else "surplus"
                told.append(self._told(key, number, [one.passed_on], by_lot=one.by_lot))
        yield bullets(told, style="plain") if told else None
        yield paragraph(language.say("elected", who=self._who(method.elected)), style="elected")

    def _schulze(self, method: SchulzeResult, caption: Content) -> Iterator[Content]:
        language = self._language
        rows = [(place, self._who(group)) for place, group in enumerate(method.order[:MAX_RANKED], 1)]
        yield table(caption, [language.say("place"), language.say("option")], rows)
        if method.condorcet_winner is None:
            yield paragraph(language.say("no condorcet"))
        else:
            who = self._who([method.condorcet_winner])
            yield paragraph(language.say("condorcet", who=who), style="elected")

    def _more(self, key: str, number: int) -> Markup | None:
        """What is not shown is told."""
        if number <= 0:
            return None
        return paragraph(self._language.say(key, number=self._language.number(number)), style="aside")

    def _told(self, key: str, number: int, who: Sequence[str], *, by_lot: bool = False) -> Markup:
        text = self._language.say(key, number=number, who=self._who(who))
        return escaped([text, " ", self._language.say("lot")]) if by_lot else text

    def _rounds(self, key: str, votes: Sequence[Sequence[int]], unit: int, caption: Content) -> Markup | None:
        """An option a row, a round a column."""
        language = self._language
        if not votes:
            return None
        headings = [language.say("option")]
        headings += [language.say(key, number=number) for number in range(1, len(votes) + 1)]
        rows: list[list[Content]] = []
        for place, name in enumerate(self._names(max(map(len, votes)))):
            figures = [
                self._decimal(Fraction(one[place], unit)) if place < len(one) else None for one in votes
            ]
            rows.append([name, *figures])
        return table(caption, headings, rows, numbers=range(1, len(headings)))

    def _caption(self, key: str, **values: Content) -> Content:
        return self._subject.of_result(self._language.say(key, contest=self._name, **values))

    def _names(self, count: int) -> list[Markup]:
        """The options' names; numbers where the manifest does not give them."""
        if len(self._options) == count:
            return [*self._options.values()]
        say = self._language.say
        return [say("option place", place=place) for place in range(1, min(count, MAX_RANKED) + 1)]

    def _who(self, options: Sequence[str]) -> Markup:
        names = [self._options.get(option, code(option)) for option in options[:MAX_RANKED]]
        if not names:
            return self._language.say("nobody under")
        return escaped(
            [name if place == 0 else filled(", {name}", name=name) for place, name in enumerate(names)]
        )

    def _decimal(self, value: Fraction) -> str:
        text = f"{float(value):.5f}".rstrip("0").rstrip(".")
        return self._language.decimal(text or "0")
