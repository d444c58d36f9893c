"""The API: accepts a job after the queue has confirmed it, and reports its result."""

from __future__ import annotations

import asyncio
import uuid
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Response

from asynchronous.settings import QUEUE, AsynchronousSettings, Job
from kit.models import read_card, refusing, trained_apart
from kit.outcomes import AGAIN, Outcome, add_outcomes, open_results
from kit.queues import open_queue, require
from kit.queues.feeding import make_feeder
from kit.queues.predicting import digest_of
from kit.results import Results
from kit.settings import read_settings
from kit.web import serve

Key = Annotated[str | None, Header(min_length=1, max_length=200)]
_KEYS = uuid.UUID("6b2f6d0e-3f53-4a0c-9a52-6b1f6f0e7d11")  # any namespace works: equal keys give equal ids


def create_app(settings: AsynchronousSettings, results: Results) -> FastAPI:
    """Return the app; raises `RefusedModelError` for a model without a readable card."""
    features = len(read_card(trained_apart("iris", settings.data_dir)).features)
    queue = open_queue(settings, QUEUE)
    app = make_feeder("asynchronous", settings, queue)

    @app.post("/predictions", status_code=202)
    async def accept(job: Job, response: Response, idempotency_key: Key = None) -> Outcome:
        """Queue a job, then store it as pending.

        The order matters: each pending job has a message, and a job that the queue rejects is not stored. If a request
        with the same `Idempotency-Key` is sent again, it is the same job.
        """
        job.matrix(features)                       # reject now what every worker would reject
        refused = settings.callback_refused(job.callback) if job.callback else ""
        if refused:
            raise HTTPException(422, refused)
        key = str(uuid.uuid5(_KEYS, idempotency_key) if idempotency_key else uuid.uuid4())
        body = job.model_dump_json().encode()
        known = await asyncio.to_thread(results.get, key) if idempotency_key else None
        if known is None:
            await queue.publish(key, body)
            known = await asyncio.to_thread(results.accept, key, digest_of(body))
        if known.digest != digest_of(body):
            raise HTTPException(422, "this Idempotency-Key was used for another request")
        response.headers.update({"Location": f"/predictions/{key}", **AGAIN})
        return Outcome(id=key, status=known.status)

    add_outcomes(app, results, "/predictions")

    return app


if __name__ == "__main__":
    settings = read_settings(AsynchronousSettings)
    results = open_results(settings)
    require(settings, QUEUE)
    with refusing():
        app = create_app(settings, results)
    serve(app, settings)
