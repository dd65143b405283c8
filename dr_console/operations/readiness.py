"""Is the console ready to be used? Each part is asked, and none may keep the answer waiting."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.timezone import now

from dr_console.live.ping import ping
from dr_console.operations import engine, heartbeats
from dr_console.operations.models import Heartbeat

SECONDS_A_CHECK = 2.0

# As many threads as there are checks: one that hangs in the operating system keeps only its own.
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="readiness")


@dataclass(frozen=True)
class Check:
    """The answer of one part."""

    status: str
    detail: str = ""
    age_seconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value not in ("", None)}


OK = Check("ok")


def checks() -> dict[str, Check]:
    """What every part answers; each has the same two seconds."""
    asked = {name: _threads.submit(_in_thread, ask) for name, ask in CHECKS.items()}
    return {name: _answer(future) for name, future in asked.items()}


def check(name: str) -> Check:
    """What one part answers, in the same two seconds."""
    return _answer(_threads.submit(_in_thread, CHECKS[name]))


def _in_thread(ask: Callable[[], Check]) -> Check:
    try:
        return ask()
    except DatabaseError:
        return Check("failed", "The database does not answer.")
    finally:
        connection.close()


def _answer(future: Future[Check]) -> Check:
    try:
        return future.result(timeout=SECONDS_A_CHECK)
    except TimeoutError:
        future.cancel()
        return Check("failed", f"No answer within {SECONDS_A_CHECK:g} s.")


def _database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return OK


def _redis() -> Check:
    return OK if ping(timeout=SECONDS_A_CHECK / 2) else Check("failed", "Redis does not answer.")


def _migrations() -> Check:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return Check("failed", f"{len(missing)} migrations are not applied.") if missing else OK


def _heard_of(kind: Heartbeat.Kind) -> Check:
    at = heartbeats.last_heard().get(kind)
    if at is None:
        return Check("failed", "Never heard of.")
    age = now() - at
    status = "ok" if age <= heartbeats.QUIET_AFTER else "failed"
    return Check(status, "" if status == "ok" else "Quiet for more than a minute.", round(age.total_seconds(), 1))


def _queues() -> Check:
    """Does a worker take from each queue? One that is alive but deaf shows here and nowhere else."""
    at = now()
    last = heartbeats.last_heard_by_queue()
    deaf = [name for name in settings.DR_QUEUES if name not in last or at - last[name] > heartbeats.QUIET_AFTER]
    return Check("failed", f"No worker answers on: {', '.join(deaf)}.") if deaf else OK


def _engine() -> Check:
    """Are escalations looked at by those whose work it is? A web process that does it meanwhile does not count."""
    reading = engine.reading()
    if reading.age == engine.NEVER:
        return Check("failed", "Escalations have never been looked at.")
    seconds = round(reading.age.total_seconds(), 1)
    if reading.level is not engine.Level.STOPPED:
        return Check("ok", age_seconds=seconds)
    meanwhile = f" Process {reading.stand_in} does it meanwhile." if reading.stand_in else ""
    return Check("failed", f"Escalations have not been looked at for more than 30 s.{meanwhile}", seconds)


CHECKS: dict[str, Callable[[], Check]] = {
    "database": _database,
    "redis": _redis,
    "migrations": _migrations,
    "worker": partial(_heard_of, Heartbeat.Kind.WORKER),
    "beat": partial(_heard_of, Heartbeat.Kind.BEAT),
    "watch": partial(_heard_of, Heartbeat.Kind.WATCH),
    "queues": _queues,
    "engine": _engine,
}
