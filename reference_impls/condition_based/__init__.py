"""Condition-based serving: a rule on the request picks which of several models answers."""
