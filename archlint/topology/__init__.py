"""The typed graph of a system and the questions that rules ask of it."""

from archlint.topology.flow import Flow, Group, Step
from archlint.topology.graph import Topology

__all__ = ["Flow", "Group", "Step", "Topology"]
