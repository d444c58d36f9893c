"""One process with four models for four kinds of callers; a setting can give one model a fault."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
from fastapi import FastAPI, HTTPException
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from kit.inputs import Predictions, Records, answer
from kit.logs import configure_logs, logger
from kit.models import DataSet, Model, load, refusing, train, trained
from kit.settings import Settings, read_settings
from kit.web import make_app, serve

Fault = Literal["none", "abort", "memory", "cpu"]
NAMES: tuple[DataSet, ...] = get_args(DataSet)
_POISON = 1e9                                      # far above every measurement in the data sets
log = logger(__name__)


class AllInOneSettings(Settings):
    """`names` are the models of this process.

    `fault` is what the model `faulty` does with a record whose first number is 1e9. abort: it ends the process, as a
    failed assertion in native code does. memory: it allocates memory until the process reaches its limit of `memory_mb`
    and ends. cpu: it computes for `hog_s` seconds in native code, on all cores.
    """

    names: tuple[DataSet, ...] = NAMES
    fault: Fault = "none"
    faulty: DataSet = "digits"
    memory_mb: int = Field(1500, ge=300, le=8000)
    hog_s: float = Field(5, gt=0, le=60)
    trees: int = Field(0, ge=0, le=2000, description="number of trees of each forest; 0: regressions")


class Released(BaseModel):
    """The answer to a release: the version that is served after the restart."""

    model: str
    version: str


def create_app(settings: AllInOneSettings) -> FastAPI:
    """Return the app; raises `RefusedModelError` if any of the models must not be served."""
    models = {name: load(trained(name, settings.data_dir, trees=settings.trees)) for name in settings.names}
    app = make_app("all-in-one", settings)

    @app.post("/predict/{name}")
    def predict(name: Annotated[str, InPath(max_length=40)], records: Records) -> Predictions:
        """Predict with one of the models."""
        model = _named(models, name)
        if name == settings.faulty and any(record[:1] == [_POISON] for record in records.inputs):
            misbehave(settings)
        return answer(model, records)

    @app.post("/release/{name}", status_code=202)
    def release(name: DataSet) -> Released:
        """Train a model again and end the process; until its parent has restarted it, no model answers."""
        path = train(name, settings.data_dir, trees=settings.trees, seed=int.from_bytes(os.urandom(2), "big"))
        version = load(path).card.version
        log.info("released: the server restarts", model=name, version=version)
        threading.Timer(0.1, os.kill, (os.getpid(), 15)).start()      # after this answer is sent
        return Released(model=name, version=version)

    return app


def _named(models: dict[DataSet, Model], name: str) -> Model:
    for known, model in models.items():
        if known == name:
            return model
    raise HTTPException(404, f"unknown model `{name[:40]}`; known models: {', '.join(models)}")


def misbehave(settings: AllInOneSettings) -> None:
    """Trigger the fault in the settings, if there is one."""
    log.warning("the fault is triggered", fault=settings.fault)
    if settings.fault == "abort":
        os.abort()
    if settings.fault == "memory":
        _leak(settings.memory_mb)
    if settings.fault == "cpu":
        _hog(settings.hog_s)


def _leak(most_mb: int) -> None:
    """Allocate memory up to a limit that is set for this process only, so that the machine is not affected."""
    import resource  # noqa: PLC0415 - POSIX only

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_taken_bytes() + most_mb * 1_000_000, hard))
    kept: list[object] = []
    try:
        while True:
            kept.append(np.ones(4_000_000))        # 32 MB, really written
    except MemoryError:
        os.abort()                                 # as a container's limit and many native libraries do


def _taken_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _hog(seconds: float) -> None:
    """Multiply matrices on all cores in native code, where Python's lock does not protect the other models."""
    import time  # noqa: PLC0415

    end = time.monotonic() + seconds
    matrix = np.random.default_rng(0).random((1500, 1500))
    while time.monotonic() < end:
        matrix = matrix @ matrix
        matrix /= matrix.max()


def main() -> None:
    """Serve all models, or exit with the reason if one of them must not be served."""
    settings = read_settings(AllInOneSettings)
    configure_logs(settings, "all-in-one")
    with refusing():
        app = create_app(settings)
    serve(app, settings)


if __name__ == "__main__":
    main()
