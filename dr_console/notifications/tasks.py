"""The bell as a task. The database knows what is due: a task that is lost or doubled does no harm."""

from __future__ import annotations

from celery import shared_task

from dr_console.notifications import delivery, poller


@shared_task(name="notifications.send")
def send(id: int) -> str:
    """Not by the worker's own threads, where there are others: a channel that hangs would hold up all its tasks."""
    return "" if poller.ring() else delivery.send(id)
