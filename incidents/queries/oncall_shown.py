"""What the pages of on-call show, as facts and as words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from incidents.models import Absence, OnCallFeed, Override, Rotation, Swap
from incidents.oncall_calendar import Week, monday
from incidents.queries.oncall_words import Hole, Reader, Served

DETAIL_WEEKS = 5
SHOWN_AT_ONCE = 10


@dataclass(frozen=True)
class Card:
    """A rotation now. `then`: who is on call at the time that was asked for. `holes`: those of two weeks to come."""

    rotation: Rotation
    now: Served | None
    next: Served | None
    then: Served | None
    holes: list[Hole]
    weeks: list[Week]
    takes_part: bool

    @property
    def hole(self) -> Hole | None:
        """That in which nobody is on call now."""
        return next((hole for hole in self.holes if hole.is_now), None)

    @property
    def is_mine(self) -> bool:
        return self.now is not None and self.now.is_mine


@dataclass(frozen=True)
class Offer:
    """Somebody asks somebody to stand in for them. `to_me`, `from_me`: the reader is one of the two."""

    swap: Swap
    rotation: str
    giver: str
    taker: str
    to_me: bool
    from_me: bool

    @property
    def is_open(self) -> bool:
        return self.swap.state == Swap.State.OFFERED

    @property
    def look(self) -> str:
        """As {% state %} shows it."""
        looks = {Swap.State.OFFERED: "waiting", Swap.State.ACCEPTED: "ok", Swap.State.DECLINED: "failed"}
        return looks.get(Swap.State(self.swap.state), "skipped")


@dataclass(frozen=True)
class Away:
    absence: Absence
    name: str
    is_mine: bool


@dataclass(frozen=True)
class Instead:
    override: Override
    name: str


@dataclass(frozen=True)
class Overview:
    at: datetime
    asked: datetime | None
    reader: Reader
    cards: list[Card]
    more_cards: int
    holes: list[Hole]
    more_holes: int
    offers: list[Offer]
    away: list[Away]


@dataclass(frozen=True)
class Rule:
    """A layer of a rotation in words; the rotation's own participants are the last."""

    name: str
    people: list[str]
    period: str
    hand_over_at: str
    zone: str
    days: list[str]
    hours: str


@dataclass(frozen=True)
class Line:
    """A shift, or a time in which nobody is on call."""

    starts_at: datetime
    ends_at: datetime
    served: Served | None


@dataclass(frozen=True)
class Detail:
    """One rotation. `first`: the Monday with which the weeks begin. `people`: names by key, in their order."""

    at: datetime
    reader: Reader
    rotation: Rotation
    now: Served | None
    next: Served | None
    weeks: list[Week]
    lines: list[Line]
    holes: list[Hole]
    instead: list[Instead]
    offers: list[Offer]
    away: list[Away]
    people: dict[str, str]
    layers: list[Rule]
    feeds: list[OnCallFeed]
    first: date

    @property
    def is_mine(self) -> bool:
        return self.now is not None and self.now.is_mine

    @property
    def takes_part(self) -> bool:
        return self.reader.key in self.people

    @property
    def is_elsewhere(self) -> bool:
        """Whether these are not the weeks from this one on."""
        return self.first != monday(self.at.astimezone(timezone.get_current_timezone()).date())

    @property
    def earlier(self) -> date:
        return self.first - timedelta(weeks=DETAIL_WEEKS)

    @property
    def later(self) -> date:
        return self.first + timedelta(weeks=DETAIL_WEEKS)


@dataclass(frozen=True)
class Mine:
    """What is the reader's own. `now`: the shifts that they are on, `coming`: those after."""

    at: datetime
    reader: Reader
    now: list[Served]
    coming: list[Served]
    offers: list[Offer]
    away: list[Away]
    feeds: list[OnCallFeed]

    @property
    def more(self) -> int:
        """How many are not shown at once."""
        return max(0, len(self.coming) - SHOWN_AT_ONCE)
