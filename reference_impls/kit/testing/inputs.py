"""Invalid bodies: every service must answer them with a 4xx status and a reason."""

from __future__ import annotations

import json


def bad_bodies(most_bytes: int = 1_000_000, features: int = 4) -> dict[str, bytes]:
    """Return invalid bodies by their mistake, for services with records of some features."""
    record = [1.0] * features
    bodies: dict[str, object] = {
        "too few numbers": {"inputs": [record[:-1]]},
        "too many numbers": {"inputs": [[*record, 1.0]]},
        "records of different length": {"inputs": [record, record[:-1]]},
        "not nested": {"inputs": record},
        "no records": {"inputs": []},
        "text for a number": {"inputs": [["1.0", *record[1:]]]},
        "null for a number": {"inputs": [[None, *record[1:]]]},
        "true for a number": {"inputs": [[True, *record[1:]]]},
        "another key": {"records": [record]},
        "a key too many": {"inputs": [record], "more": 1},
        "a list": [record],
        "text": "inputs",
        "nan": {"inputs": [[float("nan"), *record[1:]]]},
        "infinite": {"inputs": [[float("inf"), *record[1:]]]},
        "more than models compute with": {"inputs": [[1e39, *record[1:]]]},
        "the largest of floats": {"inputs": [[-1.7e308] * features]},
        "too many records": {"inputs": [record] * 1001},
    }
    made = {what: json.dumps(body).encode() for what, body in bodies.items()}
    return {
        **made,
        "a number beyond floats": b'{"inputs": [[' + b", ".join([b"1e999"] * features) + b"]]}",
        "empty": b"",
        "no json": b"{inputs: [[1, 2, 3, 4]]",
        "binary": bytes(range(256)),
        "nested without end": b'{"inputs": ' + b"[" * 5000,
        "huge": b'{"inputs": [[' + b"1," * most_bytes + b"1]]}",
    }
