"""The settings of all parts."""

from __future__ import annotations

from pydantic import Field

from kit.queues import QueueSettings
from rag.store import Store

QUEUE = "documents"


class RagSettings(QueueSettings):
    """`edition` is the release of the embedder that the next rebuild uses."""

    model: str = "http://127.0.0.1:8001"
    model_name: str = "topics-large"
    edition: int = Field(1, ge=1)
    rebuild_s: float = Field(86_400, gt=0, description="the time between two rebuilds of the index")
    parts: int = Field(2, ge=1, le=10, description="parts of documents in a prompt")
    answer_s: float = Field(30, gt=0)


def open_store(settings: RagSettings) -> Store:
    """Open the documents and their index."""
    return Store(settings.data_dir / "documents.sqlite")
