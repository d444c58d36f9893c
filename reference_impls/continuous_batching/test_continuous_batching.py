"""The server as a real process, with OpenAI's own client."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai as api
import pytest

from kit.testing.language import metric, openai, trained_models
from kit.testing.service import PATIENCE_S, Service, refusal, start, wait_for

MODEL = "topics-large"
ASK: list[api.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "What is a class?"}]


FULL = {"ignore_eos": True}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_models(tmp_path_factory)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("batching")
    with start(folder, "continuous_batching", data_dir=models, max_sequences=4, max_waiting=6) as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.errors


def text(service: Service, seed: int, tokens: int = 30) -> str:
    client = openai(service)
    answer = client.completions.create(model=MODEL, prompt="A class", max_tokens=tokens, seed=seed, extra_body=FULL)
    return answer.choices[0].text


def test_a_chat_and_its_stream_say_the_same(service: Service) -> None:
    client = openai(service)
    chats = client.chat.completions
    whole = chats.create(model=MODEL, messages=ASK, max_tokens=30, seed=3, extra_body=FULL, logprobs=True)
    chunks = list(
        chats.create(
            model=MODEL, messages=ASK, max_tokens=30, seed=3, extra_body=FULL, stream=True,
            stream_options={"include_usage": True},
        )
    )  # fmt: skip
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content != ""
    assert chunks[-1].usage == whole.usage
    assert whole.usage is not None and whole.usage.completion_tokens <= 30
    logs = whole.choices[0].logprobs
    assert logs is not None and logs.content is not None and len(logs.content) == whole.usage.completion_tokens
    assert all(log.logprob <= 0 for log in logs.content)
    assert len(chunks) > 5 and chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason


def test_a_stop_text_ends_the_answer_and_is_not_part_of_it(service: Service) -> None:
    plain = text(service, 1)
    stop = plain[5:8]
    answer = openai(service).completions.create(
        model=MODEL, prompt="A class", max_tokens=30, seed=1, stop=stop, extra_body=FULL
    )
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].text == plain[: plain.find(stop)]


def test_models_and_embeddings_are_those_of_the_client(service: Service) -> None:
    client = openai(service)
    assert [model.id for model in client.models.list()] == [MODEL, "words"]
    made = client.embeddings.create(model="words", input=["define a class", "defining classes", "import a module"])
    one, like, other = (item.embedding for item in made.data)
    near, far = (sum(a * b for a, b in zip(one, vector, strict=True)) for vector in (like, other))
    assert near > 0.5 > far + 0.2
    plain = client.embeddings.create(model="words", input="define a class", encoding_format="float")
    assert plain.data[0].embedding == pytest.approx(one, abs=1e-6)


def test_errors_have_the_form_of_openai(service: Service) -> None:
    client = openai(service)
    with pytest.raises(api.NotFoundError, match="does not exist") as unknown:
        client.completions.create(model="gpt", prompt="A")
    assert unknown.value.code == "model_not_found"
    with pytest.raises(api.BadRequestError, match="maximum context length is 512") as long:
        client.completions.create(model=MODEL, prompt="~" * 600)
    assert long.value.code == "context_length_exceeded"
    with pytest.raises(api.BadRequestError, match="temperature"):
        client.completions.create(model=MODEL, prompt="A", temperature=7)
    for body in (b"", b"{", b'{"model": 1}', b"[" * 5000, b'{"model": "topics-large", "prompt": "A", "top_p": NaN}'):
        answer = service.client.post("/v1/completions", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400 and answer.json()["error"]["type"] == "invalid_request_error", body


def at_once(service: Service, seeds: list[int], tokens: int) -> list[str]:
    """Return the texts of requests that are all sent before the server reads the first of them."""
    sent: list[str] = []

    def note(event: str, _info: object) -> None:
        if event == "http11.receive_response_headers.started":
            sent.append(event)

    def trace(request: Any) -> None:
        request.extensions["trace"] = note

    def ask(seed: int) -> str:
        made = client.completions.create(model=MODEL, prompt="A class", max_tokens=tokens, seed=seed, extra_body=FULL)
        return made.choices[0].text

    traced = api.DefaultHttpxClient(event_hooks={"request": [trace]}, timeout=PATIENCE_S)
    with traced, ThreadPoolExecutor(len(seeds)) as pool:
        client = openai(service).with_options(http_client=traced)
        service.process.send_signal(signal.SIGSTOP)
        try:
            asked = [pool.submit(ask, seed) for seed in seeds]
            wait_for(lambda: len(sent) == len(seeds))
        finally:
            service.process.send_signal(signal.SIGCONT)
        return [one.result() for one in asked]


def test_requests_at_once_share_steps_and_get_the_text_of_one_alone(service: Service) -> None:
    alone = [text(service, seed, 200) for seed in range(4)]
    before = {name: metric(service, f"llm_batch_sequences_{name}") for name in ("sum", "count")}
    assert at_once(service, [0, 1, 2, 3], 200) == alone
    done = {name: metric(service, f"llm_batch_sequences_{name}") - before[name] for name in before}
    assert done["sum"] > 1.5 * done["count"]


def test_a_full_server_says_when_to_come_back(service: Service) -> None:
    seen: list[api.RateLimitError] = []
    stop = threading.Event()

    def press(number: int) -> None:
        while not stop.is_set() and not seen:
            try:
                text(service, number, 200)
            except api.RateLimitError as error:
                seen.append(error)

    with ThreadPoolExecutor(14) as pool:
        waiting = [pool.submit(press, number) for number in range(14)]
        wait_for(lambda: bool(seen))
        stop.set()
        for one in waiting:
            one.result()
    assert int(seen[0].response.headers["Retry-After"]) >= 1
    assert seen[0].code == "rate_limit_exceeded"
    assert text(service, 1)


def test_a_caller_that_leaves_ends_the_work_whether_it_streams_or_not(service: Service) -> None:
    cancelled = metric(service, "llm_cancelled_total")
    body = {"model": MODEL, "prompt": "~", "max_tokens": 500, "temperature": 2, "ignore_eos": True}
    leavers = 0
    while metric(service, "llm_cancelled_total") < cancelled + 2:     # an answer may end before its caller leaves
        assert leavers < 50
        with pytest.raises(httpx.TimeoutException):
            service.client.post("/v1/completions", json={**body, "seed": leavers}, timeout=0.03)
        leavers += 1
    wait_for(lambda: metric(service, "llm_running_sequences") == 0)
    made = metric(service, "llm_generated_tokens_total")
    time.sleep(0.1)
    assert metric(service, "llm_generated_tokens_total") == made
    assert metric(service, "llm_kv_pages_used") == 0


def test_answers_in_progress_are_finished_after_sigterm(models: Path, tmp_path: Path) -> None:
    with start(tmp_path, "continuous_batching", "--one-by-one", data_dir=models) as service:
        stream = openai(service).completions.create(
            model=MODEL, prompt="A", max_tokens=300, seed=2, stream=True, extra_body=FULL
        )
        first = next(stream)
        service.process.terminate()
        chunks = [first, *stream]
        assert chunks[-1].choices[0].finish_reason in {"length", "stop"}
        assert service.process.wait(PATIENCE_S) == 0


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "topics-large.npz").write_bytes(b"no model")
    assert "the model cannot be loaded" in refusal(tmp_path, "continuous_batching")
