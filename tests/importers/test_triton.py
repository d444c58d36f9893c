"""Model repositories of Triton: the text format compared with protobuf's own reader, and what becomes of it."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from archlint.errors import UnreadableInputError
from archlint.importers.objects import Item, Rows, Table, Value
from archlint.importers.serving_files.pbtxt import parse_pbtxt
from archlint.source.document import Document
from tests.importers.importing import found_in, kinds, relations, searched

TEXTS = [
    "",
    "# only a comment\n",
    'name: "a"\nplatform: "onnxruntime_onnx"\nmax_batch_size : 8\n',
    "name: 'a'; backend: \"py\" 'thon' max_batch_size: 0x10",
    'input [ { name: "x" data_type: TYPE_FP32 dims: [ -1, 3 ] }, { name: "y", data_type: TYPE_INT64, dims: [1] } ]',
    'input { name: "x" dims: 1 dims: 2 }\ninput { name: "y" dims: [ 3 ] }\noutput < name: "z" >',
    'output [ { name: "a" } ]\noutput [ { name: "b" } ]',
    "instance_group [{ kind: KIND_GPU count: 2 gpus: [ 0, 1 ] }, { kind: KIND_CPU }]",
    "dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 }",
    "dynamic_batching { }\nversion_policy: { specific { versions: [1, 3] } }",
    'parameters { key: "a\\n\\x41\\102\\"" value: { string_value: "# no comment" } }',
    'parameters: { key: "k" value { string_value: "v" } },\nparameters: { key: "l", value { string_value: "w" } }',
    'ensemble_scheduling { step [ { model_name: "m" model_version: -1 input_map { key: "i" value: "x" }'
    ' output_map { key: "o" value: "y" } }, { model_name: "n" input_map: { key: "i", value: "y" } } ] }',
    'optimization { cuda { graphs: true } execution_accelerators { gpu_execution_accelerator: [ { name : "tensorrt" } ] } }',
    'sequence_batching { max_sequence_idle_microseconds: 5000000 direct { } control_input [ { name: "S" control [ { kind: '
    "CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1.5 ] } ] } ] }",
    'model_warmup [ { name: "w" batch_size: 1 inputs { key: "x" value: { data_type: TYPE_FP32 dims: 2 zero_data: true } } } ]',
    "response_cache { enable: true }\nmodel_transaction_policy { decoupled: True }",
]
BROKEN = [
    "name", "name:", 'name: "a', "input [", "input {", "input [ { ] }", "}", "name: }", "max_batch_size: @",
    "input { name: [ }", 'name: "a\n"',
]  # fmt: skip


def oracle() -> ModuleType:
    """The messages of `tritonclient`; its package needs grpc, this module does not."""
    package = importlib.util.find_spec("tritonclient")
    assert package is not None
    assert package.submodule_search_locations
    path = Path(package.submodule_search_locations[0], "grpc", "model_config_pb2.py")
    spec = importlib.util.spec_from_file_location("model_config_pb2", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ORACLE = oracle()


def read_by_protobuf(text: str) -> object:
    message = import_module("google.protobuf.text_format").Parse(text, ORACLE.ModelConfig())
    return import_module("google.protobuf.json_format").MessageToDict(message, preserving_proto_field_name=True)


def parsed(text: str) -> Table:
    return parse_pbtxt(Document("config.pbtxt", text, None))


def differences(item: Item | None, expected: object, path: str = "") -> Iterator[str]:
    """Yield where a value that protobuf read is not there or another one; it leaves out those that are a default."""
    if isinstance(expected, dict) and isinstance(item, Table) and not ("key" in item.entries and "key" not in expected):
        for key, value in expected.items():
            yield from differences(item.get(key), value, f"{path}.{key}")
    elif isinstance(expected, dict):                                                    # a map: pairs of keys and values
        rows = item.items if isinstance(item, Rows) else [item]
        pairs = {one.text("key"): one.get("value") for one in rows if isinstance(one, Table)}
        if set(pairs) != set(expected):
            yield f"{path}: the keys {sorted(pairs)} are not {sorted(expected)}"
        for key, value in expected.items():
            yield from differences(pairs.get(key), value, f"{path}[{key!r}]")
    elif isinstance(expected, list):
        rows = item.items if isinstance(item, Rows) else [item]
        if len(rows) != len(expected):
            yield f"{path}: {len(rows)} values, not {len(expected)}"
        for row, one in zip(rows, expected, strict=False):
            yield from differences(row, one, path)
    elif not isinstance(item, Value) or not is_same(item.text, expected):
        yield f"{path}: {item} is not {expected}"


def is_same(text: str, expected: object) -> bool:
    """Whether a text has the value that protobuf read."""
    if isinstance(expected, bool):
        return text.lower() == str(expected).lower()
    if isinstance(expected, int | float):
        return float(int(text, 0) if text.startswith("0x") else text) == expected
    return text == expected


@pytest.mark.parametrize("text", TEXTS)
def test_the_text_format_is_read_as_protobuf_reads_it(text: str) -> None:
    assert list(differences(parsed(text), read_by_protobuf(text))) == []


@pytest.mark.parametrize("text", BROKEN)
def test_what_protobuf_refuses_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(import_module("google.protobuf.text_format").ParseError):
        read_by_protobuf(text)
    with pytest.raises(UnreadableInputError, match=r"config.pbtxt:\d+:\d+: not the text format of protocol buffers"):
        parsed(text)


def test_a_cut_text_ends_in_a_result_or_a_message() -> None:
    whole = "\n".join(TEXTS)
    ends = Counter(outcome(whole[:end]) for end in range(0, len(whole), 7))
    assert set(ends) == {"a result", "a message"}


def outcome(text: str) -> str:
    try:
        parsed(text)
    except UnreadableInputError:
        return "a message"
    return "a result"


def test_a_mark_of_a_template_is_a_value_without_a_text() -> None:
    found = parsed('max_batch_size: ${triton_max_batch_size}\nname: "${name}"\ninput { dims: [ ${a} ] }')
    size = found.get("max_batch_size")
    assert isinstance(size, Value)
    assert (size.text, size.status) == ("", "unresolved")


def test_deep_nesting_is_refused_and_a_long_file_is_read() -> None:
    with pytest.raises(UnreadableInputError, match="nests deeper than 64 levels"):
        parsed("a {" * 5_000)
    assert parsed('input { name: "x" dims: [ 1, 2, 3 ] }\n' * 10_000).get("input") is not None


ENSEMBLE = """
    name: "pipeline"   # an ensemble
    platform: "ensemble"
    max_batch_size: 16
    ensemble_scheduling {
      step [
        { model_name: "tokens" model_version: -1
          input_map { key: "text" value: "RAW" } output_map { key: "ids" value: "IDS" } },
        { model_name: "encoder" model_version: -1
          input_map { key: "ids" value: "IDS" } output_map { key: "vector" value: "VECTOR" } },
        { model_name: "labels" model_version: -1
          input_map { key: "vector" value: "VECTOR" } input_map { key: "ids" value: "IDS" } output_map { key: "out" value: "LABEL" } }
      ]
    }
"""


def test_the_steps_of_an_ensemble_call_each_other_in_one_process(tmp_path: Path) -> None:
    system = found_in(tmp_path, {
        "repo/pipeline/config.pbtxt": ENSEMBLE, "repo/tokens/config.pbtxt": 'name: "tokens"\nbackend: "python"\n',
        "repo/encoder/config.pbtxt": 'name: "encoder"\nplatform: "onnxruntime_onnx"\n', "repo/labels/config.pbtxt": 'backend: "python"\n',
    })  # fmt: skip
    assert kinds(system) == {"pipeline": "service", "tokens": "service", "encoder": "model-server", "labels": "service"}
    assert relations(system) == {
        ("pipeline", "calls", "tokens"), ("tokens", "calls", "encoder"), ("encoder", "calls", "labels"), ("tokens", "calls", "labels"),
    }  # fmt: skip
    inside = [one for name, part in system.components.items() if name != "users" for one in part.relations]
    assert all(one.in_process for one in inside)
    assert system.models["encoder"].format == "onnx"
    assert list(system.workloads) == ["pipeline"]


def test_a_step_without_a_configuration_is_named(tmp_path: Path) -> None:
    found = searched(tmp_path, {"repo/pipeline/config.pbtxt": ENSEMBLE, "repo/tokens/config.pbtxt": ""})
    assert any("names the model `encoder`, which has no configuration here" in note for note in found.draft.notes)
    assert set(found.draft.components) == {"pipeline", "tokens", "users"}


def test_an_ensemble_that_names_itself_ends(tmp_path: Path) -> None:
    text = 'platform: "ensemble"\nensemble_scheduling { step [ { model_name: "a" input_map { key: "i" value: "X" } ' \
        'output_map { key: "o" value: "X" } }, { model_name: "b" } ] }\n'
    found = searched(tmp_path, {"repo/a/config.pbtxt": text, "repo/b/config.pbtxt": text.replace('"a"', '"b"')})
    assert {"a", "b"} <= set(found.draft.components)


def test_models_that_stand_alone_share_one_server(tmp_path: Path) -> None:
    batches = "max_batch_size: 32\ndynamic_batching { max_queue_delay_microseconds: 500 }\n"
    system = found_in(tmp_path, {
        "models/first/config.pbtxt": f'name: "first"\nplatform: "tensorrt_plan"\n{batches}',
        "models/second/config.pbtxt": f'name: "second"\nbackend: "pytorch"\n{batches}',
    })  # fmt: skip
    (server,) = (part for name, part in system.components.items() if name != "users")
    assert (server.kind, server.uses, server.serves) == ("model-server", "triton", ("first", "second"))
    assert server.batching is not None
    assert server.batching.max_size == 32
    assert server.batching.max_delay_s == pytest.approx(0.0005)
    assert (system.models["first"].format, system.models["second"].framework) == ("tensorrt", "pytorch")


def test_facts_of_one_model_are_those_of_its_server(tmp_path: Path) -> None:
    text = 'max_batch_size: 8\ninstance_group [ { count: 2 kind: KIND_GPU gpus: [ 0, 1 ] } ]\nversion_policy { specific { versions: [3] } }\n'
    system = found_in(tmp_path, {"repo/only/config.pbtxt": text})
    server = system.components["triton"]
    assert (server.workers, server.batching) == (4, None)                       # no batching without `dynamic_batching`
    assert server.hardware is not None
    assert server.hardware.gpus == 2
    assert system.models["only"].version == "3"


def test_a_container_that_mounts_the_repository_takes_its_place(tmp_path: Path) -> None:
    system = found_in(tmp_path, {
        "compose.yaml": """
            services:
              inference:
                image: nvcr.io/nvidia/tritonserver:24.05-py3
                volumes: ["./repo:/models"]
                ports: ["8000:8000"]
        """,
        "repo/pipeline/config.pbtxt": ENSEMBLE, "repo/encoder/config.pbtxt": 'platform: "onnxruntime_onnx"\n',
    })  # fmt: skip
    assert set(system.components) == {"inference", "users"}
    assert set(system.components["inference"].serves) == {"pipeline", "encoder"}
    assert system.models["encoder"].format == "onnx"


def test_one_server_of_a_cluster_reads_the_repository_beside_it(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec: {containers: [{name: c, image: 'IMAGE'}]}\n"
    server = pod.replace("NAME", "inference").replace("IMAGE", "nvcr.io/nvidia/tritonserver:24.05-py3")
    files = {"a.yaml": server, "b.yaml": pod.replace("NAME", "web").replace("IMAGE", "acme/web"), "repo/m/config.pbtxt": ""}
    assert found_in(tmp_path / "one", files).components["inference"].serves == ("m",)
    files["c.yaml"] = server.replace("inference", "other")                      # two servers: nothing says which reads it
    assert set(found_in(tmp_path / "two", files).components) == {"inference", "other", "web", "triton", "users"}


def test_a_broken_file_is_an_error_and_the_others_are_read(tmp_path: Path) -> None:
    found = searched(tmp_path, {"repo/a/config.pbtxt": "name: ", "repo/b/config.pbtxt": 'name: "b"\n', "repo/b/data.pbtxt": "item {"})
    assert [error.message.split(": ", 1)[1] for error in found.errors] == [
        "not the text format of protocol buffers: the file ends before a value"
    ]
    assert found.draft.components["triton"].serves == ["b"]


CODE = '''
import triton_python_backend_utils as pb_utils

NEXT = "reader"


class TritonPythonModel:
    def initialize(self, args):
        self.finder = "finder"

    def execute(self, requests):
        found = pb_utils.InferenceRequest(model_name=self.finder, requested_output_names=["B"], inputs=[]).exec()
        text = pb_utils.InferenceRequest(model_name=NEXT, requested_output_names=["T"], inputs=[found]).exec()
        more = pb_utils.InferenceRequest(model_name=args["other"], requested_output_names=["T"], inputs=[])
        raise RuntimeError("this code must never run")


raise RuntimeError("nor this")
'''


def test_code_that_asks_other_models_is_read_and_never_run(tmp_path: Path) -> None:
    files = {
        "repo/pipeline/config.pbtxt": 'backend: "python"\n', "repo/pipeline/1/model.py": "raise SystemExit\n",
        "repo/pipeline/2/model.py": CODE, "repo/finder/config.pbtxt": 'platform: "onnxruntime_onnx"\n',
        "repo/reader/config.pbtxt": 'backend: "pytorch"\n', "repo/alone/config.pbtxt": 'backend: "python"\n',
        "repo/alone/1/model.py": "import os\n",
    }  # fmt: skip
    system = found_in(tmp_path, files)
    assert kinds(system) == {"pipeline": "service", "finder": "model-server", "reader": "model-server", "triton": "model-server"}
    assert relations(system) == {("pipeline", "calls", "finder"), ("pipeline", "calls", "reader")}
    assert all(one.in_process for one in system.components["pipeline"].relations)
    assert system.components["triton"].serves == ("alone",)
    assert any("model.py:14: the code decides which model it asks" in note for note in searched(tmp_path, files).draft.notes)


def test_code_that_asks_a_model_of_another_repository_says_so(tmp_path: Path) -> None:
    ask = "import triton_python_backend_utils as p\np.InferenceRequest(model_name='gone')\n"
    found = searched(tmp_path, {"repo/a/config.pbtxt": 'backend: "python"\n', "repo/a/1/model.py": ask})
    assert any("the code of `a` asks the model `gone`, which has no configuration here" in note for note in found.draft.notes)
    assert found.draft.components["triton"].serves == ["a"]
