"""Callers that stall, send slow heads, or hang a prediction: are others answered, and is `/ready` right?

`python benchmarks/hung.py [--stalled 300] [--heads 200] [--hung 45]`. For each kind of caller it opens that many
connections to a service of the kit, and sends good requests beside them until the bad ones are gone. It prints how many
of these were answered, the slowest answer, what `/ready` said, and after how many seconds the connections were closed.
Hung predictions hold all 40 threads: `/ready` fails, and good requests are rejected at once. It exits with status 1 if
a good request got no answer, if `/ready` was wrong, or if a connection stayed open.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [path for path in (str(ROOT), str(ROOT / "reference_impls")) if path not in sys.path]

from kit.testing.service import PATIENCE_S, Service, start, wait_for  # noqa: E402

SERVICE = '''\
import sys, time
from pathlib import Path
from pydantic import BaseModel
from kit.settings import Settings, read_settings
from kit.web import make_app, serve

settings = read_settings(Settings)
app = make_app("guarded", settings)

class Sent(BaseModel):
    until: str = ""

@app.post("/predict")
def predict(sent: Sent) -> dict[str, str]:
    while sent.until and not Path(sent.until).exists():
        time.sleep(0.02)
    return {"status": "done"}

serve(app, settings)
'''
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n"
RECEIVE_S, HUNG_S = 5.0, 2.0


class Good:
    """Good requests, one after the other, until it is stopped."""

    def __init__(self, service: Service) -> None:
        self.answered, self.refused, self.lost, self.slowest_s = 0, 0, 0, 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(service.url,))
        self._thread.start()

    def _run(self, url: str) -> None:
        while not self._ended.is_set():
            began = time.monotonic()
            try:
                status = httpx.post(f"{url}/predict", json={}, timeout=60).status_code
            except httpx.HTTPError:
                status = 0
            self.answered += status == 200
            self.refused += status == 503
            self.lost += status not in (200, 503)
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self._ended.wait(0.05)

    def stop(self) -> None:
        """Wait for the request in flight."""
        self._ended.set()
        self._thread.join()


def opened(service: Service, count: int, sent: bytes) -> list[socket.socket]:
    """Open connections that send the same bytes, and then nothing."""
    address = (service.client.base_url.host, service.client.base_url.port or 0)
    found = [socket.create_connection(address, 60) for _ in range(count)]
    for one in found:
        one.sendall(sent)
    return found


def closed_after(connections: Sequence[socket.socket]) -> float:
    """Read each connection to its end, and return after how many seconds the last one was closed."""
    began = time.monotonic()
    for one in connections:
        one.settimeout(120)
        with suppress(ConnectionError):
            while one.recv(4096):
                pass
        one.close()
    return time.monotonic() - began


def ready(service: Service) -> str:
    """Return what `/ready` says."""
    answer = service.client.get("/ready")
    return f"{answer.status_code} {answer.json()['status']}"


def half_sent(count: int, sent: bytes) -> Callable[[Service, Path], tuple[bool, str]]:
    """Return a kind of caller that sends the beginning of a request."""

    def tried(service: Service, _folder: Path) -> tuple[bool, str]:
        connections = opened(service, count, sent)
        while_open = ready(service)
        seconds = closed_after(connections)
        return while_open == ready(service) == "200 ready", f"/ready: {while_open}; closed after {seconds:.1f} s"

    return tried


def hanging(count: int) -> Callable[[Service, Path], tuple[bool, str]]:
    """Return a kind of caller whose prediction does not end until a file exists."""

    def tried(service: Service, folder: Path) -> tuple[bool, str]:
        until = folder / "until"
        body = f'{{"until": "{until}"}}'.encode()
        head = HEAD.replace(b"Length: 20", b"Length: %d" % len(body)) + b"Connection: close\r\n\r\n"
        connections = opened(service, count, head + body)
        wait_for(lambda: ready(service).startswith("503"), PATIENCE_S)
        while_hung = ready(service)
        began = time.monotonic()
        other = service.client.post("/predict", json={}).status_code
        took_s = time.monotonic() - began
        until.touch()
        seconds = closed_after(connections)
        wait_for(lambda: ready(service) == "200 ready")
        said = f"another request meanwhile: {other} in {took_s:.2f} s; answered {seconds:.1f} s after they went on"
        return other == 503, f"/ready: {while_hung}; {said}"

    return tried


def main() -> int:
    """Try each kind of caller, and print a line for each."""
    parser = argparse.ArgumentParser("hung", description=__doc__)
    parser.add_argument("--stalled", type=int, default=300)
    parser.add_argument("--heads", type=int, default=200)
    parser.add_argument("--hung", type=int, default=45)
    call = parser.parse_args()
    kinds = {
        f"{call.stalled} stalled bodies": half_sent(call.stalled, HEAD + b"\r\n{"),
        f"{call.heads} slow heads": half_sent(call.heads, HEAD),
        f"{call.hung} hung predictions": hanging(call.hung),
    }
    fine = True
    for name, tried in kinds.items():
        with tempfile.TemporaryDirectory(prefix="archlint-hung-") as made:
            folder = Path(made)
            (folder / "guarded.py").write_text(SERVICE)
            with start(folder, "guarded", receive_s=RECEIVE_S, hung_s=HUNG_S) as service:
                good = Good(service)
                right, said = tried(service, folder)
                good.stop()
                fine &= right and good.answered > 0 and not good.lost and (not good.refused or "hung" in name)
                others = f"good requests: {good.answered} answered, {good.refused} rejected, {good.lost} lost"
                print(f"{name}: {others}, the slowest in {good.slowest_s:.2f} s; {said}", flush=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
