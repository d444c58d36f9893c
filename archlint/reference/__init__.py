"""The reference implementations: which there are, how one is started, and how a project is made of one."""

from archlint.reference.folders import Implementation, implementation_named, implementations

__all__ = ["Implementation", "implementation_named", "implementations"]
