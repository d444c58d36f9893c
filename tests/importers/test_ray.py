"""Ray Serve: deployments that are bound together in Python, and configuration files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importers.importing import found_in, kinds, relations, searched

CODE = """
    from ray import serve

    @serve.deployment(num_replicas=2, ray_actor_options={"num_gpus": 0.5, "num_cpus": 2})
    class Ranker:
        @serve.batch(max_batch_size=8, batch_wait_timeout_s=0.1)
        async def rank(self, xs): ...

    @serve.deployment(name="features", autoscaling_config={"min_replicas": 1, "max_replicas": 4}, max_ongoing_requests=20,
                      max_queued_requests=30)
    class Features: ...

    @serve.deployment
    @serve.ingress(api)
    class Front:
        def __init__(self, ranker, features): ...

    features = Features.bind()
    app = Front.options(num_replicas=3).bind(Ranker.bind(), features)
"""
CONFIG = """
    applications:
      - name: search
        import_path: code.app:app
        route_prefix: /
        deployments:
          - {name: Ranker, num_replicas: 5, ray_actor_options: {num_gpus: 1, accelerator_type: L4}}
          - {name: Front, autoscaling_config: {min_replicas: 2, max_replicas: 6}}
"""


def test_arguments_of_bind_are_called(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"app.py": CODE})
    assert kinds(system) == {"Ranker": "model-server", "features": "model-server", "Front": "service"}
    assert relations(system) == {("Front", "calls", "Ranker"), ("Front", "calls", "features")}
    assert list(system.workloads) == ["Front"]


def test_a_decorator_states_replicas_resources_and_batches(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"app.py": CODE})
    ranker, features = system.components["Ranker"], system.components["features"]
    assert ranker.hardware is not None
    assert (ranker.hardware.cpu, ranker.hardware.gpu_share) == (2, 0.5)
    assert ranker.batching is not None
    assert (ranker.batching.max_size, ranker.batching.max_delay_s) == (8, 0.1)
    assert features.scaling is not None
    assert (features.scaling.minimum, features.scaling.maximum, features.workers, features.limit) == (1, 4, 20, 50)
    assert system.components["Front"].replicas == 3                     # `options` wins over the decorator


def test_large_numbers_are_exact(tmp_path: Path) -> None:
    text = "from ray import serve\n@serve.deployment(ray_actor_options={'memory': 2147483649}, max_ongoing_requests=123456)\nclass A: ...\n"
    part = found_in(tmp_path, {"a.py": text}).components["A"]
    assert part.hardware is not None
    assert (part.hardware.memory_bytes, part.workers) == (2147483649, 123456)


def test_a_configuration_changes_what_the_code_states(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"code/app.py": CODE, "serve.yaml": CONFIG})
    assert set(kinds(system)) == {"Ranker", "features", "Front"}
    scaled = system.components["Front"].scaling
    assert scaled is not None
    assert (system.components["Ranker"].replicas, scaled.minimum, scaled.maximum) == (5, 2, 6)
    hardware = system.components["Ranker"].hardware
    assert hardware is not None
    assert (hardware.gpu, hardware.gpus) == ("l4", 1)


def test_a_configuration_alone_is_an_application_with_deployments(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"serve.yaml": CONFIG})
    assert kinds(system) == {"search": "service", "Ranker": "model-server", "Front": "model-server"}
    assert relations(system) == {("search", "calls", "Ranker"), ("search", "calls", "Front")}


def test_a_manifest_and_its_code_are_one(tmp_path: Path) -> None:
    manifest = """
        apiVersion: ray.io/v1
        kind: RayService
        metadata: {name: search}
        spec:
          serveConfigV2: |
            applications:
              - name: search-app
                import_path: app:app
                deployments:
                  - {name: Ranker, num_replicas: 4}
                  - {name: features}
                  - {name: Front}
          rayClusterConfig: {headGroupSpec: {template: {spec: {containers: [{name: head, image: "rayproject/ray:2.9.0"}]}}}}
    """
    system = found_in(tmp_path, {"app.py": CODE, "service.yaml": manifest})
    names = set(kinds(system))
    assert {"Ranker", "features", "Front", "search-app"} <= names
    assert len(names) == len({name.lower() for name in names}) == 5
    assert system.components["Ranker"].replicas == 4
    assert ("Front", "calls", "Ranker") in relations(system)


def test_functions_lists_and_variables_are_bound(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"a.py": """
        import ray.serve as serve
        from ray.serve import deployment
        @deployment
        def first(x): ...
        @deployment
        def second(x): ...
        @deployment
        class Root: ...
        parts = {"a": first.bind(), "b": second.bind()}
        small = Root.options(num_replicas=1)
        app = small.bind([first.bind(), second.bind()])
    """})
    assert relations(system) == {("Root", "calls", "first"), ("Root", "calls", "second")}


@pytest.mark.parametrize(("name", "text"), [
    ("a.py", "from ray import serve\n"), ("a.py", "from ray import serve\n@serve.deployment(num_replicas='auto', ray_actor_options=3)\nclass A: ...\nx = A.bind(A.bind(), x)\n"),
    ("a.py", "from ray import serve\n@serve.deployment(\n"), ("s.yaml", "applications:\n  - {import_path: 3, deployments: [3, {name: []}]}\n"),
    ("s.yaml", "applications:\n  - {import_path: a:b, deployments: [{name: x, num_replicas: [], autoscaling_config: 3}], args: []}\n"),
    ("a.py", "from ray import serve\n@serve.deployment\nclass A: ...\nb = A.bind(" + "A.bind(" * 40 + ")" * 41 + "\n"),
])  # fmt: skip
def test_any_content_ends_in_a_result_or_a_message(tmp_path: Path, name: str, text: str) -> None:
    found = searched(tmp_path, {name: text})
    assert found.draft.components or found.left_out or found.errors
