"""The two clocks that leases are measured by: the database's, and one of this machine that nobody can set."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.expressions import Combinable
from django.db.models.functions import Now


def steady() -> float:
    """Seconds on a clock that goes on while the machine is suspended."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def lease_end() -> Combinable:
    """For an update: one lease from now, by the database's clock, which all processes share."""
    return Now() + timedelta(seconds=settings.DR_LEASE_SECONDS)


def over() -> Any:
    """For a filter `lease_until__lt`: the database's clock."""
    return Now()
