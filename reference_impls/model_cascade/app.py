"""The router: asks the small model, judges how sure its answer is, and asks the larger one if that is too little."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from fastapi import FastAPI, Request, Response
from prometheus_client import Counter, Histogram
from pydantic import Field, HttpUrl

from kit.llm.protocol import ApiError, ChatRequest, Form, Usage, use_errors
from kit.llm.streams import Events, or_gone
from kit.llm.upstreams import Body, Chat, Upstream, UpstreamError
from kit.settings import Settings, read_settings
from kit.web import make_app, serve

MODEL = "cascade"
_SHARES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.2, 0.5)


class CascadeSettings(Settings):
    """`small` and `large` are the addresses of the servers; `always` asks only the larger one, for comparison."""

    small: HttpUrl
    large: HttpUrl
    small_model: str = "topics-small"
    large_model: str = "topics-large"
    confidence: float = Field(0.035, ge=0, le=1, description="mean probability of a token below which to escalate")
    small_s: float = Field(5, gt=0, description="the longest time for the answer of the small model")
    large_s: float = Field(30, gt=0)
    always: Literal["no", "large"] = "no"


def confidence_of(answer: Chat) -> float:
    """Return the geometric mean of the probabilities of the tokens of an answer; 0 for an answer without tokens."""
    logs = [token.logprob for one in answer.choices if one.logprobs for token in one.logprobs.content or []]
    return math.exp(sum(logs) / len(logs)) if logs else 0.0


def create_app(settings: CascadeSettings) -> FastAPI:
    """Return the app."""
    small = Upstream("small", str(settings.small).rstrip("/"), settings.small_model)
    large = Upstream("large", str(settings.large).rstrip("/"), settings.large_model)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await small.close()
        await large.close()

    app = make_app("model-cascade", settings, lifespan)
    use_errors(app)
    registry = app.state.metrics.registry
    answers = Counter("cascade_answers_total", "Answers by model, and why.", ("model", "why"), registry=registry)
    sure = Histogram("cascade_confidence", "How sure the small model was.", registry=registry, buckets=_SHARES)

    async def attempt(body: Body) -> tuple[Chat | None, str]:
        """Return the answer of the small model if it is good enough, or any answer with the reason to escalate."""
        if settings.always == "large":
            return None, "always"
        try:
            found = Chat.model_validate(await small.whole({**body, "logprobs": True}, settings.small_s))
        except UpstreamError as error:
            if not error.again:
                raise
            return None, "failed"
        how_sure = confidence_of(found)
        sure.observe(how_sure)
        return found, "" if how_sure >= settings.confidence else "unsure"

    async def answer(body: Body) -> Body:
        first, why = await attempt(body)
        chosen, model = first, "small"
        if why:
            try:
                chosen, model = Chat.model_validate(await large.whole(body, settings.large_s)), "large"
            except UpstreamError:
                if first is None:
                    raise
                why = "large failed"               # an answer that is not sure is better than none
        assert chosen is not None
        answers.labels(model, why or "sure").inc()
        said = Form(MODEL, chat=True).whole(chosen.text(), chosen.reason(), chosen.usage or Usage(), None)
        return {**said, "cascade": {"model": model, "why": why or "sure"}}

    async def checked(body: Body) -> Body:
        try:
            return await answer(body)
        except UpstreamError as error:
            raise ApiError(error.status, str(error), error.code, error.retry_s or error.again) from None

    @app.post("/v1/chat/completions")
    async def chat(asked: ChatRequest, request: Request) -> Response:
        """Answer; the field `cascade` says which model did, and why."""
        if asked.model != MODEL:
            raise ApiError(404, f"the model `{asked.model[:100]}` does not exist; it is `{MODEL}`", "model_not_found")
        body: Body = asked.model_dump(exclude_none=True, exclude={"stream", "stream_options", "logprobs"})
        if asked.stream:
            return Events(_streamed(await checked(body)))
        return await or_gone(request, checked(body))

    return app


async def _streamed(whole: Body) -> AsyncGenerator[str, None]:
    """Yield an answer as a stream: only a whole answer can be judged, so its text comes at once."""
    found, form = Chat.model_validate(whole), Form(MODEL, chat=True)
    yield json.dumps(form.chunk(found.text(), None, None))
    yield json.dumps({**form.chunk("", found.reason(), None), "cascade": whole["cascade"]})
    yield "[DONE]"


if __name__ == "__main__":
    settings = read_settings(CascadeSettings)
    serve(create_app(settings), settings)
