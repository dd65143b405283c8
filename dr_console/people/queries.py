"""Questions about people."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db.models import Q, QuerySet

from dr_console.people.models import Preferences
from dr_console.roles import ROLES

ADMINISTRATOR = "administrator"


def role_of(person: User) -> str:
    """The key of the person's role in `ROLES`; empty for somebody who has none yet."""
    return next((group.name for group in person.groups.all() if group.name in ROLES), "")


def preferences_of(person: User | AnonymousUser) -> Preferences:
    """What the person has chosen, or the defaults (unsaved) where they have not chosen yet."""
    if isinstance(person, AnonymousUser):
        return Preferences()
    try:
        return person.preferences
    except Preferences.DoesNotExist:
        return Preferences(user=person)


def administrators() -> QuerySet[User]:
    """Those who can let others in: active people with the role of an administrator."""
    return User.objects.filter(is_active=True, groups__name=ADMINISTRATOR)


def permissions_by_name() -> dict[str, Permission]:
    """Every permission that exists, as "app_label.codename"."""
    found = Permission.objects.select_related("content_type")
    return {f"{permission.content_type.app_label}.{permission.codename}": permission for permission in found}


def is_taken(field: str, value: str, *, by_other_than: User | None) -> bool:
    """Whether somebody else has this `username` or `email`, in whatever case: both are what people log in with."""
    if not value:
        return False
    found = User.objects.filter(Q(username__iexact=value) | Q(email__iexact=value))
    if field == "email":
        found = found | User.objects.filter(emailaddress__email__iexact=value)
    return found.exclude(pk=by_other_than.pk if by_other_than else None).exists()
