"""Model files are measured in a child process; what is no model, or may run code, is refused."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import skops.io
from onnx import TensorProto, helper
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from archlint.errors import ArchlintError
from archlint.measure.facts import model_facts
from archlint.measure.formats import format_of
from archlint.measure.models import MeasuredModel, measure_model
from archlint.measure.safetensors import read_header
from tests.conftest import command

INPUTS = np.random.default_rng(1).standard_normal((60, 4))
CLASSES = (INPUTS[:, 0] > 0).astype(int)


class Exits:
    """A pickle of it ends the process that loads it."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Any, ...]]:
        return eval, ("__import__('os')._exit(7)",)


class Waits:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[Any, ...]]:
        return eval, ("__import__('time').sleep(60)",)


class DiesOfASignal:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[Any, ...]]:
        return eval, ("__import__('os').kill(__import__('os').getpid(), 9)",)


class WritesItsNumber:
    """A pickle of it writes the number of its process, and waits."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Any, ...]]:
        return eval, ("[open('number', 'w').write(str(__import__('os').getpid())), __import__('time').sleep(60)]",)


def skops_file(path: Path, model: object) -> Path:
    skops.io.dump(model, path)
    return path


def onnx_file(path: Path, *shapes: list[int | str], kind: int = TensorProto.FLOAT) -> Path:
    """A real model that adds its inputs to themselves."""
    names = [f"x{number}" for number in range(len(shapes))]
    inputs = [helper.make_tensor_value_info(name, kind, shape) for name, shape in zip(names, shapes, strict=True)]
    outputs = [helper.make_tensor_value_info(f"{name}_out", kind, None) for name in names]
    nodes = [helper.make_node("Add", [name, name], [f"{name}_out"]) for name in names]
    graph = helper.make_graph(nodes, "g", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


def safetensors_file(path: Path, tensors: dict[str, tuple[str, list[int], int]]) -> Path:
    header, at = {"__metadata__": {"format": "pt"}}, 0
    entries: dict[str, object] = dict(header)
    for name, (dtype, shape, size) in tensors.items():
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(at))
    return path


def refusal(path: Path, **options: Any) -> ArchlintError:
    with pytest.raises(ArchlintError) as caught:
        measure_model(path, **options)
    return caught.value


def quick(path: Path, **options: Any) -> MeasuredModel:
    return measure_model(path, requests=options.pop("requests", 20), **options)


def test_a_skops_model_is_measured(tmp_path: Path) -> None:
    path = skops_file(tmp_path / "m.skops", RandomForestClassifier(3).fit(INPUTS, CLASSES))
    error = refusal(path)
    assert "types that skops does not trust: sklearn.tree._tree.Tree" in error.message
    assert error.hint == "if you trust the file, add --trust"
    found = quick(path, batches=(1, 8), requests=600, trust=True)
    assert (found.format, found.artifact_bytes, found.inputs) == ("skops", path.stat().st_size, "4 features")
    assert found.load_s is not None and found.load_s > 0
    assert found.process_bytes is not None and found.memory_bytes is not None
    assert found.process_bytes > 10e6 and 0 < found.memory_bytes < found.process_bytes
    one, eight = found.batches
    assert (one.size, one.times.count, eight.size, eight.times.count) == (1, 600, 8, 600)
    p50, p95, p99 = (value for _, value in one.times.percentiles)
    assert 0 < p50 <= p95 <= p99
    facts = model_facts(found, "2026-11-29", "here, 2 cores")
    assert list(facts) == ["artifact", "format", "service_time", "x-measured-file"]
    assert facts["x-measured-file"].startswith('{date: 2026-11-29, machine: "here, 2 cores", load_time: ')


def test_an_onnx_model_is_measured_with_inputs_of_its_shape(tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "m.onnx", ["n", 3, 8])
    found = quick(path, batches=(1, 4))
    assert (found.format, found.inputs) == ("onnx", "x0: float[n, 3, 8]")
    assert [batch.size for batch in found.batches] == [1, 4]
    whole = onnx_file(tmp_path / "w.onnx", ["n", 5], ["n"], kind=TensorProto.INT64)
    assert quick(whole).inputs == "x0: int64[n, 5]; x1: int64[n]"


def test_a_fixed_batch_leaves_other_sizes_out(tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "m.onnx", [1, 4])
    found = quick(path, batches=(1, 8))
    assert [batch.size for batch in found.batches] == [1]
    assert found.notes == ("the model takes batches of 1 only",)
    error = refusal(path, batches=(8,))
    assert (error.message, error.hint) == (f"{path}: the model takes batches of 1 only", "--batch 1")


def test_an_unknown_dimension_needs_inputs(tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "m.onnx", ["n", "words"])
    error = refusal(path)
    assert "its input `x0` has an unknown size: `words` of ['n', 'words']" in error.message
    assert error.hint == "give inputs with --inputs FILE (.npy or .csv)"
    np.save(tmp_path / "x.npy", np.ones((3, 7)))
    assert quick(path, inputs=str(tmp_path / "x.npy")).batches[0].times.count == 20
    table = tmp_path / "x.csv"
    table.write_text("a,b\n1,2\n3,4\n")
    assert quick(path, inputs=str(table)).batches[0].times.count == 20
    table.write_text("a,b\n1,red\n")
    assert "is not a file of numbers" in refusal(path, inputs=str(table)).message


def test_a_model_that_fails_on_its_inputs_is_an_error(tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "m.onnx", ["n", 4])
    np.save(tmp_path / "x.npy", np.ones((3, 5)))
    error = refusal(path, inputs=str(tmp_path / "x.npy"))
    assert "the model failed on its inputs, x0: float[n, 4]: InvalidArgument: " in error.message


def test_a_pickle_runs_only_with_trust_and_only_in_the_child(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"                                # its name is not what counts
    path.write_bytes(pickle.dumps(LogisticRegression().fit(INPUTS, CLASSES)))
    error = refusal(path)
    assert "is a pickle, which runs code when it is loaded" in error.message
    assert "add --trust" in error.hint
    assert quick(path, trust=True).format == "pickle"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Exits(), "the process that loaded it ended with status 7"),
        (DiesOfASignal(), "the process that loaded it was killed by SIGKILL"),
        ({"weights": [1]}, "the model (dict) has none of the methods predict_proba, predict, transform"),
    ],
)
def test_the_death_of_the_child_is_an_error(tmp_path: Path, model: object, said: str) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(model))
    assert said in refusal(path, trust=True).message


def test_a_child_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(Waits()))
    error = refusal(path, trust=True, timeout_s=3)
    assert "took longer than 3 s, and was stopped" in error.message


def test_the_header_of_safetensors_is_read_without_loading(tmp_path: Path) -> None:
    path = safetensors_file(tmp_path / "m.bin", {"a": ("F16", [100, 20], 4000), "b": ("F32", [3], 12)})
    found = measure_model(path)
    assert (found.format, found.parameters, found.precision) == ("safetensors", 2003, "fp16")
    assert found.dtypes == {"F16": 2000, "F32": 3}
    assert model_facts(found, "2026-11-29", "m")["parameters"] == "2003"
    even = read_header(safetensors_file(tmp_path / "e.bin", {"a": ("F16", [10], 20), "b": ("F32", [10], 40)}))
    assert even.precision == ""


def test_damaged_safetensors_are_errors(tmp_path: Path) -> None:
    path = safetensors_file(tmp_path / "m.safetensors", {"a": ("F16", [100], 200)})
    whole = path.read_bytes()
    damage = {
        whole[:5]: "the header is truncated: the file has 5 of its first 8 bytes",
        whole[:40]: "the header is truncated: it states",
        whole[:-10]: "truncated: the tensors take 200 bytes, and the file has 190",
        whole + b"1": "too long: the tensors take 200 bytes, and the file has 201",
        struct.pack("<Q", 1 << 60) + whole[8:]: "the header states a length of 1,152,921,504,606,846,976 bytes",
        struct.pack("<Q", 12) + b"{\"a\": [1, 2]": "the header is not that of a safetensors file",
        struct.pack("<Q", 6) + b"{" * 6: "the header is not that of a safetensors file",
        whole.replace(b"F16", b"F17"): "the tensor `a` has the unknown type F17",
        whole.replace(b"[100]", b"[101]"): "has 200 bytes, which do not match its shape and type",
    }
    for data, said in damage.items():
        path.write_bytes(data)
        assert said in refusal(path).message


def archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, data in files.items():
            made.writestr(zipfile.ZipInfo(name.replace("_dot_", ".")), data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"just a text", "not a model in ONNX, skops, safetensors, pickle or joblib"),
        (b"GGUF\x03\x00\x00\x00\x01", "is a GGUF file, which archlint cannot measure"),
        (b"\x89HDF\r\n\x1a\n", "is an HDF5 file (Keras)"),
        (b"\x93NUMPY\x01\x00", "is an array of NumPy"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS, not the model"),
        (archive(data_dot_pkl=b"x"), "is a file of PyTorch"),
        (archive(a_dot_txt=b"x"), "is an archive, but not of skops"),
        (archive(a_dot_txt=b"x")[:20], "is a damaged archive"),
        (b"\x08\x08\x12\x04abcd", "onnxruntime cannot load it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_model_is_refused_by_its_bytes(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    assert said in refusal(path).message


def test_missing_files_and_folders_are_errors(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.onnx").message == f"{tmp_path}/none.onnx: no such file"
    assert refusal(tmp_path).message == f"{tmp_path}: is a folder"


def test_compressed_files_of_joblib_are_recognised(tmp_path: Path) -> None:
    import joblib

    for number, compress in enumerate((0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3))):
        path = tmp_path / f"{number}.model"
        joblib.dump(LogisticRegression().fit(INPUTS, CLASSES), path, compress=compress)
        assert format_of(path) == "pickle"


@pytest.mark.skipif(os.name == "nt", reason="kills a process: run it on Linux or macOS")
def test_no_model_outlives_a_killed_command(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(WritesItsNumber()))
    process = subprocess.Popen([command(), "measure", "model", "a.pkl", "--trust"], cwd=tmp_path)
    number = tmp_path / "number"
    wait_for(lambda: number.exists() and bool(number.read_text()))
    process.kill()
    assert process.wait() != 0
    wait_for(lambda: not is_running(int(number.read_text())))
    assert not is_running(int(number.read_text()))


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_running(number: int) -> bool:
    """Whether a process exists; one that ended and that nobody waited for does not count."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{number}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
