"""`docker run` in shell scripts: what its options say, and when a script is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.importers.importing import import_files
from archlint.importers.writing import write
from tests.importers.importing import found_in, kinds, relations, searched, write_files

SCRIPT = """
    #!/bin/bash
    # docker run is written here too
    TAG=${TAG:-24.05}
    NET="serving"
    docker network create $NET
    docker run -d --name cache --network $NET redis:7
    docker run -d --rm --gpus '"device=0,1"' --name inference --network "$NET" \\
      -p 8000:8000 -p127.0.0.1:8002:8002 -v $(pwd)/models:/models \\
      --shm-size=1g nvcr.io/nvidia/tritonserver:${TAG}-py3 \\
      tritonserver --model-repository=/models   # serve
    sudo docker run -itd -p 80:80 --link inference:model -e MODEL_URL=http://model:8000 -e REDIS_HOST=cache \\
      -e API_TOKEN=very-secret -m 2g --cpus 1.5 acme/api:"$VERSION" && echo started
    docker run -it acme/api bash
    docker run --rm acme/tool python train.py
    echo "docker run nothing"
"""


def test_containers_of_a_script(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"run.sh": SCRIPT})
    assert kinds(system) == {"cache": "cache", "inference": "model-server", "api": "service", "tool": "training-job"}
    assert relations(system) == {("api", "calls", "inference"), ("api", "reads", "cache")}
    server, api = system.components["inference"], system.components["api"]
    assert (server.image, api.image) == ("nvcr.io/nvidia/tritonserver:24.05-py3", None)      # the tag of the second is not known
    assert server.hardware is not None
    assert server.hardware.gpus == 2
    assert api.hardware is not None
    assert (api.hardware.cpu, api.hardware.memory_bytes) == (1.5, 2 * 2**30)


def test_ports_and_secrets(tmp_path: Path) -> None:
    found = searched(tmp_path, {"run.sh": SCRIPT})
    ports = found.draft.components["inference"].unit.ports
    assert [(port.number, port.published) for port in ports] == [(8000, True), (8002, False)]
    assert "very-secret" not in write(found.draft, "s", found.sources)


def test_a_script_that_mounts_a_repository_runs_it(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"run.sh": SCRIPT, "models/ranker/config.pbtxt": 'platform: "onnxruntime_onnx"\n'})
    assert system.components["inference"].serves == ("ranker",)
    assert "triton" not in system.components


def test_a_script_beside_other_manifests_is_read_if_it_is_named(tmp_path: Path) -> None:
    files = {"compose.yaml": "services: {web: {image: acme/web, ports: ['80:80']}}\n", "run.sh": SCRIPT}
    found = searched(tmp_path, files)
    assert set(found.draft.components) == {"web", "users"}
    assert [reason for _, reason in found.left_out] == ["docker run: other files describe containers; name this file to read it too"]
    write_files(tmp_path, files)
    named = import_files([tmp_path / "compose.yaml", tmp_path / "run.sh"], tmp_path, explicit=True)
    assert {"web", "inference"} <= set(named.draft.components)


@pytest.mark.parametrize(("line", "name"), [
    ("docker run x/y:1", "y"), ("podman run --name=a x", "a"), ("docker container run --name 'b c' x", "b-c"), ("nvidia-docker run x", "x"),
    ("docker run --unknown value x/z", "z"), ("$(docker run -d x/q)", "q"), ("if true; then docker run -d x/r; fi", "r"),
    ("docker run -e A='b c' -e B=\"d $E\" x/s", "s"), ("docker run --rm -d --mount type=bind,source=$PWD/a,target=/b,readonly x/t", "t"),
])  # fmt: skip
def test_the_syntax_of_a_call(tmp_path: Path, line: str, name: str) -> None:
    assert set(searched(tmp_path, {"a.sh": f"{line}\n"}).draft.components) - {"users"} == {name}


@pytest.mark.parametrize("text", [
    "docker run", "docker run \\", "docker run -e", "docker run --name", "docker run 'x", "docker run $(", "docker run ${", "docker run -p 99999999:1 x",
    "docker run -p a:b -m x --cpus y --gpus z -v : --mount , --link : x", "docker run " * 20, "A=$A$A$A\n" * 50 + "docker run $A",
])  # fmt: skip
def test_any_script_ends_in_a_result_or_a_message(tmp_path: Path, text: str) -> None:
    found = searched(tmp_path, {"a.sh": text})
    assert found.draft.components or found.left_out


def test_a_script_without_end_is_read(tmp_path: Path) -> None:
    found = searched(tmp_path, {"a.sh": 'docker run -e "' * 60_000})       # takes hours if each start reads to the end
    assert found.draft.components or found.left_out
