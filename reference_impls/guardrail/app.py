"""The front: a request passes the check, then the model, and its answer passes the check before anybody sees it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Literal

from fastapi import FastAPI, Request, Response
from prometheus_client import Counter
from pydantic import Field, HttpUrl

from guardrail.checker import Text, Verdict
from kit.calls import Callee, CallError, Deadline
from kit.llm.protocol import ApiError, ChatRequest, Form, Usage, error_body, use_errors
from kit.llm.streams import Events, or_gone
from kit.llm.upstreams import Body, Chat, Upstream, UpstreamError
from kit.settings import Settings, read_settings
from kit.web import make_app, serve

_END = (". ", "! ", "? ", "\n")
Direction = Literal["in", "out"]


class GuardSettings(Settings):
    """`fails`: what happens to a text while the check does not answer; closed rejects it, open lets it pass."""

    model: HttpUrl
    checker: HttpUrl
    model_name: str = "topics-large"
    fails: Literal["closed", "open"] = "closed"
    check_s: float = Field(0.5, gt=0, description="the longest time for one check")
    answer_s: float = Field(60, gt=0)
    held: int = Field(200, ge=1, description="letters of a stream that are checked together at most")


class BlockedError(Exception):
    """A text that must not pass, and why."""


class Guard:
    """Asks the check, and decides what happens without an answer."""

    def __init__(self, checker: Callee, settings: GuardSettings, verdicts: Counter) -> None:
        self._checker, self._settings, self._verdicts = checker, settings, verdicts

    async def check(self, text: str, direction: Direction) -> bool:
        """Return whether a text was checked; raises `BlockedError`, or `ApiError` if it must be checked and was not."""
        try:
            verdict = await self._checker.ask(
                "/check", Text(text=text, direction=direction), Verdict, Deadline.after(self._settings.check_s)
            )
        except CallError as error:
            self._verdicts.labels(direction, "unchecked").inc()
            if self._settings.fails == "closed":
                raise ApiError(503, f"the check did not answer: {error}", "guardrail_unavailable", 1) from None
            return False
        self._verdicts.labels(direction, "passed" if verdict.passed else "blocked").inc()
        if not verdict.passed:
            raise BlockedError(", ".join(verdict.reasons))
        return True


def create_app(settings: GuardSettings) -> FastAPI:
    """Return the app."""
    model = Upstream("model", str(settings.model).rstrip("/"), settings.model_name)
    checker = Callee("checker", str(settings.checker))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await model.close()
        await checker.close()

    app = make_app("guardrail", settings, lifespan, detail=lambda: {"fails": settings.fails})
    use_errors(app)
    verdicts = Counter("guardrail_verdicts_total", "Checked texts.", ("direction", "verdict"),
                       registry=app.state.metrics.registry)  # fmt: skip
    guard = Guard(checker, settings, verdicts)

    async def answer(body: Body) -> Body:
        try:
            found = Chat.model_validate(await model.whole(body, settings.answer_s))
        except UpstreamError as error:
            raise ApiError(error.status, str(error), error.code, error.retry_s or error.again) from None
        text, reason = found.text(), found.reason()
        try:
            await guard.check(text, "out")
        except BlockedError:
            text, reason = "", "content_filter"
        return Form(settings.model_name, chat=True).whole(text, reason, found.usage or Usage(), None)

    @app.post("/v1/chat/completions")
    async def chat(asked: ChatRequest, request: Request) -> Response:
        """Check the request, answer it, and check the answer; `X-Guardrail` says whether the request was checked."""
        try:
            checked = await guard.check("\n".join(one.text() for one in asked.messages), "in")
        except BlockedError as why:
            raise ApiError(400, f"the request was blocked: {why}", "content_filter") from None
        headers = {"X-Guardrail": "checked" if checked else "unchecked"}
        body: Body = asked.model_dump(exclude_none=True, exclude={"stream", "stream_options", "logprobs"})
        if not asked.stream:
            return await or_gone(request, answer(body), headers)
        source = model.events(body, settings.answer_s, settings.answer_s)
        return Events(_guarded(source, guard, settings), headers)

    return app


async def _guarded(
    source: AsyncGenerator[str, None], guard: Guard, settings: GuardSettings
) -> AsyncGenerator[str, None]:
    """Yield a stream in checked parts: each is held back until it, with all text before it, has passed."""
    form, said, held, reason = Form(settings.model_name, chat=True), "", "", ""
    try:
        async with aclosing(source) as events:
            async for data in events:
                part = Chat() if data == "[DONE]" else Chat.model_validate_json(data)
                held += part.text()
                reason = part.reason() or reason
                if held and (reason or len(held) >= settings.held or held.endswith(_END)):
                    await guard.check(said + held, "out")
                    yield json.dumps(form.chunk(held, None, None))
                    said, held = said + held, ""
    except BlockedError:
        reason = "content_filter"                  # closing the source has stopped the model
    except UpstreamError as error:
        yield json.dumps(error_body(error.status, str(error), error.code))
        return
    except ApiError as error:
        yield json.dumps(error_body(error.status, str(error), error.code))
        return
    yield json.dumps(form.chunk("", reason, None))
    yield "[DONE]"


if __name__ == "__main__":
    settings = read_settings(GuardSettings)
    serve(create_app(settings), settings)
