"""Write the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from dr_console.audit import origin
from dr_console.audit.masking import masked
from dr_console.audit.models import AuditEntry


def record(
    action: str, *, by: User | AnonymousUser | None, target: object, before: Any = None, after: Any = None
) -> AuditEntry:
    """Write one line, in the caller's transaction: what did not happen is not in the log either.

    `action` is a stored word like `plan.loaded` that the package registered with `audit.actions`; `target` a short
    text like `contact tech-lead`; `before` and `after` what JSON can hold. `by=None` is the console itself.
    """
    person = by if isinstance(by, User) else None
    return AuditEntry.objects.create(
        actor=person,
        actor_name=person.get_username() if person else "",
        origin=origin.current()[:64],
        action=action,
        target=str(target)[:200],
        before=masked(before),
        after=masked(after),
    )
