"""Every snippet of the documentation is run, or says why not; and every command that a page names is one that there is.

Python and shell blocks of a page are run here, in order, in a directory with a ``record`` of a demonstration, unless
the page has a test of its own that runs them. In a ``console`` block a line that begins with ``$`` is a command, which
must end well; what follows is its output, in which a line ``...`` stands for anything.
"""

from __future__ import annotations

import ast
import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import click
import pytest
from benchmarks.__main__ import _parser as benchmarks_parser
from click.testing import CliRunner

import secretballot
from secretballot import ElectionLog, MemoryStore, Registrar, SQLiteRegister
from secretballot.cli import main

from ..support import elections
from ..support.snippets import DOCS, ROOT, Block, blocks, code

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the documentation is not beside the tests")

PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")]) if DOCS.is_dir() else []

#: Languages whose blocks are run.
RUN = ("python", "console", "bash")
#: Languages whose blocks say what there is, and do nothing.
SHOWN = ("text", "json", "nginx")

#: The tests of a page's own, which run its blocks.
ELSEWHERE = {
    "README.md": "e2e/test_readme.py",
    "docs/tutorials/first-election.md": "e2e/test_readme.py",
    "docs/tutorials/verify-a-record.md": "e2e/test_readme.py",
    "docs/tutorials/between-parties.md": "e2e/test_between_parties.py",
    "docs/howto/back-up-keys.md": "e2e/test_keys_pages.py",
    "docs/howto/choose-a-store.md": "e2e/test_snippets.py",
    "docs/howto/choose-a-tally.md": "e2e/test_readme.py",
    "docs/howto/deploy.md": "service/test_pages.py",
    "docs/howto/embed-front-end.md": "e2e/test_embed_page.py",
    "docs/howto/lose-a-trustee.md": "e2e/test_keys_pages.py",
    "docs/reference/http-api.md": "service/test_pages.py",
    "docs/reference/testing.md": "e2e/test_testing_page.py",
    "docs/spec/index.md": "e2e/test_schemas.py",
}

#: Pages whose code is partly without a language yet, and is not held against this.
UNTYPED = {
    "README.md",
    "docs/howto/embed.md",
    "docs/howto/verify-a-record.md",
    "docs/tutorials/verify-a-record.md",
}

#: What a line of commands begins with.
PROGRAMS = ("$", "secretballot", "pip", "python", "pytest", "make", "apt-get", "sudo", "createdb", "git")


#: What no block that is run may call: it changes the machine, or takes long.
CHANGES_THE_MACHINE = ("apt-get", "sudo", "pip", "npm", "cargo", "make", "systemctl", "ssh", "curl", "wget")


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _here(page: Path) -> list[Block]:
    """The blocks of a page that are run here."""
    return (
        []
        if _name(page) in ELSEWHERE
        else [one for one in blocks(page) if one.language in RUN and not one.excuse]
    )


def _changes_the_machine(text: str) -> bool:
    words = re.split(r"[\s|;&()'\"`$/]+", text)
    return any(word in CHANGES_THE_MACHINE for word in words) or bool(
        re.search(r"-m (pip|benchmarks|venv)\b", text)
    )


def _looks_like_code(text: str) -> bool:
    if any(line.split(" ")[0] in PROGRAMS for line in text.splitlines()):
        return True
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError):
        return False
    plain = (ast.Expr, ast.Tuple, ast.Constant, ast.Name)
    return any(
        not isinstance(one, plain) or isinstance(getattr(one, "value", None), ast.Call) for one in statements
    )


def _is_directive(block: Block) -> bool:
    return block.language.startswith("{")


# What a page may have.


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_code_says_what_it_is(page: Path) -> None:
    untyped = [one.name for one in blocks(page) if not one.language and _looks_like_code(one.text)]
    if _name(page) not in UNTYPED:
        assert untyped == [], (
            "code needs a language, and what is not run a comment (tests/support/snippets.py)"
        )
    known = (*RUN, *SHOWN, "")
    assert [one.name for one in blocks(page) if one.language not in known and not _is_directive(one)] == []
    unsafe = [one.name for one in _here(page) if one.language != "python" and _changes_the_machine(one.text)]
    assert unsafe == [], "what changes the machine is not run: say so in a comment"
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"^<!-- not run", text, re.M)) == sum(bool(one.excuse) for one in blocks(page))


def test_blocks_that_are_run_elsewhere_are() -> None:
    for page, module in ELSEWHERE.items():
        source = (ROOT / "tests" / module).read_text(encoding="utf-8")
        *_, folder, name = page.split("/") if "/" in page else ("", page)
        assert name in source, f"{module} does not know {page}"
        assert folder in source
        assert any(one.language in RUN and not one.excuse for one in blocks(ROOT / page)), page


def test_what_looks_like_code() -> None:
    for text in ("x = 1\n", "import json\n", "board.submit(entry)\n", "secretballot info\n", "$ ls\n"):
        assert _looks_like_code(text)
    for text in ("c2sp.org/tlog-proof@v1\nindex 1\n", "leaf 0   3c3d\n", "Seven steps\n", "P_1\n"):
        assert not _looks_like_code(text)


def test_what_changes_the_machine() -> None:
    for text in (
        "apt-get install x\n",
        "$ sudo -u board psql\n",
        "true && pip install .\n",
        "/usr/bin/make all\n",
    ):
        assert _changes_the_machine(text)
    with pytest.raises(AssertionError, match="here"):
        _run_shell("true apt-get", "here")
    for text in ("$ secretballot verify record\n", "cp -r record copy\n", "echo makeshift\n"):
        assert not _changes_the_machine(text)


# Running them.


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the record of a demonstration."""
    folder = tmp_path_factory.mktemp("snippets")
    made = CliRunner().invoke(main, ["demo", "--out", str(folder / "record")])
    assert made.exit_code == 0, made.output
    return folder


@pytest.fixture
def workplace(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to work in, with this very package's command on the path."""
    shutil.copytree(prepared / "record", tmp_path / "work" / "record")
    command = tmp_path / "bin" / "secretballot"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m secretballot "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(secretballot.__file__).parents[1]))
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def _commands(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output that is shown."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.M)
    assert not parts[0], "a console block begins with a command"
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _check_output(shown: str, got: str, where: str) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.OutputChecker().check_output(shown, got, flags), f"{where} gives\n{got}"


def _run_shell(script: str, where: str) -> str:
    assert not _changes_the_machine(script), where
    ended = subprocess.run(
        ["bash", "-uo", "pipefail", "-c", script], capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, (where, ended.stdout, ended.stderr)
    return ended.stdout


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("page", [page for page in PAGES if _here(page)], ids=_name)
def test_a_page(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    for block in _here(page):
        if block.language == "console":
            for command, shown in _commands(block.text):
                got = _run_shell(command, block.name)
                if shown:
                    _check_output(shown, got, block.name)
        elif block.language == "bash":
            _run_shell(f"set -e\n{block.text}", block.name)
        else:
            with monkeypatch.context() as patch:
                patch.setattr(sys, "stdout", StringIO())
                exec(compile(block.text, block.name, "exec"), names)  # noqa: S102 - the documentation's own code


def test_what_a_console_block_is_held_against(workplace: Path) -> None:
    assert (workplace / "record").is_dir()
    assert _commands("$ a\nx\ny\n$ b\n") == [("a", "x\ny\n"), ("b", "")]
    _check_output("one\n...\nthree\n", _run_shell("seq 1 3 | sed 's/1/one/;s/3/three/'", "here"), "here")
    with pytest.raises(AssertionError, match="here gives"):
        _check_output("one\n...\nthree\n", "one\ntwo\n", "here")
    with pytest.raises(AssertionError):
        _run_shell("secretballot verify record --no-such-option", "here")


def test_a_register_is_kept_as_choose_a_store_tells(tmp_path: Path) -> None:
    made, after_a_crash = code(DOCS / "howto" / "choose-a-store.md", "python")
    simulation = elections.simulate([elections.choice()])
    simulation.hold_ceremony()
    names = {
        **{"SQLiteRegister": SQLiteRegister, "Registrar": Registrar, "election": simulation.election},
        **{"registrar_keys": simulation.registrar_keys[0], "names": simulation.roll, "log": simulation.log},
        **{"board": simulation.board, "check_session": lambda voter: None},
    }
    exec(made.replace("/srv/registrar", str(tmp_path)), names)  # noqa: S102 - the documentation's own code
    for voter in simulation.roll[:2]:
        holder = secretballot.Holder(simulation.election)
        names["registrar"].issue(voter, holder.request("registrar-1"))  # type: ignore[attr-defined]
    exec(after_a_crash, names)  # noqa: S102 - likewise
    assert simulation.log.issued == {"registrar-1": 2}
    names["register"].close()  # type: ignore[attr-defined]
    anew = secretballot.Board(MemoryStore(), simulation.board_keys, ElectionLog())
    for entry in simulation.store.entries():
        anew.submit(entry)
    exec(after_a_crash, {**names, "log": anew.state, "registrar": _Issued()})  # noqa: S102 - likewise


class _Issued:
    """A registrar whose lines are all in the log."""

    id = "registrar-1"

    def entries(self, start: int) -> list[bytes]:
        assert start == 3
        return []


# Commands that are named.


def _calls(text: str, program: str) -> list[list[str]]:
    """The arguments of every call of a program in lines of shell."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        if f"{program} " not in line:
            continue
        words = list(shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=True))
        if words[:1] == [program]:
            end = next((i for i, word in enumerate(words) if set(word) <= set("();<>|&")), len(words))
            found.append(words[1:end])
    return found


def _resolve(words: list[str]) -> tuple[click.Command, list[str]]:
    command: click.Command = main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"there is no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def _check_call(words: list[str]) -> None:
    """Command and options are ones that there are. What stands for something, as RECORD does, may stand there."""
    command, rest = _resolve(words)
    context = click.Context(command, info_name=command.name)
    try:
        command.make_parser(context).parse_args(rest)
    except click.UsageError as error:
        raise AssertionError(f"secretballot {' '.join(words)}: {error.message}") from None


def _check_mention(mention: str) -> None:
    words = mention.split()[1:]
    path = [word for word in words if re.fullmatch(r"[a-z][a-z-]*", word)]
    command: click.Command = main
    for word in path:
        if not isinstance(command, click.Group):
            break
        assert word in command.commands, mention
        command = command.commands[word]
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {
        "--help",
        "--version",
    }
    for option in re.findall(r"(?<!\S)(--[a-z-]+)", mention):
        assert option in options, mention


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_that_a_page_names_are_there(page: Path) -> None:
    if _name(page) != "docs/tutorials/between-parties.md":  # A script, which is run.
        for block in blocks(page):
            if block.language in ("console", "bash", "") and "secretballot " in block.text:
                for words in _calls(block.text, "secretballot"):
                    _check_call(words)
            for words in _calls(block.text, "python") if "-m benchmarks" in block.text else ():
                if words[:2] == ["-m", "benchmarks"]:
                    benchmarks_parser().parse_args(words[2:])
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for mention in re.findall(r"`(secretballot [a-z-]+[^`]*)`", prose):
        _check_mention(mention)


@pytest.mark.parametrize(
    "line",
    [
        "secretballot verifi record",
        "secretballot verify record --electoin 00",
        "secretballot voter caste one",
    ],
)
def test_a_command_that_is_not_there_is_found(line: str) -> None:
    (words,) = _calls(line + "  # a comment\n", "secretballot")
    with pytest.raises(AssertionError):
        _check_call(words)
    with pytest.raises(AssertionError):
        _check_mention(line)
