"""Applications of Ray Serve LLM: the models that their arguments configure, and how each is run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archlint.importers.digits import is_whole
from archlint.importers.engines import PRECISIONS
from archlint.importers.objects import Fact, Table, Unit

_OF_ENGINE: Final = (("tensor_parallel", "tensor_parallel_size"), ("pipeline_parallel", "pipeline_parallel_size"),
                     ("max_sequences", "max_num_seqs"))  # fmt: skip
_SCALING: Final = (("min", "min_replicas"), ("max", "max_replicas"))


def read_llms(unit: Unit, application: Table) -> None:
    """Let an application serve the models of `args.llm_configs`; facts of the server need a single model.

    The keys are those of Ray: https://docs.ray.io/en/latest/serve/llm/quick-start.html
    """
    configs = application.tables("args", "llm_configs")
    for config in configs:
        model = config.text("model_loading_config", "model_id")
        if model:
            unit.models.append(model)
            unit.model_facts[model] = dict(_of_model(config.table("engine_kwargs")))
    if not unit.models:
        return
    unit.kind, unit.reason = "model-server", "an application of Ray Serve LLM"
    if len(configs) > 1:
        return
    engine = configs[0].table("engine_kwargs")
    for fact, key in _OF_ENGINE:
        value = engine.value(key)
        if value is not None and is_whole(value.text) and int(value.text) > 0:
            unit.facts[fact] = Fact(value.text, value.site, key)
    deployment = configs[0].table("deployment_config")
    scaling = deployment.table("autoscaling_config")
    inner = tuple(
        (key, Fact(value.text, value.site)) for key, name in _SCALING
        if (value := scaling.value(name)) is not None and is_whole(value.text)
    )  # fmt: skip
    fixed = deployment.value("num_replicas")
    if inner:
        unit.facts["replicas"] = Fact("", inner[0][1].site, "autoscaling_config", inner)
    elif fixed is not None and is_whole(fixed.text):
        unit.facts["replicas"] = Fact(fixed.text, fixed.site)
    ongoing = deployment.value("max_ongoing_requests")
    if ongoing is not None and is_whole(ongoing.text) and int(ongoing.text) > 0:
        unit.facts["workers"] = Fact(ongoing.text, ongoing.site, "max_ongoing_requests")


def _of_model(engine: Table) -> Iterator[tuple[str, Fact]]:
    context = engine.value("max_model_len")
    if context is not None and is_whole(context.text) and int(context.text) > 0:
        yield "context", Fact(context.text, context.site, "max_model_len")
    for key in ("quantization", "dtype"):
        value = engine.value(key)
        if value is not None and value.text.lower() in PRECISIONS:
            yield "precision", Fact(PRECISIONS[value.text.lower()], value.site, key)
            return
