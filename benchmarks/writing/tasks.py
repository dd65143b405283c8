"""One task that writes, puts itself back on the queue, and leaves in Redis how long it took."""

from __future__ import annotations

import os
import time

import redis
from celery import shared_task
from django.db import OperationalError

from benchmarks.writing.writes import write

QUEUE = "default"


@shared_task(name="writing.write_and_again")
def write_and_again(number: int, until: float) -> None:
    began = time.perf_counter()
    try:
        write(f"task-{number}")
        result = f"{time.perf_counter() - began:.4f}"
    except OperationalError:
        result = "failed"
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.rpush("writing:results", result)
    if time.time() < until:
        write_and_again.delay(number, until)
