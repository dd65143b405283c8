"""What has to be looked after for alerts every second or two: silences that end, heartbeats that do not come."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.timezone import now

from incidents.models import Alert, Turn
from incidents.services import alert_routing, heartbeat_monitors

TURN = "alerts.tidied"
TIDIED_EVERY = timedelta(hours=1)
# Alerts of incidents are part of their story and stay.
KEPT = timedelta(days=90)
AT_ONCE = 1000


def look() -> None:
    """Any number of processes may do it at once."""
    heartbeat_monitors.look()
    alert_routing.release_held(now())
    tidy(now())


def tidy(at: datetime) -> int:
    """Delete alerts that are long over and belonged to no incident, once an hour; return how many."""
    turn, is_first = Turn.objects.get_or_create(name=TURN, defaults={"at": at})
    if not is_first:
        last = turn.at
        if last is not None and at - last < TIDIED_EVERY:
            return 0
        if not Turn.objects.filter(pk=turn.pk, at=last).update(at=at):
            return 0
    old = Alert.objects.filter(ended_at__lt=at - KEPT, incident=None).values_list("pk", flat=True)[:AT_ONCE]
    return Alert.objects.filter(pk__in=list(old)).delete()[0]
