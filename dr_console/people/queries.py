"""Questions about people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.people.models import Preferences
from dr_console.roles import ROLES

ADMINISTRATOR = "administrator"
FACTORS = {
    Authenticator.Type.TOTP: gettext_lazy("Authenticator app"),
    Authenticator.Type.WEBAUTHN: gettext_lazy("Passkey"),
    Authenticator.Type.RECOVERY_CODES: gettext_lazy("Recovery codes"),
}


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


def is_taken(field: Literal["username", "email"], value: str, *, by_other_than: User | None = None) -> bool:
    """Whether somebody else has this login or address, in whatever case: people log in with either."""
    if not value:
        return False
    found = User.objects.filter(Q(username__iexact=value) | Q(email__iexact=value))
    if field == "email":
        found = found | User.objects.filter(emailaddress__email__iexact=value)
    if by_other_than is not None:
        found = found.exclude(pk=by_other_than.pk)
    return found.exists()


@dataclass(frozen=True)
class LoginMethod:
    """One way in which a person proves who they are."""

    label: str
    added_at: datetime | None = None
    used_at: datetime | None = None


def login_methods(person: User) -> list[LoginMethod]:
    """Every way the person can log in with, second factors included."""
    methods = [LoginMethod(_("Password"))] if person.has_usable_password() else []
    for account in SocialAccount.objects.filter(user=person).order_by("pk"):
        methods.append(LoginMethod(_("Single sign-on"), account.date_joined, account.last_login))
    for factor in Authenticator.objects.filter(user=person).order_by("pk"):
        methods.append(LoginMethod(str(FACTORS[factor.type]), factor.created_at, factor.last_used_at))
    return methods
