"""Made-up incidents by the million, in tables that are gone afterwards, and the list of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django_tables2
from django.contrib.auth.models import AnonymousUser
from django.db import connection, models
from django.http import HttpRequest
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from dr_console.web.filters import ChoiceFilter, ConsoleFilterSet
from dr_console.web.tables import Column, ConsoleTable, MomentColumn, SeverityColumn, StateColumn

SCHEMA = "dr_console_benchmark"


class Incident(models.Model):
    class Severity(models.TextChoices):
        P0 = "P0", "P0 critical"
        P1 = "P1", "P1 high"
        P2 = "P2", "P2 medium"
        P3 = "P3", "P3 low"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        MITIGATED = "mitigated", "Mitigated"
        RESOLVED = "resolved", "Resolved"

    reference = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=2, choices=Severity)
    status = models.CharField(max_length=10, choices=Status)
    service = models.CharField(max_length=50)
    commander = models.CharField(max_length=50)
    started_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        app_label = "benchmarks"
        indexes = [
            models.Index(fields=["reference", "id"], name="%(class)s_by_reference"),
            models.Index(fields=["severity", "id"], name="%(class)s_by_severity"),
            models.Index(fields=["started_at", "id"], name="%(class)s_by_start"),
            models.Index(fields=["resolved_at", "id"], name="%(class)s_by_end"),
            models.Index(fields=["status", "started_at", "id"], name="%(class)s_by_status"),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return f"/incidents/{self.reference}/"


class Few(Incident):
    pass


class Many(Incident):
    pass


class IncidentTable(ConsoleTable):
    caption = "Incidents"

    reference = Column(linkify=True)
    title = Column(orderable=False)
    severity = SeverityColumn()
    status = StateColumn(states={"open": "failed", "mitigated": "waiting", "resolved": "ok"}, orderable=False)
    service = Column(orderable=False)
    commander = Column(orderable=False)
    started_at = MomentColumn()
    resolved_at = MomentColumn()

    class Meta:
        order_by = "-started_at"


class StockTable(django_tables2.Table):
    """The same as django-tables2 renders it when left to itself."""

    reference = django_tables2.Column(linkify=True)
    title = django_tables2.Column()
    severity = django_tables2.Column()
    status = django_tables2.Column()
    service = django_tables2.Column()
    commander = django_tables2.Column()
    started_at = django_tables2.DateTimeColumn(format="Y-m-d H:i")
    resolved_at = django_tables2.DateTimeColumn(format="Y-m-d H:i")

    class Meta:
        template_name = "django_tables2/table.html"
        order_by = "-started_at"


class IncidentFilters(ConsoleFilterSet):
    status = ChoiceFilter(choices=Incident.Status.choices)


# A row every 37 seconds; of twenty, one is open and one is mitigated.
ROWS = """
INSERT INTO {table} (reference, title, severity, status, service, commander, started_at, resolved_at)
SELECT 'INC-' || n, 'API unavailable in Tokyo, number ' || n, 'P' || (n % 4),
       CASE WHEN n % 20 = 7 THEN 'open' WHEN n % 20 = 5 THEN 'mitigated' ELSE 'resolved' END,
       'service-' || (n % 12), 'commander-' || (n % 30), {start},
       CASE WHEN n % 20 = 7 THEN NULL ELSE {end} END
FROM {numbers}
"""
BY_VENDOR = {
    "sqlite": {
        "numbers": "(WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM up WHERE n<{rows}) SELECT n FROM up)",
        "start": "datetime('2020-01-01', '+' || (n * 37) || ' seconds')",
        "end": "datetime('2020-01-01', '+' || (n * 37 + 900) || ' seconds')",
    },
    "postgresql": {
        "numbers": "generate_series(1, {rows}) AS n",
        "start": "timestamptz '2020-01-01Z' + n * interval '37 seconds'",
        "end": "timestamptz '2020-01-01Z' + n * interval '37 seconds' + interval '15 minutes'",
    },
}


@contextmanager
def incidents(*, few: int, many: int) -> Iterator[None]:
    """Two tables of incidents, filled; dropped at the end."""
    name = connection.settings_dict["NAME"]
    with _place(str(name)):
        for model, rows in ((Few, few), (Many, many)):
            _fill(model, rows)
        yield


@contextmanager
def _place(name: str) -> Iterator[None]:
    if connection.vendor == "sqlite":
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        try:
            yield
        finally:
            connection.close()
            for end in ("", "-wal", "-shm"):
                Path(name + end).unlink(missing_ok=True)
        return
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        cursor.execute(f"SET search_path TO {SCHEMA}")
        try:
            yield
        finally:
            cursor.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def _fill(model: type[Incident], rows: int) -> None:
    table = model._meta.db_table
    parts = {name: sql.format(rows=rows) for name, sql in BY_VENDOR[connection.vendor].items()}
    with connection.schema_editor() as editor:
        editor.create_model(model)
    with connection.cursor() as cursor:
        cursor.execute(ROWS.format(table=table, **parts))
        cursor.execute(f"ANALYZE {table}" if connection.vendor == "sqlite" else f"VACUUM ANALYZE {table}")


def ask(address: str, *, htmx: bool = True) -> HttpRequest:
    """The request of somebody who reads the list; from htmx it is answered with the table alone."""
    request = RequestFactory().get(address, headers={"HX-Request": "true"} if htmx else {})
    request.user = AnonymousUser()
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    return request


def database() -> str:
    return "PostgreSQL" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "SQLite"
