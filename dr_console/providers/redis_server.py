"""Redis itself, by its own commands (redis.io/docs/latest/commands): for what no managed service looks after.

A managed cache blocks BGSAVE, REPLICAOF, CONFIG and DEBUG; what it does not block, DUMP and RESTORE, copies it all the
same. Functions and access lists are not copied.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import redis
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import redis_copy, redis_file
from dr_console.providers.capabilities.redis import Compared, Copied, Progress, RedisState
from dr_console.providers.deadlines import Deadline, looks

T = TypeVar("T")
VENDOR = "Redis"
STATE = _("read the state of Redis")
SAVE = _("save Redis to its disk")
FOLLOW = _("make Redis a replica")
LEAD = _("make Redis a server of its own")
DUMP = _("dump Redis’s keys")
LOAD = _("load keys into Redis")
COPY = _("copy Redis’s keys")
COMPARE = _("compare the keys of two Redis servers")
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0
# Said with "ERR" before it; nothing else tells a blocked command from a misspelt one.
BLOCKED = ("unknown command", "is not allowed", "no permissions", "NOPERM", "disabled")
WRONG_PAYLOAD = "DUMP payload version or checksum are wrong"
BUSY = ("LOADING", "BUSY", "TRYAGAIN", "MASTERDOWN", "CLUSTERDOWN")


class RedisServer:
    """One server. `url`: redis:// or rediss://, with its password; all its databases are meant."""

    def __init__(self, url: str) -> None:
        self._url = url

    def state(self, *, deadline: Deadline) -> RedisState:
        with self._asked(STATE, deadline) as ask:
            return _state(ask.do(lambda: ask.client.info("all")))

    def save(self, *, deadline: Deadline) -> RedisState:
        with self._asked(SAVE, deadline) as ask:
            before = _state(ask.do(lambda: ask.client.info("all")))
            began = time.time()
            started = False
            for _look in looks(deadline, first=0.05, longest=1.0):
                started = started or _start_saving(ask)
                after = _state(ask.do(lambda: ask.client.info("all")))
                if started and after.save_failed and not after.saving:
                    raise ask.error(Problem.FAILED, "rdb_last_bgsave_status is not ok; the server's log says why.")
                if started and not after.saving and _moved(before, after, began):
                    return after
            raise ask.error(Problem.NOT_IN_TIME, outcome=Outcome.UNKNOWN)

    def follow(self, source_url: str, *, deadline: Deadline) -> RedisState:
        source = RedisServer(source_url)
        parts = urlsplit(source_url)
        with self._asked(FOLLOW, deadline) as ask:
            for name, value in (("masterauth", parts.password), ("masteruser", parts.username)):
                if value:
                    ask.do(partial(ask.client.config_set, name, unquote(value)), command="CONFIG")
            host, port = parts.hostname or "127.0.0.1", parts.port or 6379
            ask.do(lambda: ask.client.replicaof(host, port), command="REPLICAOF")
            for _look in looks(deadline, first=0.1, longest=1.0):
                theirs = source.state(deadline=deadline)
                ours = _state(ask.do(lambda: ask.client.info("all"), while_loading=True))
                # What is written in between only makes ours larger.
                if ours.link_up and ours.offset >= theirs.offset:
                    return ours
            raise ask.error(Problem.NOT_IN_TIME)

    def lead(self, *, deadline: Deadline) -> RedisState:
        with self._asked(LEAD, deadline) as ask:
            ask.do(lambda: ask.client.replicaof("NO", "ONE"), command="REPLICAOF")
            for _look in looks(deadline, first=0.02):
                state = _state(ask.do(lambda: ask.client.info("all")))
                if state.role == "master":
                    return state
            raise ask.error(Problem.NOT_IN_TIME)

    def dump(self, *, deadline: Deadline, progress: Progress | None = None) -> Iterator[bytes]:
        with self._asked(DUMP, deadline) as ask:
            state = redis_copy.refuse_cluster(ask, _state(ask.do(lambda: ask.client.info("all"))))
            header = {"made_at": now().isoformat(), "server": state.version, "keys": state.keys}
            yield from redis_file.write(header, redis_copy.records(ask, state.keys, progress))

    def load(self, chunks: Iterable[bytes], *, deadline: Deadline, progress: Progress | None = None) -> Copied:
        with self._asked(LOAD, deadline) as ask:
            reader = redis_file.Reader(chunks)
            try:
                return redis_copy.restore(ask, reader.blocks(), lambda: int(reader.header.get("keys", 0)), progress)
            except redis_file.Damaged as error:
                raise ask.error(Problem.GARBLED, f"The dump is damaged: {error}.", permanent=True) from error

    def copy_from(self, source: RedisServer, *, deadline: Deadline, progress: Progress | None = None) -> Copied:
        """Copy every key from another server, over whatever there is here. Harmless to repeat."""
        with source._asked(COPY, deadline) as there, self._asked(COPY, deadline) as here:
            state = redis_copy.refuse_cluster(there, _state(there.do(lambda: there.client.info("all"))))
            blocks = redis_copy.in_blocks(redis_copy.records(there, state.keys, None))
            return redis_copy.restore(here, blocks, lambda: state.keys, progress)

    def compare_with(self, other: RedisServer, *, sample: int = 1000, deadline: Deadline) -> Compared:
        """Compare a sample of this server's keys with the other's, content and time to live."""
        with self._asked(COMPARE, deadline) as here, other._asked(COMPARE, deadline) as there:
            return redis_copy.compared(here, there, sample)

    def _asked(self, operation: str, deadline: Deadline) -> Asking:
        return Asking(self._url, operation, deadline)


class Asking:
    """One operation at one server; its connections are closed when the block ends."""

    def __init__(self, url: str, operation: str, deadline: Deadline) -> None:
        self._url, self.operation, self.deadline = url, operation, deadline
        self._clients: dict[int, redis.Redis] = {}

    def __enter__(self) -> Asking:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()

    @property
    def client(self) -> redis.Redis:
        return self.database(0)

    def database(self, number: int) -> redis.Redis:
        if number not in self._clients:
            left = max(0.05, self.deadline.left())
            pool = redis.ConnectionPool.from_url(
                self._url,
                socket_connect_timeout=min(CONNECT_SECONDS, left),
                socket_timeout=min(ANSWER_SECONDS, left),
                retry=Retry(NoBackoff(), 0),  # what may be repeated, and until when, is for us to say
            )
            pool.connection_kwargs["db"] = number
            self._clients[number] = redis.Redis(connection_pool=pool)
        return self._clients[number]

    def do(
        self, act: Callable[[], Any], *, command: str = "", harmless: bool = True, while_loading: bool = False
    ) -> Any:
        """What `act` returns, and what it raises as ProviderError. `command`: whose blocking is to be said plainly."""
        if self.deadline.has_passed:
            raise self.error(Problem.NOT_IN_TIME)
        unknown = Outcome.NOTHING if harmless else Outcome.UNKNOWN
        try:
            return act()
        except redis.AuthenticationError as error:
            raise self.error(Problem.CREDENTIALS, str(error), permanent=True) from None
        except redis.TimeoutError:
            raise self.error(Problem.TIMED_OUT, outcome=unknown) from None
        except redis.ConnectionError as error:
            raise self._not_connected(error, unknown, while_loading) from None
        except redis.ResponseError as error:
            raise self._refused(str(error), command) from None
        except redis.RedisError as error:
            raise self.error(Problem.GARBLED, type(error).__name__, outcome=unknown) from None

    def _not_connected(self, error: redis.ConnectionError, unknown: Outcome, while_loading: bool) -> ProviderError:
        said = str(error)
        if isinstance(error, redis.BusyLoadingError):
            return self.error(Problem.REFUSED, "It is loading its data.", code="LOADING")
        if "connecting to" in said:
            return self.error(Problem.UNREACHABLE, said)
        return self.error(Problem.BROKEN, said, outcome=unknown)

    def _refused(self, said: str, command: str) -> ProviderError:
        if any(word in said for word in ("NOAUTH", "WRONGPASS", "invalid password")):
            return self.error(Problem.CREDENTIALS, said, permanent=True)
        if command and any(word in said for word in BLOCKED):
            words = f"This Redis does not allow {command}, as managed caches do not: {said}"
            return self.error(Problem.REFUSED, words, permanent=True)
        if WRONG_PAYLOAD in said:
            words = "It cannot read the keys: they come from a newer Redis than this one, or are damaged."
            return self.error(Problem.REFUSED, f"{words} ({said})", permanent=True)
        return self.error(Problem.REFUSED, said, permanent=not said.startswith(BUSY))

    def error(self, problem: Problem, said: str = "", **more: Any) -> ProviderError:
        password = urlsplit(self._url).password
        return ProviderError(
            VENDOR, self.operation, problem, said=said.replace(password, "•••") if password else said, **more
        )


def _state(info: dict[str, Any]) -> RedisState:
    """From INFO. What a managed cache leaves out counts as nothing."""
    databases = [value for name, value in info.items() if name.startswith("db") and name[2:].isdigit()]
    replica = info.get("role") == "slave"
    saved = int(info.get("rdb_last_save_time", 0))
    name = "valkey" if "valkey_version" in info else "redis"
    return RedisState(
        version=f"{name} {info.get('valkey_version') or info.get('redis_version', '')}",
        role=str(info.get("role", "")),
        keys=sum(int(each.get("keys", 0)) for each in databases),
        used_bytes=int(info.get("used_memory", 0)),
        offset=int(info.get("slave_repl_offset" if replica else "master_repl_offset", 0)),
        link_up=info.get("master_link_status") == "up",
        saving=bool(info.get("rdb_bgsave_in_progress", 0)),
        save_failed=info.get("rdb_last_bgsave_status", "ok") != "ok",
        saved_at=datetime.fromtimestamp(saved, UTC) if saved else None,
        loading=bool(info.get("loading", 0)),
        cluster=bool(info.get("cluster_enabled", 0)),
    )


def _start_saving(ask: Asking) -> bool:
    """False while an earlier save is under way, which does not have what was written since it began.

    SCHEDULE only waits for the append-only file to be rewritten; during a save it is refused as well.
    """
    try:
        ask.do(partial(ask.client.bgsave, schedule=True), command="BGSAVE", harmless=False)
    except ProviderError as error:
        if "already in progress" in error.said:
            return False
        raise
    return True


def _moved(before: RedisState, after: RedisState, began: float) -> bool:
    """Whether a save has ended since: its time is in whole seconds, so the same one may say it twice."""
    assert after.saved_at is not None
    return after.saved_at != before.saved_at or after.saved_at.timestamp() >= int(began)
