"""Analyses of a system: serving modes, lower bounds of latency, redundancy, patterns."""
