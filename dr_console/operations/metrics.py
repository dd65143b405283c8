"""What /metrics tells Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import DatabaseError
from django.utils.timezone import now
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dr_console.operations.models import Heartbeat

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "dr_console_requests",
    "Requests answered, by view, method and status.",
    ["view", "method", "status"],
    registry=REGISTRY,
)
SECONDS = Histogram(
    "dr_console_request_seconds",
    "Time until the answer began, by view.",
    ["view"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)

_gauges: dict[str, tuple[str, Callable[[], float | None]]] = {}


def gauge(name: str, meaning: str, read: Callable[[], float | None]) -> None:
    """Have /metrics show `dr_console_<name>`, read anew each time; None leaves it out. For AppConfig.ready()."""
    _gauges[name] = (meaning, read)


class _Readings(Collector):
    """What is read from the database when Prometheus asks."""

    def collect(self) -> Iterator[Metric]:
        try:
            yield from [self._heartbeats(), *self._registered()]
        except DatabaseError:
            # Without a database the counters are still worth having; their absence tells that these could not be read.
            return

    def describe(self) -> list[Metric]:
        """Nothing: else the registry would read the database while the module is imported."""
        return []

    def _heartbeats(self) -> Metric:
        ages = GaugeMetricFamily(
            "dr_console_heartbeat_age_seconds",
            "How long ago a process was last heard of.",
            labels=["kind", "process", "host"],
        )
        at = now()
        for row in Heartbeat.objects.all():
            ages.add_metric([row.kind, row.process, row.host], (at - row.at).total_seconds())
        return ages

    def _registered(self) -> Iterator[Metric]:
        for name, (meaning, read) in _gauges.items():
            value = read()
            if value is not None:
                yield GaugeMetricFamily(f"dr_console_{name}", meaning, value=value)


REGISTRY.register(_Readings())


def exposition() -> bytes:
    """Everything, in Prometheus' text format."""
    return generate_latest(REGISTRY)
