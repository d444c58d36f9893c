"""Calls to servers with OpenAI's interface, whole or streamed; a call that is cancelled closes its connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import httpx
import structlog
from pydantic import BaseModel, SecretStr, ValidationError

from kit.llm.protocol import Usage
from kit.tracing import propagate_async

CHAT = "/v1/chat/completions"
_CONNECT_S = 0.5
_KEEP_ALIVE_S = 2.0                                # less than uvicorn's 5 s: no call uses a closing connection
Body = dict[str, object]


class UpstreamError(Exception):
    """A call without an answer; `again`: another server may answer. `retry_s` is what the server asked to wait."""

    def __init__(self, name: str, reason: str, status: int, *, again: bool, retry_s: float = 0, code: str = "") -> None:
        super().__init__(f"{name}: {reason}")
        self.name, self.reason, self.status = name, reason, status
        self.again, self.retry_s, self.code = again, retry_s, code


class _Said(BaseModel):
    message: str = ""
    code: str | None = None


class _Error(BaseModel):
    error: _Said | str


class Token(BaseModel):
    """A token of a whole answer, with the logarithm of its probability."""

    logprob: float


class Logs(BaseModel):
    """The tokens of an answer, if they were asked for."""

    content: list[Token] | None = None


class Spoken(BaseModel):
    """The text of a choice, whole or a part."""

    content: str | None = None


class Choice(BaseModel):
    """The one choice of an answer or of a chunk."""

    message: Spoken = Spoken()
    delta: Spoken = Spoken()
    logprobs: Logs | None = None
    finish_reason: str | None = None


class Chat(BaseModel):
    """What is read of an answer, or of a chunk of one."""

    choices: list[Choice] = []
    usage: Usage | None = None

    def text(self) -> str:
        """Return its text."""
        return "".join((one.message.content or "") + (one.delta.content or "") for one in self.choices)

    def reason(self) -> str:
        """Return why it ended, or nothing if it did not."""
        return next((one.finish_reason for one in self.choices if one.finish_reason), "")


class Upstream:
    """One server, with the name of its model."""

    def __init__(self, name: str, url: str, model: str, key: SecretStr | None = None) -> None:
        self.name, self.model = name, model
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        self._client = httpx.AsyncClient(
            base_url=url, headers=headers, trust_env=False, event_hooks={"request": [propagate_async]},
            limits=httpx.Limits(max_connections=200, keepalive_expiry=_KEEP_ALIVE_S),
        )  # fmt: skip

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def whole(self, body: Mapping[str, object], timeout_s: float) -> Body:
        """Return a whole answer; raises `UpstreamError`."""
        async with self._post({**body, "stream": False}, timeout_s) as answer:
            try:
                async with asyncio.timeout(timeout_s):
                    found: Body = json.loads(await answer.aread())
            except TimeoutError:
                raise self._late(timeout_s) from None
            except ValueError:
                raise UpstreamError(self.name, "returned no JSON", 502, again=True) from None
            return found

    async def events(self, body: Mapping[str, object], first_s: float, idle_s: float) -> AsyncGenerator[str, None]:
        """Yield the data of each event, `[DONE]` included; raises `UpstreamError`, also for a stream that breaks off.

        `first_s` limits the time to the first event, and `idle_s` the silence after it.
        """
        asked = {**body, "stream": True, "stream_options": {"include_usage": True}}
        left_s = first_s
        async with self._post(asked, first_s) as answer:
            lines = answer.aiter_lines()
            while True:
                try:
                    async with asyncio.timeout(left_s):
                        line = await anext(lines, None)
                except TimeoutError:
                    raise self._late(left_s) from None
                except httpx.TransportError as error:
                    raise UpstreamError(self.name, f"broke off ({type(error).__name__})", 502, again=True) from None
                if line is None:
                    raise UpstreamError(self.name, "ended its stream without [DONE]", 502, again=True)
                if not line.startswith("data:"):
                    continue
                data = line.removeprefix("data:").strip()
                if data.startswith('{"error"'):
                    raise UpstreamError(self.name, f"failed in its stream: {data[:200]}", 502, again=True)
                yield data
                left_s = idle_s
                if data == "[DONE]":
                    return

    @asynccontextmanager
    async def _post(self, body: Mapping[str, object], first_s: float) -> AsyncGenerator[httpx.Response, None]:
        request = str(structlog.contextvars.get_contextvars().get("request", ""))
        sent = self._client.build_request(
            "POST", CHAT, json={**body, "model": self.model}, headers={"X-Request-ID": request} if request else None,
            timeout=httpx.Timeout(None, connect=_CONNECT_S),
        )  # fmt: skip
        try:
            async with asyncio.timeout(first_s):
                answer = await self._client.send(sent, stream=True)
        except TimeoutError:
            raise self._late(first_s) from None
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise UpstreamError(self.name, "cannot be reached", 503, again=True) from None
        except httpx.TransportError as error:
            raise UpstreamError(self.name, f"broke the connection ({type(error).__name__})", 502, again=True) from None
        try:
            if not answer.is_success:
                raise await self._refusal(answer)
            yield answer
        finally:
            await answer.aclose()

    async def _refusal(self, answer: httpx.Response) -> UpstreamError:
        try:
            said = _Error.model_validate_json(await answer.aread()).error
        except (ValidationError, httpx.TransportError):
            said = _Said(message=f"status {answer.status_code}")
        said = _Said(message=said) if isinstance(said, str) else said
        again = answer.status_code in {401, 403, 404, 408, 429} or answer.status_code >= 500
        text = answer.headers.get("Retry-After", "")
        retry_s = float(text) if text.isascii() and text.isdigit() else 0.0
        return UpstreamError(
            self.name, said.message, answer.status_code, again=again, retry_s=retry_s, code=said.code or ""
        )

    def _late(self, seconds: float) -> UpstreamError:
        return UpstreamError(self.name, f"was silent for {seconds:g} s", 504, again=True)
