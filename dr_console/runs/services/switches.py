"""The kill switch: while it is on, no step changes anything."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.audit.services import record
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.runs.changes import changing
from dr_console.runs.interlocks import EVERYTHING
from dr_console.runs.models import Interlock, Run


@transaction.atomic
def set_interlock(name: str, on: bool, *, by: User | None, reason: str = "") -> Interlock:
    """Set or release the kill switch of everything (“all”), or of one subject. Holds from the next act on."""
    if on and not reason.strip():
        raise Refused(_("Say why: whoever wants to release it has to know."))
    lock, _made = Interlock.objects.select_for_update().get_or_create(name=name)
    if lock.is_on == on and lock.reason == reason:
        return lock
    before = {"is_on": lock.is_on, "reason": lock.reason}
    lock.is_on, lock.by, lock.reason, lock.at = on, by, reason[:500], now()
    lock.save()
    after = {"is_on": on, "reason": reason}
    record("interlock.set" if on else "interlock.released", by=by, target=name, before=before, after=after)
    _tell_runs(name, on, by, reason)
    nudge("console", "decisions")
    return lock


def _tell_runs(name: str, on: bool, by: User | None, reason: str) -> None:
    """Those that it concerns say so in their logs, and go on where it has been released."""
    concerned = Run.objects.active().filter(mode=settings.DR_MODE).order_by("pk")
    if name != EVERYTHING:
        concerned = concerned.filter(subject=name)
    for pk in concerned.values_list("pk", flat=True):
        with changing(pk) as change:
            change.log("interlock", by=by, name=name, is_on=on, reason=reason)
