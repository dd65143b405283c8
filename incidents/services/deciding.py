"""Decide after every round of health checks: what is wrong, whether it is certain, and whether anything is started."""

from __future__ import annotations

from datetime import datetime


def consider(*, at: datetime) -> None:
    """Conclude from the latest health checks, declare what is certain, and start what may be started.

    Called after every round, from any number of processes; `at`: when the round was.
    """
