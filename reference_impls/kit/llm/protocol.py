"""The bodies of OpenAI's interface that the servers understand, and its form of errors.

https://platform.openai.com/docs/api-reference describes it; vLLM and others serve the same.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

_TYPES = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
          404: "invalid_request_error", 413: "invalid_request_error", 429: "rate_limit_error"}  # fmt: skip
DEFAULT_TOKENS = 128


class ApiError(Exception):
    """An answer that is an error, in OpenAI's form; `code` is for programs."""

    def __init__(self, status: int, message: str, code: str = "", retry_s: float = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = {"Retry-After": f"{max(1, round(retry_s))}"} if retry_s else {}


def error_body(status: int, message: str, code: str = "", param: str | None = None) -> dict[str, object]:
    """Return the body of an error."""
    kind = _TYPES.get(status, "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code or None}}


def use_errors(app: FastAPI) -> None:
    """Answer every error of an app of `make_app` in OpenAI's form; a request that is not valid gets 400."""

    @app.exception_handler(ApiError)
    async def failed(_request: Request, error: ApiError) -> JSONResponse:
        return _answer(error.status, str(error), error.code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        param = ".".join(str(part) for part in first["loc"][1:])
        return JSONResponse(error_body(400, f"{param}: {first['msg']}", "invalid_value", param), 400)

    @app.exception_handler(StarletteHTTPException)
    async def refused(_request: Request, error: StarletteHTTPException) -> JSONResponse:
        return _answer(error.status_code, str(error.detail), "", error.headers or {})


def _answer(status: int, message: str, code: str, headers: Mapping[str, str]) -> JSONResponse:
    return JSONResponse(error_body(status, message, code), status, dict(headers))


class Part(BaseModel):
    """A part of a message; only text is understood."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """A message of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part]

    def text(self) -> str:
        """Return its text."""
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """`include_usage`: the last event of a stream has the number of tokens."""

    include_usage: bool = False


class _Generation(BaseModel):
    """What completions and chats share. Further fields are ignored, as elsewhere."""

    model_config = ConfigDict(allow_inf_nan=False)

    model: Annotated[str, Field(max_length=200)]
    max_tokens: int | None = Field(None, ge=1, le=100_000)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=0, le=2**63 - 1)
    stop: Annotated[str, Field(min_length=1, max_length=100)] | list[str] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    ignore_eos: bool = Field(False, description="as in vLLM: generate `max_tokens` tokens in any case")

    def stops(self) -> list[str]:
        """Return the texts that end the answer."""
        return [self.stop] if isinstance(self.stop, str) else [text for text in self.stop or [] if text][:4]


class ChatRequest(_Generation):
    """A request to `/v1/chat/completions`."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    max_completion_tokens: int | None = Field(None, ge=1, le=100_000)
    logprobs: bool | None = None

    def prompt(self) -> str:
        """Return the conversation as the text that the model continues."""
        return "\n".join([*(f"{one.role}: {one.text()}" for one in self.messages), "assistant: "])

    def most_tokens(self) -> int:
        """Return the most tokens of the answer."""
        return self.max_completion_tokens or self.max_tokens or DEFAULT_TOKENS


class CompletionRequest(_Generation):
    """A request to `/v1/completions`."""

    prompt: str
    logprobs: int | None = Field(None, ge=0, le=5)

    def most_tokens(self) -> int:
        """Return the most tokens of the answer."""
        return self.max_tokens or 16


class EmbeddingsRequest(BaseModel):
    """A request to `/v1/embeddings`."""

    model: Annotated[str, Field(max_length=200)]
    input: str | Annotated[list[str], Field(min_length=1, max_length=256)]
    encoding_format: Literal["float", "base64"] = "float"

    def texts(self) -> list[str]:
        """Return the texts to embed."""
        return [self.input] if isinstance(self.input, str) else self.input


class Usage(BaseModel):
    """The tokens of a request."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


def usage(prompt: int, completion: int = 0) -> Usage:
    """Return the tokens of a request."""
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


class Form:
    """The form of the answers to one request: a chat or a completion, whole or in chunks."""

    def __init__(self, model: str, chat: bool) -> None:
        self.id = f"{'chatcmpl' if chat else 'cmpl'}-{uuid.uuid4().hex}"
        self._model, self._chat, self._created = model, chat, int(time.time())

    def whole(self, text: str, reason: str, used: Usage, logs: list[tuple[str, float]] | None) -> dict[str, object]:
        """Return a whole answer."""
        said = {"message": {"role": "assistant", "content": text, "refusal": None}} if self._chat else {"text": text}
        choice: dict[str, object] = {"index": 0, **said, "logprobs": self._logs(logs), "finish_reason": reason}
        return {**self._head("chat.completion" if self._chat else "text_completion", [choice]),
                "usage": used.model_dump()}  # fmt: skip

    def chunk(self, text: str, reason: str | None, logs: list[tuple[str, float]] | None) -> dict[str, object]:
        """Return a chunk of a streamed answer."""
        said = {"delta": {"role": "assistant", "content": text} if text else {}} if self._chat else {"text": text}
        choice: dict[str, object] = {"index": 0, **said, "logprobs": self._logs(logs), "finish_reason": reason}
        return self._head("chat.completion.chunk" if self._chat else "text_completion", [choice])

    def last(self, used: Usage) -> dict[str, object]:
        """Return the chunk with the tokens of the request."""
        head = self._head("chat.completion.chunk" if self._chat else "text_completion", [])
        return {**head, "usage": used.model_dump()}

    def _head(self, kind: str, choices: list[dict[str, object]]) -> dict[str, object]:
        return {"id": self.id, "object": kind, "created": self._created, "model": self._model, "choices": choices}

    def _logs(self, logs: list[tuple[str, float]] | None) -> dict[str, object] | None:
        if logs is None:
            return None
        if self._chat:
            return {"content": [{"token": token, "logprob": value, "bytes": None, "top_logprobs": []}
                                for token, value in logs], "refusal": None}  # fmt: skip
        return {"tokens": [token for token, _ in logs], "token_logprobs": [value for _, value in logs],
                "top_logprobs": None, "text_offset": []}  # fmt: skip
