"""The nightly rebuild: `python -m rag.rebuild` makes one, and `--forever` one each `SERVE_REBUILD_S`."""

from __future__ import annotations

import argparse
import time

from kit.logs import configure_logs, logger
from kit.settings import read_settings
from rag.settings import RagSettings, open_store

log = logger(__name__)


def rebuild(settings: RagSettings) -> None:
    """Rebuild the index with the embedder of the settings."""
    store = open_store(settings)
    try:
        build = store.rebuild(settings.edition)
        log.info("rebuilt", build=build.number, embedder=build.embedder)
    finally:
        store.close()


def main() -> None:
    """Rebuild once, or periodically."""
    parser = argparse.ArgumentParser("rag.rebuild", description=__doc__)
    parser.add_argument("--forever", action="store_true")
    forever: bool = parser.parse_args().forever
    settings = read_settings(RagSettings)
    configure_logs(settings, "rag-rebuild")
    rebuild(settings)
    while forever:
        time.sleep(settings.rebuild_s)
        rebuild(settings)


if __name__ == "__main__":
    main()
