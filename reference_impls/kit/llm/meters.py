"""The metrics of a server of a language model."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_TIMES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Meters:
    """What to watch: the times of the first and of each further token, the batch, the pages, and what is given up."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, about: str) -> Counter:
            return Counter(f"llm_{name}_total", about, registry=registry)

        def gauge(name: str, about: str) -> Gauge:
            return Gauge(f"llm_{name}", about, registry=registry)

        self.ttft = Histogram("llm_ttft_seconds", "Time to the first token.", registry=registry, buckets=_TIMES)
        self.tpot = Histogram("llm_tpot_seconds", "Time per further token.", registry=registry, buckets=_TIMES)
        self.batch = Histogram("llm_batch_sequences", "Sequences per step.", registry=registry, buckets=_SIZES)
        self.prompt = counter("prompt_tokens", "Tokens of prompts.")
        self.generated = counter("generated_tokens", "Generated tokens.")
        self.steps = counter("steps", "Steps of the engine.")
        self.preempted = counter("preempted", "Sequences that gave their pages back, to be computed again.")
        self.cancelled = counter("cancelled", "Requests that ended because the caller left.")
        self.rejected = counter("rejected", "Requests that found a full queue.")
        self.running = gauge("running_sequences", "Sequences in the batch.")
        self.waiting = gauge("waiting_sequences", "Sequences that wait for pages or for room in the batch.")
        self.pages = gauge("kv_pages_used", "Pages of keys and values in use.")
