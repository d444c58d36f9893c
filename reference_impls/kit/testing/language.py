"""Language models for the tests: trained once, for all test processes together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from openai import OpenAI

from kit.llm.models import NAMES, trained
from kit.testing.service import Service


def trained_models(factory: pytest.TempPathFactory) -> Path:
    """Return a folder with both models: the data folder of the services under test."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "language-models"
    for name in NAMES:
        trained(name, folder)
    return folder


def metric(service: Service, name: str) -> float:
    """Return the value of a metric of a service; 0 if it has none yet."""
    lines = service.client.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def openai(service: Service, key: str = "none") -> OpenAI:
    """Return OpenAI's own client for a service; it does not retry, so that tests see each answer."""
    return OpenAI(base_url=f"{service.url}/v1", api_key=key, max_retries=0)
