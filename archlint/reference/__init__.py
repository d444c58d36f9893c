"""The reference implementations: list them, start one, or make a project from one."""

from archlint.reference.folders import Implementation, implementation_named, implementations

__all__ = ["Implementation", "implementation_named", "implementations"]
