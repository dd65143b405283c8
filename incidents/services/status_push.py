"""Push the public status page to every place that it is to be at, so that it is there when the console is not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.live.publish import nudge
from dr_console.providers import registry
from dr_console.providers.deadlines import Deadline
from dr_console.runs.mishaps import Kept
from dr_console.web.sentences import sentence
from incidents.models import ChannelKind, MaintenanceNotice, StatusPage, StatusStore
from incidents.queries import status_stores
from incidents.queries.status_page import public_page
from incidents.queries.status_stores import FOLDER
from incidents.services import alerts
from incidents.services.status_files import File, files

log = structlog.get_logger(__name__)

WRITE = _("write the public status page")
PUSH_SECONDS = 25.0
# Longer than one push and what is written around it.
LEASE = timedelta(seconds=40)
# The bars go on, and readers see that the page is alive.
REFRESHED_AFTER = timedelta(minutes=5)
PAUSES = (1, 2, 5, 10, 30)
TOLD_AFTER = timedelta(seconds=60)
Put = Callable[[str, File], None]


def watch() -> None:
    """Push wherever it is due, in a thread of its own: a store may take its time. Called every second, by several."""
    for name in status_stores.names():
        if is_due(name, now()):
            _pusher(os.getpid()).submit(_push_apart, name)


def push_due() -> int:
    """Push wherever it is due, here and now. Returns to how many places."""
    return sum(push(name) for name in status_stores.names() if is_due(name, now()))


def is_due(name: str, at: datetime) -> bool:
    """Whether this place is behind, or has not been written to for long, and nobody is at it."""
    store, wanted = StatusStore.objects.filter(name=name).first(), _wanted()
    if store is None:
        return wanted > 0 or _is_kept_fresh(name)
    if store.not_before > at or (store.lease_until is not None and store.lease_until > at):
        return False
    since = store.pushed_at or at - REFRESHED_AFTER
    is_old = since <= at - REFRESHED_AFTER
    return store.pushed < wanted or (is_old and _is_kept_fresh(name)) or _maintenance_turned(since, at)


def _maintenance_turned(since: datetime, at: datetime) -> bool:
    """Whether announced work has begun or ended since."""
    begun, ended = Q(starts_at__gt=since, starts_at__lte=at), Q(ends_at__gt=since, ends_at__lte=at)
    return MaintenanceNotice.objects.filter(begun | ended, withdrawn_at=None).exists()


def _is_kept_fresh(name: str) -> bool:
    """The sandbox's store holds all of a pretend AWS in memory once it is asked: only where there is something new."""
    return settings.DR_MODE == "live" or name == FOLDER


def _wanted() -> int:
    return StatusPage.objects.values_list("wanted", flat=True).first() or 0


def push(name: str) -> bool:
    """Write the page as it is now, and what is different of it to this place. False where somebody else is at it."""
    store = _claimed(name)
    if store is None:
        return False
    wanted = _wanted()
    try:
        digests = _written(store, files(public_page(now())))
    except ProviderError as error:
        _failed(store, error)
        return True
    _done(store, wanted, digests)
    return True


def _claimed(name: str) -> StatusStore | None:
    StatusStore.objects.bulk_create([StatusStore(name=name)], ignore_conflicts=True)
    store = StatusStore.objects.get(name=name)
    at = now()
    free = Q(lease_until=None) | Q(lease_until__lte=at)
    mine = StatusStore.objects.filter(free, pk=store.pk, fence=store.fence)
    if not mine.update(fence=F("fence") + 1, lease_until=at + LEASE):
        return None
    store.fence += 1
    return store


def _written(store: StatusStore, wanted: dict[str, File]) -> dict[str, str]:
    """Digests of what stands there afterwards. What is there already is not written again."""
    put = _folder() if store.name == FOLDER else _bucket(store.name)
    digests = dict(store.digests)
    for name, file in wanted.items():
        digest = hashlib.sha256(file.content).hexdigest()
        if digests.get(name) == digest:
            continue
        if not StatusStore.objects.filter(pk=store.pk, fence=store.fence).exists():
            break  # we were frozen, and another has taken over: what we have is older than what it writes
        put(name, file)
        digests[name] = digest
    return digests


def _bucket(vendor: str) -> Put:
    known = settings.DR_STATUS_PAGE
    bucket = registry.bucket(vendor, known.bucket)
    deadline = Deadline.after(PUSH_SECONDS)

    def put(name: str, file: File) -> None:
        bucket.put(f"{known.prefix}{name}", file.content, content_type=file.content_type, deadline=deadline)

    return put


def _folder() -> Put:
    folder = settings.DR_STATUS_PAGE.folder or Path()

    def put(name: str, file: File) -> None:
        own = folder / f".{name}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            own.write_bytes(file.content)
            own.replace(folder / name)  # readers see the old file or the new one, never half of one
        except OSError as error:
            raise ProviderError(str(folder), WRITE, Problem.REFUSED, outcome=Outcome.UNKNOWN) from error

    return put


@transaction.atomic
def _done(store: StatusStore, wanted: int, digests: dict[str, str]) -> None:
    at = now()
    well = {"failures": 0, "failed_since": None, "told_at": None, "error": None, "not_before": at}
    mine = StatusStore.objects.filter(pk=store.pk, fence=store.fence)
    if not mine.update(pushed=wanted, pushed_at=at, digests=digests, lease_until=None, **well):
        return
    if store.told_at is not None:
        said = sentence(_("The public status page is up to date again: %(place)s."), place=store.name)
        alerts.on_channel(ChannelKind.SLACK, alerts.Event.NOTICE, said=said, dedup_key=f"status-ok:{at:%Y%m%d%H%M%S}")
    nudge("console", "status-page")


@transaction.atomic
def _failed(store: StatusStore, error: ProviderError) -> None:
    """Try again soon, and for ever: nothing is lost. Whoever watches is told once it has failed for a minute."""
    at = now()
    since = store.failed_since or at
    pause = timedelta(seconds=PAUSES[min(store.failures, len(PAUSES) - 1)])
    tells = store.told_at is None and at - since >= TOLD_AFTER
    mine = StatusStore.objects.filter(pk=store.pk, fence=store.fence)
    if not mine.update(
        failures=F("failures") + 1,
        failed_since=since,
        not_before=at + pause,
        error=error.facts(),
        lease_until=None,
        told_at=at if tells else store.told_at,
    ):
        return
    log.error("the public status page was not pushed", place=store.name, error=str(error))
    if tells:
        said = sentence(
            _("Since %(since)s UTC the public status page cannot be pushed to %(place)s. Customers see an old one."),
            since=f"{since:%H:%M}",
            place=store.name,
        )
        alerts.on_channel(ChannelKind.SLACK, alerts.Event.NOTICE, said=said, dedup_key=f"status:{since:%Y%m%d%H%M%S}")
    nudge("console", "status-page")


def _push_apart(name: str) -> None:
    kept = Kept()
    with kept:
        if is_due(name, now()):  # it may have waited for its turn, and another process was faster
            push(name)
    connection.close()
    if kept.error is not None:
        log.error("the public status page was not written", place=name, error=kept.line)


@lru_cache(maxsize=2)
def _pusher(process: int) -> ThreadPoolExecutor:
    """For each process, for no thread survives a fork; one for each place, for none waits for another."""
    return ThreadPoolExecutor(2, thread_name_prefix="status page")
