"""Servers of language models by their command lines: the model, and how it is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from archlint.importers.objects import Fact, Site, Unit, Value


class Engine(msgspec.Struct, frozen=True):
    """The options of a program: which name the model, and which state other facts."""

    model: tuple[str, ...]
    facts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    variables: tuple[str, ...] = ()
    positional: str = ""


ENGINES: Final[dict[str, Engine]] = {
    "vllm": Engine(
        ("--model",),
        (("tensor_parallel", ("--tensor-parallel-size", "-tp")),
         ("pipeline_parallel", ("--pipeline-parallel-size", "-pp")),
         ("max_sequences", ("--max-num-seqs",)), ("context", ("--max-model-len",)),
         ("precision", ("--dtype", "--quantization", "-q"))),
        positional="serve",
    ),
    "sglang": Engine(
        ("--model-path", "--model"),
        (("tensor_parallel", ("--tp", "--tp-size", "--tensor-parallel-size")), ("pipeline_parallel", ("--pp-size",)),
         ("max_sequences", ("--max-running-requests",)), ("context", ("--context-length",)),
         ("precision", ("--dtype", "--quantization"))),
    ),
    "tgi": Engine(
        ("--model-id",),
        (("tensor_parallel", ("--num-shard",)), ("max_sequences", ("--max-concurrent-requests",)),
         ("context", ("--max-total-tokens",)), ("precision", ("--dtype", "--quantize"))),
        ("MODEL_ID",),
    ),
    "tei": Engine(("--model-id",), (("precision", ("--dtype",)),), ("MODEL_ID",)),
    "llama-cpp": Engine(
        ("--model", "-m", "--hf-repo", "-hf"),
        (("max_sequences", ("--parallel", "-np")), ("context", ("--ctx-size", "-c"))),
        ("LLAMA_ARG_MODEL", "LLAMA_ARG_HF_REPO"),
    ),
    "ollama": Engine((), (), ("OLLAMA_MODEL",)),
    "tensorrt-llm": Engine((), (("tensor_parallel", ("--tp-size", "--tp")), ("max_sequences", ("--max-batch-size",))),
                           positional="trtllm-serve"),
    "triton": Engine(()),
    "tensorflow-serving": Engine(("--model-name",), (), ("MODEL_NAME",)),
    "nim": Engine((), (), ("NIM_SERVED_MODEL_NAME", "NIM_MODEL_NAME")),
    "litellm": Engine(("--model",)),
}  # fmt: skip
"""Programs of the catalogue by their options, as their documentation lists them."""
OF_MODEL: Final = frozenset({"context", "precision"})
"""Facts that belong to the model and not to its server."""
PRECISIONS: Final = {
    "float16": "fp16", "half": "fp16", "fp16": "fp16", "bfloat16": "bf16", "bf16": "bf16", "float32": "fp32",
    "float": "fp32", "fp32": "fp32", "fp8": "fp8", "awq": "int4", "gptq": "int4", "awq_marlin": "int4",
    "gptq_marlin": "int4", "bitsandbytes-nf4": "int4", "nvfp4": "fp4", "modelopt_fp4": "fp4", "eetq": "int8",
}  # fmt: skip
"""What the values of options for types and quantisation mean for the weights."""
_NIM: Final = re.compile(r"nvcr\.io/nim/([\w.-]+/[\w.-]+)")
"""Images of NVIDIA NIM bear the name of their model."""
_NAME: Final = re.compile(r"^[\w.-]+(/[\w.-]+)*(:[\w.-]+)?$")
_NUMBER: Final = re.compile(r"^[0-9]{1,18}$")


def read_engine(unit: Unit) -> dict[str, Fact]:
    """Add the models and facts of a unit's command to it; return the facts of its model."""
    engine = ENGINES.get(unit.uses)
    if engine is None or unit.kind not in {"model-server", "gateway"}:
        return {}
    options = dict(_options(unit))
    model = next((options[name] for name in engine.model if name in options), None) or _positional(unit, engine)
    if model is None:
        model = next((unit.env[name] for name in engine.variables if name in unit.env), None)
    if model is not None and _is_name(model.text) and not unit.models:
        unit.models.append(model_name(model.text))
    in_image = _NIM.search(unit.image.text) if unit.image is not None else None
    if in_image is not None and not unit.models:
        unit.models.append(in_image[1])
    of_model: dict[str, Fact] = {}
    for fact, names in engine.facts:
        for name in names:
            value = options.get(name)
            text = _fact_text(fact, value.text) if value is not None else ""
            if value is not None and text:
                made = Fact(text, value.site, name)
                (of_model if fact in OF_MODEL else unit.facts)[fact] = made
    return of_model


def _fact_text(fact: str, text: str) -> str:
    if fact == "precision":
        return PRECISIONS.get(text.lower(), "")
    return text if _NUMBER.match(text) and int(text) > 0 else ""


def model_name(text: str) -> str:
    """Return the name of a model from an id or a path.

    >>> model_name("org/name"), model_name("/models/small.gguf"), model_name("org/name:Q4_K_M")
    ('org/name', 'small.gguf', 'org/name:Q4_K_M')
    """
    return text.rstrip("/").rpartition("/")[2] if text.startswith(("/", "./", "~")) else text


def _is_name(text: str) -> bool:
    return _NAME.match(text.lstrip("/.~")) is not None and "$" not in text


def _options(unit: Unit) -> Iterator[tuple[str, Value]]:
    """Yield the options of a command with their values: `--name value` and `--name=value`."""
    pending: tuple[str, Site] | None = None
    for value, word in _words(unit):
        if word.startswith("-") and not _NUMBER.match(word[1:]):
            name, equals, text = word.partition("=")
            if equals:
                yield name.replace("_", "-") if name.startswith("--") else name, Value(text.strip("\"'"), value.site)
            pending = None if equals else (name.replace("_", "-") if name.startswith("--") else name, value.site)
        elif pending is not None:
            yield pending[0], Value(word.strip("\"'"), value.site)
            pending = None


def _words(unit: Unit) -> Iterator[tuple[Value, str]]:
    for value in unit.command:
        for word in value.text.replace("\\\n", " ").split():
            yield value, word


def _positional(unit: Unit, engine: Engine) -> Value | None:
    """Return the word after the program's own, as in `vllm serve NAME`."""
    words = list(_words(unit))
    for (_, word), (value, following) in zip(words, words[1:], strict=False):
        if engine.positional and word == engine.positional and not following.startswith("-") and following != "serve":
            return Value(following.strip("\"'"), value.site)
    return None
