"""A small drawing for each kind of component, on a square of 16 by 16, as the path of an SVG."""

from __future__ import annotations

from typing import Final

_CIRCLE: Final = "M8 2.5a5.5 5.5 0 1 0 .01 0z"
_CYLINDER: Final = "M3 4.5c0-2 10-2 10 0v7c0 2-10 2-10 0zM3 4.5c0 2 10 2 10 0"

ICONS: Final = {
    "client": "M8 2a2.6 2.6 0 1 0 .01 0zM3 14c0-4 2-5.5 5-5.5s5 1.5 5 5.5z",
    "load-balancer": "M2 8h4M6 8l6-5M6 8h6M6 8l6 5M10.5 6.5L12.3 8l-1.8 1.5",
    "gateway": "M2.5 14V7a5.5 5.5 0 0 1 11 0v7M6 14V8a2 2 0 0 1 4 0v6",
    "service": "M8 1.8l5.4 3.1v6.2L8 14.2l-5.4-3.1V4.9zM2.6 4.9L8 8l5.4-3.1M8 8v6.2",
    "model-server": "M3.5 4.5a1.4 1.4 0 1 0 .01 0zM3.5 9a1.4 1.4 0 1 0 .01 0zM12.5 6.6a1.4 1.4 0 1 0 .01 0z"
    "M8 2a1.4 1.4 0 1 0 .01 0zM8 11.2a1.4 1.4 0 1 0 .01 0zM4.8 5.5l2-1.4M4.8 10.9l2 1M9.2 4l2.2 3M9.2 12l2.2-3"
    "M4.8 6.7L7.2 11.4M4.6 9.5L7.2 4.5",
    "worker": "M6.5 2h3l.4 1.9 1.7.9 1.8-.7 1.5 2.6-1.4 1.3v1.9l1.4 1.3-1.5 2.6-1.8-.7-1.7.9"
    "-.4 1.9h-3l-.4-1.9-1.7-.9-1.8.7L1.1 11.2l1.4-1.3V8L1.1 6.7l1.5-2.6 1.8.7 1.7-.9zM8 6.5"
    "a1.8 1.8 0 1 0 .01 0z",
    "batch-job": "M2 3h12v10H2zM2 6h12M5 9h6M5 11h4",
    "stream-processor": "M2 5c2-2 4 2 6 0s4-2 6 0M2 8.5c2-2 4 2 6 0s4-2 6 0M2 12c2-2 4 2 6 0s4-2 6 0",
    "scheduler": _CIRCLE + "M8 5v3.2l2.2 1.5",
    "training-job": "M1.5 6L8 3l6.5 3L8 9zM4 7.5v3.7c2 1.8 6 1.8 8 0V7.5M14.5 6v4.5",
    "queue": "M1.5 4.5h3v7h-3zM6.5 4.5h3v7h-3zM11.5 4.5h3v7h-3z",
    "cache": "M9 1.5L3.5 9H7.5L6.5 14.5 12.5 6.5H8.5z",
    "database": _CYLINDER + "M3 8c0 2 10 2 10 0",
    "warehouse": "M2 14V6l6-3.5L14 6v8zM5 14V9h6v5M5 11.5h6",
    "object-store": "M2.5 4h11l-1.5 9.5H4zM2.5 4c0-2 11-2 11 0",
    "feature-store": "M2 2.5h12v11H2zM2 6h12M6 2.5v11M10 2.5v11M2 10h12",
    "vector-store": "M2 2v12h12M5.5 9a1 1 0 1 0 .01 0zM9 5.5a1 1 0 1 0 .01 0zM12.5 3a1 1 0 1 0 .01 0z",
    "config-store": "M2 4h6M11 4h3M2 8h2M7 8h7M2 12h8M13 12h1M9.5 2.5v3M5.5 6.5v3M11.5 10.5v3",
    "guardrail": "M8 1.5l5.5 2v4.5c0 3.5-2.5 5.5-5.5 6.5-3-1-5.5-3-5.5-6.5V3.5zM5.5 8l2 2 3-4",
    "model-registry": "M8 2l6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3",
    "log-store": "M3.5 2h9v12h-9zM5.5 5h5M5.5 7.5h5M5.5 10h3",
    "monitoring": "M1.5 8h3l2-5 3 10 2-5h3",
    "edge-device": "M4.5 1.5h7v13h-7zM7 12.5h2",
    "external": "M6.5 3.5h-4v10h10v-4M9 2.5h4.5V7M13 3L7.5 8.5",
    "group": "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z",
}
"""By kind; `group` is for several components drawn as one."""

BADGES: Final = {
    "monitored_by": ("M1 8c3-5.5 11-5.5 14 0c-3 5.5-11 5.5-14 0zM8 6a2 2 0 1 0 .01 0z", "monitored by"),
    "logs_to": (ICONS["log-store"], "logs to"),
    "loads": (ICONS["model-registry"], "loads from"),
}
"""By verb: the path of a small sign, and its text."""

MARKS: Final = {
    "error": "M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2L1.5 10.8V5.2z",
    "warning": "M8 1.8L15 14H1z",
    "info": _CIRCLE,
}
"""By severity: an octagon, a triangle and a circle. Shapes differ, not only colours."""


def icon(kind: str) -> str:
    """Return the path of a kind's icon; a circle for a kind that has none."""
    return ICONS.get(kind, _CIRCLE)
