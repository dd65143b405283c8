"""The two clocks that leases are measured by: the database's, and one of this machine that nobody can set."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils.timezone import now

# More than this between this host and the database, and deadlines and measured times mean nothing.
MOST_SKEW_SECONDS = 2.0


def steady() -> float:
    """Seconds on a clock that goes on while the machine is suspended."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def skew_seconds() -> float:
    """How far the clock of this host is ahead of the database's; 0 where the database is a file on it."""
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
    return (now() - at).total_seconds()


def lease_end() -> Combinable:
    """For an update: one lease from now, by the database's clock, which all processes share."""
    return Now() + timedelta(seconds=settings.DR_LEASE_SECONDS)


def over() -> Any:
    """For a filter `lease_until__lt`: the database's clock."""
    return Now()
