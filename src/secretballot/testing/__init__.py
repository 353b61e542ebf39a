"""For embedders' tests: an election simulator. Never for an election that matters: one process holds every secret."""

from .simulator import Simulation, SimulationEvent

__all__ = ["Simulation", "SimulationEvent"]
