"""Keys out of one Redis and into another: SCAN, DUMP and PTTL in pipelines, RESTORE (redis.io/commands/restore)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from dr_console.errors import Problem
from dr_console.providers.capabilities.redis import Compared, Copied, Progress, RedisState
from dr_console.providers.redis_file import Record

if TYPE_CHECKING:
    from dr_console.providers.redis_server import Asking

KEYS_AT_ONCE = 500
BYTES_AT_ONCE = 4 * 1024 * 1024
EXPIRED = -2


def refuse_cluster(ask: Asking, state: RedisState) -> RedisState:
    if state.cluster:
        said = "It is a Redis Cluster, whose nodes have to be copied one by one."
        raise ask.error(Problem.REFUSED, said, permanent=True)
    return state


def records(ask: Asking, keys: int, progress: Progress | None) -> Iterator[Record]:
    """Every key that was there all the time; one that is written or deleted meanwhile may or may not be among them."""
    done = 0
    for database in _databases(ask):
        for names in _scanned(ask, database):
            for name, payload, left in _read(ask, database, names):
                if payload is not None:
                    expires_at = -1 if left < 0 else int(time.time() * 1000) + left
                    yield Record(database, name, payload, expires_at)
            done += len(names)
            if progress:
                progress(min(done, keys), keys)


def _databases(ask: Asking) -> list[int]:
    space = ask.do(lambda: ask.client.info("keyspace"))
    return sorted(int(name[2:]) for name in space if name.startswith("db") and name[2:].isdigit())


def _scanned(ask: Asking, database: int) -> Iterator[list[bytes]]:
    """The names of all keys. SCAN may give one twice, which does no harm."""
    client, cursor = ask.database(database), 0
    while True:
        cursor, names = ask.do(partial(client.scan, cursor, count=KEYS_AT_ONCE))
        if names:
            yield names
        if cursor == 0:
            return


def _read(ask: Asking, database: int, names: list[bytes]) -> Iterator[tuple[bytes, bytes | None, int]]:
    """Name, payload (None if it is gone) and milliseconds that it has left. Large values are fetched one by one."""
    client = ask.database(database)
    sizes = _sizes(ask, database, names)
    batch: list[bytes] = []
    weight = 0
    for name, size in zip(names, sizes, strict=True):
        if batch and weight + size > BYTES_AT_ONCE:
            yield from _dumped(ask, client, batch)
            batch, weight = [], 0
        batch.append(name)
        weight += size
    if batch:
        yield from _dumped(ask, client, batch)


def _sizes(ask: Asking, database: int, names: list[bytes]) -> list[int]:
    pipe = ask.database(database).pipeline(transaction=False)
    for name in names:
        pipe.memory_usage(name, samples=5)
    answers = ask.do(lambda: pipe.execute(raise_on_error=False))
    # Where the command is blocked, each may be large.
    return [answer if isinstance(answer, int) else 64 * 1024 for answer in answers]


def _dumped(ask: Asking, client: Any, names: list[bytes]) -> Iterator[tuple[bytes, bytes | None, int]]:
    pipe = client.pipeline(transaction=False)
    for name in names:
        pipe.pttl(name)
        pipe.dump(name)
    answers = ask.do(pipe.execute, command="DUMP")
    for number, name in enumerate(names):
        left, payload = answers[2 * number], answers[2 * number + 1]
        yield name, None if left == EXPIRED else payload, left


def in_blocks(found: Iterable[Record]) -> Iterator[list[Record]]:
    """So many at a time as go into one pipeline."""
    block: list[Record] = []
    weight = 0
    for record in found:
        block.append(record)
        weight += len(record.payload)
        if len(block) >= KEYS_AT_ONCE or weight >= BYTES_AT_ONCE:
            yield block
            block, weight = [], 0
    if block:
        yield block


def restore(ask: Asking, blocks: Iterable[list[Record]], keys: Callable[[], int], progress: Progress | None) -> Copied:
    written = size = expired = 0
    for block in blocks:
        now = int(time.time() * 1000)
        alive = [record for record in block if record.expires_at == -1 or record.expires_at > now]
        expired += len(block) - len(alive)
        for database in sorted({record.database for record in alive}):
            _restore(ask, database, [record for record in alive if record.database == database], now)
        written += len(alive)
        size += sum(len(record.payload) for record in alive)
        if progress:
            progress(written + expired, max(keys(), written + expired))
    return Copied(written, size, expired)


def _restore(ask: Asking, database: int, some: list[Record], now: int) -> None:
    for batch in in_blocks(some):
        pipe = ask.database(database).pipeline(transaction=False)
        for record in batch:
            left = 0 if record.expires_at == -1 else record.expires_at - now
            pipe.restore(record.key, left, record.payload, replace=True)
        ask.do(pipe.execute, command="RESTORE")


def compared(here: Asking, there: Asking, sample: int) -> Compared:
    """Keys as SCAN gives them, which is no order that anybody chose."""
    unlike: list[str] = []
    looked = 0
    for database in _databases(here):
        for names in _scanned(here, database):
            some = names[: sample - looked]
            ours, theirs = _digests(here, database, some), _digests(there, database, some)
            unlike += [name.decode(errors="replace") for name in some if ours[name] != theirs[name]]
            looked += len(some)
            if looked >= sample:
                return Compared(looked, tuple(unlike))
    return Compared(looked, tuple(unlike))


def _digests(ask: Asking, database: int, names: list[bytes]) -> dict[bytes, str]:
    """What a key holds, and whether it ever runs out. A payload ends with its server's version and a check sum."""
    return {
        name: "" if payload is None else f"{hashlib.sha256(payload[:-10]).hexdigest()} {left >= 0}"
        for name, payload, left in _read(ask, database, names)
    }
