"""Measures facts for `arch.yaml`: model files, running services, and the lines that state the results.

It imports nothing heavy itself: a model is loaded in a child process, which needs the extra `measure`.
"""
