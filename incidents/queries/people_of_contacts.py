"""Which contact of the plan is which user of the console."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db.models import Q
from django.db.models.functions import Lower

from incidents.models import ChannelKind, Contact


def user_of(contact_key: str) -> User | None:
    """The active user behind a contact; None for a team, for a contact without an account, for one that is gone."""
    return users_of([contact_key]).get(contact_key)


def users_of(contact_keys: Iterable[str]) -> dict[str, User]:
    """The same for many, in three queries: who has one of the contact's e-mail addresses, else its key as their login.

    Where two users have the address, the one who came first.
    """
    contacts = Contact.objects.current().filter(key__in=set(contact_keys)).exclude(kind=Contact.Kind.TEAM)
    addresses = {contact.key: _addresses(contact) for contact in contacts.prefetch_related("channels")}
    by_address = _by_address({one for found in addresses.values() for one in found})
    by_login = _by_login(addresses)
    found = {
        key: next((by_address[one] for one in of_contact if one in by_address), by_login.get(key))
        for key, of_contact in addresses.items()
    }
    return {key: user for key, user in found.items() if user}


def contact_of(person: User) -> Contact | None:
    """The contact that the person is: it has their e-mail address, else their login as its key."""
    everybody = Contact.objects.current().exclude(kind=Contact.Kind.TEAM).prefetch_related("channels")
    if person.email:
        theirs = Q(channels__kind=ChannelKind.EMAIL, channels__address__iexact=person.email)
        if found := everybody.filter(theirs, channels__retired_at=None).first():
            return found
    return everybody.filter(key=person.get_username().lower()).first()


def _addresses(contact: Contact) -> list[str]:
    return [one.address.lower() for one in contact.channels.all() if one.kind == ChannelKind.EMAIL]


def _by_address(addresses: set[str]) -> dict[str, User]:
    users = User.objects.filter(is_active=True).annotate(lower=Lower("email")).filter(lower__in=addresses)
    return {user.email.lower(): user for user in users.order_by("-pk")}


def _by_login(logins: Iterable[str]) -> dict[str, User]:
    users = User.objects.filter(is_active=True).annotate(lower=Lower("username")).filter(lower__in=list(logins))
    return {user.username.lower(): user for user in users.order_by("-pk")}
