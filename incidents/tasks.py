"""Periodic work about incidents and what leads to them. Each task asks what is due, and does it."""

from __future__ import annotations

from celery import shared_task

from incidents.services import samples


@shared_task(name="incidents.read_prometheus")
def read_prometheus() -> None:
    samples.read_prometheus()


@shared_task(name="incidents.prune_samples")
def prune_samples() -> None:
    samples.prune()
