"""Language models for the tests: trained once, for all test processes together."""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from kit.llm.models import NAMES, trained
from kit.testing.service import PATIENCE_S, Service


def trained_models(factory: pytest.TempPathFactory) -> Path:
    """Return a folder with both models: the data folder of the services under test."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "language-models"
    for name in NAMES:
        trained(name, folder)
    return folder


def metric(service: Service, name: str) -> float:
    """Return the value of a metric of a service; 0 if it has none yet."""
    return value(service.url, name)


def value(url: str, name: str) -> float:
    """Return the value of a metric at an address; 0 if it has none yet."""
    lines = httpx.get(f"{url}/metrics", timeout=PATIENCE_S).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def behind(service: Service, part: str) -> str:
    """Return the address of a part of a service, from its log."""
    lines = (json.loads(line) for line in service.errors.splitlines() if line.startswith("{"))
    return next(str(line["address"]) for line in lines if line["service"] == part and line["event"] == "listening")


def openai(service: Service, key: str = "none") -> OpenAI:
    """Return OpenAI's own client for a service; it does not retry, so that tests see each answer."""
    client = OpenAI(base_url=f"{service.url}/v1", api_key=key, max_retries=0)
    service.closing.callback(client.close)
    return client


def linked_models(factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose `data` has both models, and takes the other files of a service."""
    folder = factory.mktemp("language")
    (folder / "data").mkdir()
    for file in trained_models(factory).glob("*.npz"):
        (folder / "data" / file.name).symlink_to(file)
    return folder
