"""Starts servers of language models as parts of a pattern."""

from __future__ import annotations

from collections.abc import Sequence

from kit.llm.models import ModelName, trained
from kit.ports import address_of, free_port, front_port
from kit.processes import Part, Processes, python_part
from kit.settings import Settings


def model_parts(settings: Settings, names: Sequence[ModelName]) -> tuple[dict[ModelName, str], list[Part]]:
    """Train models, and return the addresses of their servers, and the servers."""
    urls: dict[ModelName, str] = {}
    parts: list[Part] = []
    for name in names:
        trained(name, settings.data_dir)
        port = free_port()
        urls[name] = f"http://127.0.0.1:{port}"
        parts.append(python_part(name, "kit.llm.server", name, host="127.0.0.1", port=port, language_model=name))
    return urls, parts


def run_behind(title: str, settings: Settings, module: str, parts: Sequence[Part], urls: Sequence[str],
               **given: str) -> int:  # fmt: skip
    """Run a front server with its settings, and the parts behind it, until SIGTERM; return the exit status."""
    port = front_port(settings)
    front = python_part("front", module, restart=True, host=settings.host, port=port, **given)
    address = address_of(settings.host, port)
    ready = [*(f"{url}/ready" for url in urls), f"{address}/ready"]
    return Processes(front, *parts).run(ready, f"{title} listens on {address}", settings.start_s)
