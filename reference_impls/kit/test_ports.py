"""A port that something else answers on is never taken for one's own."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.ports import free_port, front_port, listen
from kit.settings import Settings
from kit.testing.service import refusal


@pytest.fixture
def taken() -> Iterator[int]:
    with listen(Settings.model_validate({"port": 0})) as listener:
        yield listener.getsockname()[1]


def test_a_port_that_is_taken_ends_the_start_with_what_to_do(taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        front_port(Settings.model_validate({"port": taken}))
    assert ended.value.code == 2
    assert f"cannot listen on 127.0.0.1:{taken}: " in capsys.readouterr().err


def test_a_port_left_open_is_a_free_one() -> None:
    port = front_port(Settings.model_validate({"port": 0}))
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        assert other.getsockname()[1] == port


def test_free_ports_lie_below_those_of_outgoing_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as outgoing:
        assert all(free_port() < min(32_768, outgoing.getsockname()[1]) for _ in range(20))


def test_a_host_that_is_no_address_of_this_machine_is_refused(tmp_path: Path) -> None:
    assert "192.0.2.1: cannot listen on any port from" in refusal(tmp_path, "prep_pred", host="192.0.2.1", port=0)


def test_connections_answer_without_nagles_delay() -> None:
    with listen(Settings.model_validate({"port": 0})) as listener:
        assert listener.proto == socket.IPPROTO_TCP        # what asyncio goes by


def test_a_pattern_of_several_parts_does_not_pass_off_what_answers_on_its_port(taken: int, tmp_path: Path) -> None:
    assert "cannot listen on " in refusal(tmp_path, "prep_pred", port=taken)
