"""The database's clock, which all processes share, for signs of life that others read on another host."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils.timezone import now


def database_now() -> Combinable:
    """For an update or a filter. Where the database is a file on this host, its clock is the host's."""
    return Now() if connection.vendor == "postgresql" else Value(now(), output_field=DateTimeField())


def ago(length: timedelta) -> Combinable:
    """So long before that."""
    if connection.vendor == "postgresql":
        return ExpressionWrapper(Now() - length, output_field=DateTimeField())
    return Value(now() - length, output_field=DateTimeField())
