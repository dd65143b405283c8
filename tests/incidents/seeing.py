"""A pretend product as health checks see it, without a wire: the topology of the built-in plan, broken at will."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from incidents.observations import Observations, Place, Sighting

T0 = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
TOKYO, CALIFORNIA, FRANKFURT = "asia-northeast-1", "us-west-1", "eu-central-1"
REGIONS = {"tokyo": TOKYO, "california": CALIFORNIA, "frankfurt": FRANKFURT}
SERVICES = ("api", "cdn", "object-storage", "cache", "database")


@dataclass(frozen=True)
class Address:
    """`leads_to`: the region whose origin answers; `path` of the health check there."""

    service: str
    region: str
    host: str
    path: str
    is_public: bool = False
    is_through_cdn: bool = False
    #: Behind the CDN that can fail; the backup CDN is another one.
    is_behind: bool = False


ADDRESSES = (
    Address("api", TOKYO, "api.example.com", "", True, True, True),
    Address("api", TOKYO, "tokyo.origin.example.com", ""),
    Address("api", CALIFORNIA, "backup.example.com", "", False, True, True),
    Address("api", CALIFORNIA, "california.origin.example.com", ""),
    Address("api", FRANKFURT, "frankfurt.origin.example.com", ""),
    Address("cdn", TOKYO, "cdn.example.com", "static", True, True, True),
    Address("cdn", TOKYO, "tokyo.origin.example.com", "static"),
    Address("cdn", CALIFORNIA, "backup-cdn.example.com", "static", False, True, False),
    Address("cdn", CALIFORNIA, "california.origin.example.com", "static"),
    Address("object-storage", TOKYO, "images.example.com", "storage", True, True, True),
    Address("object-storage", TOKYO, "tokyo.origin.example.com", "storage"),
    Address("object-storage", CALIFORNIA, "california.origin.example.com", "storage"),
    Address("cache", TOKYO, "tokyo.origin.example.com", "cache"),
    Address("cache", CALIFORNIA, "california.origin.example.com", "cache"),
    Address("database", TOKYO, "tokyo.origin.example.com", "database"),
    Address("database", CALIFORNIA, "california.origin.example.com", "database"),
)


@dataclass
class World:
    """What is broken. `leads_to`: by public host, the region that it leads to now. `api_broken`: regions whose API
    answers with errors. `parts_broken`: (region, path) that answers with 503. `loses`: says of a single check
    (of an independent host, where it is None) that it is lost on the way.
    """

    lost: set[str] = field(default_factory=set)
    api_broken: set[str] = field(default_factory=set)
    parts_broken: set[tuple[str, str]] = field(default_factory=set)
    cdn_fails: bool = False
    name_broken: set[str] = field(default_factory=set)
    isolated: set[str] = field(default_factory=set)
    leads_to: dict[str, str] = field(default_factory=dict)
    loses: Callable[[Address | None], bool] = lambda address: False

    def answer(self, address: Address, place: str) -> int | None:
        """The status that a check gets, or None for silence."""
        if place in self.isolated or self.loses(address):
            return None
        if address.host in self.name_broken:
            return 530
        if self.cdn_fails and address.is_behind:
            return 500
        region = self.region_of(address)
        if region in self.lost:
            return 522 if address.is_behind else None
        if (region, address.path) in self.parts_broken or (not address.path and region in self.api_broken):
            return 503
        return 200

    def region_of(self, address: Address) -> str:
        return self.leads_to.get(address.host, address.region)


class Watcher:
    """Keeps streaks from round to round, as services/health does in the database."""

    def __init__(self, world: World, places: Iterable[str] = ("here",), *, canaries: int = 3) -> None:
        self.world = world
        self.places = tuple(places)
        self.canaries = canaries
        self.at = T0 - timedelta(seconds=5)
        self.serving = dict.fromkeys(SERVICES, TOKYO)
        self._streaks: dict[tuple[Address, str], tuple[bool, int, datetime]] = {}
        self._last: dict[tuple[Address, str], tuple[int | None, datetime]] = {}

    def round(self, seconds: float = 5.0, *, only_bad: bool = False) -> Observations:
        """Ask everything, or again what was bad. Returns all that is known then."""
        self.at += timedelta(seconds=seconds)
        for place in self.places:
            for address in ADDRESSES:
                was_good, _streak, _since = self._streaks.get((address, place), (True, 0, self.at))
                if not (only_bad and was_good):
                    self._ask(address, place)
        return self.seen()

    def _ask(self, address: Address, place: str) -> None:
        status = self.world.answer(address, place)
        is_good = status == 200
        was_good, streak, since = self._streaks.get((address, place), (not is_good, 0, self.at))
        streak, since = (streak + 1, since) if was_good == is_good else (1, self.at)
        self._streaks[address, place] = (is_good, streak, since)
        self._last[address, place] = (status, self.at)

    def seen(self) -> Observations:
        return Observations(
            at=self.at,
            places=tuple(self._place(name) for name in self.places),
            sightings=tuple(self._sighting(*key) for key in self._streaks),
            serving=self.serving,
            services=SERVICES,
        )

    def _place(self, name: str) -> Place:
        good = 0 if name in self.world.isolated else sum(not self.world.loses(None) for _ in range(self.canaries))
        return Place(name, self.at, self.canaries, good, self.at)

    def _sighting(self, address: Address, place: str) -> Sighting:
        is_good, streak, since = self._streaks[address, place]
        status, at = self._last[address, place]
        return Sighting(
            service=address.service,
            region=address.region,
            host=address.host,
            location=place,
            at=at,
            is_good=is_good,
            is_public=address.is_public,
            is_through_cdn=address.is_through_cdn,
            answered=status is not None,
            status=status,
            since=since,
            streak=streak,
            answered_by=self.world.region_of(address) if is_good else "",
        )
