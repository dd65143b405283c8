"""Prometheus, and what answers its query API as well: Thanos, Mimir, VictoriaMetrics.

https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _
from pydantic import BaseModel, Field

from dr_console.errors import Problem, ProviderError
from dr_console.providers.checking import Check, Finding, State, about, finding_of
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Wire, Words

VENDOR = "Prometheus"
READ = _("read a metric")
QUERIES = _("Every query gives one value")
WINDOW = "$window"
ONE = _("gives %(count)s values; make it one, for instance with sum(…)")

Point = tuple[float, str]


class _Series(BaseModel):
    value: Point


class _Vector(BaseModel):
    resultType: Literal["vector"]
    result: list[_Series]


class _Scalar(BaseModel):
    resultType: Literal["scalar"]
    result: Point


Data = Annotated[_Vector | _Scalar, Field(discriminator="resultType")]


class _Answer(BaseModel):
    data: Data


class Prometheus:
    """Evaluates the queries of DR_PROMETHEUS_…; the address may only be private if DR_ALLOWED_NETWORKS names it."""

    def metrics(self) -> list[str]:
        return [metric for metric, query in settings.DR_PROMETHEUS_QUERIES.items() if query]

    def read(self, metric: str, *, window: timedelta, at: datetime, deadline: Deadline) -> float | None:
        query = settings.DR_PROMETHEUS_QUERIES[metric].replace(WINDOW, f"{round(window.total_seconds())}s")
        answer = _wire().call(
            "GET",
            "/api/v1/query",
            operation=READ,
            deadline=deadline,
            params={"query": query, "time": f"{at.timestamp():.3f}"},
        )
        data = answer.read_as(_Answer).data
        points = [data.result] if isinstance(data, _Scalar) else [series.value for series in data.result]
        if len(points) > 1:
            said = f"{setting(metric)}: {ONE % {'count': len(points)}}"
            raise ProviderError(VENDOR, READ, Problem.SETTINGS, said=said, permanent=True)
        return _finite(points[0][1]) if points else None


def setting(metric: str) -> str:
    """The setting that has the metric's query."""
    return f"DR_PROMETHEUS_{metric.upper()}"


def _wire() -> Wire:
    if not settings.DR_PROMETHEUS_URL:
        raise ProviderError(VENDOR, READ, Problem.SETTINGS, said="DR_PROMETHEUS_URL", permanent=True)
    token = settings.DR_PROMETHEUS_TOKEN
    return Wire(
        VENDOR,
        settings.DR_PROMETHEUS_URL,
        headers={"Authorization": f"Bearer {token}"} if token else None,
        secrets=[token],
        refusal=_refusal,
        guarded=True,
    )


def _refusal(status: int, body: Any) -> Words | None:
    """It says what is wrong with a query as {"status": "error", "errorType": …, "error": …}."""
    if isinstance(body, dict) and body.get("status") == "error":
        return Words(str(body.get("errorType", "")), str(body.get("error", "")))
    return Words() if status >= 400 else None


def _finite(text: str) -> float | None:
    """NaN is a share of nothing: no requests, no failures."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@about(QUERIES)
def queries(deadline: Deadline) -> Iterable[Finding]:
    """Each query that is set, evaluated now."""
    client = Prometheus()
    if not settings.DR_PROMETHEUS_URL or not client.metrics():
        yield Finding(
            "prometheus", QUERIES, State.NOT_SET, _("Metrics come from health checks and from what is pushed.")
        )
        return
    for metric in client.metrics():
        subject, names = _("The query %(name)s gives one value"), {"name": setting(metric)}
        try:
            value = client.read(metric, window=timedelta(minutes=5), at=now(), deadline=deadline)
        except ProviderError as error:
            yield finding_of(error, "prometheus", subject, **names)
        else:
            said = _("Nothing was measured in the last five minutes.") if value is None else f"{value:g}"
            yield Finding("prometheus", subject, State.UNKNOWN if value is None else State.OK, said, names)


CHECKS: tuple[Check, ...] = (queries,)
