"""The model of a server: a new one is fetched, verified and tested before it replaces the old one."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import threading
import time
import uuid
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx
import numpy as np
from pydantic import BaseModel, Field, HttpUrl, ValidationError

from kit.inputs import as_answer
from kit.logs import logger
from kit.models import Model, RefusedModelError, card_path, load
from kit.tokens import AdminSettings
from model_load.registry import NAME, Version

GOLDEN = (
    ([5.1, 3.5, 1.4, 0.2], "setosa"),
    ([5.7, 2.8, 4.1, 1.3], "versicolor"),
    ([6.3, 3.3, 6.0, 2.5], "virginica"),
)
"""A record of each class, which every version must predict correctly; a version that does not is rejected."""
_LONGEST_PAUSE_S = 10.0
_CURRENT = "current.json"
log = logger(__name__)


class ModelLoadSettings(AdminSettings):
    """`version` is the name of a version, or `production`; with `poll_s` above 0, new versions load automatically."""

    registry_url: HttpUrl
    model: str = Field(default="iris", pattern=NAME)
    version: str = Field(default="production", pattern=NAME)
    poll_s: float = Field(default=0, ge=0)
    retry_s: float = Field(default=0.5, gt=0, description="the first pause between attempts; doubles up to 10 s")
    registry_timeout_s: float = Field(default=5, gt=0)
    most_model_bytes: int = Field(default=100_000_000, gt=0)


class LoadError(Exception):
    """The model cannot be fetched, or must not be served."""


class UnreachableError(LoadError):
    """The registry does not answer; only in this case may the last verified copy be served."""


@dataclass(frozen=True, slots=True)
class Served:
    """A verified and tested model, and its version in the registry."""

    version: str
    model: Model


class Kept(BaseModel):
    """The copy that was verified last: the name of its folder, and the registry's description of it."""

    folder: str
    version: str
    digest: str


class Loader:
    """Holds the model that is served. `served` is replaced as a whole, so each request uses one model."""

    def __init__(self, settings: ModelLoadSettings) -> None:
        self.served: Served | None = None
        self.reason = "no model is loaded yet"
        self._settings = settings
        self._client = httpx.Client(base_url=str(settings.registry_url), timeout=settings.registry_timeout_s)
        self._kept = settings.data_dir / "kept" / settings.model
        self._one_at_a_time = threading.Lock()
        self._end = threading.Event()
        self._begun = time.monotonic()

    def run(self) -> None:
        """Load the model, retrying until it succeeds; then look for a new version every `poll_s`, until `stop`.

        The registry is asked first. If it does not answer within `registry_timeout_s` of the start, the last verified
        copy is served, which may have been archived since, and the registry is asked again.
        """
        pause_s = self._settings.retry_s
        self._begun = time.monotonic()
        while not self._end.is_set():
            try:
                self.load()
                if not self._settings.poll_s:
                    return
                pause_s = self._settings.retry_s
                self._end.wait(self._settings.poll_s)
            except LoadError as error:
                waited_s = time.monotonic() - self._begun
                unreachable = isinstance(error, UnreachableError) and waited_s >= self._settings.registry_timeout_s
                if self.served is None and unreachable:
                    self._start_from_kept(str(error))
                self._end.wait(pause_s * random.uniform(0.5, 1))       # replicas do not retry at the same time
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def stop(self) -> None:
        """End `run`."""
        self._end.set()

    def load(self) -> Served:
        """Fetch and serve the configured version; raises `LoadError`, and then keeps the old model."""
        with self._one_at_a_time:
            try:
                said = self._ask()
                now = self.served
                if now is not None and (now.version, now.model.card.digest) == (said.version, said.digest):
                    self.reason = ""
                    return now
                served = Served(said.version, self._fetch(said))
            except Exception as problem:           # nothing that a registry answers may end the thread
                error = _load_error(problem)
                if self.reason != str(error):      # reported when it changes, not at each attempt
                    self.reason = str(error)
                    serves = self.served.version if self.served else "nothing"
                    log.warning("not loaded", reason=self.reason, still_served=serves)
                raise error from None
            self.served, self.reason = served, ""
            log.info("loaded", version=served.version, digest=served.model.card.digest)
            return served

    def _ask(self) -> Version:
        settings = self._settings
        path = f"/models/{settings.model}/{settings.version}"
        content = self._get(path, 1_000_000, time.monotonic() + settings.registry_timeout_s)
        try:
            said = Version.model_validate_json(content)
        except ValidationError as error:
            where = ", ".join(sorted({str(e["loc"][0]) for e in error.errors() if e["loc"]})) or "it is not JSON"
            raise LoadError(f"the registry's answer does not describe a version ({where})") from None
        if said.name != settings.model:
            raise LoadError(f"the registry's answer describes the model {said.name}, not {settings.model}")
        return said

    def _get(self, path: str, most_bytes: int, until: float = math.inf) -> bytes:
        """Return an answer; `until` limits the whole of it, the timeout of the client each read."""
        try:
            with self._client.stream("GET", path) as answer:
                content = bytearray()
                for chunk in answer.iter_bytes():
                    content += chunk
                    if time.monotonic() > until:
                        raise UnreachableError("the registry does not answer in time")
                    if len(content) > most_bytes:
                        raise LoadError(f"the registry's answer is larger than {most_bytes} bytes")
                if answer.status_code != 200:
                    said = bytes(content[:200]).decode(errors="replace")
                    kind = UnreachableError if answer.status_code >= 500 else LoadError
                    raise kind(f"the registry answers {answer.status_code}: {said}")
                return bytes(content)
        except httpx.HTTPError as error:
            raise UnreachableError(f"the registry does not answer: {type(error).__name__}") from None

    def _fetch(self, said: Version) -> Model:
        """Fetch, verify and test a model, and keep a copy for a start without the registry."""
        content = self._get(f"/models/{said.name}/{said.version}/file", self._settings.most_model_bytes)
        if sha256(content).hexdigest() != said.digest:
            raise LoadError(f"the SHA-256 of version {said.version} differs from the registry")
        folder = self._kept / uuid.uuid4().hex     # a new folder: a bad version must not change the kept copy
        folder.mkdir(parents=True)
        path = folder / "model.skops"
        _write(path, content)
        _write(card_path(path), json.dumps(said.card).encode())
        try:
            model = tested(path, said.digest)
        except RefusedModelError as error:
            shutil.rmtree(folder)
            raise LoadError(f"version {said.version} is rejected: {error}") from None
        kept = Kept(folder=folder.name, version=said.version, digest=said.digest)
        _write(self._kept / _CURRENT, kept.model_dump_json().encode())
        for old in self._kept.iterdir():
            if old.is_dir() and old != folder:
                shutil.rmtree(old)
        return model

    def _start_from_kept(self, reason: str) -> None:
        """Serve the last verified copy, if it is the configured model and version."""
        with self._one_at_a_time:
            if self.served is None:                # a reload may have been quicker
                self._take_kept(reason)

    def _take_kept(self, reason: str) -> None:
        try:
            kept = Kept.model_validate_json((self._kept / _CURRENT).read_bytes())
            if self._settings.version in ("production", kept.version):
                self.served = Served(kept.version, tested(self._kept / kept.folder / "model.skops", kept.digest))
                log.warning("started from the last verified copy", version=kept.version, reason=reason)
        except FileNotFoundError:
            return
        except (OSError, ValidationError, RefusedModelError) as error:
            log.error("the stored copy is not used", reason=str(error))


def _load_error(problem: Exception) -> LoadError:
    if isinstance(problem, LoadError):
        return problem
    if isinstance(problem, OSError):
        return LoadError(f"it cannot be stored: {problem}")
    return LoadError(f"it cannot be loaded: {type(problem).__name__}: {str(problem)[:200]}")


def tested(path: Path, digest: str) -> Model:
    """Load a model with this digest and test it on the golden records; raises `RefusedModelError`."""
    model = load(path, digest)
    records = np.array([record for record, _ in GOLDEN])
    if model.card.digest != digest:
        raise RefusedModelError(f"its card has another SHA-256: {model.card.digest!r}")
    if len(model.card.features) != records.shape[1]:
        raise RefusedModelError(f"it needs {len(model.card.features)} numbers, but callers send {records.shape[1]}")
    if set(model.card.classes) != {label for _, label in GOLDEN}:
        raise RefusedModelError(f"its classes are {', '.join(model.card.classes)}, not those of the golden records")
    try:
        found = as_answer(model, model.predict(records)).predictions
    except Exception as error:  # a model that raises anything on the golden records is not served
        raise RefusedModelError(f"it fails on the golden records: {error!r}") from None
    for (_, label), one in zip(GOLDEN, found, strict=True):
        if one.label != label:
            raise RefusedModelError(f"it predicts {one.label!r} for a golden record; correct is {label!r}")
    return model


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)
