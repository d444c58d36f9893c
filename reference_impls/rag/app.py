"""The API: takes documents, and answers questions from them, with the sources and the state of the index."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import Counter
from pydantic import BaseModel, Field

from kit.llm.protocol import ApiError, use_errors
from kit.llm.streams import or_gone
from kit.llm.upstreams import Body, Chat, Upstream, UpstreamError
from kit.queues import QueueDownError, open_queue
from kit.settings import read_settings
from kit.web import make_app, serve
from rag.settings import QUEUE, RagSettings, open_store
from rag.store import Build, StoreDownError, embedder_of

_TEXT = r"^[^\x00]*[^\s\x00][^\x00]*$"              # not blank, and without NUL, which PostgreSQL cannot store
_LATE = 1.5                                        # a rebuild may take this much longer than its period


class Document(BaseModel):
    """A document to answer from; the same id replaces an earlier one."""

    id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\w.:/-]+$")]
    text: Annotated[str, Field(min_length=1, max_length=100_000, pattern=_TEXT)]


class Question(BaseModel):
    """A question."""

    question: Annotated[str, Field(min_length=1, max_length=500)]
    max_tokens: int = Field(40, ge=1, le=100)


def staleness(build: Build, settings: RagSettings, now: float) -> list[str]:
    """Return why an index is not up to date; nothing if it is."""
    reasons = [f"{build.waiting} documents are newer than the index"] if build.waiting else []
    newest = embedder_of(settings.edition).version
    if build.embedder != newest:
        reasons.append(f"it was made by the embedder {build.embedder}; the newest is {newest}")
    if now - build.at > _LATE * settings.rebuild_s:
        reasons.append(f"its last rebuild was {(now - build.at) / 3600:.1f} h ago")
    return reasons


def create_app(settings: RagSettings) -> FastAPI:
    """Return the app."""
    store, queue = open_store(settings), open_queue(settings, QUEUE)
    model = Upstream("model", settings.model, settings.model_name)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with queue:
            yield
        await model.close()
        store.close()

    def not_ready() -> str:
        try:
            return "" if store.build() else "there is no index yet"
        except StoreDownError as error:
            return str(error)

    app = make_app("rag", settings, lifespan, not_ready)
    use_errors(app)
    stale = Counter("rag_stale_answers_total", "Answers from an index that is not up to date.",
                    registry=app.state.metrics.registry)  # fmt: skip

    async def answer(asked: Question) -> Body:
        try:
            build = await asyncio.to_thread(store.build)
            if build is None:
                raise ApiError(503, "there is no index yet", retry_s=5)
            found = await asyncio.to_thread(store.search, build, asked.question, settings.parts)
        except StoreDownError as error:
            raise ApiError(503, str(error), retry_s=5) from None
        reasons = staleness(build, settings, time.time())
        stale.inc(bool(reasons))
        said: Body = {
            "sources": [{"document": one.document, "text": one.text, "likeness": one.likeness} for one in found],
            "index": {"build": build.number, "embedder": build.embedder, "stale": bool(reasons), "reasons": reasons},
        }
        if not found:
            return {"answer": None, "reason": "no document is close to the question", **said}
        text = "\n".join(one.text for one in found)
        messages = [{"role": "system", "content": text}, {"role": "user", "content": asked.question}]
        try:
            chat = await model.whole({"messages": messages, "max_tokens": asked.max_tokens}, settings.answer_s)
        except UpstreamError as error:             # the sources alone are better than nothing
            return {"answer": None, "reason": str(error), **said}
        return {"answer": Chat.model_validate(chat).text(), "reason": None, **said}

    @app.post("/ask")
    async def ask(asked: Question, request: Request) -> Response:
        """Answer a question from the documents."""
        return await or_gone(request, answer(asked))

    @app.post("/documents", status_code=202)
    async def put(document: Document) -> JSONResponse:
        """Store a document; the stream indexes it within moments, the next rebuild at the latest."""
        try:
            revision = await asyncio.to_thread(store.put, document.id, document.text)
        except StoreDownError as error:
            raise ApiError(503, str(error), retry_s=5) from None
        try:
            await queue.publish(f"{document.id}:{revision}", document.id.encode())
            indexed = "soon"
        except QueueDownError:
            indexed = "by the next rebuild"
        return JSONResponse({"id": document.id, "revision": revision, "indexed": indexed}, 202)

    return app


if __name__ == "__main__":
    settings = read_settings(RagSettings)
    serve(create_app(settings), settings)
