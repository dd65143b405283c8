"""Work on the console's own health."""

from __future__ import annotations

from celery import shared_task

from dr_console.operations import heartbeats, provider_checks
from dr_console.operations.models import Heartbeat


@shared_task(name="operations.answer_on_queue")
def answer_on_queue(queue: str) -> None:
    """Beat puts one on every queue: a worker that is alive but takes no tasks is heard of no more."""
    heartbeats.beat(queue, kind=Heartbeat.Kind.QUEUE)


@shared_task(name="operations.forget_the_gone")
def forget_the_gone() -> None:
    heartbeats.forget_the_gone()


@shared_task(name="operations.check_providers")
def check_providers() -> None:
    provider_checks.check()
