"""What the product keeps: databases, caches and objects, by the name that the cloud knows them by."""

from __future__ import annotations

from dataclasses import dataclass, field

DATABASE = "gemini-db"
CACHE = "gemini-cache"
R2_BUCKET = "gemini-images"
S3_BUCKET = "gemini-images-backup"


@dataclass
class Database:
    """A database instance and the canaries in it: number, and the second of the world's clock it was written at.

    RDS copies them into a snapshot, and out of one into a new instance. `accepts_writes`: restore.stop_writes.
    """

    name: str
    canaries: dict[int, float] = field(default_factory=dict)
    available: bool = True
    accepts_writes: bool = True

    def copied(self, name: str) -> Database:
        return Database(name, dict(self.canaries))


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


@dataclass
class Stores:
    databases: dict[str, Database] = field(default_factory=lambda: {DATABASE: Database(DATABASE)})
    caches: dict[str, Cache] = field(default_factory=lambda: {CACHE: Cache(CACHE)})
    to_r2: list[Written] = field(default_factory=list)
