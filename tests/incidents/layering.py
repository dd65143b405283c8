"""Rotations, and what people change of them, said shortly."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from incidents.schedule import Away, Change, Layer, Schedule

EVERYBODY = frozenset({"ada", "bob", "cai", "dan"})
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    """2026-03-01 09:00."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def layer(*participants: str, key: str = "", **fields: Any) -> Layer:
    """Weekly from Monday, the 5th of January 2026, at 09:00 UTC on, if nothing else is said."""
    hours = fields.pop("hours", None)
    known = {"zone": "UTC", "turn_days": 7, "hand_over_at": time(9), "starts_on": date(2026, 1, 5)} | fields
    clocks = tuple(time.fromisoformat(clock) for clock in hours.split("-")) if hours else None
    return Layer(key=key, participants=participants, hours=clocks, **known)


def schedule(*layers: Layer, **fields: Any) -> Schedule:
    return Schedule("primary", layers, **{"contacts": EVERYBODY} | fields)


def change(
    contact: str, starts: str, ends: str, *, instead_of: str = "", made: datetime = LONG_AGO, pk: int = 1
) -> Change:
    """An override; with `instead_of` an agreed swap."""
    kind: Any = "swap" if instead_of else "override"
    return Change(kind, pk, contact, utc(starts), utc(ends), made, instead_of)


def away(contact: str, starts: str, ends: str, *, made: datetime = LONG_AGO) -> Away:
    return Away(contact, utc(starts), utc(ends), made)


def later(days: int = 1) -> datetime:
    """When something was said after what was said long ago."""
    return LONG_AGO + timedelta(days=days)
