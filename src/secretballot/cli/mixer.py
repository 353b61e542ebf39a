"""``secretballot mixer``: a round of mixing."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import PhaseError
from ..tally.mixer import MixerKeys
from .home import (
    Home,
    Passphrase,
    at_options,
    home_argument,
    id_option,
    json_option,
    label_option,
    labels_of,
    passphrase_options,
    say,
    say_made,
)
from .waiting import until, wait_option


@click.group()
def mixer() -> None:
    """A mixer: shuffles the ballots' lines, and proves that it did nothing else.

    \b
    new  a key, before the manifest is made
    run  mix, once voting is closed and sealed
    """


@mixer.command()
@home_argument
@id_option
@label_option
@passphrase_options
@json_option
def new(home: Path, role_id: str, labels: tuple[str, ...], passphrase: Passphrase, as_json: bool) -> None:
    """Make a mixer's key in the directory DIR. The authority is given DIR/public.json."""
    made = Home.create(home, "mixer", public=True)
    named = labels_of(labels, role_id)
    keys = made.make_keys(role_id, passphrase, MixerKeys.load, lambda: MixerKeys.generate(role_id, named))
    say_made(as_json, f"mixer {keys.id}", made, id=keys.id)


@mixer.command()
@home_argument
@at_options
@wait_option
@passphrase_options
@json_option
def run(
    home: Path,
    wait: float,
    as_json: bool,
    passphrase: Passphrase,
    at: str | None,
    election: bytes | None,
    board_passphrase_file: Path | None,
) -> None:
    """Mix the next round. A mixer that has mixed has nothing more to do; one that is not needed neither."""
    role = Home(home, "mixer")
    keys = MixerKeys.load(role.key, passphrase=passphrase.ask())
    access = role.access(at, board_passphrase_file)
    follower = role.follower(access, election)

    def step() -> str:
        mixing = follower.catch_up().mixing
        if any(one.mixer == keys.id for one in mixing.rounds):
            return "has mixed"
        if mixing.is_complete:
            return "is not needed"
        try:
            access.post(keys.join(follower.log.election).mix(mixing))
        except PhaseError:
            # Another mixer was faster, or this one's reply was lost: the log says which.
            mixing = follower.catch_up().mixing
            if not mixing.is_complete and all(one.mixer != keys.id for one in mixing.rounds):
                access.post(keys.join(follower.log.election).mix(mixing))
            elif mixing.is_complete and all(one.mixer != keys.id for one in mixing.rounds):
                return "is not needed"
        return "has mixed"

    done = until(wait, step)
    say(as_json, f"mixer {keys.id} {done}", id=keys.id, mixed=done == "has mixed")
