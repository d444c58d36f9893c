"""The standard metrics of servers: which count requests, which hold times, and which labels name the server.

Each row names the page that lists its metrics.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Family(msgspec.Struct, frozen=True):
    """The metrics of one kind of server.

    `requests` are counters of requests, of which the first that exists is read; `times` are histograms of the time of
    a request, each with the number of its units in a second. `sums` are counters that add up times, for a mean, less
    the counters in `without`. `owner` are the labels that name the server or its model, the most specific first.
    `per_token` are histograms of the time of a token: a mean of each request comes before times between steps, since
    a step may generate several tokens. `only` are values that labels must have if they are there.
    """

    title: str
    source: str
    requests: tuple[str, ...]
    times: tuple[tuple[str, float], ...] = ()
    owner: tuple[str, ...] = ()
    sums: tuple[tuple[str, float], ...] = ()
    without: tuple[str, ...] = ()
    first_token: tuple[str, ...] = ()
    per_token: tuple[str, ...] = ()
    tokens_in: tuple[str, ...] = ()
    tokens_out: tuple[str, ...] = ()
    only: tuple[tuple[str, str], ...] = ()

    @property
    def histograms(self) -> tuple[str, ...]:
        """The names of its histograms."""
        return (*(name for name, _ in self.times), *self.first_token, *self.per_token)

    @property
    def counters(self) -> tuple[str, ...]:
        """The names of its counters."""
        sums = tuple(name for name, _ in self.sums)
        return (*self.requests, *sums, *self.without, *self.tokens_in, *self.tokens_out)


FAMILIES: Final = (
    Family(
        "vLLM", "https://docs.vllm.ai/en/stable/usage/metrics/", ("vllm:request_success_total",),
        (("vllm:e2e_request_latency_seconds", 1.0),), ("model_name",),
        first_token=("vllm:time_to_first_token_seconds",),
        per_token=(
            "vllm:request_time_per_output_token_seconds", "vllm:time_per_output_token_seconds",
            "vllm:inter_token_latency_seconds",
        ),
        tokens_in=("vllm:prompt_tokens_total",), tokens_out=("vllm:generation_tokens_total",),
    ),
    Family(
        "Text Generation Inference", "https://huggingface.co/docs/text-generation-inference/reference/metrics",
        ("tgi_request_count",), (("tgi_request_duration", 1.0),),
        per_token=("tgi_request_mean_time_per_token_duration",),
        tokens_in=("tgi_request_input_length_sum",), tokens_out=("tgi_request_generated_tokens_sum",),
    ),
    Family(
        "Triton",
        "https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/metrics.html",
        ("nv_inference_request_success",), owner=("model",), sums=(("nv_inference_request_duration_us", 1e6),),
        without=("nv_inference_queue_duration_us",),
    ),
    Family(
        "TorchServe", "https://docs.pytorch.org/serve/metrics.html", ("ts_inference_requests_total",),
        owner=("model_name",), sums=(("ts_inference_latency_microseconds", 1e6),),
        without=("ts_queue_latency_microseconds",),
    ),
    Family(
        "Ray Serve", "https://docs.ray.io/en/latest/serve/monitoring.html",
        ("ray_serve_deployment_request_counter_total", "ray_serve_deployment_request_counter"),
        (("ray_serve_deployment_processing_latency_ms", 1e3),), ("deployment", "application"),
    ),
    Family(
        "Knative and KServe (queue-proxy)", "https://knative.dev/v1.10-docs/serving/services/service-metrics/",
        ("revision_app_request_count", "revision_request_count"),
        (("revision_app_request_latencies", 1e3), ("revision_request_latencies", 1e3)),
        ("service_name", "configuration_name", "revision_name"),
    ),
    Family(
        "Istio", "https://istio.io/latest/docs/reference/config/metrics", ("istio_requests_total",),
        (("istio_request_duration_milliseconds", 1e3),),
        ("destination_workload", "destination_canonical_service", "destination_service_name"),
        only=(("reporter", "destination"),),
    ),
    Family(
        "nginx", "https://github.com/nginxinc/nginx-prometheus-exporter", ("nginx_http_requests_total",),
    ),
    Family(
        "prometheus-fastapi-instrumentator", "https://pypi.org/project/prometheus-fastapi-instrumentator/",
        ("http_requests_total",),
        (("http_request_duration_highr_seconds", 1.0), ("http_request_duration_seconds", 1.0)),
    ),
    Family(
        "starlette_exporter", "https://pypi.org/project/starlette-exporter/", ("starlette_requests_total",),
        (("starlette_request_duration_seconds", 1.0),), ("app_name",),
    ),
    Family(
        "reference implementations of archlint", "reference_impls/kit/web.py", ("requests_total",),
        (("request_seconds", 1.0),),
    ),
)  # fmt: skip
TARGET: Final = ("service", "container", "app", "deployment", "workload", "pod", "job", "instance")
"""Labels that Prometheus and Kubernetes add to a target, the most specific first."""
ROUTES: Final = ("handler", "path", "route")
"""Labels with the path of a request."""
QUIET: Final = r"(?i)^/?(metrics|live(z|ness)?|ready(z)?|readiness|health(z|check)?|docs|openapi\.json)/?$"
"""Paths that probes and monitors ask for."""
