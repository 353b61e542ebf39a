"""``secretballot check-receipt``: whether a record keeps what the board promised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import BinaryIO

import click

from ..ballot import format_code
from ..ballot.records import confirmation_code
from ..board.receipts import find_promised
from ..client.wire import error_body
from ..crypto.receipt import MAX_RECEIPT_SIZE
from ..errors import RecordError, SecretBallotError
from ..records import kind_of
from .home import json_option
from .terminal import ExitCode, Terminal, open_record, record_argument


@click.command("check-receipt")
@record_argument
@click.argument("receipt", type=click.File("rb"))
@json_option
@click.pass_context
def check_receipt(ctx: click.Context, record: Path, receipt: BinaryIO, as_json: bool) -> None:
    """Check the file RECEIPT, the board's answer to an entry, against the directory RECORD.

    Says which entry it is of, with a ballot's confirmation code. The record must begin with the very log that the
    receipt promises. Nothing else is verified: `secretballot verify` does that.

    Exit codes: 0 the promise is kept, 1 it is not, or this is no receipt of this board, 3 unreadable record.
    """
    source = open_record(record)
    data = receipt.read(MAX_RECEIPT_SIZE + 1)
    out = Terminal()
    try:
        place, entry = find_promised(source, data)
        kind = kind_of(entry)
        code = format_code(confirmation_code(entry)) if kind in ("ballot", "challenged-ballot") else ""
    except RecordError:
        raise
    except SecretBallotError as error:
        if as_json:
            click.echo(json.dumps({"kept": False, **error_body(error).model_dump()}))
        else:
            out.show(f"NOT KEPT: {out.words.clean(str(error))}")
        ctx.exit(ExitCode.FAILED)
    if as_json:
        click.echo(json.dumps({"kept": True, "entry": place, "kind": kind, "code": code or None}))
        return
    out.show(f"kept: entry {place}, of the kind {kind}", *([code] if code else []))
