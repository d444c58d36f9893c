"""One pure check a module: `check(system, params)` yields verdicts on places.

A check never prints, never knows its rule's id or severity, and never touches a line number.
"""
