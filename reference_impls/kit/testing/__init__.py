"""Shared test code of the patterns: a service as a real process, and real servers on loopback."""
