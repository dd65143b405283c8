"""The process that watches: health checks, and in the console itself also the scheduler's bell."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading

from celery import Celery
from celery.beat import Service
from django.conf import settings

from dr_console.audit import origin
from dr_console.notifications.poller import Poller
from dr_console.operations.heartbeats import Pulse
from dr_console.operations.models import Heartbeat
from dr_console.operations.signs_of_life import SignsOfLife
from incidents.services import deciding, degradation, metrics
from incidents.watching.loop import Consider, Watch

SWITCH_SECONDS = 0.0005
# What follows from a round, in this order, each by itself.
AFTER_ROUND: tuple[Consider, ...] = (
    deciding.consider,
    metrics.consider,
    degradation.follow_thresholds,
    degradation.put_back_what_is_over,
)


def watch(location: str = "") -> None:
    """Ask every health endpoint from this place until SIGTERM."""
    location = location or settings.DR_PROBE_LOCATION
    origin.this_process_is(origin.WORKER)
    # While the writer's thread computes, the loop would wait five milliseconds for its turn after each answer.
    sys.setswitchinterval(SWITCH_SECONDS)
    # What is there now stays: the collector need not go through it again and again, a tenth of a second each time.
    gc.freeze()
    Pulse(f"watch {location}", kind=Heartbeat.Kind.WATCH).start()
    Poller().start()
    if settings.DR_DEADMAN_URL:
        SignsOfLife().start()
    asyncio.run(_until_told(location))


async def _until_told(location: str) -> None:
    loop, watching = asyncio.get_running_loop(), Watch(location, after_round=AFTER_ROUND)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, watching.stop)
    await watching.run()


def ring(app: Celery) -> None:
    """Ring for periodic tasks, in a thread: it only ever sleeps and rings."""
    threading.Thread(target=_ring, args=(app,), name="beat", daemon=True).start()


def _ring(app: Celery) -> None:
    app.set_current()
    try:
        Service(app, scheduler_cls=app.conf.beat_scheduler).start(embedded_process=False)
    finally:
        # Without its bell the process is no use: the supervisor starts another.
        os.kill(os.getpid(), signal.SIGTERM)
