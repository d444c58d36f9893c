"""Loads a model and makes inputs for it; used in the child process only.

NumPy and the libraries of the formats are imported here, and nowhere else in archlint.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archlint.about import install_command
from archlint.measure.job import Job

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TYPES: Final = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16", "tensor(int64)": "int64",
    "tensor(int32)": "int32", "tensor(int16)": "int16", "tensor(int8)": "int8", "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
}  # fmt: skip
_METHODS: Final = ("predict_proba", "predict", "transform")
_ROWS: Final = 256
_MOST_VALUES: Final = 100_000_000
_GIVE: Final = "give inputs with --inputs FILE (.npy or .csv)"
_MODULES: Final = {"onnx": "onnxruntime", "skops": "skops.io", "pickle": "joblib"}


class RefusedError(Exception):
    """A model that is not measured: what is wrong, and what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Loaded:
    """A loaded model: `prepared(size)` returns the call of one prediction for a batch.

    `fixed_batch` is the only size that it takes; 0 means any. `described` says what its inputs are.
    """

    def __init__(self, prepared: Callable[[int], Callable[[], object]], described: str, fixed_batch: int = 0) -> None:
        self.prepared = prepared
        self.described = described
        self.fixed_batch = fixed_batch


def library(kind: str) -> None:
    """Import the libraries that a format needs, so that their memory and time are not counted as the model's."""
    from importlib import import_module

    for name in ("numpy", _MODULES[kind]):
        try:
            import_module(name)
        except ModuleNotFoundError:
            if name == "joblib":                   # a plain pickle needs the standard library only
                continue
            package = name.partition(".")[0]
            raise RefusedError(f"{package} is not installed", install_command("measure")) from None


def load(job: Job) -> Loaded:
    """Load the model of a job; raises `RefusedError` if it is damaged, refused, or has unknown inputs."""
    return _onnx(job) if job.format == "onnx" else _estimator(job)


def _onnx(job: Job) -> Loaded:
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(job.path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # a damaged file may raise anything
        raise RefusedError(f"onnxruntime cannot load it: {_said(error)}", "export the model again") from None
    declared = session.get_inputs()
    given = _given(job.inputs) if job.inputs else None
    if given is not None and len(declared) != 1:
        names = ", ".join(one.name for one in declared)
        raise RefusedError(f"the model has {len(declared)} inputs ({names}), and --inputs gives one", "remove --inputs")
    fixed, feeds, words = 0, dict[str, "NDArray[Any]"](), []
    for one in declared:
        kind = _TYPES.get(one.type)
        if kind is None:
            raise RefusedError(f"its input `{one.name}` is {one.type}, which archlint cannot make", "")
        shape = list(one.shape)
        words.append(f"{one.name}: {one.type[7:-1]}[{', '.join(map(str, shape))}]")
        if given is not None:
            feeds[one.name] = given.astype(kind)
        else:
            feeds[one.name] = _made(one.name, kind, [_ROWS, *_known(one.name, shape)])
        if shape and isinstance(shape[0], int) and shape[0] > 0:
            fixed = shape[0]

    def prepared(size: int) -> Callable[[], object]:
        feed = {name: np.ascontiguousarray(_rows(values, size)) for name, values in feeds.items()}
        return lambda: session.run(None, feed)

    return Loaded(prepared, "; ".join(words), fixed)


def _known(name: str, shape: list[object]) -> list[int]:
    """Return the dimensions after the first, which is the batch; raises if one of them is unknown."""
    known = [size for size in shape[1:] if isinstance(size, int) and size > 0]
    if len(known) != len(shape[1:]):
        unknown = next(size for size in shape[1:] if not (isinstance(size, int) and size > 0))
        said = f"`{unknown}`" if unknown else "a dimension"
        raise RefusedError(f"its input `{name}` has an unknown size: {said} of {shape}", _GIVE)
    return known


def _estimator(job: Job) -> Loaded:
    model = _skops(job) if job.format == "skops" else _pickle(job)
    method = next((name for name in _METHODS if callable(getattr(model, name, None))), "")
    if not method:
        raise RefusedError(f"the model ({type(model).__name__}) has none of the methods {', '.join(_METHODS)}", "")
    if job.inputs:
        rows, described = _given(job.inputs), f"rows of {Path(job.inputs).name}"
    else:
        features = getattr(model, "n_features_in_", None)
        if not isinstance(features, int) or features < 1:
            raise RefusedError("the model does not state its number of features (`n_features_in_`)", _GIVE)
        rows, described = _made("x", "float64", [_ROWS, features]), f"{features} features"
    predict = getattr(model, method)

    def prepared(size: int) -> Callable[[], object]:
        batch = _rows(rows, size)
        return lambda: predict(batch)

    return Loaded(prepared, described)


def _skops(job: Job) -> Any:
    import skops.io

    try:
        unknown = skops.io.get_untrusted_types(file=job.path)
        if unknown and not job.trust:
            raise RefusedError(
                f"it contains types that skops does not trust: {', '.join(sorted(unknown)[:5])}",
                "if you trust the file, add --trust",
            )
        return skops.io.load(job.path, trusted=unknown)
    except (RefusedError, ModuleNotFoundError):
        raise
    except Exception as error:  # a damaged archive may raise anything
        raise RefusedError(f"skops cannot load it: {_said(error)}", "save the model again") from None


def _pickle(job: Job) -> Any:
    if not job.trust:
        raise RefusedError("it is a pickle, which runs code when it is loaded", "if you trust the file, add --trust")
    try:
        try:
            import joblib
        except ModuleNotFoundError:
            import pickle

            return pickle.loads(Path(job.path).read_bytes())
        return joblib.load(job.path)
    except ModuleNotFoundError:
        raise
    except Exception as error:  # a pickle may raise anything
        raise RefusedError(f"it cannot be unpickled: {_said(error)}", "save the model again") from None


def _given(file: str) -> NDArray[Any]:
    """Read rows of inputs; the first row of a CSV file may hold names."""
    import numpy as np

    rows: NDArray[Any]
    try:
        if file.endswith(".npy"):
            rows = np.load(file, allow_pickle=False)
        else:
            with open(file, encoding="utf-8-sig") as stream:
                first = stream.readline().split(",")
            rows = np.loadtxt(file, delimiter=",", skiprows=int(not all(map(_is_number, first))), ndmin=2)
    except (OSError, ValueError) as error:
        hint = "use .npy, or .csv with numbers"
        raise RefusedError(f"{file}: is not a file of numbers: {_said(error)}", hint) from None
    if rows.ndim < 2 or len(rows) == 0:
        raise RefusedError(f"{file}: has the shape {rows.shape}; inputs have a row for each prediction", "")
    return rows


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _made(name: str, kind: str, shape: list[int]) -> NDArray[Any]:
    """Make inputs of a type and shape: normally distributed, or for whole numbers 0 and 1."""
    import math

    import numpy as np

    while math.prod(shape) > _MOST_VALUES and shape[0] > 1:
        shape = [shape[0] // 2, *shape[1:]]
    if math.prod(shape) > _MOST_VALUES:
        raise RefusedError(f"its input `{name}` has {math.prod(shape):,} values, too many to make", "")
    draw = np.random.default_rng(7)
    if kind.startswith("float"):
        return draw.standard_normal(shape).astype(kind)
    return draw.integers(0, 2, shape).astype(kind)


def _rows(values: NDArray[Any], size: int) -> NDArray[Any]:
    """Return a batch of rows, repeated if there are too few."""
    import numpy as np

    return values[np.arange(size) % len(values)]


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
