"""What the sandbox tells of its world. Whatever it does not say is unknown, and whatever more it says is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


def moment(at: float) -> datetime:
    """A second of the world's clock as a moment."""
    return datetime.fromtimestamp(at, UTC)


class Record(Told):
    name: str
    type: str
    content: str
    ttl: int = 1
    proxied: bool = False


class KeptAnswer(Told):
    """What resolvers keep of a name, until a second of the world's clock."""

    until: float
    records: list[Record] = []


class Origin(Told):
    """`state`: up, slow, failing, dark, blocked or cold."""

    host: str
    region: str = ""
    city: str = ""
    provider: str = ""
    state: str = "up"
    why: str = ""
    start_seconds: float = 0.0


class Product(Told):
    """What the customer's product runs on, and why a part of it does not answer ("" if it does)."""

    degradation_level: int = 0
    database: str = ""
    cache: str = ""
    why_no_database: str = ""
    why_no_cache: str = ""
    why_no_objects: str = ""
    search_index_lost: bool = False


class Database(Told):
    name: str
    available: bool = True
    accepts_writes: bool = True
    canaries: int = 0
    newest_canary: int | None = None


class Cache(Told):
    name: str
    available: bool = True
    values: int = 0


class Latency(Told):
    p50: int | None = None
    p95: int | None = None
    p99: int | None = None


class Users(Told):
    """Their last minute. `error_rate`: a share, None if nobody asked for anything."""

    requests_per_second: float = 0.0
    error_rate: float | None = None
    latency_ms: Latency = Latency()


class Fault(Told):
    """One rule at work. `key`: "scenario:number" where a scenario made it."""

    id: str
    kind: str
    key: str = ""
    active: bool = True
    hits: int = 0
    made_at: float = 0.0
    vendor: str = ""
    route: str = ""
    region: str = ""
    name: str = ""
    seconds: float | None = None
    status: int | None = None
    probability: float = 1.0
    share: float = 1.0
    times: int | None = None

    @property
    def story(self) -> str:
        return self.key.partition(":")[0] if ":" in self.key else ""


class EdgeCache(Told):
    answers: int = 0


class World(Told):
    now: float
    speed: float = 1.0
    answered_by: dict[str, str] = {}
    dns: list[Record] = []
    resolvers: dict[str, dict[str, KeptAnswer]] = {}
    cache: EdgeCache = EdgeCache()
    origins: list[Origin] = []
    product: Product = Product()
    databases: list[Database] = []
    caches: list[Cache] = []
    users: Users = Users()
    faults: list[Fault] = []
    vendors: dict[str, dict[str, Any]] = {}


class Canaries(Told):
    """The numbered writes, one a second. `lost`: acknowledged, and not in the database in use now."""

    acknowledged: int = 0
    refused: int = 0
    lost: int = 0
    rpo_seconds: float = 0.0


class Episode(Told):
    """One thing that was broken: from the first failed request of a user to the first lasting good one."""

    name: str
    failed_at: float
    healed_at: float | None = None
    first_failed_at: float | None = None
    first_good_at: float | None = None
    rto_seconds: float | None = None
    canaries_refused: int = 0


class Double(Told):
    """Something that was done in the same words twice. `at`: when, on the world's clock."""

    vendor: str
    what: str
    target: str
    times: int = 2
    at: list[float] = []


class Clock(Told):
    """`now`: seconds of the world's clock (UTC); `speed`: how many times faster than ours it runs."""

    now: float
    speed: float = 1.0


class Effect(Told):
    """One thing that was changed in the world. `request`: 0 for what came about by itself later."""

    number: int
    at: float
    request: int
    vendor: str
    what: str
    target: str


class Truth(Told):
    episodes: list[Episode] = []
    canaries: Canaries = Canaries()
    requests: dict[str, int] = {}
    effects: dict[str, int] = {}
    doubles: list[Double] = []
    notifications: dict[str, int] = {}


class Parameter(Told):
    """A choice of words, or a number from `least` to `most`. `description`: by language."""

    name: str
    default: str | float
    description: dict[str, str] = {}
    choices: list[str] | None = None
    least: float | None = None
    most: float | None = None


class Scenario(Told):
    name: str
    title: dict[str, str] = {}
    description: dict[str, str] = {}
    parameters: list[Parameter] = []
    running: bool = False
    since: float | None = None


class Message(Told):
    id: int
    at: float
    channel: str
    to: str
    text: str
    state: str = ""
    detail: dict[str, Any] = Field(default_factory=dict)
