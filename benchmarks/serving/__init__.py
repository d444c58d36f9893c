"""Measure the reference implementations on loopback, under a load that does not wait for answers."""
