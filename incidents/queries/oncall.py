"""Whose turn it is."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from incidents.models import Rotation

DAYS = {Rotation.Period.DAILY: 1, Rotation.Period.WEEKLY: 7}


def whose_turn(rotation: Rotation, at: datetime) -> str:
    """Key of the contact who is on call then; "" for a rotation that nobody takes part in.

    Hand-overs are at the same time by the clock on the wall, summer or winter. Before the first one, it is the first's.
    """
    if not rotation.participants:
        return ""
    local = at.astimezone(ZoneInfo(rotation.time_zone))
    day = local.date() - timedelta(days=local.time() < time.fromisoformat(rotation.hand_over_at))
    turns = max(0, (day - rotation.starts_on).days) // DAYS[Rotation.Period(rotation.period)]
    return str(rotation.participants[turns % len(rotation.participants)])
