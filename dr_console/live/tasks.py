"""Periodic work of live progress."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils.timezone import now

from dr_console.live import history

KEPT_FOR = timedelta(hours=1)


@shared_task(name="live.prune_events")
def prune_events() -> int:
    return history.prune(now() - KEPT_FOR)
