"""Celery beat that says it is alive, and keeps no file: what is due stands in the database."""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery.beat import Scheduler
from django.db import DatabaseError, connection

from dr_console.operations import heartbeats
from dr_console.operations.models import Heartbeat

log = structlog.get_logger(__name__)


class BeatingScheduler(Scheduler):
    """Beats in `tick`, so that a scheduler that hangs is seen to hang, which a thread of its own would hide."""

    _beaten_at = float("-inf")

    def setup_schedule(self) -> None:
        """What is due every so many seconds is due at once: nothing is known of how long nobody rang."""
        super().setup_schedule()
        for entry in self.schedule.values():
            if every := getattr(entry.schedule, "run_every", None):
                entry.last_run_at = entry.default_now() - every

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if time.monotonic() - self._beaten_at >= heartbeats.EVERY_SECONDS:
            self._beaten_at = time.monotonic()
            self._beat()
        return float(super().tick(*args, **kwargs))

    def _beat(self) -> None:
        try:
            heartbeats.beat("beat", kind=Heartbeat.Kind.BEAT)
        except DatabaseError as error:
            log.warning("heartbeat not written", process="beat", error=str(error).strip())
        finally:
            connection.close()
