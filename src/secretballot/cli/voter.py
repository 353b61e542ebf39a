"""``secretballot voter``: the credential, the ballot, and what became of it."""

from __future__ import annotations

from pathlib import Path

import click

from ..ballot import format_code
from ..ballot.voter import SealedBallot, VoterDevice
from ..client.votes import Vote, Votes
from ..credential.holder import Holder
from ..crypto.receipt import parse_receipt, verify_receipt
from ..errors import RefusedError
from ..files import write_file
from .choices import ask_choices, choices_option, read_choices
from .home import SETTINGS, Home, home_argument, json_option, say
from .party import Party
from .passphrase import Passphrase, first_line, passphrase_options
from .place import BoardOptions, board_options
from .terminal import NotYetError
from .tracing import Trace
from .waiting import until, wait_option

#: What was sent, sealed.
VOTES = "votes"


@click.group()
def voter() -> None:
    """A voter: asks for a credential, votes, and checks that the ballot is there.

    \b
    request    a credential from every registrar
    cast       a ballot; or have it opened, to see that the device told the truth
    challenge  seal a ballot and have it opened
    check      what became of every ballot
    """


class _Voter(Party):
    """A voter at work."""

    def __init__(self, home: Path, passphrase: Passphrase, board: BoardOptions, *, new: bool = False) -> None:
        """``new`` makes the directory where there is none."""
        is_new = new and not (home / SETTINGS).exists()
        self.passphrase = passphrase
        super().__init__(Home.create(home, "voter") if is_new else Home(home, "voter"), board)

    def holder(self) -> Holder:
        if not self.home.key.exists():
            raise NotYetError("there is no credential yet: ask for one by `secretballot voter request`")
        election = self.follower.catch_up_to("issuance").election
        return Holder.load(self.home.key, election, passphrase=self.passphrase.ask())

    def votes(self, holder: Holder) -> Votes:
        return Votes(self.home.file(VOTES), holder, passphrase=self.passphrase.ask())

    def send(self, votes: Votes, vote: Vote, wait: float) -> int:
        """Sends a ballot that is kept, and keeps its receipt; gives its place in the log."""
        receipt = until(wait, lambda: self.access.submit(vote.entry))
        board = self.follower.log.election.manifest.board
        verify_receipt(receipt, vote.entry, board.verifier(), board.origin)
        votes.answer(vote, receipt)
        return parse_receipt(receipt).index

    def save(self, holder: Holder, *, first: bool = False) -> None:
        """Keeps the holder; the first time in no other's place, whose credential would be lost."""
        holder.save(self.home.key, passphrase=self.passphrase.ask(), replace=not first)


@voter.command()
@home_argument
@click.option("--name", "voter_name", metavar="NAME", help="The voter's name on the roll.")
@click.option(
    "--code-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file whose first line is the access code. [default: it is asked for]",
)
@click.option(
    "--registrar", "registrars", multiple=True, metavar="[ID=]URL", help="Each registrar's service."
)
@click.option(
    "--write",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a request for each registrar here instead.",
)
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="ID=FILE",
    help="A registrar's answer to a request that was handed in.",
)
@board_options
@wait_option
@passphrase_options
@json_option
def request(
    home: Path,
    voter_name: str | None,
    code_file: Path | None,
    registrars: tuple[str, ...],
    write: Path | None,
    answers: tuple[str, ...],
    wait: float,
    as_json: bool,
    passphrase: Passphrase,
    board: BoardOptions,
) -> None:
    """Ask every registrar for its signature, over its service, or by files at a desk.

    The key is on the disk before anybody is asked: where a reply is lost, ask again by the same command.
    """
    role = _Voter(home, passphrase, board, new=True)
    log = until(wait, lambda: role.follower.catch_up_to("issuance"))
    if role.home.key.exists():
        holder = role.holder()
    else:
        holder = Holder(log.election)
        role.passphrase.ask(new=True)
        role.save(holder, first=True)
    ids = [one.id for one in log.election.manifest.registrars]
    for answer in answers:
        registrar, _, file = answer.partition("=")
        holder.accept(registrar, Path(file).read_bytes())
        role.save(holder)
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for registrar in ids:
            write_file(write / f"{registrar}.request", holder.request(registrar))
    for registrar, url in _urls(registrars, ids).items():
        if registrar in holder.answered:
            continue
        from ..client.remote import RemoteRegistrar  # httpx is an extra

        if voter_name is None:
            raise click.UsageError("which voter? Give --name")
        code = _code(code_file)
        with RemoteRegistrar(url) as service:
            signature = service.issue(voter_name, code, holder.request(registrar))
        holder.accept(registrar, signature)
        role.save(holder)
    missing = [registrar for registrar in ids if registrar not in holder.answered]
    if missing and write is None:
        raise NotYetError(f"registrar {', '.join(missing)} has not answered: give its URL by --registrar")
    text = (
        f"requests for {', '.join(ids)} are in {write}" if write is not None else "the credential is complete"
    )
    say(as_json, text, complete=not missing, missing=missing)


def _code(file: Path | None) -> str:
    """The access code: never an argument, which everybody on the machine could read."""
    if file is None:
        return str(click.prompt("Access code", hide_input=True, err=True))
    with file.open("rb") as opened:
        return first_line(opened.read(4096))


def _urls(registrars: tuple[str, ...], ids: list[str]) -> dict[str, str]:
    found = {}
    for registrar in registrars:
        name, equals, url = registrar.partition("=")
        if not equals or name.startswith("http"):
            name, url = (ids[0], registrar) if len(ids) == 1 else ("", registrar)
        if name not in ids:
            raise click.UsageError(f"each registrar is ID=URL, with an ID of {', '.join(ids)}")
        found[name] = url
    return found


def _seal(role: _Voter, holder: Holder, choices: Path | None, wait: float) -> SealedBallot:
    def device() -> VoterDevice:
        log = role.follower.catch_up_to("voting")
        return VoterDevice(log.context, holder.credential(), holder.signing_key)

    ready = until(wait, device)
    contests = role.follower.log.election.manifest.contests
    return ready.seal(ask_choices(contests) if choices is None else read_choices(choices))


@voter.command()
@home_argument
@choices_option
@click.option("--yes", is_flag=True, help="Cast without asking whether the ballot is to be opened instead.")
@click.option("--again", is_flag=True, help="Vote again, where a ballot was cast before.")
@board_options
@wait_option
@passphrase_options
@json_option
def cast(
    home: Path,
    choices: Path | None,
    yes: bool,
    again: bool,
    wait: float,
    as_json: bool,
    passphrase: Passphrase,
    board: BoardOptions,
) -> None:
    """Seal a ballot, show its confirmation code, and cast it; or have it opened, where you say so then.

    Without --choices you are asked for them. Run again after a lost reply, it sends the same ballot again.
    """
    role = _Voter(home, passphrase, board)
    holder = until(wait, role.holder)
    votes = role.votes(holder)
    newest = votes.cast[-1] if votes.cast else None
    if newest is None or again:
        if newest is not None and holder.election.manifest.revoting == "first":
            raise RefusedError("of a voter's ballots the first counts: none may follow it")
        sealed = _seal(role, holder, choices, wait)
        if not yes:
            click.echo(f"confirmation code: {format_code(sealed.code)}", err=True)
            if click.confirm("Write the code down. Open this ballot, so that it never counts?", err=True):
                _challenge(role, votes, sealed, wait, as_json)
                return
        newest = votes.add(sealed.cast())
    elif choices is not None:
        raise RefusedError(
            "a ballot was cast before: leave the choices out to send it again, or vote --again"
        )
    # A receipt that is there stays: another one in its place could be of another log.
    place = parse_receipt(newest.receipt).index if newest.receipt else role.send(votes, newest, wait)
    say(as_json, f"cast: {newest.code}", code=newest.code, entry=place)


@voter.command()
@home_argument
@choices_option
@board_options
@wait_option
@passphrase_options
@json_option
def challenge(
    home: Path,
    choices: Path | None,
    wait: float,
    as_json: bool,
    passphrase: Passphrase,
    board: BoardOptions,
) -> None:
    """Seal a ballot and have it opened: everybody can check that it holds these choices. It never counts.

    Have ballots opened that the device could not know it of: `cast` asks after it has shown the code.
    """
    role = _Voter(home, passphrase, board)
    holder = until(wait, role.holder)
    votes = role.votes(holder)
    _challenge(role, votes, _seal(role, holder, choices, wait), wait, as_json)


def _challenge(role: _Voter, votes: Votes, sealed: SealedBallot, wait: float, as_json: bool) -> None:
    vote = votes.add(sealed.challenge())
    place = role.send(votes, vote, wait)
    say(as_json, f"opened, and does not count: {vote.code}", code=vote.code, entry=place)


@voter.command()
@home_argument
@click.option(
    "--evidence",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write ballots and receipts here, to show. Whoever sees them knows your ballot key.",
)
@board_options
@passphrase_options
@json_option
def check(
    home: Path, evidence: Path | None, as_json: bool, passphrase: Passphrase, board: BoardOptions
) -> None:
    """Show every ballot under your ballot key, and which counts, in the log that the board shows now.

    Fails where a ballot with a receipt is missing, where another device sent one, and where not your newest counts (or
    your first, where the manifest says so).
    """
    role = _Voter(home, passphrase, board)
    votes = role.votes(until(0, role.holder))
    if evidence is not None:
        # First: it is needed most where the log cannot be followed to its end.
        _write_evidence(votes, evidence)
    trace = Trace(role.follower, votes)
    say(as_json, trace.text(), **trace.members())
    trace.check()


def _write_evidence(votes: Votes, folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for vote in votes.sent:
        write_file(folder / f"{vote.code}.json", vote.entry)
        if vote.receipt:
            write_file(folder / f"{vote.code}.receipt", vote.receipt)
