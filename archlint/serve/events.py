"""Changes of files on disk, sent to every open page as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from archlint.serve.files import Store
from archlint.source.files import SUFFIXES
from archlint.source.search import SKIPPED_FOLDERS

_BEAT_S: Final = 15.0
_MOST_QUEUED: Final = 1_000
_ADDED: Final = 1
"""An addition, among the changes that watchfiles reports."""
_MOST_FOLDERS: Final = 5_000
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
        from watchfiles import awatch

        watched: list[str] = []
        while not self._stopping.is_set():
            known, watched = watched, await asyncio.to_thread(self._folders)
            if known:                                      # nobody watched the new folders before
                new = set(watched) - set(known)
                await self._see([str(path) for folder in new for path in Path(folder).glob("*")])
            stream = awatch(
                *watched, recursive=False, watch_filter=None, stop_event=self._stopping, debounce=50, step=20,
                raise_interrupt=False, ignore_permission_denied=True,
            )  # fmt: skip
            async for found in stream:
                await self._see([path for _, path in found])
                if any(kind == _ADDED and os.path.isdir(path) for kind, path in found):
                    break                                  # watch that folder too

    def _folders(self) -> list[str]:
        """Return the folders to watch: no links, which can lead anywhere, and none that a search leaves out."""
        workspace = self.store.workspace
        found = {str(Path(file).parent) for file in workspace.files}
        for top in workspace.folders:
            for folder, below, _ in os.walk(top, followlinks=False):
                found.add(folder)
                below[:] = [name for name in below if not name.startswith(".") and name not in SKIPPED_FOLDERS]
                if len(found) >= _MOST_FOLDERS:
                    return sorted(found)
        return sorted(found)

    async def _see(self, paths: list[str]) -> None:
        """Announce changed files: by the name that was reported, and by that without links."""
        if any(path.endswith(_SETTINGS) for path in paths):
            self.generation += 1
        workspace = self.store.workspace
        every = {other for path in paths if path.endswith(SUFFIXES) for other in (path, os.path.realpath(path))}
        names = sorted({name for path in every if (name := workspace.name_of(path))})
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
