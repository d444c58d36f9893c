"""Small real models, trained on a data set of scikit-learn, stored in a format that cannot run code.

`skops` stores no bytecode, unlike pickle, and `load` rejects types that are not known to be harmless. Each model has a
card in the same folder: digest, features, classes, and the distribution of the training data for monitoring.

scikit-learn and skops take seconds to import, so only the functions that train or load a model import them: launchers,
proxies and APIs that read no more than a card start without them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from kit.archives import canonical
from kit.settings import refuse
from kit.trees import TREE_TYPE, are_sound, trees_of

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline
    from sklearn.utils import Bunch

DataSet = Literal["iris", "wine", "digits", "breast_cancer"]
Floats = NDArray[np.float64]
_ROUNDING = 1e-4                                   # models compute in single precision


class RefusedModelError(Exception):
    """A model file that must not be served: missing, altered, or of types that could run code."""


class ModelOutputError(Exception):
    """A model whose output is not a probability: nothing that is computed from it may be answered or stored."""


@contextmanager
def refusing() -> Iterator[None]:
    """Exit with the reason if a model must not be served."""
    try:
        yield
    except RefusedModelError as error:
        refuse(str(error))


class Estimator(Protocol):
    """The interface of a classifier, as in scikit-learn."""

    @property
    def classes_(self) -> NDArray[np.int64]:
        """Return the index of the class of each column, shape (classes,)."""
        ...

    def predict_proba(self, inputs: Floats) -> Floats:
        """Return the probability of each class, shape (records, classes)."""
        ...


@dataclass(frozen=True, slots=True)
class Card:
    """The card of a model: `digest` is the SHA-256 of its file, `quantiles` has one row for each feature.

    `quantiles` are the deciles of the training data, `shares` the shares of its classes, `accuracy` is measured on a
    fifth of the data that was not used for training.
    """

    name: str
    version: str
    digest: str
    features: tuple[str, ...]
    classes: tuple[str, ...]
    quantiles: tuple[tuple[float, ...], ...]
    shares: tuple[float, ...]
    accuracy: float
    made_with: str


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model with its card."""

    card: Card
    estimator: Estimator

    def probabilities(self, inputs: Floats) -> Floats:
        """Return the probability of each class, shape (records, classes), for inputs of shape (records, features).

        Raises `ModelOutputError` if the model returns anything else, such as NaN.
        """
        found = np.asarray(self.estimator.predict_proba(inputs), dtype=np.float64)
        if found.shape != (len(inputs), len(self.estimator.classes_)):
            raise ModelOutputError(f"model {self.card.name} returned an array of shape {found.shape}")
        if not np.all((found >= 0) & (found <= 1 + _ROUNDING)):        # false for NaN
            wrong = int(np.argmin(np.all((found >= 0) & (found <= 1 + _ROUNDING), axis=1)))
            raise ModelOutputError(f"model {self.card.name} returned no probability for record {wrong}")
        return found

    def predict(self, inputs: Floats) -> list[Prediction]:
        """Return the most likely class of each record with its probability."""
        probabilities = self.probabilities(inputs)
        best = probabilities.argmax(axis=1)
        return [
            Prediction(self.card.classes[int(self.estimator.classes_[i])], float(row[i]))
            for i, row in zip(best, probabilities, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Prediction:
    """A class and its probability, from 0 to 1."""

    label: str
    probability: float


def examples(data_set: DataSet) -> Floats:
    """Return the records of a data set, shape (records, features); tests and load generators send them."""
    return labelled(data_set)[0]


def labelled(data_set: DataSet) -> tuple[Floats, NDArray[np.int64]]:
    """Return the records of a data set, shape (records, features), and the index of the class of each."""
    bunch = _data_of(data_set)
    return np.asarray(bunch.data, dtype=np.float64), np.asarray(bunch.target, dtype=np.int64)


def split(data_set: DataSet, seed: int = 7) -> tuple[Floats, Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return the records for training, those for testing (a fifth), and the classes of both."""
    return _split(*labelled(data_set), seed)


def train(data_set: DataSet, folder: Path, *, name: str = "", trees: int = 0, seed: int = 7) -> Path:
    """Train a classifier, write it and its card into a folder, and return the model's path.

    It is a logistic regression, or a forest with `trees`. The file is written atomically.
    """
    bunch = _data_of(data_set)
    return train_on(
        np.asarray(bunch.data, dtype=np.float64), np.asarray(bunch.target), folder, name=name or data_set,
        features=tuple(map(str, bunch.feature_names)), classes=tuple(map(str, bunch.target_names)),
        trees=trees, seed=seed,
    )  # fmt: skip


def train_on(
    inputs: Floats, target: NDArray[np.int64], folder: Path, *, name: str, features: tuple[str, ...],
    classes: tuple[str, ...], trees: int = 0, seed: int = 7,
) -> Path:  # fmt: skip
    """Train a classifier on given records, as `train` does.

    `inputs` has shape (records, features); `target` holds for each record the index of its class.
    """
    import sklearn
    import skops.io

    seen, unseen, seen_target, unseen_target = _split(inputs, target, seed)
    estimator = _estimator(trees, seed).fit(seen, seen_target)
    data = canonical(skops.io.dumps(estimator))
    digest = sha256(data).hexdigest()
    card = Card(
        name=name,
        version=digest[:12],
        digest=digest,
        features=features,
        classes=classes,
        quantiles=tuple(tuple(float(q) for q in row) for row in np.quantile(seen, np.linspace(0, 1, 11), axis=0).T),
        shares=tuple(float(share) for share in np.bincount(seen_target) / len(seen_target)),
        accuracy=float(estimator.score(unseen, unseen_target)),
        made_with=f"scikit-learn {sklearn.__version__}",
    )
    path = folder / f"{card.name}.skops"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, data)
        _write(card_path(path), json.dumps(asdict(card), indent=2).encode())
    except OSError as error:
        raise RefusedModelError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def trained(data_set: DataSet, folder: Path, *, name: str = "", trees: int = 0) -> Path:
    """Return the model of a folder; it is trained first if there is none."""
    path = folder / f"{name or data_set}.skops"
    return path if path.is_file() and card_path(path).is_file() else train(data_set, folder, name=name, trees=trees)


def trained_apart(data_set: DataSet, folder: Path, *, name: str = "", trees: int = 0) -> Path:
    """Return the model of a folder as `trained` does, for a process that loads no model."""
    path = folder / f"{name or data_set}.skops"
    if not (path.is_file() and card_path(path).is_file()):
        apart("kit.training", data_set, str(folder), name, str(trees))
    return path


def examples_apart(data_set: DataSet) -> Floats:
    """Return what `examples` returns, for a process that loads no model."""
    return np.array(json.loads(apart("kit.training", data_set)), dtype=np.float64)


def apart(module: str, *words: str) -> str:
    """Run a module in a process that ends, and return what it prints; raises `RefusedModelError` with its last line.

    It is for work that needs scikit-learn once: otherwise that would stay in this process, with 100 MB of memory.
    """
    paths = (str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", ""))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RefusedModelError((done.stderr.strip().splitlines() or [f"{module} failed"])[-1])
    return done.stdout


def load(path: Path, digest: str = "") -> Model:
    """Load a model if its bytes have the digest of its card, and the given `digest`.

    Raises `RefusedModelError` for a file that is missing, altered, or contains types that skops does not trust.
    """
    card = read_card(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RefusedModelError(f"{path}: cannot be read: {error.strerror}") from None
    actual = sha256(data).hexdigest()
    for expected, source in ((digest, "the caller"), (card.digest, card_path(path).name)):
        if expected and actual != expected:
            raise RefusedModelError(f"{path}: its SHA-256 is {actual[:12]}…, but {source} says {expected[:12]}…")
    import skops.io

    try:
        untrusted = [name for name in skops.io.get_untrusted_types(data=data) if name != TREE_TYPE]
        if untrusted:
            raise RefusedModelError(f"{path}: contains types that could run code: {', '.join(untrusted)}")
        estimator: Estimator = skops.io.loads(data, trusted=[TREE_TYPE])
        if not are_sound(trees_of(estimator), len(card.features)):
            raise RefusedModelError(f"{path}: contains trees with indices outside the tree")
    except RefusedModelError:
        raise
    except Exception as error:  # a damaged archive may raise anything
        raise RefusedModelError(f"{path}: is not a skops file: {error}") from None
    model = Model(card, estimator)
    check_fit(model, path)
    return model


def check_fit(model: Model, path: Path) -> None:
    """Raise `RefusedModelError` if a card does not fit its estimator: each answer would then be wrong, or an error."""
    card, features, classes = model.card, len(model.card.features), len(model.card.classes)
    even = len({len(row) for row in card.quantiles}) == 1
    quantiles = np.array(card.quantiles if even else [], dtype=np.float64)
    if not classes or len(set(card.classes)) != classes or len(set(card.features)) != features:
        raise RefusedModelError(f"{path}: its card names classes or features twice, or none")
    if quantiles.ndim != 2 or len(quantiles) != features or len(card.shares) != classes:
        raise RefusedModelError(f"{path}: its card has {features} features and {classes} classes, but other statistics")
    if not np.all(np.isfinite(quantiles)) or np.any(np.diff(quantiles) < 0) or not _are_shares(card.shares):
        raise RefusedModelError(f"{path}: the statistics of its card are not finite, not sorted, or no shares")
    try:
        known = [int(index) for index in model.estimator.classes_]
        if sorted(known) != list(range(classes)):
            raise RefusedModelError(f"{path}: its card has {classes} classes, but the estimator returns {known[:20]}")
        found = model.probabilities(quantiles.T)
    except RefusedModelError:
        raise
    except Exception as error:  # an estimator that does not fit may raise anything
        raise RefusedModelError(f"{path}: fails on the deciles of its training data: {error}") from None
    if not np.allclose(found.sum(axis=1), 1, atol=_ROUNDING):
        raise RefusedModelError(f"{path}: its probabilities do not add up to 1")


def _are_shares(shares: tuple[float, ...]) -> bool:
    return bool(np.all(np.array(shares) >= 0)) and bool(np.isclose(sum(shares), 1, atol=_ROUNDING))


def card_path(model: Path) -> Path:
    """Return the path of a model's card."""
    return model.with_suffix(".json")


def read_card(model: Path) -> Card:
    """Read the card of a model; raises `RefusedModelError` if it is missing or damaged."""
    path = card_path(model)
    try:
        values = json.loads(path.read_text())
        return Card(**{
            **values,
            "features": tuple(values["features"]),
            "classes": tuple(values["classes"]),
            "quantiles": tuple(map(tuple, values["quantiles"])),
            "shares": tuple(values["shares"]),
        })
    except OSError as error:
        raise RefusedModelError(f"{path}: the model card cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedModelError(f"{path}: is not a model card: {error}") from None


def _data_of(data_set: DataSet) -> Bunch:
    """Return a data set of scikit-learn: `data`, `target` and the names of both."""
    from sklearn import datasets

    loaders = {
        "iris": datasets.load_iris,
        "wine": datasets.load_wine,
        "digits": datasets.load_digits,
        "breast_cancer": datasets.load_breast_cancer,
    }
    return loaders[data_set]()


def _split(
    inputs: Floats, target: NDArray[np.int64], seed: int
) -> tuple[Floats, Floats, NDArray[np.int64], NDArray[np.int64]]:
    from sklearn.model_selection import train_test_split

    seen, unseen, seen_target, unseen_target = train_test_split(inputs, target, test_size=0.2, random_state=seed)
    return seen, unseen, seen_target, unseen_target


def _estimator(trees: int, seed: int) -> Pipeline:
    from sklearn.pipeline import make_pipeline

    if trees:
        from sklearn.ensemble import RandomForestClassifier

        return make_pipeline(RandomForestClassifier(trees, random_state=seed))
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, random_state=seed))


def _write(path: Path, data: bytes) -> None:
    """Write a temporary file, then rename it: readers never see a part of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)
