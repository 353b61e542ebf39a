"""``secretballot registrar``: the roll, its access codes, and the register."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import click

from ..credential.codes import hash_code, new_code
from ..credential.records import Issuance
from ..credential.register.base import read_name
from ..credential.registrar import Registrar, RegistrarKeys
from ..errors import CredentialError, EncodingError, RefusedError
from ..files import write_file
from ..manifest import Election
from ..records import kind_of, parse_entry
from ..tally import ElectionLog
from .home import Home, home_argument, id_option, json_option, label_option, labels_of, say, say_made
from .party import Party
from .passphrase import Passphrase, passphrase_options
from .place import BoardOptions, board_options
from .stores import open_register, store_options, store_settings
from .waiting import until, wait_option

#: Bytes of a roll.
_MAX_ROLL = 2**28


@click.group()
def registrar() -> None:
    """A registrar: signs a credential for each voter on the roll, blindly, once.

    \b
    new       keys, before the manifest is made
    roll      the voters, each with a new access code
    issue     answer a request that a voter handed in
    register  post the register's lines, and compare them with the log
    close     issue no more
    """


@registrar.command()
@home_argument
@id_option
@label_option
@store_options("sqlite")
@passphrase_options
@json_option
def new(
    home: Path,
    role_id: str,
    labels: tuple[str, ...],
    store: str,
    schema: str | None,
    passphrase: Passphrase,
    as_json: bool,
) -> None:
    """Make a registrar's keys in the directory DIR, with the register beside them or in a database. The authority is
    given DIR/public.json."""
    made = Home.create(home, "registrar", public=True, **store_settings(store, schema))
    named = labels_of(labels, role_id)
    # Before the key, without which there is no registrar yet.
    open_register(made, create=True).close()
    keys = made.make_keys(
        role_id, passphrase, RegistrarKeys.load, lambda: RegistrarKeys.generate(role_id, named)
    )
    say_made(as_json, f"registrar {keys.id}", made, id=keys.id)


class RegistrarAtWork(Party):
    """A registrar at work, with its register."""

    def __init__(self, home: Home, passphrase: str, board: BoardOptions) -> None:
        self.keys = RegistrarKeys.load(home.key, passphrase=passphrase)
        super().__init__(home, board)
        self.register = open_register(home)
        #: This registrar's lines in the log, as far as it was followed.
        self._logged: list[bytes] = []

    def election(self) -> Election:
        return self.follower.catch_up_to("setup").election

    def audit(self) -> ElectionLog:
        """The log, whose lines of this registrar have been compared with the register, line by line. Raises
        CredentialError where the log has another line, or one more: the register is an older copy, or somebody else has
        the keys. Nothing may be issued from it."""
        log = self.follower.catch_up(keep=self._keep)
        known = self.register.count()
        if len(self._logged) > known or any(
            self.register.entry(serial) != line for serial, line in enumerate(self._logged, 1)
        ):
            raise CredentialError(
                f"the log has lines that this register of {known} has not: it is an older copy, or another's",
                culprit=f"registrar {self.keys.id}",
            )
        return log

    def _keep(self, raw: bytes) -> None:
        if kind_of(raw) == "issuance" and Issuance.from_body(parse_entry(raw).body).registrar == self.keys.id:
            self._logged.append(raw)

    def registrar(self) -> Registrar:
        return Registrar(self.keys, self.election(), self.register)

    def publish(self) -> int:
        """Posts the lines that the log has not; gives how many it has then."""
        posted = self.audit().issued.get(self.keys.id, 0)
        for line in self.register.entries(posted + 1):
            self.access.submit(line)
            posted += 1
        return posted


def _at_work(home: Path, passphrase: Passphrase, board: BoardOptions) -> RegistrarAtWork:
    role = RegistrarAtWork(Home(home, "registrar"), passphrase.ask(), board)
    click.get_current_context().call_on_close(role.register.close)
    return role


@registrar.command()
@home_argument
@click.argument("roll", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--codes", type=click.Path(dir_okay=False, path_type=Path), help="Where the access codes are written."
)
@board_options
@passphrase_options
@json_option
def roll(
    home: Path, roll: Path, codes: Path | None, as_json: bool, passphrase: Passphrase, board: BoardOptions
) -> None:
    """Take in the voters of the file ROLL, a name a line, each with a new access code.

    The codes are written to CODES, once, as a table of name and code, for the official to hand out; here only their
    hashes are kept. Without CODES no codes are made, and requests are answered by `issue` alone.
    """
    role = _at_work(home, passphrase, board)
    election = role.election()
    role.audit()  # The names of an older copy are not all there.
    names = _names(roll)
    most = election.manifest.roll_size
    if codes is not None and codes.exists():
        raise RefusedError("is there already: codes are made once", item=str(codes))
    if codes is None:
        role.register.add_voters(names, most=most)
    else:
        made = {name: new_code() for name in names}
        table = io.StringIO()
        csv.writer(table, lineterminator="\n").writerows([("name", "code"), *made.items()])
        write_file(codes, table.getvalue().encode("utf-8"), replace=False)
        try:
            role.register.add_voters(
                {name: hash_code(election.id, name, code) for name, code in made.items()}, most=most
            )
        except CredentialError:
            codes.unlink()  # Nobody's codes.
            raise
    say(as_json, f"{len(names)} voters are on the roll", voters=len(names))


def _names(path: Path) -> list[str]:
    try:
        text = path.read_bytes()[: _MAX_ROLL + 1].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise EncodingError("is not UTF-8", item=str(path)) from None
    names = [read_name(line.strip()) for line in text.splitlines() if line.strip()]
    if len(set(names)) != len(names):
        raise CredentialError("a name stands there twice", item=str(path))
    return names


@registrar.command()
@home_argument
@click.argument("voter")
@click.argument("request", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("answer", type=click.Path(dir_okay=False, path_type=Path))
@board_options
@passphrase_options
@json_option
def issue(
    home: Path,
    voter: str,
    request: Path,
    answer: Path,
    as_json: bool,
    passphrase: Passphrase,
    board: BoardOptions,
) -> None:
    """Answer the request in the file REQUEST of the voter named VOTER, whom you know to be there, into the file ANSWER.

    Asked again with the same request, the answer is the same.
    """
    role = _at_work(home, passphrase, board)
    registrar = role.registrar()
    role.audit()  # An older copy would sign for a voter who has a credential.
    signature, _ = registrar.issue(read_name(voter), request.read_bytes()[: 2**16])
    write_file(answer, signature)
    say(as_json, f"answered: {answer}", issued=role.register.count())


@registrar.command()
@home_argument
@board_options
@wait_option
@passphrase_options
@json_option
def register(home: Path, wait: float, as_json: bool, passphrase: Passphrase, board: BoardOptions) -> None:
    """Post the register's lines that the log has not yet, and compare register, roll and log.

    Lines that were issued are no more than voters on the roll, and ballot keys no more than lines; where the log has
    lines that this register has not, somebody else has the registrar's keys.
    """
    role = _at_work(home, passphrase, board)
    until(wait, role.publish)
    log = role.audit()
    issued, voters = role.register.count(), role.register.roll_size()
    if log.issued.get(role.keys.id, 0) != issued:
        raise CredentialError(
            f"the log has {log.issued.get(role.keys.id, 0)} lines, and the register {issued}"
        )
    if issued > voters:
        raise CredentialError(f"{issued} credentials were issued, to {voters} voters on the roll")
    text = f"{issued} of {voters} voters have a credential, and all lines are in the log; {len(log.credentials)} voted"
    say(as_json, text, issued=issued, voters=voters, voted=len(log.credentials))


@registrar.command()
@home_argument
@board_options
@passphrase_options
@json_option
def close(home: Path, as_json: bool, passphrase: Passphrase, board: BoardOptions) -> None:
    """Issue no more: before the authority opens voting."""
    role = _at_work(home, passphrase, board)
    role.registrar().close()
    posted = role.publish()
    say(as_json, f"issuing is closed, with {posted} credentials", issued=posted)
