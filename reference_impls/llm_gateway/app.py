"""The gateway: who asks, what they may use, an answer from the cache, or one from the servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import Counter
from pydantic import BaseModel, Field, HttpUrl, SecretStr

from kit.llm.embedding import Embedder
from kit.llm.protocol import ApiError, ChatRequest, Form, error_body, usage, use_errors
from kit.llm.streams import Events, or_gone
from kit.llm.upstreams import Body, Chat, Upstream, UpstreamError
from kit.settings import Settings, read_settings
from kit.web import make_app, serve
from llm_gateway.accounts import Accounts, Job
from llm_gateway.cache import SemanticCache, scope_of
from llm_gateway.limits import Tenant
from llm_gateway.routing import Begun, Route, Router

MODEL = "assistant"


class Provider(BaseModel):
    """A server of the interface: its address, the name of its model there, and its prices per million tokens."""

    name: str
    url: HttpUrl
    model: str
    key: SecretStr | None = None
    usd_in: float = Field(0, ge=0)
    usd_out: float = Field(0, ge=0)


class GatewaySettings(Settings):
    """`providers` in the order of preference, and `tenants` by their key, both as JSON."""

    providers: list[Provider] = Field(min_length=1)
    tenants: dict[str, Tenant] = Field(min_length=1)
    hedge_s: float = Field(1, gt=0, description="silence after which a second server is asked as well")
    first_s: float = Field(5, gt=0, description="the longest time to the first token")
    idle_s: float = Field(5, gt=0, description="the longest silence between two tokens")
    cache_threshold: float = Field(0.95, gt=0, le=1.01, description="likeness of two questions; above 1: no cache")
    cache_ttl_s: float = Field(600, gt=0)


def create_app(settings: GatewaySettings) -> FastAPI:
    """Return the app."""
    routes = [
        Route(Upstream(one.name, str(one.url).rstrip("/"), one.model, one.key), one.usd_in, one.usd_out)
        for one in settings.providers
    ]  # fmt: skip

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        for route in routes:
            await route.upstream.close()
        accounts.close()

    app = make_app("llm-gateway", settings, lifespan)
    use_errors(app)
    registry = app.state.metrics.registry
    router = Router(routes, registry, hedge_s=settings.hedge_s, first_s=settings.first_s, idle_s=settings.idle_s)
    cached = Counter("gateway_cache_total", "Look-ups in the cache.", ("outcome",), registry=registry)
    cache, embedder = SemanticCache(settings.cache_threshold, settings.cache_ttl_s), Embedder()
    accounts = Accounts(settings.tenants, settings.data_dir / "spent.sqlite", routes, registry)

    @app.get("/v1/models")
    async def models() -> Body:
        """List the one model: callers do not choose a server."""
        return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "gateway"}]}

    @app.post("/v1/chat/completions")
    async def chat(asked: ChatRequest, request: Request) -> Response:
        """Answer from the cache or from a server; `X-Cache` and `X-Upstream` say from where."""
        tenant = accounts.tenant_of(request.headers.get("authorization", ""))
        if asked.model != MODEL:
            raise ApiError(404, f"the model `{asked.model[:100]}` does not exist; it is `{MODEL}`", "model_not_found")
        body: Body = asked.model_dump(exclude_none=True, exclude={"stream", "stream_options"})
        question = asked.messages[-1].text()
        others = {**body, "messages": [one.model_dump() for one in asked.messages[:-1]]}
        scope = scope_of(question, tenant.name, MODEL, settings.cache_threshold, embedder.version, others)
        vector = (await asyncio.to_thread(embedder.embed, [question]))[0]
        found = cache.find(scope, vector)
        cached.labels("miss" if found is None else "hit").inc()
        if found is not None:
            return _replayed(asked, *found)
        job = accounts.admit(tenant, asked, body)
        try:
            begun = await router.begin(body)
        except UpstreamError as error:
            accounts.settle(job, None)
            raise ApiError(error.status, str(error), error.code, error.retry_s or error.again) from None
        except BaseException:
            accounts.settle(job, None)
            raise

        keep = partial(cache.store, scope, vector)
        headers = {"X-Cache": "miss", "X-Upstream": begun.route.upstream.name}
        if asked.stream:
            return Events(_cached(_events(job, begun, accounts), job, keep), headers)
        return await or_gone(request, _collected(_cached(_events(job, begun, accounts), job, keep), job), headers)

    return app


async def _events(job: Job, begun: Begun, accounts: Accounts) -> AsyncGenerator[str, None]:
    """Pass the events on, and settle when the answer or its caller has ended."""
    try:
        async with aclosing(begun.rest) as rest:
            yield begun.first
            _note(job, begun.first)
            async for data in rest:
                _note(job, data)
                if job.with_usage or data == "[DONE]" or Chat.model_validate_json(data).choices:
                    yield data
    except UpstreamError as error:
        yield json.dumps(error_body(error.status, str(error)))
    finally:
        accounts.settle(job, begun.route)


async def _cached(
    events: AsyncGenerator[str, None], job: Job, keep: Callable[[str, str], None]
) -> AsyncGenerator[str, None]:
    """Pass the events on, and keep an answer that is complete."""
    async with aclosing(events) as passed:
        async for data in passed:
            yield data
    if job.reason in {"stop", "length"}:
        keep("".join(job.texts), job.reason)


def _note(job: Job, data: str) -> None:
    if data != "[DONE]":
        part = Chat.model_validate_json(data)
        job.texts.append(part.text())
        job.reason = part.reason() or job.reason
        job.used = part.usage or job.used


async def _collected(events: AsyncGenerator[str, None], job: Job) -> Body:
    """Return a whole answer from a stream; raises `ApiError` if it broke off."""
    last = ""
    async with aclosing(events) as passed:
        async for data in passed:
            last = data
    if last != "[DONE]":
        raise ApiError(502, "the server broke off its answer", retry_s=1)
    return Form(MODEL, chat=True).whole("".join(job.texts), job.reason, job.used or usage(0), None)


def _replayed(asked: ChatRequest, text: str, reason: str) -> Response:
    form, headers = Form(MODEL, chat=True), {"X-Cache": "hit"}
    if not asked.stream:
        return JSONResponse(form.whole(text, reason, usage(0), None), headers=headers)

    async def replay() -> AsyncGenerator[str, None]:
        yield json.dumps(form.chunk(text, None, None))
        yield json.dumps(form.chunk("", reason, None))
        yield "[DONE]"

    return Events(replay(), headers)


if __name__ == "__main__":
    settings = read_settings(GatewaySettings)
    serve(create_app(settings), settings)
