"""``secretballot mixer``: a round of mixing."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import PhaseError
from ..tally.mixer import MixerKeys
from .home import Home, home_argument, id_option, json_option, label_option, labels_of, say, say_made
from .party import Party
from .passphrase import Passphrase, passphrase_options
from .place import BoardOptions, board_options
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
@board_options
@wait_option
@passphrase_options
@json_option
def run(home: Path, wait: float, as_json: bool, passphrase: Passphrase, board: BoardOptions) -> None:
    """Mix the next round. A mixer that has mixed has nothing more to do; one that is not needed neither."""
    own = Home(home, "mixer")
    keys = MixerKeys.load(own.key, passphrase=passphrase.ask())
    party = Party(own, board)

    def step(again: bool = True) -> str:
        log = party.log()
        if any(one.mixer == keys.id for one in log.mixing.rounds):
            return "has mixed"
        if log.mixing.is_complete:
            return "is not needed"
        try:
            party.access.post(keys.join(log.election).mix(log.mixing))
        except PhaseError:
            # Another mixer was faster, or this one's reply was lost: the log says which.
            if not again:
                raise
            return step(again=False)
        return "has mixed"

    done = until(wait, step)
    say(as_json, f"mixer {keys.id} {done}", id=keys.id, mixed=done == "has mixed")
