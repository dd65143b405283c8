"""Where the public page stands: at which places, since when, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.timezone import now

from dr_console.errors import ProviderError
from incidents.models import StatusPage, StatusStore

FOLDER = "folder"
# A change is to be there within seconds; what is later is said.
LATE = timedelta(seconds=15)


@dataclass(frozen=True)
class Place:
    """One place. `where`: bucket or folder. `is_behind`: readers see an older state than the console has."""

    name: str
    where: str
    pushed_at: datetime | None
    is_behind: bool
    failed_since: datetime | None
    error: str

    @property
    def is_failing(self) -> bool:
        return self.failed_since is not None

    @property
    def state(self) -> str:
        """The word of a state badge."""
        if self.is_failing:
            return "failed"
        return "waiting" if self.is_behind else "ok" if self.pushed_at else "todo"


def names() -> list[str]:
    """Of the places that the settings have."""
    known = settings.DR_STATUS_PAGE
    return [*([known.vendor] if known.vendor else []), *([FOLDER] if known.folder else [])]


def stores() -> list[Place]:
    """Two queries."""
    known = {one.name: one for one in StatusStore.objects.filter(name__in=names())}
    page = StatusPage.objects.first()
    return [_place(name, known.get(name), page) for name in names()]


def _place(name: str, store: StatusStore | None, page: StatusPage | None) -> Place:
    late = page is not None and page.changed_at < now() - LATE
    wanted = page.wanted if page else 0
    return Place(
        name=name,
        where=_where(name),
        pushed_at=store.pushed_at if store else None,
        is_behind=late and (store.pushed if store else 0) < wanted,
        failed_since=store.failed_since if store else None,
        error=str(ProviderError.from_facts(store.error)) if store and store.error else "",
    )


def _where(name: str) -> str:
    known = settings.DR_STATUS_PAGE
    return str(known.folder) if name == FOLDER else f"{known.bucket}/{known.prefix}".rstrip("/")
