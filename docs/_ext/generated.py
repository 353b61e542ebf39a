"""Pages made from the code when the documentation is built: commands, rules, schemas, attacks and public
names.

Each is a directive that takes what a function of the same name writes, in Markdown. Nothing of it is kept.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

DOCS = Path(__file__).resolve().parents[1]

#: The packages of public names, in the order of an election.
PACKAGES = (
    "secretballot",
    "secretballot.manifest",
    "secretballot.ceremony",
    "secretballot.credential",
    "secretballot.credential.register",
    "secretballot.ballot",
    "secretballot.ballot.contest_kinds",
    "secretballot.board",
    "secretballot.board.store",
    "secretballot.tally",
    "secretballot.verify",
    "secretballot.report",
    "secretballot.report.page",
    "secretballot.client",
    "secretballot.client.remote",
    "secretballot.data",
    "secretballot.data.marks",
    "secretballot.testing",
    "secretballot.testing.tamper",
)


# Commands.


def commands(_: str = "") -> str:
    """Every command with its usage, its help and its options."""
    from secretballot.cli import main

    return "\n\n".join(_command(path, command) for path, command in leaves(main, "secretballot"))


def leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """The commands that do something, by the words that call them."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name, inner in command.commands.items():
        yield from leaves(inner, f"{path} {name}")


def _command(path: str, command: click.Command) -> str:
    ctx = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(ctx)])
    parts = [f"## {path}", f"```text\n{usage}\n```", *map(_paragraph, _help(command).split("\n\n"))]
    options = [one for one in command.get_params(ctx) if isinstance(one, click.Option)]
    records = [record for one in options if (record := one.get_help_record(ctx))]
    rows = [f"| `{_cell(names)}` | {_cell(_options_as_code(text))} |" for names, text in records]
    return "\n\n".join([*parts, "\n".join(["| option | |", "|---|---|", *rows])])


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "")


def _paragraph(text: str) -> str:
    r"""A paragraph of a help text; one that begins with \b keeps its lines."""
    if text.startswith("\b"):
        return f"```text\n{text.removeprefix(chr(8)).strip()}\n```"
    return _options_as_code(" ".join(text.split()))


def _options_as_code(text: str) -> str:
    return re.sub(r"(?<![`\w])(--[a-z][a-z-]*)", r"`\1`", text)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


# Rules.


def rules(language: str) -> str:
    """Every rule with its explanation."""
    from secretballot.report.explanations import PARTS, explain, headings
    from secretballot.verify import RULES

    words = headings(language)
    parts = []
    for rule in RULES.values():
        told = explain(rule.id, language)
        parts.append(f"## {rule.id}: {told.title}")
        parts += [f"**{words[part]}.** {getattr(told, part)}" for part in PARTS]
        where = f"[{rule.reference}](../{rule.reference}), [{rule.id}]({_anchor(rule.id, rule.title)})"
        parts.append(f"{words['counts']}: {told.unit}. {words['specified']} {where}.")
    return "\n\n".join(parts)


def _anchor(rule: str, title: str) -> str:
    slug = re.sub(r"[^\w\- ]", "", f"{rule} {title}").strip().lower().replace(" ", "-")
    return f"../spec/rules.md#{slug}"


# Schemas.


def schemas(_: str = "") -> str:
    """Every JSON Schema: a link to it, what it is of, and where that is specified."""
    from secretballot.report.schemas import MODELS

    table = (DOCS / "spec" / "index.md").read_text(encoding="utf-8")
    where = dict(re.findall(r"^\| `([a-z-]+)\.schema\.json` \| \[[^]]*\]\(([^)]*)\)", table, re.M))
    rows = ["| schema | what it is of | specified in |", "|---|---|---|"]
    for name, model in MODELS.items():
        link = where[name] if where[name].startswith("..") else f"../spec/{where[name]}"
        file = f"{name}.schema.json"
        purpose = _first_sentence(model)
        rows.append(f'| <a href="../spec/schemas/{file}">{file}</a> | {purpose} | [{name}]({link}) |')
    return "\n".join(rows)


def _first_sentence(thing: object) -> str:
    text = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return _cell(re.split(r"(?<=[.]) (?=[A-Z])", text)[0].replace("``", "`"))


# Attacks.


def attacks(_: str = "") -> str:
    """Every attack of the corpus of tampered records, by who makes it."""
    from secretballot.testing.tamper import ATTACKS

    parts = []
    for where in dict.fromkeys(attack.run.__module__ for attack in ATTACKS):
        module = importlib.import_module(where)
        party = where.rpartition(".")[2].removeprefix("by_")
        rows = ["| name | what was done | rules | source |", "|---|---|---|---|"]
        for attack in module.ATTACKS:
            rules_of = ", ".join(attack.rules) or str(attack.verdict)
            cells = [f"`{attack.name}`", attack.title, rules_of, attack.source]
            rows.append(f"| {' | '.join(map(_cell, cells))} |")
        parts += [f"### By the {party}", _first_sentence(module), "\n".join(rows)]
    return "\n\n".join(parts)


# Public names.


def names(package: str) -> list[str]:
    """The public names of a package that are not those of :mod:`secretballot` too, which stand there."""
    own: list[str] = importlib.import_module(package).__all__
    above = [] if package == "secretballot" else importlib.import_module("secretballot").__all__
    return [name for name in own if name not in above]


def api(_: str = "") -> str:
    """Every public name of every package, with its docstring."""
    parts = []
    for package in PACKAGES:
        module = importlib.import_module(package)
        parts.append(f"## `{package}`\n\n{_first_sentence(module)}")
        again = [f"`{name}`" for name in module.__all__ if name not in names(package)]
        if again:
            parts.append(f"Told under `secretballot`: {', '.join(again)}.")
        directives = "\n".join(_directive(package, name) for name in names(package))
        if directives:
            parts.append(f"````{{eval-rst}}\n{directives}\n````")
    return "\n\n".join(parts)


def _directive(package: str, name: str) -> str:
    value = getattr(importlib.import_module(package), name)
    if inspect.isclass(value):
        return f".. autoclass:: {package}.{name}\n   :members:\n   :exclude-members: model_config\n"
    if inspect.isfunction(value):
        return f".. autofunction:: {package}.{name}\n"
    return f".. py:data:: {package}.{name}\n\n   {comment_on(package, name)}\n"


@cache
def comment_on(package: str, name: str) -> str:
    """What the comment on a constant or a type says, wherever in the package it is made, if there is one."""
    module = importlib.import_module(package)
    inner = [one.name for one in pkgutil.iter_modules(module.__path__)] if hasattr(module, "__path__") else []
    for where in (package, *(f"{package}.{one}" for one in inner)):
        documented = ModuleAnalyzer.for_module(where).find_attr_docs()
        if ("", name) in documented:
            return " ".join(" ".join(documented["", name]).split())
    return ""


def shorten_signature(app: Any, what: str, name: str, thing: Any, *_: Any) -> tuple[str, str] | None:
    """Of a record its members, and their defaults: the limits of each are in its schema."""
    fields = getattr(thing, "model_fields", None)
    if what != "class" or not fields:
        return None
    members = [key if one.is_required() else f"{key}={one.default!r}" for key, one in fields.items()]
    return f"(*, {', '.join(members)})", ""


# The directives.


def _directive_of(write: Any, optional: int) -> type[SphinxDirective]:
    class Generated(SphinxDirective):
        optional_arguments = optional
        has_content = False

        def run(self) -> list[nodes.Node]:
            text = write(*self.arguments)
            return self.parse_text_to_nodes(text, allow_section_headings=True)

    return Generated


def setup(app: Sphinx) -> dict[str, bool]:
    for write, arguments in ((commands, 0), (rules, 1), (schemas, 0), (attacks, 0), (api, 0)):
        app.add_directive(f"generated-{write.__name__}", _directive_of(write, arguments))
    app.connect("autodoc-process-signature", shorten_signature)
    return {"parallel_read_safe": True}
