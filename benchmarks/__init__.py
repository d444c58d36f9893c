"""Measures how fast archlint is: on generated systems, and compared with other linters."""
