"""The settings of all parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kit.queues import QueueSettings
from kit.settings import refuse
from rag.store import Store

if TYPE_CHECKING:
    from rag.vectors import PgStore

QUEUE = "documents"


class RagSettings(QueueSettings):
    """`edition` is the release of the embedder that the next rebuild uses."""

    model: str = "http://127.0.0.1:8001"
    model_name: str = "topics-large"
    edition: int = Field(1, ge=1)
    rebuild_s: float = Field(86_400, gt=0, description="the time between two rebuilds of the index")
    database_url: str = Field("", description="PostgreSQL with pgvector; empty for an SQLite file in the data folder")
    parts: int = Field(2, ge=1, le=10, description="parts of documents in a prompt")
    answer_s: float = Field(30, gt=0)


def open_store(settings: RagSettings) -> Store | PgStore:
    """Open the documents and their index; exit with the reason if the database cannot be used."""
    if not settings.database_url:
        return Store(settings.data_dir / "documents.sqlite")
    from kit.database import DatabaseSettings, RefusedDatabaseError, open_database  # noqa: PLC0415 - SQLite needs less
    from rag.vectors import PgStore  # noqa: PLC0415

    try:
        engine = open_database(DatabaseSettings.model_construct(database_url=settings.database_url), "documents")
        if engine.dialect.name != "postgresql":
            raise RefusedDatabaseError("SERVE_DATABASE_URL: use PostgreSQL with pgvector, or leave it out for SQLite")
        return PgStore(engine)
    except RefusedDatabaseError as error:
        refuse(str(error))
