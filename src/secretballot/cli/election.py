"""``secretballot election``: what the authority does, from the manifest to the result."""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from ..board.authority import AuthorityKeys
from ..board.records import PHASES
from ..errors import EncodingError, ManifestError, RefusedError, SecretBallotError
from ..files import write_file
from ..manifest import Authority, BoardKey, Election, Manifest, MixerKey, RegistrarKey, TrusteeKey
from ..records import MAX_ENTRY_SIZE, MAX_NAME, MAX_REASON, shorten
from ..report import result_view
from ..report.privacy import warnings_of
from ..tally import ElectionLog, Result
from .home import PUBLIC, Home, fingerprint, home_argument, json_option, label_option, labels_of, say
from .party import Party, reach
from .passphrase import Passphrase, passphrase_options
from .place import BoardOptions, board_options
from .terminal import NotYetError, Terminal, print_json
from .waiting import until, wait_option

#: Entry 0, signed.
ENTRY = "entry-0.json"
#: Parties of a manifest, by the member of their public file that tells them apart.
_MAX_PUBLIC = 2**16


@click.group()
def election() -> None:
    """The authority: makes the manifest, opens and closes the phases, publishes the result.

    \b
    new      the manifest, from a draft and everybody's public keys
    open     issuance, and later voting
    close    voting: seals what was cast, for the trustees to decrypt
    publish  the result, once enough trustees have decrypted
    status   where the election is
    """


@election.command()
@home_argument
@click.option("--id", "role_id", default="authority", show_default=True, help="The authority's id.")
@label_option
@click.option(
    "--draft",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON file with the manifest's members, but for the parties' keys.",
)
@click.option(
    "--party",
    "parties",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The public.json of a trustee, registrar, mixer, or the board. In the order of the manifest.",
)
@board_options
@passphrase_options
@json_option
def new(
    home: Path,
    role_id: str,
    labels: tuple[str, ...],
    draft: Path,
    parties: tuple[Path, ...],
    as_json: bool,
    passphrase: Passphrase,
    board: BoardOptions,
) -> None:
    """Make the authority's key and the manifest in the directory DIR, and post it to the board.

    The draft has labels, roll_size, minimum_group, revoting, contests, quorum, and where something is mixed
    mixing_rounds; capacity is the roll unless it is given.
    """
    role = Home(home, "authority") if (home / "role.key").exists() else Home.create(home, "authority")
    role.start_memory()
    made_of = _digest(draft, *parties)
    if role.file(ENTRY).exists() and role.get("made_of") in (None, made_of):
        entry = role.file(ENTRY).read_bytes()
    elif role.get("posted") is not None:
        raise RefusedError(
            "the manifest was posted, and was made of another draft or other parties: "
            "another election needs another directory",
            item=str(home),
        )
    else:
        keys = _keys(role, passphrase, role_id, labels_of(labels, role_id))
        made = Election.from_manifest(_manifest(draft, parties, keys.public()))
        entry = keys.announce(made)
        write_file(role.file(ENTRY), entry)
        role.set(election=made.id.hex(), made_of=made_of)
    if board.at is not None or role.get("at") is not None:
        with reach(role, board) as access:
            access.submit(entry)
        role.set(posted="yes")
    announced = role.get("election") or ""
    prints = {str(party): fingerprint(party) for party in parties}
    lines = [f"{one}  {party}" for party, one in prints.items()]
    text = "\n".join([f"election {announced}: announce this id", "compare each party's fingerprint:", *lines])
    say(as_json, text, election=announced, parties=prints)


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def _keys(role: Home, passphrase: Passphrase, role_id: str, labels: dict[str, str]) -> AuthorityKeys:
    if role.key.exists():
        return AuthorityKeys.load(role.key, passphrase=passphrase.ask())
    keys = AuthorityKeys.generate(role_id, labels)
    keys.save(role.key, passphrase=passphrase.ask(new=True))
    write_file(role.file(PUBLIC), keys.public().to_body())
    return keys


def _manifest(draft: Path, parties: tuple[Path, ...], authority: Authority) -> Manifest:
    try:
        members = _tuples(json.loads(draft.read_bytes()[: MAX_ENTRY_SIZE + 1]))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise EncodingError(f"is not JSON: {error.msg}", item=f"{draft}: {where}") from None
    except (ValueError, RecursionError):
        raise EncodingError("is not JSON", item=str(draft)) from None
    if not isinstance(members, dict):
        raise EncodingError("is no JSON object", item=str(draft))
    found: dict[str, list[Any]] = {"trustees": [], "registrars": [], "mixers": [], "board": []}
    for path in parties:
        kind, party = _party(path)
        found[kind].append(party)
    if len(found["board"]) != 1:
        raise ManifestError(
            f"one board is needed, not {len(found['board'])}: give its public.json by --party"
        )
    (board,) = found.pop("board")
    members = {
        "capacity": members.get("roll_size"),
        "minimum_group": 1,
        "revoting": "last",
        **members,
        **{name: tuple(several) for name, several in found.items()},
        "nonce": secrets.token_bytes(16),
        "authority": authority,
        "board": board,
    }
    try:
        return Manifest.model_validate(members)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(shorten(str(part), MAX_NAME) for part in first["loc"])
        raise ManifestError(shorten(_in_words(first), MAX_REASON), item=f"{draft}: {where}") from None


def _in_words(error: Any) -> str:
    """What is wrong with a member; most messages say it well enough."""
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return "there is no such member"
        case "missing":
            return "is missing"
        case "union_tag_invalid":
            return f"there is no kind {context.get('tag')}: there are {context.get('expected_tags')}"
        case _:
            return str(error["msg"])


def _tuples(value: object) -> object:
    """JSON's lists as the tuples that records have."""
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    if isinstance(value, dict):
        return {name: _tuples(member) for name, member in value.items()}
    return value


def _party(path: Path) -> tuple[str, object]:
    """A party's public key, and the manifest's member that it belongs to."""
    data = path.read_bytes()[: _MAX_PUBLIC + 1]
    for kind, model in (
        ("board", BoardKey),
        ("trustees", TrusteeKey),
        ("registrars", RegistrarKey),
        ("mixers", MixerKey),
    ):
        try:
            return kind, model.from_body(data)
        except SecretBallotError:
            continue
    raise EncodingError("is no party's public.json", item=str(path))


class _Authority(Party):
    """The authority at work."""

    def __init__(self, home: Path, passphrase: Passphrase, board: BoardOptions) -> None:
        own = Home(home, "authority")
        self.keys = AuthorityKeys.load(own.key, passphrase=passphrase.ask())
        super().__init__(own, board)


@election.command("open")
@home_argument
@click.argument("phase", type=click.Choice(["issuance", "voting"]))
@board_options
@wait_option
@passphrase_options
@json_option
def open_phase(
    home: Path, phase: str, wait: float, as_json: bool, passphrase: Passphrase, board: BoardOptions
) -> None:
    """Open issuance, once every trustee has confirmed the key; or voting, which ends issuance."""
    role = _Authority(home, passphrase, board)

    def step() -> None:
        log = role.log()
        if log.phase == phase:
            return
        if PHASES.index(log.phase) > PHASES.index(phase):
            raise RefusedError(f"{phase} was open before: the phase is {log.phase}")
        if PHASES.index(log.phase) + 1 != PHASES.index(phase):
            # Not signed before its time: the board could use it as soon as it fits.
            raise NotYetError(f"the phase is {log.phase}: {phase} cannot follow it")
        if phase == "issuance":
            log.ceremony.check_complete()
        role.access.submit(role.keys.enter(log.election, phase))  # type: ignore[arg-type]

    until(wait, step)
    say(as_json, f"{phase} is open", phase=phase)


@election.command()
@home_argument
@board_options
@passphrase_options
@json_option
def close(home: Path, as_json: bool, passphrase: Passphrase, board: BoardOptions) -> None:
    """Close voting, and seal what was cast. Compare the root that is shown with the trustees' and with auditors'."""
    role = _Authority(home, passphrase, board)
    log = role.log()
    if log.phase == "voting":
        role.access.submit(role.keys.enter(log.election, "tally"))
        log = role.log()
    if log.phase not in ("tally", "closed"):
        raise NotYetError(f"voting is not open: the phase is {log.phase}")
    root = log.closing_root
    if not log.is_sealed:
        role.access.submit(role.keys.seal(log.election, root, role.home.memory))
        log = role.log()
    say(
        as_json,
        f"voting is closed: {log.tally.ballots} ballots count, under the root {root.hex()}",
        ballots=log.tally.ballots,
        root=root.hex(),
    )


@election.command()
@home_argument
@click.option("--accept", is_flag=True, help="Publish although the result may tell how voters voted.")
@board_options
@wait_option
@passphrase_options
@json_option
def publish(
    home: Path, accept: bool, wait: float, as_json: bool, passphrase: Passphrase, board: BoardOptions
) -> None:
    """Publish the result, once enough trustees have decrypted.

    A result that tells how somebody voted, since all voted alike or too few did, is shown first and published only with
    --accept; the trustees' shares, from which anybody can compute it, are public by then.
    """
    role = _Authority(home, passphrase, board)

    def step() -> Result:
        log = role.log()
        if log.result is not None:
            return log.result
        _await_shares(log)
        result = log.compute_result()
        warnings = warnings_of(result, log.election.manifest)
        if warnings and not accept:
            if not as_json:
                _show(result, log.election.manifest)
            raise RefusedError(f"{warnings[0]}: publish it with --accept", item="result")
        role.access.submit(role.keys.publish(result))
        return result

    result = until(wait, step)
    manifest = role.log().election.manifest
    if as_json:
        print_json(result.to_body())
        return
    _show(result, manifest)


def _show(result: Result, manifest: Manifest) -> None:
    out = Terminal()
    for warning in warnings_of(result, manifest):
        click.echo(f"warning: {warning}", err=True)
    out.show(result_view(result, manifest, out.words))


def _await_shares(log: ElectionLog) -> None:
    if log.phase not in ("tally", "closed"):
        raise NotYetError("voting is not closed")
    quorum = log.election.manifest.quorum
    if log.mixing.needed and not log.mixing.is_complete:
        raise NotYetError(f"{len(log.mixing.rounds)} of {log.mixing.needed} rounds have been mixed")
    given = [len(log.shares)] * bool(log.tally.ciphertexts) + [len(log.line_shares)] * bool(log.mixing.needed)
    if given and min(given) < quorum:
        raise NotYetError(f"{min(given)} of {quorum} trustees have decrypted")


@election.command()
@home_argument
@board_options
@json_option
def status(home: Path, as_json: bool, board: BoardOptions) -> None:
    """Where the election is, from the board's log, all of it checked."""
    members = status_of(Party(Home(home, "authority"), board).log())
    say(as_json, "\n".join(f"{name:<12} {_told(value)}" for name, value in members.items()), **members)


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['done']} of {value['needed']}"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def status_of(log: ElectionLog) -> dict[str, Any]:
    """Where an election is."""
    manifest = log.election.manifest
    members: dict[str, Any] = {
        "election": log.election.id.hex(),
        "phase": log.phase,
        "entries": log.size,
        "root": log.frontier.root().hex(),
        "confirmed": {"done": len(log.confirmations), "needed": len(manifest.trustees)},
        "credentials": sum(log.issued.values()),
        "ballots": len(log.cast),
    }
    if log.phase in ("tally", "closed"):
        members["sealed"] = log.is_sealed
        given = []
        if log.is_sealed and log.mixing.needed:
            members["rounds"] = {"done": len(log.mixing.rounds), "needed": log.mixing.needed}
            given.append(len(log.line_shares))
        if log.is_sealed and log.tally.ciphertexts:
            given.append(len(log.shares))
        members["decrypted"] = {"done": min(given, default=0), "needed": manifest.quorum}
    return members
