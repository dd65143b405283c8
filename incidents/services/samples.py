"""Keep what others measured: pushed through the API, or read from Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import now

from dr_console.people.models import ApiToken
from incidents.models import Sample, Source

KEPT = timedelta(days=2)


@dataclass(frozen=True)
class Measured:
    """One value of a metric, in the metric's unit. `count`: the observations it stands for. `at` None: just now."""

    metric: str
    value: float
    at: datetime | None = None
    count: int = 1


@transaction.atomic
def receive(measured: Iterable[Measured], *, token: ApiToken) -> int:
    """Keep what a program pushed; return how much of it is new. The same again, by metric and time, changes nothing."""
    return _keep(measured, Source.PUSHED, token)


@transaction.atomic
def keep_reading(measured: Iterable[Measured]) -> int:
    """Keep what Prometheus told."""
    return _keep(measured, Source.PROMETHEUS, None)


def prune() -> int:
    """Delete what is older than KEPT; return how many."""
    return Sample.objects.filter(at__lt=now() - KEPT).delete()[0]


def _keep(measured: Iterable[Measured], source: Source, token: ApiToken | None) -> int:
    received_at = now()
    rows = {
        (one.metric, one.at or received_at): Sample(
            metric=one.metric,
            source=source,
            token=token,
            at=one.at or received_at,
            value=one.value,
            count=one.count,
            received_at=received_at,
        )
        for one in measured
    }
    theirs = Sample.objects.filter(source=source, token=token, at__in={at for _metric, at in rows})
    known = set(theirs.values_list("metric", "at"))
    Sample.objects.bulk_create(
        [row for key, row in rows.items() if key not in known], ignore_conflicts=True, batch_size=200
    )
    return len(rows.keys() - known)
