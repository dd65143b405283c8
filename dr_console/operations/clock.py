"""The database's clock, which all processes share, for signs of life that others read on another host."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils.timezone import now

MEASURED_EVERY_SECONDS = 10.0
# So much is the way to the database and back.
NO_SKEW_SECONDS = 0.25
LINUX_REALTIME_COARSE = 5


def database_now() -> Combinable:
    """For an update or a filter. Where the database is a file on this host, its clock is the host's."""
    return Now() if connection.vendor == "postgresql" else Value(now(), output_field=DateTimeField())


def ago(length: timedelta) -> Combinable:
    """So long before that."""
    if connection.vendor == "postgresql":
        return ExpressionWrapper(Now() - length, output_field=DateTimeField())
    return Value(now() - length, output_field=DateTimeField())


def shared_now() -> datetime:
    """The time by the database's clock, for what is due; measured every few seconds only."""
    return now() - timedelta(seconds=_skew.seconds())


class _Skew:
    """How far this host is ahead of the database, as last measured. A clock that a test has moved is not ahead."""

    def __init__(self) -> None:
        self._seconds, self._measured_at = 0.0, float("-inf")

    def seconds(self) -> float:
        if connection.vendor != "postgresql":
            return 0.0
        if time.monotonic() - self._measured_at > MEASURED_EVERY_SECONDS:
            with connection.cursor() as cursor:
                cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
                measured = _hosts_clock() - float(cursor.fetchone()[0])
            self._seconds = measured if abs(measured) > NO_SKEW_SECONDS else 0.0
            self._measured_at = time.monotonic()
        return self._seconds


def _hosts_clock() -> float:
    """Not the one that tests move."""
    return time.clock_gettime(LINUX_REALTIME_COARSE) if sys.platform == "linux" else time.time()


_skew = _Skew()
