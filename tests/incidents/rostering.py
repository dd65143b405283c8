"""A small on-call for tests: three people, one rotation, one of whose turns begins on each Monday at 09:00 UTC."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from incidents.models import Contact, Rotation

A_DAY = timedelta(days=1)
# A Monday, at noon: ada's turn has begun three hours ago, and lasts until the 30th, 09:00.
NOW = "2026-11-23 12:00:00 +0000"


def person(key: str, position: int = 0, **fields: Any) -> Contact:
    """Their e-mail address is that of `make.user(key)`."""
    known: dict[str, Any] = {"kind": "person", "language": "en", "time_zone": "UTC", "position": position}
    names = {"name_en": key.title(), "name_zh_hans": f"{key.title()}（中）"}
    contact = Contact.objects.create(key=key, **names | known | fields)
    contact.channels.create(kind="email", address=f"{key}@example.com", position=0)
    return contact


def people() -> dict[str, Contact]:
    return {key: person(key, place) for place, key in enumerate(("ada", "bob", "chie"))}


def rotation(key: str = "primary", **fields: Any) -> Rotation:
    """Weekly, in turn ada, bob, chie."""
    known: dict[str, Any] = {
        "position": 0,
        "name_en": key.title(),
        "name_zh_hans": f"{key.title()}（中）",
        "time_zone": "UTC",
        "period": "weekly",
        "hand_over_at": "09:00",
        "starts_on": date(2026, 11, 23),
        "participants": ["ada", "bob", "chie"],
    }
    return Rotation.objects.create(key=key, **known | fields)


def weekend(**fields: Any) -> Rotation:
    """Nobody from Monday to Friday."""
    made = rotation("weekend", position=1, participants=[], **fields)
    made.layers.create(
        position=0,
        key="days",
        name_en="Weekends",
        name_zh_hans="周末",
        time_zone="UTC",
        period="weekly",
        hand_over_at="00:00",
        starts_on=date(2026, 11, 2),
        participants=["bob"],
        weekdays=["sat", "sun"],
    )
    return made
