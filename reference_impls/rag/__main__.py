"""`python -m rag`: the API, the stream, the rebuild and the model; the first start fills in Python's help topics."""

from __future__ import annotations

import sys

from kit.llm.server import ModelSettings
from kit.llm.starting import model_parts, run_behind
from kit.llm.text import paragraphs
from kit.processes import python_part
from kit.settings import command_line, read_settings
from rag.rebuild import rebuild
from rag.settings import RagSettings, open_store

_FIRST = 100


def main() -> int:
    """Run all; the API listens on the address in the settings."""
    command_line("rag", __doc__, ModelSettings, RagSettings).parse_args()
    settings = read_settings(RagSettings)
    store = open_store(settings)
    if store.build() is None:
        for number, text in enumerate(paragraphs()[:_FIRST]):
            store.put(f"topics/{number}", text)
        rebuild(settings)
    store.close()
    urls, parts = model_parts(settings, ["topics-large"])
    parts += [python_part("ingest", "rag.ingest", host="127.0.0.1", port=0),
              python_part("rebuild", "rag.rebuild", "--forever")]  # fmt: skip
    return run_behind("rag", settings, "rag.app", parts, list(urls.values()), model=urls["topics-large"])


if __name__ == "__main__":
    sys.exit(main())
