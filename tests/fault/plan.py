"""How much is tried: ``SECRETBALLOT_FAULTS`` is the number of kills of boards on a store."""

from __future__ import annotations

import os

#: In every run of the tests, which has some minutes for all of them.
USUAL = 200
KILLS = int(os.environ.get("SECRETBALLOT_FAULTS", USUAL))
#: Whether somebody waits for everything.
LONG = KILLS > USUAL
