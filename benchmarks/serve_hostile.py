"""Hostile requests against a real server: `python benchmarks/serve_hostile.py --requests 10000`.

Each answer is looked at for a status of 500 or above, a traceback, or a text from outside of the folders; at the end,
no file outside of the folders may have changed, and the server must still answer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.serve.conftest import SECRET, fill  # noqa: E402
from tests.serve.hostile import Hostile, answer_to, complaint, hostile_requests  # noqa: E402
from tests.serve.running import serving  # noqa: E402


def outside(folder: Path) -> dict[str, bytes]:
    """The files around the folder of the server, with their contents."""
    kept = folder, folder.parent / "state"
    files = (path for path in folder.parent.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files if not any(map(path.is_relative_to, kept))}


def main() -> None:
    """Send them, and print what came back; exits with 1 at a complaint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    statuses: Counter[str] = Counter()
    complaints: list[tuple[str, bytes]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = fill(Path(place))
        before = outside(folder)
        with serving(folder, "--processes", "2", "--time-limit", "10") as server, ThreadPoolExecutor(6) as pool:

            def send(request: Hostile) -> None:
                answer = answer_to(server.port, request)
                statuses[answer.split(b" ", 2)[1].decode("latin-1") if answer.startswith(b"HTTP/") else "closed"] += 1
                found = complaint(answer, SECRET.encode())
                if found:
                    complaints.append((found, request.data[:500]))

            start = time.monotonic()
            list(pool.map(send, islice(hostile_requests(options.seed), options.requests)))
            took = time.monotonic() - start
            print(f"{options.requests:,} requests in {took:.0f} s: {dict(sorted(statuses.items()))}")
            if server.call("GET", "/files").status != 200:
                complaints.append(("the server does not answer any more", b""))
            log = "".join(server.log)
        if outside(folder) != before:
            complaints.append(("a file outside of the folders changed", b""))
        if "Traceback" in log:
            complaints.append(("a traceback in the log", log[-3000:].encode()))
    for said, data in complaints[:20]:
        print(said, data)
    print(f"complaints: {len(complaints)}")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
