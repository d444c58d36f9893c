"""A server of one language model with OpenAI's interface: `python -m kit.llm.server`. vLLM can replace it."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from codecs import getincrementaldecoder
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

from fastapi import FastAPI, Request, Response
from pydantic import Field

from kit.llm.decoding import PAGE, pages_for
from kit.llm.embedding import Embedder
from kit.llm.engine import Engine, FullError, Sampling, Sequence, TooLongError
from kit.llm.meters import Meters
from kit.llm.models import LanguageModel, ModelName, load, trained
from kit.llm.protocol import (
    ApiError,
    ChatRequest,
    CompletionRequest,
    EmbeddingsRequest,
    Form,
    Usage,
    error_body,
    usage,
    use_errors,
)
from kit.llm.streams import Events, or_gone
from kit.llm.text import Tokenizer
from kit.settings import Settings, command_line, read_settings, refuse
from kit.web import make_app, serve

EMBEDDINGS = "words"
"""The name of the model for embeddings."""


class ModelSettings(Settings):
    """`language_model`: which one to serve. `answer_s`: the longest time for one answer, waiting included."""

    language_model: ModelName = "topics-large"
    max_sequences: int = Field(16, ge=1, le=1024, description="sequences in one batch; 1: one after another")
    kv_tokens: int = Field(4096, ge=PAGE, description="the budget for keys and values, of all sequences together")
    context: int = Field(512, ge=PAGE, description="tokens of a prompt and its answer")
    max_waiting: int = Field(64, ge=1, description="requests that may wait; more get 429")
    answer_s: float = Field(60, gt=0)


class Speech:
    """The text of an answer, from its tokens: whole characters only, and nothing after a text that ends it."""

    def __init__(self, tokenizer: Tokenizer, stops: list[str]) -> None:
        self._tokenizer, self._stops = tokenizer, stops
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.stopped = False

    def say(self, token: int) -> str:
        """Return the text that a token adds; the start of a possible end is kept back."""
        self._held += self._decoder.decode(self._tokenizer.bytes_of(token))
        ends = [at for at in (self._held.find(stop) for stop in self._stops) if at >= 0]
        if ends:
            self.stopped, said, self._held = True, self._held[: min(ends)], ""
            return said
        keep = max((size for stop in self._stops for size in range(1, len(stop)) if self._held.endswith(stop[:size])),
                   default=0)  # fmt: skip
        said, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return said

    def text_of(self, token: int) -> str:
        """Return the text of one token alone, for `logprobs`."""
        return self._tokenizer.decode([token])

    def rest(self) -> str:
        """Return what was kept back, at the end of an answer."""
        return "" if self.stopped else self._held + self._decoder.decode(b"", final=True)


class Answer:
    """One answer in progress: its parts, and at the end why it ended."""

    def __init__(self, engine: Engine, sequence: Sequence, speech: Speech, deadline_s: float) -> None:
        self._engine, self._sequence, self._speech, self._deadline_s = engine, sequence, speech, deadline_s
        self.reason = ""

    async def parts(self) -> AsyncGenerator[tuple[str, list[tuple[str, float]]], None]:
        """Yield texts with the tokens behind each; when nobody takes them any more, the work stops."""
        speech = self._speech
        try:
            async with asyncio.timeout(self._deadline_s):
                while not self.reason:
                    step = await self._sequence.steps.get()
                    if step.reason is not None:
                        self.reason = step.reason
                        yield speech.rest(), []
                        return
                    text = speech.say(step.token)
                    if speech.stopped:
                        self.reason = "stop"
                    yield text, [(speech.text_of(step.token), step.logprob)]
        except TimeoutError:
            raise ApiError(504, f"no complete answer within {self._deadline_s:g} s", "timeout") from None
        finally:
            self._engine.cancel(self._sequence, left=not self.reason)

    def used(self) -> Usage:
        """Return the tokens so far."""
        return usage(self._sequence.prompt, self._sequence.generated)


def create_app(model: LanguageModel, settings: ModelSettings, title: str) -> FastAPI:
    """Return the app."""
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        running = asyncio.create_task(engine.run())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    app = make_app(title, settings, lifespan, lambda: engine.failure,
                   lambda: {"model": model.name, "version": model.version, "embedder": embedder.version})  # fmt: skip
    use_errors(app)
    meters, embedder = Meters(app.state.metrics.registry), Embedder()
    engine = Engine(
        model, meters, pages=pages_for(settings.kv_tokens), most_sequences=settings.max_sequences,
        most_waiting=settings.max_waiting, context=settings.context,
    )  # fmt: skip

    def begin(asked: ChatRequest | CompletionRequest, prompt: str) -> Answer:
        if asked.model != model.name:
            raise ApiError(404, f"the model `{asked.model[:100]}` does not exist; this server has `{model.name}`",
                           "model_not_found")  # fmt: skip
        if engine.failure:
            raise ApiError(503, "the engine failed; the reason is in the log", retry_s=1)
        tokens = model.tokenizer.encode(prompt) or [10]
        sampling = Sampling(
            asked.most_tokens(), 1.0 if asked.temperature is None else asked.temperature, asked.top_p or 1.0,
            random.getrandbits(63) if asked.seed is None else asked.seed, asked.ignore_eos,
        )  # fmt: skip
        try:
            sequence = engine.submit(tokens, sampling)
        except TooLongError as error:
            raise ApiError(400, str(error), "context_length_exceeded") from None
        except FullError as error:
            raise ApiError(429, str(error), "rate_limit_exceeded", error.retry_s) from None
        meters.prompt.inc(len(tokens))
        return Answer(engine, sequence, Speech(model.tokenizer, asked.stops()), settings.answer_s)

    async def answer(asked: ChatRequest | CompletionRequest, prompt: str, request: Request) -> Response:
        begun, form = begin(asked, prompt), Form(model.name, isinstance(asked, ChatRequest))
        with_logs = asked.logprobs not in {None, False}
        if asked.stream:
            with_usage = asked.stream_options is not None and asked.stream_options.include_usage
            return Events(_chunks(begun, form, with_logs, with_usage))
        return await or_gone(request, _whole(begun, form, with_logs))

    @app.get("/v1/models")
    async def models() -> dict[str, object]:
        """List the models: the one that generates, and the one for embeddings."""
        names = (model.name, EMBEDDINGS)
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "kit"} for name in names]
        return {"object": "list", "data": listed}

    @app.post("/v1/chat/completions")
    async def chat(asked: ChatRequest, request: Request) -> Response:
        """Continue a conversation."""
        return await answer(asked, asked.prompt(), request)

    @app.post("/v1/completions")
    async def complete(asked: CompletionRequest, request: Request) -> Response:
        """Continue a text."""
        return await answer(asked, asked.prompt, request)

    @app.post("/v1/embeddings")
    async def embed(asked: EmbeddingsRequest) -> dict[str, object]:
        """Return the vectors of some texts."""
        vectors = await asyncio.to_thread(embedder.embed, asked.texts())
        as_text = asked.encoding_format == "base64"
        data = [
            {"object": "embedding", "index": index,
             "embedding": base64.b64encode(vector.tobytes()).decode() if as_text else vector.tolist()}
            for index, vector in enumerate(vectors)
        ]  # fmt: skip
        used = sum(len(model.tokenizer.encode(text)) for text in asked.texts())
        return {"object": "list", "data": data, "model": embedder.version, "usage": usage(used).model_dump()}

    return app


async def _whole(answer: Answer, form: Form, with_logs: bool) -> dict[str, object]:
    texts: list[str] = []
    logs: list[tuple[str, float]] = []
    async with aclosing(answer.parts()) as parts:
        async for text, tokens in parts:
            texts.append(text)
            logs += tokens
    return form.whole("".join(texts), answer.reason, answer.used(), logs if with_logs else None)


async def _chunks(answer: Answer, form: Form, with_logs: bool, with_usage: bool) -> AsyncGenerator[str, None]:
    """Yield the data of each event; an error after the first one is an event, because the status is sent already."""
    try:
        async with aclosing(answer.parts()) as parts:
            async for text, tokens in parts:
                if text or tokens:
                    yield json.dumps(form.chunk(text, None, tokens if with_logs else None))
    except ApiError as error:
        yield json.dumps(error_body(error.status, str(error), error.code))
        return
    yield json.dumps(form.chunk("", answer.reason, None))
    if with_usage:
        yield json.dumps(form.last(answer.used()))
    yield "[DONE]"


def run(title: str, settings: ModelSettings) -> None:
    """Serve the model of the settings; train it first if its file is missing."""
    try:
        model = load(trained(settings.language_model, settings.data_dir))
    except (ValueError, OSError, KeyError) as error:
        refuse(f"the model cannot be loaded: {error}")
    serve(create_app(model, settings, title), settings)


if __name__ == "__main__":
    parser = command_line("kit.llm.server", __doc__, ModelSettings)
    parser.add_argument("label", nargs="?", default="model", help="a name for the list of processes and the log")
    run(parser.parse_args().label, read_settings(ModelSettings))
