"""Say that the public status page is to be another, and tell customers of planned work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import hold, nudge
from dr_console.web.sentences import Texts
from incidents.models import MaintenanceNotice, Service, StatusPage, StatusStore


@transaction.atomic
def changed() -> None:
    """What it says is different: it is written and pushed anew, by whoever looks next. Harmless to say twice."""
    hold("console")
    StatusPage.objects.bulk_create([StatusPage(wanted=0)], ignore_conflicts=True)
    StatusPage.objects.update(wanted=F("wanted") + 1, changed_at=now())
    nudge("console", "status-page")


@transaction.atomic
def push_now(*, by: User) -> None:
    """A person wants it pushed again, to every place, also what is there already."""
    StatusStore.objects.update(digests={}, not_before=now())
    audit("status_page.pushed", by=by, target="status page")
    changed()


@dataclass(frozen=True)
class Planned:
    """Work that is planned. Texts by language; a title in one language at least."""

    title: Texts
    text: Texts
    services: Iterable[Service]
    starts_at: datetime
    ends_at: datetime


@transaction.atomic
def announce(planned: Planned, *, by: User, token: str) -> MaintenanceNotice:
    """Tell customers of planned work. Called twice with one `token`, it is one notice."""
    if not any(planned.title.values()):
        raise Refused(_("Write a title, in one language at least."))
    if not planned.starts_at < planned.ends_at:
        raise Refused(_("It has to end after it has begun."))
    if planned.ends_at <= now():
        raise Refused(_("It is over already: tell of it in an update of an incident."))
    known = MaintenanceNotice.objects.filter(token=token).first()
    if known is not None:
        return known
    notice = MaintenanceNotice.objects.create(
        title=planned.title,
        text=planned.text,
        starts_at=planned.starts_at,
        ends_at=planned.ends_at,
        by=by,
        token=token,
    )
    notice.services.set(planned.services)
    after = {
        "title": notice.title,
        "from": f"{notice.starts_at:%Y-%m-%d %H:%M}",
        "until": f"{notice.ends_at:%Y-%m-%d %H:%M}",
    }
    audit("maintenance.announced", by=by, target=f"maintenance {notice.pk}", after=after)
    changed()
    return notice


@transaction.atomic
def call_off(notice: MaintenanceNotice, *, by: User) -> None:
    """It is over, or does not take place: the page no longer tells of it."""
    standing = MaintenanceNotice.objects.filter(pk=notice.pk, withdrawn_at__isnull=True)
    if not standing.update(withdrawn_at=now(), withdrawn_by=by):
        raise Refused(_("It has been called off already."))
    audit("maintenance.called_off", by=by, target=f"maintenance {notice.pk}", before={"title": notice.title})
    changed()
