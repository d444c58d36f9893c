"""Changes of files on disk, sent to every open page as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from archlint.serve.files import Store
from archlint.source.files import SUFFIXES

_BEAT_S: Final = 15.0
_MOST_QUEUED: Final = 1_000
_SETTINGS: Final = (".toml", ".py", ".json", ".jsonl", ".yaml", ".yml")
"""Files that may change what a check finds: configurations, rules, baselines, includes."""


class Changes:
    """Watches the folders of a workspace. `generation` grows with each change that a check may depend on."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.generation = 0
        self._pages: set[asyncio.Queue[str]] = set()
        self._stopping = asyncio.Event()

    async def watch(self) -> None:
        """Watch until `stop`."""
        from watchfiles import DefaultFilter, awatch

        workspace = self.store.workspace
        watched = {*workspace.folders, *(str(Path(file).parent) for file in workspace.files)}
        stream = awatch(
            *sorted(watched), watch_filter=DefaultFilter(), stop_event=self._stopping, debounce=50, step=20,
            raise_interrupt=False, ignore_permission_denied=True,
        )  # fmt: skip
        async for found in stream:
            paths = sorted({path for _, path in found})
            if any(path.endswith(_SETTINGS) for path in paths):
                self.generation += 1
            names = [name for path in paths if path.endswith(SUFFIXES) and (name := workspace.name_of(path))]
            if names:
                await self.announce({name: await asyncio.to_thread(self.store.version, name) for name in names})

    async def announce(self, versions: dict[str, str | None]) -> None:
        """Send the versions of changed files to all pages; None is a file that is gone."""
        for queue in self._pages:
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(json.dumps(versions))

    def stop(self) -> None:
        """Stop to watch, and end the streams of all pages."""
        self._stopping.set()

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield events for one page until the server stops."""
        queue: asyncio.Queue[str] = asyncio.Queue(_MOST_QUEUED)
        self._pages.add(queue)
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            yield b"retry: 1000\nevent: ready\ndata: {}\n\n"
            while not self._stopping.is_set():
                getting = asyncio.ensure_future(queue.get())
                done, _ = await asyncio.wait({getting, stopping}, timeout=_BEAT_S, return_when=asyncio.FIRST_COMPLETED)
                if getting in done:
                    yield b"event: change\ndata: " + getting.result().encode() + b"\n\n"
                else:
                    getting.cancel()
                    yield b": still here\n\n"
        finally:
            stopping.cancel()
            self._pages.discard(queue)
