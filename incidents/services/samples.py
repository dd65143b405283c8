"""Keep what others measured: pushed through the API, or read from Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.timezone import now

from dr_console.errors import ProviderError
from dr_console.people.models import ApiToken
from dr_console.providers import registry
from dr_console.providers.capabilities.metrics import MetricsProvider
from dr_console.providers.deadlines import Deadline
from incidents.models import Sample, Source, Threshold, Turn
from incidents.queries.metrics import PROMETHEUS_TURN, WINDOW, window_of

log = structlog.get_logger(__name__)

KEPT = timedelta(days=2)
#: All queries together: the next reading is due after ten.
SECONDS = 8.0


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


def read_prometheus() -> int:
    """Evaluate the queries of the settings and keep what they give; return how many values that are.

    What Prometheus does not answer is logged, and kept for the page: the metric is unknown until it does again.
    """
    client, at = registry.metrics(), now()
    measured, trouble = _ask(client, at)
    if trouble:
        log.warning("Prometheus was not read", error=str(trouble))
    with transaction.atomic():
        kept = _keep(measured, Source.PROMETHEUS, None)
        Turn.objects.update_or_create(
            name=PROMETHEUS_TURN, defaults={"at": at, "trouble": trouble.facts() if trouble else None}
        )
    return kept


def _ask(client: MetricsProvider, at: datetime) -> tuple[list[Measured], ProviderError | None]:
    """What it told, and the last thing that went wrong: one query that fails does not keep the others unread."""
    deadline = Deadline.after(SECONDS)
    windows = {one.metric: window_of(one) for one in Threshold.objects.current()}
    measured, trouble = [], None
    for metric in client.metrics():
        try:
            value = client.read(metric, window=windows.get(metric, WINDOW), at=at, deadline=deadline)
        except ProviderError as error:
            trouble = error
        else:
            if value is not None:
                measured.append(Measured(metric, value, at))
    return measured, trouble


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
