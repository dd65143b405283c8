"""What the doorbell wakes. Ids only, and taken off the queue at once: the database knows what is to be done."""

from __future__ import annotations

from celery import shared_task

from dr_console.runs import doorbell, executor, outbox


@shared_task(name=doorbell.CARRY_OUT, acks_late=False)
def carry_out(step_id: int) -> None:
    executor.carry_out(step_id)


@shared_task(name=doorbell.RELAY, acks_late=False)
def relay() -> None:
    outbox.relay()
