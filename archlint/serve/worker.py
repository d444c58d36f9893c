"""A process that works for a server: it reads jobs from standard input, and writes replies to standard output.

The server may kill it at any time, so it writes no files. It ends when its input ends, that is, with the server.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import BinaryIO

import msgspec

from archlint.serve.jobs import Refused, Reply, Setup, encoded, job_of
from archlint.serve.work import Work


def main() -> None:
    """Work until standard input ends; the first argument is the `Setup` as JSON."""
    setup = msgspec.json.decode(sys.argv[1], type=Setup)
    signal.signal(signal.SIGINT, signal.SIG_IGN)           # the server handles Ctrl-C
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)                                          # nothing that a library prints may be read as a reply
    os.chdir(setup.workspace.base)
    _limit_memory(setup.memory_bytes)
    work = Work(setup)
    work.prepare()
    gc.freeze()
    while (data := _read(sys.stdin.buffer)) is not None:
        replies.write(encoded(_reply(work, data)))
        replies.flush()
    os._exit(0)


def _reply(work: Work, data: bytes) -> Reply:
    try:
        return work.reply(job_of(data))
    except MemoryError:
        return Refused("invalid", "this needs more memory than the server allows", "send a smaller system")
    except RecursionError:
        return Refused("invalid", "this is nested too deeply", "send a flatter system")


def _limit_memory(most: int) -> None:
    if not most or sys.platform == "win32" or sys.platform == "darwin":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > most:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _read(stream: BinaryIO) -> bytes | None:
    """Return the bytes of one record; None at the end."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    size = int.from_bytes(head, "big")
    data = stream.read(size)
    return data if len(data) == size else None


if __name__ == "__main__":
    main()
