"""Services of BentoML: decorators and dependencies, older services with runners, build files."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from tests.importers.importing import found_in, kinds, relations, searched

SERVICES = """
    from __future__ import annotations
    import bentoml
    from bentoml.models import HuggingFaceModel

    MODEL = "org/embedder"

    @bentoml.service(
        resources={"cpu": "4", "gpu": 1, "gpu_type": "nvidia-l4", "memory": "16Gi"}, traffic={"timeout": 30, "max_concurrency": 64},
        workers=2,
    )
    class Embedder:
        model = HuggingFaceModel(MODEL)

        @bentoml.api(batchable=True, max_batch_size=32, max_latency_ms=200)
        def embed(self, texts): ...

    @bentoml.service(name="front")
    class Gateway:
        embedder = bentoml.depends(Embedder)

        @bentoml.api
        async def rank(self, query: str): ...
"""


def test_services_depend_on_each_other(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"service.py": SERVICES, "bentofile.yaml": 'service: "service:Gateway"\n'})
    assert kinds(system) == {"Embedder": "model-server", "front": "service"}
    assert relations(system) == {("front", "calls", "Embedder")}
    (call,) = system.components["front"].relations
    assert call.timeout_s == 30                                         # a proxy waits as long as its target may take
    assert list(system.workloads) == ["front"]


def test_a_decorator_states_resources_and_batches(tmp_path: Path) -> None:
    server = found_in(tmp_path, {"service.py": SERVICES}).components["Embedder"]
    assert (server.serves, server.workers, server.limit) == (("org/embedder",), 2, 64)
    assert server.hardware is not None
    assert (server.hardware.cpu, server.hardware.gpu, server.hardware.gpus, server.hardware.memory_bytes) == (4, "l4", 1, 16 * 2**30)
    assert server.batching is not None
    assert (server.batching.max_size, server.batching.max_delay_s) == (32, 0.2)


def test_services_in_several_files_of_one_project(tmp_path: Path) -> None:
    system = found_in(tmp_path, {
        "bentofile.yaml": "service: api.main:Api\n",
        "api/main.py": "import bentoml\nfrom models.scorer import Scorer\n@bentoml.service\nclass Api:\n    scorer = bentoml.depends(Scorer)\n",
        "models/scorer.py": "from bentoml import service, models\n@service(resources={'gpu': 1})\nclass Scorer:\n    m = models.get('ranker:v3')\n",
    })  # fmt: skip
    assert relations(system) == {("Api", "calls", "Scorer")}
    assert system.models["ranker"].version == "v3"


def test_a_url_is_another_service(tmp_path: Path) -> None:
    text = "import bentoml\n@bentoml.service\nclass A:\n    other = bentoml.depends(url='http://ranker:3000')\n"
    assert relations(found_in(tmp_path, {"service.py": text})) == {("A", "calls", "ranker")}


def test_runners_of_older_services(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"service.py": """
        import bentoml
        from runnable import Speech
        model = bentoml.xgboost.get("ranker:v2")
        ranker = model.to_runner()
        speech = bentoml.Runner(Speech, name="speech_runner")
        svc = bentoml.Service("assistant", runners=[ranker, speech])
    """})
    assert kinds(system) == {"assistant": "service", "ranker": "model-server", "speech_runner": "model-server"}
    assert relations(system) == {("assistant", "calls", "ranker"), ("assistant", "calls", "speech_runner")}
    assert (system.models["ranker"].version, system.models["ranker"].framework) == ("v2", "xgboost")


@pytest.mark.parametrize(("name", "text"), [
    ("bentofile.yaml", 'service: "service.py:svc"\nlabels: {owner: x}\n'),
    ("pyproject.toml", '[project]\nname = "x"\n[tool.bentoml.build]\nservice = "service:svc"\n'),
])  # fmt: skip
def test_a_build_file_without_its_code_is_one_server(tmp_path: Path, name: str, text: str) -> None:
    assert kinds(found_in(tmp_path, {name: text})) == {"svc": "model-server"}


@pytest.mark.parametrize("text", [
    "import bentoml\n", "import bentoml\n@bentoml.service(", "import bentoml\nx = " + "(" * 500, "import bentoml\nx = " + "-" * 20_000 + "1",
    "import bentoml\nprint 'old'\n", "import bentoml\n\x00", "import bentoml\n@bentoml.service(**x)\nclass A:\n    b = bentoml.depends(A)\n",
    "import bentoml\n@bentoml.service(resources=x, traffic={1: 2, **y}, workers='cpu_count')\nclass A:\n    b = bentoml.depends()\n",
    "import bentoml\na = a\nb = c\nc = b\n@bentoml.service(name=b, workers=a)\nclass A: ...\n",
])  # fmt: skip
def test_any_python_ends_in_a_result_or_a_message(tmp_path: Path, text: str) -> None:
    found = searched(tmp_path, {"service.py": text})
    assert found.draft.components or found.left_out or found.errors


def test_constants_that_name_themselves_or_multiply_end(tmp_path: Path) -> None:
    lines = "A = A * 2\nB = f'{B}{A}'\nC0 = 'xxxxxxxxxx'\n" + "".join(f"C{n} = f'{{C{n - 1}}}{{C{n - 1}}}'\n" for n in range(1, 60))
    text = f"import bentoml\n{lines}D = E\nE = D\n@bentoml.service(name=C59, workers=A, traffic={{'timeout': B}}, resources=D)\nclass S: ...\n"
    (name,) = set(searched(tmp_path, {"s.py": text}).draft.components) - {"users"}
    assert name == "x" * 200


def test_places_count_characters_and_not_bytes(tmp_path: Path) -> None:
    found = searched(tmp_path, {"s.py": "# é\nimport bentoml\n@bentoml.service(name='ünïcode', workers=3)\nclass A: x = bentoml.models.get('é:1')\n"})
    unit = found.draft.components["ünïcode"].unit
    site = unit.facts["workers"].site
    assert site.document.text[site.span.start : site.span.end] == "3"
    assert site.document.text[unit.site.span.start : unit.site.span.end] == "A"


def test_warnings_about_the_code_are_not_printed(tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        searched(tmp_path, {"s.py": "import bentoml\nx = 1if 1else '\\d'\n"})
    assert found == []


def test_other_python_is_not_read(tmp_path: Path) -> None:
    found = searched(tmp_path, {"a.py": "import os\nname = 'bentoml'\n", "pyproject.toml": "[project]\nname = 'x'\n"})
    assert (found.draft.components, found.left_out) == ({}, [])
