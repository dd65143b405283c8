"""Who is on call, for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import now
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import AwareDatetime, Field, field_validator

from dr_console.people.api import Bearer
from dr_console.people.models import ApiToken
from incidents.api import Problems
from incidents.queries.oncall import Roster, roster
from incidents.queries.oncall_page import AHEAD
from incidents.schedule import Shift

router = Router(tags=["on-call"])
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class ShownShift(Schema):
    """A time in which one person is on call. `because`: it is their turn, somebody put them on, or they stand in."""

    contact: str = Field(description="Key of the contact in the plan.")
    name: str
    starts_at: datetime
    ends_at: datetime
    because: Literal["turn", "override", "swap"]
    instead_of: str | None = Field(description="Key of the contact for whom they stand in; null otherwise.")
    layer: str | None = Field(
        description="Key of the layer whose turn it is; null for the rotation’s own participants."
    )


class ShownRotation(Schema):
    """`on_call` is null where nobody is: a page goes to the next level at once then."""

    key: str
    name: str
    url: str
    on_call: ShownShift | None
    next: ShownShift | None


class OnCall(Schema):
    at: datetime
    rotations: list[ShownRotation]


class Wanted(Schema):
    at: AwareDatetime | None = Field(None, description="When, with its time zone: 2026-11-28T03:00:00Z. Default: now.")
    rotation: str | None = Field(None, description="Key of one rotation in the plan. Default: all.")

    @field_validator("at")
    @classmethod
    def _in_this_century(cls, at: datetime | None) -> datetime | None:
        if at is not None and not FIRST <= at <= LAST:
            raise ValueError("is not in this century")
        return at


@router.get(
    "/oncall",
    auth=Bearer(ApiToken.Scope.READ_ONCALL),
    response={200: OnCall, 401: Problems, 403: Problems, 404: Problems, 422: Problems, 429: Problems},
    summary="Who is on call",
    description="Who is on call and who comes next, in each rotation of the plan or in one, now or at another time.",
)
def on_call(request: HttpRequest, wanted: Query[Wanted]) -> dict[str, Any]:
    at = wanted.at or now()
    known = roster(at, at + AHEAD)
    if wanted.rotation is not None and wanted.rotation not in known.rotations:
        there = ", ".join(known.rotations) or "none"
        raise HttpError(404, f"There is no rotation “{wanted.rotation}” in the plan. There are: {there}.")
    return shown(known, [wanted.rotation] if wanted.rotation else list(known.rotations), at)


def shown(known: Roster, keys: list[str], at: datetime) -> dict[str, Any]:
    """The facts as plain values, for the API and for the terminal."""
    return {"at": at.astimezone(UTC), "rotations": [_rotation(known, key, at) for key in keys]}


def _rotation(known: Roster, key: str, at: datetime) -> dict[str, Any]:
    standing = known.standing(key, at)
    return {
        "key": key,
        "name": str(standing.rotation),
        "url": f"{settings.DR_PUBLIC_URL}{reverse('incidents:rotation', args=[key])}",
        "on_call": _shift(known, standing.now),
        "next": _shift(known, standing.next),
    }


def _shift(known: Roster, shift: Shift | None) -> dict[str, Any] | None:
    if shift is None:
        return None
    return {
        "contact": shift.contact,
        "name": known.names.get(shift.contact, shift.contact),
        "starts_at": shift.starts_at,
        "ends_at": shift.ends_at,
        "because": shift.change.kind if shift.change else "turn",
        "instead_of": (shift.change.instead_of or None) if shift.change else None,
        "layer": shift.layer or None,
    }
