"""Accepted findings: entries under `accept:`, and comments.

An acceptance needs a reason. The finding reopens after `until`, or when its `while` condition fails. An acceptance
without a finding is reported.
"""
