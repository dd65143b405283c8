"""Sending as a task. The database knows what is due: a task that is lost or doubled does no harm."""

from __future__ import annotations

from celery import shared_task

from dr_console.notifications import delivery


@shared_task(name="notifications.send")
def send(id: int) -> str:
    return delivery.send(id)
