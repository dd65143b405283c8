"""Is the console there, and is all well? A rehearsal that begins amid a failure would measure nothing."""

from __future__ import annotations

import time

from django.utils.timezone import now

from dr_console.management.rehearsal.screen import Screen
from dr_console.operations import heartbeats
from dr_console.operations.models import Heartbeat
from incidents.models import EndpointState, Incident, Region, ServiceEndpoint

WAITS_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.1
NEEDED = (Heartbeat.Kind.WATCH, Heartbeat.Kind.QUEUE)
WORDS = {Heartbeat.Kind.WATCH: "the process that watches", Heartbeat.Kind.QUEUE: "the worker for failovers"}


class NotReady(Exception):
    """Its message says what is missing."""


def wait(screen: Screen) -> None:
    """Return once every process is alive and every endpoint that users need is up. Raises NotReady."""
    screen.say("Waiting until the console watches and everything is well …")
    until = time.monotonic() + WAITS_SECONDS
    while missing := why_not():
        if time.monotonic() > until:
            raise NotReady(missing)
        time.sleep(LOOK_EVERY_SECONDS)


def why_not() -> str:
    """What is missing, in a sentence; empty if nothing is."""
    heard = {**heartbeats.last_heard(), Heartbeat.Kind.QUEUE: heartbeats.last_heard_by_queue().get("failover")}
    for kind in NEEDED:
        at = heard.get(kind)
        if at is None or now() - at > heartbeats.QUIET_AFTER:
            return f"{WORDS[kind]} is not heard of."
    if (open_one := Incident.objects.open().filter(is_practice=False).first()) is not None:
        return f"{open_one.reference} is open. Resolve it first: what is noticed now would be attached to it."
    return _not_up()


def _not_up() -> str:
    """Cold standbys sleep until somebody needs them, and are none of it."""
    cold = Region.Status.COLD_STANDBY
    needed = ServiceEndpoint.objects.filter(service__retired_at=None).exclude(region__status=cold)
    up = EndpointState.objects.filter(state=EndpointState.State.UP).values("endpoint")
    missing = list(needed.exclude(pk__in=up).values_list("url", flat=True))
    return f"not up, as the console sees it: {', '.join(missing)}." if missing else ""
