"""The typed graph of a system and the questions that rules ask of it."""

from archlint.topology.flow import Flow, Flows, attempts_along
from archlint.topology.graph import Topology
from archlint.topology.routes import EITHER, SHARE, WHEN, Group, Step

__all__ = ["EITHER", "SHARE", "WHEN", "Flow", "Flows", "Group", "Step", "Topology", "attempts_along"]
