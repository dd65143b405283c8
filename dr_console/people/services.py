"""Let people in, say what they may, and shut them out again."""

from __future__ import annotations

import secrets
from typing import Any

import structlog
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.audit.services import record
from dr_console.env import WrongSetting
from dr_console.errors import Refused
from dr_console.people.models import Preferences
from dr_console.people.queries import ADMINISTRATOR, administrators, is_taken, permissions_by_name, role_of
from dr_console.roles import ROLES

log = structlog.get_logger(__name__)

# Without letters and digits that look alike: it is read from a terminal and typed.
PASSWORD_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def named(person: User) -> str:
    """How the audit log calls the person."""
    return f"person {person.get_username()}"


@transaction.atomic
def sync_roles() -> None:
    """Write the table of roles into groups. A permission that does not exist is left out and logged."""
    existing = permissions_by_name()
    for name, role in ROLES.items():
        group, _created = Group.objects.get_or_create(name=name)
        if missing := sorted(role.permissions - existing.keys()):
            log.error("A role names permissions that do not exist.", role=name, missing=missing)
        group.permissions.set([existing[permission] for permission in role.permissions & existing.keys()])


@transaction.atomic
def first_administrator(username: str, email: str, password: str | None = None) -> tuple[User, str | None]:
    """Make the first administrator; return them, and the password when it was made up here and must be shown.

    What they may comes from `sync_roles`. Where there is an administrator already, nothing changes.
    """
    if existing := administrators().order_by("pk").first():
        return existing, None
    made_up = None if password else _made_up_password()
    if settings.DR_MODE == "live" and password:
        _refuse_weak(password)
    person = User.objects.filter(username__iexact=username).first() or User(username=username)
    person.set_password(made_up or password)
    person.is_active = True
    person.email = person.email or email.lower()
    person.save()
    _set_email(person, person.email)
    person.groups.set([_group(ADMINISTRATOR)])
    record("person.added", by=None, target=named(person), after=_facts(person))
    return person, made_up


@transaction.atomic
def add_person(username: str, *, name: str, email: str, role: str, by: User | None) -> User:
    """Add somebody who cannot log in yet: `reset_login` makes the link with which they set a password."""
    if is_taken("username", username):
        raise Refused(_("Somebody already has the login “%(login)s”.") % {"login": username})
    _refuse_taken_email(email)
    person = User(username=username, first_name=name, email=email.lower())
    person.set_unusable_password()
    person.save()
    _set_email(person, email)
    person.groups.set([_group(role)])
    record("person.added", by=by, target=named(person), after=_facts(person))
    return person


@transaction.atomic
def admit_viewer(person: User) -> None:
    """Somebody whom the identity provider vouches for, and whom allauth has just saved, becomes a viewer."""
    person.groups.set([_group("viewer")])
    record("person.added", by=None, target=named(person), after=_facts(person) | {"through": "single sign-on"})


@transaction.atomic
def change_details(person: User, *, name: str, email: str, by: User) -> User:
    """Correct somebody's name or address. Their login stays: the audit log calls them by it."""
    person = _locked(person)
    _refuse_taken_email(email, person)
    before = _facts(person)
    person.first_name, person.last_name, person.email = name, "", email.lower()
    person.save(update_fields=["first_name", "last_name", "email"])
    _set_email(person, email)
    _record_change("person.changed", person, before, by=by)
    return person


@transaction.atomic
def change_role(person: User, role: str, *, by: User | None) -> User:
    """Give the person exactly this role."""
    person = _locked(person)
    before = _facts(person)
    if role != ADMINISTRATOR:
        _refuse_last_administrator(
            person,
            _(
                "The role of “%(person)s” cannot change: nobody else is an active administrator. "
                "Make somebody else one first."
            ),
        )
    person.groups.set([_group(role)])
    _record_change("person.role_changed", person, before, by=by)
    return person


@transaction.atomic
def deactivate(person: User, *, by: User) -> User:
    """Shut somebody out at once, here and wherever they are logged in. What they did stays theirs."""
    person = _locked(person)
    if not person.is_active:
        raise Refused(_("%(person)s is deactivated already.") % {"person": person})
    _refuse_last_administrator(
        person,
        _("“%(person)s” cannot be deactivated: nobody else is an active administrator. Make somebody else one first."),
    )
    person.is_active = False
    person.save(update_fields=["is_active"])
    ended = _end_sessions(person)
    record(
        "person.deactivated",
        by=by,
        target=named(person),
        before={"active": True},
        after={"active": False, "logins_ended": ended},
    )
    return person


@transaction.atomic
def reactivate(person: User, *, by: User) -> User:
    person = _locked(person)
    if person.is_active:
        raise Refused(_("%(person)s is active already.") % {"person": person})
    person.is_active = True
    person.save(update_fields=["is_active"])
    record("person.reactivated", by=by, target=named(person), before={"active": False}, after={"active": True})
    return person


@transaction.atomic
def reset_login(person: User, *, by: User | None, clear_second_factors: bool = False) -> str:
    """Return a link with which the person sets a new password, once, within PASSWORD_RESET_TIMEOUT.

    From now on the old password, every login and every earlier link are worth nothing: each of them stands on the
    password that is replaced here.
    """
    person = _locked(person)
    if not person.is_active:
        raise Refused(_("%(person)s is deactivated. Reactivate them first.") % {"person": person})
    if by is not None and by.pk == person.pk:
        raise Refused(_("You are logged in: change your own password on your preferences page."))
    cleared = Authenticator.objects.filter(user=person).delete()[0] if clear_second_factors else 0
    person.set_unusable_password()
    person.save(update_fields=["password"])
    ended = _end_sessions(person)
    record(
        "person.login_reset",
        by=by,
        target=named(person),
        after={"second_factors_removed": cleared, "logins_ended": ended},
    )
    uid = user_pk_to_url_str(person)
    path = reverse(
        "account_reset_password_from_key", kwargs={"uidb36": uid, "key": default_token_generator.make_token(person)}
    )
    return f"{settings.DR_PUBLIC_URL}{path}"


@transaction.atomic
def change_preferences(person: User, **chosen: str | bool) -> Preferences:
    """What somebody chooses for themselves: language, time_zone, theme, shortcuts; what is not named stays."""
    preferences, _created = Preferences.objects.select_for_update().get_or_create(user=person)
    before = {field: getattr(preferences, field) for field in chosen}
    if before != chosen:
        for field, value in chosen.items():
            setattr(preferences, field, value)
        preferences.save(update_fields=list(chosen))
        record("person.preferences_changed", by=person, target=named(person), before=before, after=chosen)
    person.preferences = preferences
    return preferences


def _locked(person: User) -> User:
    """The person as they are now. Changes to people happen one after the other, so that the last administrator
    cannot be removed by two who demote each other at the same moment."""
    Group.objects.select_for_update().filter(name=ADMINISTRATOR).first()
    return User.objects.select_for_update().get(pk=person.pk)


def _refuse_last_administrator(person: User, sentence: str) -> None:
    active = administrators()
    if active.filter(pk=person.pk).exists() and not active.exclude(pk=person.pk).exists():
        raise Refused(sentence % {"person": person})


def _refuse_taken_email(email: str, person: User | None = None) -> None:
    if is_taken("email", email, by_other_than=person):
        raise Refused(_("Somebody already has the address “%(email)s”.") % {"email": email})


def _refuse_weak(password: str) -> None:
    try:
        validate_password(password)
    except ValidationError as error:
        raise WrongSetting("DR_ADMIN_PASSWORD", " ".join(error.messages)) from error


def _group(role: str) -> Group:
    if role not in ROLES:
        raise Refused(_("There is no role called “%(role)s”.") % {"role": role})
    return Group.objects.get_or_create(name=role)[0]


def _set_email(person: User, email: str) -> None:
    """allauth's own record of the address. It counts as verified: an administrator vouches for it."""
    EmailAddress.objects.filter(user=person).exclude(email=email.lower()).delete()
    if email:
        EmailAddress.objects.update_or_create(
            user=person, email=email.lower(), defaults={"verified": True, "primary": True}
        )


def _end_sessions(person: User) -> int:
    """Log the person out everywhere. Sessions do not say whose they are, and this is rare: each is opened."""
    live = Session.objects.filter(expire_date__gt=now()).iterator()
    theirs = [session.pk for session in live if session.get_decoded().get(SESSION_KEY) == str(person.pk)]
    return Session.objects.filter(pk__in=theirs).delete()[0]


def _facts(person: User) -> dict[str, Any]:
    return {
        "username": person.username,
        "name": person.get_full_name(),
        "email": person.email,
        "role": role_of(person),
        "active": person.is_active,
    }


def _record_change(action: str, person: User, before: dict[str, Any], *, by: User | None) -> None:
    """Record the facts that changed; nothing when none did."""
    after = _facts(person)
    changed = [fact for fact in after if before[fact] != after[fact]]
    if changed:
        old, new = ({fact: facts[fact] for fact in changed} for facts in (before, after))
        record(action, by=by, target=named(person), before=old, after=new)


def _made_up_password() -> str:
    return "-".join("".join(secrets.choice(PASSWORD_ALPHABET) for _letter in range(5)) for _group in range(4))
