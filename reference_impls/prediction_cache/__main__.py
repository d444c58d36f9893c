"""`python -m prediction_cache`: one server; those that share a Redis (`SERVE_CACHE_URL`) share their predictions."""

from prediction_cache.app import main

main()
