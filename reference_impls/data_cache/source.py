"""The slow source of records, as a separate process; in production, it is a database or a feature service."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from kit.inputs import Finite
from kit.models import examples_apart
from kit.settings import read_settings
from kit.tokens import AdminSettings, holder_of
from kit.web import make_app, serve

FEATURES = 13


class SourceSettings(AdminSettings):
    """`delay_s` is added to each answer, to simulate a large table or a distant server."""

    delay_s: float = Field(0.1, ge=0)


class Wine(BaseModel):
    """The measurements of one wine."""

    model_config = ConfigDict(extra="forbid")

    features: Annotated[list[Finite], Field(min_length=FEATURES, max_length=FEATURES)]


def create_app(settings: SourceSettings) -> FastAPI:
    """Return the app, which reads a SQLite file; the first start fills it."""
    file = settings.data_dir / "wines.sqlite"
    fill(file)
    app = make_app("wines", settings)
    holder = Depends(holder_of(settings.admin_tokens))

    @app.get("/wines/{wine}")
    def read(wine: int) -> Wine:
        """Return the measurements of a wine."""
        time.sleep(settings.delay_s)
        with closing(sqlite3.connect(file)) as database:
            row = database.execute("SELECT features FROM wines WHERE id = ?", (wine,)).fetchone()
        if row is None:
            raise HTTPException(404, f"unknown wine {wine}")
        return Wine(features=json.loads(row[0]))

    @app.put("/wines/{wine}", dependencies=[holder], status_code=204)
    def change(wine: Annotated[int, Field(ge=0, lt=2**31)], value: Wine) -> None:
        """Store a new measurement of a wine; the caller must remove it from caches."""
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("INSERT OR REPLACE INTO wines VALUES (?, ?)", (wine, json.dumps(value.features)))

    return app


def fill(file: Path) -> None:
    """Write scikit-learn's wines into a file that has none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS wines (id INTEGER PRIMARY KEY, features TEXT NOT NULL)")
        if database.execute("SELECT 1 FROM wines").fetchone():
            return
        rows = [(number, json.dumps(features)) for number, features in enumerate(examples_apart("wine").tolist())]
        database.executemany("INSERT OR IGNORE INTO wines VALUES (?, ?)", rows)


if __name__ == "__main__":
    settings = read_settings(SourceSettings)
    serve(create_app(settings), settings)
