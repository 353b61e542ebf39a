"""Where text becomes HTML: nothing breaks out, whatever it is; and the style sheet's colours can be read."""

from __future__ import annotations

import re
from fractions import Fraction
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretballot.report.page.elements import Markup, element, escaped, filled, foreign
from secretballot.report.page.figures import Gauge, Part, bar, scale, shade
from secretballot.report.words import MAX_TEXT, visible

STYLE = files("secretballot.report.page").joinpath("page.css").read_text(encoding="utf-8")


class Seen(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.data: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.data.append(data)


@given(st.text(alphabet=st.characters(), max_size=50))
def test_any_text_comes_out_as_it_is_or_written_out(text: str) -> None:
    """The reader of HTML finds one element, with the text that was put in and no other markup."""
    seen = Seen(element("p", text, title=text))
    assert seen.tags == [("p", [("title", visible(text))])]
    assert "".join(seen.data) == visible(text)


@pytest.mark.parametrize(
    ("hostile", "expected"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("]]>", "]]&gt;"),
        ("\"' onload='x", "&quot;&#x27; onload=&#x27;x"),
        ("&amp;", "&amp;amp;"),
        ("a\x00b\x1b\x7f\n", "a\u2400b\u241b\u2421\u240a"),
        ("\u202eabc\u2066", "⟨U+202E⟩abc⟨U+2066⟩"),
        ("\ud800\ufffe", "⟨U+D800⟩⟨U+FFFE⟩"),
        ("An\u200d", "An⟨U+200D⟩"),
        ("e\u0302\u200c", "e\u0302⟨U+200C⟩"),
        ("\u3164An\ufe0f\u034f", "⟨U+3164⟩An⟨U+FE0F⟩⟨U+034F⟩"),
        ("\u2800\u115f\U000e0100", "⟨U+2800⟩⟨U+115F⟩⟨U+E0100⟩"),
        ("a" + "\u0301" * 6, "a" + "\u0301" * 4 + "⟨U+0301⟩" * 2),
    ],
)
def test_hostile_texts(hostile: str, expected: str) -> None:
    assert escaped(hostile) == expected
    assert element("p", hostile) == f"<p>{expected}</p>"
    assert filled("<{a}>", a=hostile) == f"&lt;{expected}&gt;"


def test_letters_survive() -> None:
    for text in (
        "Nguyễn Thị Kim Ngân",
        "Nguye\u0302\u0303n",
        "می\u200cخواهم",
        "क्\u200dष",
        "日本",
        "👍",
        "❤\ufe0f",
        "葛\U000e0100",
    ):
        assert visible(text) == text


def test_markup_is_not_escaped_again() -> None:
    inner = element("b", "<")
    assert element("p", inner, None, 3, [inner, "&"]) == "<p><b>&lt;</b>3<b>&lt;</b>&amp;</p>"
    assert isinstance(inner + "<", str)
    assert not isinstance(inner + "<", Markup)


def test_attributes() -> None:
    assert element("td", class_="a b", aria_label='"', width=3, title=None) == (
        '<td class="a b" aria-label="&quot;" width="3"></td>'
    )
    assert element("meta", name="x") == '<meta name="x">'


def test_foreign_text_is_isolated_and_bounded() -> None:
    assert foreign("x", lang="vi") == '<bdi dir="auto" lang="vi">x</bdi>'
    assert foreign("y" * MAX_TEXT) == f'<bdi dir="auto">{"y" * MAX_TEXT}</bdi>'
    assert foreign("y" * 10_000) == f'<bdi dir="auto">{"y" * MAX_TEXT}…</bdi>'
    # The bound is of the text, and not of what it is written out as: no entity is cut in two.
    assert foreign("<" * 10_000).count("&lt;") == MAX_TEXT


class TestFigures:
    def widths(self, drawing: str) -> list[tuple[str, str]]:
        shape = r'<rect class="(s\d|blank)" x="([^"]+)" width="([^"]+)"'
        return [(style, f"{x} {width}") for style, x, width in re.findall(shape, drawing)]

    def test_parts_stand_one_after_the_other(self) -> None:
        drawing = bar([Part("s0", 20), Part("s3", 0), Part("s7", 25), Part("blank", 2)], 50, [])
        assert self.widths(drawing) == [("s0", "0% 40%"), ("s7", "40% 50%"), ("blank", "90% 4%")]
        # A part has its count written on it where there is room.
        assert re.findall(r"<text[^>]*>(\d+)<", drawing) == ["20", "25"]

    def test_counts_beyond_the_whole_stay_within(self) -> None:
        assert self.widths(bar([Part("s0", 30), Part("s7", 90)], 40, [])) == [
            ("s0", "0% 25%"),
            ("s7", "25% 75%"),
        ]
        assert self.widths(bar([Part("s0", 2**53)], 0, [])) == [("s0", "0% 100%")]
        assert self.widths(bar([Part("s0", 0)], 0, [])) == []

    def test_a_gauge_has_a_line_at_each_threshold(self) -> None:
        drawing = bar([], 10, [Gauge(5, 10, [Fraction(1, 2), Fraction(2, 3), Fraction(7, 2)], "s7")])
        assert re.findall(r'class="threshold" x1="([^"]+)"', drawing) == ["50%", "66.6667%", "100%"]
        assert re.findall(r'class="s7" y="\d+" width="([^"]+)"', drawing) == ["50%"]
        assert 'width="0%"' in bar([], 10, [Gauge(5, 0, [], "s7")])
        assert 'class="s7" y="31" width="100%"' in bar([], 10, [Gauge(50, 10, [], "s7")])

    def test_texts_at_thresholds_do_not_touch(self) -> None:
        drawing = scale(
            [(Fraction(1, 2), "a"), (Fraction(11, 20), "b"), (Fraction(1), "c"), (Fraction(3), "d")]
        )
        places = re.findall(r'x="([^"]+)" y="(\d+)" text-anchor="(\w+)"', drawing)
        assert places == [
            ("50%", "12", "middle"),
            ("55%", "28", "middle"),
            ("100%", "12", "end"),
            ("100%", "28", "end"),
        ]

    def test_no_threshold_is_written_over_another(self) -> None:
        """As many rows as are needed, and no picture of any height."""
        near = [Fraction(1, 2), Fraction(1, 2), Fraction(11, 20), Fraction(2, 3)]
        drawing = scale([(one, "x") for one in near])
        assert re.findall(r'y="(\d+)"', drawing) == ["12", "28", "44", "12"]
        assert 'height="48"' in drawing
        assert 'height="128"' in scale([(Fraction(1, 2), "x")] * 50)

    @pytest.mark.parametrize(
        ("levels", "shades"), [(2, [0, 7]), (3, [0, 3, 7]), (8, list(range(8))), (1, [0])]
    )
    def test_levels_have_shades_from_the_best_to_the_worst(self, levels: int, shades: list[int]) -> None:
        assert [shade(place, levels) for place in range(levels)] == [f"s{one}" for one in shades]


class TestContrast:
    """Every text of the style sheet can be read: WCAG 2.2, 1.4.3, at least 4.5 to 1, by day and by night."""

    def colours(self, block: str) -> dict[str, str]:
        return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block))

    def themes(self) -> list[dict[str, str]]:
        light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.S)[:2]
        paper = re.findall(r":root \{(.*?)\}", STYLE, re.S)[2]
        day = self.colours(light)
        return [day, day | self.colours(dark), day | self.colours(paper)]

    def luminance(self, colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
        channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(self, one: str, other: str) -> float:
        lighter, darker = sorted([self.luminance(one), self.luminance(other)], reverse=True)
        return (lighter + 0.05) / (darker + 0.05)

    def test_texts(self) -> None:
        for theme in self.themes():
            for ink, paper in (
                *((ink, "paper") for ink in ("ink", "soft", "link", "good", "bad", "open")),
                *((ink, f"{ink}-paper") for ink in ("good", "bad", "open")),
                *(("ink", f"{state}-paper") for state in ("good", "bad", "open")),
            ):
                assert self.contrast(theme[ink], theme[paper]) >= 4.5, (ink, paper)

    def test_counts_on_bars(self) -> None:
        theme = self.themes()[0]
        (dark,) = re.findall(r"^((?:\.bar \.on-[\w]+(?:, )?)+) \{ fill: (#\w+); \}", STYLE, re.M)
        for place in range(8):
            ink = dark[1] if f".on-s{place}" in dark[0] else "#ffffff"
            assert self.contrast(theme[f"s{place}"], ink) >= 4.5, place
        (stripe,) = re.findall(r"\.stripe \{ fill: (#\w+)", STYLE)
        assert self.contrast(stripe, "#ffffff") >= 4.5

    def test_neighbouring_levels_differ_in_lightness(self) -> None:
        theme = self.themes()[0]
        assert all(self.contrast(theme[f"s{a}"], theme[f"s{b}"]) >= 2.5 for a, b in pairwise([0, 3, 7]))
