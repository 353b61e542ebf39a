"""An election of roles that work by their commands, each in a directory of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from click.testing import Result

DRAFT: dict[str, Any] = {
    "labels": {"en": "Chair"},
    "roll_size": 3,
    "minimum_group": 1,
    "quorum": 2,
    "contests": [
        {
            "kind": "choice",
            "id": "chair",
            "labels": {"en": "Chair"},
            "options": [{"id": "chi", "labels": {"en": "Chi"}}, {"id": "dung", "labels": {"en": "Dung"}}],
            "base": "collected",
            "rules": [],
            "tally": "homomorphic",
            "allow_blank": True,
        }
    ],
}

#: Runs a command, and asserts its exit code.
Run = Callable[..., Result]


def prepare(
    run: Run, draft: dict[str, Any] = DRAFT, store: Sequence[str] = (), register: Sequence[str] = ()
) -> str:
    """Everybody's keys, and the manifest on the board; gives the election's id."""
    run("board", "new", "board", "--origin", "example.org/chair", *store)
    run("registrar", "new", "registrar", "--id", "registry", *register)
    parties = ["board", "registrar"]
    for name in ("mai", "nam", "oanh"):
        run("trustee", "new", name, "--id", name)
        parties.append(name)
    if draft.get("mixing_rounds"):
        for name in ("phuc", "quyen", "sang"):
            run("mixer", "new", name, "--id", name)
            parties.append(name)
    Path("draft.json").write_text(json.dumps(draft), encoding="utf-8")
    named = [argument for party in parties for argument in ("--party", f"{party}/public.json")]
    arguments = ["election", "new", "official", "--draft", "draft.json", "--at", "board", *named, "--json"]
    made = run(*arguments, "--board-passphrase-file", "pass")
    announced = json.loads(made.stdout)["election"]
    assert json.loads(run(*arguments, "--board-passphrase-file", "pass").stdout)["election"] == announced
    return str(announced)


def hold_ceremony(run: Run, announced: str) -> tuple[str, ...]:
    at = ("--at", "board", "--election", announced)
    for name in ("mai", "nam", "oanh"):
        run("trustee", "join", name, *at)
    for step in ("deal", "confirm"):
        for name in ("mai", "nam", "oanh"):
            run("trustee", step, name)
    run("election", "open", "official", "issuance")
    return at


def enroll(run: Run, at: tuple[str, ...]) -> dict[str, str]:
    """The roll, and a credential for two voters, who handed in their requests at a desk; gives the codes."""
    Path("roll.txt").write_text("An\nBình\n\n  Chi \n", encoding="utf-8")
    run("registrar", "roll", "registrar", "roll.txt", "--codes", "codes.csv", *at)
    codes = dict(line.split(",") for line in Path("codes.csv").read_text(encoding="utf-8").splitlines()[1:])
    for home, name in (("an", "An"), ("binh", "Bình")):
        asked = run("voter", "request", home, "--write", f"{home}-requests", *at)
        assert "requests for registry are in" in asked.stdout
        for _ in range(2):
            run(
                "registrar", "issue", "registrar", name, f"{home}-requests/registry.request", f"{home}.answer"
            )
        taken = run("voter", "request", home, "--answer", f"registry={home}.answer", "--json")
        assert json.loads(taken.stdout) == {"complete": True, "missing": []}
    return codes
