"""The published result: a bar and a row of figures for each person, the outcome rules, tables of all else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...manifest import LineContest
from ...manifest.contests import MAX_OPTIONS, ApprovalContest, ChoiceContest, OutcomeRule, RatingContest
from ...tally import ContestResult, LineResult, Result
from ..words import Words
from .blocks import paragraph, section, table
from .elements import Content, Markup, code, element, escaped, filled
from .figures import Gauge, Part, bar, patterns, scale, shade, swatch
from .marks import marks
from .subject import Subject

#: Lines of a contest that are shown: as many as a manifest can have. A result that does not fit it may have more.
MAX_LINES = MAX_OPTIONS
_RELATIONS = Words()


def results(subject: Subject) -> Markup:
    """Every contest's. Where the record is not verified, each says so."""
    language, result = subject.language, subject.report.result
    if result is None:
        return section("results", language.say("results"), paragraph(language.say("no result")))
    standing = paragraph(
        language.say("verified result" if subject.is_verified else "unverified result"),
        style="aside" if subject.is_verified else "notice",
    )
    parts: list[Content] = [patterns(), standing]
    for contest_result in result.contests:
        if isinstance(contest_result, ContestResult):
            parts.append(_Lines(subject, result, contest_result).all())
        else:
            parts.append(marks(subject, contest_result))
    style = None if subject.is_verified else "unverified"
    return section("results", language.say("results"), parts, style=style)


class _Lines:
    """A contest that is counted line by line. What is published need not fit the manifest: then names are ids, and
    counts are numbered."""

    def __init__(self, subject: Subject, result: Result, published: ContestResult) -> None:
        self._language = subject.language
        self._subject = subject
        self._result = result
        self._published = published
        self._lines = published.lines[:MAX_LINES]
        contest = subject.contest(published.id)
        self._contest: LineContest | None = contest if isinstance(contest, LineContest) else None
        self._options = self._language.names(self._contest.options if self._contest else ())
        levels = self._contest.levels if isinstance(self._contest, RatingContest) else ()
        self._levels = self._language.names(levels)
        self._base = self._base_of(self._contest.base if self._contest else "collected")

    def all(self) -> Markup:
        """Heading, picture, table, rules."""
        language, contest = self._language, self._contest
        parts: list[Content] = [element("h3", self._name())]
        if self._lines:
            parts.append(self._choice() if isinstance(contest, ChoiceContest) else self._several())
        if len(self._published.lines) > MAX_LINES:
            more = language.number(len(self._published.lines) - MAX_LINES)
            parts.append(paragraph(language.say("more lines", number=more), style="aside"))
        parts.append(self._rules())
        return element("div", parts, class_="contest")

    def _name(self) -> Markup:
        return self._subject.contest_name(self._published.id)

    def _base_of(self, base: str) -> int:
        return self._result.roll if base == "roll" else self._result.collected

    def _caption(self) -> Content:
        language = self._language
        base = self._contest.base if self._contest else "collected"
        of = language.say(f"of {base}", number=language.number(self._base))
        return self._subject.of_result(language.say("counts of", contest=self._name()), of)

    # One question with several answers.

    def _choice(self) -> Content:
        """Each option's count, of the only line."""
        language, line = self._language, self._lines[0]
        names = self._count_names(line)
        rows: list[list[Content]] = []
        bars: list[Content] = []
        for place, (name, count) in enumerate(zip(names, line.counts, strict=True)):
            gauges = self._gauges(line, place)
            bars.append(self._figure(name, [(Part("s0", count), name)], gauges))
            rows.append([name, *self._cells(count)])
        if self._shows_blank():
            rows.append([language.say("blank"), *self._cells(line.blank)])
        headings = [language.say(key) for key in ("option", "count", "share")]
        figure = self._figures("bars of", bars, [])
        return [figure, table(self._caption(), headings, rows, numbers=[1, 2])]

    def _cells(self, count: int) -> list[Content]:
        return [self._language.number(count), self._language.percent(count, self._base)]

    # Several lines.

    def _several(self) -> Content:
        language = self._language
        names = self._count_names(self._lines[0])
        headings: list[Content] = [language.say("person" if self._is_rating() else "option"), *names]
        if self._shows_blank():
            headings.append(language.say("blank"))
        figures = range(1, len(headings))
        if self._contest is not None and self._contest.rules:
            headings.append(language.say("outcome"))
        rows = [self._row(line, len(figures)) for line in self._lines]
        bars = [self._bar(line) for line in self._lines]
        key = [*zip(self._styles(len(names)), names, strict=True)] if len(names) > 1 else []
        if self._shows_blank():
            key.append(("blank", language.say("blank")))
        figure = self._figures("bars" if self._is_rating() else "bars of", bars, key)
        return [figure, table(self._caption(), headings, rows, numbers=figures, style="counts")]

    def _row(self, line: LineResult, width: int) -> list[Content]:
        counts = [*line.counts, line.blank] if self._shows_blank() else [*line.counts]
        cells: list[Content] = []
        for count in counts:
            share = self._language.percent(count, self._base)
            cells.append([self._language.number(count), [" ", element("small", share)] if share else None])
        # A published row may have fewer figures than the first, or more.
        cells += [None] * (width - len(cells))
        row: list[Content] = [self._line_name(line), *cells]
        if self._contest is not None and self._contest.rules:
            row.append(self._outcome(line))
        return row

    def _bar(self, line: LineResult) -> Markup:
        styles = self._styles(len(line.counts))
        names = self._count_names(line)
        parts = [
            (Part(style, count), name) for style, count, name in zip(styles, line.counts, names, strict=True)
        ]
        if self._shows_blank():
            parts.append((Part("blank", line.blank), self._language.say("blank")))
        gauges = [gauge for place in range(len(line.counts)) for gauge in self._gauges(line, place)]
        return self._figure(
            self._line_name(line), parts, gauges, self._outcome(line) if line.outcomes else None
        )

    def _outcome(self, line: LineResult) -> Markup:
        if not line.outcomes:
            return element("span", self._language.say("no outcome"), class_="none")
        rules = self._contest.rules if self._contest else ()
        rule = next((one for one in rules if one.id == line.outcomes[0]), None)
        label = self._language.label(rule.labels, rule.id) if rule else code(line.outcomes[0])
        return element("strong", label, class_="outcome")

    # Pictures.

    def _figures(self, caption: str, bars: Sequence[Content], key: Sequence[tuple[str, Content]]) -> Markup:
        language = self._language
        entries: list[Content] = [element("li", swatch(style), element("span", name)) for style, name in key]
        entries += [element("li", swatch("threshold"), element("span", text)) for text in self._gauge_key()]
        legend = element("ul", entries, class_="key", aria_label=language.say("key")) if entries else None
        marks = sorted({(rule.threshold, self._threshold(rule)) for rule in self._rules_of()})
        axis = scale(marks) if marks else None
        return element("figure", element("figcaption", language.say(caption)), legend, bars, axis)

    def _figure(
        self,
        name: Content,
        parts: Sequence[tuple[Part, Content]],
        gauges: Sequence[Gauge],
        outcome: Markup | None = None,
    ) -> Markup:
        # The table beside it is the text of the picture: a screen reader need not hear all of it twice.
        drawing = bar([part for part, _ in parts], self._base, gauges)
        return element(
            "div", element("div", element("span", name), outcome, class_="name"), drawing, class_="line"
        )

    def _gauge_key(self) -> Iterator[Markup]:
        """What the thin bars are of, with the thresholds that lines mark."""
        language = self._language
        grouped: dict[tuple[str, str], list[OutcomeRule]] = {}
        for rule in self._rules_of():
            grouped.setdefault((rule.count_of, rule.base), []).append(rule)
        for (count_of, base), rules in grouped.items():
            ordered = sorted(rules, key=lambda rule: rule.threshold)
            thresholds = ", ".join(map(self._threshold, ordered))
            yield language.say(
                "gauge", name=self._named(count_of), base=self._base_text(base), thresholds=thresholds
            )

    def _gauges(self, line: LineResult, place: int) -> list[Gauge]:
        """A gauge for each base that rules about this count have."""
        contest = self._contest
        if contest is None or len(contest.count_names()) != len(line.counts):
            return []
        name = contest.count_names()[place]
        style = self._styles(len(line.counts))[place]
        out = []
        for base in ("collected", "roll"):
            rules = [rule for rule in contest.rules if rule.count_of == name and rule.base == base]
            if rules:
                thresholds = sorted(rule.threshold for rule in rules)
                out.append(Gauge(line.counts[place], self._base_of(base), thresholds, style))
        return out

    # Outcome rules.

    def _rules_of(self) -> tuple[OutcomeRule, ...]:
        return self._contest.rules if self._contest else ()

    def _threshold(self, rule: OutcomeRule) -> str:
        return f"{_RELATIONS.relation(rule.relation)} {rule.threshold.numerator}/{rule.threshold.denominator}"

    def _base_text(self, base: str) -> Markup:
        number = self._language.number(self._base_of(base))
        return self._language.say(f"the {base}", number=number)

    def _rules(self) -> Markup | None:
        """Each rule, its condition, and everybody for whom that holds; the table of counts has the outcomes."""
        language = self._language
        if not self._rules_of():
            return None
        rows: list[list[Content]] = []
        for rule in self._rules_of():
            condition = language.say(
                "condition is",
                count=self._named(rule.count_of),
                threshold=self._threshold(rule),
                base=self._base_text(rule.base),
            )
            fallen = [self._line_name(line) for line in self._lines if rule.id in line.outcomes]
            who = _listed(fallen) if fallen else language.say("nobody under")
            rows.append([language.both(rule.labels, rule.id), condition, who])
        headings = [language.say(key) for key in ("outcome rule", "condition", "under")]
        caption = self._subject.of_result(language.say("outcomes of", contest=self._name()))
        return table(caption, headings, rows, style="wide")

    # Names.

    def _is_rating(self) -> bool:
        return isinstance(self._contest, RatingContest)

    def _named(self, count_name: str) -> Markup:
        contest = self._contest
        if contest is None or isinstance(contest, ApprovalContest):
            return self._language.say("votes")
        names = self._levels if isinstance(contest, RatingContest) else self._options
        return names.get(count_name, code(count_name))

    def _count_names(self, line: LineResult) -> list[Markup]:
        contest, language = self._contest, self._language
        if contest is None or len(contest.count_names()) != len(line.counts):
            return [language.say("count place", place=place) for place in range(1, len(line.counts) + 1)]
        return [self._named(name) for name in contest.count_names()]

    def _line_name(self, line: LineResult) -> Markup:
        contest = self._contest
        if isinstance(contest, ChoiceContest):
            return self._name()
        return self._options.get(line.id, code(line.id))

    def _styles(self, counts: int) -> list[str]:
        if not self._is_rating():
            return ["s0", *(f"s{2 + place % 5}" for place in range(counts - 1))][:counts]
        return [shade(place, counts) for place in range(counts)]

    def _shows_blank(self) -> bool:
        contest = self._contest
        if isinstance(contest, ApprovalContest):
            return False  # It only repeats who did not approve.
        return contest is None or contest.allow_blank or any(line.blank for line in self._published.lines)


def _listed(names: Sequence[Markup]) -> Markup:
    return escaped(
        [name if place == 0 else filled(", {name}", name=name) for place, name in enumerate(names)]
    )
