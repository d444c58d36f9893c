"""`python -m parameter_based`: one server; those that share a file (`SERVE_PARAMETERS`) obey the same switch."""

from parameter_based.app import main

main()
