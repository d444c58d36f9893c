"""Fixtures for the tests of the patterns, and the processes that run them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kit.testing.servers import kafka_url, nginx_program, postgres_url, rabbitmq_url, redis_url

__all__ = ["kafka_url", "nginx_program", "postgres_url", "rabbitmq_url", "redis_url"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Run tests that share a fixture of their module in one process: each process would start its service again."""
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("xdist_group") is None:
            found = item._fixtureinfo.name2fixturedefs.values()
            if any(each[-1].scope == "module" for each in found):
                item.add_marker(pytest.mark.xdist_group(item.path.stem))
