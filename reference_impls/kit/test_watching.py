"""A repeated step: errors do not end it, and its end or its failures are reported."""

from __future__ import annotations

import sys

import pytest

from kit.testing.service import wait_for
from kit.watching import Watch


def test_an_error_does_not_end_it_and_is_reported_until_a_success() -> None:
    steps: list[int] = []

    def step() -> None:
        steps.append(0)
        if len(steps) < 30:
            raise LookupError("not yet")

    watch = Watch("the file", step, 0.01, least_s=0.05)
    watch.start()
    wait_for(lambda: "the file: no success for" in watch.problem() and "LookupError: not yet" in watch.problem())
    wait_for(lambda: watch.problem() == "" and len(steps) >= 30)
    watch.stop()
    assert watch.problem() == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_step_that_hangs_or_ends_the_thread_is_reported() -> None:
    dead = Watch("dead", sys.exit, 0.01)
    dead.start()
    wait_for(lambda: dead.problem() == "dead: its thread has ended")
    never: list[int] = []
    hung = Watch("hung", lambda: wait_for(lambda: bool(never)), 0.01, least_s=0.05)
    hung.start()
    wait_for(lambda: "hung: no success for" in hung.problem())
    hung.stop()
    never.append(0)
    assert dead.problem() == "dead: its thread has ended"
