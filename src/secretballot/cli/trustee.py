"""``secretballot trustee``: the key ceremony, and decryption."""

from __future__ import annotations

from pathlib import Path

import click

from ..ceremony.trustee import Committed, Revealed, TrusteeKeys
from ..errors import CeremonyError, PhaseError, RefusedError
from ..tally import ElectionLog
from ..tally.trustee import DecryptingTrustee
from .home import Home, home_argument, id_option, json_option, label_option, labels_of, say, say_made
from .party import Party
from .passphrase import Passphrase, passphrase_options
from .place import BoardOptions, board_options
from .terminal import NotYetError
from .waiting import until, wait_option

#: The state of the ceremony, sealed.
CEREMONY = "ceremony.key"


@click.group()
def trustee() -> None:
    """A trustee: makes the election key with the others, and decrypts with enough of them.

    \b
    new      keys, before the manifest is made
    join     the first step of the ceremony
    deal     the second, once all have joined
    confirm  the third, once all have dealt
    decrypt  after voting, and after mixing where something is mixed
    """


@trustee.command()
@home_argument
@id_option
@label_option
@passphrase_options
@json_option
def new(home: Path, role_id: str, labels: tuple[str, ...], passphrase: Passphrase, as_json: bool) -> None:
    """Make a trustee's keys in the directory DIR. The authority is given DIR/public.json."""
    made = Home.create(home, "trustee", public=True)
    made.start_memory()
    named = labels_of(labels, role_id)
    keys = made.make_keys(role_id, passphrase, TrusteeKeys.load, lambda: TrusteeKeys.generate(role_id, named))
    say_made(as_json, f"trustee {keys.id}", made, id=keys.id)


class _Trustee(Party):
    """A trustee at work."""

    def __init__(self, home: Path, passphrase: Passphrase, board: BoardOptions) -> None:
        own = Home(home, "trustee")
        self.passphrase = passphrase.ask()
        self.keys = TrusteeKeys.load(own.key, passphrase=self.passphrase)
        self.id = self.keys.id
        self.state_file = own.file(CEREMONY)
        super().__init__(own, board)

    def resume(self, log: ElectionLog) -> Committed | Revealed:
        if not self.state_file.exists():
            raise NotYetError("this trustee has not joined the ceremony")
        return self.keys.resume(self.state_file, log.election, passphrase=self.passphrase)


@trustee.command()
@home_argument
@board_options
@wait_option
@passphrase_options
@json_option
def join(home: Path, wait: float, as_json: bool, passphrase: Passphrase, board: BoardOptions) -> None:
    """Join the ceremony: draw the secret, and post the hash of the message."""
    role = _Trustee(home, passphrase, board)

    def step() -> None:
        log = role.log()
        if role.state_file.exists():
            state = role.resume(log)
            entry = state.entry() if isinstance(state, Committed) else b""
        else:
            if role.id in log.commitments:
                raise RefusedError(
                    "the log has this trustee's commitment, and what it is of is lost: restore the file",
                    item=str(role.state_file),
                )
            state, entry = role.keys.join(log.election)
            # Before anybody sees it: a second drawing would be another message, which nobody takes.
            state.save(role.state_file, passphrase=role.passphrase)
        if role.id not in log.commitments:
            role.access.submit(entry)
        elif isinstance(state, Committed) and log.commitments[role.id] != state.commitment:
            raise RefusedError(
                "the log has another commitment of this trustee than this file: restore the other one",
                item=str(role.state_file),
            )

    until(wait, step)
    say(as_json, f"trustee {role.id} has joined", id=role.id, step="join")


@trustee.command()
@home_argument
@board_options
@wait_option
@passphrase_options
@json_option
def deal(home: Path, wait: float, as_json: bool, passphrase: Passphrase, board: BoardOptions) -> None:
    """Deal: post the message with the shares for the others, once all have joined."""
    role = _Trustee(home, passphrase, board)

    def step() -> None:
        log = role.log()
        state = role.resume(log)
        if isinstance(state, Committed):
            _await(log, log.commitments, "joined")
            state, _ = state.reveal(log.commitments)
            # Before it is posted: whoever sees the message must not find this trustee accepting other hashes.
            state.save(role.state_file, passphrase=role.passphrase, replace=True)
        if role.id not in log.messages:
            role.access.submit(state.entry())

    until(wait, step)
    say(as_json, f"trustee {role.id} has dealt", id=role.id, step="deal")


@trustee.command()
@home_argument
@board_options
@wait_option
@passphrase_options
@json_option
def confirm(home: Path, wait: float, as_json: bool, passphrase: Passphrase, board: BoardOptions) -> None:
    """Confirm the election key: check every message, and sign what came of them; or accuse whose is wrong."""
    role = _Trustee(home, passphrase, board)

    def step() -> None:
        log = role.log()
        if role.id in log.confirmations:
            return
        state = role.resume(log)
        if isinstance(state, Committed):
            raise NotYetError("this trustee has not dealt")
        _await(log, log.messages, "dealt")
        try:
            _, entry = state.confirm(log.messages)
        except PhaseError:
            raise
        except CeremonyError as error:
            if error.culprit is not None and role.id not in log.complaints:
                role.access.submit(state.complain(error))
            raise
        role.access.submit(entry)

    until(wait, step)
    say(as_json, f"trustee {role.id} has confirmed", id=role.id, step="confirm")


@trustee.command()
@home_argument
@click.option("--accept-small-group", is_flag=True, help="Decrypt fewer ballots than the manifest's minimum.")
@board_options
@wait_option
@passphrase_options
@json_option
def decrypt(
    home: Path,
    accept_small_group: bool,
    wait: float,
    as_json: bool,
    passphrase: Passphrase,
    board: BoardOptions,
) -> None:
    """Post this trustee's shares of the decryption, of the log that it verified itself."""
    role = _Trustee(home, passphrase, board)

    def step() -> None:
        log = role.log()
        index = log.election.manifest.trustee_index(role.id)
        tally, mixing = log.tally, log.mixing
        if not tally.ballots:
            return
        holder = role.keys.recover(log.election, log.messages, log.confirmations)
        decrypting = DecryptingTrustee(holder, role.home.memory)
        if tally.ciphertexts and index not in log.shares:
            role.access.submit(decrypting.decrypt(tally, accept_small_group=accept_small_group))
        if mixing.needed and index not in log.line_shares:
            if not mixing.is_complete:
                rounds = f"{len(mixing.rounds)} of {mixing.needed} rounds have been mixed"
                summed = "the sums are decrypted; " if tally.ciphertexts else ""
                raise NotYetError(f"{summed}{rounds}")
            role.access.post(decrypting.decrypt_lines(mixing, accept_small_group=accept_small_group))

    until(wait, step)
    say(as_json, f"trustee {role.id} has decrypted", id=role.id, step="decrypt")


def _await(log: ElectionLog, done: dict[str, bytes], verb: str) -> None:
    missing = [one.id for one in log.election.manifest.trustees if one.id not in done]
    if missing:
        raise NotYetError(f"trustee {', '.join(missing)} has not {verb} yet")
