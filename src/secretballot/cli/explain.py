"""``secretballot explain``: what a rule asks, what its failure means, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterable

import click
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from ..errors import ArgumentError
from ..report.explanations import LANGUAGES, PARTS, Explanation, explain, headings, specification
from ..verify import RULES
from .home import json_option
from .terminal import Terminal


@click.command("explain")
@click.argument("rules", metavar="[RULE]...", nargs=-1)
@json_option
@click.option(
    "--lang", "language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="The language."
)
def explain_rules(rules: tuple[str, ...], as_json: bool, language: str) -> None:
    """Explain each RULE of verification, such as L5: what it asks, why, what may have broken it, and what to do.

    Without a RULE, all of them are listed.
    """
    try:
        explained = [explain(rule, language) for rule in rules or RULES]
    except ArgumentError as error:
        raise click.BadParameter(error.message, param_hint="'RULE'") from None
    if as_json:
        members = [{**one._asdict(), "step": RULES[one.rule].step} for one in explained]
        click.echo(json.dumps({"language": language, "rules": members}, ensure_ascii=False))
        return
    out = Terminal()
    if not rules:
        out.show(*(Text(f"{one.rule}  {one.title}") for one in explained))
        return
    for place, one in enumerate(explained):
        out.show(*([""] if place else []), *_told(one, language))
        for reference in (one.reference, "spec/rules.md"):
            click.echo(f"  {_path(reference)}")  # A path is not wrapped: it is to be copied.


def _told(one: Explanation, language: str) -> Iterable[RenderableType]:
    words = headings(language)
    yield Text(f"{one.rule}  {one.title}", style="bold")
    for part in PARTS:
        yield ""
        yield Text(words[part], style="bold")
        yield Padding(Text(getattr(one, part)), (0, 0, 0, 2))
    yield ""
    yield Text(f"{words['counts']}: {one.unit}", style="dim")
    yield Text(f"{words['specified']}:", style="dim")


def _path(reference: str) -> str:
    """Where a section of the specification can be read on this machine; where it is in the source, if it cannot."""
    page, hash_, section = reference.partition("#")
    found = specification(page.removeprefix("spec/"))
    return f"{found or f'docs/{page}'}{hash_}{section}"
