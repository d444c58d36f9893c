"""Continuous batching: sequences join and leave the batch between any two steps, within a budget of keys and values.

Each step first lets waiting sequences in whose tokens fit into the free pages, then reads a bounded part of one new
prompt, and then computes the next token of all others together. If the pages run out, the youngest sequence gives its
own back, waits at the front, and is computed again later: its text continues as if nothing had happened.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from kit.llm.decoding import PAGE, Decoder, pages_for
from kit.llm.meters import Meters
from kit.llm.models import LanguageModel
from kit.llm.network import Floats
from kit.llm.text import END

Reason = Literal["stop", "length"]
PREFILL = 64
"""At most so many tokens of a prompt are read in one step: a long prompt must not stop the answers of others."""


class TooLongError(ValueError):
    """A request that can never fit."""


class FullError(Exception):
    """The queue is full; `retry_s` is when to come back."""

    def __init__(self, retry_s: int) -> None:
        super().__init__("the server is busy: too many requests are waiting")
        self.retry_s = retry_s


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose tokens: the most probable one if `temperature` is 0; with `ignore_eos`, the answer does not end."""

    max_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0
    ignore_eos: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A generated token with the logarithm of its probability, or the reason for the end."""

    token: int = END
    logprob: float = 0.0
    reason: Reason | None = None


@dataclass(slots=True, eq=False)
class Sequence:
    """One answer in progress; `read` of its tokens are in its pages, and `steps` receives what is generated."""

    tokens: list[int]
    prompt: int
    sampling: Sampling
    arrived: float
    number: int
    random: np.random.Generator
    steps: asyncio.Queue[Step] = field(default_factory=asyncio.Queue)
    table: list[int] = field(default_factory=list)
    read: int = 0
    first: float = 0.0
    preempted: int = 0

    @property
    def generated(self) -> int:
        """The number of generated tokens."""
        return len(self.tokens) - self.prompt


class Engine:
    """The scheduler of one model. Everything runs in the event loop, so that nothing changes during a step."""

    def __init__(
        self, model: LanguageModel, meters: Meters, *, pages: int, most_sequences: int, most_waiting: int, context: int
    ) -> None:
        self.decoder = Decoder(model.sizes, model.weights, pages)
        self.context = min(context, pages * PAGE)
        self.running: list[Sequence] = []
        self.waiting: deque[Sequence] = deque()
        self.failure = ""
        self._meters, self._most, self._most_waiting = meters, most_sequences, most_waiting
        self._wake = asyncio.Event()
        self._numbers = 0
        self._mean_s = 0.5                         # how long an answer takes, for Retry-After

    def submit(self, prompt: list[int], sampling: Sampling) -> Sequence:
        """Queue a request; raises `TooLongError` if it can never fit, and `FullError` if too many wait."""
        if len(prompt) + sampling.max_tokens > self.context:
            raise TooLongError(
                f"the maximum context length is {self.context} tokens, but {len(prompt)} tokens of the prompt and "
                f"{sampling.max_tokens} of the answer were requested"
            )
        if len(self.waiting) >= self._most_waiting:
            self._meters.rejected.inc()
            raise FullError(max(1, math.ceil(self._mean_s * len(self.waiting) / self._most)))
        self._numbers += 1
        random = np.random.default_rng(sampling.seed)
        made = Sequence(list(prompt), len(prompt), sampling, time.monotonic(), self._numbers, random)
        self.waiting.append(made)
        self._wake.set()
        return made

    def cancel(self, sequence: Sequence, left: bool = True) -> None:
        """Stop working on a request: its pages are free before the next step. `left`: because its caller is gone."""
        if sequence in self.running:
            self.running.remove(sequence)
            self._give_back(sequence)
        elif sequence in self.waiting:
            self.waiting.remove(sequence)
        else:
            return
        self._meters.cancelled.inc(left)
        self._measure()

    async def run(self) -> None:
        """Step while there is work; between steps, the event loop serves its connections."""
        try:
            while True:
                if self.running or self.waiting:
                    self.step()
                    await asyncio.sleep(0)
                else:
                    self._wake.clear()
                    await self._wake.wait()
        except Exception as error:
            self.failure = f"the engine failed: {error!r}"
            raise

    def step(self) -> None:
        """Do one step of all sequences that fit."""
        self._admit()
        fresh = next((one for one in self.running if one.read < len(one.tokens) - 1 or not one.read), None)
        if fresh is not None:
            part = fresh.tokens[fresh.read : fresh.read + PREFILL]
            scores = self.decoder.prefill(fresh.table, fresh.read, part)
            fresh.read += len(part)
            if fresh.read == len(fresh.tokens):
                self._extend(fresh, scores)
        self._decode([one for one in self.running if one is not fresh and one.read == len(one.tokens) - 1])
        self._meters.steps.inc()
        self._measure()

    def _measure(self) -> None:
        self._meters.running.set(len(self.running))
        self._meters.waiting.set(len(self.waiting))
        self._meters.pages.set(self.decoder.pages - len(self.decoder.free))

    def _admit(self) -> None:
        while self.waiting and len(self.running) < self._most:
            first = self.waiting[0]
            needed = pages_for(len(first.tokens) + 1)
            if needed > len(self.decoder.free):
                return                             # strictly in order: a long one must not wait without a limit
            self.waiting.popleft()
            first.table = [self.decoder.free.pop() for _ in range(needed)]
            self.running.append(first)

    def _decode(self, ready: list[Sequence]) -> None:
        for one in sorted(ready, key=lambda sequence: sequence.number):
            while one in self.running and len(one.table) < pages_for(len(one.tokens)):
                if self.decoder.free:
                    one.table.append(self.decoder.free.pop())
                else:
                    self._preempt(max(self.running, key=lambda sequence: sequence.number))
        batch = [one for one in ready if one in self.running]
        if not batch:
            return
        self._meters.batch.observe(len(batch))
        scores = self.decoder.step(
            [one.table for one in batch], [one.read for one in batch], [one.tokens[-1] for one in batch]
        )
        for one, row in zip(batch, scores, strict=True):
            one.read += 1
            self._extend(one, row)

    def _preempt(self, sequence: Sequence) -> None:
        self.running.remove(sequence)
        self._give_back(sequence)
        sequence.preempted += 1
        self._meters.preempted.inc()
        self.waiting.appendleft(sequence)

    def _give_back(self, sequence: Sequence) -> None:
        self.decoder.free += sequence.table
        sequence.table, sequence.read = [], 0

    def _extend(self, one: Sequence, scores: Floats) -> None:
        """Choose the next token of a sequence, and end it if it is complete."""
        now = time.monotonic()
        if not one.first:
            one.first = now
            self._meters.ttft.observe(now - one.arrived)
        token, logprob = _choose(scores, one.sampling, one.random)
        if token != END:
            one.tokens.append(token)
            self._meters.generated.inc()
            one.steps.put_nowait(Step(token, logprob))
        if token == END or one.generated == one.sampling.max_tokens:
            self.running.remove(one)
            self._give_back(one)
            if one.generated > 1:
                self._meters.tpot.observe((now - one.first) / (one.generated - 1))
            self._mean_s += 0.1 * (now - one.arrived - self._mean_s)
            one.steps.put_nowait(Step(END, logprob, "stop" if token == END else "length"))


def _choose(scores: Floats, sampling: Sampling, random: np.random.Generator) -> tuple[int, float]:
    """Return a token, and the logarithm of its probability without temperature."""
    if sampling.ignore_eos:
        scores[END] = -np.inf
    logs = scores - scores.max()
    shares = np.exp(logs)
    total = np.log(shares.sum())
    if sampling.temperature == 0:
        best = int(logs.argmax())
        return best, float(logs[best] - total)
    if sampling.temperature != 1:
        shares = np.exp(logs / np.float32(sampling.temperature))
    order = np.argsort(-shares, kind="stable") if sampling.top_p < 1 else None
    sums = np.cumsum(shares if order is None else shares[order], dtype=np.float64)
    last = min(int(np.searchsorted(sums, sampling.top_p * sums[-1])), len(sums) - 1)
    found = min(int(np.searchsorted(sums, random.random() * sums[last])), last)
    chosen = found if order is None else int(order[found])
    return chosen, float(logs[chosen] - total)
