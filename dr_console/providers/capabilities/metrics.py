"""What a monitoring system has measured of the product."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from dr_console.providers.deadlines import Deadline


class MetricsProvider(Protocol):
    def metrics(self) -> list[str]:
        """The metrics of the plan's thresholds that the settings have a query for."""
        ...

    def read(self, metric: str, *, window: timedelta, at: datetime, deadline: Deadline) -> float | None:
        """The metric's value, over the window that ends `at`, in the unit of the plan's threshold.

        None where nothing was measured. Raises ProviderError.
        """
        ...
