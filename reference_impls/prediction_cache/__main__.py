"""`python -m prediction_cache`: one server; servers that share a Redis (`SERVE_CACHE_URL`) share their predictions."""

from __future__ import annotations

from kit.settings import command_line
from prediction_cache.app import PredictionCacheSettings, main

if __name__ == "__main__":
    command_line("prediction_cache", __doc__, PredictionCacheSettings).parse_args()
    main()
