"""The command line, one file a command. ``secretballot --help`` lists them.

Exit codes: 0 done, or verified; 1 failed, or records or figures differ, or any other error; 2 usage; 3 a record that
cannot be read; 4 a record whose verification is incomplete, or that is the beginning of another; 130 interrupted. An
error is one line on stderr, never a traceback.
"""

from __future__ import annotations

import sys

from ..errors import BackendError

try:
    import click

    from .. import __version__
    from .board import board
    from .check_code import check_code
    from .check_receipt import check_receipt
    from .cosigner import cosigner
    from .demo import demo
    from .diff import diff
    from .election import election
    from .explain import explain_rules
    from .info import info
    from .mixer import mixer
    from .registrar import registrar
    from .serving import serve
    from .show import show
    from .terminal import SafeGroup
    from .trustee import trustee
    from .verify import verify
    from .voter import voter
except BackendError as error:  # The backend is chosen when it is first imported, before any command runs.
    sys.stderr.write(f"error: {error}\n")
    raise SystemExit(2) from None
except KeyboardInterrupt:  # It can come before any command runs: importing takes a while.
    sys.stderr.write("error: interrupted\n")
    raise SystemExit(130) from None

__all__ = ["main"]


@click.group(
    cls=SafeGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="secretballot")
def main() -> None:
    """Secret ballots whose result anyone can check.

    \b
    Exit codes: 0 done or verified, 1 failed or differs, 2 usage,
    3 unreadable record, 4 verification or record incomplete, or not yet:
    run it again later.
    """


for command in (demo, verify, explain_rules, show, diff, check_code, check_receipt, info):
    main.add_command(command)
for role in (election, board, registrar, trustee, mixer, voter, cosigner, serve):
    main.add_command(role)
