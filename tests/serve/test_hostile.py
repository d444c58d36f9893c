"""Hostile requests, and requests that the server's own description allows: no defect, nothing from outside."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.serve.conftest import SECRET
from tests.serve.hostile import Hostile, answer_to, complaint, hostile_requests
from tests.serve.running import Running

pytestmark = pytest.mark.xdist_group("serve")


def state(server: Running) -> dict[str, bytes]:
    """All files in and around the folder of the server."""
    around = server.folder.parent
    return {
        str(path.relative_to(around)): path.read_bytes()
        for path in around.rglob("*") if path.is_file() and not path.is_relative_to(around / "state")
    }  # fmt: skip


def test_hostile_requests_meet_no_defect_and_reach_nothing_outside(server: Running) -> None:
    before = state(server)
    for request in islice(hostile_requests(20_261_130), 300):
        found = complaint(answer_to(server.port, request), SECRET.encode())
        assert not found, (found, request.data[:500])
    assert server.post("/check", {"file": "shop.yaml"}).status == 200
    after = state(server)
    assert {name: data for name, data in after.items() if not name.startswith("served/")} == {
        name: data for name, data in before.items() if not name.startswith("served/")
    }
    assert {name: after.get(name) for name in before} == before      # new files only, by names that are allowed
    for name in after.keys() - before.keys():
        (server.folder.parent / name).unlink()
    assert "Traceback" not in "".join(server.log)


def test_an_answer_with_a_secret_or_a_traceback_is_noticed() -> None:
    assert complaint(b"HTTP/1.1 500 Internal Server Error\r\n\r\n", b"x") == "status 500"
    assert complaint(b"HTTP/1.1 200 OK\r\n\r\nTraceback (most recent call last)", b"x") == "a traceback"
    assert complaint(b"HTTP/1.1 200 OK\r\n\r\nmy secret", b"secret") == "a text from outside of the folders"
    assert complaint(b"HTTP/1.1 200 OK\r\n\r\n", b"secret") == ""
    assert Hostile(b"").ends


CHECKED = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = [
    ("POST", "/check"), ("POST", "/facts"), ("POST", "/analyze"), ("POST", "/whatif"), ("POST", "/diff"), ("POST", "/import"), ("POST", "/render"),
    ("GET", "/files"), ("GET", "/schema"), ("GET", "/systems"), ("GET", "/files/{file}"), ("PUT", "/files/{file}"),
]  # fmt: skip


def test_the_description_has_the_routes_that_are_tested(server: Running) -> None:
    paths = server.call("GET", "/openapi.json").json["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_what_the_description_says(server: Running, method: str, path: str) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    strategy = schema[path][method].as_strategy()

    @settings(max_examples=12, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
    @given(case=strategy)
    def allowed(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKED)

    allowed()
    assert server.post("/check", {"file": "shop.yaml"}).status == 200
