"""What the product keeps: databases, caches and objects, by the name that the cloud knows them by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dr_console.sandbox.canaries import Canaries

DATABASE = "gemini-db"
CACHE = "gemini-cache"
R2_BUCKET = "gemini-images"
S3_BUCKET = "gemini-images-backup"
FIRST_IMAGES = frozenset(f"{number}.webp" for number in range(1, 201))


@dataclass
class Database:
    """A database instance and the canaries in it: by number, the second of the world's clock it was written at.

    RDS copies them into a snapshot, and out of one into a new instance. `accepts_writes`: restore.stop_writes.
    """

    name: str
    canaries: Canaries = field(default_factory=Canaries)
    available: bool = True
    accepts_writes: bool = True

    def copied(self, name: str) -> Database:
        return Database(name, self.canaries.copy())


@dataclass
class Cache:
    """A Redis group and what it holds: key and value, of which the newest canary is one."""

    name: str
    values: dict[str, str] = field(default_factory=dict)
    available: bool = True

    def copied(self, name: str) -> Cache:
        return Cache(name, dict(self.values))


@dataclass(frozen=True)
class Written:
    """An object the product wrote to R2. They wait here until somebody asks R2, so that an idle sandbox stays small."""

    key: str
    body: bytes
    at: float
    number: int = 0


@dataclass
class Stores:
    """`database_in_use`, `cache_in_use`: which the product is connected to.

    R2 says, once it is there: `object_obstacles`, why it does not answer ("" if it does); `read_object`, an object's
    body by its key; `canaries_in_r2`, the numbers whose objects are there.
    """

    databases: dict[str, Database] = field(default_factory=lambda: {DATABASE: Database(DATABASE)})
    caches: dict[str, Cache] = field(default_factory=lambda: {CACHE: Cache(CACHE)})
    to_r2: list[Written] = field(default_factory=list)
    database_in_use: str = DATABASE
    cache_in_use: str = CACHE
    object_obstacles: list[Callable[[], str]] = field(default_factory=list)
    read_object: Callable[[str], bytes | None] | None = None
    canaries_in_r2: Callable[[], set[int]] | None = None

    def database(self) -> Database:
        """The one in use, or an empty one if it is not there."""
        return self.databases.get(self.database_in_use) or Database(self.database_in_use, available=False)

    def why_no_objects(self) -> str:
        return next((why for ask in self.object_obstacles if (why := ask())), "")

    def image(self, name: str) -> bytes | None:
        """An image of the users. Until somebody asks R2 itself, all are there that the world began with."""
        if self.read_object is not None:
            return self.read_object(f"images/{name}")
        return b"RIFF\x00\x00\x00\x00WEBP" + name.encode() if name in FIRST_IMAGES else None
