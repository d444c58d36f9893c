"""Predicts what reference implementations do under load, from facts at low load, and compares with measurements."""
