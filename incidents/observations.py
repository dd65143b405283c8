"""What health checks found, and what can be concluded from it, as plain facts. No database, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from dr_console.web.sentences import Sentence, Texts


class Kind(StrEnum):
    """The first three are those of models.Failure. The words are what is stored."""

    API_ERRORS = "api_errors"
    CDN_FAILURE = "cdn_failure"
    REGION_FAILURE = "region_failure"
    CUT_OFF = "cut_off"  # nothing can be said of others: it is we who hear nothing
    UNSURE = "unsure"
    WELL = "well"


TROUBLE = frozenset({Kind.API_ERRORS, Kind.CDN_FAILURE, Kind.REGION_FAILURE})


@dataclass(frozen=True)
class Sighting:
    """What one place last found at one address.

    `is_public`: users use this host. `is_through_cdn`: else it asks the origin itself. `answered`: there was an answer,
    be it an error. `since`: the round with which its present streak of good or of bad answers began. `streak`: how
    many rounds long that is. `answered_by`: key of the region that answered, where the answer says so.
    """

    service: str
    region: str
    host: str
    location: str
    at: datetime
    is_good: bool
    is_public: bool = False
    is_through_cdn: bool = False
    answered: bool = False
    status: int | None = None
    since: datetime | None = None
    streak: int = 1
    answered_by: str = ""


@dataclass(frozen=True)
class Place:
    """Somewhere from where we ask, and whether independent hosts on the internet (canaries) answered it."""

    name: str
    at: datetime | None
    canaries_asked: int = 0
    canaries_good: int = 0
    canaries_at: datetime | None = None

    @property
    def hears_the_world(self) -> bool:
        return not self.canaries_asked or 2 * self.canaries_good > self.canaries_asked


@dataclass(frozen=True)
class Observations:
    """`serving`: by service, the region that its users reach. `services`: keys in the plan's order, most important
    first. `names`: what services and regions are called, by "service:key" and "region:key". `cold`: regions that
    answer nobody until they are warmed up.
    """

    at: datetime
    places: tuple[Place, ...]
    sightings: tuple[Sighting, ...]
    serving: Mapping[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    names: Mapping[str, Texts | str] = field(default_factory=dict)
    cold: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """`fresh`: how old an observation may be. `rounds`: how many in a row confirm it.

    `unsure_for`: how long it has to stay unclear what it is before that is called a finding.
    """

    fresh: timedelta = timedelta(seconds=18)
    rounds: int = 3
    unsure_for: timedelta = timedelta(seconds=15)


@dataclass(frozen=True)
class Diagnosis:
    """`services`: those whose users notice. `reasons`: what speaks for it; `doubts`: what does not fit.

    `supported_by`, `against`: places. `rounds`: how many rounds in a row it has been so, at the least, wherever it is
    supported. `began_at`: the first of them. `is_felt`: users notice. `is_total`: all that users ask for fails.
    """

    kind: Kind
    service_key: str = ""
    region_key: str = ""
    services: tuple[str, ...] = ()
    reasons: tuple[Sentence, ...] = ()
    doubts: tuple[Sentence, ...] = ()
    supported_by: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    rounds: int = 0
    began_at: datetime | None = None
    is_felt: bool = False
    is_total: bool = False
    has_quorum: bool = False

    @property
    def subject(self) -> str:
        """What it is about: two diagnoses of the same kind and subject are the same."""
        return self.region_key if self.kind is Kind.REGION_FAILURE else self.service_key

    @property
    def key(self) -> str:
        """Deduplication key of the incident that it is a reason for."""
        return f"failure:{self.kind.value}:{self.subject}"

    @property
    def is_trouble(self) -> bool:
        """Users notice, and it is known what it is: the plan may have an answer."""
        return self.kind in TROUBLE and self.is_felt

    def is_confirmed(self, rules: Rules) -> bool:
        return self.has_quorum and self.rounds >= rules.rounds

    def facts(self) -> dict[str, Any]:
        """As plain JSON values, to be kept with an incident."""
        return {
            "kind": self.kind.value,
            "service": self.service_key,
            "region": self.region_key,
            "services": list(self.services),
            "reasons": list(self.reasons),
            "doubts": list(self.doubts),
            "supported_by": list(self.supported_by),
            "against": list(self.against),
            "rounds": self.rounds,
            "is_felt": self.is_felt,
            "is_total": self.is_total,
            "began_at": self.began_at.isoformat() if self.began_at else None,
        }
