"""Apps of Modal: functions, classes, schedules, endpoints, and who calls whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importers.importing import found_in, kinds, relations, searched

APP = """
    import modal
    app = modal.App("ranker")

    @app.cls(gpu="A100-80GB:2", min_containers=1, max_containers=5, timeout=120)
    @modal.concurrent(max_inputs=8)
    class Model:
        @modal.enter()
        def load(self): ...
        @modal.batched(max_batch_size=4, wait_ms=50)
        def score(self, xs): ...

    @app.function(cpu=2, memory=2048)
    @modal.fastapi_endpoint(method="POST")
    def web(x: str):
        model = Model()
        return model.score.remote(x)

    @app.function(schedule=modal.Cron("0 3 * * *"))
    def nightly():
        for y in Model().score.map(range(10)): ...
        clean.spawn()

    @app.function()
    def clean(): ...

    @app.local_entrypoint()
    def main():
        web.remote("a")
"""


def test_functions_and_classes_are_pools_that_call_each_other(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"app.py": APP})
    assert kinds(system) == {"Model": "model-server", "web": "service", "nightly": "batch-job", "clean": "batch-job"}
    assert relations(system) == {("web", "calls", "Model"), ("nightly", "calls", "Model"), ("nightly", "triggers", "clean")}
    assert [one.timeout_s for one in system.components["web"].relations] == [120]
    assert list(system.workloads) == ["web"]
    schedule = system.components["nightly"].schedule
    assert schedule is not None
    assert (system.components["web"].exposed, schedule.text) == ("public", "0 3 * * *")


def test_a_decorator_states_hardware_and_scaling(tmp_path: Path) -> None:
    server = found_in(tmp_path, {"app.py": APP}).components["Model"]
    assert server.hardware is not None
    assert (server.hardware.gpu, server.hardware.gpus, server.workers) == ("a100-80gb", 2, 8)
    assert server.scaling is not None
    assert (server.scaling.minimum, server.scaling.maximum) == (1, 5)
    assert server.batching is not None
    assert (server.batching.max_size, server.batching.max_delay_s) == (4, 0.05)


@pytest.mark.parametrize(("gpu", "name", "count"), [
    ("'T4'", "t4", 1), ("'h100:8'", "h100", 8), ("modal.gpu.A100(size='80GB', count=2)", "a100-80gb", 2), ("['H100', 'A100']", "h100", 1),
    ("'any'", None, 1), ("GPU", "l4", 1),
])  # fmt: skip
def test_accelerators_are_written_in_several_ways(tmp_path: Path, gpu: str, name: str | None, count: int) -> None:
    text = f"import modal\nGPU = 'L4'\napp = modal.App('a')\n@app.cls(gpu={gpu})\nclass M: ...\n"
    hardware = found_in(tmp_path, {"a.py": text}).components["M"].hardware
    assert hardware is not None
    assert (hardware.gpu, hardware.gpus) == (name, count)


def test_older_names_of_options_are_read(tmp_path: Path) -> None:
    text = "import modal\nstub = modal.Stub('a')\n@stub.function(gpu=modal.gpu.T4(), keep_warm=2, concurrency_limit=4, allow_concurrent_inputs=10)\n" \
        "@modal.web_endpoint()\ndef f(): ...\n@stub.function(schedule=modal.Period(hours=6))\ndef g(): ...\n"
    system = found_in(tmp_path, {"a.py": text})
    assert kinds(system) == {"f": "model-server", "g": "batch-job"}
    part = system.components["f"]
    assert part.scaling is not None
    assert (part.scaling.minimum, part.scaling.maximum, part.workers) == (2, 4, 10)
    schedule = system.components["g"].schedule
    assert schedule is not None
    assert schedule.text == "21600s"


def test_a_call_to_a_part_of_another_file(tmp_path: Path) -> None:
    system = found_in(tmp_path, {
        "model.py": "import modal\napp = modal.App('a')\n@app.cls(gpu='T4')\nclass Scorer:\n    @modal.method()\n    def run(self): ...\n",
        "web.py": "import modal\nfrom model import Scorer\napp = modal.App('b')\n@app.function()\n@modal.asgi_app()\ndef api():\n    Scorer().run.remote()\n",
    })  # fmt: skip
    assert relations(system) == {("api", "calls", "Scorer")}


def test_a_function_that_starts_a_server_of_language_models(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"a.py": """
        import subprocess
        import modal
        MODEL = "org/small"
        COUNT = 2
        MINUTES = 60
        app = modal.App("llm")

        @app.function(gpu=f"H100:{COUNT}", timeout=10 * MINUTES)
        @modal.concurrent(max_inputs=100)
        @modal.web_server(port=8000, startup_timeout=5 * MINUTES)
        def serve():
            command = ["vllm", "serve", MODEL, "--tensor-parallel-size", str(COUNT), "--max-model-len", "4096", "--api-key", "very-secret"]
            subprocess.Popen(" ".join(command), shell=True)
    """})
    server = system.components["serve"]
    assert (server.kind, server.uses, server.serves, server.workers) == ("model-server", "vllm", ("org/small",), 100)
    assert server.hardware is not None
    assert (server.hardware.gpu, server.hardware.gpus) == ("h100", 2)
    assert system.models["org/small"].context == 4096


def test_code_that_loads_a_model_by_name(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"a.py": """
        import modal
        from sentence_transformers import SentenceTransformer
        app = modal.App("a")
        @app.cls(gpu="T4")
        class Embedder:
            @modal.enter()
            def load(self):
                self.model = SentenceTransformer("org/embedder")
                self.other = AutoModel.from_pretrained(path)
    """})
    assert system.components["Embedder"].serves == ("org/embedder",)


@pytest.mark.parametrize("text", [
    "import modal\n", "import modal\napp = modal.App()\n@app.function(gpu=3, schedule=modal.Cron(x), min_containers='a', memory=[1])\ndef f(): f.remote()\n",
    "import modal\napp = modal.App(*x)\n@app.cls(**y)\nclass A:\n    @modal.batched(max_batch_size=z)\n    def f(self): ...\n",
    "import modal\napp = modal.App('a')\n@app.function()\ndef f(): g.remote()\n@app.function()\ndef g(): f.spawn()\n", "import modal\ndef f(:\n",
])  # fmt: skip
def test_any_python_ends_in_a_result_or_a_message(tmp_path: Path, text: str) -> None:
    found = searched(tmp_path, {"a.py": text})
    assert found.draft.components or found.left_out
