"""A queue with acknowledged messages: embedded in SQLite, on RabbitMQ, or on Kafka.

An accepted message is delivered at least once, and again if its worker dies or fails. After a maximum number of
attempts it becomes a dead letter with the reason, and a command can requeue it.
"""

from kit.queues.base import Delivery, HopelessError, InHandError, Policy, Queue, QueueDownError, Work
from kit.queues.choose import QueueSettings, open_queue, require

__all__ = [
    "Delivery", "HopelessError", "InHandError", "Policy", "Queue", "QueueDownError", "QueueSettings", "Work",
    "open_queue", "require",
]  # fmt: skip
