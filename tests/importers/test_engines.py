"""Servers of language models by their command lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importers.importing import architecture


@pytest.mark.parametrize(("image", "command", "model", "facts"), [
    ("vllm/vllm-openai:v0.9.0", "--model org/m --tensor-parallel-size 2 --max-num-seqs=64", "org/m", (2, 64)),
    ("acme/llm", "vllm serve org/m -tp 4", "org/m", (4, None)),
    ("acme/llm", "python3 -m vllm.entrypoints.openai.api_server --model=/models/m --tensor_parallel_size=2", "m", (2, None)),
    ("acme/llm", "python -m sglang.launch_server --model-path org/m --tp 8 --max-running-requests 32", "org/m", (8, 32)),
    ("ghcr.io/huggingface/text-generation-inference:3", "--model-id org/m --num-shard 2", "org/m", (2, None)),
    ("acme/llm", "text-generation-launcher --api-key x --max-total-tokens 4096 --model-id org/m", "org/m", (None, None)),
    ("ghcr.io/ggml-org/llama.cpp:server", "-m /models/m.gguf -np 4", "m.gguf", (None, 4)),
    ("ghcr.io/huggingface/text-embeddings-inference:1.7", "--model-id ${M:-org/e}", "org/e", (None, None)),
])  # fmt: skip
def test_the_model_and_how_it_is_run(
    tmp_path: Path, image: str, command: str, model: str, facts: tuple[int | None, int | None]
) -> None:
    text = f"services:\n  llm:\n    image: {image}\n    ports: ['8000:8000']\n    command: {command}\n"
    system = architecture(tmp_path, text)
    server = system.components["llm"]
    assert (server.kind, server.serves) == ("model-server", (model,))
    assert (server.tensor_parallel, server.max_sequences) == facts


def test_quantisation_and_context_belong_to_the_model(tmp_path: Path) -> None:
    system = architecture(tmp_path, """
        services:
          llm:
            image: vllm/vllm-openai:v0.9.0
            command: ["--model", "org/m-AWQ", "--quantization", "awq", "--max-model-len", "8192"]
        """)
    model = system.models["org/m-AWQ"]
    assert (model.precision, model.context) == ("int4", 8192)


def test_a_model_that_a_variable_names_without_a_value_is_not_guessed(tmp_path: Path) -> None:
    system = architecture(tmp_path, """
        services:
          llm: {image: "vllm/vllm-openai:v0.9.0", ports: ["80:80"], command: "--model ${MODEL} --port 80"}
        """)
    assert system.components["llm"].serves == ("llm-model",)
    assert set(system.models) == {"llm-model"}


def test_a_number_of_tokens_is_no_secret(tmp_path: Path) -> None:
    text = "services: {m: {image: a/m, command: 'text-generation-launcher --hf-token x --model-id o/m --max-total-tokens 4096'}}\n"
    system = architecture(tmp_path, text)
    assert system.models["o/m"].context == 4096
