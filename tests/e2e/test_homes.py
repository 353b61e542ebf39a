"""A role's directory: what is made of one, and which are refused."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from secretballot.cli.home import Home
from secretballot.errors import StoreError

from ..support.roles import Run, prepare

pytestmark = pytest.mark.usefixtures("cheap_key_files")


def test_a_directory_of_something_else_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "www"
    other.mkdir()
    (other / "index.html").write_text("x", encoding="utf-8")
    for mode in (0o755, 0o1777, 0o770):
        other.chmod(mode)
        run("trustee", "new", "www", "--id", "m", code=1)
        run("voter", "request", "www", "--at", "x", code=1)
        run("voter", "check", "www", "--at", "x", "--election", "0" * 64, code=1)
        assert stat.S_IMODE(other.stat().st_mode) == mode
        assert [path.name for path in other.iterdir()] == ["index.html"]
    # An empty one becomes the role's.
    (tmp_path / "empty").mkdir(mode=0o755)
    run("trustee", "new", "empty", "--id", "m")
    assert stat.S_IMODE((tmp_path / "empty").stat().st_mode) == 0o700


@pytest.mark.parametrize("command", ["cast", "challenge", "check"])
def test_only_a_request_makes_a_voters_directory(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir(mode=0o755)
    for home in ("nowhere", "empty"):
        refused = run("voter", command, home, "--at", "https://example.org", "--election", "0" * 64, code=1)
        assert "is the directory of no voter: make one by `secretballot voter request`" in refused.stderr
    assert not (tmp_path / "nowhere").exists()
    assert stat.S_IMODE((tmp_path / "empty").stat().st_mode) == 0o755
    assert not list((tmp_path / "empty").iterdir())


def test_a_directory_that_others_can_write_into(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "mai"
    run("trustee", "new", "mai", "--id", "mai")
    arguments = ("trustee", "join", "mai")
    for mode in (0o720, 0o702, 0o777):
        home.chmod(mode)
        assert "mai: others can write into it: " in run(*arguments, code=1).stderr
        assert stat.S_IMODE(home.stat().st_mode) == mode
    for mode in (0o700, 0o755):
        home.chmod(mode)
        assert "which board?" in run(*arguments, code=2).stderr
    # One that somebody prepared.
    trap = tmp_path / "trap"
    trap.mkdir()
    trap.chmod(0o777)
    (trap / "settings.json").write_text('{"role":"voter"}', encoding="utf-8")
    refused = run("voter", "request", "trap", "--at", "x", "--election", "0" * 64, code=1)
    assert "others can write into it" in refused.stderr
    monkeypatch.setattr(os, "geteuid", lambda: home.stat().st_uid + 1)
    owned_by_root = home.stat().st_uid == 0
    refused = run(*arguments, code=2 if owned_by_root else 1)
    assert owned_by_root or "mai: belongs to another user" in refused.stderr


def test_links_in_a_directory(run: Run, tmp_path: Path) -> None:
    announced = prepare(run)
    for name in ("lock", "memory"):
        (tmp_path / "mai" / name).unlink(missing_ok=True)
        (tmp_path / "mai" / name).symlink_to(tmp_path / "elsewhere")
    run("trustee", "join", "mai", "--at", "board", "--election", announced, code=1)
    with pytest.raises(StoreError):
        Home(tmp_path / "mai", "trustee").memory.claim("ballots", b"one")
    assert not (tmp_path / "elsewhere").exists()
