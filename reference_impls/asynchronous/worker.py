"""A worker: takes one job at a time, predicts, stores the result, and only then acknowledges the message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from pydantic import ValidationError

from asynchronous.settings import CALLBACKS, QUEUE, AsynchronousSettings, Job
from kit.models import load, refusing, trained
from kit.outcomes import Outcome, open_results
from kit.queues import Delivery, HopelessError, Queue, Work, open_queue, require
from kit.queues.predicting import predicting
from kit.queues.working import make_worker
from kit.results import Results
from kit.settings import read_settings
from kit.tracing import propagate_async
from kit.web import serve


def create_app(settings: AsynchronousSettings, results: Results) -> FastAPI:
    """Return the app, which runs the worker; raises `RefusedModelError` for a model that must not be served."""
    model = load(trained("iris", settings.data_dir))
    queue = open_queue(settings, QUEUE)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        hooks = {"request": [propagate_async]}
        async with (
            httpx.AsyncClient(timeout=settings.callback_timeout_s, trust_env=False, event_hooks=hooks) as client,
            open_queue(settings, CALLBACKS) as callbacks,
            queue,                                 # closed first, because its last job may have a callback
        ):
            await callbacks.consume(calling_back(settings, results, client))
            registry = app.state.metrics.registry
            await queue.consume(predicting(model, results, registry, Job, announcing(callbacks), settings.policy))
            yield

    return make_worker("asynchronous-worker", settings, queue, lifespan)


def announcing(callbacks: Queue) -> Callable[[str, bytes], Awaitable[None]]:
    """Queue a callback for each finished job that asks for one, so that its retries delay no prediction."""

    async def settled(key: str, body: bytes) -> None:
        try:
            job = Job.model_validate_json(body)
        except ValidationError:                    # the job is dead because it cannot be read; nor can its callback
            return
        if job.callback:
            await callbacks.publish(key, job.callback.encode())

    return settled


def calling_back(settings: AsynchronousSettings, results: Results, client: httpx.AsyncClient) -> Work:
    """Return work that sends each result to its callback at least once; redirects are not followed."""

    async def handle(delivery: Delivery) -> None:
        callback = delivery.body.decode()
        refused = settings.callback_refused(callback)  # the list may have changed since the request
        if refused:
            raise HopelessError(refused)
        result = await asyncio.to_thread(results.get, delivery.id)
        if result is None:
            raise HopelessError("no result has this id")
        headers = {"Content-Type": "application/json", "Idempotency-Key": delivery.id}
        body = Outcome.of(result).model_dump_json(exclude_none=True)
        answer = await client.post(callback, content=body, headers=headers)
        if not answer.is_success:
            raise httpx.HTTPError(f"{httpx.URL(callback).host} answered {answer.status_code}")

    async def bury(delivery: Delivery, reason: str) -> None:
        """Do nothing: the result can still be fetched, and the log has the reason."""

    return Work(handle, bury)


if __name__ == "__main__":
    settings = read_settings(AsynchronousSettings)
    results = open_results(settings)
    require(settings, QUEUE)
    with refusing():
        app = create_app(settings, results)
    serve(app, settings.without_lame_duck(), settings.finish_s)
