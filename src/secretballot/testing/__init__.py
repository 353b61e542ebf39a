"""For embedders' tests: an election simulator. Never for an election that matters: one process holds every secret.

:mod:`.strategies` (extra ``testing``) draws contests, manifests, choices, results, elections and bad bytes;
:mod:`.tamper` makes records that no verifier may accept.
"""

from .simulator import Simulation, SimulationEvent

__all__ = ["Simulation", "SimulationEvent"]
