"""A sweep on a Dask cluster that already exists: https://distributed.dask.org.

The cluster gets the texts of the system, not their paths. Its workers need the same archlint. A worker that is killed
loses nothing: the scheduler gives its work to another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from archlint.about import install_command
from archlint.errors import UsageError
from archlint.explore.ranges import Point
from archlint.explore.sweep import Row, evaluator, lost
from archlint.explore.variants import Inputs

_CHUNK: Final = 4
_RETRIES: Final = 3
_TIMEOUT_S: Final = 10


def cluster_rows(address: str, inputs: Inputs, points: Sequence[Point]) -> Iterator[Row]:
    """Yield the rows in order, computed by the workers of a scheduler; raises `UsageError` if there are none."""
    try:
        from distributed import Client
    except ImportError:
        raise UsageError("--scheduler needs dask.distributed", install_command("cluster")) from None
    try:
        client = Client(address, timeout=_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"--scheduler {address}: cannot connect: {said}", "write it as tcp://HOST:8786") from None
    try:
        yield from _rows(client, address, inputs, points)
    finally:
        client.close()


def _rows(client: Any, address: str, inputs: Inputs, points: Sequence[Point]) -> Iterator[Row]:
    from distributed import KilledWorker

    if not client.ncores():
        raise UsageError(f"--scheduler {address}: it has no workers", f"start one: dask worker {address}")
    shared = client.scatter(inputs, broadcast=True, hash=False)
    chunks = [tuple(points[start : start + _CHUNK]) for start in range(0, len(points), _CHUNK)]
    futures = client.map(compute, [shared] * len(chunks), chunks, pure=False, retries=_RETRIES)
    try:
        for chunk, future in zip(chunks, futures, strict=True):
            try:
                rows: list[Row] = future.result()
            except KilledWorker:
                rows = [lost(point) for point in chunk]
            except ModuleNotFoundError as error:
                said = f"--scheduler {address}: its workers cannot run archlint: {error}"
                raise UsageError(said, "install the same archlint where the workers run") from None
            yield from rows
    finally:
        client.cancel(futures)


def compute(inputs: Inputs, points: Sequence[Point]) -> list[Row]:
    """Compute some rows in a worker."""
    return list(map(_evaluator(_Shared(inputs)), points))


class _Shared:
    """Inputs by identity: a worker gets one object for all of its work."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs

    def __hash__(self) -> int:
        return id(self.inputs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shared) and other.inputs is self.inputs


@lru_cache(maxsize=2)
def _evaluator(shared: _Shared) -> Any:
    return evaluator(shared.inputs)
