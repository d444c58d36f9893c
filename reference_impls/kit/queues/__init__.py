"""A queue of messages that are done once they are acknowledged: embedded in SQLite, on RabbitMQ, or on Kafka.

What is accepted is delivered at least once: to whoever takes it, and again where that one died or failed. After a set
number of attempts it goes to the dead letters, with the reason, from where a command puts it back.
"""

from kit.queues.base import Delivery, HopelessError, Policy, Queue, QueueDownError, Work
from kit.queues.choose import QueueSettings, open_queue, require

__all__ = [
    "Delivery", "HopelessError", "Policy", "Queue", "QueueDownError", "QueueSettings", "Work", "open_queue", "require",
]  # fmt: skip
